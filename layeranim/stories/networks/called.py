"""What the calls of a network, the layers of a row among them, are called where they stand; the lines under them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from layeranim import theme
from layeranim.engine.graph_calls import GraphCall
from layeranim.stories import phrases
from layeranim.stories.activations import activation_word
from layeranim.stories.phrases import so_many
from layeranim.stories.storyboard import Fact, Line, Run

NAME, NAME_SHORT = 16, 9
"""Letters of a call's name under it; in a long row."""
BRIEF = {
    "attention": "attent.", "batch norm": "norm", "embedding": "embed", "group norm": "norm", "instance norm": "norm",
    "layer norm": "norm", "log-softmax": "log-soft.", "multiply": "times", "multiply-add": "mul-add",
    "RMS norm": "norm", "subtract": "minus", "transformer": "block", "transposed": "transp.", "upsampling": "upsample",
}  # fmt: skip
"""What a stage of a long row is called."""
PRODUCTS = ("matmul", "einsum")
OWN = frozenset((
    "cdist", "dist", "pdist", "pairwise_distance", "fold", "cumsum", "cumprod", "logcumsumexp", "trace",
    "scatter", "scatter_reduce", "index_reduce", "index_copy", "index_fill", "index_put", "masked_scatter",
    "embedding_bag", "fractional_max_pool2d", "fractional_max_pool3d", "rrelu", "cross", "kron", "sinc",
    "xlogy", "nan_to_num", "margin_ranking_loss", "hinge_embedding_loss", "soft_margin_loss",
    "cosine_embedding_loss", "poisson_nll_loss", "multi_margin_loss", "multilabel_margin_loss",
    "triplet_margin_loss", "LRN", "ScatterElements", "ScatterND",
))  # fmt: skip
"""Layers that compute many functions, and functions that are computed by a layer of another sort."""
BARS, GAP = 240.0, 22.0
"""Room that bars with their numbers take at least, and what lies between two stages."""
BARS_MOST = 10


Says = Callable[[GraphCall], str]
CONVS, TRANSPOSED, POOLS = (tuple(of + n for n in ("", "1d", "3d")) for of in ("conv", "conv-transpose", "pool"))


def _pooled(call: GraphCall) -> str:
    mode = str(getattr(call.config, "mode", "max"))
    return {"global-max": "max of all", "global-mean": "mean of all", "adaptive-max": "max",
            "adaptive-mean": "mean", "lp": "p-norm"}.get(mode, mode)  # fmt: skip


WORDS: dict[str, str | Says] = {
    "activation": lambda call: {"linear": "identity"}.get(name := call.config.activation) or activation_word(name),
    "batchnorm": "batch norm",
    "conv1d": "conv",
    **dict.fromkeys(TRANSPOSED, "transposed"),
    **dict.fromkeys(POOLS, lambda call: f"{_pooled(call)} pool"),
    "conv3d": "conv 3D",
    "concatenate": "concat",
    "elementwise": lambda call: str(call.config.operation),
    "gru": "GRU",
    "layernorm": lambda call: {"rms": "RMS norm"}.get(call.config.kind, f"{call.config.kind} norm"),
    "lstm": "LSTM",
    "reduce": lambda call: str(call.config.mode),
    "rnn": "RNN",
    "softmax": lambda call: "log-softmax" if call.config.log else "softmax",
    "upsample": "upsampling",
}
"""What a layer is called, where its own name is not the word of the field."""


def called(calls: Sequence[GraphCall]) -> str:
    """``conv + ReLU``, ``layer1``, ``h × 12``."""
    first = calls[0]
    if len(calls) == 1 and first.stands > 1:
        parent, _, own = first.kind.rpartition(".")
        name = short(parent if first.times > 1 and own.isdigit() and parent else first.kind, NAME_SHORT)
        return f"{name} × {first.times}" if first.times > 1 else name or so_many("call", "calls", first.stands)
    return " + ".join(word(call) for call in calls[:2]) + (" …" if len(calls) > 2 else "")


def brief(calls: Sequence[GraphCall]) -> str:
    """What a stage is called in a long row; what follows in it stands under it."""
    if calls[0].stands > 1:
        return called(calls)
    return _brief(calls[0])


def _brief(call: GraphCall) -> str:
    said = word(call)
    return BRIEF.get(said, "pool" if said.endswith(" pool") else short(said, NAME_SHORT))


def word(call: GraphCall) -> str:
    """What one call is called: the word for its layer, else what the model calls it; so it is where the layer is the
    way to compute it, and not what it is."""
    own = call.layer in PRODUCTS and call.kind.lower() != call.layer
    if not call.layer or own or call.kind in OWN:
        return short(call.kind, NAME)
    said = WORDS.get(call.layer, call.layer)
    return said if isinstance(said, str) else said(call)


def short(name: str, most: int) -> str:
    """The end of a name that has too many letters, from one of its parts or words on where that fits."""
    starts = [0, *(found.end() for mark in (r"\.", "_") for found in re.finditer(mark, name))]
    return next((name[k:] for k in starts if len(name) - k <= most), f"…{name[1 - most :]}")


def lines(calls: Sequence[GraphCall], long: bool) -> tuple[Line, ...]:
    """What stands under a stage before its size: in a long row what follows in it, and the model's own name for it."""
    after = [f"+ {_brief(call)}" for call in calls[1:]] if long else []
    name = named(calls, long)
    return tuple((Run(said, weight="regular", source=Fact("name")),) for said in (*after, name) if said)


def named(calls: Sequence[GraphCall], long: bool = False) -> str:
    """The model's own name for a stage, unless that is a number; of a function that of the module that calls it."""
    first = calls[0]
    if first.stands > 1:
        parent, _, own = first.kind.rpartition(".")
        last = f"–{int(own) + first.times - 1}" if first.times > 1 and own.isdigit() else ""
        return short(first.kind, NAME_SHORT - 3 if long else NAME) + last if last and parent else ""
    path, _, own = first.name.rpartition(".")
    module = own.partition(":")[0] != first.kind
    said = first.name if module else path
    return "" if said.replace(".", "").isdigit() else short(said, NAME_SHORT if long else NAME)


def compact(n: int) -> str:
    """A number of parameters for which there is little room: from a hundred thousand on in thousands and millions."""
    if n < 100_000:
        return str(n)
    return f"{n / 1e3:.0f}k" if n < 999_500 else f"{n / 1e6:.1f}M"


def width(stages: Sequence[Sequence[GraphCall]]) -> float:
    """How much room the words of a long row of stages need, with what goes in."""
    wide = [_wide(calls, calls is stages[-1]) for calls in stages]
    size = (Run("×".join(map(str, stages[0][0].made[1:])), weight="regular"),)
    return sum(wide) + GAP * len(wide) + phrases.width(size, theme.FLOOR)


def _wide(calls: Sequence[GraphCall], last: bool) -> float:
    shape, learnt = calls[-1].made[1:], sum(call.parameters for call in calls)
    under = ["×".join(map(str, shape)), f"w: {compact(learnt)}" if learnt else ""]
    texts = [*lines(calls, True), *((Run(said, weight="regular"),) for said in under)]
    head = phrases.width((Run(brief(calls), weight="semibold"),), theme.NAME)
    bars = BARS if last and len(shape) == 1 and shape[0] <= BARS_MOST else 0.0
    return max(head, bars, *(phrases.width(line, theme.FLOOR) for line in texts))
