"""The film of a whole captured model: its numbers are the model's, what it says is true, and all films' rules hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.capturing import Capture
from layeranim.capturing.outline import outline
from layeranim.capturing.wiring import way
from layeranim.engine.graph_calls import GraphCall, calls_of
from layeranim.engine.rearrange import arrange
from layeranim.engine.replay import replay, sampled
from layeranim.engine.trace import Trace
from layeranim.errors import OptionError
from layeranim.preparing import Work, traced
from layeranim.stories.stage import record
from layeranim.stories.stage.plans import TextPlan
from layeranim.stories.stage.verbs import Lead
from layeranim.stories.storyboard import Storyboard, plain
from tests.catalog.conftest import Case
from tests.catalog.sentences import Claim, Told
from tests.film.test_captions import ill_told
from tests.rules.test_colours import ambiguous
from tests.rules.test_every_film import Film, faults
from tests.rules.test_followed import unfollowed

from .made import MAKERS, Made, made


@dataclass(frozen=True)
class ModelCase(Case):
    """A film of a captured model."""

    board: Storyboard = field(init=False, repr=False)

    def work(self) -> Work:
        return traced.of_capture(made(self.name), None, self.options)


CASES = [
    *(ModelCase(name, {}, name) for name in MAKERS),
    ModelCase("residual", {"opened": "conv2", "sample": 2}, "residual-opened"),
    ModelCase("joined", {"size": "720x720"}, "joined-square"),
    ModelCase("attending", {"opened": "h.0.attend", "size": "405x720"}, "attending-tall"),
    ModelCase("many-attending", {"opened": "16"}, "many-attending-folded-opened"),
    ModelCase("deep", {"opened": "h.7.fc head", "precision": 3}, "deep-opened"),
    ModelCase("twice", {"steps": "2-3", "pace": "fast"}, "twice-steps"),
]
FILMS: dict[str, Film] = {}


def film(case: ModelCase) -> Film:
    """A film, told once for all tests."""
    if case.label not in FILMS:
        work = case.work()
        trace = work.trace()
        FILMS[case.label] = Film(case, work, trace, work.storyboard(trace))
    return FILMS[case.label]


def calls(trace: Trace) -> list[GraphCall]:
    config: Any = trace.config
    return calls_of(config.calls)


every_case = pytest.mark.parametrize("case", CASES, ids=[case.label for case in CASES])
every_model = pytest.mark.parametrize("name", MAKERS)


# ── numbers ──────────────────────────────────────────────────────────────────
@every_model
def test_what_is_drawn_is_what_the_model_gave(name: str) -> None:
    trace = film(ModelCase(name, {}, name)).trace
    for call in calls(trace):
        out = trace[
            "output" if call is calls(trace)[-1] or call.name == calls(trace)[-1].name else f"{call.name}.output"
        ]
        given = made(name)[call.name].output
        assert out.shape == given.shape
        assert np.allclose(out, given, rtol=0, atol=1e-4 * max(1.0, float(np.abs(given).max()))), call.name


@every_model
def test_every_step_gives_what_the_trace_holds(name: str, tmp_path: Path) -> None:
    trace = film(ModelCase(name, {}, name)).trace
    for i in sampled(trace, 400):
        assert replay(trace, trace.steps[i]).agrees, trace.steps[i]
    trace.save(tmp_path / "run.npz")
    again = la.load_trace(tmp_path / "run.npz")
    assert {n: again[n].tolist() for n in again} == {n: trace[n].tolist() for n in trace}
    assert again.layer == "network"


def test_what_nobody_computes_is_taken_over_and_no_arithmetic_makes_it() -> None:
    for name, call in (("unknown", "cumsum"), ("wrong", "fc"), ("deep", "h.29.add")):
        trace = film(ModelCase(name, {}, name)).trace
        makes = [step for step in trace.steps if step.writes.tensor == f"{call}.output"]
        assert [(step.operation, step.reads[0].tensor) for step in makes] == [("arrange", f"{call}.given")]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_a_way_is_found_by_its_numbers_alone(order: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=(2, 4, 6))
    heads = x.reshape(2, 4, 2, 3).transpose(0, 2, 1, 3)
    for array in (x.transpose(order), x.transpose(order).reshape(-1, x.shape[order[-1]]), heads, x[:, -1], x[..., 2:4]):
        found = way(x, array)
        assert found is not None
        cut = {axis: slice(start, stop) for axis, start, stop in found.spans}
        part = x[tuple(cut.get(k, slice(None)) for k in range(3))]
        assert np.array_equal(arrange(part, shape=found.shape, axes=found.axes, entry=array.shape), array)
    assert way(x, x + 1) is None
    assert way(x, np.concatenate([x, x])) is None


# ── folding ──────────────────────────────────────────────────────────────────
@every_model
def test_a_model_has_at_most_the_stages_that_have_room_and_none_of_its_calls_is_lost(name: str) -> None:
    listed = list(made(name).layers)
    for room in (3, 5, 9):
        stages = outline(listed, room)
        assert len(stages) <= room
        assert [k for stage in stages for k in stage.calls] == list(range(len(listed)))
    trace = film(ModelCase(name, {}, name)).trace
    assert sum(call.stands for call in calls(trace)) == len(listed)


def test_blocks_that_are_alike_stand_as_one_and_the_film_says_how_many() -> None:
    found = film(ModelCase("deep", {}, "deep"))
    folded = next(call for call in calls(found.trace) if call.times > 1)
    assert (folded.times, folded.stands, folded.kind) == (29, 87, "h.1")
    texts = [plain(plan.line) for plan in found.board.parts["stage"] if isinstance(plan, TextPlan)]
    assert "h.1–29" in texts
    assert "92 calls,  5 of them drawn" in plain(found.board.parameters)
    assert any("29 blocks of 3 calls each, not drawn" in plain(beat.note) for beat in found.board.beats)


def test_of_blocks_that_are_alike_the_first_is_opened_as_finely_as_there_is_room() -> None:
    model, before = Made("Deep"), ""
    x = model.drawn(2, 4)
    for k in range(4):
        for part, deep in (("gather", 3), ("change", 2)):
            for n in range(deep):
                name = f"h.{k}.{part}.{n}"
                x, before = model.dense(name, x, 4, (before,) if before else ()), name
    listed = list(model.done().layers)

    def seen(room: int) -> list[tuple[str, int, int]]:
        return [(stage.label, len(stage.calls), stage.times) for stage in outline(listed, room)]

    assert seen(6) == [("", 1, 1)] * 5 + [("h.1", 15, 3)]
    assert seen(5) == seen(3) == [("h.0.gather", 3, 1), ("h.0.change", 2, 1), ("h.1", 15, 3)]


@pytest.mark.parametrize("size", ["1280x720", "720x720", "405x720"])
def test_rows_of_features_stand_in_lines_so_that_a_block_is_drawn_call_by_call(size: str) -> None:
    work = ModelCase("many-attending", {"size": size}, size).work()
    trace = work.trace()
    drawn = {call.name for call in calls(trace) if call.stands == 1}
    assert drawn == {"embed", "h.0.norm", "h.0.qkv", "h.0.attend", "h.0.proj", "h.0.add", "head"}
    board = work.storyboard(trace)
    texts = [plain(plan.line) for plan in board.parts["stage"] if isinstance(plan, TextPlan)]
    assert "h.1–2" in texts
    assert not any(text.endswith(" more") for text in texts), "the stage has no room for all of them"


def test_blocks_that_differ_are_not_taken_for_alike() -> None:
    m = Made("Unlike")
    x, before = m.drawn(2, 4), ()
    for k in range(12):
        x = m.dense(f"h.{k}.b", m.dense(f"h.{k}.a", x, 3 + k % 2, before), 4, (f"h.{k}.a",))
        before = (f"h.{k}.b",)
    assert all(stage.times == 1 for stage in outline(list(m.done().layers), 5))


def test_parameters_that_two_calls_share_count_once() -> None:
    trace = film(ModelCase("twice", {}, "twice")).trace
    twice = {call.name: (call.parameters, call.tied) for call in calls(trace) if call.name.startswith("rec")}
    assert twice == {"rec:1": (20, False), "rec:2": (0, True)}
    assert sum(call.parameters for call in calls(trace)) == 20


# ── joins ────────────────────────────────────────────────────────────────────
def test_what_is_joined_keeps_its_number_in_its_new_place_and_lines_lead_there_alone() -> None:
    found = film(ModelCase("joined", {}, "joined"))
    (beat,) = [beat for beat in found.board.beats if "stands as" in plain(beat.caption)]
    match = re.fullmatch(r"(\S+) of .* stands as map (\d+), row (\d+), column (\d+)", plain(beat.caption))
    assert match
    channel, row, column = (int(n) - 1 for n in match.groups()[1:])
    value = found.trace["cat.output"][0, channel, row, column]
    assert value == found.trace["down.output"][0, channel - 3, row, column]
    assert float(match[1].replace("\u2212", "-")) == pytest.approx(value, abs=0.006)
    leads = [one for one in found.board.beats if any(isinstance(verb, Lead) for verbs in one.verbs for verb in verbs)]
    assert leads == [beat]


def test_a_residual_is_told_as_one_and_a_sum_of_strangers_is_not() -> None:
    said = {plain(beat.note) for beat in film(ModelCase("residual", {}, "residual")).board.beats}
    assert "a residual: 2 ReLU is added to what became of it" in said
    m = Made("Strangers")
    x = m.drawn(2, 4)
    one, two = m.dense("one", x, 3, ()), m.dense("two", x, 3, ())
    m.added("add", one, two, ("one", "two"))
    said = {plain(beat.note) for beat in la.storyboard(m.done()).beats}
    assert "1 dense and 2 dense are added up" in said


def test_bounds_and_scaled_sums_are_written_out() -> None:
    said = [plain(beat.caption) for beat in film(ModelCase("twice", {}, "twice")).board.beats]
    assert "clamp = max(−0.63, −0.25) = −0.25" in said
    assert "multiply-add = −0.63 + (−0.25) · 2 = −1.13" in said


# ── options ──────────────────────────────────────────────────────────────────
def test_any_call_opens_by_its_name_or_its_number_whatever_is_folded() -> None:
    by_name, by_number = (la.storyboard(made("deep"), opened=word) for word in ("h.7.fc", "23"))
    assert record.dumped(by_name) == record.dumped(by_number)
    assert record.dumped(record.loaded(record.dumped(by_name).encode())) == record.dumped(by_name)
    assert "23 opened" in plain(by_name.parameters)
    assert any("unit 1" in plain(beat.place) for beat in by_name.beats)


def test_a_join_that_is_opened_tells_one_number_and_then_all() -> None:
    said = {plain(b.place): plain(b.caption) for b in la.storyboard(made("deep"), opened="h.3.add").beats}
    assert re.fullmatch(r"add = .+ \+ .+ [=≈] .+", said["13 add, one number"]), said
    assert "all 4 numbers in the same way" in said["13 add, h.3"]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("residual", {"opened": "conv3"}, r"opened names no call 'conv3' \(did you mean conv1\?\)"),
        ("residual", {"opened": "7"}, "opened is 7, but there are 6 calls"),
        ("residual", {"opened": "1 3 6"}, "opened names 3 calls, but 2 have room"),
        ("unknown", {"opened": "cumsum"}, "opened names cumsum, which no layer here computes"),
        ("twice", {"opened": "rec"}, "it runs 2 times: rec:1, rec:2"),
        ("residual", {"sample": 3}, "sample"),
        ("residual", {"strides": 3}, "unknown option"),
    ],
)
def test_what_cannot_be_is_answered(name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        la.storyboard(made(name), **options)


def test_a_capture_without_calls_or_values_is_refused() -> None:
    with pytest.raises(OptionError, match="Empty made no call"):
        la.storyboard(Capture("Empty", ()))
    bare = Made("Bare")
    bare.dense("fc", bare.drawn(1, 3), 2, ())
    bare.calls[0].given = bare.calls[0].results = dict
    with pytest.raises(OptionError, match="capture it without keep"):
        la.storyboard(bare.done())
    with pytest.raises(OptionError, match="this is int"):
        la.render(3)  # type: ignore[arg-type]


# ── words and rules ──────────────────────────────────────────────────────────
def has(told: Told, *layers: str) -> bool:
    return any(call.layer in layers for call in calls(told.trace))


def learnt(told: Told) -> list[int]:
    """What each stage learned."""
    out: list[int] = []
    for call in calls(told.trace):
        if call.after:
            out[-1] += call.parameters
        else:
            out.append(call.parameters)
    return out


def ended(told: Told, match: re.Match[str], beat: Any) -> bool:
    """After so many calls a number stands where it is said to be."""
    count, stage = int(match["n"]), None
    for call in calls(told.trace):
        count -= call.stands
        stage = call if count == 0 else stage
    last = calls(told.trace)[-1]
    assert stage is not None
    tensor = told.trace.tensor("output" if stage.name == last.name else f"{stage.name}.output")
    at = [int(n) - 1 for n in re.findall(r"\d+", match["where"])]
    values = tensor.array[told.work.film.place_in(len(tensor.array))] if tensor.axes[0] == "batch" else tensor.array
    value = float(values[tuple(at)])
    return bool(np.isclose(value, float(match["y"].replace("\u2212", "-")), rtol=0.06, atol=0.06)) and (
        stage is not last or value == values.max()
    )


def residual(told: Told, match: re.Match[str], beat: Any) -> bool:
    """Of two tensors that are added one was made of the other."""
    made_of: dict[str, set[str]] = {}
    for call in calls(told.trace):
        sources = {*call.sources}
        made_of[f"{call.name}.output"] = sources.union(*(made_of.get(one, set()) for one in sources))
        if call.options.get("operation") == "add" and len(sources) == 2:
            one, other = sources
            if one in made_of.get(other, ()) or other in made_of.get(one, ()):
                return True
    return False


def added(told: Told, match: re.Match[str], beat: Any) -> bool:
    """One call adds what those two gave."""
    numbers = {int(match["a"]), int(match["b"])}
    both = {f"{call.name}.output" for call in calls(told.trace) if call.place in numbers}
    return any(call.options.get("operation") == "add" and {*call.sources} == both for call in calls(told.trace))


CLAIMS = (
    Claim("a model as it ran, call by call", lambda t, m, b: sum(c.stands for c in calls(t.trace)) > 1),
    Claim("one call: what goes in, what comes out", lambda t, m, b: sum(c.stands for c in calls(t.trace)) == 1),
    Claim(r"(?P<a>\d+) of (?P<n>\d+) parameters are in .*",
          lambda t, m, b: (int(m["a"]), int(m["n"])) == (max(learnt(t)), sum(learnt(t)))),
    Claim(r"all (?P<n>\d+) parameters are in .*", lambda t, m, b: int(m["n"]) == sum(learnt(t)) == max(learnt(t))),
    Claim(r"of (?P<n>\d+) calls? no layer here gives the numbers: drawn as the model gave (it|them)",
          lambda t, m, b: int(m["n"]) == sum(c.stands == 1 and not c.layer for c in calls(t.trace))),
    Claim(r".* is not computed here: this is what the model gave",
          lambda t, m, b: any(not c.layer and c.stands == 1 and not c.differs for c in calls(t.trace))),
    Claim(r".* gives other numbers here: this is what the model gave",
          lambda t, m, b: made(t.case.name)[next(c.name for c in calls(t.trace) if c.differs)].agrees is False),
    Claim(r"(?P<n>\d+) blocks? of (?P<k>\d+) calls? each, not drawn: this is what the last one gave",
          lambda t, m, b: any((c.times, c.stands) == (int(m["n"]), int(m["n"]) * int(m["k"])) for c in calls(t.trace))),
    Claim(r"(?P<n>\d+) calls, not drawn one by one: this is what the last one gave",
          lambda t, m, b: any(c.times == 1 and c.stands == int(m["n"]) for c in calls(t.trace))),
    Claim("it reads none of the stages before it",
          lambda t, m, b: any(c.layer and not c.sources for c in calls(t.trace)[1:])),
    Claim(r"a residual: .* is added to what became of it", residual),
    Claim(r"(?P<a>\d+) \S+ and (?P<b>\d+) \S+ are added up", added),
    Claim(r".* and .* stand one after another: no number changes", lambda t, m, b: has(t, "concatenate")),
    Claim(r".* and .* meet here", lambda t, m, b: any(len(c.wires) > 1 for c in calls(t.trace))),
    Claim("a filter reads one window at a time, through all maps", lambda t, m, b: has(t, "conv")),
    Claim("what is negative becomes 0", lambda t, m, b: has(t, "activation")),
    Claim("every number goes through one curve", lambda t, m, b: has(t, "activation")),
    Claim("the largest number of each window stays", lambda t, m, b: has(t, "pool")),
    Claim("every unit weighs all that comes in", lambda t, m, b: has(t, "dense")),
    Claim("more cells, made of those that are there", lambda t, m, b: has(t, "upsample")),
    Claim("numbers of a sample get a common centre and spread", lambda t, m, b: has(t, "layernorm")),
    Claim("every id picks its row of the table", lambda t, m, b: has(t, "embedding")),
    Claim("step by step: what it read before is in its state", lambda t, m, b: has(t, "lstm")),
    Claim(r".*, then .*", lambda t, m, b: any(c.after for c in calls(t.trace))),
    Claim(r"(?P<n>\d+) calls? later: (?P<where>.*?) = (?P<y>\S+)", ended),
    Claim("any model: what it computed with this input, call by call"),
)  # fmt: skip


@every_case
def test_the_film_keeps_the_rules_and_says_nothing_untrue(case: ModelCase) -> None:
    found = film(case)
    assert not list(faults(found))
    assert not [*ambiguous(found.board), *unfollowed(found.board), *ill_told(found.board)]
    told = Told(case, found.work, found.trace, found.board)
    for text, beat in told.sentences():
        known = [(claim, match) for claim in CLAIMS if (match := claim.match(text))]
        assert known, f"unknown: {text}"
        assert all(claim.true is None or claim.true(told, match, beat) for claim, match in known), f"untrue: {text}"


def test_every_claim_is_of_some_film() -> None:
    told = [text for case in CASES for text, _ in Told(case, *_parts(film(case))).sentences()]
    assert not [claim.says for claim in CLAIMS if not any(claim.match(text) for text in told)]


def _parts(found: Film) -> tuple[Work, Trace, Storyboard]:
    return found.work, found.trace, found.board
