"""Players: what their pages hold, and what a browser makes of them."""
