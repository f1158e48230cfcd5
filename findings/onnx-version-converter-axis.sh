#!/usr/bin/env bash
# onnx 1.23.2: version_converter knows that the axis of Softmax changed its meaning, up but not down, and not for Hardmax.
#
# Guess: up to opset 12 all axes from `axis` on are one row, from 13 on `axis` is one axis; the converter, which puts a
# Flatten and a Reshape around Softmax and LogSoftmax for it, does so for Hardmax, and downwards it refuses or does the
# same, as it refuses other operators ("No Adapter").
# Behaviour: of Hardmax, and of Softmax brought down, the number of the opset changes and nothing else: 2×2 zeros have a
# softmax of 1/2 along axis 1 in opset 13, and of 1/4 in the same graph in opset 12. No warning, all shapes agree.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat >axis.py <<'END'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, version_converter

x = np.zeros((1, 2, 2), np.float32)
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape) for name in "xy"]


def cells(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return " ".join(f"{value:g}" for value in session.run(None, {"x": x})[0].ravel())


for operator, opset, target in (("Softmax", 12, 13), ("Softmax", 13, 12), ("Hardmax", 12, 13)):
    graph = helper.make_graph([helper.make_node(operator, ["x"], ["y"], axis=1)], "g", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    other = version_converter.convert_version(model, target)
    print(f"{operator} in opset {opset}: {cells(model)}, in {target}: {cells(other)}")
END
python axis.py | seen "Softmax in opset 12: 0.25 0.25 0.25 0.25, in 13: 0.25 0.25 0.25 0.25
Softmax in opset 13: 0.5 0.5 0.5 0.5, in 12: 0.25 0.25 0.25 0.25
Hardmax in opset 12: 1 0 0 0, in 13: 1 1 0 0"
