"""Trains the small attention of ``words.npz``: in short English sentences each word finds the word it belongs with.

``python train_words.py [FILE]`` writes the file; NumPy alone, one seed, the same numbers on every run. Sentences and
their links come from the patterns below. Two models share the embeddings: one head, and two heads (the first finds
who or what, the second what happens). The loss is the cross-entropy of the weights against the links, and of a read-out
of the output (thrown away afterwards) against the linked words. In the end embeddings are rounded to 0.2 and matrices
to 0.5, and improved at that grain, so that queries, keys and values are whole tenths.
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
KINDS = {
    "determiner": "the a", "thing": "cat dog bird mouse ball glass", "woman": "queen", "man": "king",
    "she-name": "anna mary", "he-name": "bob tom", "alone": "sat ran slept smiled laughed fell broke",
    "upon": "met saw liked chased dropped", "manner": "down away quietly", "quality": "small old red tired",
    "and": "and because", "she": "she", "he": "he", "it": "it",
}  # fmt: skip
WORDS = [word for words in KINDS.values() for word in words.split()]
KIND = {word: kind for kind, words in KINDS.items() for word in words.split()}
NOUNS, NAMES, PRONOUNS = ("thing", "woman", "man"), ("she-name", "he-name"), ("she", "he", "it")
MEANT = {"she": ("woman", "she-name"), "he": ("man", "he-name"), "it": ("thing",)}
PATTERNS = (
    "determiner noun alone manner", "determiner quality noun alone", "determiner quality noun alone manner",
    "name alone manner", "name upon name and pronoun alone", "name upon determiner noun and pronoun alone",
    "determiner noun upon determiner noun", "determiner noun upon name and pronoun alone",
)  # fmt: skip
SENTENCES, LONGEST, EMBED, SEED = 320, 8, 4, 0
SMOOTH, SIZE, CENTRE, READ_OUT, PRONOUN = 0.12, 0.004, 0.01, 0.1, 4.0
"""How soft the links are; the price of large queries, keys and values, of scores far from 0, of the read-out; what a
pronoun counts."""
MODELS = {"1": (1, 3, 3), "2": (2, 2, 2)}  # heads, features of a query and of a value in one head
GRAINS = {"embeddings": 0.2, "weight_query": 0.5, "weight_key": 0.5, "weight_value": 0.5, "weight_output": 0.5}


def sentences(rng: np.random.Generator) -> Iterator[list[str]]:
    """Sentences of all patterns whose pronoun means one word only."""
    made = 0
    while made < SENTENCES:
        words: list[str] = []
        for part in PATTERNS[made % len(PATTERNS)].split():
            kinds = {"noun": NOUNS, "name": NAMES, "pronoun": PRONOUNS}.get(part, (part,))
            words.append(str(rng.choice([w for w in WORDS if KIND[w] in kinds and w not in words[-3:]])))
        pronoun = next((w for w in words if w in MEANT), None)
        if pronoun is None or sum(KIND[w] in MEANT[pronoun] for w in words) == 1:
            made += 1
            yield words


def links(words: list[str]) -> list[list[set[int]]]:
    """For each word where it should look: with one head, with the first of two (who), the second (what happens)."""
    at: dict[str, set[int]] = {}
    for i, word in enumerate(words):
        kind = KIND[word]
        for name in (kind, "noun" if kind in NOUNS else "", "who" if kind in (*NOUNS, *NAMES) else "",
                     "pronoun" if kind in PRONOUNS else "", "verb" if kind in ("alone", "upon") else ""):  # fmt: skip
            at.setdefault(name, set()).add(i)
    happens = at.get("upon", set()) | (set() if "upon" in at else at.get("alone", set()))
    out: list[list[set[int]]] = []
    for i, word in enumerate(words):
        kind = KIND[word]
        subject = at.get("pronoun", at["who"]) if kind == "alone" else at["who"]
        meant = {j for j in at["who"] if word in MEANT and KIND[words[j]] in MEANT[word]}
        noun = at.get("noun", at["who"])
        one = {"determiner": noun, "quality": noun, "alone": subject, "upon": at["who"],
               "manner": at.get("alone", happens), "and": at["verb"]}.get(kind, meant or happens)  # fmt: skip
        who = noun if kind in ("determiner", "quality") else {i} if i in at["who"] else meant or subject
        what = at.get("manner", {i}) if kind == "alone" else {i} if kind == "upon" else at.get("alone", happens)
        out.append([one, who, happens if i in at["who"] else what])
    return out


def emphasis(words: list[str]) -> list[float]:
    """What each word counts: a pronoun, and the verb that should find it, more than others."""
    said = bool(set(words) & set(MEANT))
    return [PRONOUN if said and (w in MEANT or KIND[w] == "alone") else 1.0 for w in words]


class Lesson:
    """All sentences padded to one length: ids, which cells are words, and the links of every relation."""

    def __init__(self, texts: list[list[str]]) -> None:
        n = len(texts)
        self.ids = np.zeros((n, LONGEST), int)
        self.live = np.zeros((n, LONGEST), bool)
        self.share = np.zeros((n, LONGEST))
        self.gold = np.zeros((3, n, LONGEST, LONGEST))
        for s, words in enumerate(texts):
            self.ids[s, : len(words)] = [WORDS.index(w) for w in words]
            self.live[s, : len(words)] = True
            self.share[s, : len(words)] = emphasis(words)
            for i, relations in enumerate(links(words)):
                for r, goal in enumerate(relations):
                    self.gold[r, s, i, : len(words)] = SMOOTH / len(words)
                    self.gold[r, s, i, sorted(goal)] += (1 - SMOOTH) / len(goal)
        self.one_hot = np.eye(len(WORDS))[self.ids]
        self.gold *= self.share[None, :, :, None]

    def of(self, name: str) -> Array:
        """The links of one model: (heads, sentences, words, words)."""
        return self.gold[:1] if name == "1" else self.gold[1:]


def softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def cross(p: Array, gold: Array) -> float:
    return float(-(gold * np.log(p + 1e-12)).sum())


def model(task: Lesson, p: dict[str, Array], name: str) -> tuple[float, dict[str, Array]]:
    """Loss of one model a word, and its gradients."""
    heads, features, values = MODELS[name]
    gold, count = task.of(name), task.live.sum()
    x = p["embeddings"][task.ids]
    wq, wk, wv = (p[f"weight_{part}_{name}"].reshape(heads, -1, EMBED) for part in ("query", "key", "value"))
    q, k, v = (np.einsum("hfe,ste->hstf", w, x) for w in (wq, wk, wv))
    scores = np.where(task.live[None, :, None, :], q @ np.swapaxes(k, -1, -2) / np.sqrt(features), -1e9)
    weights = softmax(scores)
    pairs = (task.live[:, :, None] & task.live[:, None, :])[None]
    mean = np.where(pairs, scores, 0).sum(axis=-1, keepdims=True) / task.live.sum(axis=1)[None, :, None, None]
    mixed = weights @ v
    joined = np.concatenate(list(mixed), axis=-1)
    wo = p.get(f"weight_output_{name}", np.eye(heads * values))
    output = joined @ wo.T
    said = softmax(output @ p[f"read_{name}"])
    wanted = gold.mean(axis=0) @ task.one_hot
    size = sum(float((z * z * task.live[None, :, :, None]).sum()) for z in (q, k, v))
    price = SIZE * size + CENTRE * float((mean**2).sum())
    loss = (cross(weights, gold) + READ_OUT * cross(said, wanted) + price) / count
    d_said = READ_OUT * (said * task.share[..., None] - wanted) / count
    d_output = d_said @ p[f"read_{name}"].T
    d_joined = d_output @ wo
    d_mixed = np.stack(np.split(d_joined, heads, axis=-1))
    d_weights = d_mixed @ np.swapaxes(v, -1, -2)
    d_scores = weights * (d_weights - (d_weights * weights).sum(axis=-1, keepdims=True))
    d_scores += (weights * task.share[None, :, :, None] - gold) / count
    d_scores += 2 * CENTRE / count * pairs * mean / task.live.sum(axis=1)[None, :, None, None]
    d_scores /= np.sqrt(features)
    seen = 2 * SIZE / count * task.live[None, :, :, None]
    d = {"q": d_scores @ k, "k": np.swapaxes(d_scores, -1, -2) @ q, "v": np.swapaxes(weights, -1, -2) @ d_mixed}
    d = {n: d[n] + seen * z for n, z in (("q", q), ("k", k), ("v", v))}
    d_x = sum(np.einsum("hfe,hstf->ste", w, d[n]) for n, w in (("q", wq), ("k", wk), ("v", wv)))
    grads = {f"weight_{long}_{name}": np.einsum("hstf,ste->hfe", d[n], x).reshape(-1, EMBED)
             for n, long in (("q", "query"), ("k", "key"), ("v", "value"))}  # fmt: skip
    grads[f"read_{name}"] = np.einsum("stf,stv->fv", output, d_said)
    if f"weight_output_{name}" in p:
        grads[f"weight_output_{name}"] = np.einsum("sto,stj->oj", d_output, joined)
    grads["embeddings"] = np.zeros_like(p["embeddings"])
    np.add.at(grads["embeddings"], task.ids, d_x)
    return loss, grads


def whole(task: Lesson, p: dict[str, Array]) -> tuple[float, dict[str, Array]]:
    """The loss of both models with a small price on large numbers, and the gradients."""
    total, grads = 0.0, {name: 0.0004 * value for name, value in p.items()}
    for name in MODELS:
        loss, of_one = model(task, p, name)
        total += loss
        for key, value in of_one.items():
            grads[key] = grads[key] + value
    return total + sum(0.0002 * float((value * value).sum()) for value in p.values()), grads


def start(rng: np.random.Generator) -> dict[str, Array]:
    p = {"embeddings": rng.normal(0, 0.6, (len(WORDS), EMBED))}
    for name, (heads, features, values) in MODELS.items():
        for part in ("query", "key", "value"):
            p[f"weight_{part}_{name}"] = rng.normal(0, 0.6, (heads * (values if part == "value" else features), EMBED))
        p[f"read_{name}"] = rng.normal(0, 0.3, (EMBED if heads > 1 else values, len(WORDS)))
    p["weight_output_2"] = rng.normal(0, 0.6, (EMBED, 4))
    return p


def adam(task: Lesson, p: dict[str, Array], steps: int, rate: float, fixed: tuple[str, ...] = ()) -> None:
    """Adam (Kingma and Ba, 2014) on everything that is not ``fixed``."""
    first, second = ({k: np.zeros_like(v) for k, v in p.items()} for _ in range(2))
    for step in range(1, steps + 1):
        _, grads = whole(task, p)
        for key, g in grads.items():
            if key.startswith(fixed or ("-",)):
                continue
            first[key] = 0.9 * first[key] + 0.1 * g
            second[key] = 0.999 * second[key] + 0.001 * g * g
            p[key] = p[key] - rate * (first[key] / (1 - 0.9**step)) / (np.sqrt(second[key] / (1 - 0.999**step)) + 1e-8)


def grain(key: str) -> float | None:
    return next((value for name, value in GRAINS.items() if key.startswith(name)), None)


def polish(task: Lesson, p: dict[str, Array]) -> None:
    """Every rounded number a grain up or down, as long as that helps."""
    best = whole(task, p)[0]
    for _ in range(3):
        before = best
        for key in [k for k in p if grain(k)]:
            for at in itertools.product(*map(range, p[key].shape)):
                for by in (float(grain(key) or 0), -float(grain(key) or 0)):
                    p[key][at] += by
                    now = whole(task, p)[0]
                    if now < best - 1e-9:
                        best = now
                        break
                    p[key][at] -= by
        if best > before - 1e-4:
            break


def train() -> dict[str, Array]:
    rng = np.random.default_rng(SEED)
    task = Lesson(list(sentences(rng)))
    p = start(rng)
    adam(task, p, 700, 0.03)
    for key in p:
        if key.startswith("weight"):
            p[key] = np.round(p[key] / 0.5) * 0.5
    adam(task, p, 300, 0.01, ("weight",))
    p["embeddings"] = np.round(p["embeddings"] / 0.2) * 0.2
    polish(task, p)
    for key in p:
        p[key] = np.round(p[key], 1) + 0.0
    print(f"loss {whole(task, p)[0]:.3f}")
    return {key: value for key, value in p.items() if not key.startswith("read")}


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("words.npz")
    save(path, {"words": np.array(WORDS), **train()})
