#!/usr/bin/env bash
# OpenCV 5.0.0 and tract 0.23.9: Swish of ONNX is read without its alpha.
#
# Guess: x·σ(αx); an importer that knows the operator, which is as new as opset 24, knows the one attribute it has. With 1.702
# it is the quick GELU of CLIP.
# Behaviour: x·σ(x) whatever alpha is, without a word. onnxruntime, OpenVINO 2026.4.1 and onnx' own evaluator heed it.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 openvino==2026.4.1 tract==0.23.9 opencv-python-headless==5.0.0.93

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnx, onnxruntime, opencv, openvino, tract

for alpha in (1.0, 1.702):
    print(f"alpha={alpha}")
    model = graph(24, f"net (float[1, 4] x) => (float[1, 4] y) {{ y = Swish<alpha={alpha}>(x) }}")
    x = np.array([[-2, -1, 1, 2]], np.float32)
    compare(model, {"x": x}, onnxruntime, onnx, openvino, opencv, tract)
END
OPENCV_LOG_LEVEL=SILENT python -W ignore try.py 2>/dev/null | seen 'alpha=1.0
  onnxruntime -0.2384 -0.2689 0.7311 1.762
  onnx -0.2384 -0.2689 0.7311 1.762
  openvino -0.2384 -0.2689 0.7311 1.762
  opencv -0.2384 -0.2689 0.7311 1.762
  tract -0.2384 -0.2689 0.7311 1.762
alpha=1.702
  onnxruntime -0.06434 -0.1542 0.8458 1.936
  onnx -0.06434 -0.1542 0.8458 1.936
  openvino -0.06434 -0.1542 0.8458 1.936
  opencv -0.2384 -0.2689 0.7311 1.762
  tract -0.2384 -0.2689 0.7311 1.762'
