#!/usr/bin/env bash
# openvino 2026.4.1: of a graph before opset 13 Softmax takes one axis, LogSoftmax and Hardmax beside it all that follow.
#
# Guess: in such a graph all axes from `axis` on, 1 where none is said, are one row that adds up to 1. Three operators say so
# in the same words, and onnxruntime computes them so; a reader has it right for all of them or for none.
# Behaviour: LogSoftmax and Hardmax are read so, Softmax is not: two pictures of 2×2 zeros have 1/2 everywhere, and
# exp(LogSoftmax) in the same graph 1/4. OpenCV 5.0.0 takes one axis in all three. No word, and all shapes agree.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 openvino==2026.4.1 opencv-python-headless==5.0.0.93

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnxruntime, opencv, openvino

for operator in ("Softmax", "LogSoftmax", "Hardmax"):
    print(operator)
    model = graph(12, f"net (float[2, 2, 2] x) => (float[2, 2, 2] y) {{ y = {operator}(x) }}")
    compare(model, {"x": np.zeros((2, 2, 2), np.float32)}, onnxruntime, openvino, opencv)
END
OPENCV_LOG_LEVEL=SILENT python -W ignore try.py 2>/dev/null | seen 'Softmax
  onnxruntime 0.25 0.25 0.25 0.25 0.25 0.25 0.25 0.25
  openvino 0.5 0.5 0.5 0.5 0.5 0.5 0.5 0.5
  opencv 0.5 0.5 0.5 0.5 0.5 0.5 0.5 0.5
LogSoftmax
  onnxruntime -1.386 -1.386 -1.386 -1.386 -1.386 -1.386 -1.386 -1.386
  openvino -1.386 -1.386 -1.386 -1.386 -1.386 -1.386 -1.386 -1.386
  opencv -0.6931 -0.6931 -0.6931 -0.6931 -0.6931 -0.6931 -0.6931 -0.6931
Hardmax
  onnxruntime 1 0 0 0 1 0 0 0
  openvino 1 0 0 0 1 0 0 0
  opencv 1 0 1 0 1 0 1 0'
