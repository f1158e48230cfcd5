"""Films as code: a manifest lists them, a cache makes the second build quick, a lock tells what is stale."""
