#!/usr/bin/env bash
# openvino 2026.4.1 and OpenCV 5.0.0: a mean of pooling with count_include_pad is divided by cells beyond the padding.
#
# Guess: with ceil_mode a last window may hang over the padded map; what hangs over is no padding and does not count: of 5 6
# and one cell of padding the mean is 11/3, of 6 and padding 6/2, as onnxruntime, onnx' evaluator and PyTorch have it.
# Behaviour: such a window is divided by its full size, 6/3. All shapes agree, nothing warns, and the last row and column of
# every map are too small. Without count_include_pad, or without ceil_mode, all four agree.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 openvino==2026.4.1 opencv-python-headless==5.0.0.93

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnx, onnxruntime, opencv, openvino

x = np.arange(1, 13, dtype=np.float32).reshape(1, 1, 2, 6)
for ceil in (0, 1):
    for include in (0, 1):
        told = f"ceil_mode={ceil}, count_include_pad={include}"
        model = graph(
            19,
            f"""net (float[1, 1, 2, 6] x) => (float[1, 1, 2, {3 + ceil}] y)
            {{ y = AveragePool<kernel_shape=[1, 3], strides=[1, 2], pads=[0, 1, 0, 1], {told}>(x) }}""",
        )
        print(told)
        compare(model, {"x": x}, onnxruntime, onnx, openvino, opencv)
END
OPENCV_LOG_LEVEL=SILENT python -W ignore try.py 2>/dev/null | seen 'ceil_mode=0, count_include_pad=0
  onnxruntime 1.5 3 5 7.5 9 11
  onnx 1.5 3 5 7.5 9 11
  openvino 1.5 3 5 7.5 9 11
  opencv 1.5 3 5 7.5 9 11
ceil_mode=0, count_include_pad=1
  onnxruntime 1 3 5 5 9 11
  onnx 1 3 5 5 9 11
  openvino 1 3 5 5 9 11
  opencv 1 3 5 5 9 11
ceil_mode=1, count_include_pad=0
  onnxruntime 1.5 3 5 6 7.5 9 11 12
  onnx 1.5 3 5 6 7.5 9 11 12
  openvino 1.5 3 5 6 7.5 9 11 12
  opencv 1.5 3 5 6 7.5 9 11 12
ceil_mode=1, count_include_pad=1
  onnxruntime 1 3 5 3 5 9 11 6
  onnx 1 3 5 3 5 9 11 6
  openvino 1 3 5 2 5 9 11 4
  opencv 1 3 5 2 5 9 11 4'
