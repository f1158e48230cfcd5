#!/usr/bin/env bash
# keras 3.15.1: a model with hard_sigmoid that Keras 2 (tf_keras 2.21.0) saved is loaded with another slope.
#
# Guess: load_model of a file of Keras 2 computes what was saved, as it does for a leaky ReLU or an ELU, or refuses, as it
# does for layers that changed (LSTM: "Unrecognized keyword arguments", ThresholdedReLU: "Unknown layer").
# Behaviour: the file has the name alone, and the name stands for clip(0.2x + 0.5) in Keras 2 and for clip(x/6 + 0.5) in
# Keras 3: at −2 0.1 becomes 0.1667. No warning, from .h5 and from .keras. Gates of attention and of squeeze-and-excitation
# blocks are the layers that have it.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages keras==3.15.1 tensorflow-cpu==2.21.0 tf_keras==2.21.0 numpy==2.4.6

cat >load.py <<'END'
import keras
import numpy as np
import tf_keras

x = np.array([[-2], [0], [1]], np.float32)
for name, layer in (
    ("hard_sigmoid", tf_keras.layers.Activation("hard_sigmoid")),
    ("leaky_relu", tf_keras.layers.LeakyReLU(0.2)),
):
    old = tf_keras.Sequential([tf_keras.Input((1,)), layer])
    for ending in ("h5", "keras"):
        old.save(f"{name}.{ending}")
        new = keras.models.load_model(f"{name}.{ending}", compile=False)
        rows = (" ".join(f"{value:.4f}" for value in np.ravel(model(x))) for model in (old, new))
        print(f"{name}.{ending}: {' | '.join(rows)}")
END
TF_CPP_MIN_LOG_LEVEL=3 python -W ignore load.py 2>/dev/null | seen 'hard_sigmoid.h5: 0.1000 0.5000 0.7000 | 0.1667 0.5000 0.6667
hard_sigmoid.keras: 0.1000 0.5000 0.7000 | 0.1667 0.5000 0.6667
leaky_relu.h5: -0.4000 0.0000 1.0000 | -0.4000 0.0000 1.0000
leaky_relu.keras: -0.4000 0.0000 1.0000 | -0.4000 0.0000 1.0000'
