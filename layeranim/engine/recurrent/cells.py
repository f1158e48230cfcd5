"""The recurrent cells as tables: one line an act, in the order in which a film tells it.

Elman RNN   h = φ(W x + b + U h₋₁ + c)
GRU         r = σ(W_r x + U_r h₋₁ + b_r), z = σ(W_z x + U_z h₋₁ + b_z), h = z ⊙ h₋₁ + (1 − z) ⊙ n with the candidate
              reset-after   n = tanh(W_n x + b_n + r ⊙ (U_n h₋₁ + c_n))   PyTorch, Keras' default
              reset-before  n = tanh(W_n x + b_n + U_n (r ⊙ h₋₁) + c_n)   Cho et al. (2014), arXiv:1406.1078, eq. 8
              glossary      n = tanh(r ⊙ h₋₁)                             as the ML Glossary prints it: no weights
LSTM        f, i, o = σ(W x + U h₋₁ + b), g = tanh(W_g x + U_g h₋₁ + b_g), c = f ⊙ c₋₁ + i ⊙ g, h = o ⊙ tanh(c)
              tanh and σ are what ``activation`` and ``gate_activation`` name    as keras.layers.LSTM, GRU have them
              peepholes     f and i also see p ⊙ c₋₁, o sees p ⊙ c        Gers and Schmidhuber (2000)
              projection    h = P (o ⊙ tanh(c))                           Sak et al. (2014), arXiv:1402.1128

The one table gives the forward pass, the recipes, the steps and, read backwards, back-propagation through time.
"""

from __future__ import annotations

from typing import Literal

from layeranim.engine.act import Act as Act
from layeranim.engine.conventions import CONVENTIONS
from layeranim.errors import OptionError
from layeranim.records import dataclass

Kind = Literal["rnn", "gru", "lstm"]


@dataclass(frozen=True)
class Gate:
    """One block of rows in the packed weights: ``part`` names its weights, ``tensor`` its values."""

    part: str
    tensor: str
    activation: str


@dataclass(frozen=True)
class Functions:
    """The activations of a cell by name: of its candidate, state and memory, and of its gates."""

    own: str = "tanh"
    gates: str = "sigmoid"

    def gate(self, part: str) -> Gate:
        """One block of a cell with gates."""
        return Gate(part, part, self.own) if part == "candidate" else Gate(part, f"{part}_gate", self.gates)

    @property
    def shown_cell(self) -> str:
        """The name of the memory after its activation: ``cell_tanh``, ``cell_hard_sigmoid``."""
        return "cell_" + self.own.replace("-", "_")


_USUAL = Functions()


def gate_order(kind: Kind, variant: str, convention: str) -> tuple[str, ...]:
    """The parts of packed weights in the order of their rows: PyTorch i f g o and r z n, Keras i f c o and z r h.

    Raises ``OptionError`` for a library whose cells compute something else with their rows.
    """
    if kind == "rnn":
        return ("state",)
    whose = CONVENTIONS[convention]
    if whose.update == "new":
        raise OptionError(
            f"convention is {convention}, whose {kind} adds to its forget gate or turns its update gate round; "
            "give its weights as a state (weights), which is put into ours"
        )
    order = tuple(_LETTERS[letter] for letter in ((whose.lstm if kind == "lstm" else whose.gru) or "").split())
    return tuple(part for part in order if part != "candidate") if variant == "glossary" else order


_LETTERS = {"i": "input", "f": "forget", "g": "candidate", "o": "output", "r": "reset", "z": "update", "n": "candidate"}


def joined_weight(part: str) -> str:
    """The name of one gate's weights for state and input side by side: ``weight_forget_gate``, ``weight_candidate``."""
    return f"weight_{part}" if part in ("candidate", "state") else f"weight_{part}_gate"


def table(
    kind: Kind,
    *,
    functions: Functions = _USUAL,
    variant: str = "reset-after",
    biases: tuple[str, ...] = (),
    peepholes: bool = False,
    projection: bool = False,
) -> tuple[Act, ...]:
    """One time step of a cell, from ``input`` and the previous state to ``hidden``."""
    acts = [Act("join", ("previous_hidden", "input"), "joined")]
    if kind == "rnn":
        acts += _gate(Gate("state", "hidden", functions.own), biases)
    elif kind == "gru":
        for part in ("reset", "update"):
            acts += _gate(functions.gate(part), biases)
        acts += _gru_candidate(functions, variant, biases)
        acts += [
            Act("multiply", ("update_gate", "previous_hidden"), "kept"),
            Act("complement", ("update_gate",), "update_complement"),
            Act("multiply", ("update_complement", "candidate"), "written"),
            Act("add", ("kept", "written"), "hidden"),
        ]
    else:
        acts += _lstm(functions, biases, peepholes, projection)
    return tuple(acts)


def _gate(gate: Gate, biases: tuple[str, ...], peephole: str = "") -> list[Act]:
    """Weigh the joined vector, add up, squash; a peephole first multiplies the cell that it looks at."""
    plus = [f"{bias}_{gate.part}" for bias in biases]
    before = []
    if peephole:
        before = [Act("multiply", (f"weight_peephole_{gate.part}", peephole), f"{gate.part}_peephole")]
        plus.append(f"{gate.part}_peephole")
    pre = f"{gate.tensor}_pre"
    weigh = Act("affine", (joined_weight(gate.part), "joined", *plus), pre, products=f"{gate.part}_products")
    return [*before, weigh, Act("activate", (pre,), gate.tensor, gate.activation)]


def _gru_candidate(functions: Functions, variant: str, biases: tuple[str, ...]) -> list[Act]:
    squash = Act("activate", ("candidate_pre",), "candidate", functions.own)
    if variant == "glossary":
        return [Act("multiply", ("reset_gate", "previous_hidden"), "candidate_pre"), squash]
    plus = {bias: (f"{bias}_candidate",) for bias in biases}
    new = Act("affine", ("weight_input_candidate", "input", *plus.get("bias_input", ())), "candidate_input",
              products="candidate_input_products")  # fmt: skip
    if variant == "reset-before":
        reset = Act("multiply", ("reset_gate", "previous_hidden"), "reset_hidden")
        old = Act("affine", ("weight_hidden_candidate", "reset_hidden", *plus.get("bias_hidden", ())),
                  "candidate_hidden", products="candidate_hidden_products")  # fmt: skip
        return [new, reset, old, Act("add", ("candidate_input", "candidate_hidden"), "candidate_pre"), squash]
    old = Act("affine", ("weight_hidden_candidate", "previous_hidden", *plus.get("bias_hidden", ())),
              "candidate_hidden", products="candidate_hidden_products")  # fmt: skip
    reset = Act("multiply", ("reset_gate", "candidate_hidden"), "candidate_reset")
    return [new, old, reset, Act("add", ("candidate_input", "candidate_reset"), "candidate_pre"), squash]


def _lstm(functions: Functions, biases: tuple[str, ...], peepholes: bool, projection: bool) -> list[Act]:
    gate, shown = functions.gate, functions.shown_cell
    before, after = ("previous_cell", "cell") if peepholes else ("", "")
    acts = [
        *_gate(gate("forget"), biases, before),
        Act("multiply", ("forget_gate", "previous_cell"), "kept"),
        *_gate(gate("input"), biases, before),
        *_gate(gate("candidate"), biases),
        Act("multiply", ("input_gate", "candidate"), "written"),
        Act("add", ("kept", "written"), "cell"),
        *_gate(gate("output"), biases, after),
        Act("activate", ("cell",), shown, functions.own),
    ]
    if not projection:
        return [*acts, Act("multiply", ("output_gate", shown), "hidden")]
    return [
        *acts,
        Act("multiply", ("output_gate", shown), "unprojected"),
        Act("affine", ("weight_projection", "unprojected"), "hidden", products="projection_products"),
    ]


def readout(bias: bool) -> tuple[Act, ...]:
    """The output layer on top: y = softmax(V h + b_y)."""
    plus = ("bias_output",) if bias else ()
    return (
        Act("affine", ("weight_output", "output", *plus), "logits", products="logits_products"),
        Act("softmax", ("logits",), "probabilities"),
    )
