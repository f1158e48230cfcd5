#!/usr/bin/env bash
# OpenCV 5.0.0: Resize of a graph of opset 10 is half an old cell off.
#
# Guess: before opset 11 new cell i lies at i · old/new of the old row, as opset 11 calls it "asymmetric", and so does
# an importer that takes such a graph, as onnxruntime, OpenVINO 2026.4.1 and tract 0.23.9.
# Behaviour: it takes the default of opset 11, half_pixel: 0 4 8 enlarged twice is 0 1 3 5 7 8 instead of 0 2 4 6 8 8, and
# the linear one alone: "nearest" is read the old way. Opset 9's Upsample with "linear" is refused.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 openvino==2026.4.1 tract==0.23.9 opencv-python-headless==5.0.0.93

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnxruntime, opencv, openvino, tract

x = np.tile(np.array([0, 4, 8], np.float32), (1, 1, 2, 1))
for opset, scales in ((10, "scales"), (11, "none, scales")):
    for mode in ("nearest", "linear"):
        model = graph(
            opset,
            f"""net (float[1, 1, 2, 3] x) => (float[1, 1, 2, 6] y) <float[4] scales = {{1, 1, 1, 2}}, float[0] none = {{}}>
            {{ y = Resize<mode="{mode}">(x, {scales}) }}""",
        )
        print("opset", opset, mode)
        compare(model, {"x": x}, onnxruntime, openvino, tract, opencv)
END
OPENCV_LOG_LEVEL=SILENT python -W ignore try.py 2>/dev/null | seen 'opset 10 nearest
  onnxruntime 0 0 4 4 8 8 0 0 4 4 8 8
  openvino 0 0 4 4 8 8 0 0 4 4 8 8
  tract 0 0 4 4 8 8 0 0 4 4 8 8
  opencv 0 0 4 4 8 8 0 0 4 4 8 8
opset 10 linear
  onnxruntime 0 2 4 6 8 8 0 2 4 6 8 8
  openvino 0 2 4 6 8 8 0 2 4 6 8 8
  tract 0 2 4 6 8 8 0 2 4 6 8 8
  opencv 0 1 3 5 7 8 0 1 3 5 7 8
opset 11 nearest
  onnxruntime 0 0 4 4 8 8 0 0 4 4 8 8
  openvino 0 0 4 4 8 8 0 0 4 4 8 8
  tract 0 0 4 4 8 8 0 0 4 4 8 8
  opencv 0 0 4 4 8 8 0 0 4 4 8 8
opset 11 linear
  onnxruntime 0 1 3 5 7 8 0 1 3 5 7 8
  openvino 0 1 3 5 7 8 0 1 3 5 7 8
  tract 0 1 3 5 7 8 0 1 3 5 7 8
  opencv 0 1 3 5 7 8 0 1 3 5 7 8'
