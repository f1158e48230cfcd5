"""Models of all kinds: every call in its place, computed again by the engine, equal to what the model gave."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim import catalog
from layeranim.capturing import Capture
from layeranim.engine.graph_calls import calls_of
from layeranim.engine.replay import replay, sampled
from layeranim.errors import OptionError
from layeranim.preparing import traced
from layeranim.stories.storyboard import plain

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence  # noqa: E402

from tests.capture.torch_models import MODELS, drawn  # noqa: E402 - which needs PyTorch


def made(name: str) -> Any:
    torch.manual_seed(1)
    return MODELS[name].make()


@cache
def captured(name: str) -> Capture:
    model = MODELS[name]
    return la.capture(made(name), *model.args, **model.kwargs)


@pytest.mark.parametrize("name", MODELS)
def test_every_call_is_computed_again_and_agrees(name: str) -> None:
    found = captured(name)
    assert {call.kind for call in found.unmapped} == set(MODELS[name].unmapped)
    assert all(call.agrees is True for call in found.layers if call.layer), repr(found)
    assert all(call.why for call in found.unmapped)
    assert len({call.name for call in found}) == len(found)


def test_of_all_calls_at_least_95_in_100_have_a_layer() -> None:
    calls = [call for name in MODELS for call in captured(name).layers]
    assert sum(call.agrees is True for call in calls) / len(calls) >= 0.95
    assert len(calls) > 100
    assert not any(call.agrees is False for call in calls)


@pytest.mark.parametrize("name", MODELS)
def test_what_the_model_gave_is_what_it_gives(name: str) -> None:
    model, (args, kwargs) = made(name), (MODELS[name].args, MODELS[name].kwargs)
    torch.manual_seed(7)
    with torch.no_grad():
        plain = model(*args, **kwargs)
    model = made(name)
    torch.manual_seed(7)
    found = la.capture(model, *args, check=False, **kwargs).output
    apart = 1e-6 if name == "masked" else 0  # PyTorch's fast path of a whole encoder layer is off
    torch.testing.assert_close(found, plain, rtol=apart, atol=apart)


@pytest.mark.parametrize("name", MODELS)
def test_traces_replay_and_hold_the_calls_own_numbers(name: str) -> None:
    for call in captured(name).layers[:12]:
        if not call.layer:
            continue
        trace = call.trace()
        assert trace.layer == call.layer
        result = next(trace[key] for key in ("output", "loss", "losses") if key in trace)
        assert (
            result.size == call.output.size or "lstm" in call.layer
        )  # a cell gives its state, a packed one no padding
        for i in sampled(trace, 8):
            assert replay(trace, trace.steps[i]).agrees


def test_the_calls_of_a_cnn_stand_in_the_order_in_which_they_ran() -> None:
    found = captured("residual-cnn")
    names = [call.name for call in found.layers]
    assert names == [
        "conv1", "bn1", "act", "conv2", "relu", "mean", "squeeze", "silu", "excite", "sigmoid", "mul", "add:1", "add:2",
        "max_pool2d", "fc", "log_softmax",
    ]  # fmt: skip
    assert found["conv2"].shapes_in == ((2, 8, 8, 8),)
    assert found["conv2"].options["groups"] == 2
    assert found["conv1"].parameters == 216
    assert found["conv1"].weights == (("conv1.weight",),)
    assert set(found["mul"].reads) == {"relu", "sigmoid"}
    assert set(found["add:1"].reads) == {"mul", "act"}
    assert (found["act"].inputs["input"] < 0).any()  # what an activation in place was given, not what it left there
    assert found["fc"].output.shape == (2, 5)


def test_a_module_that_runs_again_is_numbered_and_must_be_named() -> None:
    found = captured("twice")
    assert [call.name for call in found.layers if call.kind == "Linear"] == ["rec:1", "rec:2", "rec:3"]
    assert found["rec:2"].inputs["input"].shape == (2, 4)
    with pytest.raises(OptionError, match="rec runs 3 times; say which: rec:1, rec:2, rec:3"):
        found["rec"]
    assert found["rec:1"] is found.calls[0]
    assert any("read once" in note for note in found.notes)


def test_tied_weights_are_counted_once_and_named_both() -> None:
    found = captured("nanogpt")
    assert found["lm_head"].weights == (("wte.weight", "lm_head.weight"),)
    assert found.parameters == sum(p.numel() for p in made("nanogpt").parameters())
    assert "480 tied" in repr(found.layers)
    assert "tied: wte.weight, lm_head.weight are one parameter" in found.notes


@pytest.mark.parametrize("name", ["nanogpt", "nanogpt-by-hand"])
def test_attention_with_its_projections_is_one_layer_however_it_is_written(name: str) -> None:
    found, model = captured(name), made(name)
    call = found["h.0.attn.attention"]
    trace = call.trace()
    qkv = model.h[0].attn.qkv.weight.detach().numpy()
    for k, part in enumerate(("query", "key", "value")):
        np.testing.assert_array_equal(trace[f"weight_{part}"], qkv[16 * k : 16 * (k + 1)])
    assert trace.config.causal  # type: ignore[attr-defined]
    assert trace.config.heads == 4  # type: ignore[attr-defined]
    assert "h.0.attn.qkv" in call.covers
    assert found["h.0.attn.qkv"].agrees  # and what it is made of is still there


@pytest.mark.parametrize(("name", "pairs"), [("grouped-heads", "halves"), ("repeated-heads", "adjacent")])
def test_grouped_heads_keep_their_groups_and_positions_that_turn_are_rotary(name: str, pairs: str) -> None:
    found = captured(name)
    trace, options = found.trace("attention"), found["attention"].options
    assert (options["heads"], options["key_heads"], trace["weight_key"].shape) == (4, 2, (8, 16))
    assert (options["positional"], options["pairs"], options["base"]) == ("rotary", pairs, 500.0)
    assert "outer" not in found, "angles are made of nothing that came in"
    assert [call.kind for call in found.layers][1:4] == ["attention", "Linear", "add"]


def test_what_a_layer_makes_of_numbers_that_never_change_is_a_call() -> None:
    class Table(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("table", torch.eye(3))
            self.fc = torch.nn.Linear(3, 4)

        def forward(self, x: Any) -> Any:
            return x + torch.relu(self.fc(2 * self.table))

    assert [call.name for call in la.capture(Table(), torch.ones(3, 4)).layers] == ["fc", "relu", "add"]


def test_a_norm_and_an_activation_of_ones_own_are_known_and_a_layer_scale_is_none() -> None:
    found = captured("foreign")
    assert found.trace("norm").config.kind == "rms"  # type: ignore[attr-defined]
    assert found.trace("act").config.activation == "gelu-tanh"  # type: ignore[attr-defined]
    assert "scale" not in found
    assert found["scale.mul"].layer == "elementwise"


def test_equations_of_attention_are_one_from_its_embeddings_whatever_its_parameters_are_called() -> None:
    found = captured("equations")
    assert [call.layer for call in found.layers] == ["layernorm", "attention", "dense"]
    trace = found.trace("attention")
    assert (trace.config.heads, trace["embeddings"].shape) == (2, (2, 6, 8))  # type: ignore[attr-defined]
    assert not trace["weights"][1, :, :, 4:].any(), "what is padded is not looked at"


def test_what_the_caller_brought_goes_in_also_where_weights_are_computed_first(tmp_path: Path) -> None:
    found = captured("standardised")
    assert not found.layers[0].brought
    found.save(tmp_path / "standardised.npz")
    for one in (found, la.load_capture(tmp_path / "standardised.npz")):
        trace = traced.of_capture(one, None, {}).trace()
        np.testing.assert_array_equal(trace["input"], np.flip(MODELS["standardised"].args[0].numpy(), -1))


def test_parts_that_were_cut_out_keep_their_axes_and_both_sides_of_a_join_are_followed() -> None:
    told = [plain(beat.caption) for beat in la.storyboard(captured("conv-lstm")).beats if beat.caption]
    assert re.match(r"33 calls later: map \d, row \d, column \d = ", told[-1]), told[-1]
    sides = re.match(r"multiply = (\S+) · (\S+) [=≈]", told[-2])
    assert sides, told[-2]
    ends = [one.split()[-1] for one in told[1:-2]]
    assert set(sides.groups()) <= {*ends, *(f"({end})" for end in ends)}, told


def test_a_mask_of_dropout_is_the_one_that_was_drawn() -> None:
    found = captured("training")
    trace, call = found.trace("drop"), found["drop"]
    np.testing.assert_array_equal(trace["mask"][0] != 0, (call.output != 0) | (call.inputs["input"] == 0))
    assert any("training mode" in note for note in found.notes)


def test_bfloat16_is_held_against_its_own_rounding() -> None:
    found = captured("bfloat16")
    assert found.trace("net.0")["output"].dtype == np.float32


def test_an_unknown_function_keeps_its_numbers_and_its_name() -> None:
    found = captured("unknown-function")
    call = found["nanmean"]
    np.testing.assert_allclose(call.output, call.inputs["input"].mean(-1, keepdims=True), rtol=1e-5, atol=1e-7)
    with pytest.raises(OptionError, match="nanmean is nanmean, which has its numbers here but no layer"):
        call.trace()


def test_names_that_are_none_are_answered() -> None:
    found = captured("residual-cnn")
    with pytest.raises(OptionError, match=r"no call 'conv_1' \(did you mean conv1\?\)"):
        found["conv_1"]
    with pytest.raises(OptionError, match=r"h has calls inside: h\.0\.ln1"):
        captured("nanogpt")["h"]


@pytest.mark.parametrize("name", MODELS)
def test_every_call_whose_layer_has_a_film_has_its_storyboard(name: str) -> None:
    films = {catalog.layer(film).name for film in catalog.explainers()}
    for call in {call.layer: call for call in captured(name).layers}.values():
        if call.layer in films:
            work = traced.of_trace(*traced.of_call(captured(name), call.name, {}))
            assert work.storyboard(work.trace()).beats, call.name


def test_a_table_of_positions_says_which_row_each_of_them_takes() -> None:
    found = captured("nanogpt")
    board = la.storyboard(found)
    said = next(plain(beat.caption) for beat in board.beats if "wpe" in plain(beat.place))
    match = re.fullmatch(r"id (\d+), row (\d+) of the table: (\S+) in column (\d+)", said)
    assert match, said
    place, row, column = (int(match[k]) for k in (1, 2, 4))
    assert row == place + 1
    assert found["wpe"].output[place, column - 1] == pytest.approx(float(match[3].replace("\u2212", "-")), abs=0.006)


def test_a_film_of_a_call_bears_its_name(tmp_path: Path) -> None:
    found = captured("residual-cnn")
    film = la.render(found, layer="fc", output=str(tmp_path / "fc.png"), size="128x72")
    assert film.paths[0].exists()
    assert film.alt.startswith("fc: ")
    whole = la.render(found, output=str(tmp_path / "whole.png"), size="128x72", title=None)
    assert whole.alt.startswith("ResidualCnn: ")
    with pytest.raises(OptionError, match="opened='mul' opens it in the film of the whole"):
        la.render(found, layer="mul", output=str(tmp_path / "x.png"))
    with pytest.raises(OptionError, match="layer is 'fc', but is for a captured model"):
        la.render("conv", layer="fc")
    with pytest.raises(OptionError, match="this is list"):
        la.render([], layer="fc")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["unet", "packed-bilstm", "masked", "grouped-heads"])
def test_the_film_of_the_whole_model_knows_where_every_computed_call_reads(name: str) -> None:
    work = traced.of_capture(captured(name), None, {})
    trace = work.trace()
    config: Any = trace.config
    assert all(call.wires for call in calls_of(config.calls) if call.layer)
    assert work.storyboard(trace).beats


class Running(nn.Module):
    """Some modules, and a function that runs them."""

    def __init__(self, run: Callable[..., Any], **parts: nn.Module) -> None:
        super().__init__()
        self.run = run
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: Tensor) -> Any:
        return self.run(self, x)


def past_the_end(m: Any, x: Tensor) -> Tensor:
    """It gives most at the places that the shorter sequence does not have."""
    packed = pack_padded_sequence(x[:, 0], torch.tensor([2, 4]), batch_first=True, enforce_sorted=False)
    return 1 - pad_packed_sequence(m.gru(packed)[0], batch_first=True)[0].abs()


FILMS = {
    "padded": Running(past_the_end, gru=nn.GRU(4, 3, batch_first=True)),
    "scalar": Running(lambda m, x: m.fc(x).sum() * 0.5 + 1, fc=nn.Linear(4, 4)),
    "spectral": Running(lambda m, x: m.fc(torch.fft.fft(x[:, 0], dim=1).real), fc=nn.Linear(4, 2)),
    "inside-vmap": Running(lambda m, x: m.fc(torch.vmap(torch.tanh)(x)) + x, fc=nn.Linear(4, 4)),
    "joined": Running(lambda m, x: torch.special.i0(m.conv(x) + x), conv=nn.Conv2d(3, 3, 3, padding=1)),
}


@pytest.mark.parametrize("name", FILMS)
def test_a_film_of_the_whole_model_is_made_whatever_stands_in_it(name: str) -> None:
    found = la.capture(FILMS[name], drawn(2, 3, 4, 4))
    film = traced.of_capture(found, None, {})
    drawn_calls = calls_of(film.trace().config.calls)
    assert [call.place for call in drawn_calls] == [k for k, call in enumerate(found.layers, 1) if call.outputs]
    assert film.storyboard(film.trace()).beats


def test_a_stage_bears_the_name_of_its_function_where_its_layer_is_only_the_way_to_compute_it() -> None:
    found = la.capture(Running(lambda m, x: torch.zeros(2, 4).index_add(0, torch.tensor([1, 1]), x) @ x.T), drawn(2, 4))
    places = [plain(beat.place) for beat in la.storyboard(found).beats]
    assert [place for place in places if place[:1].isdigit()][:2] == ["1 index_add", "2 matmul"]


def test_a_function_of_the_input_reads_it_also_where_its_layer_is_given_something_else() -> None:
    found = la.capture(Running(lambda m, x: m.a(x).sum() + F.pdist(x), a=nn.Linear(4, 2)), drawn(3, 4))
    said = [(plain(beat.place), plain(beat.note)) for beat in la.storyboard(found).beats]
    assert any(place == "3 pdist" for place, _ in said), said
    assert not any("reads none" in line for _, line in said)


def test_complex_numbers_stand_as_their_two_parts() -> None:
    x = drawn(2, 3, 4, 4)
    found = la.capture(FILMS["spectral"], x)["fft_fft"]
    np.testing.assert_array_equal(found.output, torch.view_as_real(torch.fft.fft(x[:, 0], dim=1)).numpy())
