"""Whole networks: stages one after another, each reading what the one before it made."""
