"""Films of an encoder and a decoder: one sentence is read, another written."""
