"""What a capture leaves as it was, what it survives, and what it says of what it cannot see."""

from __future__ import annotations

import copy
import random
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.errors import OptionError

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from tests.capture.torch_models import MODELS, drawn  # noqa: E402


def hooks(model: nn.Module) -> list[Any]:
    names = ("_forward_hooks", "_forward_pre_hooks", "_forward_hooks_with_kwargs", "_forward_pre_hooks_with_kwargs",
             "_forward_hooks_always_called")  # fmt: skip
    return [dict(getattr(module, name)) for module in model.modules() for name in names]


def state(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def chances() -> list[Any]:
    return [torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()]


class Careless(nn.Module):
    """It trains, draws from everybody's random numbers, and raises if it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.bn, self.drop, self.fc = nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2)
        self.table = nn.Embedding(5, 4, max_norm=0.1)

    def forward(self, x: Tensor, fail: bool = False) -> Tensor:
        x = self.drop(self.bn(x)) * random.random() + float(np.random.rand())
        x = x + self.table(torch.tensor([1, 2]))
        if fail:
            raise KeyError("as the model says")
        return self.fc(x)


@pytest.mark.parametrize("fail", [False, True])
def test_state_hooks_modes_and_chance_are_as_before_also_where_it_raises(fail: bool) -> None:
    model = Careless()
    before = (state(model), hooks(model), chances(), [m.training for m in model.modules()])
    for _ in range(2):
        if fail:
            with pytest.raises(KeyError, match="as the model says"):
                la.capture(model, drawn(2, 4), fail=True)
        else:
            la.capture(model, drawn(2, 4))
    assert all(torch.equal(model.state_dict()[name], value) for name, value in before[0].items())
    assert (hooks(model), chances(), [m.training for m in model.modules()]) == before[1:]
    assert torch.is_grad_enabled()
    assert not torch.overrides._get_current_function_mode_stack()
    torch.tensor([1.0]).add(1)  # torch itself is as it was


class Keeping(nn.Module):
    """It keeps what it made in every way that there is, and trains while it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.head, self.scale = nn.Linear(4, 4), nn.Linear(4, 2), nn.Parameter(torch.ones(2))
        self.register_buffer("mean", torch.zeros(4))
        self.memory, self.cache, self.seen, self.runs = torch.zeros(4), None, [], 0

    def forward(self, x: Tensor) -> Tensor:
        self.fc.weight.data.clamp_(-0.1, 0.1)
        y = self.fc(x)
        self.fc.weight.data.mul_(2)
        with torch.enable_grad():
            self.head(y).sum().backward()
        with torch.no_grad():
            self.scale.mul_(0.5)
        self.head.requires_grad_(False)
        self.mean = 0.9 * self.mean + y.mean(0)
        self.memory += y.mean(0)
        self.cache, self.late, self.runs = y, y, self.runs + 1
        self.seen.append(y)
        return self.head(y + self.memory) * self.scale


def test_what_a_model_keeps_and_learns_while_it_runs_is_put_back() -> None:
    torch.manual_seed(1)
    model, x = Keeping(), drawn(2, 4)
    before, buffer, names = state(model), model.mean, {*vars(model)}
    found = la.capture(model, x)
    assert [call.agrees for call in found.layers] == [True] * len(found.layers), repr(found)
    assert all(torch.equal(model.state_dict()[name], value) for name, value in before.items())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert (model.cache, model.seen, model.runs, {*vars(model)}) == (None, [], 0, names)
    assert model.mean is buffer
    assert not model.memory.any()
    assert torch.equal(la.capture(model, x).output, found.output)


def test_the_callers_tensors_and_their_gradients_are_left_alone() -> None:
    model, x = MODELS["residual-cnn"].make(), drawn(2, 3, 8, 8).requires_grad_()
    before = x.detach().clone()
    la.capture(model, x)
    assert torch.equal(x, before)
    assert x.grad is None
    assert all(p.grad is None for p in model.parameters())
    model(x).sum().backward()
    assert x.grad is not None


def test_an_error_of_the_model_says_where_it_was() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(3, 2))
    with pytest.raises(RuntimeError) as raised:
        la.capture(model, drawn(2, 4))
    assert raised.value.__notes__ == ["while la.capture ran the model: in 2, call 3, after 1"]


class Recovering(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wrong, self.right = nn.Linear(3, 2), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        try:
            x = self.wrong(x)
        except RuntimeError:
            x = F.relu(self.right(x))
        return x + 1


def test_a_model_that_catches_its_own_error_goes_on_being_seen() -> None:
    assert [call.name for call in la.capture(Recovering(), drawn(2, 4))] == ["right", "relu", "add"]


class Shifting(nn.Module):
    """It writes in place into what earlier calls gave and were given."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.fc(x)
        z = y.view(2, 2, 2)
        z.mul_(2)
        y[0] = 0
        F.relu_(y)
        return torch.add(y, 1, out=torch.empty(2, 4)) + F.silu(y, True)


def test_what_is_written_in_place_is_kept_as_it_was_before() -> None:
    torch.manual_seed(3)
    found = la.capture(Shifting(), drawn(2, 4))
    assert all(call.agrees for call in found.layers), repr(found)
    np.testing.assert_allclose(found["mul"].output.reshape(2, 4), 2 * found["fc"].output, rtol=1e-6)
    assert (found["fc"].output[0] != 0).all()


def test_what_is_written_after_the_capture_is_noticed() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    found = la.capture(model, drawn(2, 4))
    found.output.zero_()
    with pytest.raises(OptionError, match="1 was written to in place since it was captured"):
        found.trace("1")
    with torch.no_grad():
        model[0].weight.add_(1)
    with pytest.raises(OptionError, match=r"0 gives .* where its layer here gives"):
        found.trace("0")


def test_weights_that_are_lent_for_one_call_are_those_of_the_call() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.LSTM(3, 2))
    lent = {name: torch.full_like(p, 0.25) for name, p in model.named_parameters()}

    class Lending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, x: Tensor) -> Any:
            return torch.func.functional_call(self.inner, lent, x)

    found = la.capture(Lending(), drawn(5, 2, 4))
    assert [call.agrees for call in found.layers] == [True, True]
    assert (found.trace("inner.0")["weight"] == 0.25).all()


class Sparse(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = torch.vmap(lambda row: F.relu(row) * 2)(x)
        return torch.sparse.mm(x.to_sparse(), y.t())


def test_sparse_numbers_and_those_inside_vmap_are_no_error() -> None:
    found = la.capture(Sparse(), drawn(3, 4))
    assert not any(call.agrees is False for call in found)


class Apart(nn.Module):
    """What another thread computes is not seen, and disturbs nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        thread = threading.Thread(target=lambda: F.relu(x) + 1)
        thread.start()
        thread.join()
        return self.fc(x)


def test_a_thread_of_the_models_own_disturbs_nothing() -> None:
    assert [call.name for call in la.capture(Apart(), drawn(2, 4))] == ["fc"]


def test_the_fast_path_of_an_encoder_is_said_to_be_off() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    model = nn.TransformerEncoder(layer, 2).eval()
    pad = torch.tensor([[False, False, True]])
    found = la.capture(model, drawn(1, 3, 8), src_key_padding_mask=pad)
    assert [call.layer for call in found.layers] == ["transformer", "transformer"]
    assert all(call.agrees for call in found.layers)
    assert any("fast path" in note for note in found.notes)


def test_autocast_is_held_against_the_type_that_it_computes_in() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = la.capture(model, drawn(2, 4))
    assert found["0"].agrees, repr(found)
    assert all(call.agrees is not False for call in found)


def test_a_quantised_layer_is_no_linear_layer() -> None:
    try:
        model = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 4)), {nn.Linear})
    except (RuntimeError, AttributeError) as error:
        pytest.skip(f"PyTorch here cannot quantise: {error}")
    found = la.capture(model, drawn(2, 4))
    assert all(call.layer is None for call in found), repr(found)


def test_a_compiled_model_runs_as_it_is_written() -> None:
    model = torch.compile(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), backend="eager")
    assert [call.name for call in la.capture(model, drawn(2, 4))] == ["0", "1"]


def test_hooks_that_change_numbers_are_calls_of_their_own() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    model[0].register_forward_hook(lambda module, args, result: result + 1)
    model[1].register_forward_pre_hook(lambda module, args: (args[0] * 2,))
    found = la.capture(model, drawn(2, 4))
    assert [(call.name, call.layer, call.agrees) for call in found] == [
        ("0", "dense", True), ("add", "elementwise", True), ("mul", "elementwise", True), ("1", "activation", True),
    ]  # fmt: skip
    assert len(model[0]._forward_hooks) == len(model[1]._forward_pre_hooks) == 1


class Off(nn.Module):
    """A layer whose weight NumPy changes after the call, behind PyTorch's back."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.fc(x)
        self.fc.weight.detach().numpy()[:] *= 1.001
        return F.relu(y)


def test_other_numbers_than_the_models_disagree_and_there_is_no_trace() -> None:
    found = la.capture(Off(), drawn(2, 4))
    assert (found["fc"].agrees, found["relu"].agrees) == (False, True)
    assert "NO" in repr(found.layers)
    assert "fc: " in repr(found)
    with pytest.raises(OptionError, match="so it is not shown"):
        found.trace("fc")


def test_a_weight_that_every_call_makes_anew_is_that_of_the_call() -> None:
    torch.manual_seed(0)
    model = nn.utils.parametrizations.spectral_norm(nn.Linear(6, 3))
    before = state(model)
    found = la.capture(model, drawn(2, 6))
    (call,) = found
    assert call.agrees is True, call.why
    call.trace()
    assert all(torch.equal(model.state_dict()[name], value) for name, value in before.items())


def test_what_our_layer_refuses_to_compute_has_no_layer_and_does_not_disagree() -> None:
    (call,) = la.capture(Traced(), torch.ones(1, 1, 1, 1, 1, 1, 1))
    assert (call.layer, call.agrees) == (None, None)
    with pytest.raises(OptionError, match="at most 6"):
        call.trace()
    assert len(la.capture(nn.Linear(6, 2), torch.ones(0, 6))) == 0


def test_only_what_is_asked_for_is_kept() -> None:
    model = MODELS["nanogpt"]
    found = la.capture(model.make(), *model.args, keep="h.1.*")
    kept = [call.name for call in found if call.outputs]
    assert kept
    assert all(name.startswith("h.1.") for name in kept)
    assert found["h.0.ln1"].shapes_out == ((2, 5, 16),)
    assert found["h.1.ln1"].agrees
    with pytest.raises(OptionError, match="were not kept"):
        found["h.0.ln1"].trace()
    with pytest.raises(OptionError, match=r"keep is 'layer4\.\*', but no call is called so; there are wte"):
        la.capture(model.make(), *model.args, keep=("h.0.ln1", "layer4.*"))


def test_values_beyond_the_memory_allowed_are_refused_with_the_largest() -> None:
    model = nn.Sequential(nn.Linear(4, 50_000), nn.ReLU(), nn.Linear(50_000, 2), nn.Tanh())
    with pytest.raises(OptionError, match=r'more than .*; largest: (0|1) .*keep fewer with keep="layer4'):
        la.capture(model, drawn(2, 4), max_memory="200KB")
    assert la.capture(model, drawn(2, 4), max_memory="2MB").share == 1
    assert la.capture(model, drawn(2, 4), max_memory="200KB", keep="3")["0"].outputs == {}


class Traced(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1


@pytest.mark.parametrize(
    ("model", "pieces"),
    [
        (lambda: {"weight": 1}, "dict is no torch.nn.Module.*la.from_state reads weights alone"),
        (lambda: F.relu, "function is no torch.nn.Module"),
        (lambda: torch.jit.trace(Traced(), drawn(2)), "TorchScript, whose calls cannot be seen"),
        (lambda: nn.Linear(2, 2, device="meta"), r"weight has no numbers \(it is on the meta device\)"),
        (lambda: nn.LazyLinear(2), r"weight has no numbers yet \(a lazy module\)"),
    ],
)
def test_what_is_no_model_that_can_be_run_is_answered(model: Any, pieces: str) -> None:
    with pytest.raises(OptionError, match=pieces):
        la.capture(model(), drawn(2, 2))


def test_without_check_nothing_is_computed_until_a_trace_is_asked_for() -> None:
    model = MODELS["residual-cnn"]
    found = la.capture(model.make(), *model.args, check=False)
    assert all(call.agrees is None for call in found)
    assert "not checked" in repr(found)
    assert found.trace("conv1").layer == "conv"


def test_the_calls_of_known_modules_alone_are_seen_from_their_outside() -> None:
    found = la.capture(nn.LSTM(3, 2, batch_first=True), drawn(2, 4, 3))
    assert [(call.name, call.layer) for call in found] == [("LSTM", "lstm")]
    assert set(found["LSTM"].outputs) == {"output1", "output2", "output3"}


def test_a_copy_of_a_model_is_another_model() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    assert hooks(copy.deepcopy(model)) == hooks(model)


def test_nothing_of_ours_imports_pytorch() -> None:
    code = ("import sys, layeranim as la; import layeranim.capturing.take, layeranim.capturing.recognise_attention, "
            "layeranim.capturing.recognise_modules, layeranim.capturing.file, layeranim.capturing.users; "
            "la.capture, la.load_capture; print('torch' in sys.modules)")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
