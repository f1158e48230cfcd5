#!/usr/bin/env bash
# onnx 1.23.2: version_converter moves a network that enlarges its maps by a part of a pixel.
#
# Guess: Resize and Upsample before opset 11 put new cell i at i · old/new of the old row, "asymmetric" in the words of
# opset 11, where the default became half_pixel; the converter writes the old meaning into the new attribute.
# Behaviour: it leaves the attribute out. A row 0 4 8 enlarged twice is 0 2 4 6 8 8 by onnxruntime before, 0 1 3 5 7 8
# afterwards: each map is half an old cell off, in every old detector and segmenter that is brought up to date so. Nothing
# warns, and the checker has nothing to say. Up to opset 10 the numbers stay.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat >resize.py <<'END'
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper, version_converter

x = np.array([0, 4, 8], np.float32).reshape(1, 1, 1, 3)
scales = numpy_helper.from_array(np.array([1, 1, 1, 2], np.float32), "scales")
ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", x.shape), ("y", (1, 1, 1, 6)))]


def row(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return " ".join(f"{value:g}" for value in session.run(None, {"x": x})[0].ravel())


for operator, opset in (("Upsample", 9), ("Resize", 10)):
    node = helper.make_node(operator, ["x", "scales"], ["y"], mode="linear")
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], [scales])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    print(f"{operator}, opset {opset}: {row(model)}")
    for target in (10, 11, 18):
        if target > opset:
            newer = version_converter.convert_version(model, target)
            checker.check_model(newer)
            resized = newer.graph.node[-1]
            print(f"  in opset {target}: {resized.op_type} {[a.name for a in resized.attribute]} {row(newer)}")
END
python resize.py | seen "Upsample, opset 9: 0 2 4 6 8 8
  in opset 10: Resize ['mode'] 0 2 4 6 8 8
  in opset 11: Resize ['mode'] 0 1 3 5 7 8
  in opset 18: Resize ['mode'] 0 1 3 5 7 8
Resize, opset 10: 0 2 4 6 8 8
  in opset 11: Resize ['mode'] 0 1 3 5 7 8
  in opset 18: Resize ['mode'] 0 1 3 5 7 8"
