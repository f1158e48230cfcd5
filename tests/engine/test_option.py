"""Options: what each kind takes and refuses, and that a Config shown is a Config read."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layeranim.engine.conv import ConvConfig
from layeranim.engine.option import Choice, Config, Flag, Integer, Kind, Padding, PerAxis, Real, Text, option, suggest
from layeranim.engine.option import given as quoted
from layeranim.errors import OptionError

TAKEN: list[tuple[Kind, Any, Any]] = [
    (Integer(), "7", 7), (Integer(), " -3 ", -3), (Integer(), 4.0, 4), (Integer(), np.int64(5), 5),
    (Integer(1), None, None), (Integer(0, 3), 3, 3),
    (Real(), "1e-3", 0.001), (Real(), 2, 2.0), (Real(0, 1), 1, 1.0), (Real(), np.float32(0.5), 0.5),
    (Real(), None, None),
    (Flag(), True, True), (Flag(), "yes", True), (Flag(), "OFF", False), (Flag(), "0", False), (Flag(), None, None),
    (Choice(("zeros", "hard-sigmoid")), " Hard_Sigmoid ", "hard-sigmoid"), (Choice(("a",)), None, None),
    (PerAxis(), 2, (2, 2)), (PerAxis(), "2x3", (2, 3)), (PerAxis(), "2×3", (2, 3)), (PerAxis(), [2, 3], (2, 3)),
    (PerAxis(1), "4", (4,)), (PerAxis(3), 1, (1, 1, 1)), (PerAxis(optional=True), None, None),
    (PerAxis(), "2, 3", (2, 3)),
    (Padding(), 1, ((1, 1), (1, 1))), (Padding(), "SAME", "same"), (Padding(), "valid", "valid"),
    (Padding(), "1x2", ((1, 1), (2, 2))), (Padding(), (1, 2), ((1, 1), (2, 2))),
    (Padding(), "0,1,2,3", ((0, 1), (2, 3))), (Padding(), ((0, 1), (2, 3)), ((0, 1), (2, 3))),
    (Padding(1), "3", ((3, 3),)), (Padding(1), "0,2", ((0, 2),)), (Padding(1, ("causal",)), " Causal", "causal"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "canonical"), TAKEN)
def test_values_become_canonical_and_read_back(kind: Kind, value: Any, canonical: Any) -> None:
    checked = kind.check("x", value)
    assert checked == canonical
    assert type(checked) is type(canonical)
    if checked is not None:
        assert kind.check("x", kind.show(checked)) == checked
        assert kind.check("x", checked) == checked


REFUSED: list[tuple[Kind, Any, str]] = [
    (Integer(), "2.5", "x is '2.5', but must be a whole number"),
    (Integer(), 2.5, "x is 2.5, but must be a whole number"),
    (Integer(), True, "x is True, but must be a whole number"),
    (Integer(), "", "x is '', but must be a whole number"),
    (Integer(1), 0, "x is 0, but must be at least 1"),
    (Integer(1, 8), 9, "x is 9, but must be at most 8"),
    (Real(), "much", "x is 'much', but must be a number"),
    (Real(), "nan", "x is 'nan', but must be finite"),
    (Real(), True, "x is True, but must be a number"),
    (Real(0, below=1), 1, "x is 1, but must be less than 1"),
    (Real(above=0), 0, "x is 0, but must be greater than 0"),
    (Flag(), "maybe", "x is 'maybe', but must be true or false"),
    (Flag(), 1, "x is 1, but must be true or false"),
    (Choice(("relu", "tanh")), "rellu", "x is 'rellu' (did you mean relu?); it must be one of relu, tanh"),
    (Choice(("relu", "tanh")), 3, "x is 3; it must be one of relu, tanh"),
    (PerAxis(), "1x2x3", "x is '1x2x3', 3 numbers, but must be a whole number, or 2 of them"),
    (PerAxis(), None, "x is None, but must be a whole number, or 2 of them"),
    (PerAxis(low=1), "2x0", "x is 0, but must be at least 1"),
    (Padding(), "1,2,3", "x is '1,2,3', 3 numbers, but must be N|HxW|T,B,L,R|same|valid"),
    (Padding(), -1, "x is -1, but must be at least 0"),
    (Padding(1), "1,2,3", "x is '1,2,3', 3 numbers, but must be N|L,R|same|valid"),
    (Padding(), "causal", "x is causal, but here it must be numbers or same, valid; causal is padding before"),
    (Padding(1), "Full", "x is full, but here it must be numbers or same, valid; full is padding on both sides"),
    (Padding(2, ("valid",)), "same", "x is same, but here it must be numbers or valid; same is as many"),
]


@pytest.mark.parametrize(("kind", "value", "message"), REFUSED)
def test_what_a_kind_refuses(kind: Kind, value: Any, message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        kind.check("x", value)


def test_kinds_say_their_metavar_and_rule() -> None:
    kinds = (Integer(), Real(), PerAxis(), PerAxis(1), PerAxis(3), Padding(), Choice(("a", "b")))
    assert [k.metavar for k in kinds] == [
        "N", "X", "N|HxW", "N", "N|DxHxW", "N|HxW|T,B,L,R|same|valid", "a|b",
    ]  # fmt: skip
    assert [k.rule for k in (Integer(1), Integer(1, 8), Real(0, below=1), Real(above=0), Flag(), PerAxis())] == [
        "≥ 1", "1…8", "≥ 0, < 1", "> 0", "", "≥ 1",
    ]  # fmt: skip


def test_values_are_quoted_short_and_printable() -> None:
    assert quoted("a\x1b[2J\u202e") == r"'a\x1b[2J\u202e'"
    assert quoted((1, 2)) == "1x2"
    assert len(quoted("x" * 10_000)) <= 60
    assert suggest("strid", ["stride", "padding"]) == " (did you mean stride?)"
    assert suggest("q", ["stride"]) == ""


@pytest.mark.parametrize("kind", [Integer(), Real(), PerAxis(), Padding(), Choice(("a", "b")), Flag(), Text()])
def test_what_python_cannot_write_out_is_refused_too(kind: Kind) -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    for value in (10**5000, deep):
        with pytest.raises(OptionError, match=r"x is a (int|list) too large to show"):
            kind.check("x", value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Small(Config):
    """Three options."""

    stride: tuple[int, int] = option(PerAxis(), 1, "step", short="-s", aliases=("strides",))
    rate: float | None = option(Real(0, below=1), None, "share")
    biased: bool = option(Flag(), True, "add")


def test_a_config_is_checked_canonical_and_frozen() -> None:
    config = Small(stride="2x3", rate="0.5", biased="no")  # type: ignore[arg-type]
    assert (config.stride, config.rate, config.biased) == ((2, 3), 0.5, False)
    assert config == Small(stride=(2, 3), rate=0.5, biased=False)
    assert config.replace(stride=4) == Small(stride=(4, 4), rate=0.5, biased=False)
    assert config.shown() == {"stride": "2x3", "rate": "0.5", "biased": "false"}
    assert Small().shown() == {"stride": "1", "biased": "true"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.stride = (1, 1)  # type: ignore[misc]
    with pytest.raises(OptionError, match="stride is 0"):
        config.replace(stride=0)


def test_options_carry_what_every_surface_needs() -> None:
    first = Small.options()[0]
    assert (first.name, first.flag, first.short, first.aliases, first.default) == (
        "stride", "--stride", "-s", ("strides",), 1,
    )  # fmt: skip
    assert [item.name for item in Small.options()] == ["stride", "rate", "biased"]


def test_names_may_be_aliases_or_have_dashes_and_unknown_ones_are_refused() -> None:
    assert Small.of({"strides": 2}) == Small(stride=(2, 2))
    assert ConvConfig.of({"kernel-size": "3", "dilation-rate": 2, "out_channels": 4, "padding-mode": "reflect"}) == (
        ConvConfig(kernel_size=(3, 3), dilation=(2, 2), filters=4, padding_mode="reflect")
    )
    with pytest.raises(OptionError, match=re.escape("unknown option strid (did you mean stride?); there are biased, ")):
        Small.of({"strid": 2})


TWO = st.tuples(st.integers(1, 9), st.integers(1, 9))
FOUR = st.tuples(*[st.tuples(st.integers(0, 9), st.integers(0, 9))] * 2)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "kernel_size": TWO, "stride": TWO, "padding": st.one_of(st.sampled_from(["same", "valid"]), FOUR),
            "filters": st.integers(1, 99), "bias": st.booleans(), "activation": st.sampled_from(["relu", "hard-tanh"]),
        },
    )
)  # fmt: skip
def test_a_config_shown_is_the_config_read(options: dict[str, Any]) -> None:
    config = ConvConfig(**options)
    assert ConvConfig.of(config.shown()) == config
