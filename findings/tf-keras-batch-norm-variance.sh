#!/usr/bin/env bash
# tf_keras 2.21.0: batch normalisation keeps the unbiased variance of pictures, and the biased one of rows.
#
# Guess: one layer, one statistic: the moving variance takes up the variance that the batch was divided by, 3.5 for
# 1 2 3 6, whatever the shape, as in Keras 3; or n/(n − 1) times it, as in PyTorch.
# Behaviour: four axes go to TensorFlow's fused kernel, whose moving variance is that of PyTorch (4.667); two axes do not
# (3.5), and neither do four with fused=False. The same numbers as (4, 1) and as (4, 1, 1, 1) leave two models that differ
# at inference. Keras 3 has 3.5 on TensorFlow too, so a model that is trained again there ends elsewhere.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages keras==3.15.1 tensorflow-cpu==2.21.0 tf_keras==2.21.0 numpy==2.4.6

cat >variance.py <<'END'
import keras
import numpy as np
import tf_keras

for shape in ((4, 1), (4, 1, 1, 1)):
    for name, made, told in (("tf_keras", tf_keras, {}), ("tf_keras fused=False", tf_keras, {"fused": False}), ("keras", keras, {})):
        norm = made.layers.BatchNormalization(momentum=0.0, **told)
        norm(np.array([1, 2, 3, 6], np.float32).reshape(shape), training=True)
        print(name, shape, f"{np.asarray(norm.moving_variance)[0]:.3f}")
END
TF_CPP_MIN_LOG_LEVEL=3 python -W ignore variance.py 2>/dev/null | seen 'tf_keras (4, 1) 3.500
tf_keras fused=False (4, 1) 3.500
keras (4, 1) 3.500
tf_keras (4, 1, 1, 1) 4.667
tf_keras fused=False (4, 1, 1, 1) 3.500
keras (4, 1, 1, 1) 3.500'
