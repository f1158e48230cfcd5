#!/usr/bin/env bash
# paddlepaddle 3.3.1: padding='SAME' takes the dilation away: the convolution is computed as if dilation were 1.
#
# Guess: seven cells, three taps 1 10 100, dilation 2: SAME pads two cells at each end, as padding=2 does, and as torch,
# Keras, Flax, Haiku and Equinox do: 310 420 531 642 753 64 75.
# Behaviour: the numbers are those of neighbouring taps, padded by one cell; the shape is as expected, nothing warns. A
# transposed convolution does the same, and its SAME is what a convolution would pad: 9 cells of 5 with stride 2, not 10.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages paddlepaddle==3.3.1 numpy==2.4.6

cat >same.py <<'END'
import numpy as np
import paddle
import paddle.nn.functional as F

cells = paddle.to_tensor(np.arange(1, 8, dtype="float32")[None, None])
taps = paddle.to_tensor(np.array([[[1, 10, 100]]], "float32"))


def show(what, made):
    print(what, *(f"{value:g}" for value in made.numpy().ravel()))


show("padding=2, dilation=2:", F.conv1d(cells, taps, padding=2, dilation=2))
show("SAME, dilation=2:", F.conv1d(cells, taps, padding="SAME", dilation=2))
show("SAME, dilation=1:", F.conv1d(cells, taps, padding="SAME"))
show("transposed, SAME, stride=2:", F.conv1d_transpose(cells[:, :, :5], taps, padding="SAME", stride=2))
show("with dilation=2:", F.conv1d_transpose(cells[:, :, :5], taps, padding="SAME", stride=2, dilation=2))
END
python same.py 2>/dev/null | seen 'padding=2, dilation=2: 310 420 531 642 753 64 75
SAME, dilation=2: 210 321 432 543 654 765 76
SAME, dilation=1: 210 321 432 543 654 765 76
transposed, SAME, stride=2: 10 102 20 203 30 304 40 405 50
with dilation=2: 10 102 20 203 30 304 40 405 50'
