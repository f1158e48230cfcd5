"""Pieces that scenes are put together from: labels, grids, frames, lanes, operators, furniture."""
