#!/usr/bin/env bash
# onnx 1.23.2: the reference evaluator's LRN normalises as many channels as there are samples in the batch.
#
# Guess: every channel is divided by (bias + alpha/size · sum of squares of its neighbours)^beta, whatever the batch.
# Behaviour: with one sample and four channels only the first is; the others pass unchanged, as their sum of squares
# stays 0. With four samples of the same numbers all four are right. Test vectors for LRN that were made with it from a
# batch of one are wrong in all channels but one.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 numpy==2.4.6

cat >lrn.py <<'END'
import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

node = helper.make_node("LRN", ["x"], ["y"], size=1, alpha=1.0, beta=1.0, bias=1.0)  # x / (1 + x²)
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy"]
model = helper.make_model(
    helper.make_graph([node], "g", ends[:1], ends[1:]), opset_imports=[helper.make_opsetid("", 13)]
)
for batch in (1, 2, 4):
    x = np.tile(np.array([1, 2, 3, 4], np.float32).reshape(1, 4, 1, 1), (batch, 1, 1, 1))
    print(batch, *(f"{value:.3f}" for value in ReferenceEvaluator(model).run(None, {"x": x})[0][0].ravel()))
END
python lrn.py | seen "1 0.500 2.000 3.000 4.000
2 0.500 0.400 3.000 4.000
4 0.500 0.400 0.300 0.235"
