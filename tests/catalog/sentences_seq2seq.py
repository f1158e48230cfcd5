"""The claims of the film of an encoder–decoder, recomputed from its trace."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from layeranim.stories.storyboard import Beat
from layeranim.stories.translation import lexicon

from .sentences import Claim, Told

Match = re.Match[str]


def looks(told: Told) -> bool:
    return bool(told.config.attention != "none")


def counted(told: Told, match: Match, beat: Beat) -> bool:
    sizes = told["encoder.hidden"].shape[1], told["probabilities"].shape[1]
    return (int(match[1]), int(match[2])) == sizes


def handed(told: Told, match: Match, beat: Beat) -> bool:
    at = told.work.film.place_in(len(told["source"]))
    given = told["decoder.initial_hidden"][at]
    last = told["encoder.hidden"][at, -1]
    return int(match[1]) == len(given) and bool(np.array_equal(given, last, equal_nan=True))


_BACK: dict[str, Any] = {"example": "looking-back"}
SEQ2SEQ = (
    Claim("one network reads, another one writes and looks back at all that was read",
          lambda t, m, b: looks(t), _BACK, ({},)),
    Claim("one network reads, another one writes: all passes through one state", lambda t, m, b: not looks(t), {},
          (_BACK,)),
    Claim(r"the encoder reads (\d+) (?:step|word)s?", lambda t, m, b: int(m[1]) == t["encoder.hidden"].shape[1], {}, (),
          counts=True),
    Claim("each state holds what was read so far", lambda t, m, b: t["source"].shape[1] > 1, {},
          ({"source": "random:1x2"},)),
    Claim(r"its last state goes over: (\d+) numbers?", handed, {}, (), counts=True),
    Claim("all that the decoder is told of the source", lambda t, m, b: not looks(t), {}, (_BACK,)),
    Claim("it begins where the encoder ended", lambda t, m, b: b.units[0] == 0, {}, ({"steps": "2-3"},)),
    Claim("it reads the word that it wrote last", lambda t, m, b: t.config.feeding == "greedy", _BACK, ({},)),
    Claim("it reads the target, as in training", lambda t, m, b: t.config.feeding == "teacher", {}, (_BACK,)),
    Claim("a way past the one state: it looks back at all encoder states", lambda t, m, b: looks(t), _BACK, ({},)),
    Claim("the most probable word is written"),
    Claim(r"words? .*: {1,2}each in the same way|every word in the same way"),
    Claim(r"(\d+) read, (\d+) written: each word looked back at all that was read",
          lambda t, m, b: looks(t) and counted(t, m, b), _BACK, ({},)),
    Claim(r"(\d+) read, (\d+) written: all of the source went through this one state",
          lambda t, m, b: not looks(t) and counted(t, m, b), {}, (_BACK,)),
    Claim(r"(.*) (?:is|are) not in the vocabulary: drawn at random, seed \d+",
          lambda t, m, b: not {*m[1].lower().split(", ")} & {"ich", "habe", "gelernt"},
          {"example": "looking-back", "tokens": "ich habe Pferd"}, ({},)),
    Claim("a house for a book: more was read than one small state could hold",
          lambda t, m, b: lexicon.called(int(t["chosen"][0, 4])) == "house" and t.config.tokens[3] == "Buch",
          {"example": "too-long"}, ({}, _BACK)),
    Claim("translation, summaries, speech: a sequence in, another one of its own length out"),
)  # fmt: skip

CLAIMS: dict[str, Any] = {"seq2seq": SEQ2SEQ}
