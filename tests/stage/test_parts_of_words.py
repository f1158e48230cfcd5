"""Parts for films of words: names, strips, tables, keys, arcs, dials, a balance, cells that are carried."""

from __future__ import annotations

from typing import Any

import pytest

from layeranim.stories.options import FilmOptions
from layeranim.stories.stage import Arcs, Grid, Key, Row, Strip, Table, record
from layeranim.stories.stage import plans as p
from layeranim.stories.stage import verbs as v
from layeranim.stories.stage.parts import names
from layeranim.stories.stage.solver import Node
from layeranim.stories.stage.telling import tell
from layeranim.stories.storyboard import Fact, Run, Storyboard, Telling, plain

from .films import board, film, traced
from .test_record import frames

LOGITS = [[2.0, 1.0, 0.1]]
SHARES = Grid("output", "p")


def told(stage: Node) -> Storyboard:
    """A film of a softmax on that stage."""
    return tell(film(stage, kinds={"output": "share"}), Telling(traced(LOGITS), FilmOptions()))


def part(found: Storyboard, kind: type) -> Any:
    return next(plan for plan in found.parts["stage"] if isinstance(plan, kind))


def acted(found: Storyboard, kind: type) -> list[Any]:
    return [verb for beat in found.beats for phase in beat.verbs for verb in phase if isinstance(verb, kind)]


def sound(found: Storyboard) -> None:
    """It is drawn, and from the file as from the trace."""
    assert frames(record.loaded(record.dumped(found))) == frames(found)


def row(figures: Any, unit: int) -> Any:
    address = figures.cell_of("output", unit, {})
    return (Run(f"class {unit + 1}", source=Fact("class")),), (Run(figures.text(address), "result", source=address),)


def test_names_stand_left_of_rows_and_above_columns_and_a_long_one_is_cut() -> None:
    cells = Strip("logits", "z", "classes", ("cat", "dog", "Rindfleischetikettierungsüberwachung"))
    found = told(Row(cells, Grid("output", "p", called=(("a", "b", "c"), ()))))
    said = [plain(plan.line) for plan in found.parts["stage"] if isinstance(plan, p.TextPlan)]
    assert said[:2] == ["cat", "dog"]
    assert said[2].endswith("…")
    assert said[3:] == ["a", "b", "c"]
    assert names.wide(said) <= names.LONGEST
    sound(found)


def test_there_are_no_names_where_cells_are_too_small() -> None:
    many = [[float(i) for i in range(80)]]
    stage = Row(Grid("logits", "z", called=(tuple(map(str, range(80))), ())), SHARES)
    found = tell(film(stage), Telling(traced(many), FilmOptions()))
    assert not [plan for plan in found.parts["stage"] if isinstance(plan, p.TextPlan)]


def test_the_rows_of_a_table_arrive_with_their_units() -> None:
    found = told(Row(SHARES, Table("output", ("class", "share"), row, 3)))
    arrived = [verb.rows for verb in acted(found, v.Arrive)]
    assert [[plain(line) for _, line in rows[0]] for rows in arrived] == [
        ["class 1", "0.66"], ["class 2", "0.24"], ["class 3", "0.10"],
    ]  # fmt: skip
    heights = [rows[0][0][0][1] for rows in arrived]
    assert heights == sorted(heights, reverse=True)
    assert [plain(line) for _, line in part(found, p.TablePlan).heads] == ["class", "share"]
    sound(found)


def test_a_key_says_what_the_ends_of_the_colours_stand_for() -> None:
    value, share = (part(told(Row(SHARES, key)), p.KeyPlan) for key in (Key("logits", "scores"), Key("output")))
    assert [plain(line) for _, line in value.labels] == ["scores", "−2.00", "2.00"]
    assert value.levels == tuple(range(-4, 5))
    assert [plain(line) for _, line in share.labels] == ["0", "1"]
    assert share.scale == "heat"
    sound(told(Row(SHARES, Key("logits", "scores"))))


@pytest.mark.parametrize("words", ["Ich habe ein bisschen Deutsch gelernt", "Wir haben das Haus gekauft"])
def test_the_widest_arc_leads_to_the_word_of_the_same_meaning(words: str) -> None:
    found = board("alignment", tokens=words)
    last = len(words.split()) - 1
    bold = [verb for verb in acted(found, v.Bend) if verb.lit >= 0 and not verb.stay]
    widths = [[arc.width for arc in verb.arcs] for verb in bold]
    widest = [each.index(max(each)) for each in widths]
    assert widest == [0, 1, last, *range(2, last), last]
    assert len(part(found, p.ArcsPlan).words) == 2 * len(words.split()) + 1


def test_arcs_of_one_row_rise_over_it() -> None:
    trace = traced([[2.0, 1.0, 0.1]] * 3)
    stage = Row(Arcs("output", ("a", "b", "c")))
    play = film(stage, kinds={"output": "share"})
    found = tell(play, Telling(trace, FilmOptions()))
    plan = part(found, p.ArcsPlan)
    assert plan.starts == plan.ends
    arcs = [arc for verb in acted(found, v.Bend) for arc in verb.arcs]
    assert arcs
    assert all(b[1] > a[1] for a, b, _, _ in (arc.course for arc in arcs))
    assert all(abs(arc.course[-1][0] - arc.course[0][0]) >= arc.width for arc in arcs), "a line closes upon itself"
    sound(found)


def test_hands_turn_on_from_where_they_stood_each_slower_than_the_one_before() -> None:
    turns = acted(board("positional-encoding"), v.Spin)
    assert [turn.start for turn in turns[1:]] == [turn.angles for turn in turns[:-1]]
    assert all(a > b > c for a, b, c in (turn.angles for turn in turns[1:]))
    assert turns[2].angles == pytest.approx((2, 2 / 10000 ** (1 / 3), 2 / 10000 ** (2 / 3)))


def test_a_line_balances_where_the_mixture_is() -> None:
    found = board("attention-lookup", example="turning")
    plan = part(found, p.BalancePlan)
    weighs, poised = acted(found, v.Weigh), acted(found, v.Poise)
    for weigh, poise in zip((verb for verb in weighs if not verb.pale), poised, strict=True):
        areas = [radius**2 for radius in weigh.radii]
        middle = sum(area * x for area, x in zip(areas, plan.at, strict=True)) / sum(areas)
        assert poise.at == pytest.approx(middle, abs=0.01)
    assert [plain(verb.said) for verb in poised] == [
        "0.2",
        "1.0",
        "5.0",
        "9.0",
        "9.8",
        "5.0",
    ]  # the followed one ends it


def test_a_row_is_carried_from_the_table_to_its_place() -> None:
    found = board("embedding")
    carried = acted(found, v.Carry)
    assert [(verb.of, verb.part) for verb in carried] == [("table", "output")] * len(carried)
    assert carried[0].source == tuple((0, k) for k in range(4))
    assert {(verb.source[0][0], verb.goal[0][0]) for verb in carried} >= {(0, 0), (1, 1), (2, 2), (0, 3)}


def test_windows_and_stamps_are_carried_from_channels_and_filters_of_their_own() -> None:
    """Each channel's window lies down in its part of the column, each map's stamp on its map."""
    found = acted(board("conv-matmul", input="random:2x2x2", kernel_size=1), v.Carry)
    assert {(verb.of, verb.goal[0][0]) for verb in found} == {("padded:0", 0), ("padded:1", 1)}
    assert all(verb.source == (divmod(verb.goal[0][1], 2),) for verb in found)
    stamps = acted(board("conv-transpose", input=[[1, 2]], kernel=[[[[1, 2]], [[3, 4]]]]), v.Carry)
    assert {(verb.of, verb.part) for verb in stamps} == {("stamps:0", "painted:0"), ("stamps:1", "painted:1")}
    assert {verb.source for verb in stamps} == {((0, 0), (0, 1))}


def test_columns_numbered_by_their_windows_fill_while_windows_are_swept_over() -> None:
    found = board("conv-matmul", input="random:10x10", kernel_size=3)
    swept = [verb for verb in acted(found, v.Sweep) if verb.part == "columns"]
    assert swept
    assert all(verb.down for verb in swept)
    windows = [verb for verb in acted(found, v.Sweep) if verb.part == "output:0"]
    assert [(verb.first, verb.last) for verb in swept] == [(verb.first, verb.last) for verb in windows]
