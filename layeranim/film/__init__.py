"""From a scene to film files: camera, renderer, writers, captions. ``host.py`` alone touches Manim's config."""
