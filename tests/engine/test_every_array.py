"""Every array of every layer can be given by the name that it has in the trace; a bias may be one number for all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim import catalog
from layeranim.engine.door import is_bias
from layeranim.engine.trace import Trace
from layeranim.errors import OptionError, ShapeError

MORE: dict[str, list[dict[str, Any]]] = {
    "rnn": [{"bidirectional": True}, {"layers": 2}, {"layers": 2, "bidirectional": True, "classes": 2}],
    "gru": [{"bidirectional": True}, {"layers": 2, "bidirectional": True}],
    "lstm": [{"layers": 2}, {"bidirectional": True, "projection": 2}, {"peepholes": True}],
    "seq2seq": [{"attention": "additive"}, {"attention": "multiplicative", "cell": "lstm"}, {"feeding": "greedy"}],
    "attention": [{"projections": True, "heads": 2, "bias": True}, {"kind": "additive"}, {"kind": "multiplicative"}],
    "transformer": [{"block": "decoder"}],
}
MADE_BY_OPTIONS = {"positional-encoding"}
"""Its inputs are the positions 0, 1, 2, …"""


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in catalog.names():
        if name not in MADE_BY_OPTIONS:
            yield from ((name, options) for options in ({}, *MORE.get(name, [])))


def given(trace: Trace) -> list[str]:
    """The arrays that the trace was made from."""
    return [n for n, t in trace.tensors.items() if t.role in ("input", "weight") and not t.is_recipe]


@pytest.mark.parametrize(("name", "options"), list(cases()))
def test_every_array_of_the_trace_is_given_by_its_own_name(name: str, options: dict[str, Any]) -> None:
    first = la.trace(name, **options)
    names = given(first)
    assert names
    same = {key: text for key, text in first.config.shown().items() if key not in names}
    again = la.trace(name, **same, **{n: first[n] for n in names})
    assert all(np.array_equal(again[n], first[n]) for n in names)
    if name == "sequential":
        return  # its options are written from its arrays' shapes
    for n in names:  # and each alone
        assert np.array_equal(la.trace(name, **options, **{n: first[n]})[n], first[n])


def takes(name: str, options: dict[str, Any], bias: str) -> bool:
    """Whether a layer with these options takes this bias, where its trace has none of itself."""
    try:
        la.trace(name, **options, **{bias: 0.5})
    except OptionError:
        return False
    return True


@pytest.mark.parametrize(("name", "options"), list(cases()))
def test_one_number_is_one_bias_for_all(name: str, options: dict[str, Any]) -> None:
    full = la.trace(name, **options)
    own = {spec.name for spec in catalog.layer(name).arrays}
    biases = [n for n in {**dict.fromkeys(given(full)), **dict.fromkeys(own)} if is_bias(n)]
    for n in biases:
        if n not in full and not takes(name, options, n):
            continue
        alone = la.trace(name, **options, **{n: 0.5})
        assert alone[n].tolist() == [0.5] * len(alone[n])
        for one in ([0.5], np.float32(0.5)):
            again = la.trace(name, **options, **{n: one})
            assert all(np.array_equal(again[m], alone[m], equal_nan=True) for m in alone.tensors)


@pytest.mark.parametrize(
    ("name", "options"),
    [("conv", {}), ("conv1d", {}), ("conv3d", {}), ("conv-matmul", {}), ("conv-transpose", {}), ("depthwise", {}),
     ("dense", {"input": [[1, 2]], "weight": [[1, 1], [2, 2]]}), ("bilinear", {}), ("cnn", {})],
)  # fmt: skip
def test_a_bias_of_another_length_is_still_refused(name: str, options: dict[str, Any]) -> None:
    bias = next(spec.name for spec in catalog.layer(name).arrays if is_bias(spec.name))
    many = len(la.trace(name, **options, **{bias: 0.5})[bias]) + 1
    weight = bias.replace("bias", "weight" if name in ("dense", "bilinear") else "kernel")
    held = la.trace(name, **options)
    weights = {n: held[n] for n in (weight, "pointwise_kernel") if n in held}
    with pytest.raises(ShapeError, match=str(many)):
        la.trace(name, **{**options, **weights, bias: np.ones(many)})


@pytest.mark.parametrize("spelt", ["forward.weight_hidden", "forward_weight_hidden", "forward-weight-hidden"])
def test_an_inner_name_is_known_however_it_is_spelt(spelt: str) -> None:
    assert catalog.layer("gru").inner(spelt) == "forward.weight_hidden"
    w = np.arange(27.0).reshape(9, 3)
    assert np.array_equal(la.trace("gru", bidirectional=True, **{spelt: w})["forward.weight_hidden"], w)


def test_a_name_without_its_direction_is_refused_with_the_one_that_works() -> None:
    with pytest.raises(OptionError, match=r"did you mean forward\.weight_hidden\?"):
        la.trace("gru", bidirectional=True, weight_hidden=np.zeros((9, 3)))
