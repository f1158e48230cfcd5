"""The order of axes: recognised, converted and said where one can be meant; asked for where several can."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

import layeranim as la
from layeranim import catalog, preparing
from layeranim.engine.trace import Trace
from layeranim.errors import InputError, OptionError, ShapeError

RNG = np.random.default_rng(5)
IMAGES = ("conv", "conv-matmul", "conv-transpose", "depthwise", "pool", "cnn", "flatten", "batchnorm")
SEQUENCES = {"rnn": "input", "gru": "input", "lstm": "input", "attention": "embeddings", "transformer": "input",
             "seq2seq": "source"}  # fmt: skip


def notes(name: str, **given: Any) -> tuple[str, ...]:
    return preparing.prepare(name, given).notes


def same(one: Trace, other: Trace) -> bool:
    return one.config == other.config and all(np.array_equal(one[n], other[n]) for n in one.tensors)


@pytest.mark.parametrize("name", IMAGES)
def test_bytes_with_channels_last_are_a_picture(name: str) -> None:
    picture = RNG.integers(0, 255, (14, 16, 3), dtype=np.uint8)
    if name in ("batchnorm", "flatten"):
        picture = picture[None]
    made = la.trace(name, input=picture)
    wanted = np.moveaxis(picture, -1, -3).astype(float)
    assert np.array_equal(made["input"].reshape(wanted.shape), wanted)
    order = "HWC" if picture.ndim == 3 else "NHWC"
    assert made.facts["input_layout"] == order
    (line,) = notes(name, input=picture)
    assert line == f"input: {'×'.join(map(str, picture.shape))} is read as {order}, 3 channels of 14×16"
    assert same(made, la.trace(name, input=np.ascontiguousarray(np.moveaxis(picture, -1, -3))))


@pytest.mark.parametrize("name", [name for name in IMAGES if name != "cnn"])  # 12×3 would be too small for its kernels
def test_numbers_that_may_have_channels_last_are_asked_about(name: str) -> None:
    x = RNG.normal(size=(1, 12, 12, 3))
    with pytest.raises(ShapeError) as caught:
        la.trace(name, input=x)
    assert "NCHW (12 channels of 12×3) or NHWC (3 channels of 12×12)" in str(caught.value)
    assert "layout NCHW or layout NHWC" in str(caught.value)
    last = la.trace(name, input=x, layout="NHWC")
    assert same(last, la.trace(name, input=np.ascontiguousarray(np.moveaxis(x, -1, 1))))
    assert same(last, la.trace(name, input=x, data_format="channels_last"))
    first = la.trace(name, input=x, layout="NCHW", **({"kernel_size": 3, "padding": 1} if name == "conv" else {}))
    assert first["input"].shape == x.shape
    assert "input_layout" not in first.facts


@pytest.mark.parametrize("shape", [(3, 12, 12), (1, 3, 5, 4), (6, 5, 5), (2, 5, 3), (2, 4, 3), (12, 12), (64, 8, 8)])
def test_what_is_likelier_in_our_order_stays(shape: tuple[int, ...]) -> None:
    x = RNG.normal(size=shape)
    assert np.array_equal(la.trace("pool", input=x)["input"].reshape(shape), x)
    assert notes("pool", input=x) == ()


def test_a_batch_of_gray_bytes_is_asked_about() -> None:
    x = RNG.integers(0, 255, (10, 8, 8), dtype=np.uint8)
    with pytest.raises(ShapeError, match=r"CHW \(10 channels of 8×8\) or NHW \(10 gray pictures of 8×8\)"):
        la.trace("pool", input=x)
    assert la.trace("pool", input=x, layout="NHW")["input"].shape == (10, 1, 8, 8)


def test_the_kernel_says_how_the_input_lies() -> None:
    x, kernel = RNG.normal(size=(6, 8, 3)), RNG.normal(size=(2, 3, 3, 3))
    made = la.trace("conv", input=x, kernel=kernel)  # read channels first, the two would not go together
    assert made["input"].shape == (1, 3, 6, 8)
    assert made.facts["input_layout"] == "HWC"
    assert "input_layout" not in la.trace("conv", input=np.moveaxis(x, -1, 0), kernel=kernel).facts
    gamma = la.trace("batchnorm", input=x[None], gamma=[1, 2, 3])
    assert gamma.facts["input_layout"] == "NHWC"


def test_a_kernel_of_keras() -> None:
    x, kernel = RNG.normal(size=(1, 3, 9, 9)), RNG.normal(size=(5, 5, 3, 4))
    made = la.trace("conv", input=x, kernel=kernel)
    assert np.array_equal(made["kernel"], kernel.transpose(3, 2, 0, 1))
    assert made.facts["kernel_layout"] == "HWIO"
    assert notes("conv", input=x, kernel=kernel) == (
        "kernel: 5×5×3×4 is read as HWIO, 4 filters of 5×5, 3 channels each",
    )
    assert same(made, la.trace("conv", input=x, kernel=np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))))


@pytest.mark.parametrize("shape", [(3, 3, 3, 8), (3, 3, 3, 3)])
def test_a_kernel_that_may_be_either_is_asked_about(shape: tuple[int, ...]) -> None:
    x, kernel = RNG.normal(size=(1, 3, 9, 9)), RNG.normal(size=shape)
    with pytest.raises(ShapeError, match=r"kernel has shape .* OIHW \(3 filters .*\) or HWIO"):
        la.trace("conv", input=x, kernel=kernel)
    assert la.trace("conv", input=x, kernel=kernel, layout="OIHW")["kernel"].shape == shape
    assert la.trace("conv", input=x, kernel=kernel, layout="HWIO")["kernel"].shape == (shape[3], 3, 3, 3)


def test_both_may_be_said() -> None:
    x, kernel = RNG.normal(size=(1, 9, 9, 3)), RNG.normal(size=(3, 3, 3, 8))
    made = la.trace("conv", input=x, kernel=kernel, layout="NHWC,HWIO")
    wanted = la.trace("conv", input=x.transpose(0, 3, 1, 2), kernel=kernel.transpose(3, 2, 0, 1), layout="OIHW")
    assert same(made, wanted)


def test_a_transposed_kernel_of_keras() -> None:
    made = la.trace("conv-transpose", input=RNG.normal(size=(1, 3, 4, 4)), kernel=np.ones((2, 2, 5, 3)))
    assert made["kernel"].shape == (3, 5, 2, 2)


@pytest.mark.parametrize(("name", "array"), SEQUENCES.items())
def test_a_batch_of_sequences_is_asked_about(name: str, array: str) -> None:
    x = RNG.normal(size=(3, 2, 4))
    with pytest.raises(ShapeError, match=re.escape("NTC (3 sequences of 2 steps) or TNC (2 sequences of 3 steps)")):
        la.trace(name, **{array: x})
    first = la.trace(name, **{array: x}, layout="NTC")
    assert np.array_equal(first[array], x)
    second = la.trace(name, **{array: x}, layout="TNC")
    assert np.array_equal(second[array], x.swapaxes(0, 1))
    assert second.facts[f"{array}_layout"] == "TNC"
    one = RNG.normal(size=(1, 5, 4))
    assert np.array_equal(la.trace(name, **{array: one})[array], one)


def test_what_else_is_given_says_which_axis_is_time() -> None:
    x = RNG.normal(size=(5, 2, 3))
    for more in ({"lengths": [3, 5]}, {"timesteps": 5}, {"tokens": "a b c d e"}, {"initial_hidden": np.zeros((2, 4))}):
        made = la.trace("lstm", input=x, **more)
        assert np.array_equal(made["input"][1, 4], x[4, 1]) or "lengths" in more
        assert made.facts["input_layout"] == "TNC"


def test_a_signal_with_channels_last() -> None:
    x = RNG.normal(size=(20, 3))
    with pytest.raises(ShapeError, match=r"CW \(20 channels of 3\) or WC \(3 channels of 20\)"):
        la.trace("conv1d", input=x)
    for word in ("WC", "LC", "channels-last"):
        assert np.array_equal(la.trace("conv1d", input=x, layout=word)["input"][0], x.T)
    assert np.array_equal(la.trace("conv1d", input=x.T)["input"][0], x.T)


def test_pillows_pictures_are_read_as_their_files_are() -> None:
    pixels = RNG.integers(0, 255, (12, 10, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    made = la.trace("conv", input=picture)
    assert np.array_equal(made["input"][0], np.moveaxis(pixels, -1, 0))
    gray = la.trace("conv", input=picture, gray=True, resize="6x5")
    assert gray["input"].shape == (1, 1, 6, 5)
    assert np.array_equal(
        gray["input"][0, 0], np.asarray(picture.convert("L").resize((5, 6), Image.Resampling.BILINEAR))
    )
    clear = Image.fromarray(np.dstack([pixels, np.zeros((12, 10), np.uint8)]))
    assert (la.trace("conv", input=clear)["input"] == 255).all()  # what is transparent lies on white
    work = preparing.prepare("conv", {"input": picture})
    assert work.sources["input"].picture
    assert la.trace("dense", input=picture)["input"].shape == (1, 360)


@pytest.mark.parametrize("name", [n for n in catalog.names() if catalog.layer(n).arrays and n != "sequential"])
def test_samples_are_in_our_order(name: str) -> None:
    spec = catalog.layer(name).arrays[0]
    shape = la.trace(name)[spec.name].shape if spec.name in la.trace(name) else None
    if shape:
        text = "x".join(map(str, shape))
        assert preparing.prepare(name, {spec.name: f"ones:{text}"}).notes == ()


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("lstm", {"input": np.ones((1, 5, 3)), "layout": "NHWC"}, "layout NHWC is the order of no array"),
        ("conv", {"layout": "NHWC"}, "conv was given no array that has one"),
        ("conv", {"input": "ones:5x5", "layout": "xyz"}, "must say the order of axes by letters"),
        ("conv", {"input": "ones:5x5", "layout": "NHHC"}, "must say the order of axes by letters"),
        ("conv", {"input": "ones:5x5", "layout": [1]}, "must say the order of axes by letters"),
        ("dense", {"input": [[1, 2]], "layout": "NC"}, "layout NC is the order of no array"),
    ],
)
def test_a_layout_that_says_nothing_is_refused(name: str, given: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        la.trace(name, **given)


def test_json_is_nested_lists_and_asked_about_like_them() -> None:
    x = RNG.integers(0, 9, (6, 6, 2)).tolist()
    for given in (x, str(x)):
        with pytest.raises(ShapeError, match="say which"):
            la.trace("pool", input=given)


@pytest.mark.parametrize("shape", [(1, 1, 3, 3), (1, 1, 1, 1), (8, 1, 3, 3), (4, 2, 5, 5)])
def test_a_kernel_as_it_is_mostly_written_stays(shape: tuple[int, ...]) -> None:
    kernel = RNG.normal(size=shape)
    assert np.array_equal(la.trace("conv", kernel=kernel)["kernel"], kernel)
    x = RNG.normal(size=(shape[1], 9, 9))
    assert np.array_equal(la.trace("conv", input=x, kernel=kernel)["kernel"], kernel)


def test_another_mistake_is_not_mended_by_turning_a_kernel() -> None:
    with pytest.raises(ShapeError, match=r"bias has 2 numbers, but there are 1 filters|filters is 1 by kernel"):
        la.trace("conv", kernel=np.ones((1, 1, 2, 2)), bias=[1, 2])
    assert la.trace("conv", kernel=np.ones((3, 3, 1, 4)), bias=[1, 2, 3, 4])["kernel"].shape == (4, 1, 3, 3)


def test_a_kernel_goes_with_its_size_in_any_order() -> None:
    x = RNG.normal(size=(1, 3, 9, 9))
    assert la.trace("conv", input=x, kernel=np.ones((5, 5, 3, 4)), kernel_size=5)["kernel"].shape == (4, 3, 5, 5)
    one = la.trace("conv1d")
    again = la.trace("conv1d", kernel=one["kernel"], kernel_size=one.config.kernel_size)  # type: ignore[attr-defined]
    assert np.array_equal(again["kernel"], one["kernel"])
    with pytest.raises(ShapeError, match="kernel_size"):
        la.trace("conv", kernel=np.ones((2, 2)), kernel_size=3)
    with pytest.raises(InputError, match="has two axes, height and width"):
        la.trace("conv1d", kernel="mean-blur", kernel_size=3)
