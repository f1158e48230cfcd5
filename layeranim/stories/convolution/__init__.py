"""Films of convolutions: over images, over one axis, two filters on one picture."""
