#!/usr/bin/env bash
# openvino 2026.4.1: of an ONNX LSTM the peepholes and input_forget are left out, without a word.
#
# Guess: an operator with inputs or attributes that OpenVINO's own LSTM has not is refused, as activations that it has not
# are ("Unsupported activation function"); or it is computed as onnxruntime does, where the gates look at the cell (P) and
# the forget gate is 1 − i (input_forget).
# Behaviour: P and input_forget are dropped when the model is read: the numbers are those of the plain LSTM. clip, which
# stands among the same attributes, is heeded.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages openvino==2026.4.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat >lstm.py <<'END'
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper

x = np.ones((3, 1, 1), np.float32)
ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", x.shape), ("y", (3, 1, 1, 1)))]
weights = {
    "w": np.full((1, 4, 1), 0.5),
    "r": np.full((1, 4, 1), 0.5),
    "b": np.zeros((1, 8)),
    "p": np.full((1, 3), 2.0),
}
held = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]


def shown(name, made):
    print(f"  {name}", *(f"{value:.4f}" for value in np.asarray(made).ravel()))


for what, inputs, told in (
    ("plain", "xwrb", {}),
    ("peepholes", "xwrb   p", {}),
    ("input_forget", "xwrb", {"input_forget": 1}),
    ("clip", "xwrb", {"clip": 0.2}),
):
    node = helper.make_node("LSTM", [name.strip() for name in inputs], ["y"], hidden_size=1, **told)
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8).SerializeToString()
    print(what)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    shown("onnxruntime", session.run(None, {"x": x})[0])
    core = openvino.Core()
    read = core.compile_model(core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    shown("openvino", read([x])[0])
END
python -W ignore lstm.py 2>/dev/null | seen 'plain
  onnxruntime 0.1743 0.3091 0.4072
  openvino 0.1743 0.3091 0.4072
peepholes
  onnxruntime 0.2087 0.4855 0.7664
  openvino 0.1743 0.3091 0.4072
input_forget
  onnxruntime 0.1743 0.2669 0.3118
  openvino 0.1743 0.3091 0.4072
clip
  onnxruntime 0.0594 0.0916 0.1091
  openvino 0.0594 0.0916 0.1091'
