"""What the published texts print, as cases of the engine; where a text slips, its true result."""

from __future__ import annotations

import numpy as np
import pytest

import layeranim as la
from layeranim.engine.symbolic import evaluate

IMAGE = [[260.745, 261.332, 112.27, 262.351], [260.302, 208.802, 139.05, 230.709], [261.775, 93.73, 166.118, 122.847],
         [259.56, 232.038, 262.351, 228.937]]  # fmt: skip


def test_the_glossarys_convolution_is_a_valid_cross_correlation() -> None:
    t = la.trace("conv", example="glossary")
    assert t["input"][0, 0].tolist() == IMAGE
    assert t["kernel"][0, 0].tolist() == [[1, 0], [0, 1]]
    wanted = [[IMAGE[r][c] + IMAGE[r + 1][c + 1] for c in range(3)] for r in range(3)]
    np.testing.assert_allclose(t["output"][0, 0], wanted, rtol=1e-15)
    assert t["output"][0, 0, 0, 0] == pytest.approx(469.547)


def test_the_glossarys_pooling_is_that_of_its_figure_not_of_its_code() -> None:
    assert la.trace("pool", example="glossary")["output"][0, 0].tolist() == [[5, 8], [9, 8]]


def test_the_glossarys_dropout_is_read_off_its_printed_result() -> None:
    t = la.trace("dropout", example="glossary")
    assert t["kept"][0].tolist() == [[0, 0.2, 1.5, 0], [0.6, 0.1, 0, 0.3], [0, 1.9, 0.3, 0], [0.7, 0, 0, 0]]
    np.testing.assert_allclose(t["output"][0], 2 * t["kept"][0], rtol=1e-15)
    assert int((t["mask"] == 0).sum()) == 8


def test_the_glossarys_gru_stays_where_it_begins() -> None:
    t = la.trace("gru", variant="glossary", input=[[1.0, -2], [3, 0.5]], hidden=2)
    assert not t["output"].any()
    after = la.trace("gru", input=[[1.0, -2], [3, 0.5]], hidden=2)
    assert after["output"].any()


def test_slugnets_pooling_figures() -> None:
    assert la.trace("pool", example="slugnet-max")["output"][0, 0].tolist() == [[7, 8], [9, 7]]
    assert la.trace("pool", example="slugnet-mean")["output"][0, 0].tolist() == [[5, 2.75], [5, 3.5]]


def test_slugnets_symbolic_convolution() -> None:
    t = la.trace("conv", example="slugnet")
    letters = t.tensor("output").labels
    assert letters is not None
    assert letters[0, 0].tolist() == [
        ["aw + bx + ey + fz", "bw + cx + fy + gz", "cw + dx + gy + hz"],
        ["ew + fx + iy + jz", "fw + gx + jy + kz", "gw + hx + ky + lz"],
    ]
    names = [(t.tensor(name).labels, t[name]) for name in ("input", "kernel")]
    values = {str(n): float(v) for labels, array in names if labels is not None
              for n, v in zip(labels.flat, array.flat, strict=True)}  # fmt: skip
    assert [evaluate(str(label), values) for label in letters.flat] == pytest.approx(t["output"].ravel().tolist())


def test_the_posts_filters_the_second_image_included() -> None:
    row, diagonal = [[0, 0, 0], [1, 1, 1], [0, 0, 0]], np.eye(3)
    kernels = np.array([row, diagonal])[:, None]
    first = la.trace("conv", input=np.eye(3), kernel=kernels)["output"].ravel()
    second = la.trace("conv", input=[[0, 0, 0], [1, 1, 0], [0, 0, 0]], kernel=kernels)["output"].ravel()
    assert (first.tolist(), second.tolist()) == ([1, 3], [2, 1])  # the post prints 2.0 for the last


def test_the_posts_soft_lookup() -> None:
    given = {"query": [[0, 0.9]], "key": [[0, 0], [0, 1]], "value": [[0], [1]]}
    for kind, wanted in (("dot", 0.7109), ("scaled", 0.6539)):
        t = la.trace("attention", kind=kind, **given)
        assert t["output"].item() == pytest.approx(wanted, abs=5e-5)
    assert la.trace("attention", kind="dot", lookup="hard", **given)["output"].item() == 1


def test_the_notes_kernels_and_loss() -> None:
    for name in ("sobel-x", "edge-vertical"):
        t = la.trace("conv", input=[[0, 0, 1, 1]] * 3, kernel=name)
        assert t["kernel"][0, 0].tolist() == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
        assert t["output"].ravel().tolist() == [4, 4]  # it answers to a vertical edge
    assert la.trace("conv", input=np.full((3, 3), 7.0), kernel="sharpen")["output"].item() == pytest.approx(7)
    loss = la.trace("cross-entropy", input=np.zeros((1, 10)), target=[3])["loss"]
    assert float(loss) == pytest.approx(-np.log(0.1))


def test_the_notes_networks_expected_dropout_keeps_the_bias() -> None:
    rng = np.random.default_rng(0)
    x, weight, bias = rng.normal(size=(1, 4)), rng.normal(size=(2, 4)), rng.normal(size=2)
    kept = la.trace("dropout", input=x, rate=0.25, draws=4000, mode="weight-scaling")["kept"][:, 0]
    mean = la.trace("dense", input=kept, weight=weight, bias=bias)["output"].mean(axis=0)
    np.testing.assert_allclose(mean, 0.75 * weight @ x[0] + bias, atol=0.05)
