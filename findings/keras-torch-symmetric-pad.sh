#!/usr/bin/env bash
# keras 3.15.1: padding "symmetric" repeats the edge cell on PyTorch, and mirrors the cells on JAX.
#
# Guess: ops.pad with mode="symmetric" is np.pad's on every backend, 2 1 | 1 2 3 4 | 4 3, or a backend that has no such
# padding refuses it, as PyTorch's own pad does.
# Behaviour: the PyTorch backend asks for "replicate" in its place: 1 1 | 1 2 3 4 | 4 4. With one cell of padding both are
# the same; from two on the numbers differ, without a word. mode="reflect" is the same everywhere.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages keras==3.15.1 torch==2.13.0 jax==0.10.2 numpy==2.4.6

cat >pad.py <<'END'
import keras
import numpy as np

for mode in ("symmetric", "reflect"):
    for cells in (1, 2):
        y = keras.ops.convert_to_numpy(keras.ops.pad(np.array([[1, 2, 3, 4]], np.float32), [[0, 0], [cells, cells]], mode))
        print(keras.backend.backend(), mode, cells, *(f"{value:g}" for value in y[0]))
END
for backend in jax torch; do
  KERAS_BACKEND=$backend python -W ignore pad.py 2>/dev/null
done | seen "jax symmetric 1 1 1 2 3 4 4
jax symmetric 2 2 1 1 2 3 4 4 3
jax reflect 1 2 1 2 3 4 3
jax reflect 2 3 2 1 2 3 4 3 2
torch symmetric 1 1 1 2 3 4 4
torch symmetric 2 1 1 1 2 3 4 4 4
torch reflect 1 2 1 2 3 4 3
torch reflect 2 3 2 1 2 3 4 3 2"
