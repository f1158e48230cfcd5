"""Films of functions: activations, softmax."""
