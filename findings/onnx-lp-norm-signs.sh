#!/usr/bin/env bash
# onnx 1.23.2: the reference evaluator's LpNormalization with p=1 divides by the sum, not by the sum of the sizes.
#
# Guess: the L1 norm of 1 -2 5 is 8, and what comes out has the norm 1: 0.125 -0.25 0.625, as onnxruntime has it.
# Behaviour: signs stay in the sum: 1 - 2 + 5 = 4. A row that adds up to 0 comes out as zeros, one that adds up to less
# than 0 with every sign turned. Where nothing is below 0, behind a ReLU, it is right, and so is p=2.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnx, onnxruntime

for row in ([1, 2, 5], [1, -2, 5], [1, -2, 1], [1, -3, 1]):
    for p in (1, 2):
        print(*row, f"p={p}")
        model = graph(13, f"net (float[1, 3] x) => (float[1, 3] y) {{ y = LpNormalization<p={p}>(x) }}")
        compare(model, {"x": np.array([row], np.float32)}, onnxruntime, onnx)
END
python -W ignore try.py 2>/dev/null | seen '1 2 5 p=1
  onnxruntime 0.125 0.25 0.625
  onnx 0.125 0.25 0.625
1 2 5 p=2
  onnxruntime 0.1826 0.3651 0.9129
  onnx 0.1826 0.3651 0.9129
1 -2 5 p=1
  onnxruntime 0.125 -0.25 0.625
  onnx 0.25 -0.5 1.25
1 -2 5 p=2
  onnxruntime 0.1826 -0.3651 0.9129
  onnx 0.1826 -0.3651 0.9129
1 -2 1 p=1
  onnxruntime 0.25 -0.5 0.25
  onnx 0 0 0
1 -2 1 p=2
  onnxruntime 0.4082 -0.8165 0.4082
  onnx 0.4082 -0.8165 0.4082
1 -3 1 p=1
  onnxruntime 0.2 -0.6 0.2
  onnx -1 3 -1
1 -3 1 p=2
  onnxruntime 0.3015 -0.9045 0.3015
  onnx 0.3015 -0.9045 0.3015'
