#!/usr/bin/env bash
# equinox 0.13.8: adaptive average pooling cuts where nobody else does.
#
# Guess: torch's bins, from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉, overlapping where n/m is no whole number (Keras has them too):
# 1 … 7 to 3 bins is 2, 4, 6.
# Behaviour: bins that do not overlap, as of numpy.array_split: the first n mod m of them are one longer, 1 2 3 | 4 5 | 6 7,
# which gives 2, 4.5, 6.5. A network that was ported from torch with this layer is off, though each shape agrees.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages equinox==0.13.8 jax==0.10.2 numpy==2.4.6

cat >pool.py <<'END'
import equinox as eqx
import jax.numpy as jnp

print(eqx.nn.AdaptiveAvgPool1d(3)(jnp.arange(1.0, 8.0)[None])[0].tolist())
END
JAX_PLATFORMS=cpu python pool.py | seen '[2.0, 4.5, 6.5]'
