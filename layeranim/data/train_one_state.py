"""Trains the encoder–decoder of ``one_state.npz``, which has one state between its two sides and does not look back.

``python train_one_state.py [FILE]`` writes the file; one seed, the same numbers on every run. It reads twenty sentences
of three words (*ich habe gelernt*) and those of ``train_translation.py``; the gradients are those of the engine's own
layer. The loss is the cross-entropy of the words, the decoder reads what it should have written. What it reaches where
it reads what it wrote itself is printed, for short sentences and for long ones: the state is small.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim.data.saving import save
from layeranim.data.train_translation import STOP, SUBJECTS, VERBS, sentences, words
from layeranim.engine.seq2seq import SEQ2SEQ

Array = NDArray[Any]
Pair = tuple[list[str], list[str]]
SEED, EMBED, HIDDEN, STEPS, RATE, SHRINK, SHORT = 0, 4, 6, 600, 0.03, 3e-5, 4
"""SHORT: how often sentences of three words are counted beside the long ones."""


def short() -> list[Pair]:
    """Three words: who, has, what was done."""
    return [([who, has, done], [he, have, did, STOP])
            for who, (has, he, have) in SUBJECTS.items() for done, did in VERBS.items()]  # fmt: skip


def lessons() -> list[tuple[Array, Array]]:
    """Ids of what is read and of what is to be written, of one length each: the short sentences, then the long ones."""
    german, english = words()
    pairs = [*short(), *((a, b) for a, b, _ in sentences())]
    out = []
    for n in sorted({len(a) for a, _ in pairs}):
        chosen = [(a, b) for a, b in pairs if len(a) == n]
        out.append((np.array([[german.index(w) for w in a] for a, _ in chosen]),
                    np.array([[english.index(w) for w in b] for _, b in chosen])))  # fmt: skip
    return out


def start() -> dict[str, Array]:
    """Small random weights, as the layer's own names have them."""
    german, english = (len(part) for part in words())
    shapes = {"source_embeddings": (german, EMBED), "target_embeddings": (english, EMBED),
              "weight_output": (english, HIDDEN), "bias_output": (english,)}  # fmt: skip
    for side in ("encoder", "decoder"):
        shapes |= {f"{side}.weight_input": (3 * HIDDEN, EMBED), f"{side}.weight_hidden": (3 * HIDDEN, HIDDEN),
                   f"{side}.bias_input": (3 * HIDDEN,), f"{side}.bias_hidden": (3 * HIDDEN,)}  # fmt: skip
    rng = np.random.default_rng(SEED)
    return {name: rng.normal(0, 1 / np.sqrt(shape[-1]), shape) if len(shape) > 1 else np.zeros(shape)
            for name, shape in shapes.items()}  # fmt: skip


def told(p: dict[str, Array], source: Array, said: Array) -> Any:
    """The trace of a lesson: the decoder reads what it should have written."""
    read = np.column_stack([np.zeros(len(said), int), said[:, :-1]])
    weights = {name: value for name, value in p.items() if not name.endswith("embeddings")}
    arrays = {"source": p["source_embeddings"][source], "target": p["target_embeddings"][read], **weights}
    config, _ = SEQ2SEQ.complete(SEQ2SEQ.config(), {name: array.shape for name, array in arrays.items()})
    return SEQ2SEQ.compute(config, arrays), read


def gradients(p: dict[str, Array], source: Array, said: Array) -> dict[str, Array]:
    """Of the cross-entropy of all words of a lesson, by the engine."""
    trace, read = told(p, source, said)
    wrong = (np.asarray(trace["probabilities"]) - np.eye(len(p["bias_output"]))[said]) / said.size
    assert SEQ2SEQ.backward is not None
    back = SEQ2SEQ.backward(trace, {"logits": wrong})
    out = {name: np.asarray(back[f"grad_{name}"]) for name in p if not name.endswith("embeddings")}
    for name, ids, grads in (("source", source, back["grad_source"]), ("target", read, back["grad_target"])):
        table = np.zeros_like(p[f"{name}_embeddings"])
        np.add.at(table, ids, np.asarray(grads))
        out[f"{name}_embeddings"] = table
    return out


def train() -> dict[str, Array]:
    """Adam (Kingma and Ba, 2014) over all lessons at once."""
    p, tasks = start(), lessons()
    shares = [SHORT / (SHORT + len(tasks) - 1), *[1 / (SHORT + len(tasks) - 1)] * (len(tasks) - 1)]
    first, second = ({k: np.zeros_like(v) for k, v in p.items()} for _ in range(2))
    for step in range(1, STEPS + 1):
        grads = {name: SHRINK * value for name, value in p.items()}
        for share, (source, said) in zip(shares, tasks, strict=True):
            for name, value in gradients(p, source, said).items():
                grads[name] = grads[name] + share * value
        rate = RATE * min(1.0, 2 * (1 - step / (STEPS + 1)))
        for key, g in grads.items():
            first[key] = 0.9 * first[key] + 0.1 * g
            second[key] = 0.999 * second[key] + 0.001 * g * g
            p[key] = p[key] - rate * (first[key] / (1 - 0.9**step)) / (np.sqrt(second[key] / (1 - 0.999**step)) + 1e-8)
    return {name: np.round(value, 2) + 0.0 for name, value in p.items()}


def right(p: dict[str, Array], source: Array, said: Array) -> tuple[int, int]:
    """How many sentences come out whole where the decoder reads what it wrote, and how many of their words."""
    weights = {name: value for name, value in p.items() if name != "source_embeddings"}
    arrays = {"source": p["source_embeddings"][source], **weights}
    asked = SEQ2SEQ.config.of({"feeding": "greedy", "target_steps": said.shape[1]})
    config, _ = SEQ2SEQ.complete(asked, {name: array.shape for name, array in arrays.items()})
    found = np.asarray(SEQ2SEQ.compute(config, arrays)["chosen"]) == said
    return int(found.all(axis=1).sum()), int(found.sum())


def main() -> None:
    p = train()
    for source, said in lessons():
        whole, some = right(p, source, said)
        print(
            f"{source.shape[1]} words read: {whole} of {len(said)} sentences right, {some / said.size:.3f} of the words"
        )
    german, english = words()
    arrays = {name: value.astype(np.float32) for name, value in p.items()}
    arrays |= {"german": np.array(german), "english": np.array(english)}
    path = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("one_state.npz"))
    save(path, dict(sorted(arrays.items())))
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
