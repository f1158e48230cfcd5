#!/usr/bin/env bash
# openvino 2026.4.1: a transposed convolution with an output_shape is cut at the wrong end under SAME_UPPER.
#
# Guess: 4 cells, three taps 1 10 100, stride 2 give 9 cells; asked for 8 with SAME_UPPER, whose odd cell is at the end, it
# leaves the last away, 1 10 102 … 40, and with SAME_LOWER the first; so onnxruntime and onnx' own evaluator have it.
# Behaviour: the first goes either way. Without an output_shape, which asks for the same 8 cells, SAME_UPPER is right. All
# shapes agree; a decoder that says its sizes is half an old cell off at each of its layers.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 openvino==2026.4.1

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnx, onnxruntime, openvino

x = np.arange(1, 5, dtype=np.float32).reshape(1, 1, 1, 4)
for end in ("SAME_UPPER", "SAME_LOWER"):
    for shape in ("", ", output_shape=[1, 8]"):
        model = graph(
            22,
            f"""net (float[1, 1, 1, 4] x) => (float[1, 1, 1, 8] y) <float[1, 1, 1, 3] w = {{1, 10, 100}}>
            {{ y = ConvTranspose<auto_pad="{end}", kernel_shape=[1, 3], strides=[1, 2]{shape}>(x, w) }}""",
        )
        print(f"{end}{shape}")
        compare(model, {"x": x}, onnxruntime, onnx, openvino)
END
python -W ignore try.py 2>/dev/null | seen 'SAME_UPPER
  onnxruntime 1 10 102 20 203 30 304 40
  onnx 1 10 102 20 203 30 304 40
  openvino 1 10 102 20 203 30 304 40
SAME_UPPER, output_shape=[1, 8]
  onnxruntime 1 10 102 20 203 30 304 40
  onnx 1 10 102 20 203 30 304 40
  openvino 10 102 20 203 30 304 40 400
SAME_LOWER
  onnxruntime 10 102 20 203 30 304 40 400
  onnx 10 102 20 203 30 304 40 400
  openvino 10 102 20 203 30 304 40 400
SAME_LOWER, output_shape=[1, 8]
  onnxruntime 10 102 20 203 30 304 40 400
  onnx 10 102 20 203 30 304 40 400
  openvino 10 102 20 203 30 304 40 400'
