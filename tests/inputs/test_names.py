"""Samples, kernels and seeded numbers; what a spec is; what is suggested when nothing fits."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from layeranim.errors import OptionError
from layeranim.inputs import KERNELS, SAMPLES, Limits, kernel, read, samples, seeded
from layeranim.inputs.read import form_of


@pytest.mark.parametrize(
    ("spec", "form"),
    [
        ("-", "stdin"),
        ("-:weights", "stdin"),
        ("-1", "literal"),
        ("-x.npy", "file"),
        ("2 cats.png", "file"),
        ("100% it's.csv", "file"),
        ("a b.npz:c d", "file"),
        ("2 cats.npz:k", "file"),
        ("[1].npz:k", "file"),
        ("w.safetensors:layer.0:x", "file"),
        ("C:\\x\\y.NPY", "file"),
        ("./photo", "file"),
        ("photo", "sample"),
        ("photo.png", "file"),
        ("digit:3", "sample"),
        ("digit", "sample"),
        ("3", "literal"),
        ("nan 1", "literal"),
        (" ; 1", "literal"),
        ("[1]", "json"),
        ("nano", "file"),
        ("1/9 2", "literal"),
        ("", "file"),
    ],
)
def test_the_text_alone_says_what_it_is(spec: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert form_of(spec) == form
    if spec.isalnum():
        Path(spec).write_text("a file of this name changes nothing")
        assert form_of(spec) == form


def test_bundled_digits() -> None:
    three = read("digit:3")
    assert three.array.tolist() == [
        [0, 0, 7, 15, 13, 1, 0, 0],
        [0, 8, 13, 6, 15, 4, 0, 0],
        [0, 2, 1, 13, 13, 0, 0, 0],
        [0, 0, 2, 15, 11, 1, 0, 0],
        [0, 0, 0, 1, 12, 12, 1, 0],
        [0, 0, 0, 0, 1, 10, 8, 0],
        [0, 0, 8, 4, 5, 14, 9, 0],
        [0, 0, 7, 13, 13, 9, 0, 0],
    ]
    assert three.array.dtype == np.uint8
    assert (three.name, three.kind) == ("digit:3", "sample")
    assert read("digit:3.0").digest == three.digest
    images = {read(f"digit:3.{index}").digest for index in range(183)}
    assert len(images) == 183
    assert read("digit:3", resize=(16, 4), gray=True).array.shape == (16, 4)


def test_bundled_photo() -> None:
    photo = read("photo")
    assert photo.array.shape == (3, 300, 451)
    assert photo.array.dtype == np.uint8
    assert (photo.array.min(), photo.array.max()) == (0, 231)
    gray = read("photo", gray=True, resize=(20, 30))
    assert gray.array.shape == (20, 30)
    luma = np.tensordot([0.299, 0.587, 0.114], photo.array.astype(float), axes=1)
    assert abs(luma.mean() - gray.array.mean()) < 1


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("arange:2x3", [[0, 1, 2], [3, 4, 5]]),
        ("arange:4", [0, 1, 2, 3]),
        ("checker:2x3", [[0, 1, 0], [1, 0, 1]]),
        ("edge:2x4", [[0, 0, 1, 1]] * 2),
        ("edge:1x3", [[0, 0, 1]]),
        ("eye:2", [[1, 0], [0, 1]]),
        ("eye:2X3", [[1, 0, 0], [0, 1, 0]]),
        ("impulse:3×3", [[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
        ("ones:1x2", [[1, 1]]),
        ("zeros:2x1x2", [[[0, 0]], [[0, 0]]]),
    ],
)
def test_patterns(spec: str, expected: object) -> None:
    found = read(spec)
    assert found.array.tolist() == expected
    assert found.array.dtype == np.float64
    assert (found.name, found.kind) == (spec, "sample")


def test_random_belongs_to_the_seed_and_the_parameter() -> None:
    first = read("random:3x6x6", seed=7)
    assert (first.name, first.kind, first.array.shape) == ("random:3x6x6 seed 7", "random", (3, 6, 6))
    assert first == read("random:3x6x6", seed=7)
    assert first != read("random:3x6x6", seed=8)
    assert first != read("random:3x6x6", seed=7, what="key")
    assert set(np.unique(read("random:40x40").array)) == set(range(-4, 5))


def test_random_numbers_are_the_same_however_many_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read("random:3x7x5", seed=7)
    monkeypatch.setattr(samples, "BLOCK", 8)
    assert read("random:3x7x5", seed=7) == whole


def test_every_sample_of_the_list_is_read() -> None:
    for name, description in SAMPLES.items():
        example = description.split(":  ")[0].split(": ")[0].split(" or ")[0]
        assert example.partition(":")[0] == name
        assert read(example).array.size > 0


@pytest.mark.parametrize(
    ("spec", "pieces"),
    [
        ("digit", ("class, 0 to 9", "digit:3")),
        ("digit:12", ("class, 0 to 9",)),
        ("digit:3.183", ("there are 183 images of a 3, there is no number 183", "digit:3.0 to digit:3.182")),
        ("photo:3x3", ("one size, 300×451", "--resize")),
        ("gray-photo", ("gray-photo needs a size",)),
        ("gray-photo:3x4x5", ("gray-photo has a height and a width", "gray-photo:72x108")),
        ("gray-photo:99999x99999", ("pixels, the limit is", "--max-memory")),
        ("zeros", ("zeros needs a size", "zeros:3x3")),
        ("zeros:", ("zeros needs a size",)),
        ("zeros:3y3", ("'3y3' is not a size", "zeros:3x3")),
        ("zeros:3x٣", ("is not a size",)),
        ("zeros:3x0", ("is empty, its shape is (3, 0)",)),
        ("ones:1x1x1x1x1x1x1x1x1", ("9 axes, at most 8",)),
        ("eye:2x3x4", ("eye has two axes, not 3",)),
        ("random:999999999x999999999", ("the limit is 67108864", "--max-memory SIZE")),
    ],
)
def test_refused_samples(refused: Callable[..., str], spec: str, pieces: tuple[str, ...]) -> None:
    refused(lambda: read(spec, what="query"), f"query '{spec}': ", *pieces)


def test_the_gray_photo_is_the_photo_in_gray_at_that_size(refused: Callable[..., str]) -> None:
    found = read("gray-photo:20x30")
    assert np.array_equal(found.array, read("photo", gray=True, resize=(20, 30)).array)
    assert (found.name, found.kind, found.picture) == ("gray-photo:20x30", "sample", True)
    refused(lambda: read("gray-photo:20x30", resize=(2, 2)), "two sizes", "leave one of them out")


def test_gray_and_resize_are_for_pictures(refused: Callable[..., str]) -> None:
    for spec in ("1 2", "[1]", "eye:3", np.ones(3)):
        refused(lambda spec=spec: read(spec, gray=True), "gray and resize are for pictures")
        refused(lambda spec=spec: read(spec, resize=(2, 2)), "gray and resize are for pictures")
    refused(lambda: read("photo", resize=(0, 5)), "cannot become 0×5", "at least 1×1")
    refused(lambda: read("photo", resize=(10**5, 10**5)), "10000000000 pixels, the limit is 38347922", "--max-memory")


def test_kernels_are_what_the_books_print() -> None:
    assert kernel("sobel-x").array.tolist() == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    assert kernel("sobel-y").array.tolist() == [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]
    assert kernel("sharpen").array.tolist() == [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]
    assert kernel("emboss").array.tolist() == [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]
    assert kernel("diagonal").array.tolist() == [[2, -1, -1], [-1, 2, -1], [-1, -1, 2]]
    assert kernel("identity").array.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert (kernel("gaussian-blur").array * 273).round(9).tolist() == [
        [1, 4, 7, 4, 1],
        [4, 16, 26, 16, 4],
        [7, 26, 41, 26, 7],
        [4, 16, 26, 16, 4],
        [1, 4, 7, 4, 1],
    ]
    assert (kernel("gaussian-blur", size=(3, 3)).array * 16).tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    assert kernel("mean-blur", size=(2, 4)).array.tolist() == [[1 / 8] * 4] * 2
    larger = kernel("sobel-x", size=(5, 5)).array
    assert larger[2].tolist() == [-6, -12, 0, 12, 6]
    assert (kernel("sharpen", size=(5, 5)).array * 256)[2].tolist() == [-6, -24, 476, -24, -6]


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_scales_or_says_why_not(name: str, refused: Callable[..., str]) -> None:
    total = {"diagonal": 0, "edge-horizontal": 0, "edge-vertical": 0, "sobel-x": 0, "sobel-y": 0}.get(name, 1)
    fitting = 0
    for k in range(1, 16):
        even_refused = k % 2 == 0 and name not in ("mean-blur", "gaussian-blur", "diagonal")
        if even_refused or (name == "emboss" and k != 3):
            refused(lambda k=k: kernel(name, size=(k, k)), f"kernel '{name}'", "needs")
        elif k == 1 and (total == 0 or name == "sharpen"):
            refused(lambda: kernel(name, size=(1, 1)), f"has no meaning at {k}×{k}", "needs")
        else:
            found = kernel(name, size=(k, k))
            assert found.array.shape == (k, k)
            assert found.array.sum() == pytest.approx(total, abs=1e-9)
            assert (found.name, found.kind) == (name, "kernel")
            fitting += 1
    assert fitting >= (1 if name == "emboss" else 7)
    refused(lambda: kernel(name, size=(0, 3)), "out of range", "15×15")
    refused(lambda: kernel(name, size=(17, 17)), "out of range", "15×15")


def test_edge_kernels_answer_to_their_edges() -> None:
    assert kernel("edge-vertical").digest == kernel("sobel-x").digest
    assert kernel("edge-horizontal").digest == kernel("sobel-y").digest
    step = read("edge:3x4").array[:, 1:]
    assert (kernel("edge-vertical").array * step).sum() == 4
    assert (kernel("edge-horizontal").array * step).sum() == 0


def test_other_kernels_are_read_and_hold_to_the_size(refused: Callable[..., str]) -> None:
    assert kernel("1 0; 0 1").array.tolist() == [[1, 0], [0, 1]]
    assert kernel([[1, 2]], size=(1, 2)).array.tolist() == [[1, 2]]
    assert kernel("random:2x3x3", size=(3, 3)).array.shape == (2, 3, 3)
    assert kernel("random:3x3") != read("random:3x3")
    refused(lambda: kernel("1 0; 0 1", size=(3, 3)), "kernel 'literal': is 2×2, kernel_size asks for 3×3", "leave one")
    refused(lambda: kernel("identity", size=(2, 2)), "odd sizes", "eye:2")


def test_suggestions(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(b"")
    refused(lambda: read("cta.png", base=tmp_path), "input 'cta.png': no such file; did you mean 'cat.png'?")
    refused(lambda: read(str(tmp_path / "cta.png")), f"did you mean '{tmp_path / 'cat.png'}'?")
    refused(lambda: read("digt:3"), "did you mean 'digit:3'?")
    refused(lambda: kernel("sobel-z"), "kernel 'sobel-z': no such file or name; did you mean 'sobel-")
    refused(lambda: kernel("gausian-blur"), "did you mean 'gaussian-blur'?")
    refused(lambda: read("sobel-x", base=tmp_path), "no such file; give a file, numbers such as '1 2; 3 4', or")
    refused(lambda: read("qqqq.npy", base=tmp_path), "no such file; give a file")
    refused(
        lambda: read("ich habe gelernt", base=tmp_path), "is words, not numbers; layers that read words", "--tokens"
    )
    refused(lambda: read(str(tmp_path / "none" / "x.npy")), "no such file; give a file")
    refused(lambda: read(""), "input '': is empty; give a file")
    refused(lambda: read("a\0b.npy"), "no such file")
    refused(lambda: read("\ud800.npy"), "no such file")
    refused(lambda: read("x" * 5000 + ".npy"), "no such file")


def test_seeded_numbers() -> None:
    for role, low, high in (("input", 0, 4), ("weight", -2, 2), ("bias", -1, 1)):
        values = seeded((40, 40), 0, "x", role)  # type: ignore[arg-type]
        assert values.dtype == np.float64
        assert sorted(set(values.reshape(-1))) == list(range(low, high + 1))
    assert np.array_equal(seeded((3, 3), 5, "weight"), seeded((3, 3), 5, "weight"))
    assert not np.array_equal(seeded((9, 9), 5, "query"), seeded((9, 9), 5, "key"))
    assert not np.array_equal(seeded((9, 9), 5, "query"), seeded((9, 9), 6, "query"))
    assert all(seeded((1,), seed, "w", "weight").any() for seed in range(40))
    assert any(not seeded((1,), seed, "b", "bias").any() for seed in range(40))
    with pytest.raises(OptionError, match=r"seed -1: .* give 0 or more"):
        seeded((2,), -1, "x")
    with pytest.raises(OptionError, match="seed -1"):
        read("random:2", seed=-1)


def test_limits_follow_from_one_number() -> None:
    limits = Limits()
    assert (limits.size, limits.elements, limits.pixels, limits.text) == (268435456, 67108864, 38347922, 4194304)
    assert Limits(size=2 * limits.size).pixels == 76695844


def test_nothing_heavy_is_loaded() -> None:
    code = (
        "import sys, layeranim.inputs as i; i.read('digit:3'); i.read('1 2'); i.kernel('sobel-x');"
        "print([m for m in ('PIL', 'manim', 'scipy', 'torch') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
