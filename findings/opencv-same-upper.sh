#!/usr/bin/env bash
# OpenCV 5.0.0: auto_pad SAME_UPPER of an ONNX graph is read as SAME_LOWER.
#
# Guess: the odd cell of padding is at the end, as the name says and as onnxruntime, OpenVINO 2026.4.1 and tract 0.23.9 have it.
# Behaviour: it is at the start, in Conv, MaxPool and AveragePool alike; both names give the same. Networks that came from
# TensorFlow have SAME_UPPER in every layer with a stride, of even pictures always with an odd cell: each map is a cell off.
# Nothing warns. What works: the padding as numbers.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 openvino==2026.4.1 opencv-python-headless==5.0.0.93

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnxruntime, opencv, openvino

x = np.arange(1, 13, dtype=np.float32).reshape(1, 1, 2, 6)
for operator in ("Conv", "MaxPool", "AveragePool"):
    for pad in ("SAME_UPPER", "SAME_LOWER"):
        given = "x, w" if operator == "Conv" else "x"
        model = graph(
            18,
            f"""net (float[1, 1, 2, 6] x) => (float[1, 1, 2, 3] y) <float[1, 1, 1, 3] w = {{1, 10, 100}}>
            {{ y = {operator}<auto_pad="{pad}", kernel_shape=[1, 3], strides=[1, 2]>({given}) }}""",
        )
        print(operator, pad)
        compare(model, {"x": x}, onnxruntime, openvino, opencv)
END
OPENCV_LOG_LEVEL=SILENT python -W ignore try.py 2>/dev/null | seen 'Conv SAME_UPPER
  onnxruntime 321 543 65 987 1209 131
  openvino 321 543 65 987 1209 131
  opencv 210 432 654 870 1098 1320
Conv SAME_LOWER
  onnxruntime 210 432 654 870 1098 1320
  openvino 210 432 654 870 1098 1320
  opencv 210 432 654 870 1098 1320
MaxPool SAME_UPPER
  onnxruntime 3 5 6 9 11 12
  openvino 3 5 6 9 11 12
  opencv 2 4 6 8 10 12
MaxPool SAME_LOWER
  onnxruntime 2 4 6 8 10 12
  openvino 2 4 6 8 10 12
  opencv 2 4 6 8 10 12
AveragePool SAME_UPPER
  onnxruntime 2 4 5.5 8 10 11.5
  openvino 2 4 5.5 8 10 11.5
  opencv 1.5 3 5 7.5 9 11
AveragePool SAME_LOWER
  onnxruntime 1.5 3 5 7.5 9 11
  openvino 1.5 3 5 7.5 9 11
  opencv 1.5 3 5 7.5 9 11'
