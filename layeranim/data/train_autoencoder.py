"""Trains ``autoencoder_digits.npz``, an autoencoder of handwritten digits, with layeranim's own engine.

``python -m layeranim.data.train_autoencoder [--to FOLDER]``: 64 pixels → 16 units with ReLU → a code of 2 numbers → 16
units with ReLU → 64 pixels, from the images that the other networks learn from (``train_networks.digits``); every
gradient is the engine's. It prints what is reached on the images that are kept for the test.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from layeranim.data.saving import save
from layeranim.data.train_networks import FOLDER, Arrays, digits, falling, learn, portions
from layeranim.engine.autoencoder import AUTOENCODER
from layeranim.engine.initialisers import initialise
from layeranim.engine.trace import Array
from layeranim.engine.training import OptimiserConfig

NAME = "autoencoder_digits"
SIZES = (64, 16, 2)
CONFIG: Any = AUTOENCODER.config.of({"encoder": SIZES, "walk_steps": 1})
SEED, UPDATES, BATCH, RATE = 3, 800, 50, 0.02


def images(kept: bool) -> tuple[Array, Array]:
    """Pixels (images, 64) from 0 to 1 and classes: of those kept for the test, or of the others."""
    x, labels = digits(kept)
    return x.reshape(len(x), -1), labels


def train() -> Arrays:
    """The parameters, as the file holds them: float32. The last biases begin as the mean picture."""
    x, _ = images(kept=False)
    rng, p = np.random.default_rng(SEED), Arrays()
    for side, sizes in (("encoder", SIZES), ("decoder", SIZES[::-1])):
        for k in range(1, len(sizes)):
            shape = sizes[k], sizes[k - 1]
            p[f"{side}{k}_weight"] = initialise("xavier-normal", shape, rng).astype(np.float32)
            p[f"{side}{k}_bias"] = np.zeros(sizes[k], np.float32)
    p[f"decoder{len(SIZES) - 1}_bias"] = x.mean(axis=0)

    def slopes(p: Arrays, x: Array, target: Array) -> Arrays:
        assert AUTOENCODER.backward is not None
        back = AUTOENCODER.backward(AUTOENCODER.compute(CONFIG, {**p, "input": x}), {})
        return {name: back[f"grad_{name}"] for name in p}

    return learn(p, slopes, portions(rng, x, x, BATCH), OptimiserConfig(method="adam"), falling(UPDATES, RATE))


def explained(p: Arrays) -> float:
    """The part of the variance of unseen images that comes back: 1 − mean squared error ÷ mean squared distance to
    the mean picture of the images that were learnt."""
    x, mean = images(kept=True)[0], images(kept=False)[0].mean(axis=0)
    loss = AUTOENCODER.compute(CONFIG, {**p, "input": x})["loss"]
    return float(1 - loss / ((x - mean) ** 2).mean())


def flat() -> float:
    """The same of the best plane: what two principal components of the learnt images give back of unseen ones."""
    x, y = images(kept=True)[0], images(kept=False)[0]
    mean = y.mean(axis=0)
    axes = np.linalg.svd(y - mean, full_matrices=False)[2][: SIZES[-1]]
    left = (x - mean) - (x - mean) @ axes.T @ axes
    return float(1 - (left**2).mean() / ((x - mean) ** 2).mean())


def neighbours(p: Arrays, many: int = 5) -> float:
    """The share of the nearest codes of unseen images that are of the same class."""
    x, labels = images(kept=True)
    code = AUTOENCODER.compute(CONFIG, {**p, "input": x})["code"]
    apart = ((code[:, None] - code) ** 2).sum(axis=-1)
    np.fill_diagonal(apart, np.inf)
    return float((labels[apart.argsort(axis=1)[:, :many]] == labels[:, None]).mean())


def load() -> Arrays:
    """The parameters from the file."""
    with np.load(FOLDER / f"{NAME}.npz", allow_pickle=False) as file:
        return dict(file)


if __name__ == "__main__":
    folder = Path(sys.argv[2]) if sys.argv[1:2] == ["--to"] else FOLDER
    learnt = train()
    save(folder / f"{NAME}.npz", learnt)
    print(f"{NAME}: {explained(learnt):.3f} of the variance of unseen digits comes back ({flat():.3f} from the best "
          f"plane); {neighbours(learnt):.3f} of the five nearest codes are of the same class")  # fmt: skip
