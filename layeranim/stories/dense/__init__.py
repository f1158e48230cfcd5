"""Films of dense layers: one neuron, a whole layer."""
