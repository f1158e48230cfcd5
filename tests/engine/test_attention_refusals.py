"""What attention refuses: one line that names the parameter and both numbers."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from layeranim.engine.attention import ATTENTION
from tests.engine.family import refused

CASES: list[tuple[dict[str, Any], dict[str, tuple[int, ...]], tuple[str, ...]]] = [
    ({"heads": 0}, {}, ("heads is 0", "at least 1")),
    ({"kind": "euclidean"}, {}, ("kind is 'euclidean'", "dot, scaled, additive")),
    ({"softcap": 0}, {}, ("softcap is 0", "greater than 0")),
    ({"heads": 4, "key_heads": 3}, {}, ("key_heads is 3", "divide heads 4")),
    ({"kind": "cosine", "scale": 2}, {}, ("scale is 2", "cosine")),
    ({}, {"query": (3, 2), "key": (4, 3)}, ("features is 2 by query", "3 by key")),
    ({}, {"query": (3, 2), "key": (4, 2), "value": (5, 2)}, ("keys is 4 by key", "5 by value")),
    ({"keys": 5}, {"key": (4, 2)}, ("keys is 5 by option keys", "4 by key")),
    ({"heads": 2}, {"query": (3, 5)}, ("query has 5 features", "multiple of 2 heads")),
    ({"heads": 2}, {"query": (1, 3, 3, 2)}, ("query has 3 heads", "must have 2")),
    ({}, {"query": (2, 3, 2), "key": (1, 3, 2)}, ("batch is 2 by query", "1 by key")),
    ({}, {"query": (2,)}, ("query has shape 2, 1 axis", "2, 3 or 4")),
    ({"heads": 2}, {"embeddings": (3, 5)}, ("embed is 5", "multiple of 2 heads")),
    ({"projections": True}, {"query": (3, 2)}, ("query was given", "made from embeddings")),
    ({}, {"embeddings": (3, 2), "key": (3, 2)}, ("key was given", "made from embeddings")),
    ({"keys": 5}, {"embeddings": (3, 2)}, ("keys is 5 by option keys", "3 by embeddings")),
    ({}, {"embeddings": (3, 4), "weight_query": (4, 5)}, ("embed is 4 by embeddings", "5 by the columns")),
    ({}, {"embeddings": (3, 4), "weight_key": (5, 4), "weight_query": (4, 4)}, ("features is 4", "5 by the rows")),
    ({"heads": 2}, {"embeddings": (3, 4), "weight_query": (5, 4)}, ("weight_query has 5 rows", "2 heads")),
    ({}, {"embeddings": (3, 4), "weight_output": (4, 5)}, ("weight_output has shape 4×5", "4×4")),
    ({}, {"embeddings": (3, 4), "bias_query": (3,)}, ("bias_query has shape 3", "must be 4")),
    ({"bias": False}, {"embeddings": (3, 4), "bias_query": (4,)}, ("bias_query was given", "bias is off")),
    ({}, {"query": (3, 2), "weight_score": (2, 2)}, ("weight_score was given", "kind scaled")),
    ({"kind": "multiplicative"}, {"query": (3, 2), "weight_score": (3, 2)}, ("features is 2", "3 by the rows")),
    ({"kind": "additive"}, {"query": (3, 2), "weight_score": (4,)}, ("weight_score has shape 4", "must be 2")),
    ({}, {"query": (3, 2), "mask": (3, 4, 5, 6, 7)}, ("mask has shape", "2, 3 or 4")),
    ({}, {"query": (3, 2), "key": (4, 2), "mask": (4, 3)}, ("queries is 3 by query", "4 by mask")),
    ({}, {"query": (2, 3, 2), "mask": (3, 3, 3)}, ("batch is 2 by query", "3 by mask")),
    ({"heads": 2}, {"query": (2, 3, 2), "mask": (2, 3, 3, 3)}, ("mask has shape 2×3×3×3", "2×2×3×3")),
    ({}, {"query": (2, 3, 2), "key": (2, 3, 2), "key_mask": (4,)}, ("keys is 3 by key", "4 by key_mask")),
    ({"positional": "rotary"}, {"query": (3, 3)}, ("features is 3", "even")),
    ({"positional": "sinusoidal"}, {"query": (3, 2)}, ("positional sinusoidal", "no embeddings")),
    ({"positional": "learned"}, {"embeddings": (3, 2), "context": (3, 2)}, ("keys come from context",)),
    ({}, {"embeddings": (3, 2), "positions": (3, 2)}, ("positions was given", "positional learned")),
    ({"positional": "learned"}, {"embeddings": (3, 2), "positions": (4, 2)}, ("queries is 3", "4 by positions")),
    ({}, {"queries": (3, 2)}, ("attention takes no array 'queries' (did you mean query?)",)),
]  # fmt: skip


@pytest.mark.parametrize(("options", "shapes", "pieces"), CASES)
def test_impossible_options_and_shapes_are_refused(
    options: dict[str, Any], shapes: dict[str, tuple[int, ...]], pieces: tuple[str, ...]
) -> None:
    refused(lambda: ATTENTION.complete(ATTENTION.config.of(options), shapes), *pieces)
    arrays = {name: np.ones(shape) for name, shape in shapes.items()}
    refused(lambda: ATTENTION.compute(ATTENTION.config.of(options), arrays), *pieces)


def test_values_and_gradients_that_cannot_be_are_refused() -> None:
    arrays = {"query": np.ones((3, 2)), "key": np.ones((4, 2)), "value": np.ones((4, 2))}

    def attend(**options: Any) -> Any:
        return ATTENTION.compute(ATTENTION.config.of(options), arrays)

    boolean = ATTENTION.config.of({"mask_kind": "boolean"})
    refused(lambda: ATTENTION.compute(boolean, arrays | {"mask": np.full((3, 4), 2)}), "mask holds 2", "0 and 1")
    refused(
        lambda: ATTENTION.compute(boolean, arrays | {"mask": np.array([["a"] * 4] * 3)}), "mask holds", "real numbers"
    )
    refused(lambda: ATTENTION.compute(boolean, {"query": np.ones((3, 2))}), "attention needs key of shape 1×1×3×2")
    backward: Any = ATTENTION.backward
    refused(lambda: backward(attend(), {"weights": np.ones((1, 1, 3, 4))}), "gradient of weights", "that of output")
    refused(lambda: backward(attend(), {"output": np.ones((2, 3))}), "grad_output has shape 2×3", "1×1×3×2")


def test_refusals_hold_under_python_O() -> None:
    code = (
        "from layeranim.engine.attention import ATTENTION\n"
        "from layeranim.errors import UsageError\n"
        "for options, shapes in (({'heads': 2}, {'query': (3, 5)}), ({}, {'query': (3, 2), 'key': (4, 3)})):\n"
        "    try:\n"
        "        ATTENTION.complete(ATTENTION.config.of(options), shapes)\n"
        "    except UsageError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run([sys.executable, "-O", "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert "query has 5 features" in first
    assert "features is 2 by query, but 3 by key" in second
