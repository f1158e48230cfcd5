#!/usr/bin/env bash
# timm 1.0.31: count_include_pad=False has no effect on an average pool with padding "same" whose stride is above 1.
#
# Guess: create_pool2d("avg", 3, padding="same", count_include_pad=False) leaves the padding out of the mean, whatever the
# stride: of 1 … 5 with stride 2 it is (1 + 2)/2, 3, (4 + 5)/2. So TensorFlow's SAME does it, after which the layer is named.
# Behaviour: with stride 1 it is so. With stride 2 the input is padded first and pooled afterwards, and the zeros are
# counted: (0 + 1 + 2)/3, 3, (4 + 5 + 0)/3, as without the option. Keras computes 1.5 3 4.5 with the same words.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages timm==1.0.31 torch==2.14.1 torchvision==0.29.1 keras==3.15.1 numpy==2.4.6

cat >pool.py <<'END'
import keras
import torch
from timm.layers import create_pool2d

cells = torch.arange(1.0, 6.0)
for stride in (1, 2):
    for counted in (True, False):
        pool = create_pool2d("avg", (1, 3), stride=(1, stride), padding="same", count_include_pad=counted)
        means = pool(cells.reshape(1, 1, 1, 5)).flatten().tolist()
        print(f"stride {stride}, count_include_pad={counted}:", *(f"{mean:.2f}" for mean in means))
    means = keras.layers.AveragePooling1D(3, strides=stride, padding="same")(cells.reshape(1, 5, 1)).flatten().tolist()
    print(f"stride {stride}, Keras:", *(f"{mean:.2f}" for mean in means))
END
KERAS_BACKEND=torch python -W ignore pool.py 2>/dev/null | seen 'stride 1, count_include_pad=True: 1.00 2.00 3.00 4.00 3.00
stride 1, count_include_pad=False: 1.50 2.00 3.00 4.00 4.50
stride 1, Keras: 1.50 2.00 3.00 4.00 4.50
stride 2, count_include_pad=True: 1.00 3.00 3.00
stride 2, count_include_pad=False: 1.00 3.00 3.00
stride 2, Keras: 1.50 3.00 4.50'
