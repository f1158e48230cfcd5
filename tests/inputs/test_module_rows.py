"""``nn.Sequential`` as one trace, and what no trace is made of; only where PyTorch is."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim import catalog
from layeranim.engine import archive
from layeranim.errors import OptionError, UsageError
from tests.engine.family import refused, replays

torch = pytest.importorskip("torch")
from tests.inputs import torch_modules  # noqa: E402

nn = torch.nn


def network() -> Any:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Sequential(nn.Linear(2, 3), nn.Softmax(-1)),
    )  # fmt: skip


def test_a_row_is_one_trace_with_the_names_of_its_modules() -> None:
    trace = la.from_torch(network(), torch.rand(2, 1, 5, 5))
    assert {"0.kernel", "0.output", "1.gamma", "2.output", "3.output", "5.0.weight", "output"} <= set(trace)
    assert [trace.tensor(name).role for name in ("input", "0.kernel", "0.output", "output")] == [
        "input", "weight", "intermediate", "output",
    ]  # fmt: skip
    assert trace.facts == {"layers": 7, "parameters": 2 * 9 + 2 + 4 + 3 * 2 + 3}
    replays(trace)
    written = [step.writes.tensor.split(".")[0].replace("output", "5") for step in trace.steps]
    assert written == sorted(written)  # one module after another


def test_a_module_that_stands_twice_is_a_layer_each_time() -> None:
    square, act = nn.Linear(2, 2), nn.Tanh()
    trace = la.from_torch(nn.Sequential(square, act, square, act), torch.rand(1, 2))
    assert trace.facts["layers"] == 4
    assert np.array_equal(trace["0.weight"], trace["2.weight"])


@pytest.mark.parametrize("suffix", archive.SUFFIXES)
def test_a_file_gives_a_row_back(suffix: str) -> None:
    rows = [nn.Embedding(5, 3), nn.LSTM(3, 2, 2, bidirectional=True, batch_first=True)]
    for module, x in ((network().eval(), torch.rand(1, 1, 5, 5)), (nn.Sequential(*rows), torch.tensor([[1, 2, 4]]))):
        trace = la.from_torch(module, x)
        again = archive.load(io.BytesIO(archive.dumps(trace, suffix)), catalog.layer)
        assert archive.same(trace, again)
        assert again.steps[-1] == trace.steps[-1]


def test_module_buffers_inputs_and_random_state_stay() -> None:
    module, x = nn.Sequential(nn.ReLU(inplace=True), nn.BatchNorm1d(3)), torch.randn(4, 3)
    trembling = nn.utils.parametrize.register_parametrization(nn.Linear(3, 2), "weight", Trembling())
    held, before, state = copy.deepcopy(module.state_dict()), x.clone(), torch.get_rng_state()
    la.from_torch(module, x)
    la.from_torch(nn.Dropout(0.5), x)
    la.from_torch(trembling, x)
    assert torch.equal(x, before)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, held[name]) for name, value in module.state_dict().items())
    assert module.training
    assert not x.requires_grad


class Trembling(nn.Module):
    """A parametrization that draws random numbers whenever it is read."""

    def forward(self, weight: Any) -> Any:
        return weight + torch.rand_like(weight)


def hooked(add: Callable[[Any], Any]) -> Any:
    module = nn.Linear(3, 2)
    add(module)
    return module


@pytest.mark.parametrize(
    ("module", "pieces"),
    [
        (hooked(lambda m: m.register_forward_hook(lambda m, x, y: y + 1)), ("Linear gives", "a hook")),
        (hooked(lambda m: m.register_forward_pre_hook(lambda m, x: (2 * x[0],))), ("Linear gives", "a hook")),
        (hooked(lambda m: m.register_forward_hook(lambda m, x, y: y[:, :1])), ("Linear gives 4×1", "here 4×2")),
        (hooked(lambda m: setattr(m, "forward", lambda input: input)), ("forward of its own",)),
        (nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)), ("1: Dropout", "call module.eval() first")),
        (nn.Sequential(nn.Linear(3, 2), nn.Hardshrink()), ("1: Hardshrink", "no module that is read here")),
        (nn.Sequential(), ("Sequential is empty",)),
        (nn.Sequential(nn.LSTM(3, 2), nn.Linear(2, 2)), ("0: LSTM returns several tensors",)),
        (nn.TransformerEncoderLayer(3, 1, 4), ("drops at random inside",)),
        (nn.Linear(4, 2), ("in_features", "3", "4")),
        (type("Mine", (nn.Sequential,), {"forward": lambda self, input: input})(nn.ReLU()), ("forward of its own",)),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_truly_is_refused(module: Any, pieces: tuple[str, ...]) -> None:
    refused(lambda: la.from_torch(module, torch.randn(4, 3)), *pieces)


GIVEN_BACK = {
    "dict": {"logits": 1},
    "str": "text",
    "float": 3.0,
    "nothing": (),
    "ndarray": np.ones((4, 2)),
    "bool": True,
}


@pytest.mark.parametrize("shown", GIVEN_BACK)
def test_a_hook_that_gives_back_no_tensor_is_refused(shown: str) -> None:
    module = hooked(lambda m: m.register_forward_hook(lambda m, x, y: GIVEN_BACK[shown]))
    x = torch.randn(4, 3)
    for whole, where in (
        (module, ""),
        (nn.Sequential(module, nn.ReLU()), "0: "),
        (nn.Sequential(nn.ReLU(), module), "1: "),
    ):
        refused(lambda whole=whole: la.from_torch(whole, x), f"{where}Linear gives {shown} where a tensor", "a hook")
    assert la.from_torch(hooked(lambda m: m.register_forward_hook(lambda m, x, y: [y])), x)["output"].shape == (4, 2)


@pytest.mark.parametrize("x", ["text", {"a": 1}, object(), torch.ones(4, 3, dtype=torch.complex64), [["a", "b", "c"]]])
def test_an_input_that_holds_no_numbers_is_refused(x: Any) -> None:
    refused(lambda: la.from_torch(nn.Linear(3, 2), x), "input", "must be a tensor of real numbers")


def test_hooks_and_parametrizations_that_give_the_same_are_taken() -> None:
    x = torch.randn(4, 3, dtype=torch.float64)
    for module in (
        hooked(lambda m: m.register_forward_hook(lambda m, x, y: None)),
        nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)),
        nn.utils.parametrizations.orthogonal(nn.Linear(3, 2)),
    ):
        trace = la.from_torch(module.double(), x)
        np.testing.assert_allclose(trace["output"], module(x).detach().numpy(), rtol=1e-12)


def test_a_module_that_cannot_be_copied_or_called_is_refused_in_one_line() -> None:
    module = nn.Linear(3, 2)
    module.kept = module.weight * 2  # a tensor with a history, which PyTorch does not copy
    refused(lambda: la.from_torch(module, torch.randn(4, 3)), "cannot be copied")
    refused(lambda: la.from_torch(nn.Conv2d(1, 1, 3), torch.randn(1, 1, 2, 2)), "kernel_size", "2", "3")


def test_no_warning_is_raised() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        la.from_torch(nn.Softmax(), torch.randn(2, 3))
        la.from_torch(network(), torch.rand(2, 1, 5, 5))


def test_a_row_that_contradicts_itself_is_refused() -> None:
    for row in ("[]", "x", '[["0","conv2",{},[1],[0],[1],[]]]', '[["0","dense",{},[1,2],[0,0],[1,2],[]]]',
                '[["0","dense",{},[1,2],[0,1],[1,3],[]]]', '[["0","dense",{},[1,0],[0,1],[1,0],[]]]', 3):  # fmt: skip
        with pytest.raises(OptionError, match="layers must be JSON"):
            la.trace("sequential", layers=row)
    with pytest.raises(UsageError, match=r"0\.units is 0"):
        la.trace("sequential", layers='[["0","dense",{"units":"0"},[1,2],[0,1],[1,2],["weight"]]]')


@pytest.mark.parametrize("made", list(torch_modules.rows_of_modules()), ids=str)
def test_a_row_goes_backwards_as_autograd_does(made: Any) -> None:
    module, (x,), _ = torch_modules.typed(made, torch.float64)
    trace = la.from_torch(module, x)
    live = copy.deepcopy(module)
    entry = x.clone().requires_grad_(x.is_floating_point())
    result = live(entry * 1 if x.is_floating_point() else entry)
    result = result[0] if isinstance(result, tuple) else result
    g = torch.randn(result.shape, dtype=torch.float64)
    (result * g).sum().backward()
    back = replays(la.backward(trace, output=g.numpy().reshape(trace["output"].shape)))
    if x.is_floating_point():
        np.testing.assert_allclose(back["grad_input"], entry.grad, rtol=1e-9, atol=1e-11)
    theirs = {name: p.grad.numpy() for name, p in live.named_parameters()}
    ours = {"kernel": "weight", "gamma": "weight", "beta": "bias", "table": "weight", "slope": "weight"}
    compared = 0
    for name in (n for n in back if n.startswith("grad_")):
        place, _, last = name.removeprefix("grad_").rpartition(".")
        found = theirs.get(f"{place}.{ours.get(last, last)}")
        if found is not None:
            np.testing.assert_allclose(back[name].reshape(found.shape), found, rtol=1e-9, atol=1e-11, err_msg=name)
            compared += 1
    assert compared or not any("weight" in name for name in theirs)


def test_a_group_of_one_number_is_taken() -> None:
    trace = la.from_torch(nn.GroupNorm(3, 3), torch.tensor([[1.5, -2.25, 3.1], [1.3, 0.7, -1.9]]))
    assert not trace["output"].any()  # of PyTorch only rounding is left
