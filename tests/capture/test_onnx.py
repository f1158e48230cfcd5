"""Graphs of ONNX: every node in its place, computed again by the engine, equal to what onnx' own evaluator gives."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import layeranim as la
from layeranim.capturing import onnx_graph, onnx_nodes
from layeranim.engine.packing import Packed
from layeranim.errors import InputError, MissingLibraryError, OptionError, ShapeError

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

Array = NDArray[Any]
CHANCE = np.random.default_rng(5)
SHIPPED = Path(onnx.__file__).parent / "backend/test/data/pytorch-converted"

SLOW = ("test_AvgPool1d", "test_MaxPool1d_stride_padding_dilation", "test_MaxPool2d_stride_padding_dilation")
"""onnx' own evaluator takes seconds for them; all but these 3 take 0.4."""


@pytest.fixture(autouse=True)
def one_evaluator(monkeypatch: pytest.MonkeyPatch) -> None:
    """onnx' own, also where onnxruntime happens to be installed."""
    usual = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "onnxruntime" else usual(name, *rest)
    )


def drawn(*shape: int) -> Array:
    return CHANCE.normal(size=shape).astype(np.float32)


def graph(
    nodes: list[Any], inputs: dict[str, Array], weights: dict[str, Array] | None = None, opset: int = 20, **more: Any
) -> Any:
    given = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
             for name, x in inputs.items()]  # fmt: skip
    learnt = [numpy_helper.from_array(x, name) for name, x in (weights or {}).items()]
    made = helper.make_graph(nodes, "net", given, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], learnt)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], **more)


def node(op: str, reads: str, writes: str = "y", **attributes: Any) -> Any:
    inputs = ["" if name == "-" else name for name in reads.split()]
    return helper.make_node(op, inputs, writes.split(","), **attributes)


def residual() -> tuple[Any, Array]:
    x = drawn(1, 1, 6, 6)
    weights = {
        "c1.weight": drawn(3, 1, 3, 3), "c1.bias": drawn(3), "onnx::Conv_9": drawn(3, 3, 3, 3), "g": drawn(3),
        "b": drawn(3), "m": drawn(3), "v": abs(drawn(3)), "table": drawn(27, 4), "shape": np.array([1, -1]),
    }  # fmt: skip
    nodes = [
        node("Conv", "x c1.weight c1.bias", "a", name="/c1/Conv", pads=[1, 1, 1, 1]),
        node("BatchNormalization", "a g b m v", "n", name="/bn/BatchNormalization"),
        node("Relu", "n", "r"),
        node("Conv", "r onnx::Conv_9", "c", name="/c2/Conv", auto_pad="SAME_UPPER"),
        node("Add", "c r", "s", name="/Add"),
        node("MaxPool", "s", "p", name="/pool/MaxPool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Reshape", "p shape", "f"),
        node("MatMul", "f table", "z", name="/fc/MatMul"),
        node("Softmax", "z", name="/Softmax"),
    ]
    return graph(nodes, {"x": x}, weights), x


def test_a_network_is_captured_call_by_call() -> None:
    model, x = residual()
    before = model.SerializeToString(deterministic=True)
    found = la.capture(model, x)
    assert model.SerializeToString(deterministic=True) == before
    assert [(call.name, call.layer, call.agrees) for call in found] == [
        ("c1.Conv", "conv", True), ("bn.BatchNormalization", "batchnorm", True), ("r", "activation", True),
        ("c2.Conv", "conv", True), ("Add", "elementwise", True), ("pool.MaxPool", "pool", True),
        ("fc.MatMul", "dense", True), ("Softmax", "softmax", True),
    ]  # fmt: skip
    assert found["Add"].reads == ("r", "c2.Conv")
    assert found["fc.MatMul"].reads == ("pool.MaxPool",)  # through the reshape
    assert (found["c1.Conv"].brought, found["c2.Conv"].brought) == ((0,), ())
    assert found["fc.MatMul"].weights == (("fc.MatMul.kernel",),)  # as layeranim weights names them
    assert found["c2.Conv"].weights == (("c2.Conv.weight",),)
    assert found.parameters == 27 + 3 + 81 + 3 + 3 + 108
    assert list(found["c1.Conv"].inputs) == ["input"]
    np.testing.assert_allclose(found.output.sum(), 1, rtol=1e-6)
    assert "onnx" in found.notes[0]
    assert la.storyboard(found, layer="c2.Conv").beats


def test_a_capture_of_a_graph_is_kept_without_onnx(tmp_path: Path) -> None:
    model, x = residual()
    onnx.save(model, tmp_path / "net.onnx")
    la.capture(tmp_path / "net.onnx", x=x).save(tmp_path / "net.npz")
    again = la.load_capture(tmp_path / "net.npz")
    assert again.model == "net"
    assert again.trace("fc.MatMul")["output"].shape == (1, 4)


X4, X3, X2 = drawn(2, 3, 5, 6), drawn(2, 3, 7), drawn(4, 5)
CASES: dict[str, tuple[str, Any, dict[str, Array], dict[str, Array], int]] = {
    "conv same lower": ("conv", node("Conv", "x w", auto_pad="SAME_LOWER", strides=[2, 2]), {"x": X4},
                        {"w": drawn(2, 3, 2, 3)}, 20),
    "conv over one axis, other before than after": ("conv1d", node("Conv", "x w b", pads=[2, 0], dilations=[2]),
                                                    {"x": X3}, {"w": drawn(4, 3, 3), "b": drawn(4)}, 20),
    "conv in groups": ("conv", node("Conv", "x w", group=3), {"x": X4}, {"w": drawn(6, 1, 2, 2)}, 20),
    "transposed": ("conv-transpose", node("ConvTranspose", "x w", strides=[2, 2], pads=[1, 1, 1, 1],
                                          output_padding=[1, 0]), {"x": X4}, {"w": drawn(3, 2, 3, 3)}, 20),
    "mean without what was padded": ("pool", node("AveragePool", "x", kernel_shape=[2, 2], pads=[1, 1, 0, 0]),
                                     {"x": X4}, {}, 19),
    "mean of all": ("pool", node("GlobalAveragePool", "x"), {"x": X4}, {}, 20),
    "gemm": ("dense", node("Gemm", "x w b", alpha=0.5, beta=2.0), {"x": X2}, {"w": drawn(5, 3), "b": drawn(3)}, 20),
    "product of two": ("matmul", node("MatMul", "x z"), {"x": drawn(2, 1, 3, 4), "z": drawn(5, 4, 2)}, {}, 20),
    "softmax of all axes from one on": ("softmax", node("Softmax", "x", axis=1), {"x": X4}, {}, 11),
    "batch normalisation of an old graph": ("batchnorm", node("BatchNormalization", "x g b m v"), {"x": X4}, {
        "g": drawn(3), "b": drawn(3), "m": drawn(3), "v": abs(drawn(3))}, 9),
    "softmax of one axis": ("softmax", node("Softmax", "x", axis=1), {"x": X4}, {}, 13),
    "between 0 and 6": ("activation", node("Clip", "x low high"), {"x": X2},
                        {"low": np.float32(0), "high": np.float32(6)}, 20),
    "at least": ("elementwise", node("Clip", "x low"), {"x": X2}, {"low": np.float32(0.3)}, 20),
    "between others": ("elementwise", node("Clip", "x low high"), {"x": X2},
                       {"low": np.float32(-0.3), "high": np.float32(0.4)}, 20),
    "running sum": ("reduce", node("CumSum", "x axis"), {"x": X4}, {"axis": np.array(-2)}, 20),
    "logarithm of a sum": ("reduce", node("ReduceLogSumExp", "x"), {"x": X4}, {}, 13),
    "rounded": ("elementwise", node("Round", "x"), {"x": 3 * X2}, {}, 20),
    "gelu of tanh": ("activation", node("Gelu", "x", approximate="tanh"), {"x": X2}, {}, 20),
    "hard sigmoid of a fifth": ("activation", node("HardSigmoid", "x"), {"x": X2}, {}, 20),
    "slopes": ("activation", node("PRelu", "x w"), {"x": X4}, {"w": drawn(3, 1, 1)}, 20),
    "norm of two axes": ("layernorm", node("LayerNormalization", "x w b", axis=2), {"x": X4},
                         {"w": drawn(5, 6), "b": drawn(5, 6)}, 20),
    "norm of groups, a scale for each": ("layernorm", node("GroupNormalization", "x w b", num_groups=2),
                                         {"x": drawn(2, 4, 3)}, {"w": drawn(2), "b": drawn(2)}, 18),
    "norm of instances": ("layernorm", node("InstanceNormalization", "x w b"), {"x": X4},
                          {"w": drawn(3), "b": drawn(3)}, 20),
    "joined": ("concatenate", node("Concat", "x z w", axis=-1), {"x": X2, "z": drawn(4, 2)}, {"w": drawn(4, 1)}, 20),
    "reduced": ("reduce", node("ReduceMean", "x axes", keepdims=0), {"x": X4}, {"axes": np.array([-1, 1])}, 20),
    "reduced, as it was": ("reduce", node("ReduceL2", "x", axes=[1]), {"x": X4}, {}, 13),
    "padded": ("pad", node("Pad", "x p v"), {"x": X4}, {"p": np.array([0, 0, 1, 2, 0, 0, 0, 1]),
                                                       "v": np.float32(2)}, 20),
    "larger": ("upsample", node("Resize", "x - s", mode="linear"), {"x": X4},
               {"s": np.array([1, 1, 2, 1.5], np.float32)}, 20),
    "nearest": ("upsample", node("Resize", "x - s", mode="nearest", nearest_mode="floor",
                                 coordinate_transformation_mode="asymmetric"), {"x": X4},
                {"s": np.array([1, 1, 2, 3], np.float32)}, 20),
    "looked up": ("embedding", node("Gather", "w ids"), {"ids": np.array([[3, 0], [-1, 2]])}, {"w": drawn(5, 3)}, 20),
    "equation": ("einsum", node("Einsum", "x z", equation="bi,ij->bj"), {"x": X2, "z": drawn(5, 2)}, {}, 20),
    "both ways": ("lstm", node("LSTM", "x w r b - h c", "-,y", hidden_size=2, direction="bidirectional"),
                  {"x": drawn(4, 3, 5)}, {"w": drawn(2, 8, 5), "r": drawn(2, 8, 2), "b": drawn(2, 16),
                                          "h": drawn(2, 3, 2), "c": drawn(2, 3, 2)}, 20),
    "reset before": ("gru", node("GRU", "x w r", hidden_size=2), {"x": drawn(4, 3, 5)},
                     {"w": drawn(1, 6, 5), "r": drawn(1, 6, 2)}, 20),
    "reset after": ("gru", node("GRU", "x w r b", hidden_size=2, linear_before_reset=1), {"x": drawn(4, 3, 5)},
                    {"w": drawn(1, 6, 5), "r": drawn(1, 6, 2), "b": drawn(1, 12)}, 20),
    # of as many channels as samples: onnx' evaluator leaves out the others
    "local response norm": ("elementwise", node("LRN", "x", size=2, alpha=0.5, bias=2.0),
                            {"x": drawn(3, 3, 2, 2)}, {}, 20),
    "sampled": ("matmul", node("GridSample", "x grid", mode="cubic", padding_mode="reflection"), {"x": X4},
                {"grid": drawn(2, 2, 3, 2)}, 20),
    "scattered": ("reduce", node("ScatterElements", "x at z", axis=1, reduction="max"), {"x": X2, "z": drawn(4, 2)},
                  {"at": np.array([[0, -1], [2, 2], [1, 0], [3, 4]])}, 20),
    "scattered rows": ("elementwise", node("ScatterND", "x at z"), {"x": X2, "z": drawn(2, 5)},
                       {"at": np.array([[0], [3]])}, 20),
    "heads": ("attention", node("Attention", "x x x", q_num_heads=2, kv_num_heads=2, is_causal=1),
              {"x": drawn(2, 3, 8)}, {}, 23),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_node_is_computed_again(name: str) -> None:
    layer, one, inputs, weights, opset = CASES[name]
    if one.output[0] == "-":
        one.output[0] = ""  # what is not asked for
    found = la.capture(graph([one], inputs, weights, opset=opset), **inputs)
    assert [(call.layer, call.agrees) for call in found] == [(layer, True)], found[0].why


def test_what_the_onnx_package_ships_agrees() -> None:
    seen: dict[str, int] = {}
    for folder in sorted(SHIPPED.iterdir()):
        if folder.name in SLOW:
            continue
        files = sorted(folder.glob("test_data_set_0/input_*.pb"))
        arrays = [numpy_helper.to_array(TensorProto.FromString(file.read_bytes())) for file in files]
        for call in la.capture(folder / "model.onnx", *arrays):
            assert call.agrees is not False, (folder.name, call.why)
            seen[str(call.layer)] = seen.get(str(call.layer), 0) + 1
    assert sum(seen.values()) > 80
    assert "None" not in seen


def test_the_branch_that_was_taken_is_seen_and_functions_are_opened() -> None:
    x = drawn(2, 3)

    def branch(op: str) -> Any:
        return helper.make_graph([node(op, "t", f"{op}_out", name=op)], op, [],
                                 [helper.make_tensor_value_info(f"{op}_out", TensorProto.FLOAT, None)])  # fmt: skip

    twice = helper.make_function("own", "Twice", ["a"], ["b"], [node("Add", "a a", "b")], [helper.make_opsetid("", 20)])
    nodes = [
        helper.make_node("Twice", ["x"], ["t"], domain="own", name="twice"),
        node("If", "c", then_branch=branch("Relu"), else_branch=branch("Tanh")),
    ]
    model = graph(nodes, {"x": x, "c": np.array(False)}, functions=[twice])
    model.opset_import.append(helper.make_opsetid("own", 1))
    for taken, kind in ((True, "Relu"), (False, "Tanh")):
        found = la.capture(model, x, np.array(taken))
        assert [(call.kind, call.agrees) for call in found] == [("Add", True), (kind, True)]
        assert found[kind].reads == (found[0].name,)


def test_masks_and_what_is_made_of_constants_are_no_calls() -> None:
    x, weights = drawn(2, 4), {"a": drawn(4), "n": np.array([2, 4])}
    nodes = [node("ConstantOfShape", "n", "k"), node("Exp", "a", "e"), node("Greater", "x k", "m"),
             node("Where", "m x k", "w", name="w"), node("Mul", "w e", "y", name="scaled")]  # fmt: skip
    found = la.capture(graph(nodes, {"x": x}, weights), x)
    assert [(call.name, call.layer) for call in found] == [("w", "elementwise"), ("scaled", "elementwise")]
    assert all(call.agrees for call in found)
    assert found["scaled"].weights == (("a",),)
    assert found["scaled"].reads == ("w",)


def test_what_differs_is_told_and_has_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    x = drawn(2, 3)
    wrong = Packed("activation", {"activation": "tanh"}, {"input": x})
    monkeypatch.setitem(onnx_nodes.NODES, "Relu", lambda call: wrong)
    found = la.capture(graph([node("Relu", "x")], {"x": x}), x)
    assert found[0].agrees is False
    with pytest.raises(OptionError, match="so it is not shown"):
        found.trace("y")


def test_of_a_large_graph_a_part_is_kept() -> None:
    model, x = residual()
    found = la.capture(model, x, keep="c?.*")
    assert [call.name for call in found if call.inputs] == ["c1.Conv", "c2.Conv"]
    assert found["Add"].shapes_out == ((1, 3, 6, 6),)
    with pytest.raises(OptionError, match="no call is called so"):
        la.capture(model, x, keep="conv1")
    with pytest.raises(OptionError, match=r"more than .*largest: c1\.Conv"):
        la.capture(model, x, max_memory="1KB")


def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    model, x = residual()
    (tmp_path / "none.onnx").write_bytes(b"\xff\xff\xff")
    (tmp_path / "empty.onnx").write_bytes(b"")

    def refused(words: str, *args: Any, what: Any = model, error: type[Exception] = OptionError, **named: Any) -> None:
        with pytest.raises(error, match=words) as told:
            la.capture(what, *args, **named)
        assert len(str(told.value).splitlines()) == 1

    refused("input x is not given; the graph takes x \\(1×1×6×6 float32\\)")
    refused("2 inputs were given", x, x)
    refused("no input 'X', did you mean x|no input 'X'", X=x)
    refused("x was given twice", x, x=x)
    refused("x has shape 1×1×6, but the graph takes x", drawn(1, 1, 6), error=ShapeError)
    refused("x has shape 2×1×6×6, but", drawn(2, 1, 6, 6), error=ShapeError)
    narrow = graph([node("MatMul", "x w")], {"x": drawn(1, 3)}, {"w": drawn(2, 2)})
    refused("cannot be run with these inputs", drawn(1, 3), what=narrow, error=InputError)
    refused("no sound ONNX model", x, what=tmp_path / "none.onnx", error=InputError)
    refused("no ONNX model with a graph", x, what=tmp_path / "empty.onnx", error=InputError)
    refused("cannot read", x, what=tmp_path / "nothing.onnx", error=InputError)
    ids = graph([node("Gather", "w i")], {"i": np.array([1])}, {"w": drawn(3, 2)})
    refused("the graph takes int64", np.array([0.5]), what=ids, error=InputError)


def test_without_onnx_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None)
    with pytest.raises(MissingLibraryError, match=r"layeranim\[onnx\]"):
        la.capture("net.onnx")
    assert not onnx_graph.is_onnx(object())
