"""Stills of a film on pages: its steps as vectors with their words, as a picture and as a document."""
