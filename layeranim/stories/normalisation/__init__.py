"""Films of normalisation: over a batch, over a layer."""
