#!/usr/bin/env bash
# onnx 1.23.2: the reference evaluator's MaxPool takes auto_pad SAME_LOWER for SAME_UPPER.
#
# Guess: the odd cell of padding stands at the start, as the operator's text says of SAME_LOWER ("extra padding at the
# beginning") and as the evaluator's own AveragePool does it. So 1 2 … 8 with windows of 3 and stride 2 gives 2 4 6 8: the
# first window sees the padding, 1 and 2.
# Behaviour: MaxPool pads at the end whatever is asked for, AveragePool at the start: two pools of one library, side by
# side in one graph, are a cell apart.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 numpy==2.4.6

cat >same.py <<'END'
import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

x = np.arange(1, 9, dtype=np.float32).reshape(1, 1, 1, 8)
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy"]
for operator in ("MaxPool", "AveragePool"):
    for pad in ("SAME_LOWER", "SAME_UPPER"):
        node = helper.make_node(operator, ["x"], ["y"], kernel_shape=[1, 3], strides=[1, 2], auto_pad=pad)
        model = helper.make_model(
            helper.make_graph([node], "g", ends[:1], ends[1:]), opset_imports=[helper.make_opsetid("", 19)]
        )
        print(operator, pad, ReferenceEvaluator(model).run(None, {"x": x})[0].ravel().tolist())
END
python same.py | seen "MaxPool SAME_LOWER [3.0, 5.0, 7.0, 8.0]
MaxPool SAME_UPPER [3.0, 5.0, 7.0, 8.0]
AveragePool SAME_LOWER [1.5, 3.0, 5.0, 7.0]
AveragePool SAME_UPPER [2.0, 4.0, 6.0, 7.5]"
