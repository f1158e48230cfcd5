#!/usr/bin/env bash
# tract 0.23.9: GlobalLpPool is a mean with signs, not a norm.
#
# Guess: (Σ|x|^p)^(1/p) over the whole map: 10 of 1 -2 3 4 for p=1, as onnxruntime and OpenVINO 2026.4.1 have it.
# Behaviour: (Σx^p / cells)^(1/p): 1.5, of which neither the sizes nor the number of cells can be told. For p=2 signs do not
# show, and the value is too small by the root of the number of cells: a larger picture gives the same, not more.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 openvino==2026.4.1 tract==0.23.9

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnxruntime, openvino, tract

for p in (1, 2, 3):
    print(f"p={p}")
    model = graph(18, f"net (float[1, 1, 4] x) => (float[1, 1, 1] y) {{ y = GlobalLpPool<p={p}>(x) }}")
    compare(model, {"x": np.array([[[1, -2, 3, 4]]], np.float32)}, onnxruntime, openvino, tract)
END
python -W ignore try.py 2>/dev/null | seen 'p=1
  onnxruntime 10
  openvino 10
  tract 1.5
p=2
  onnxruntime 5.477
  openvino 5.477
  tract 2.739
p=3
  onnxruntime 4.642
  openvino 4.642
  tract 2.759'
