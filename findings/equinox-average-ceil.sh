#!/usr/bin/env bash
# equinox 0.13.8: average pooling with use_ceil divides a last window that hangs over the edge by its full size.
#
# Guess: of 1 … 7 in windows of 2 the last window holds 7 alone, and its mean is 7, as PyTorch (ceil_mode) and ONNX
# (ceil_mode) have it; Equinox' own text says that use_ceil decides the shape of the output.
# Behaviour: the cells outside are zeros that are counted: 7/2 = 3.5. Max pooling beside it leaves them out. Each shape
# agrees with PyTorch's, nothing warns, and only the last row and column of every map are wrong.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages equinox==0.13.8 jax==0.10.2 torch==2.13.0 numpy==2.4.6

cat >pool.py <<'END'
import equinox as eqx
import jax.numpy as jnp
import torch

cells = [float(cell) for cell in range(1, 8)]
row, same = jnp.array([cells]), torch.tensor([cells])
print("equinox mean", eqx.nn.AvgPool1d(2, 2, use_ceil=True)(row)[0].tolist())
print("equinox max", eqx.nn.MaxPool1d(2, 2, use_ceil=True)(-row)[0].tolist())
print("torch mean", torch.nn.AvgPool1d(2, 2, ceil_mode=True)(same)[0].tolist())
print("torch max", torch.nn.MaxPool1d(2, 2, ceil_mode=True)(-same)[0].tolist())
END
JAX_PLATFORMS=cpu python -W ignore pool.py | seen 'equinox mean [1.5, 3.5, 5.5, 3.5]
equinox max [-1.0, -3.0, -5.0, -7.0]
torch mean [1.5, 3.5, 5.5, 7.0]
torch max [-1.0, -3.0, -5.0, -7.0]'
