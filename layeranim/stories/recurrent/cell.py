"""Where everything stands in an opened cell: the LSTM with its two lanes, the GRU's variants, the plain RNN's loop."""

from __future__ import annotations

from layeranim import layout
from layeranim.engine.recurrent.config import GruConfig, LstmConfig, RnnConfig
from layeranim.stories.recurrent.bench import PITCH, RecurrentBench, heading
from layeranim.stories.recurrent.stage import FULL_ROWS, CellStage, Wire, gate_heading, height
from layeranim.stories.recurrent.view import RecurrentView
from layeranim.stories.storyboard import Box, Point, Run

LEFT, RIGHT = -584, 584
BUS = -212  # the lowest the bus may run
LOOP = -200  # the lane of a plain cell on which its state comes back
R = 22  # from the middle of an operator to where a wire ends
GATE = 100  # width of a gate's cells
MOST_ADDED = 2  # numbers above the sum's sign
OFF = 10  # from a column to a wire


def cell_stage(view: RecurrentView, n: int, most: int) -> CellStage:
    """The stage of a run's cell; ``most`` units of a vector are shown in colours."""
    return {"lstm": _lstm, "gru": _gru, "rnn": _rnn}[view.kind](view, n, most)


class _Levels:
    """The heights of a gated cell: its lane, the operators under it, the gates, their chips and the bus."""

    def __init__(self, tall: float) -> None:
        slack = layout.even((128 - tall) * 0.3)
        self.tall = tall
        self.top = 206 - slack
        self.lane = layout.even(self.top - tall / 2)
        self.gates = -136 + slack + tall
        self.gate_bottom = -136 + slack
        self.chip, self.bus = self.gate_bottom - 40, self.gate_bottom - 78
        self.heads = self.gates + 38  # above the gates' headings
        self.low = layout.even(self.heads + 0.42 * (self.lane - self.heads))


def _benched(view: RecurrentView, n: int, most: int, at: _Levels) -> CellStage:
    """State, input, weights, products and their sum at the left; wires from the sum along the bus."""
    bench = RecurrentBench(view, n, LEFT, at.top - at.tall - 36, BUS, 116, 84, most)
    stage = CellStage(view, n, bench, most, dict(bench.grids))
    _sum(stage, -212, view, n, at.lane - 44)
    return stage


def _sum(stage: CellStage, x: float, view: RecurrentView, n: int, ceiling: float = 240) -> None:
    """Σ with the bias above, not higher than ``ceiling``, and the sum below."""
    biases = [b for b in ("bias_input", "bias_hidden") if view.name(n, b) in view.trace.tensors]
    peeps = isinstance(view.config, LstmConfig) and bool(view.config.peepholes) and len(biases) < MOST_ADDED
    added = len(biases) + peeps
    y = layout.even(min(stage.bench.middle + 6, ceiling - 48 - PITCH * added))
    stage.operators["sum"] = (x, y), "Σ"
    said = [*(["bias"] if biases else []), *(["p · c"] if peeps else [])]
    stage.wires["sum"] = Wire(((stage.bench.right + 8, y), (x - R, y)))
    if added:
        head = (Run(", ".join(said), "weights", "semibold"),)
        box = stage.single("bias", (x - 46, y + 48 + PITCH * added), 92, head, added)
        stage.wires["bias"] = Wire(((x, box.bottom - 6), (x, y + R)), "weights")
    stage.single("pre", (x - 46, y - 46), 92)
    stage.wires["pre"] = Wire(((x, y - R), (x, y - 44)))


def _feed(stage: CellStage, name: str, x: float, at: _Levels, bottom: float, function: str, role: str) -> None:
    """The way from the sum along the bus up to a column, through its function."""
    pre = stage.grids["pre"].box
    start = (pre.centre[0], pre.bottom - 6)
    if function:
        stage.chips[f"in:{name}"] = (x, at.chip), function
        stage.wires[f"out:{name}"] = Wire(((x, at.chip + 20), (x, bottom - 3)), role)
    goal = (x, at.chip - 22 if function else bottom - OFF)
    stage.wires[f"in:{name}"] = Wire((start, (start[0], at.bus), (x, at.bus), goal), "muted")


def _gate(stage: CellStage, name: str, base: str, x: float, at: _Levels, hue: str, bus: bool = True) -> Box:
    box = stage.column(name, base, x - GATE / 2, at.gates, gate_heading(stage.view.kind, base), GATE)
    if bus:
        _feed(stage, name, x, at, box.bottom, "tanh" if base == "candidate" else "σ", hue)
    return box


def _lstm(view: RecurrentView, n: int, most: int) -> CellStage:
    at = _Levels(height(view))
    stage = _benched(view, n, most, at)
    projected = isinstance(view.config, LstmConfig) and view.config.projection is not None
    f, i, g, o, plus = -104, 26, 150, 436 if projected else 448, 88
    c, tanh = (220, 356) if projected else (232, 372)
    before = stage.column("previous_cell", "previous_cell", LEFT, at.top, heading("c_{t−1}"))
    for base, x, hue in (
        ("forget_gate", f, "f"),
        ("input_gate", i, "i"),
        ("candidate", g, "g"),
        ("output_gate", o, "o"),
    ):
        _gate(stage, base, base, x, at, hue)
    cell = stage.column("cell", "cell", c, at.top, heading("c_{t}"))
    hidden = _shown(stage, at, projected)
    y, low, heads = at.lane, at.low, at.heads
    stage.operators |= {
        "keep": ((f, y), "×"),
        "add": ((plus, y), "+"),
        "write": ((plus, low), "×"),
        "read": ((o, y), "×"),
    }
    stage.chips["tanh"] = (tanh, y), "tanh"
    stage.wires |= {
        "keep": Wire(((before.right + OFF, y), (f - R, y))),
        "forget_gate": Wire(((f, heads), (f, y - R)), "f"),
        "kept": Wire(((f + R, y), (plus - R, y))),
        "input_gate": Wire(((i, heads), (i, low), (plus - R, low)), "i"),
        "candidate": Wire(((g, heads), (g, low), (plus + R, low)), "g"),
        "written": Wire(((plus, low + R), (plus, y - R))),
        "cell": Wire(((plus + R, y), (cell.x - OFF, y)), "result"),
        "seen": Wire(((cell.right + 2, y), (tanh - 39, y))),
        "tanh": Wire(((tanh + 39, y), (o - R, y))),
        "output_gate": Wire(((o, heads), (o, y - R)), "o"),
        "shown" if projected else "hidden": Wire(((o + R, y), (hidden.x - OFF, y)), "result"),
    }
    return stage


def _shown(stage: CellStage, at: _Levels, projected: bool) -> Box:
    """What the output gate shows: the state, or with a projection ``u``, from which P makes the state under it."""
    if not projected:
        return stage.column("hidden", "hidden", 500, at.top, heading("h_{t}"))
    shown = stage.column("unprojected", "unprojected", 500, at.top, heading("u"))
    chip = shown.bottom - 38
    box = stage.column("hidden", "hidden", 500, layout.even(chip - 78), heading("h_{t}"))
    x = shown.centre[0]
    stage.chips["projection"] = (x, chip), "P u"
    stage.wires["unprojected"] = Wire(((x, shown.bottom - 4), (x, chip + 22)))
    stage.wires["hidden"] = Wire(((x, chip - 20), (x, box.y + 4)), "result")
    return shown


def _gru(view: RecurrentView, n: int, most: int) -> CellStage:
    at = _Levels(height(view))
    variant = view.config.variant if isinstance(view.config, GruConfig) else ""
    stage = _benched(view, n, most, at)
    z, r, a, b, tanh, c = -104, 12, 116, 212, 326, 438
    y, heads = at.lane, at.heads
    low, gutter = (heads + 26, y - 58) if y - heads < 130 else (heads + 36, y - 64)
    before = stage.column("previous_hidden", "previous_hidden", LEFT, at.top, heading("h_{t−1}"))
    _gate(stage, "update_gate", "update_gate", z, at, "i")
    reset = _gate(stage, "reset_gate", "reset_gate", r, at, "f")
    box = _gate(stage, "candidate", "candidate", c, at, "g", bus=False)
    hidden = stage.column("hidden", "hidden", 500, at.top, heading("h_{t}"))
    middle = layout.even((reset.y + reset.bottom) / 2)
    into = _candidate(stage, variant, (r, a, b), at, reset, low, middle)
    stage.chips |= {"tanh": ((tanh, middle), "tanh"), "rest": ((r, gutter), "1 −")}
    stage.wires["squash"] = Wire((*into, (tanh - 40, middle)))
    stage.operators |= {"keep": ((z, y), "×"), "add": ((c, y), "+"), "write": ((c, gutter), "×")}
    stage.wires |= {
        "keep": Wire(((before.right + OFF, y), (z - R, y))),
        "update_gate": Wire(((z, heads), (z, y - R)), "i"),
        "rest": Wire(((z, gutter), (r - 34, gutter)), "i"),
        "complement": Wire(((r + 34, gutter), (c - R, gutter)), "i"),
        "candidate_in": Wire(((tanh + 39, middle), (box.x - 4, middle)), "g"),
        "candidate": Wire(((c, heads), (c, gutter - R)), "g"),
        "kept": Wire(((z + R, y), (c - R, y))),
        "written": Wire(((c, gutter + R), (c, y - R))),
        "hidden": Wire(((c + R, y), (hidden.x - OFF, y)), "result"),
    }
    return stage


def _candidate(
    stage: CellStage, variant: str, xs: tuple[float, float, float], at: _Levels, reset: Box, low: float, middle: float
) -> tuple[Point, ...]:
    """The columns between the reset gate and the candidate; returns where the way into tanh begins."""
    r, a, b = xs
    if variant == "glossary":
        box = stage.column("candidate_pre", "candidate_pre", a - 42, at.gates, ())
        stage.above(box, "r ⊙ h")
        stage.wires["reset_gate"] = Wire(((reset.right + 6, middle), (box.x - 4, middle)), "f")
        return ((box.right + OFF, middle),)
    after = variant == "reset-after"
    old = stage.column("candidate_hidden", "candidate_hidden", a - 42, at.gates, ())
    new = stage.column("candidate_input", "candidate_input", b - 42, at.gates, ())
    biased = stage.view.config.bias
    stage.above(old, ("U h + c" if biased else "U h") if after else "U (r⊙h)")
    stage.above(new, "W x + b" if biased else "W x")
    for name, x, box in (("candidate_hidden", a, old), ("candidate_input", b, new)):
        _feed(stage, name, x, at, box.bottom, "", "ink")
    stage.operators["join"] = (b, low), "+"
    stage.wires["candidate_input"] = Wire(((b, at.heads - 4), (b, low - R)))
    if after:
        stage.operators["reset"] = (a, low), "×"
        stage.wires["reset_gate"] = Wire(((r, at.heads - 4), (r, low), (a - R, low)), "f")
        stage.wires["candidate_hidden"] = Wire(((a, at.heads - 4), (a, low - R)))
        stage.wires["joined"] = Wire(((a + R, low), (b - R, low)))
    else:
        stage.wires["reset_gate"] = Wire(((reset.right + 6, middle), (old.x - 4, middle)), "f")
        stage.wires["candidate_hidden"] = Wire(((a, at.heads - 4), (a, low), (b - R, low)))
    knee = new.right + 12
    return (b + R, low), (knee, low), (knee, middle)


def _rnn(view: RecurrentView, n: int, most: int) -> CellStage:
    """The bench, the sums of all units, the activation, the new state, and the way back."""
    rows = view.size(n, "previous_hidden") + view.size(n, "input")
    row = 60 if rows <= 4 and view.hidden <= FULL_ROWS else PITCH
    bench = RecurrentBench(view, n, -504, 178, -150, 132, 92, most, row)
    stage = CellStage(view, n, bench, most, dict(bench.grids), row=row)
    _sum(stage, -56, view, n)
    (x, middle), _ = stage.operators["sum"]
    del stage.grids["pre"], stage.wires["pre"]  # the sums of all units stand in a column of their own
    tall = stage.tall(view.hidden)
    relu = isinstance(view.config, RnnConfig) and view.config.nonlinearity == "relu"
    top = layout.even(middle + tall / 2)
    pre = stage.column("hidden_pre", "hidden_pre", 88, top, (Run("sums", "ink", "semibold"),), 92)
    hidden = stage.column("hidden", "hidden", 400, top, heading("h_{t}"), 92)
    stage.chips["squash"] = (292, middle), "ReLU" if relu else "tanh"
    stage.wires |= {
        "sums": Wire(((x + R, middle), (pre.x - OFF, middle))),
        "squash": Wire(((pre.right + OFF, middle), (250, middle))),
        "hidden": Wire(((334, middle), (hidden.x - OFF, middle)), "result"),
        "loop": Wire(_loop(stage, hidden)),
    }
    return stage


def _loop(stage: CellStage, hidden: Box) -> tuple[Point, ...]:
    """From the new state back to where the next step reads it."""
    goal = stage.bench.box("vector:h")
    right, left = hidden.right + 44, goal.x - 44
    return (
        (hidden.right + OFF, hidden.centre[1]), (right, hidden.centre[1]), (right, LOOP), (left, LOOP),
        (left, goal.centre[1]), (goal.x - OFF, goal.centre[1]),
    )  # fmt: skip


def names(stage: CellStage) -> dict[str, Point]:
    """Words on the stage that are no headings: what goes round the loop."""
    if "loop" not in stage.wires:
        return {}
    return {"the state goes into the next step": (0.0, LOOP + 14.0)}
