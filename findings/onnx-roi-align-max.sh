#!/usr/bin/env bash
# onnxruntime 1.32.0 and onnx 1.23.2: RoiAlign with mode "max" gives 0.42 where every cell of the map is 1.
#
# Guess: each part of a box is the largest of the values that were sampled in it, so that a map of ones gives ones; "avg"
# is their mean.
# Behaviour: a sample is interpolated from four cells, and "max" takes the largest of the four products of a cell and its
# share, before they are added: the maximum is as small as its shares, and negative cells turn it around. The reference
# evaluator has taken it over. OpenVINO 2026.4.1 takes the largest sample, or 0 if that is larger: of a map of -1 nothing is
# left. "avg" agrees everywhere.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 openvino==2026.4.1

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnx, onnxruntime, openvino

box = np.array([[0.3, 0.3, 4.7, 4.7]], np.float32)
for mode in ("avg", "max"):
    for value in (1, -1):
        model = graph(
            16,
            f"""net (float[1, 1, 6, 6] x, float[1, 4] box) => (float[1, 1, 2, 2] y) <int64[1] picture = {{0}}>
            {{ y = RoiAlign<mode="{mode}", output_height=2, output_width=2, sampling_ratio=2>(x, box, picture) }}""",
        )
        print(mode, "of a map of", value)
        compare(model, {"x": np.full((1, 1, 6, 6), value, np.float32), "box": box}, onnxruntime, onnx, openvino)
END
python -W ignore try.py 2>/dev/null | seen 'avg of a map of 1
  onnxruntime 1 1 1 1
  onnx 1 1 1 1
  openvino 1 1 1 1
avg of a map of -1
  onnxruntime -1 -1 -1 -1
  onnx -1 -1 -1 -1
  openvino -1 -1 -1 -1
max of a map of 1
  onnxruntime 0.4225 0.4225 0.4225 0.4225
  onnx 0.4225 0.4225 0.4225 0.4225
  openvino 1 1 1 1
max of a map of -1
  onnxruntime -0.1225 -0.1225 -0.1225 -0.1225
  onnx -0.1225 -0.1225 -0.1225 -0.1225
  openvino 0 0 0 0'
