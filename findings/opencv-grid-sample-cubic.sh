#!/usr/bin/env bash
# OpenCV 5.0.0: GridSample with mode "cubic" is computed as linear, with "bicubic" as cubic.
#
# Guess: opset 20 renamed the modes, bilinear to linear and bicubic to cubic; an importer that takes graphs of opset 20 knows
# the new names, or refuses those that it does not know.
# Behaviour: "linear" and "nearest" are right, "cubic" gives the numbers of "linear", without a word: the same graph in opset 16,
# with "bicubic", has the curve. (What lies within the map is meant; beyond its border OpenCV differs in other ways.)
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 opencv-python-headless==5.0.0.93

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnxruntime, opencv

places = np.zeros((1, 1, 3, 2), np.float32)
places[..., 0] = (np.array([1.25, 1.5, 1.75]) * 2 + 1) / 4 - 1  # in cells
x = np.tile(np.array([0, 1, 8, 0], np.float32), (1, 1, 4, 1))
for opset, mode in ((16, "bilinear"), (16, "bicubic"), (20, "linear"), (20, "cubic")):
    model = graph(
        opset,
        f"""net (float[1, 1, 4, 4] x, float[1, 1, 3, 2] places) => (float[1, 1, 1, 3] y)
        {{ y = GridSample<mode="{mode}", padding_mode="zeros">(x, places) }}""",
    )
    print("opset", opset, mode)
    compare(model, {"x": x, "places": places}, onnxruntime, opencv)
END
OPENCV_LOG_LEVEL=SILENT python -W ignore try.py 2>/dev/null | seen 'opset 16 bilinear
  onnxruntime 2.75 4.5 6.25
  opencv 2.75 4.5 6.25
opset 16 bicubic
  onnxruntime 2.973 5.344 7.293
  opencv 2.973 5.344 7.293
opset 20 linear
  onnxruntime 2.75 4.5 6.25
  opencv 2.75 4.5 6.25
opset 20 cubic
  onnxruntime 2.973 5.344 7.293
  opencv 2.75 4.5 6.25'
