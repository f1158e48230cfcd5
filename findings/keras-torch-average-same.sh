#!/usr/bin/env bash
# keras 3.15.1: average pooling with padding "same" gives other numbers on PyTorch than on JAX, at the edge.
#
# Guess: one model gives the same numbers on every backend; cells of the padding count neither in the sum nor in the
# number that it is divided by.
# Behaviour: so it is on JAX, and on PyTorch where as many cells are added before as after. Where the padding is uneven
# (4 cells, windows of 3, strides 2) the PyTorch backend repeats the edge and averages the repeated cells in: the last mean
# of 1 2 3 4 is (3 + 4 + 4)/3 = 3.67 instead of (3 + 4)/2 = 3.5. Weights that move between backends give other results.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages keras==3.15.1 torch==2.13.0 jax==0.10.2 numpy==2.4.6

cat >pool.py <<'END'
import keras
import numpy as np

for values in ([1, 2, 3, 4], [1, 2, 3, 4, 5]):
    x = np.array(values, np.float32).reshape(1, -1, 1)
    y = keras.ops.convert_to_numpy(keras.layers.AveragePooling1D(3, strides=2, padding="same")(x))
    print(keras.backend.backend(), len(values), *(f"{value:.2f}" for value in y.ravel()))
END
for backend in jax torch; do
  KERAS_BACKEND=$backend python -W ignore pool.py 2>/dev/null
done | seen "jax 4 2.00 3.50
jax 5 1.50 3.00 4.50
torch 4 2.00 3.67
torch 5 1.50 3.00 4.50"
