"""Films of attention."""
