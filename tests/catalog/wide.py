"""What telling wide layers takes, each in a process of its own, as JSON: ``python -m tests.catalog.wide [NAME…]``.

The peak is VmHWM, set back when the trace is there: unlike ru_maxrss it counts no page of the parent.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

from layeranim import catalog, preparing

from . import rows

CASES: list[tuple[str, dict[str, Any]]] = [
    ("dense", {"input": "random:1x500000", "units": 2}),
    ("dense", {"input": "random:2000x500"}),
    ("mlp", {"input": "random:1x100000", "sizes": "100000,4,2"}),
    ("mlp", {"input": "random:20x50", "sizes": "50,900,100"}),
    ("autoencoder", {"input": "random:20x400", "encoder": "400,900,60"}),
    ("symmetry", {"input": "random:20x400", "hidden": 170}),
    ("feature-space", {"input": "random:3000x2", "grid": 200}),
    ("compare-layers", {"places": 400}),
    ("init", {"units": 300, "layers": 12, "samples": 50}),
    ("backprop", {"input": "random:1x3000", "sizes": "3000,40,10"}),
    ("neuron", {"input": "random:1x500000"}),
    ("conv", {"input": "random:1000x1000"}),
    ("conv", {"input": "random:300x300", "backward": True}),
    ("conv", {"input": "random:1000x30x30", "filters": 2, "bias": True}),
    ("conv", {"input": "random:100x30x30", "filters": 2, "bias": True}),
    ("filter-match", {"input": "random:1x1x300x300", "kernel_size": 300}),
    ("pool", {"input": "random:1000x1000"}),
    ("pool", {"input": "random:1000x1000", "mode": "global-mean"}),
    ("pool", {"input": "random:700x700", "mode": "global-max"}),
    ("pool1d", {"input": "random:1x1x300000"}),
    ("pool1d", {"input": "random:400x700", "mode": "global-mean"}),
    ("dropout", {"input": "random:600x600"}),
    ("attention", {"queries": 700}),
    ("attention", {"queries": 1, "keys": 100_000, "features": 2}),
    ("attention", {"queries": 2, "keys": 2, "features": 200_000}),
    ("rnn", {"input": "random:1x3x200000", "hidden": 2}),
    ("gru", {"timesteps": 20_000}),
    ("lstm", {"timesteps": 20_000}),
    ("activation", {"input": "random:1x300000"}),
    ("maxout", {"input": "random:1x100000"}),
    ("maxout", {"input": "random:3000x1", "pieces": 3}),
    ("softmax", {"input": "random:1x200000"}),
    ("batchnorm", {"input": "random:3x100000"}),
    ("batchnorm", {"input": "random:100000x3"}),
    ("layernorm", {"input": "random:1x300000"}),
    ("conv1d", {"input": "random:1x1x300000"}),
    ("attention-lookup", {"queries": 1, "keys": 1_200, "features": 4, "value_features": 2}),
    ("transformer", {"tokens": 150, "embed": 32}),
    ("multi-head", {"queries": 400, "features": 4}),
    ("embedding", {"ids": "3 0 9999", "vocabulary": 10_000, "features": 64}),
    ("positional-encoding", {"positions": 400, "features": 128}),
    ("positional-encoding", {"kind": "rotary", "input": "random:300x128"}),
    ("seq2seq", {"source": "random:60x8", "hidden": 8, "feeding": "greedy", "target_steps": 20}),
    ("alignment", {"source": "random:40x8", "hidden": 8, "target_steps": 4}),
    ("loss", {"prediction": "random:1x50000"}),
    ("conv-image", {"input": "random:150x150"}),
    ("feature-maps", {"input": "random:100x100", "filters": 6}),
    ("conv-transpose", {"input": "random:70x70", "filters": 2}),
    ("conv-transpose", {"input": "random:200x6x6", "filters": 8}),
    ("conv-matmul", {"input": "random:60x60", "filters": 2}),
    ("conv-matmul", {"input": "random:300x6x6", "filters": 8}),
    ("depthwise", {"input": "random:8x90x90", "filters": 4}),
    ("depthwise", {"input": "random:500x6x6", "filters": 200}),
    ("flatten", {"input": "random:1x8x60x60"}),
    ("cnn", {"input": "random:1x120x120", "filters": "4,8"}),
    ("cnn", {"input": "random:1x8x8", "filters": "60,120", "units": 200}),
    ("cnn-backprop", {"input": "random:1x60x60", "filters": "4,8"}),
    ("sequential", {"layers": rows.maps(300, side=41), "opened": "1 5"}),
    ("sequential", {"layers": rows.flat(3000, 900, 100), "opened": "1"}),
    ("cross-entropy", {"input": "random:1x50000"}),
    ("training", {"example": "moons", "epochs": 1500}),
    ("timesteps", {"input": "random:1x60000", "features": 6}),
    ("vanishing", {"timesteps": 1500}),
    ("vanishing", {"timesteps": 300, "losses": "every"}),
    ("descent", {"updates": 4000, "grid": 200}),
    ("gan", {"turns": 400, "real": "random:600", "noise": "random:600"}),
    ("regularisation", {"updates": 3000, "grid": 200}),
]

NOISE = 12 * 2**20
"""What an allocator keeps, and what is loaded with the first film of a kind: 9 MiB at most where it was measured."""


def told(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """The estimate, the peak that was measured and the processor's seconds."""
    work = preparing.prepare(name, options)
    trace = work.trace()
    story = catalog.story(name, back=work.gradients is not None)
    kept = story.needed(trace) / (1 + story.takes)
    gc.collect()
    _trimmed()
    Path("/proc/self/clear_refs").write_text("5")
    before, start = _status("VmRSS"), os.times().user
    board = work.storyboard(trace)
    return {
        "name": name, "options": options, "estimate": story.needed(trace) - kept, "peak": _status("VmHWM") - before,
        "seconds": os.times().user - start, "beats": len(board.beats),
    }  # fmt: skip


def _trimmed() -> None:
    """What was freed goes back to the system: else a film that takes no more than that has no peak."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])


def main(names: list[str]) -> None:
    """The cases of these explainers, or of all."""
    cases = [case for case in CASES if not names or case[0] in names]
    for name in {name for name, _ in cases}:
        usual = preparing.prepare(name, {})
        usual.storyboard(usual.trace())  # what is loaded or cached once is no part of it
    for name, options in cases:
        child = os.fork()
        if not child:
            print(json.dumps(told(name, options)), flush=True)
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
