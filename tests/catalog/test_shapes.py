"""Films that are declared on the stage stand on a canvas of their picture's shape: nothing is lost or too small."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, cycle

import pytest

from layeranim import catalog, theme
from layeranim.canvas import TALLEST, WIDE, WIDEST, Canvas, canvas
from layeranim.film import host
from layeranim.scenes.base import ExplainerScene
from layeranim.stories import phrases, rows
from layeranim.stories.header import placed
from layeranim.stories.stage.solver import room_on
from layeranim.stories.storyboard import Beat, Box, Run, Storyboard, plain
from tests.rules.test_fits import spilt

from .conftest import Case, ids, others, play, presets
from .test_pictures import unclean

SIZES = ("405x720", "720x720", "800x600")
STAGED = [name for name, found in catalog.EXPLAINERS.items() if found.scene == "scenes.stage:StageScene"]
NEAR = 4.0
"""Edges are put on even pixels, and a row of bars ends in a gap."""


def shaped(case: Case, size: str) -> Case:
    return replace(case, options={**case.options, "size": size}, label=f"{case.label}-{size}")


LITTLE = [("cnn-backprop", "digit", "800x600")]
"""What has no room at its size, and is drawn smaller."""
CASES = [case for case in presets() + others()[::8] if case.name in STAGED and "size" not in case.options]
SHAPED = [shaped(case, size) for case, size in zip(CASES, cycle(SIZES), strict=False)]
SHAPED += [shaped(Case(name, {}, name), size) for name in STAGED for size in SIZES]
SHAPED += [shaped(Case("vanishing", {"losses": "every"}, "vanishing-every"), "720x720")]
SHAPED += [shaped(Case("depthwise", {"example": "mobilenet"}, "mobilenet"), size) for size in SIZES[1:]]
SHAPED = [case for case in SHAPED if (case.name, case.options.get("example"), case.options["size"]) not in LITTLE]
"""Every preset and an eighth of the further cases at one size of another shape, each own film of a layer at all."""


def told(case: Case) -> Storyboard:
    work = case.work()
    return work.storyboard(work.trace())


# ── the canvas ───────────────────────────────────────────────────────────────
@pytest.mark.parametrize("size", [(1280, 720), (640, 360), (1920, 1080), (854, 480), (64, 36), (2000, 400)])
def test_wide_pictures_stand_on_the_usual_canvas(size: tuple[int, int]) -> None:
    assert canvas(*size) is WIDE


@pytest.mark.parametrize("size", [(720, 720), (405, 720), (1080, 1920), (800, 600), (1080, 1350), (1280, 800), (9, 20)])
def test_other_shapes_have_a_canvas_as_large_and_of_that_shape(size: tuple[int, int]) -> None:
    found = canvas(*size)
    shape = min(max(Fraction(*size), TALLEST), WIDEST)
    assert abs(found.width * found.height / (theme.WIDTH * theme.HEIGHT) - 1) < 0.003
    assert abs(found.width / found.height / shape - 1) < 0.003
    assert found.width % 2 == found.height % 2 == 0
    assert found.stage_top() - found.stage_bottom() > 300
    assert found.rows > 1


def test_a_picture_of_another_size_and_the_same_shape_is_the_same_picture() -> None:
    assert canvas(405, 720) == canvas(1080, 1920) == Canvas(720, 1280)
    small, large = (told(Case("softmax", {"size": size}, "")) for size in ("405x720", "1080x1920"))
    assert small.text() == large.text()


@pytest.mark.parametrize("size", [(405, 720), (1080, 1080), (800, 600)])
def test_the_canvas_fills_its_picture(size: tuple[int, int]) -> None:
    """To less than a pixel on either side; a 16:9 canvas in it would leave bars."""
    found = canvas(*size)
    with host.session(*size, Fraction(25), "#FFFFFF", found) as scale:
        assert size[0] - found.width * scale < 2
        assert size[1] - found.height * scale < 2
    with host.session(*size, Fraction(25), "#FFFFFF") as scale:
        assert size[1] - theme.HEIGHT * scale > 100


@pytest.mark.parametrize("size", ["1280x720", "405x720"])
def test_without_captions_the_stage_takes_their_room(size: str) -> None:
    tall = {"input": "random:16x5", "kernel_size": 2, "size": size}
    said, silent = (told(Case("pool", {**tall, "captions": captions}, "")) for captions in (True, False))
    assert silent.grids["padded:0"].pitch[1] > said.grids["padded:0"].pitch[1]
    lowest = min(grid.cell(grid.rows - 1, 0).bottom for grid in silent.grids.values())
    assert silent.canvas.stage_bottom(captioned=False) <= lowest < silent.canvas.stage_bottom()


def test_numerals_in_two_lines_come_before_colours_in_one() -> None:
    board = told(Case("dropout", {"input": "1 2 3 4 5; 5 4 3 2 1", "draws": 3}, ""))
    assert all(grid.numeral for grid in board.grids.values())
    assert len({grid.box.y for grid in board.grids.values()}) == 2


def test_a_square_picture_has_both_networks_whose_units_change_places() -> None:
    board = told(Case("symmetry", {"size": "640x640"}, ""))
    assert {"hidden:net", "output:net", "moved_hidden:net", "moved_output:net"} <= {
        plan.name for plan in board.parts["stage"]
    }


def test_nine_layers_in_a_row_are_all_there_on_a_square_canvas() -> None:
    board = told(Case("sequential", {"size": "640x640"}, ""))
    assert {"relu2.output:0", "pool2.output:0", "flatten.output"} <= set(board.grids)


@pytest.mark.parametrize(("name", "least"), [("conv", 48), ("pool", 128), ("depthwise", 80)])
def test_channels_on_a_square_canvas_take_what_it_is_higher(name: str, least: int) -> None:
    grids = told(Case(name, {"input": "random:4x8x8", "size": "640x640"}, "")).grids
    assert min(grids[f"padded:{k}"].rows * grids[f"padded:{k}"].pitch[1] for k in range(4)) >= least


# ── rows of text ─────────────────────────────────────────────────────────────
LINE = (Run("1.25 · 3.50"), Run(" + "), Run("12.00 · 4.25"), Run(" + "), Run("7 zeros"), Run(" = "), Run("55.38"))


def test_a_line_is_broken_before_a_sign_into_rows_of_about_one_length() -> None:
    found = [plain(row) for row in rows.broken(LINE, 32, 420)]
    assert found == ["1.25 · 3.50 + 12.00 · 4.25", "+ 7 zeros = 55.38"]
    assert rows.broken(LINE, 32, 2000) == (LINE,)
    heads = (Run("one"), Run("  →  "), Run("head 1: "), Run("all,  "), Run("head 2: "), Run("some"))
    assert [plain(row) for row in rows.broken(heads, 32, 240)] == ["one", "→  head 1: all,", "head 2: some"]


def test_rows_keep_every_word_its_role_and_its_address() -> None:
    found = rows.broken(LINE, 32, 150)
    assert " ".join(map(plain, found)) == plain(LINE)
    assert all(phrases.width(row, 32) <= 240 for row in found)
    assert len(found) > 2


def test_a_caption_is_broken_only_where_one_row_would_be_small() -> None:
    tall, long = canvas(405, 720), (Run("differences of scores became ratios of shares"),)
    size, broken = rows.caption(long, tall)
    assert len(broken) == 2
    assert size == theme.CAPTION
    assert rows.caption(long, WIDE) == (theme.CAPTION, (long,))
    assert rows.caption((Run("short"),), tall) == (theme.CAPTION, ((Run("short"),),))


# ── every film of the stage ──────────────────────────────────────────────────
@pytest.mark.grid(4)
@pytest.mark.parametrize("case", **ids(SHAPED))
def test_everything_has_room_on_its_canvas(case: Case) -> None:
    board = told(case)
    assert board.canvas == case.work().film.canvas != WIDE
    assert not [*outside(board), *met(board), *unheld(board), *spilt(board)]


def boxes(board: Storyboard) -> dict[str, Box]:
    """What stands on the stage; the key in the corner stands under the words (``rules/test_key.py``)."""
    plans = [plan for plan in (*board.grids.values(), *board.parts["stage"]) if not getattr(plan, "ends", False)]
    return {plan.name: plan.box for plan in plans if isinstance(getattr(plan, "box", None), Box)}


def outside(board: Storyboard) -> Iterator[str]:
    """What leaves the room between the words."""
    header = placed(board.title, board.parameters, board.canvas)
    room = room_on(board.canvas, header.lower(board.canvas))
    for name, box in boxes(board).items():
        if not (room.left <= box.x + NEAR and box.right <= room.right + NEAR):
            yield f"{name} leaves the margins: {box}, {room}"
        if not (box.y <= room.top + NEAR and room.bottom <= box.bottom + NEAR):
            yield f"{name} leaves the stage: {box}, {room}"
    for plan in (*board.grids.values(), *board.parts["stage"]):
        heading, at = getattr(plan, "heading", ()), getattr(plan, "heading_at", None)
        if heading and at:
            x, y = at
            if x < room.left - 2 or x + phrases.width(heading, theme.NAME) > room.right + 2 or y > room.top:
                yield f"the name of {plan.name} leaves the stage"


def met(board: Storyboard) -> Iterator[str]:
    """What stands on something else."""
    for (a, x), (b, y) in combinations(boxes(board).items(), 2):
        if x.outset(-1).meets(y.outset(-1)):
            yield f"{a} stands on {b}"


def unheld(board: Storyboard) -> Iterator[str]:
    """Words that have no room, or only in letters that are too small."""
    for beat in board.beats:
        if not rows.hold(beat.caption, theme.CAPTION_FLOOR, board.canvas):
            yield f"no room for {plain(beat.caption)}"
        if not rows.hold(beat.note, theme.NOTE, board.canvas):
            yield f"no room for {plain(beat.note)}"
    header = placed(board.title, board.parameters, board.canvas)
    if min(header.title, header.parameters) < theme.FLOOR:
        yield "the header is too small"
    said = re.sub("[ ,]", "", "".join(plain(row) for row in (*header.titles, header.beside, *header.under)))
    if said != re.sub("[ ,]", "", board.title + plain(board.parameters)):
        yield f"the header says {said}"
    for line, size, (x, _), end in header.lines(board.canvas):
        if phrases.width(line, size) > (x - board.canvas.left if end == "right" else board.canvas.right - x) + 1:
            yield f"{plain(line)} leaves the header"


@pytest.mark.grid(3)
@pytest.mark.parametrize("size", ["405x720", "720x720"])
@pytest.mark.parametrize("name", STAGED)
def test_every_beat_is_clean_on_a_tall_and_on_a_square_canvas(name: str, size: str) -> None:
    faults: dict[str, str] = {}

    def look(scene: ExplainerScene, beat: Beat) -> None:
        for fault in unclean(scene):
            faults.setdefault(fault, f"{beat.kind} {plain(beat.place)}")

    width, height = map(int, size.split("x"))
    play(Case(name, {"size": size}, name), look, size=(2 * (width // 8), 2 * (height // 8)), fps=Fraction(1))
    assert not faults, "\n".join(f"{where}: {fault}" for fault, where in list(faults.items())[:12])


def test_the_checks_see_what_leaves_the_canvas_and_what_has_no_room() -> None:
    board = told(Case("softmax", {"size": "405x720"}, ""))
    wide = told(Case("softmax", {}, ""))
    assert list(outside(replace(wide, canvas=board.canvas)))
    long = replace(board.beats[0], caption=(Run("words " * 40),), note=(Run("words " * 60),))
    assert len(list(unheld(replace(board, beats=(long, *board.beats[1:]))))) == 2
    assert list(unheld(replace(board, title="W" * 48)))


@pytest.mark.parametrize(("name", "preset", "size"), LITTLE)
def test_what_has_no_room_is_drawn_smaller_and_that_is_said(name: str, preset: str, size: str) -> None:
    case = Case(name, {"example": preset, "size": size}, "little-room")
    board = told(case)
    usual = case.work().film.canvas
    assert usual.width < board.canvas.width <= 2 * usual.width
    assert abs(board.canvas.width / board.canvas.height - usual.width / usual.height) < 0.01
    assert [said for said in board.warnings if "times as small as usual" in said]
    assert not [*outside(board), *met(board), *unheld(board), *spilt(board)]


@pytest.mark.parametrize(
    ("name", "options", "part"),
    [
        ("cnn", {"example": "stroke"}, "dense_pre_activation"),
        ("cnn-backprop", {}, "grad_conv1_kernel:0"),
        ("cnn-backprop", {"size": "720x720"}, "grad_conv1_kernel:0"),
        ("cnn-backprop", {"size": "405x720"}, "new_conv1_kernel:0"),
        ("flatten", {"input": "random:2x5x5", "size": "720x720"}, "input:1"),
        ("lstm", {"size": "405x720"}, "hidden"),
        ("vanishing", {"losses": "every", "size": "720x720"}, "sent:2"),
    ],
)
def test_numbers_stand_where_they_have_room(name: str, options: dict[str, str], part: str) -> None:
    assert told(Case(name, options, name)).grids[part].numeral


@pytest.mark.parametrize("size", ["720x720", "405x720"])
@pytest.mark.parametrize("example", ["too-long", "looking-back"])
def test_a_sentence_has_its_words_beside_what_is_made_of_them(example: str, size: str) -> None:
    assert "Buch" in str(told(Case("seq2seq", {"example": example, "size": size}, "seq2seq")).parts)


def test_sums_that_a_function_bounds_keep_the_decimals_of_their_own() -> None:
    board = told(Case("conv", {"input": "random:2x4x4", "activation": "tanh", "bias": True}, "conv"))
    assert not [text for beat in board.beats for text in re.findall(r"\d\.0\b", plain(beat.caption))]
