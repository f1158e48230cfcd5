"""What browsers are asked about pages."""

LOADED = "[...document.querySelectorAll('video')].every(one => (one.preload = 'metadata', one.readyState > 0))"
"""Whether every film is there: it waits until it is played, unless it is asked for like this."""
