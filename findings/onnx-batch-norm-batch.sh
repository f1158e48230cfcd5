#!/usr/bin/env bash
# onnx 1.23.2: in graphs of opset 9 to 13 the reference evaluator's BatchNormalization depends on the batch, at inference.
#
# Guess: with one output it is inference: (x − mean)/√(variance + ε) by the statistics of the file, whatever else is in the
# batch, as the operator's text has it, as in onnxruntime, and as in the evaluator itself from opset 14 on.
# Behaviour: it first moves the statistics a tenth (1 − momentum) towards those of the batch, as in training, and divides by
# what comes out. The same 2 gives 1.095 in a batch of equals and 1.016 beside a 4; momentum=1.0 would be right, the default is
# 0.9. Expected outputs that were made with it are off for every network of those years.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnx, onnxruntime

for opset in (9, 13, 14):
    model = graph(
        opset,
        """net (float[n, 1] x) => (float[n, 1] y)
        <float[1] gamma = {1}, float[1] beta = {0}, float[1] mean = {0}, float[1] variance = {3}>
        { y = BatchNormalization(x, gamma, beta, mean, variance) }""",
    )
    for batch in ([2, 2], [2, 4]):
        print("opset", opset, "batch", *batch)
        compare(model, {"x": np.array(batch, np.float32)[:, None]}, onnxruntime, onnx)
END
python -W ignore try.py 2>/dev/null | seen 'opset 9 batch 2 2
  onnxruntime 1.155 1.155
  onnx 1.095 1.095
opset 9 batch 2 4
  onnxruntime 1.155 2.309
  onnx 1.016 2.211
opset 13 batch 2 2
  onnxruntime 1.155 1.155
  onnx 1.095 1.095
opset 13 batch 2 4
  onnxruntime 1.155 2.309
  onnx 1.016 2.211
opset 14 batch 2 2
  onnxruntime 1.155 1.155
  onnx 1.155 1.155
opset 14 batch 2 4
  onnxruntime 1.155 2.309
  onnx 1.155 2.309'
