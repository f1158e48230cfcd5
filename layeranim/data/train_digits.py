"""Trains the dense layer of ``dense_digits.npz``: 64 pixels of a handwritten digit → one score a class, 0 to 9.

``python train_digits.py [FILE]`` writes the file; NumPy alone, no chance anywhere, the same numbers on every run. The
first 1500 images of ``digits.npz`` are learnt, the last 297 kept for the test: softmax, cross-entropy, full-batch
gradient descent with momentum and weight decay. In the end weights are rounded to hundredths and biases to tenths, so
that products and sums in a film are exact.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim.data.saving import save

Array = NDArray[Any]
LEARNT, STEPS, RATE, DECAY = 1500, 600, 0.02, 0.002
BIAS_RATE = 1.0
"""The bias reads a constant 1 among pixels up to 16, so it learns faster."""


def digits() -> tuple[Array, Array]:
    """Pixels (images, 64), 0 to 16, and classes (images,)."""
    with np.load(Path(__file__).with_name("digits.npz")) as file:
        return file["images"].reshape(-1, 64).astype(float), file["labels"].astype(int)


def probabilities(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def train(x: Array, label: Array) -> dict[str, Array]:
    weight, bias, target = np.zeros((10, 64)), np.zeros(10), np.eye(10)[label]
    speed = {"weight": np.zeros_like(weight), "bias": np.zeros_like(bias)}
    for _ in range(STEPS):
        error = (probabilities(x @ weight.T + bias) - target) / len(x)
        speed["weight"] = 0.9 * speed["weight"] - RATE * (error.T @ x / 16 + DECAY * weight)
        speed["bias"] = 0.9 * speed["bias"] - BIAS_RATE * error.sum(axis=0)
        weight, bias = weight + speed["weight"], bias + speed["bias"]
    return {"weight": np.round(weight, 2) + 0.0, "bias": np.round(bias, 1) + 0.0}


def right(layer: dict[str, Array], x: Array, label: Array) -> float:
    """The share of images whose largest score is that of their class."""
    return float(((x @ layer["weight"].T + layer["bias"]).argmax(axis=1) == label).mean())


if __name__ == "__main__":
    pixels, classes = digits()
    layer = train(pixels[:LEARNT], classes[:LEARNT])
    print(f"right: learnt {right(layer, pixels[:LEARNT], classes[:LEARNT]):.3f}", end=", ")
    print(f"test {right(layer, pixels[LEARNT:], classes[LEARNT:]):.3f}")
    save(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("dense_digits.npz"), layer)
