"""Comparisons: several layers on one input."""
