"""Measurements: paired ratios in one run. ``./run bench``."""
