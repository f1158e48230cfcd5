"""Four layers on one input: PyTorch, what an output really depends on, the published table, refusals."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.engine.compare import COMPARE, KINDS, CompareConfig
from layeranim.engine.trace import Trace
from layeranim.errors import UsageError
from tests.engine.family import HAS_TORCH, proven


def given(places: int, taps: int = 3, kind: str = "float64") -> dict[str, Any]:
    rng = np.random.default_rng(places)
    shapes = {"input": (places,), "dense_weight": (places, places), "convolution_weight": (taps,),
              "recurrent_weight": (2,), "attention_weight": (3,)}  # fmt: skip
    return {name: rng.normal(size=shape).astype(kind) for name, shape in shapes.items()}


def of(places: int, taps: int = 3) -> Trace:
    return COMPARE.compute(CompareConfig(), given(places, taps))


@pytest.mark.parametrize(("places", "taps"), [(1, 1), (1, 3), (2, 3), (6, 5), (3, 9)])
def test_every_step_replays(places: int, taps: int) -> None:
    proven(COMPARE, of(places, taps))


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed")
@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_layers_are_those_of_pytorch(kind: str) -> None:
    import torch
    from torch.nn import functional

    arrays = given(7, 5, kind)
    trace = COMPARE.compute(CompareConfig(), arrays)
    x, dense, kernel, cell, factors = (torch.tensor(array) for array in arrays.values())
    rnn = torch.nn.RNN(1, 1, bias=False, dtype=x.dtype)
    with torch.no_grad():
        for parameter, weight in zip((rnn.weight_ih_l0, rnn.weight_hh_l0), cell, strict=True):
            parameter.copy_(weight.reshape(1, 1))
        query, key, value = (factor * x.reshape(1, -1, 1) for factor in factors)
        expected = {
            "dense": functional.linear(x, dense),
            "convolution": functional.conv1d(x.reshape(1, 1, -1), kernel.reshape(1, 1, -1), padding="same"),
            "recurrent": rnn(x.reshape(-1, 1))[0],
            "attention": functional.scaled_dot_product_attention(query, key, value),
        }
    for k, name in enumerate(KINDS):
        assert trace["outputs"].dtype == kind
        assert np.allclose(
            trace["outputs"][k], expected[name].numpy().ravel(), rtol=0, atol=1e-12 if kind[5:] == "64" else 2e-6
        )


def test_an_output_depends_on_what_its_edges_lead_to_and_on_nothing_else() -> None:
    """Each input is moved: the outputs that move are those to which edges lead, through other outputs or not."""
    places, trace = 6, of(6)
    for k, links in enumerate(trace["links"]):
        reads, hands = links[:, :places] != 0, links[:, places:] != 0
        reached = reads.copy()
        for _ in range(places):
            reached |= (hands[:, :, None] & reached[None]).any(axis=1)
        for j in range(places):
            moved = given(places)
            moved["input"][j] += 0.1
            changed = COMPARE.compute(CompareConfig(), moved)["outputs"][k] != trace["outputs"][k]
            assert changed.tolist() == reached[:, j].tolist(), (KINDS[k], j)


def test_an_edge_weighs_what_the_output_changes_by_where_weights_are_learned() -> None:
    places, trace, arrays = 5, of(5), given(5)
    for k in (0, 1):
        for j in range(places):
            one = {**arrays, "input": np.eye(places)[j]}
            assert np.allclose(COMPARE.compute(CompareConfig(), one)["outputs"][k], trace["edge_weights"][k, :, j])
    assert np.allclose(trace["edge_weights"][3, :, :places].sum(axis=1), 1)
    moved = COMPARE.compute(CompareConfig(), {**arrays, "input": arrays["input"][::-1]})["edge_weights"]
    same = [np.array_equal(a, b) for a, b in zip(moved, trace["edge_weights"], strict=True)]
    assert same == [True, True, True, False]  # only attention makes its edges of the input


@pytest.mark.parametrize(("places", "taps"), [(8, 3), (8, 5), (20, 7), (2, 3), (9, 17)])
def test_the_published_table(places: int, taps: int) -> None:
    """Vaswani et al., table 1: order O(1) O(1) O(n) O(1); path O(n/k) for a kernel, O(n) recurrent, O(1) attention."""
    trace, reach = of(places, taps), taps // 2
    assert trace["weights"].tolist() == [places**2, taps, 2, 3]
    beyond = sum(max(0, reach - i) for i in range(places)) * 2 if reach < places else None
    if beyond is not None:
        assert trace["edges"].tolist() == [places**2, places * taps - beyond, 2 * places - 1, places**2]
    assert trace["order"].tolist() == [1, 1, places, 1]
    assert trace["path"].tolist() == [1, -(-(places - 1) // reach), places, 1]


@pytest.mark.parametrize(("places", "swap"), [(2, None), (6, None), (6, (6, 2)), (14, (3, 14))])
def test_the_pass_with_two_inputs_swapped_is_a_pass_of_that_input(places: int, swap: tuple[int, int] | None) -> None:
    arrays = given(places)
    trace = proven(COMPARE, COMPARE.compute(CompareConfig(swap=swap), arrays))
    a, b = (place - 1 for place in trace.config.swap)
    x = arrays["input"].copy()
    assert swap or {x[a], x[b]} == {x[:10].min(), x[:10].max()}
    x[[a, b]] = x[[b, a]]
    other = COMPARE.compute(CompareConfig(), {**arrays, "input": x})
    for name in ("input", "edge_weights", "outputs", "attention.shares", "recurrent.sums"):
        np.testing.assert_array_equal(trace[f"swapped_{name}"], other[name], err_msg=name)
    near = np.isclose(trace["outputs"], trace["swapped_outputs"], rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(trace["changed"], ~near)


@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_attention_gives_the_same_outputs_swapped_as_its_inputs_are(kind: str) -> None:
    """It knows no places; a convolution, a recurrent layer and weights for each place do."""
    trace = COMPARE.compute(CompareConfig(swap=(2, 5)), given(9, 3, kind))
    order = [0, 4, 2, 3, 1, 5, 6, 7, 8]
    moved = [np.allclose(now, before[order], rtol=1e-5) for now, before in
             zip(trace["swapped_outputs"], trace["outputs"], strict=True)]  # fmt: skip
    assert moved == [False, False, False, True]
    assert np.flatnonzero(trace["changed"][3]).tolist() == [1, 4]
    assert np.flatnonzero(trace["changed"][1]).tolist() == [0, 1, 2, 3, 4, 5]
    assert not trace["changed"][2, 0]
    square = trace["edge_weights"][3, :, :9]
    assert np.allclose(trace["swapped_edge_weights"][3, :, :9], square[np.ix_(order, order)], rtol=1e-5)
    for k in range(3):
        np.testing.assert_array_equal(trace["swapped_edge_weights"][k], trace["edge_weights"][k])


def test_equal_numbers_that_are_swapped_change_nothing_and_one_place_has_no_other() -> None:
    trace = COMPARE.compute(CompareConfig(), {**given(4), "input": np.full(4, 2.0)})
    assert trace.config.swap == (1, 2)
    assert not trace["changed"].any()
    assert "swapped_input" not in of(1)


def test_so_many_convolutions_pass_the_first_number_on_to_the_last_place() -> None:
    places, taps = 9, 3
    layers = int(of(places, taps)["path"][1])
    signal = [np.eye(places)[0]]
    for _ in range(layers):
        signal.append(np.convolve(signal[-1], np.ones(taps), "same"))
    assert [bool(one[-1]) for one in signal] == [False] * layers + [True]


def test_sizes_come_from_the_arrays_and_layers_are_chosen() -> None:
    trace = la.trace("compare-layers", input=[1, 2, 3], layers="recurrent,dense")
    assert trace["outputs"].shape == (2, 3)
    assert {"convolution_weight", "attention_weight"}.isdisjoint(trace.tensors)
    u, w = trace["recurrent_weight"]
    states = [0.0, *trace["outputs"][0]]
    for x, (before, after) in zip((1, 2, 3), pairwise(states), strict=True):
        assert after == pytest.approx(np.tanh(u * x + w * before))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"kernel_size": 4}, "kernel_size is 4, but must be odd"),
        ({"kernel_size": 1}, "nothing ever comes from the first place to the last"),
        ({"input": [1, 2], "places": 3}, "places is 3 by option places, but 2 by input"),
        ({"dense_weight": np.ones((2, 3))}, "places is 2 by dense_weight, but 3 by dense_weight"),
        ({"recurrent_weight": [1, 2, 3]}, "recurrent_weight has shape 3, but must be 2"),
        ({"input": np.ones((2, 2))}, "input has shape 2×2, 2 axes, but must have 1"),
        ({"layers": "dense", "attention_weight": [1, 1, 1]}, "does not use it; leave it out"),
        ({"layers": "dense", "kernel_size": 5}, "kernel_size is 5, but no convolution is among the layers"),
        ({"layers": "dens"}, "dense"),
        ({"places": 1, "swap": "1,2"}, "swap is 1,2, but there is one place alone; leave it out"),
        ({"places": 3, "swap": "2,2"}, "swap is 2,2, but must be two different places from 1 to 3, such as 1,3"),
        ({"places": 3, "swap": "1,4"}, "swap is 1,4, but must be two different places from 1 to 3"),
        ({"swap": "1,2,3"}, "swap is '1,2,3', 3 numbers, but must be 2 numbers"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        la.trace("compare-layers", **options)
