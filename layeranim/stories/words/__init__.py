"""Films of words as numbers: embeddings and positions."""
