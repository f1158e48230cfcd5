#!/usr/bin/env bash
# keras 3.15.1: UpSampling2D(interpolation="bicubic") has another cubic on PyTorch than on JAX.
#
# Guess: one model gives the same numbers on every backend; of one cell 1 among zeros, enlarged twice, bicubic gives the
# weights of one cubic, that of Catmull and Rom (a = -0.5).
# Behaviour: JAX has a = -0.5, PyTorch a = -0.75, and Keras passes on what each has: beside the peak -0.07 against -0.11,
# 0.23 against 0.26. ops.image.resize does the same, reducing too. A network that was trained on one backend and is run on
# the other is off in every map behind that layer; "bilinear" and "nearest" agree.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages keras==3.15.1 torch==2.13.0 jax==0.10.2 numpy==2.4.6

cat >cubic.py <<'END'
import keras
import numpy as np

for how in ("bicubic", "bilinear"):
    x = np.array([0, 0, 1, 0, 0], np.float32).reshape(1, 1, 5, 1)
    y = keras.ops.convert_to_numpy(keras.layers.UpSampling2D((1, 2), interpolation=how)(x)).ravel()
    print(keras.backend.backend(), how, *(f"{value:.4f}" for value in y[:5]))
END
for backend in jax torch; do
  KERAS_BACKEND=$backend python -W ignore cubic.py 2>/dev/null
done | seen "jax bicubic 0.0000 -0.0219 -0.0687 0.2266 0.8672
jax bilinear 0.0000 0.0000 0.0000 0.2500 0.7500
torch bicubic 0.0000 -0.0352 -0.1055 0.2617 0.8789
torch bilinear 0.0000 0.0000 0.0000 0.2500 0.7500"
