"""``sample``: every explainer tells any one of a batch, with that one's own numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim import api, catalog
from layeranim.engine.trace import Trace
from layeranim.errors import OptionError
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.label import Label
from layeranim.stories.storyboard import Address, Beat, Storyboard, plain

from . import rows
from .conftest import Case, play

BATCHES: dict[str, dict[str, Any]] = {
    "conv": {"input": "random:3x2x5x5", "filters": 2, "kernel_size": 3, "bias": True, "activation": "relu"},
    "conv-image": {"input": "random:3x1x8x8", "kernel_size": 3},
    "feature-maps": {"input": "random:3x1x6x6", "filters": 2, "kernel_size": 3},
    "conv-transpose": {"input": "random:3x1x2x2"},
    "conv-matmul": {"input": "random:3x1x3x3", "kernel_size": 2},
    "depthwise": {"input": "random:3x2x3x3"},
    "flatten": {"input": "random:3x2x2x2"},
    "autoencoder": {"input": "random:3x4", "encoder": "4,2"},
    "cnn": {"input": "random:3x1x4x4", "filters": 2},
    "cnn-backprop": {"input": "random:3x1x4x4", "filters": 2},
    "sequential": {"layers": rows.THREE},
    "conv1d": {"input": "random:3x1x7"},
    "activation": {"input": "random:3x4"},
    "symmetry": {"input": "random:3x2", "hidden": 3},
    "maxout": {"input": "random:3x1", "pieces": 3},
    "softmax": {"logits": "random:3x4"},
    "filter-match": {"input": "random:3x1x3x3", "kernel": "random:2x1x3x3"},
    "pool": {"input": "random:3x2x4x4"},
    "neuron": {"input": "random:3x2"},
    "dense": {"input": "random:3x3", "units": 3, "activation": "softmax"},
    "mlp": {"input": "random:3x2", "sizes": "2,3,2"},
    "backprop": {"input": "random:3x2", "sizes": "2,3,2"},
    "dropout": {"input": "random:3x5", "draws": 2},
    "rnn": {"input": "random:3x3x2", "hidden": 2, "classes": 2},
    "gru": {"input": "random:3x3x2", "hidden": 2},
    "lstm": {"input": "random:3x3x2", "hidden": 2, "lengths": "3 2 1"},
    "attention": {"embeddings": "random:3x3x4", "heads": 2, "output_projection": True},
    "seq2seq": {"source": "random:3x3x2", "target": "random:3x2x2", "hidden": 2},
    "timesteps": {"input": "random:3x6"},
    "alignment": {"source": "random:3x3x2", "hidden": 2, "classes": 3},
    "embedding": {"ids": [[0, 1, 2], [2, 2, 0], [1, 0, 1]], "table": "random:3x2"},
    "transformer": {"input": "random:3x3x4", "heads": 2},
    "multi-head": {"query": "random:3x2x4", "key": "random:3x3x4", "value": "random:3x3x2"},
    "attention-lookup": {"query": "random:3x2x4", "key": "random:3x3x4", "value": "random:3x3x1"},
    "pool1d": {"input": "random:3x1x6"},
}
"""Options of a batch of three for every explainer that tells one of it."""
WHOLE = {"positional-encoding", "batchnorm", "layernorm", "cross-entropy", "training", "loss", "descent", "vanishing",
         "init", "gan", "regularisation", "feature-space", "compare-layers"}  # fmt: skip
"""Every sample has a part in every number of the one, and is a unit of the other."""

MORE = [
    ("pool", {"input": "random:3x1x4x4", "mode": "mean", "backward": True}),
    ("pool", {"input": "random:3x1x4x4", "kernel_size": 3, "stride": 1, "backward": True}),
    ("pool", {"input": "random:3x1x40x40", "mode": "lp"}),
    ("conv", {"input": "random:3x1x40x40"}),
    ("dense", {"input": "random:3x40", "units": 12}),
    ("dropout", {"input": "random:3x5", "view": "network", "draws": 3, "rate": 0.4}),
    ("dropout", {"input": "random:3x2x3x3", "channelwise": True}),
    ("attention", {"query": "random:3x12x4", "key": "random:3x12x4", "value": "random:3x12x4", "causal": True}),
    ("attention", {"query": "random:3x3x4", "key": "random:3x4x4", "value": "random:3x4x4", "kind": "cosine"}),
    ("rnn", {"input": "random:3x12x2", "hidden": 2, "layers": 2, "bidirectional": True}),
]
CASES = [*BATCHES.items(), *MORE]


def board_of(name: str, options: dict[str, Any]) -> tuple[Storyboard, Trace]:
    work = api.prepare(name, options)
    trace = work.trace()
    return work.storyboard(trace), trace


def samples(board: Storyboard, trace: Trace) -> set[int]:
    """The places in the batch of all numbers that captions and notes carry."""
    found = [
        dict(zip(trace.axes(run.source.tensor), run.source.index, strict=True)).get("batch")
        for line in board.lines()
        for run in line
        if isinstance(run.source, Address)
    ]
    return {at for at in found if at is not None}


def test_every_explainer_has_its_batch() -> None:
    assert set(BATCHES) | WHOLE == set(catalog.EXPLAINERS)


@pytest.mark.grid(3)
@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("sample", [1, 2, 3])
def test_the_numbers_are_those_of_the_sample(name: str, options: dict[str, Any], sample: int) -> None:
    board, trace = board_of(name, {**options, "sample": sample})
    assert samples(board, trace) == {sample - 1}
    assert f"{sample} of 3" in plain(board.parameters)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_steps_are_those_of_the_sample(name: str, options: dict[str, Any]) -> None:
    """What the beats' steps write is of the sample, too."""
    board, trace = board_of(name, {**options, "sample": 3})
    for beat in board.beats:
        for step in (trace.steps[i] for i in beat.steps):
            at = step.writes.along("batch")
            assert at is None or list(at) == [2], (beat.kind, step.writes)


@pytest.mark.grid(2)
@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_cells_are_those_of_the_sample(name: str, options: dict[str, Any]) -> None:
    """On stage no cell of another sample stands at the end of a step, but where the whole batch has one grid."""

    def look(scene: ExplainerScene, beat: Beat) -> None:
        for grid in scene.grids.values():
            if name in ("neuron", "maxout") and grid.plan.name in ("input", "output"):
                continue
            for source in grid.sources.values():
                axes = dict(zip(trace.axes(source.tensor), source.index, strict=True))
                assert axes.get("batch", 1) == 1, (beat.kind, grid.plan.name, source)
                seen.add(source.tensor)
        for thing in getattr(scene, "things", {}).values():
            for source in (m.source for m in thing.get_family() if isinstance(m, Label)):
                if isinstance(source, Address):
                    axes = dict(zip(trace.axes(source.tensor), source.index, strict=True))
                    assert axes.get("batch", 1) == 1 or beat.kind == "open", (beat.kind, thing.plan.name, source)
                    seen.add(source.tensor)

    seen: set[str] = set()
    trace = api.prepare(name, options).trace()
    play(Case(name, {**options, "sample": 2}, name), look)
    assert seen or not any(grid.numeral for grid in board_of(name, {**options, "sample": 2})[0].grids.values())


@pytest.mark.parametrize("name", list(BATCHES))
def test_a_sample_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(OptionError, match=r"^sample is 4, but the batch holds only 3; give a number from 1 to 3$"):
        board_of(name, {**BATCHES[name], "sample": 4})


def test_a_batch_of_one_has_no_second() -> None:
    with pytest.raises(OptionError, match=r"^sample is 2, but the batch holds only 1; leave it out$"):
        board_of("pool", {"sample": 2})


@pytest.mark.parametrize("name", ["dense", "neuron", "filter-match"])
def test_steps_count_within_the_sample(name: str) -> None:
    """Of a film of the whole batch one sample is told, and ``steps`` chooses among its own."""
    whole, _ = board_of(name, BATCHES[name])
    board, _ = board_of(name, {**BATCHES[name], "sample": 2, "steps": "first:1"})
    (unit,) = {u for beat in board.beats for u in beat.units if beat.kind == "step"}
    assert unit == whole.total // 3
    assert np.unique([beat.done for beat in board.beats]).tolist() == [unit, unit + 1]
