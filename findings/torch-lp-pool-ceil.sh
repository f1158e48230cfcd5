#!/usr/bin/env bash
# torch 2.13.0: the last norm of LPPool with ceil_mode is too large, and onnx and OpenVINO have taken that over.
#
# Guess: a window that hangs over the edge holds one cell, 7, and (Σ|x|^p)^(1/p) of one number is its size: 7 for every p.
# Behaviour: PyTorch takes a mean and multiplies it by the full size of the window, though the mean of a hanging window is
# that of what it holds: 7 becomes (2 · 7^p)^(1/p), 14 for p=1, 9.899 for p=2. ONNX' LpPool has ceil_mode since opset 18: its
# evaluator (onnx 1.23.2) and OpenVINO 2026.4.1 give PyTorch's number, onnxruntime 1.32.0 gives 7. All shapes agree.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages torch==2.13.0 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6

cat >try.py <<'END'
import numpy as np
import torch
from graphs import compare, graph, onnx, onnxruntime, openvino, show

x = np.arange(1, 8, dtype=np.float32).reshape(1, 1, 7)
for p in (1, 2):
    print(f"p={p}")
    print("  torch", show(torch.nn.LPPool1d(p, 2, ceil_mode=True)(torch.from_numpy(x))))
    model = graph(
        18,
        f"""net (float[1, 1, 7] x) => (float[1, 1, 4] y)
        {{ y = LpPool<kernel_shape=[2], strides=[2], ceil_mode=1, p={p}>(x) }}""",
    )
    compare(model, {"x": x}, onnx, openvino, onnxruntime)
END
python -W ignore try.py 2>/dev/null | seen 'p=1
  torch 3 7 11 14
  onnx 3 7 11 14
  openvino 3 7 11 14
  onnxruntime 3 7 11 7
p=2
  torch 2.236 5 7.81 9.899
  onnx 2.236 5 7.81 9.899
  openvino 2.236 5 7.81 9.899
  onnxruntime 2.236 5 7.81 7'
