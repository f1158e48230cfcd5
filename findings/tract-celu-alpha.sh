#!/usr/bin/env bash
# tract 0.23.9: Celu with another alpha than 1 has its own curve below 0.
#
# Guess: max(0, x) + min(0, α·(exp(x/α) − 1)), which goes down to −α, as onnxruntime and OpenVINO 2026.4.1 have it; Elu and
# Selu beside it heed their alpha.
# Behaviour: α is taken within exp and left out before it: whatever it is, the curve ends at −1, and its slope at 0 is 1/α
# instead of 1, which is what CELU was made for. With the default, 1, nothing is to be seen.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 openvino==2026.4.1 tract==0.23.9

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnxruntime, openvino, tract

for operator in ("Elu", "Celu"):
    for alpha in (1.0, 0.5, 2.0):
        print(f"{operator} alpha={alpha} of -4 -1 -0.01 1")
        model = graph(12, f"net (float[4] x) => (float[4] y) {{ y = {operator}<alpha={alpha}>(x) }}")
        compare(model, {"x": np.array([-4, -1, -0.01, 1], np.float32)}, onnxruntime, openvino, tract)
END
python -W ignore try.py 2>/dev/null | seen 'Elu alpha=1.0 of -4 -1 -0.01 1
  onnxruntime -0.9817 -0.6321 -0.00995 1
  openvino -0.9817 -0.6321 -0.00995 1
  tract -0.9817 -0.6321 -0.00995 1
Elu alpha=0.5 of -4 -1 -0.01 1
  onnxruntime -0.4908 -0.3161 -0.004975 1
  openvino -0.4908 -0.3161 -0.004975 1
  tract -0.4908 -0.3161 -0.004975 1
Elu alpha=2.0 of -4 -1 -0.01 1
  onnxruntime -1.963 -1.264 -0.0199 1
  openvino -1.963 -1.264 -0.0199 1
  tract -1.963 -1.264 -0.0199 1
Celu alpha=1.0 of -4 -1 -0.01 1
  onnxruntime -0.9817 -0.6321 -0.00995 1
  openvino -0.9817 -0.6321 -0.00995 1
  tract -0.9817 -0.6321 -0.00995 1
Celu alpha=0.5 of -4 -1 -0.01 1
  onnxruntime -0.4998 -0.4323 -0.009901 1
  openvino -0.4998 -0.4323 -0.009901 1
  tract -0.9997 -0.8647 -0.0198 1
Celu alpha=2.0 of -4 -1 -0.01 1
  onnxruntime -1.729 -0.7869 -0.009975 1
  openvino -1.729 -0.7869 -0.009975 1
  tract -0.8647 -0.3935 -0.004988 1'
