#!/usr/bin/env bash
# openvino 2026.4.1: antialias of an ONNX Resize is left out, without a word.
#
# Guess: what the importer does not know of Resize is refused, as it refuses tf_crop_and_resize and half_pixel_symmetric.
# Behaviour: antialias=1 is read as 0: of a row reduced to a fourth two cells of each four are looked at, and a peak
# between them is lost, where onnxruntime spreads it over its neighbours. A network that makes its own input small (torch
# exports interpolate(…, antialias=True) so) sees another picture.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat >resize.py <<'END'
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper

x = np.array([0, 0, 0, 0, 8, 0, 0, 0], np.float32).reshape(1, 1, 1, 8)
ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", x.shape), ("y", (1, 1, 1, 2)))]
size = numpy_helper.from_array(np.array([1, 1, 1, 2], np.int64), "size")


def shown(name, made):
    print(f"  {name}", *(f"{value:.3f}" for value in np.asarray(made).ravel()))


for told in ({"mode": "linear"}, {"mode": "linear", "antialias": 1}):
    graph = helper.make_graph([helper.make_node("Resize", ["x", "", "", "size"], ["y"], **told)], "g", ends[:1], ends[1:], [size])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()
    print(*(f"{name}={value}" for name, value in told.items()))
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    shown("onnxruntime", session.run(None, {"x": x})[0])
    core = openvino.Core()
    read = core.compile_model(core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    shown("openvino", read([x])[0])
END
python -W ignore resize.py 2>/dev/null | seen 'mode=linear
  onnxruntime 0.000 0.000
  openvino 0.000 0.000
mode=linear antialias=1
  onnxruntime 0.750 1.250
  openvino 0.000 0.000'
