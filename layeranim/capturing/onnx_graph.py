"""An ONNX graph run once: the values of all its nodes, by onnxruntime where that is installed, else by onnx itself.

onnx is imported where such a graph is given, and nowhere else. A graph is data: nothing but its operators is run.
"""

from __future__ import annotations

import importlib.util
import math
import os
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from layeranim.capturing import onnx_nodes
from layeranim.capturing.captured import Capture
from layeranim.capturing.functions import words
from layeranim.capturing.seen import SeenCall, capture_of, numbers
from layeranim.engine.array import shape_text
from layeranim.engine.option import given, suggest
from layeranim.engine.trace import Array
from layeranim.errors import InputError, LayeranimError, MissingLibraryError, OptionError, ShapeError
from layeranim.inputs.module_tensors import array
from layeranim.inputs.stored.onnx_file import ROLES, OnnxNode, called, named
from layeranim.records import dataclass

OURS = ("", "ai.onnx")
WIRES = words("""
    Identity Cast CastLike Reshape Transpose Squeeze Unsqueeze Slice Split Expand Tile GatherND GatherElements
    DepthToSpace SpaceToDepth ReverseSequence Compress
""")
"""They carry numbers and compute none."""
MAKERS = words("""
    Constant ConstantOfShape Shape Size Range EyeLike RandomNormal RandomUniform RandomNormalLike RandomUniformLike
    OneHot Trilu NonZero
""")
"""They make numbers of nothing that a layer gave."""
RECURRENT = ("RNN", "GRU", "LSTM")
MOST_BRANCHES = 5
"""So deep may branches stand within branches."""


def is_onnx(model: Any) -> bool:
    """Whether it is a graph, or the path of a file with one."""
    if isinstance(model, (str, os.PathLike)):
        return Path(model).suffix.lower() == ".onnx"
    return type(model).__name__ == "ModelProto" and type(model).__module__.split(".")[0].startswith("onnx")


def captured(
    model: Any, args: Sequence[Any], kwargs: Mapping[str, Any], wanted: Sequence[str] | None, check: bool, most: int
) -> Capture:
    """The capture of one run of a graph; see ``la.capture``."""
    onnx = _onnx()
    title = Path(model).stem if isinstance(model, (str, os.PathLike)) else model.graph.name or "ONNX graph"
    graph = loaded(model)
    feeds = fed(graph, args, kwargs)
    plain = _opened(onnx, graph, feeds)
    values, by = _values(onnx, plain, feeds)
    run = _Run(onnx, plain, values, feeds)
    output = [values.get(value.name) for value in graph.graph.output]
    return capture_of(title, run.calls, sum(run.sizes.values()), output[0] if len(output) == 1 else output,
                      (f"the values were computed by {by}",), wanted, check, most)  # fmt: skip


def _onnx() -> Any:
    if importlib.util.find_spec("onnx") is None:
        raise MissingLibraryError('an ONNX graph is run with onnx, which is not here; pip install "layeranim[onnx]"')
    import onnx
    import onnx.inliner
    import onnx.reference

    return onnx


def loaded(model: Any) -> Any:
    """The graph of a file, or the graph itself. Raises ``InputError`` for a file that holds none."""
    if not isinstance(model, (str, os.PathLike)):
        return model
    try:
        found = _onnx().load(model)
    except OSError as error:
        raise InputError(f"cannot read {given(str(model))}: {error.strerror or error}") from None
    except LayeranimError:
        raise
    except Exception as error:  # protobuf's own classes, which differ from version to version
        reason = " ".join(str(error).split())[:160]
        raise InputError(f"{given(str(model))} is no sound ONNX model: {reason}") from None
    if not found.graph.node:
        raise InputError(f"{given(str(model))} is no ONNX model with a graph; export it again")
    return found


@dataclass(frozen=True)
class _Asked:
    """What a graph wants of an input: its type, and its sizes, a word where any will do; ``None`` where all will."""

    name: str
    dtype: np.dtype[Any]
    sizes: tuple[int | str, ...] | None

    def __str__(self) -> str:
        shape = "" if self.sizes is None else f"{'×'.join(map(str, self.sizes))} " if self.sizes else "one number, "
        return f"{self.name} ({shape}{self.dtype.name})"

    def read(self, value: Any) -> Array:
        """A value in the type that is wanted. Raises ``InputError`` or ``ShapeError`` where it is another thing."""
        own = getattr(value, "dtype", None) == self.dtype  # bfloat16 too, which NumPy itself has not
        x = np.asarray(value) if own else array(self.name, value)
        if self.dtype.kind in "iub" and x.dtype.kind == "f" and not np.array_equal(x, x.astype(self.dtype)):
            raise InputError(f"{self.name} holds {x.dtype} values, but the graph takes {self.dtype.name}")
        fixed = [(n, size) for n, size in zip(x.shape, self.sizes or (), strict=False) if isinstance(size, int)]
        if self.sizes is not None and (x.ndim != len(self.sizes) or any(n != size for n, size in fixed)):
            raise ShapeError(f"{self.name} has shape {shape_text(x.shape) or '()'}, but the graph takes {self}")
        return x.astype(self.dtype, copy=False)


def _asked(model: Any) -> list[_Asked]:
    """The inputs that a graph is run with."""
    helper, found = _onnx().helper, []
    learnt = {tensor.name for tensor in model.graph.initializer}
    for value in model.graph.input:
        if value.name in learnt:
            continue
        kind, sizes = value.type.tensor_type, None
        if kind.HasField("shape"):
            sizes = tuple(d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in kind.shape.dim)
        found.append(_Asked(value.name, np.dtype(helper.tensor_dtype_to_np_dtype(kind.elem_type or 1)), sizes))
    return found


def fed(model: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Array]:
    """The inputs by name, each in the type that the graph asks for.

    Raises ``OptionError`` for an input that is missing or not known, and what ``_Asked.read`` raises.
    """
    wants = {one.name: one for one in _asked(model)}
    told = ", ".join(map(str, wants.values())) or "nothing"
    if len(args) > len(wants):
        raise OptionError(f"{len(args)} inputs were given, but the graph takes {told}")
    found = dict(zip(wants, args, strict=False))
    for name, value in kwargs.items():
        if name not in wants:
            raise OptionError(f"the graph has no input {name!r}{suggest(name, wants)}; it takes {told}")
        if name in found:
            raise OptionError(f"input {name} was given twice; leave out one of them")
        found[name] = value
    missing = [name for name in wants if name not in found]
    if missing:
        raise OptionError(f"input {missing[0]} is not given; the graph takes {told}")
    return {name: wants[name].read(value) for name, value in found.items()}


# ── running ──────────────────────────────────────────────────────────────────
def _opened(onnx: Any, model: Any, feeds: Mapping[str, Array]) -> Any:
    """The graph with its own functions written out, with the branch of every ``If`` that was taken in its place, and
    with a name for what recurrent nodes give besides their last states."""
    nodes = model.graph.node
    unnamed = any(node.op_type in RECURRENT and not node.output[0] for node in nodes)
    if not model.functions and not unnamed and not any(node.op_type == "If" for node in nodes):
        return model
    made = onnx.inliner.inline_local_functions(model) if model.functions else onnx.ModelProto.FromString(
        model.SerializeToString()
    )  # fmt: skip
    for _ in range(MOST_BRANCHES):
        branches = [node for node in made.graph.node if node.op_type == "If"]
        if not branches:
            break
        values, _ = _values(onnx, made, feeds)
        taken = list[Any]()
        for node in made.graph.node:
            taken += _branch(onnx, made, node, values) if node.op_type == "If" else [onnx.NodeProto.FromString(
                node.SerializeToString()
            )]  # fmt: skip
        del made.graph.node[:]
        del made.graph.value_info[:]
        made.graph.node.extend(taken)
    for k, node in enumerate(made.graph.node):
        if node.op_type in RECURRENT and not node.output[0]:
            node.output[0] = f"{called(_node(node))}.all{k}"
    return made


def _branch(onnx: Any, model: Any, node: Any, values: Mapping[str, Any]) -> list[Any]:
    """The nodes of the branch that was taken."""
    took = bool(np.asarray(values[node.input[0]]).reshape(-1)[0])
    graph = next(one.g for one in node.attribute if one.name == ("then_branch" if took else "else_branch"))
    model.graph.initializer.extend(graph.initializer)
    ends = zip(graph.output, node.output, strict=False)
    return [*graph.node, *(onnx.helper.make_node("Identity", [end.name], [name]) for end, name in ends if name)]


def _values(onnx: Any, model: Any, feeds: Mapping[str, Array]) -> tuple[dict[str, Any], str]:
    """The value of every tensor, and whose arithmetic it is. What one evaluator cannot run the other may."""
    tries = [_by_onnxruntime] * (importlib.util.find_spec("onnxruntime") is not None) + [_by_onnx]
    known = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer} | dict(feeds)
    refused = ""
    for run in tries:
        try:
            found, by = run(onnx, model, feeds)
            return known | found, by
        except Exception as error:  # an evaluator raises what it likes
            refused = refused or f"{type(error).__name__}: {' '.join(str(error).split())[:240]}"
    raise InputError(f"the graph cannot be run with these inputs: {refused}")


def _names(model: Any) -> list[str]:
    return [name for node in model.graph.node for name in node.output if name]


def _by_onnx(onnx: Any, model: Any, feeds: Mapping[str, Array]) -> tuple[dict[str, Any], str]:
    names = _names(model)
    opset = next((one.version for one in model.opset_import if one.domain in OURS), 1)
    found = onnx.reference.ReferenceEvaluator(model, new_ops=_older(opset)).run(names, dict(feeds))
    return dict(zip(names, found, strict=True)), f"onnx {onnx.__version__}"


def _older(opset: int) -> list[Any]:
    """Operators as they were in an opset, where onnx' own evaluator has the newer meaning, or another, alone."""
    from onnx.reference.op_run import OpRun

    class Softmax(OpRun):  # type: ignore[misc]  # before 13 all axes from one on
        def _run(self, x: Array, **_: Any) -> tuple[Array]:
            axis = next((one.i for one in self.onnx_node.attribute if one.name == "axis"), 1) % x.ndim
            flat = x.reshape(math.prod(x.shape[:axis]), -1)
            powers = np.exp(flat - flat.max(1, keepdims=True))
            return ((powers / powers.sum(1, keepdims=True)).reshape(x.shape),)

    class LogSoftmax(Softmax):
        def _run(self, x: Array, **_: Any) -> tuple[Array]:
            return (np.log(super()._run(x)[0]),)

    class BatchNormalization(OpRun):  # type: ignore[misc]  # from 9 to 13 the statistics of the batch are mixed in there
        def _run(self, x: Array, *of_channels: Array, epsilon: float, **_: Any) -> tuple[Array]:
            gamma, beta, mean, variance = (one.reshape(-1, *[1] * (x.ndim - 2)) for one in of_channels)
            return (((x - mean) / np.sqrt(variance + epsilon) * gamma + beta).astype(x.dtype),)

    return [Softmax, LogSoftmax] * (opset < 13) + [BatchNormalization] * (7 <= opset < 14)


def _by_onnxruntime(onnx: Any, model: Any, feeds: Mapping[str, Array]) -> tuple[dict[str, Any], str]:
    import onnxruntime

    asking, known = onnx.ModelProto.FromString(model.SerializeToString()), {one.name for one in model.graph.output}
    asking.graph.output.extend(onnx.ValueInfoProto(name=name) for name in _names(model) if name not in known)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4  # what it refuses is raised besides
    session = onnxruntime.InferenceSession(asking.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(feeds)), strict=True)), f"onnxruntime {onnxruntime.__version__}"


# ── reading ──────────────────────────────────────────────────────────────────
def _node(proto: Any) -> OnnxNode:
    """A node as the reader of files has it: operator, name, what goes in and out, whole numbers of its attributes."""
    whole = {one.name: one.i for one in proto.attribute}
    return OnnxNode(proto.op_type, proto.name, list(proto.input), list(proto.output), whole)


@dataclass(frozen=True)
class _Source:
    """Where a tensor came from: calls that made it, parameters that it is, whether the input of the graph is in it."""

    calls: frozenset[int] = frozenset()
    learnt: tuple[str, ...] = ()
    live: bool = False


class _Run:
    """Which nodes of a run are calls, and what each was made of."""

    def __init__(self, onnx: Any, model: Any, values: Mapping[str, Any], feeds: Mapping[str, Array]) -> None:
        self.onnx, self.calls, self.sizes = onnx, list[SeenCall](), dict[str, int]()
        initial = [one.name for one in model.graph.initializer]
        self.values = {name: numbers(value) for name, value in values.items()}
        self.kinds = {name: getattr(value, "dtype", None) for name, value in values.items()}
        self.opset = next((one.version for one in model.opset_import if one.domain in OURS), 1)
        nodes = [_node(node) for node in model.graph.node]
        constant = [node.outputs[0] for node in nodes if node.operator == "Constant"]
        self.known = named([*initial, *constant], nodes)
        self.sources = {name: _Source(learnt=(name,)) for name in (*initial, *constant)}
        self.sources |= {name: _Source(live=True) for name in feeds}
        for proto, node in zip(model.graph.node, nodes, strict=True):
            self._add(proto, node)

    def _add(self, proto: Any, node: OnnxNode) -> None:
        """A node that computes something is a call; another one carries what it was given."""
        found = [self.sources.get(name, _Source()) for name in node.inputs if name]
        # What is gathered, cut or seen in another shape comes from the first input; the others say where.
        carries = node.operator in WIRES or (node.operator == "Gather" and not self._looks_up(node))
        found = found[:1] if carries else found
        live = any(one.live for one in found) and node.operator not in MAKERS
        if node.operator == "Constant":
            return
        floats = any(self._float(name) for name in node.outputs)
        if carries or not live or not floats:
            calls = frozenset[int]().union(*(one.calls for one in found)) if live else frozenset[int]()
            learnt = tuple(dict.fromkeys(name for one in found for name in one.learnt)) if not live else ()
            made = _Source(calls, learnt, live)
        else:
            self.calls.append(self._call(proto, node))
            made = _Source(frozenset((len(self.calls) - 1,)), (), True)
        self.sources |= {name: made for name in node.outputs if name}

    def _float(self, name: str) -> bool:
        value = self.values.get(name)
        return value is not None and value.dtype.kind == "f"

    def _looks_up(self, node: OnnxNode) -> bool:
        """Whether rows of a table of parameters are looked up, and no part of what a layer gave."""
        source = self.sources.get(node.inputs[0], _Source())
        return not source.live and self._float(node.inputs[0])

    def _call(self, proto: Any, node: OnnxNode) -> SeenCall:
        inputs = [self.sources.get(name, _Source()) if name else _Source() for name in node.inputs]
        weights = self._weights(node.operator, inputs)
        self.sizes |= weights
        x = tuple(self.values.get(name) if name else None for name in node.inputs)
        y = tuple(self.values.get(name) if name else None for name in node.outputs)
        attributes = {one.name: self.onnx.helper.get_attribute_value(one) for one in proto.attribute}
        if node.operator == "MatMul":
            attributes["learned"] = not inputs[1].live
        here = proto.domain in OURS
        call = onnx_nodes.OnnxCall(node.operator, attributes, x, y, self.opset)
        given = [(one, source) for one, source in zip(x, inputs, strict=True) if one is not None and source.live]
        return SeenCall(
            _place(proto, node), node.operator,
            [one for one, _ in given],
            [one for one in y if one is not None],
            partial(onnx_nodes.read, call) if here else partial(_foreign, node.operator, proto.domain),
            tuple(sorted(frozenset[int]().union(*(one.calls for one in inputs)))),
            tuple(k for k, (_, source) in enumerate(given) if not source.calls), weights,
            getattr(self.kinds.get(node.outputs[0]), "name", "float32"),
        )  # fmt: skip

    def _weights(self, operator: str, inputs: Sequence[_Source]) -> dict[str, int]:
        """The parameters among what a node is given, and how many numbers they have: no single numbers, no statistics
        of a norm, no states of a sequence."""
        found: dict[str, int] = {}
        roles = ROLES.get(operator, ())
        if not roles and operator not in onnx_nodes.PAIRS:
            return found
        for k, source in enumerate(inputs):
            role = roles[k] if k < len(roles) else ""
            for name in () if source.live else source.learnt:
                x = self.values[name]
                counts = bool(role) and not role.startswith("running") if roles else x is not None and x.size > 1
                if x is not None and x.dtype.kind == "f" and counts:
                    found[self.known[name]] = x.size
        return found


def _place(proto: Any, node: OnnxNode) -> str:
    """Where a node stands: the module that PyTorch's exporter notes, or else its name."""
    noted = {one.key: one.value for one in getattr(proto, "metadata_props", ())}.get("pkg.torch.onnx.name_scopes", "")
    scopes = re.findall(r"'([^']*)'", noted)
    if len(scopes) < 2:
        return called(node)
    return f"{scopes[-2]}.{node.operator}".lstrip(".")


def _foreign(operator: str, domain: str) -> Any:
    raise OptionError(f"{operator} of {given(domain)} is no operator of ONNX itself, and no layer that is known here")
