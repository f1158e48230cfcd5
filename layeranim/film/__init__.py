"""From a scene to film files: camera, renderer, writers, captions. ``host.py`` alone touches Manim's config.

The way of a frame: ``renderer`` steps a scene's animations, ``reading`` tells what stands there and what of it is new,
and a ``camera`` for each size repaints what changed since the last; ``film.Outlets`` hands the pixels, the changed
rectangles and how often they are shown to every ``writers.Writer`` of that size; a writer turns the rectangles into its
format (``video`` and ``mp4`` in a thread of their own, ``deltas`` under GIF, WebP and APNG at once) and writes into a
file of ``output``, hidden until the whole film is complete.
"""
