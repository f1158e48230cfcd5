"""Films of pooling."""
