"""Rule 8: no number that is not zero reads as zero beside ``=``, signs survive, hidden terms are counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from layeranim import numbers
from layeranim.engine.trace import Region, Trace
from layeranim.stories.storyboard import Address, Line, Run, Storyboard, plain
from tests.catalog.conftest import Case, bare, ids

TINY = [
    Case("conv", {"input": "0.496 -0.5; 0.3 1", "kernel": "1 1; 0 0", "activation": "relu"}, "conv-tiny"),
    Case("conv", {"input": "0.001 0.002; 0.5 0", "kernel": "1 0; 0 0", "bias_values": "-0.0004"}, "conv-bias"),
    Case("conv", {"input": "0.3 0.1 0.2; 1 -0.004 0; 2 0.001 5", "kernel_size": 2, "precision": 0}, "conv-whole"),
    Case("filter-match", {"input": "0.001 0.5; 0.25 -0.001", "kernel": "1 0; 0 1"}, "match-tiny"),
    Case("pool", {"input": "0.001 -0.002 0.5 0; 0 -0.001 0.25 1", "mode": "mean"}, "pool-mean"),
    Case("pool", {"input": "0.001 -0.002 0.5 0; 0 -0.001 0.25 1"}, "pool-max"),
    Case("pool", {"input": "0.001 -0.002 0.5 0; 0 -0.001 0.25 1", "mode": "lp"}, "pool-lp"),
    Case("pool", {"input": "1 2; 3 4", "mode": "mean", "backward": True, "grad_output": "0.002"}, "pool-back"),
    Case("neuron", {"input": "0.496 -0.5; 0.5 -0.5", "weight_values": "1 1", "activation": "relu"}, "neuron-tiny"),
    Case("dense", {"input": "1 2 0.001", "weight_values": "0.0001 5 1; 0.001 0.001 1"}, "dense-tiny"),
    Case("dense", {"input": "1 2", "weight_values": "-3 -4; 2 1; 0 0", "activation": "sigmoid"}, "dense-share"),
    Case("dropout", {"input": "0.001 -0.002 0.5 0", "mask": [[[1, 0, 1, 1]], [[0, 1, 1, 1]]]}, "dropout-tiny"),
    Case("dropout", {"input": "0.001 -0.002 0.5 0", "mode": "weight-scaling"}, "dropout-scaled"),
    Case("rnn", {"input": "0.001 0; 0 0.002; 0.5 0", "hidden": 2}, "rnn-tiny"),
    Case("gru", {"input": "0.001 0; 0 0.002; -9 8", "hidden": 2}, "gru-tiny"),
    Case("lstm", {"input": "0.001 0; 0 0.002; -9 8", "hidden": 2}, "lstm-tiny"),
    Case("attention", {"query": "0.001 1; 9 -9", "key": "1 0.001; 8 -8", "value": "0.001 0.5; -0.002 3"}, "attention"),
]
CAPTIONED = re.compile(r"(?<![\d.])−?0\.0+(?![\d.e])")
"""A number that reads as zero and keeps decimals to say that it is none."""


def clauses(text: str) -> Iterator[str]:
    """The statements of a line."""
    yield from re.split(r",\s{2,}|\s{3,}|;|:\s|→", text)


def read_as_zero(board: Storyboard) -> list[str]:
    """The lines that call equal what only reads as zero."""
    return [
        plain(line)
        for line in board.lines()
        if any("=" in part and "≈" not in part and CAPTIONED.search(part) for part in clauses(plain(line)))
    ]


def untrue(trace: Trace, line: Line) -> list[str]:
    """The numbers of a line that read as zero and are none, or are zero and do not read so, or lost their sign."""
    out = []
    for run in line:
        if not isinstance(run.source, Address) or trace.tensor(run.source.tensor).labels is not None:
            continue
        axes = trace.axes(run.source.tensor)
        value = float(trace.read(Region(run.source.tensor, tuple(zip(axes, run.source.index, strict=True)))))
        text = bare(run.text)
        dust = abs(value) < 1e-12 * max(1.0, abs(trace[run.source.tensor]).max()) if value == value else False
        if (text == "0") != (value == 0) and not dust:
            out.append(f"{text!r} for {value} of {run.source}")
        if value < 0 and not text.startswith(numbers.MINUS) and not dust:
            out.append(f"{text!r} has lost the sign of {value}")
    return out


def zeros(trace: Trace, board: Storyboard) -> list[str]:
    """All three: what only reads as zero, hidden terms that nobody counts, numbers that lost what they are."""
    uncounted = [said for said in map(plain, board.lines()) if re.search(r"(?<!\w)…\s*[)+]|[+(]\s*…", said)]
    return [*read_as_zero(board), *uncounted, *(fault for line in board.lines() for fault in untrue(trace, line))]


SUMS = [
    Case("conv", {"input": "random:9x9", "kernel_size": 5}, "conv"),
    Case("conv", {"input": "random:60x5x5", "kernel_size": 3}, "channels"),
    Case("pool", {"input": "random:12x12", "kernel_size": 6, "mode": "mean"}, "mean"),
    Case("pool", {"input": "random:12x12", "kernel_size": 6}, "max"),
    Case("dense", {"input": "random:30", "units": 3}, "dense"),
    Case("dropout", {"input": "random:5", "draws": 20}, "dropout"),
    Case("filter-match", {"input": "random:6x6", "kernel": "random:2x1x6x6"}, "filter-match"),
    Case("rnn", {"input": "random:4x9", "hidden": 9}, "rnn"),
    Case("attention", {"embeddings": "random:12x9"}, "attention"),
]


@pytest.mark.parametrize("case", **ids(SUMS))
def test_a_long_sum_counts_its_hidden_terms(case: Case) -> None:
    work = case.work()
    lines = [plain(line) for line in work.storyboard(work.trace()).lines()]
    assert any(re.search(r"\d+ (more|products|others)", line) for line in lines)


@pytest.mark.parametrize("case", **ids(TINY))
def test_the_cases_above_have_such_numbers(case: Case) -> None:
    """They round to zero somewhere in a caption; else the cases would prove little."""
    work = case.work()
    lines = [plain(line) for line in work.storyboard(work.trace()).lines()]
    assert any(CAPTIONED.search(line) or "e−" in line or "0.00" in line for line in lines)


def test_the_check_notices_a_number_that_reads_as_zero() -> None:
    work = Case("conv", {"input": "0.5 -0.5; 0.5 1", "kernel": "1 1; 0 0", "bias_values": "0.004"}, "conv").work()
    trace, board = work.trace(), work.storyboard(work.trace())
    at = next(i for i, beat in enumerate(board.beats) if beat.kind == "step")
    number = next(run for run in board.beats[at].caption if isinstance(run.source, Address))
    assert not untrue(trace, (number,))
    assert untrue(trace, (replace(number, text="0"),)) == [f"'0' for 0.5 of {number.source}"]
    decimals = (Run("0.50 · 1 + (−0.50) · 1 = 0.00,  ReLU(0.00) = 0.00"),)
    spoilt = (*board.beats[:at], replace(board.beats[at], caption=decimals), *board.beats[at + 1 :])
    assert not read_as_zero(board)
    assert read_as_zero(replace(board, beats=spoilt)) == [plain(decimals)]
    hidden = (Run("1 + … = 7"),)
    some = (*board.beats[:at], replace(board.beats[at], caption=hidden), *board.beats[at + 1 :])
    assert zeros(trace, replace(board, beats=some)) == [plain(hidden)]


def said_in(name: str, options: dict[str, Any]) -> list[str]:
    work = Case(name, options, name).work()
    return [plain(line).replace("\u2009", "") for line in work.storyboard(work.trace()).lines()]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("conv", {"input": "0 0 0; 0 0 0; 0 0 0"}, "all products are 0, so the sum is 0"),
        ("conv1d", {"input": "0 0 0 0"}, "all products are 0, so the sum is 0"),
        ("filter-match", {"input": "0 0 0; 0 0 0; 0 0 0", "filters": 1}, "all products are 0, so the sum is 0"),
        ("attention", {"query": "0 0; 0 0", "key": "1 2; 3 4", "value": "1; 2"}, "all products are 0, so the sum is 0"),
        ("attention", {"query": "0; 0", "key": "0; 1", "value": "1; 2"}, "the product is 0, so the sum is 0"),
    ],
)
def test_where_every_product_is_zero_the_sum_is_said_to_be_zero(name: str, options: dict[str, Any], said: str) -> None:
    """In words, and nothing is called equal to itself."""
    lines = said_in(name, options)
    assert said in lines
    assert not [line for line in lines if re.search(r"= (\S+) = \1$|are 0 =", line)]


@pytest.mark.parametrize("options", [{"queries": 1, "keys": 1, "features": 1}, {"example": "causal"}])
def test_a_single_power_is_its_own_sum(options: dict[str, Any]) -> None:
    lines = said_in("attention", options)
    assert any(line.startswith("e^(") for line in lines)
    assert not [line for line in lines if re.search(r"= (\S+) = \1$", line)]
