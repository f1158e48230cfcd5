"""What a layer takes is known from its shapes: each estimate is held against the peak that was measured."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from layeranim import catalog
from layeranim.engine import memory
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.option import Layer
from layeranim.errors import ShapeError

LEAST, MOST = 0.8, 3.3
"""How far an estimate may be from the measured peak."""

Case = tuple[str, dict[str, Any], dict[str, tuple[int, ...]]]
PHOTO, ROWS, WORDS = {"input": (2, 4, 96, 96)}, {"input": (200, 300)}, {"input": (4, 100, 20)}
ROW_OF_LAYERS = (
    '[["0","conv",{"filters":"8"},[1,3,64,64],[0,1,2,3],[1,3,64,64],["kernel"]],'
    '["1","activation",{"activation":"relu"},[1,8,62,62],[0,1,2,3],[8,3844],[]]]'
)
CASES: list[Case] = [
    ("conv", {"filters": 8, "kernel_size": 3}, {"input": (1, 3, 128, 128)}),
    ("conv", {"filters": 16, "kernel_size": 3, "padding": "same", "activation": "gelu"}, PHOTO),
    ("filter-match", {"filters": 8, "kernel_size": 3}, {"input": (1, 1, 128, 128)}),
    ("conv1d", {"filters": 8, "kernel_size": 5, "padding": "same", "activation": "tanh"}, {"input": (4, 8, 4000)}),
    ("conv3d", {"filters": 4, "kernel_size": 3, "padding": 1}, {"input": (1, 2, 24, 24, 24)}),
    ("conv-matmul", {"filters": 3, "kernel_size": 3}, {"input": (1, 2, 20, 20)}),
    ("conv-transpose", {"filters": 8, "kernel_size": 3, "stride": 2}, {"input": (1, 4, 64, 64)}),
    ("conv-transpose1d", {"filters": 8, "kernel_size": 3, "stride": 2}, {"input": (2, 4, 2000)}),
    ("conv-transpose3d", {"filters": 4, "kernel_size": 3}, {"input": (1, 4, 16, 16, 16)}),
    ("conv", {"filters": 32, "kernel_size": 3}, {"input": (1, 16, 64, 64)}),
    ("depthwise", {"filters": 8, "multiplier": 2}, {"input": (1, 4, 64, 64)}),
    ("depthwise", {"filters": 8}, {"input": (1, 64, 40, 40)}),
    ("compare-layers", {}, {"input": (300,)}),
    ("pool", {}, PHOTO),
    ("pool", {"mode": "mean", "kernel_size": 5, "stride": 1, "padding": 2}, PHOTO),
    ("pool", {"mode": "lp"}, PHOTO),
    ("pool", {"mode": "adaptive-max"}, PHOTO),
    ("pool", {"backward": True}, PHOTO),
    ("pool1d", {}, {"input": (4, 8, 4000)}),
    ("pool3d", {}, {"input": (1, 4, 24, 24, 24)}),
    ("dense", {"units": 300, "activation": "relu"}, {"input": (256, 200)}),
    ("dense", {"units": 300, "activation": "softmax"}, {"input": (256, 200)}),
    ("neuron", {}, {"input": (256, 2000)}),
    ("bilinear", {"units": 60}, {"input1": (64, 50), "input2": (64, 40)}),
    ("elementwise", {}, {"input": (4, 100, 200), "other": (200,)}),
    ("elementwise", {"operation": "power"}, {"input": (200, 300)}),
    ("concatenate", {"axis": 1}, {"input1": (4, 100, 80), "input2": (4, 120, 80)}),
    ("matmul", {}, {"input": (4, 100, 60), "other": (4, 60, 90)}),
    ("einsum", {"equation": "bhid,bhjd->bhij"}, {"input": (2, 4, 60, 30), "other": (2, 4, 70, 30)}),
    ("pad", {"padding": "8,8,8,8", "padding_mode": "reflect"}, {"input": (2, 4, 80, 80)}),
    ("reduce", {"axis": "1"}, {"input": (200, 300)}),
    ("reduce", {"mode": "norm"}, {"input": (200, 300)}),
    ("upsample", {}, {"input": (2, 4, 60, 60)}),
    ("upsample", {"mode": "bicubic"}, {"input": (2, 4, 60, 60)}),
    ("dropout", {"draws": 5}, {"input": (200, 200)}),
    ("dropout", {"channelwise": True}, {"input": (4, 8, 40, 40)}),
    ("rnn", {"hidden": 30, "layers": 2, "bidirectional": True, "classes": 5}, WORDS),
    ("gru", {"hidden": 30, "variant": "reset-before"}, WORDS),
    ("lstm", {"hidden": 30}, WORDS),
    ("lstm", {"hidden": 30, "peepholes": True, "projection": 10}, WORDS),
    ("attention", {"queries": 200, "features": 16}, {}),
    ("attention", {"queries": 200, "features": 16, "heads": 4, "projections": True, "causal": True}, {}),
    ("attention", {"queries": 100, "features": 16, "kind": "additive"}, {}),
    ("attention", {"queries": 200, "features": 16, "kind": "cosine", "softcap": 2.0}, {}),
    ("attention", {"queries": 40, "features": 512, "projections": True, "positional": "rotary"}, {}),
    ("attention", {"queries": 200, "features": 8, "lookup": "hard"}, {}),
    *[("activation", {"activation": name}, ROWS) for name in ACTIVATIONS],
    ("activation", {"activation": "glu"}, ROWS),
    ("activation", {"compare": "gelu,mish,relu"}, ROWS),
    ("activation", {"activation": "maxout"}, ROWS),
    ("maxout", {"pieces": 300}, {"input": (256, 200)}),
    ("softmax", {}, {"logits": (200, 300)}),
    ("batchnorm", {}, ROWS),
    ("batchnorm", {"kind": "group"}, PHOTO),
    ("layernorm", {}, {"input": (20, 30, 100)}),
    ("embedding", {"vocabulary": 1000, "features": 64}, {"ids": (10, 200)}),
    ("flatten", {}, PHOTO),
    ("loss", {}, {"prediction": (200, 300)}),
    ("loss", {"mode": "binary-logits"}, {"prediction": (200, 300)}),
    ("cross-entropy", {}, ROWS),
    ("conv-image", {}, {"input": (1, 1, 120, 120)}),
    ("feature-maps", {"filters": 4}, {"input": (1, 3, 60, 60)}),
    ("attention-lookup", {"queries": 200, "features": 16}, {}),
    ("multi-head", {"queries": 150, "features": 16, "projections": True}, {}),
    ("alignment", {"hidden": 20, "source_steps": 60, "target_steps": 20}, {}),
    ("descent", {"updates": 2000}, {}),
    ("descent", {"surface": "beale", "grid": 200, "methods": "adam"}, {}),
    ("regularisation", {"updates": 2000}, {}),
    ("regularisation", {"updates": 20, "grid": 200}, {}),
    ("symmetry", {"hidden": 100, "outputs": 60}, {"input": (200, 50)}),
    ("feature-space", {"grid": 200}, {}),
    ("feature-space", {"grid": 4}, {"input": (20_000, 2)}),
    ("init", {"layers": 20, "units": 100}, {}),
    ("mlp", {"sizes": "100,200,50"}, {"input": (128, 100)}),
    ("autoencoder", {"encoder": "100,200,5", "walk_steps": 20}, {"input": (60, 100), "others": (200, 100)}),
    ("backprop", {"sizes": "100,200,50"}, {"input": (128, 100)}),
    ("cnn", {"filters": "4,8", "units": 10}, {"input": (2, 1, 64, 64)}),
    ("cnn-backprop", {"filters": "4,8", "units": 10}, {"input": (2, 1, 64, 64)}),
    ("gan", {"turns": 200}, {"real": (60,), "noise": (40,)}),
    ("gan", {"turns": 20, "critic_steps": 40, "method": "adam"}, {"real": (4000,), "noise": (900,)}),
    ("optimiser", {}, {"gradients": (200, 300)}),
    ("optimiser", {"method": "adam"}, {"gradients": (200, 300)}),
    ("positional-encoding", {"positions": 200, "features": 128}, {}),
    ("positional-encoding", {"kind": "rotary"}, {"input": (400, 128)}),
    ("positional-encoding", {"kind": "learned"}, {"table": (800, 128)}),
    ("seq2seq", {"hidden": 40, "source_steps": 60, "target_steps": 50, "classes": 300}, {}),
    ("seq2seq", {"hidden": 20, "source_steps": 90, "target_steps": 80, "attention": "additive"}, {}),
    ("seq2seq", {"hidden": 20, "source_steps": 60, "target_steps": 20, "feeding": "greedy", "attention": "dot"}, {}),
    ("sequential", {"layers": ROW_OF_LAYERS}, {}),
    ("timesteps", {"timesteps": 100}, {"input": (8, 4000)}),
    ("training", {"epochs": 20, "sizes": "2,8,3"}, {}),
    ("transformer", {"tokens": 100, "embed": 32, "block": "decoder"}, {}),
    ("transformer", {"tokens": 10, "embed": 128}, {}),
    ("vanishing", {"hidden": 20, "timesteps": 100}, {}),
    ("vanishing", {"losses": "every", "hidden": 2, "timesteps": 300}, {}),
]
APART = ("ids", "target", "lengths", "mask", "key_mask")


def ready(case: Case) -> tuple[Layer, Any, Mapping[str, Any], dict[str, Any]]:
    """The layer, full options, shapes and arrays of a case."""
    name, options, given = case
    layer = catalog.layer(name)
    config, shapes = layer.complete(layer.config.of(options), given)
    rng = np.random.default_rng(3)
    arrays = {key: rng.integers(2, size=shape).astype(float) if key in APART else rng.uniform(0.1, 0.9, shape)
              for key, shape in shapes.items()}  # fmt: skip
    return layer, config, shapes, arrays


def measured(run: Callable[[], Any]) -> tuple[Any, int, int]:
    """What it gives, the bytes at its peak, and those that stay."""
    gc.freeze()  # what is there already is no part of it, and gone through at every collection it would take minutes
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        made = run()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    return made, peak - before, after - before


@pytest.mark.grid(3)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{'-'.join(map(str, case[1].values()))[:40]}")
def test_an_estimate_is_near_the_peak_there_and_back(case: Case) -> None:
    layer, config, shapes, arrays = ready(case)
    warm = layer.compute(config, arrays)  # what is loaded or cached once is no part of it
    trace, peak, kept = measured(lambda: layer.compute(config, arrays))
    assert peak > 2e5, "too small a case to tell"
    assert LEAST * peak <= memory.needed(layer, config, shapes) <= MOST * peak
    if layer.backward is not None and not getattr(config, "compare", None):  # functions side by side have no way back
        layer.backward(warm, {})
        _, after, _ = measured(lambda: layer.backward(trace, {}))
        both = max(peak, kept + after)
        assert LEAST * both <= memory.needed(layer, config, shapes, back=True) <= MOST * both


def test_every_layer_declares_what_it_makes_and_is_measured() -> None:
    assert [name for name in catalog.names() if catalog.layer(name).makes is None] == []
    assert set(catalog.names()) - {name for name, _, _ in CASES} == set()


def test_single_precision_takes_half() -> None:
    layer, config, shapes, arrays = ready(CASES[0])
    single = {name: array.astype(np.float32) for name, array in arrays.items()}
    _, peak, _ = measured(lambda: layer.compute(config, single))
    assert LEAST * peak <= memory.needed(layer, config, shapes, itemsize=4) <= MOST * peak


def test_a_budget_holds_within_and_names_the_option_that_lifts_it() -> None:
    with memory.budget(2**20):
        memory.affordable("scores", (2**17,))
        with pytest.raises(ShapeError) as refused:
            memory.affordable("scores", (2**17, 10))
    said = "scores would be 131072×10, about 10 MiB of memory, but at most 1 MiB may be taken; "
    assert str(refused.value) == said + "make it smaller, or allow more: --max-memory 12MB (max_memory= in Python)"
    memory.affordable("scores", (2**17, 10))


@pytest.mark.parametrize(
    ("size", "text"),
    [(999, "999 bytes"), (1500, "1.5 KB"), (2**29, "512 MiB"), (2**31, "2 GiB"), (2_230_000_000, "2.3 GB"),
     (64 * 10**9, "64 GB"), (10**40, "10^31 GB")],
)  # fmt: skip
def test_sizes_are_told_as_options_take_them(size: int, text: str) -> None:
    assert memory.size_text(size) == text
