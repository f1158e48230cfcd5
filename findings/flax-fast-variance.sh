#!/usr/bin/env bash
# flax 0.12.8 (nnx and linen alike): LayerNorm of 10000 … 10003 is off by a factor of a thousand, in float32, by default.
#
# Guess: (x − mean) / √(var + ε) = −1.342, −0.447, 0.447, 1.342, to the last digits; the numbers are exact in float32.
# Behaviour: `use_fast_variance=True`, the default, takes E[x²] − E[x]²; of squares near 10⁸ float32 keeps steps of 8, the
# difference is 0 or below, is clipped to 0, and what is left is the division by √ε: −1500 … 1500. With
# use_fast_variance=False the numbers are right; torch, Keras and Haiku compute them so in the first place.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages flax==0.12.8 jax==0.10.2 numpy==2.4.6

cat >norm.py <<'END'
import jax.numpy as jnp
from flax import nnx

x = jnp.array([[10000.0, 10001.0, 10002.0, 10003.0]], jnp.float32)
for fast in (True, False):
    norm = nnx.LayerNorm(4, rngs=nnx.Rngs(0), **({} if fast else {"use_fast_variance": False}))
    print("default" if fast else "use_fast_variance=False", *(f"{value:.3f}" for value in norm(x)[0].tolist()))
END
JAX_PLATFORMS=cpu python norm.py | seen 'default -1500.000 -500.000 500.000 1500.000
use_fast_variance=False -1.342 -0.447 0.447 1.342'
