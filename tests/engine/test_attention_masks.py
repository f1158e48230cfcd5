"""Masks of attention: ones and zeros, truth values, numbers that are added; for all queries, for each head."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.errors import OptionError, ShapeError
from tests.engine import family

QUERY, KEY, VALUE = (np.random.default_rng(9).normal(size=(1, 2, n, 3)) for n in (3, 4, 4))
KEPT = [[1, 1, 0, 1]]


@pytest.mark.parametrize(
    "mask",
    [KEPT, np.array(KEPT, float), np.array(KEPT, bool), KEPT[0], "1 1 0 1", "true true false true",
     "True,True,False,True",
     "[true, true, false, true]", "[[1, 1, 0, 1]]"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["mask", "key_mask"])
def test_ones_keep_and_zeros_pad(name: str, mask: Any) -> None:
    options = {"heads": 2, "query": QUERY, "key": KEY, "value": VALUE, name: mask}
    t = la.trace("attention", **options)
    assert (t["weights"][..., 2] == 0).all()
    assert (t["weights"][..., [0, 1, 3]] > 0).all()
    added = la.trace("attention", **options | {name: np.where(np.array(KEPT) == 1, 0, -np.inf)})
    np.testing.assert_array_equal(t["output"], added["output"])
    if family.HAS_TORCH:
        import torch

        seen = torch.tensor(KEPT, dtype=torch.bool)
        wanted = torch.nn.functional.scaled_dot_product_attention(
            *map(torch.tensor, (QUERY, KEY, VALUE)), attn_mask=seen
        )
        np.testing.assert_allclose(t["output"], wanted.numpy(), rtol=1e-12)


def test_numbers_that_are_not_only_ones_and_zeros_are_added() -> None:
    bias = np.arange(12.0).reshape(3, 4) / 4
    t = la.trace("attention", query=QUERY[0], key=KEY[0], value=VALUE[0], mask=bias)
    np.testing.assert_allclose(t["masked"], t["scaled"] + bias, rtol=1e-12)
    ones = la.trace(
        "attention", mask_kind="additive", query=QUERY[0, 0], key=KEY[0, 0], value=VALUE[0, 0], mask=[KEPT[0]] * 3
    )
    np.testing.assert_allclose(ones["masked"][0, 0], ones["scaled"][0, 0] + KEPT, rtol=1e-12)


def test_a_mask_of_zeros_is_asked_about() -> None:
    arrays = {"query": QUERY[0, 0], "key": KEY[0, 0], "value": VALUE[0, 0]}
    with pytest.raises(OptionError, match="holds only 0, which pads every key if mask_kind is boolean"):
        la.trace("attention", **arrays, key_mask="0 0 0 0")
    plain = la.trace("attention", **arrays)
    nothing = la.trace("attention", **arrays, key_mask="0 0 0 0", mask_kind="additive")
    np.testing.assert_array_equal(plain["output"], nothing["output"])
    everything = la.trace("attention", **arrays, key_mask="0 0 0 0", mask_kind="boolean")
    assert not everything["weights"].any()


@pytest.mark.parametrize("rows", [1, 3])
def test_a_mask_for_each_head(rows: int) -> None:
    seen = np.random.default_rng(2).random((2, rows, 4)) < 0.6
    seen[..., 0] = True
    t = la.trace("attention", heads=2, query=QUERY, key=KEY, value=VALUE, mask=seen.astype(int))
    four = la.trace("attention", heads=2, query=QUERY, key=KEY, value=VALUE, mask=seen[None].repeat(3 // rows, axis=2))
    assert t["mask"].shape == (1, 2, 3, 4)
    np.testing.assert_array_equal(t["output"], four["output"])
    np.testing.assert_array_equal(t["weights"][0] == 0, ~np.broadcast_to(seen, (2, 3, 4)))


def test_a_mask_that_is_as_long_as_the_batch_and_the_heads_is_asked_about() -> None:
    both = [np.concatenate([a, a]) for a in (QUERY, KEY, VALUE)]
    arrays = dict(zip(("query", "key", "value"), both, strict=True))
    with pytest.raises(ShapeError, match="for each of 2 in the batch or of 2 heads; give it as 2×1×3×4 or 1×2×3×4"):
        la.trace("attention", heads=2, **arrays, mask=np.ones((2, 3, 4)))


def test_a_transformers_masks_of_ones_and_zeros() -> None:
    x = np.random.default_rng(4).normal(size=(4, 6))
    t = la.trace("transformer", input=x, **{"self.key_mask": [1, 1, 1, 0]})
    assert (t["self.weights"][..., 3] == 0).all()
    again = la.trace("transformer", input=x, **{"self.mask": np.array([[True, True, True, False]])})
    np.testing.assert_array_equal(t["output"], again["output"])
