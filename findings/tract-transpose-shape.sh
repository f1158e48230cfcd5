#!/usr/bin/env bash
# tract 0.23.9: a transposed convolution with an output_shape is cut at its end alone.
#
# Guess: 4 cells, three taps 1 10 100, stride 2 give 9 cells; what is above the output_shape is padding of both ends, the odd
# cell at the start where no auto_pad is said: 7 cells are 10 … 40. So the operator's text, onnxruntime and OpenVINO 2026.4.1.
# Behaviour: the first cells stay, whatever is asked for: of 7 the result lies a cell off, of 6 two. Shapes agree.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 openvino==2026.4.1 tract==0.23.9

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnxruntime, openvino, tract

x = np.arange(1, 5, dtype=np.float32).reshape(1, 1, 1, 4)
for cells in (9, 8, 7, 6):
    model = graph(
        18,
        f"""net (float[1, 1, 1, 4] x) => (float[1, 1, 1, {cells}] y) <float[1, 1, 1, 3] w = {{1, 10, 100}}>
        {{ y = ConvTranspose<kernel_shape=[1, 3], strides=[1, 2], output_shape=[1, {cells}]>(x, w) }}""",
    )
    print(cells, "cells")
    compare(model, {"x": x}, onnxruntime, openvino, tract)
END
python -W ignore try.py 2>/dev/null | seen '9 cells
  onnxruntime 1 10 102 20 203 30 304 40 400
  openvino 1 10 102 20 203 30 304 40 400
  tract 1 10 102 20 203 30 304 40 400
8 cells
  onnxruntime 10 102 20 203 30 304 40 400
  openvino 10 102 20 203 30 304 40 400
  tract 1 10 102 20 203 30 304 40
7 cells
  onnxruntime 10 102 20 203 30 304 40
  openvino 10 102 20 203 30 304 40
  tract 1 10 102 20 203 30 304
6 cells
  onnxruntime 102 20 203 30 304 40
  openvino 102 20 203 30 304 40
  tract 1 10 102 20 203 30'
