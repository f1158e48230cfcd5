"""Trains the small networks of this folder with layeranim's own engine: every gradient is one of its backward passes.

``python -m layeranim.data.train_networks [NAME…] [--to FOLDER]`` writes ``mlp_digits.npz`` and ``cnn_digits.npz`` (a
handwritten digit → its class; every sixth image of ``digits.npz`` is kept for the test, the others are learnt),
``flag_lstm.npz`` (is the flag that was raised somewhere before still up?) and ``reverse_attention.npz`` (a word read
backwards: each place looks at the place that mirrors it). NumPy alone, one seed a network.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from layeranim.data.saving import save
from layeranim.engine.attention import ATTENTION
from layeranim.engine.cnn import CNN, CNN_BACKPROP
from layeranim.engine.cross_entropy import CROSS_ENTROPY
from layeranim.engine.initialisers import initialise
from layeranim.engine.network import BACKPROP, MLP
from layeranim.engine.option import Layer
from layeranim.engine.recurrent import LSTM
from layeranim.engine.trace import Array
from layeranim.engine.training import HISTORIES, OptimiserConfig, filled, moves, perform

Arrays = dict[str, Array]
Slopes = Callable[[Arrays, Array, Array], Mapping[str, Array]]
"""The gradient of every parameter for a batch of inputs and targets."""

FOLDER = Path(__file__).parent
PLACES, LETTERS, EMBED = 5, 6, 8
STEPS, HIDDEN = 16, 1


# ── the tasks ────────────────────────────────────────────────────────────────
def digits(kept: bool) -> tuple[Array, Array]:
    """Images (images, 1, 8, 8) of numbers from 0 to 1, and their classes: those kept for the test, or the others."""
    with np.load(FOLDER / "digits.npz") as file:
        chosen = (np.arange(len(file["labels"])) % 6 == 0) == kept
        return (file["images"][chosen, None] / 16).astype(np.float32), file["labels"][chosen].astype(np.int64)


def flags(rng: np.random.Generator, many: int) -> tuple[Array, Array]:
    """Sequences (many, ``STEPS``, 2) of noise and flag, and whether the flag is up at their end.

    The flag's feature is 1 where it is raised, −1 where it is lowered, 0 elsewhere; it starts down. The noise means
    nothing.
    """
    x = np.zeros((many, STEPS, 2))
    x[..., 0] = rng.normal(0, 0.5, (many, STEPS)).round(1)
    happens = rng.random((many, STEPS)) < 0.15
    x[..., 1] = np.where(happens, rng.choice([-1.0, 1.0], (many, STEPS)), 0)
    up = np.zeros(many, dtype=np.int64)
    for moved in x[..., 1].T:
        up = np.where(moved == 0, up, moved > 0)
    return x, up


def words(rng: np.random.Generator, many: int) -> tuple[Array, Array]:
    """Letters (many, places) and the same read backwards."""
    letters = rng.integers(LETTERS, size=(many, PLACES))
    return letters, letters[:, ::-1].copy()


# ── learning ─────────────────────────────────────────────────────────────────
def learn(p: Arrays, slopes: Slopes, batches: Iterator[tuple[Array, Array]], config: OptimiserConfig,
          rates: Array) -> Arrays:  # fmt: skip
    """Parameters after one update a batch, with the engine's optimiser; ``rates`` are its learning rates."""
    kept: dict[str, Arrays] = {name: {} for name in p}
    for t, ((x, target), rate) in enumerate(zip(batches, rates, strict=False)):
        acts = moves(filled(config.replace(learning_rate=float(rate))), t)
        for name, g in slopes(p, x, target).items():
            zero = np.zeros_like(p[name])
            values = {h: [kept[name].get(h, zero)] for h in HISTORIES}
            values |= {"parameters": [p[name]], "gradients": [g]}
            perform(acts, values, 0, HISTORIES)
            kept[name] = {h: values[h][-1] for h in HISTORIES}
            p = {**p, name: values["parameters"][-1]}
    return p


def falling(updates: int, rate: float) -> Array:
    """Learning rates on half a cosine, from ``rate`` down to nearly nothing."""
    return np.asarray(rate * (1 + np.cos(np.pi * np.arange(updates) / updates)) / 2)


def portions(rng: np.random.Generator, x: Array, target: Array, size: int) -> Iterator[tuple[Array, Array]]:
    """Batches without end: all samples in a new order again and again."""
    while True:
        order = rng.permutation(len(x))
        for first in range(0, len(x) - size + 1, size):
            chosen = order[first : first + size]
            yield x[chosen], target[chosen]


def of_network(layer: Layer, config: Any) -> Slopes:
    """The gradients of a network that learns by itself."""

    def slopes(p: Arrays, x: Array, target: Array) -> Arrays:
        trace = layer.compute(config, {**p, "input": x, "target": target})
        return {name: trace[f"grad_{name}"] for name in p}

    return slopes


def charged(logits: Array, target: Array) -> Array:
    """The gradient of the mean cross-entropy for the logits."""
    assert CROSS_ENTROPY.backward is not None
    loss = CROSS_ENTROPY.compute(CROSS_ENTROPY.config(), {"input": logits, "target": target})
    return CROSS_ENTROPY.backward(loss, {})["grad_input"]


def mlp(rng: np.random.Generator) -> Arrays:
    """64 pixels → 16 units with ReLU → 10 classes."""
    x, y = digits(kept=False)
    p = {f"dense{k}_weight": initialise("he-normal", shape, rng) for k, shape in ((1, (16, 64)), (2, (10, 16)))}
    p |= {"dense1_bias": np.zeros(16), "dense2_bias": np.zeros(10)}
    p = {name: array.astype(np.float32) for name, array in p.items()}
    config = BACKPROP.config.of({"sizes": (64, 16, 10), "activation": "relu"})
    batches = portions(rng, x.reshape(len(x), -1), y, 50)
    return learn(p, of_network(BACKPROP, config), batches, OptimiserConfig(method="adam"), falling(600, 0.02))


def cnn(rng: np.random.Generator) -> Arrays:
    """8×8 → 8 filters 3×3, ReLU, max 2×2 → 16 filters, ReLU, max 2×2 → 10 classes."""
    x, y = digits(kept=False)
    kernels = {"conv1_kernel": (8, 1, 3, 3), "conv2_kernel": (16, 8, 3, 3)}
    p = {name: initialise("he-normal", shape, rng) for name, shape in kernels.items()}
    p |= {"conv1_bias": np.zeros(8), "conv2_bias": np.zeros(16)}
    p |= {"dense_weight": initialise("xavier-normal", (10, 64), rng), "dense_bias": np.zeros(10)}
    p = {name: array.astype(np.float32) for name, array in p.items()}
    batches = portions(rng, x, y, 50)
    config = CNN_BACKPROP.config.of({"filters": (8, 16), "units": 10})
    return learn(p, of_network(CNN_BACKPROP, config), batches, OptimiserConfig(method="adam"), falling(435, 0.01))


LSTM_CONFIG: Any = LSTM.config.of({"hidden": HIDDEN, "classes": 2, "mode": "many-to-one"})


def flag(rng: np.random.Generator) -> Arrays:
    """Noise and flag (time, 2) → an LSTM of one unit → is the flag up at the end?

    The gates read the input alone (``weight_hidden`` stays 0), so that only the cell can remember: its forget gate
    learns to stay open in the quiet steps and to shut where the flag goes up, its input gate to open where it falls.
    """
    _, shapes = LSTM.complete(LSTM_CONFIG, {"input": (1, STEPS, 2)})
    p = {name: initialise("xavier-uniform", shape, rng) if len(shape) > 1 else np.zeros(shape)
         for name, shape in shapes.items() if name != "input"}  # fmt: skip
    p["weight_hidden"][:] = 0
    p["bias_input"][HIDDEN : 2 * HIDDEN] = 2.0  # a memory that keeps at first (Jozefowicz et al. 2015)

    def slopes(p: Arrays, x: Array, target: Array) -> Arrays:
        assert LSTM.backward is not None
        trace = LSTM.compute(LSTM_CONFIG, {**p, "input": x})
        back = LSTM.backward(trace, {"logits": charged(trace["logits"], target)})
        return {name: back[f"grad_{name}"] for name in p if name != "weight_hidden"}

    batches = iter(lambda: flags(rng, 32), None)
    return learn(p, slopes, batches, OptimiserConfig(method="adam"), falling(350, 0.08))


ATTENTION_CONFIG: Any = ATTENTION.config.of({"projections": True, "positional": "learned", "bias": False,
                                             "output_projection": False})  # fmt: skip


def reverse(rng: np.random.Generator) -> Arrays:
    """Letters (places,) → embeddings and places → one head of attention → the letters backwards, as logits."""
    shapes = {"table": (LETTERS, EMBED), "positions": (PLACES, EMBED), "weight_query": (EMBED, EMBED),
              "weight_key": (EMBED, EMBED), "weight_value": (LETTERS, EMBED)}  # fmt: skip
    p = {name: initialise("xavier-normal", shape, rng) for name, shape in shapes.items()}

    def slopes(p: Arrays, letters: Array, target: Array) -> Arrays:
        assert ATTENTION.backward is not None
        trace = attended(p, letters)
        logits = trace["output"].reshape(-1, LETTERS)
        above = charged(logits, target.reshape(-1)).reshape(trace["output"].shape)
        back = ATTENTION.backward(trace, {"output": above})
        table = np.zeros_like(p["table"])
        np.add.at(table, letters, back["grad_embeddings"])
        return {"table": table, **{name: back[f"grad_{name}"] for name in p if name != "table"}}

    batches = iter(lambda: words(rng, 64), None)
    return learn(p, slopes, batches, OptimiserConfig(method="adam"), falling(300, 0.03))


def attended(p: Arrays, letters: Array) -> Any:
    """The attention's trace over words of letters (many, places)."""
    given = {name: array for name, array in p.items() if name != "table"}
    return ATTENTION.compute(ATTENTION_CONFIG, {**given, "embeddings": p["table"][letters]})


# ── what they are worth ──────────────────────────────────────────────────────
def right(name: str, p: Arrays) -> float:
    """The share of answers that are right, of digits, sequences or words that no training saw."""
    if name.endswith("digits"):
        x, y = digits(kept=True)
        layer, x = (MLP, x.reshape(len(x), -1)) if name.startswith("mlp") else (CNN, x)
        options = {"sizes": (64, 16, 10), "activation": "relu"} if layer is MLP else {"filters": (8, 16), "units": 10}
        answers = layer.compute(layer.config.of(options), {**p, "input": x})["output"].argmax(axis=1)
        return float(np.mean(answers == y))
    rng = np.random.default_rng(1)
    if name == "flag_lstm":
        x, y = flags(rng, 2000)
        return float(np.mean(LSTM.compute(LSTM_CONFIG, {**p, "input": x})["logits"].argmax(axis=1) == y))
    x, y = words(rng, 2000)
    return float(np.mean(attended(p, x)["output"].reshape(*y.shape, LETTERS).argmax(axis=-1) == y))


NETWORKS = {"mlp_digits": mlp, "cnn_digits": cnn, "flag_lstm": flag, "reverse_attention": reverse}


def train(name: str) -> Arrays:
    """The parameters of a network, as its file holds them: float32."""
    return {key: value.astype(np.float32) for key, value in NETWORKS[name](np.random.default_rng(0)).items()}


def load(name: str) -> Arrays:
    """The parameters of a network from its file."""
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as file:
        return dict(file)


if __name__ == "__main__":
    words_given = sys.argv[1:]
    folder = Path(words_given.pop()) if "--to" in words_given else FOLDER
    for chosen in [word for word in words_given if word != "--to"] or NETWORKS:
        learnt = train(chosen)
        save(folder / f"{chosen}.npz", learnt)
        print(f"{chosen}: {right(chosen, learnt):.4f} of what it has not seen is right")
