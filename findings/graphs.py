"""Graphs of ONNX in several programs, for the findings that compare them."""

from collections.abc import Callable

import numpy as np
from onnx import ModelProto, parser
from onnx.reference import ReferenceEvaluator

Given = dict[str, np.ndarray]


def graph(opset: int, text: str) -> ModelProto:
    """The graph of ONNX' own notation, `net (float[2] x) => (float[2] y) { y = Relu(x) }`, in an opset."""
    return parser.parse_model(f'<ir_version: {8 if opset < 20 else 10}, opset_import: ["": {opset}]> {text}')


def onnx(model: ModelProto, given: Given) -> np.ndarray:
    with np.errstate(all="ignore"):
        return ReferenceEvaluator(model).run(None, given)[0]


def onnxruntime(model: ModelProto, given: Given) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, given)[0]


def openvino(model: ModelProto, given: Given) -> np.ndarray:
    import openvino

    core = openvino.Core()
    read = core.read_model(model.SerializeToString())
    return core.compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(list(given.values()))[0]


def opencv(model: ModelProto, given: Given) -> np.ndarray:
    import cv2

    net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
    for name, values in given.items():
        net.setInput(values, name)
    return net.forward()


def tract(model: ModelProto, given: Given) -> np.ndarray:
    import tract
    from onnx import save

    save(model, "net.onnx")
    runnable = tract.onnx().load("net.onnx").into_model().into_runnable()
    return runnable.run(list(given.values()))[0].to_numpy()


def show(values: np.ndarray) -> str:
    """Four digits of every value, without the sign of zero."""
    return " ".join(f"{value + 0.0:.4g}" for value in np.asarray(values, float).round(6).ravel())


def compare(model: ModelProto, given: Given, *programs: Callable[[ModelProto, Given], np.ndarray]) -> None:
    for program in programs:
        print(f"  {program.__name__}", show(program(model, given)))
