"""Trains the small encoder–decoder of ``translation.npz``: short German sentences, written in English word by word.

``python train_translation.py [FILE]`` writes the file; NumPy alone, one seed, the same numbers on every run. Sentences
and which English word stands for which German one come from the patterns below. An encoder and a decoder of ``tanh``
units share nothing but the last state; additive attention looks back (Bahdanau et al., 2015, section 3; combined as in
Luong et al., 2015, equation 5). The loss is the cross-entropy of the words, and of the weights of attention against the
links. What it reaches on sentences that it was not trained on is printed.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim.data.saving import save

Array = NDArray[Any]
SUBJECTS = {"ich": ("habe", "I", "have"), "du": ("hast", "you", "have"), "wir": ("haben", "we", "have"),
            "sie": ("hat", "she", "has")}  # fmt: skip
OBJECTS = {
    "ein bisschen Deutsch": ("a little German", (0, 1, 2)), "ein bisschen Musik": ("a little music", (0, 1, 2)),
    "ein Buch": ("a book", (0, 1)), "ein Lied": ("a song", (0, 1)), "viel Deutsch": ("much German", (0, 1)),
    "viel Musik": ("much music", (0, 1)), "das Buch": ("the book", (0, 1)), "das Lied": ("the song", (0, 1)),
    "das Haus": ("the house", (0, 1)), "ein Haus": ("a house", (0, 1)),
}  # fmt: skip
VERBS = {"gelernt": "learnt", "gehört": "heard", "gelesen": "read", "gesehen": "seen", "gekauft": "bought"}
START, STOP = "<s>", "</s>"
SEED, EMBED, HIDDEN, STEPS, RATE = 3, 8, 16, 900, 0.01
LINKS, SMOOTH, SHRINK, HELD_OUT = 1.0, 0.15, 3e-4, 7
"""What the links count beside the words and how soft they are, the price of large weights, and every how many sentences
one is kept back."""


def sentences() -> Iterator[tuple[list[str], list[str], list[int]]]:
    """German words, English words with the end, and of each English word the place of the German one."""
    for (subject, (has, he, have)), (thing, (named, order)), (done, did) in itertools.product(
        SUBJECTS.items(), OBJECTS.items(), VERBS.items()
    ):
        german = [subject, has, *thing.split(), done]
        english = [he, have, did, *named.split(), STOP]
        last = len(german) - 1
        yield german, english, [0, 1, last, *(2 + i for i in order), last]


def words() -> tuple[list[str], list[str]]:
    """Both vocabularies in the order of their ids; the first English word is the start."""
    german, english = dict[str, None](), dict.fromkeys([START, STOP])
    for source, target, _ in sentences():
        german |= dict.fromkeys(source)
        english |= dict.fromkeys(target)
    return list(german), list(english)


class Translation:
    """Sentences of one length as arrays: ids (sentences, words), what is read, what is to be said, the links."""

    def __init__(self, chosen: list[tuple[list[str], list[str], list[int]]]) -> None:
        german, english = words()
        self.source = np.array([[german.index(w) for w in s] for s, _, _ in chosen])
        self.said = np.array([[english.index(w) for w in t] for _, t, _ in chosen])
        self.read = np.column_stack([np.zeros(len(chosen), int), self.said[:, :-1]])
        self.links = np.array([a for _, _, a in chosen])


def softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def start(rng: np.random.Generator) -> dict[str, Array]:
    """Small random weights, as the layer's own names have them."""
    german, english = (len(part) for part in words())
    shapes = {
        "source_embeddings": (german, EMBED), "target_embeddings": (english, EMBED),
        "encoder.weight_input": (HIDDEN, EMBED), "encoder.weight_hidden": (HIDDEN, HIDDEN),
        "decoder.weight_input": (HIDDEN, EMBED), "decoder.weight_hidden": (HIDDEN, HIDDEN),
        "attention.weight_score_query": (HIDDEN, HIDDEN), "attention.weight_score_key": (HIDDEN, HIDDEN),
        "attention.weight_score": (HIDDEN,), "weight_combine": (HIDDEN, 2 * HIDDEN), "weight_output": (english, HIDDEN),
    }  # fmt: skip
    p = {name: rng.normal(0, 1 / np.sqrt(shape[-1]), shape) for name, shape in shapes.items()}
    biases = {
        "encoder.bias_input": HIDDEN,
        "decoder.bias_input": HIDDEN,
        "bias_combine": HIDDEN,
        "bias_output": english,
    }
    return p | {name: np.zeros(size) for name, size in biases.items()}


def recurrent(x: Array, h: Array, p: dict[str, Array], side: str) -> Array:
    """The states of one side: (sentences, steps, hidden)."""
    out = []
    for t in range(x.shape[1]):
        pre = x[:, t] @ p[f"{side}.weight_input"].T + h @ p[f"{side}.weight_hidden"].T + p[f"{side}.bias_input"]
        h = np.tanh(pre)
        out.append(h)
    return np.stack(out, axis=1)


def back(d: Array, x: Array, h: Array, first: Array, p: dict[str, Array], side: str, g: dict[str, Array]) -> Array:
    """Through the states of one side: adds to the gradients, returns that of the inputs and of the first state."""
    d_x, ahead = np.zeros_like(x), np.zeros_like(first)
    for t in reversed(range(x.shape[1])):
        d_pre = (d[:, t] + ahead) * (1 - h[:, t] ** 2)
        before = h[:, t - 1] if t else first
        g[f"{side}.weight_input"] += d_pre.T @ x[:, t]
        g[f"{side}.weight_hidden"] += d_pre.T @ before
        g[f"{side}.bias_input"] += d_pre.sum(axis=0)
        d_x[:, t] = d_pre @ p[f"{side}.weight_input"]
        ahead = d_pre @ p[f"{side}.weight_hidden"]
    return np.concatenate([d_x.reshape(len(x), -1), ahead], axis=1)


def model(task: Translation, p: dict[str, Array]) -> tuple[float, dict[str, Array], Array, Array]:
    """Loss a word and gradients, then the probabilities and the weights of attention."""
    g = {name: np.zeros_like(value) for name, value in p.items()}
    x, y = p["source_embeddings"][task.source], p["target_embeddings"][task.read]
    zero = np.zeros((len(x), HIDDEN))
    h = recurrent(x, zero, p, "encoder")
    s = recurrent(y, h[:, -1], p, "decoder")
    wq, wk, v = (p[f"attention.weight_score{part}"] for part in ("_query", "_key", ""))
    bent = np.tanh((s @ wq.T)[:, :, None] + (h @ wk.T)[:, None])
    weights = softmax(bent @ v)
    context = weights @ h
    both = np.concatenate([context, s], axis=-1)
    combined = np.tanh(both @ p["weight_combine"].T + p["bias_combine"])
    said = softmax(combined @ p["weight_output"].T + p["bias_output"])
    count = task.said.size
    words_, keys = np.eye(said.shape[-1])[task.said], weights.shape[-1]
    places = (1 - SMOOTH) * np.eye(keys)[task.links] + SMOOTH / keys
    loss = -float((words_ * np.log(said + 1e-12)).sum() + LINKS * (places * np.log(weights + 1e-12)).sum()) / count
    d_said = (said - words_) / count
    g["weight_output"] = np.einsum("stw,sth->wh", d_said, combined)
    g["bias_output"] = d_said.sum(axis=(0, 1))
    d_combined = d_said @ p["weight_output"] * (1 - combined**2)
    g["weight_combine"] = np.einsum("sth,stb->hb", d_combined, both)
    g["bias_combine"] = d_combined.sum(axis=(0, 1))
    d_both = d_combined @ p["weight_combine"]
    d_context, d_s = d_both[..., :HIDDEN], d_both[..., HIDDEN:]
    d_weights = d_context @ np.swapaxes(h, 1, 2)
    d_h = np.swapaxes(weights, 1, 2) @ d_context
    d_scores = weights * (d_weights - (d_weights * weights).sum(axis=-1, keepdims=True))
    d_scores += LINKS * (weights - places) / count
    g["attention.weight_score"] = np.einsum("stk,stku->u", d_scores, bent)
    d_bent = d_scores[..., None] * v * (1 - bent**2)
    d_q, d_k = d_bent.sum(axis=2), d_bent.sum(axis=1)
    g["attention.weight_score_query"] = np.einsum("stu,sth->uh", d_q, s)
    g["attention.weight_score_key"] = np.einsum("sku,skh->uh", d_k, h)
    d_h, d_s = d_h + d_k @ wk, d_s + d_q @ wq
    d_y = back(d_s, y, s, h[:, -1], p, "decoder", g)
    d_h[:, -1] += d_y[:, -HIDDEN:]
    d_x = back(d_h, x, h, zero, p, "encoder", g)
    np.add.at(g["target_embeddings"], task.read, d_y[:, :-HIDDEN].reshape(y.shape))
    np.add.at(g["source_embeddings"], task.source, d_x[:, :-HIDDEN].reshape(x.shape))
    return loss, g, said, weights


def lessons(chosen: list[tuple[list[str], list[str], list[int]]]) -> list[Translation]:
    """One lesson for each length."""
    lengths = sorted({len(one[0]) for one in chosen})
    return [Translation([one for one in chosen if len(one[0]) == n]) for n in lengths]


def train(kept: list[Translation]) -> dict[str, Array]:
    """Adam (Kingma and Ba, 2014) over all lessons at once."""
    p = start(np.random.default_rng(SEED))
    first, second = ({k: np.zeros_like(v) for k, v in p.items()} for _ in range(2))
    for step in range(1, STEPS + 1):
        grads = {name: SHRINK * value for name, value in p.items()}
        for task in kept:
            _, g, *_ = model(task, p)
            grads = {name: grads[name] + g[name] / len(kept) for name in p}
        for key, g_ in grads.items():
            first[key] = 0.9 * first[key] + 0.1 * g_
            second[key] = 0.999 * second[key] + 0.001 * g_ * g_
            rate = RATE * min(1.0, 2 * (1 - step / (STEPS + 1)))
            p[key] = p[key] - rate * (first[key] / (1 - 0.9**step)) / (np.sqrt(second[key] / (1 - 0.999**step)) + 1e-8)
    return {name: np.round(value, 2) + 0.0 for name, value in p.items()}


def report(name: str, tasks: list[Translation], p: dict[str, Array]) -> None:
    """What part of the words is right, and of the largest weights of attention."""
    right, found, count = 0, 0, 0
    for task in tasks:
        _, _, said, weights = model(task, p)
        right += int((said.argmax(axis=-1) == task.said).sum())
        found += int((weights.argmax(axis=-1) == task.links).sum())
        count += task.said.size
    print(f"{name}: {right / count:.3f} of {count} words right, {found / count:.3f} of the links found")


def main() -> None:
    every = list(sentences())
    kept = [one for i, one in enumerate(every) if i % HELD_OUT]
    p = train(lessons(kept))
    report("trained on", lessons(kept), p)
    report("kept back", lessons([one for i, one in enumerate(every) if not i % HELD_OUT]), p)
    german, english = words()
    arrays = {name: value.astype(np.float32) for name, value in p.items()}
    arrays |= {"german": np.array(german), "english": np.array(english)}
    path = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("translation.npz"))
    save(path, dict(sorted(arrays.items())))
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
