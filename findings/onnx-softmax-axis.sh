#!/usr/bin/env bash
# onnx 1.23.2: of a graph before opset 13 the reference evaluator takes Softmax and LogSoftmax along the last axis.
#
# Guess: before opset 13 the axis is 1 where none is said, and all axes from it on are one row that adds up to 1, as the
# operator's own text has it and onnxruntime computes it.
# Behaviour: the evaluator has the operator of opset 13 alone, whatever version the graph asks for: the axis is the last
# where none is said, and it is one axis. A batch of two 2×2 pictures of zeros gives 1/2 everywhere instead of 1/4. Values
# of older exported networks differ from there on, and expected outputs made with it are wrong for every other runtime.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat >softmax.py <<'END'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

x = np.zeros((2, 2, 2), np.float32)
for opset, given in ((12, {}), (12, {"axis": 1}), (13, {"axis": 1})):
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape) for name in "xy"]
    model = helper.make_model(
        helper.make_graph([helper.make_node("Softmax", ["x"], ["y"], **given)], "g", ends[:1], ends[1:]),
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=8,
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    theirs = ReferenceEvaluator(model).run(None, {"x": x})[0], session.run(None, {"x": x})[0]
    print(opset, given, *(f"{y[0, 0, 0]:.2f}" for y in theirs))
END
python softmax.py | seen "12 {} 0.50 0.25
12 {'axis': 1} 0.50 0.25
13 {'axis': 1} 0.50 0.50"
