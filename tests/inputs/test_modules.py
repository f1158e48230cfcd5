"""A live module becomes a trace that holds what the module itself computes."""

from __future__ import annotations

import copy
import importlib.util
import warnings
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim import catalog
from layeranim.engine.replay import replay
from layeranim.errors import InputError, OptionError, ShapeError, UsageError
from layeranim.inputs.modules import READERS
from layeranim.preparing import traced

RNG = np.random.default_rng(5)


def stand_in(kind: str, parameters: str, **attributes: Any) -> Any:
    """An object with a module's class name, signature and attributes: all that is read of one."""
    namespace: dict[str, Any] = {}
    exec(f"def forward(self, {parameters}): return None", namespace)
    made = type(kind, (), {"forward": namespace["forward"]})()
    vars(made).update({"training": False, "bias": None, "weight": None, **attributes})
    state = attributes.get("state", {})
    made.state_dict = lambda: state
    return made


def normal(*shape: int) -> Any:
    return RNG.normal(size=shape)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def convolution(**changes: Any) -> Any:
    made = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1, "padding_mode": "zeros"}
    return stand_in("Conv2d", "input", weight=np.ones((1, 1, 2, 2)), bias=np.array([0.5]), **{**made, **changes})


def lstm(**changes: Any) -> Any:
    state = {"weight_ih_l0": WEIGHTS[0], "weight_hh_l0": WEIGHTS[1], "bias_ih_l0": WEIGHTS[2], "bias_hh_l0": WEIGHTS[3]}
    made = {"state": state, "num_layers": 1, "dropout": 0.0, "batch_first": False}
    return stand_in("LSTM", "input, hx=None", **{**made, **changes})


WEIGHTS = normal(8, 3), normal(8, 2), normal(8), normal(8)
CLASSES = normal(4, 3)
SEQUENCE = normal(4, 1, 3)


def run_lstm(x: Any, hidden: Any, cell: Any) -> list[Any]:
    out = []
    for row in x:
        i, f, g, o = np.split(WEIGHTS[0] @ row + WEIGHTS[2] + WEIGHTS[1] @ hidden + WEIGHTS[3], 4)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        hidden = sigmoid(o) * np.tanh(cell)
        out.append(hidden)
    return out


def test_stand_ins_give_what_their_formulas_say() -> None:
    x, weight = normal(2, 3), normal(4, 3)
    linear = la.from_torch(stand_in("Linear", "input", weight=weight), x)
    np.testing.assert_allclose(linear["output"], x @ weight.T, rtol=1e-12)
    image = np.arange(9.0).reshape(1, 1, 3, 3)
    np.testing.assert_array_equal(la.from_torch(convolution(), image)["output"], [[[[8.5, 12.5], [20.5, 24.5]]]])
    pool = stand_in("MaxPool2d", "input", kernel_size=2, stride=1, padding=0, dilation=1, ceil_mode=False)
    np.testing.assert_array_equal(la.from_torch(pool, image)["output"], [[[[4, 5], [7, 8]]]])
    batch = stand_in("BatchNorm2d", "input", eps=0.0, momentum=0.1, running_mean=[4.0], running_var=[4.0])
    np.testing.assert_allclose(la.from_torch(batch, image)["output"], (image - 4) / 2)
    rms = stand_in("RMSNorm", "x", weight=np.array([1.0, 2.0, 3.0]), eps=0.0, normalized_shape=(3,))
    expected = x / np.sqrt((x**2).mean(axis=-1, keepdims=True)) * [1, 2, 3]
    np.testing.assert_allclose(la.from_torch(rms, x)["output"], expected)
    logits = stand_in("CrossEntropyLoss", "input, target", reduction="mean", label_smoothing=0.0, ignore_index=-100)
    ids = np.array([0, 2, 1, -100])
    picked = (CLASSES - np.log(np.exp(CLASSES).sum(axis=1, keepdims=True)))[np.arange(3), ids[:3]]
    np.testing.assert_allclose(la.from_torch(logits, CLASSES, ids)["loss"], -picked.mean(), rtol=1e-12)
    flat = la.from_torch(stand_in("Flatten", "input", start_dim=1, end_dim=-1), normal(2, 3, 2, 2, 2))
    np.testing.assert_array_equal(flat["output"], flat["input"].reshape(2, -1))


@pytest.mark.parametrize(("momentum", "weight"), [(None, 1 / 4), (0.2, 0.2)])
def test_running_statistics_go_on_as_the_module_would(momentum: float | None, weight: float) -> None:
    x, running = normal(6, 2), {"running_mean": np.array([1.0, 2.0]), "running_var": np.array([3.0, 4.0])}
    made = {"eps": 1e-5, "momentum": momentum, "num_batches_tracked": 3, "training": True}
    trace = la.from_torch(stand_in("BatchNorm1d", "input", **made, **running), x)
    mean, variance = x.mean(axis=0), x.var(axis=0, ddof=1)
    expected = (1 - weight) * running["running_mean"] + weight * mean
    np.testing.assert_allclose(trace["new_running_mean"], expected, rtol=1e-12)
    expected = (1 - weight) * running["running_var"] + weight * variance
    np.testing.assert_allclose(trace["new_running_variance"], expected, rtol=1e-12)


def test_a_class_axis_comes_last() -> None:
    x = normal(2, 3, 4)
    found = la.from_torch(stand_in("Softmax", "input", dim=1), x)["output"]
    expected = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, np.moveaxis(expected, 1, -1).reshape(-1, 3), rtol=1e-12)
    found = la.from_torch(stand_in("PReLU", "input", weight=np.array([0.0, 1.0, 2.0])), x)["output"]
    expected = np.where(x > 0, x, x * np.array([0.0, 1.0, 2.0])[:, None])
    np.testing.assert_allclose(found, np.moveaxis(expected, 1, -1).reshape(-1, 3), rtol=1e-12)


def test_a_stand_in_lstm_with_states_and_packed_sequences() -> None:
    zero = np.zeros(2)
    np.testing.assert_allclose(
        la.from_torch(lstm(), SEQUENCE)["output"][0], run_lstm(SEQUENCE[:, 0], zero, zero), rtol=1e-12
    )
    states = normal(1, 1, 2), normal(1, 1, 2)
    found = la.from_torch(lstm(), SEQUENCE, hx=states)["output"][0]
    np.testing.assert_allclose(found, run_lstm(SEQUENCE[:, 0], states[0][0, 0], states[1][0, 0]), rtol=1e-12)
    packed = namedtuple("PackedSequence", "data batch_sizes sorted_indices unsorted_indices")
    long, short = normal(3, 3), normal(1, 3)
    rows = np.concatenate([[long[0], short[0]], long[1:]])
    trace = la.from_torch(lstm(), packed(rows, [2, 1, 1], [1, 0], np.array([1, 0])))
    np.testing.assert_allclose(trace["output"][1], run_lstm(long, zero, zero), rtol=1e-12)
    np.testing.assert_allclose(trace["output"][0, 0], run_lstm(short, zero, zero)[0], rtol=1e-12)
    assert trace["lengths"].tolist() == [1, 3]


def test_boolean_masks_are_turned_round() -> None:
    state = {"in_proj_weight": normal(6, 2), "out_proj.weight": np.eye(2)}
    module = stand_in(
        "MultiheadAttention", "query, key, value, key_padding_mask=None, attn_mask=None, is_causal=False",
        state=state, num_heads=1, batch_first=True, dropout=0.0, add_zero_attn=False,
    )  # fmt: skip
    x, hidden = normal(1, 3, 2), np.triu(np.ones((3, 3), bool), 1)
    masked = la.from_torch(module, x, x, x, attn_mask=hidden)
    np.testing.assert_array_equal(masked["weights"][0, 0] == 0, hidden)
    np.testing.assert_array_equal(la.from_torch(module, x, x, x, is_causal=True)["output"], masked["output"])
    padded = la.from_torch(module, x, x, x, key_padding_mask=np.array([[False, True, False]]))
    np.testing.assert_array_equal(padded["weights"][0, 0] == 0, [[False, True, False]] * 3)


def test_dropout_in_training_draws_from_the_seed_and_afterwards_changes_nothing() -> None:
    x = np.ones((4, 3, 2))
    module = stand_in("Dropout", "input", p=0.5, training=True)
    first, again, other = (la.from_torch(module, x, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first["output"], again["output"])
    np.testing.assert_array_equal(first["output"], 2 * first["mask"])
    assert not np.array_equal(first["mask"], other["mask"])
    used = la.from_torch(stand_in("Dropout", "input", p=0.5), x)
    np.testing.assert_array_equal(used["output"].reshape(x.shape), x)
    whole = la.from_torch(stand_in("Dropout3d", "input", p=0.5, training=True), np.ones((20, 2, 2, 2)))
    assert whole["mask"].shape == (1, 1, 20)


@pytest.mark.parametrize("name", ["Conv2d", "LSTM", "BatchNorm2d"])
def test_what_only_has_the_name_of_a_module_is_refused(name: str) -> None:
    with pytest.raises(OptionError, match=f"{name} has no [a-z_]+, but is read as torch.nn.{name}"):
        la.from_torch(stand_in(name, "input"), normal(1, 1, 3))
    with pytest.raises(OptionError, match=f"{name} cannot be called so"):
        la.from_torch(type(name, (), {})(), normal(1, 1, 3))


def test_nothing_of_the_caller_is_changed() -> None:
    weight, x = normal(4, 3), normal(2, 3)
    kept = weight.copy(), x.copy()
    trace = la.from_torch(stand_in("Linear", "input", weight=weight), x)
    assert not any(np.shares_memory(trace[name], own) for name in ("input", "weight") for own in (weight, x))
    np.testing.assert_array_equal(weight, kept[0])
    np.testing.assert_array_equal(x, kept[1])
    assert all(trace.read(step.writes) is not None and replay(trace, step).agrees for step in trace.steps)


class Changed(type(convolution())):  # type: ignore[misc]
    """A convolution of somebody's own."""

    def forward(self, input: Any) -> Any:
        return input


ONE = np.ones((1, 1, 3, 3))
REFUSED: dict[str, tuple[Any, tuple[Any, ...], type[UsageError], str]] = {
    "unknown": (stand_in("Fold", "input"), (ONE,), OptionError, "Fold is no module .* there are Conv1d"),
    "nearly": (stand_in("Conv4d", "input"), (ONE,), OptionError, r"did you mean Conv\dd\?"),
    "no module": (3, (), OptionError, "int is no module"),
    "own forward": (Changed(), (ONE,), OptionError, "Changed has a forward of its own, but only that of Conv2d"),
    "no input": (convolution(), (), OptionError, "Conv2d cannot be called so: missing a required argument: 'input'"),
    "too many": (convolution(), (ONE, ONE), OptionError, "Conv2d cannot be called so: too many"),
    "rank": (convolution(), (np.ones((1,) * 5),), ShapeError, "input has shape 1×1×1×1×1, 5 axes"),
    "channels": (convolution(), (np.ones((1, 2, 3, 3)),), ShapeError, "2"),
    "text": (convolution(), ("abc",), InputError, "input holds <U3 values"),
    "ragged": (convolution(), ([[1], [1, 2]],), InputError, "input cannot be read as an array"),
    "dropout": (lstm(num_layers=2, dropout=0.5, training=True), (SEQUENCE,), OptionError, r"call module.eval\(\)"),
    "states": (lstm(), (SEQUENCE, normal(1, 1, 2)), OptionError, "hx of lstm must be a pair"),
    "layers": (lstm(), (SEQUENCE, (normal(2, 1, 2),) * 2), ShapeError, "initial_hidden has shape 2×1×2.* begin with 1"),
    "norm": (stand_in("LPPool2d", "input", norm_type=3, kernel_size=2), (-ONE,), OptionError, "PyTorch takes no |x|"),
    "table": (stand_in("Embedding", "input", max_norm=1.0), ([0],), OptionError, "changes the table in every call"),
    "flatten": (stand_in("Flatten", "input", start_dim=0, end_dim=1), (ONE,), OptionError, "use end_dim=-1"),
    "target": (stand_in("MSELoss", "input, target"), (normal(4, 1), normal(2, 2)), ShapeError, "must be 4×1"),
    "capped": (stand_in("BCELoss", "input, target", reduction="mean"), ([0.0], [1.0]), ShapeError, "caps"),
    "axis": (stand_in("Softmax", "input", dim=2), (normal(2, 2),), ShapeError, "along its axis 2"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_in_one_line(name: str) -> None:
    module, inputs, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message) as raised:
        la.from_torch(module, *inputs)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("module", "x"),
    [
        (convolution(), ONE),
        (stand_in("MaxPool2d", "input", kernel_size=2), np.arange(16.0).reshape(1, 1, 4, 4)),
        (lstm(), SEQUENCE),
        (stand_in("Linear", "input", weight=CLASSES), normal(1, 3)),
    ],
)
def test_a_film_is_told_from_such_a_trace(module: Any, x: Any) -> None:
    trace = la.from_torch(module, x)
    work = traced.of_trace(trace, {"quality": "draft"})
    assert catalog.layer(work.name).name == trace.layer
    board = work.storyboard(trace)
    assert board.explainer == work.name
    assert len(board.beats) > 1


def test_a_trace_without_a_film_says_so() -> None:
    with pytest.raises(OptionError, match="a trace of pool3d has numbers but no film"):
        la.render(la.from_torch(stand_in("MaxPool3d", "input", kernel_size=2), normal(1, 1, 4, 4, 4)))


@pytest.mark.parametrize("kind", ["Conv2d", "MaxPool2d"])
def test_conv_and_pool_are_drawn_from_such_a_trace(kind: str, tmp_path: Any) -> None:
    module = convolution() if kind == "Conv2d" else stand_in("MaxPool2d", "input", kernel_size=2)
    film = la.render(la.from_torch(module, ONE), output=str(tmp_path / "film.gif"), quality="draft")
    assert (tmp_path / "film.gif").stat().st_size > 1000
    assert film.alt


if importlib.util.find_spec("torch") is not None:
    import torch

    from tests.inputs import torch_modules

    TYPES = {torch.float64: 1e-10, torch.float32: 1e-5}

    @pytest.mark.parametrize("family", torch_modules.FAMILIES, ids=lambda family: family.__name__)
    def test_live_modules_give_what_they_give(family: Any) -> None:
        seen = 0
        for made in family():
            for kind, tolerance in TYPES.items():
                module, inputs, named = typed = torch_modules.typed(made, kind)
                expected = torch_modules.output(typed)
                before = {name: value.clone() for name, value in module.state_dict().items()}
                trace = la.from_torch(module, *inputs, **named)
                found = next(trace[name] for name in ("output", "loss", "losses") if name in trace)
                assert found.dtype == expected.dtype, module
                scale = max(float(np.abs(expected).max()), 1e-30)
                error = float(np.abs(found.reshape(expected.shape) - expected).max()) / scale
                assert error <= tolerance, (module, kind, error)
                assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items()), module
                seen += 1
        assert seen >= 20

    def test_every_reader_is_compared_with_its_live_module() -> None:
        made = {type(module).__name__ for family in torch_modules.FAMILIES for module, _, _ in family()}
        assert made == set(READERS)

    FAR = 1e4 + torch.randn((64, 32), generator=torch.Generator().manual_seed(3))
    NORMS = [
        torch.nn.LayerNorm(32), torch.nn.GroupNorm(2, 32), torch.nn.BatchNorm1d(32),
        torch.nn.Sequential(torch.nn.LayerNorm(32), torch.nn.Linear(32, 3)),
        torch.nn.TransformerEncoderLayer(32, 2, 8, 0.0, norm_first=True, batch_first=True),
    ]  # fmt: skip

    @pytest.mark.parametrize("module", NORMS, ids=lambda module: type(module).__name__)
    def test_what_single_precision_loses_is_decided_in_double(module: Any) -> None:
        assert la.from_torch(module, FAR)["output"].dtype == np.float32
        module = copy.deepcopy(module)
        module.register_forward_hook(lambda module, inputs, result: result * 1.1)
        with pytest.raises(OptionError, match="a hook, a parametrization"):
            la.from_torch(module, FAR)

    def test_a_quantized_module_is_refused_as_what_it_is() -> None:
        ao = torch.ao.quantization
        plain = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LSTM(4, 2))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            row = ao.quantize_dynamic(plain, {torch.nn.Linear, torch.nn.LSTM})
        linear = torch.nn.Linear(3, 4)
        linear.qconfig = ao.get_default_qat_qconfig()
        for module, said in (
            (row, "0: Linear of torch.ao.nn.quantized.dynamic is quantized"),
            (row[0], "Linear of torch.ao.nn.quantized.dynamic is quantized"),
            (row[1], "LSTM of torch.ao.nn.quantized.dynamic is quantized"),
            (torch.ao.nn.qat.Linear.from_float(linear), "Linear of torch.ao.nn.qat is quantized"),
        ):
            with pytest.raises(OptionError, match=f"^{said}.*give the module as it was before quantization"):
                la.from_torch(module, torch.ones(1, 4 if said.startswith("LSTM") else 3))

    def test_bfloat16_and_gradients_are_read() -> None:
        module = torch.nn.Linear(2, 2).bfloat16()
        trace = la.from_torch(module, torch.ones(1, 2, dtype=torch.bfloat16, requires_grad=True))
        assert trace["output"].dtype == np.float32
        np.testing.assert_array_equal(trace["weight"], module.weight.detach().float().numpy())

    def test_a_row_that_holds_itself_is_refused() -> None:
        module = torch.nn.Sequential(torch.nn.ReLU())
        module.add_module("1", module)
        with pytest.raises(OptionError, match="Sequential is nested too deep, or holds itself"):
            la.from_torch(module, torch.ones(2))

    def test_weights_not_yet_made_are_refused() -> None:
        with pytest.raises(InputError, match=r"weight cannot be read as an array: .*uninitialized parameter"):
            la.from_torch(torch.nn.LazyLinear(2), torch.ones(1, 2))
