#!/usr/bin/env bash
# onnxruntime 1.32.0: pooling with auto_pad SAME_UPPER and a dilation gives fewer cells than it got.
#
# Guess: SAME pads so that ⌈cells/stride⌉ come out, as the operator's text has it: 8 of 8, whatever the dilation; or it is
# refused, as onnxruntime refuses a Conv with both ("Dilation not supported for AutoPadType::SAME_UPPER").
# Behaviour: it pads for neighbouring cells and looks at distant ones: 6 are left of 8. So MaxPool, AveragePool and LpPool
# alike. OpenVINO 2026.4.1 gives 8, and so does onnx' own evaluator (1.23.2), whose AveragePool does not move its windows:
# the last two means are 0, those of no cell at all. Three programs, three results.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 openvino==2026.4.1

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnx, onnxruntime, openvino

x = np.arange(1, 9, dtype=np.float32).reshape(1, 1, 1, 8)
for operator in ("MaxPool", "AveragePool", "LpPool"):
    model = graph(
        22,
        f"""net (float[1, 1, 1, 8] x) => (float[1, 1, 1, n] y)
        {{ y = {operator}<kernel_shape=[1, 3], dilations=[1, 2], auto_pad="SAME_UPPER">(x) }}""",
    )
    print(operator)
    compare(model, {"x": x}, onnxruntime, onnx, openvino)
END
python -W ignore try.py 2>/dev/null | seen 'MaxPool
  onnxruntime 4 5 6 7 8 7
  onnx 3 4 5 6 7 8 7 8
  openvino 3 4 5 6 7 8 7 8
AveragePool
  onnxruntime 3 3 4 5 6 6
  onnx 3 3 4 5 6 6 0 0
  openvino 2 3 3 4 5 6 6 7
LpPool
  onnxruntime 4.472 5.916 7.483 9.11 10.77 8.602
  onnx 4.472 5.916 7.483 9.11 10.77 8.602 0 0
  openvino 3.162 4.472 5.916 7.483 9.11 10.77 8.602 10'
