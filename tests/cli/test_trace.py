"""``layeranim trace``: the numbers as a table, as JSON, as a file."""

from __future__ import annotations

import csv
import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layeranim import api, catalog
from layeranim.engine import archive
from layeranim.errors import OptionError


@pytest.mark.parametrize("name", catalog.names())
def test_every_name(call: Any, name: str) -> None:
    done = call("trace", name)
    made = api.trace(name)
    assert (done.code, done.err) == (0, "")
    for tensor in made.tensors.values():
        assert f"{tensor.name}  {tensor.role}, {tensor.dtype.name}" in done.lines or tensor.is_recipe
        for axis, size in zip(tensor.axes, tensor.shape, strict=True):
            assert f"{axis} {size}" in done.out


def test_a_layer_without_a_film(call: Any, refused: Any) -> None:
    done = call("trace", "transformer", "--tokens", "2", "--self-mask", "1 0; 0 1", "--mask-kind", "boolean")
    assert done.code == 0
    assert "self.mask  input, float64" in done.lines
    assert "  --self-mask " in call("trace", "transformer", "--help").out
    assert "  bilinear " in call("trace", "--help").out
    assert "  bilinear " not in call("render", "--help").out
    refused("trace", "bilinear", "--theme", "dark", holds=("trace draws nothing",))
    refused("render", "bilinear", holds=("bilinear has numbers but no film yet",))


def test_the_table_holds_the_numbers_and_the_captions(call: Any) -> None:
    done = call("trace", "conv", "--input", "1 2 3; 4 5 6; 7 8 -9", "--kernel", "1 0; 0 1")
    rows = [line.split() for line in done.lines]
    assert rows[2:5] == [["1", "2", "3"], ["4", "5", "6"], ["7", "8", "−9"]]
    at = done.lines.index("output  output, float64")
    assert rows[at + 2 : at + 4] == [["6", "8"], ["12", "−4"]]
    assert any(line.startswith("output row 2, column 2: ") and line.endswith("= −4") for line in done.lines)


def test_the_way_back(call: Any, refused: Any, tmp_path: Path) -> None:
    words = ("trace", "dense", "--input", "1 2", "--weight", "3 4; 5 6", "--backward")
    done = call(*words, "--grad-output", "10 100")
    rows = [line.split() for line in done.lines]
    at = done.lines.index("grad_weight  output, float64")
    assert rows[at + 2 : at + 4] == [["10", "20"], ["100", "200"]]
    at = done.lines.index("grad_input  output, float64")
    assert rows[at + 2] == ["530", "640"]
    ones = call(*words).lines
    assert ones[ones.index("grad_output  input, float64") + 2].split() == ["1", "1"]
    path = tmp_path / "back.npz"
    assert call(*words, "-o", str(path)).code == 0
    assert api.load_trace(path)["grad_weight"].tolist() == [[1, 2], [1, 2]]
    assert "  --grad-final-hidden " in call("trace", "rnn", "--help").out
    refused(*words[:-1], "--grad-output", "1 2", holds=("grad_output was given", "add backward"))
    refused(*words, "--grad-output", "1 2 3", holds=("grad_output has shape 3", "1×2"))
    refused("trace", "backprop", "--backward", holds=("--backward",))


@pytest.mark.parametrize("name", [n for n in catalog.names() if catalog.layer(n).backward and not n.startswith("pool")])
def test_every_layer_goes_back_from_its_output(call: Any, name: str) -> None:
    done = call("trace", name, "--backward")
    assert (done.code, done.err) == (0, "")
    made = api.trace(name, backward=True)
    assert made.origin is not None
    assert made.layer == f"{catalog.layer(name).name}-backward"
    assert set(made.origin.given) <= set(catalog.layer(name).starts)
    for tensor in made.tensors.values():
        assert f"{tensor.name}  {tensor.role}, {tensor.dtype.name}" in done.lines or tensor.is_recipe


def test_the_way_back_in_python() -> None:
    forward = api.trace("lstm")
    g = np.ones(forward.tensor("final_cell").shape)
    back = api.backward(forward, final_cell=g)
    same = api.trace("lstm", backward=True, grad_final_cell=g)
    np.testing.assert_array_equal(back["grad_weight_input"], same["grad_weight_input"])
    for call, words in ((lambda: api.backward(back), "backward pass already"),
                        (lambda: api.trace("training", backward=True), "training has no backward pass: its own trace"),
                        (lambda: api.trace("positional-encoding", backward=True), "leave out backward"),
                        (lambda: api.backward(forward, input=1), "gradient of input was given"),
                        (lambda: api.render("dense", backward=True), "no film shows dense backwards yet")):  # fmt: skip
        with pytest.raises(OptionError, match=words):
            call()


def test_a_large_tensor_is_cut(call: Any) -> None:
    done = call("trace", "conv", "--input", "arange:40x50", "--kernel", "ones:3x3")
    rows = [line.split() for line in done.lines]
    first = rows[2:15]
    assert first[0] == [*map(str, range(16)), "…"]
    assert first[-1] == ["…"]
    assert len(done.lines) < 200
    patches = next(at for at, line in enumerate(done.lines) if line.startswith("patches"))
    assert done.lines[patches + 2] == ""  # a recipe of many cells: its shape alone


def test_precision(call: Any) -> None:
    words = ("trace", "conv", "--input", "0.125 1; 1 1", "--kernel", "ones:1x1")
    assert "0.125  1.000" in call(*words, "--precision", "3").out
    assert "0.12  1.00" in call(*words).out


def test_letters_stay_letters(call: Any) -> None:
    done = call("trace", "conv", "--example", "slugnet")
    assert [line.split() for line in done.lines][2:5] == [list("abcd"), list("efgh"), list("ijkl")]


@pytest.mark.parametrize("suffix", archive.SUFFIXES)
def test_a_file_reads_back_equal(call: Any, here: Path, suffix: str) -> None:
    path = f"x{suffix}"
    done = call("trace", "conv", "--stride", "2", "--bias-values", "0.1", "-o", path)
    assert (done.code, done.lines, done.err) == (0, [path], "")
    assert archive.same(api.load_trace(here / path), api.trace("conv", stride=2, bias_values="0.1"))
    assert [p.name for p in here.iterdir()] == [path]


def test_json_on_stdout_is_the_trace(call: Any) -> None:
    done = call("trace", "conv", "--stride", "2", "--json")
    assert done.code == 0
    assert archive.same(api.load_trace(io.BytesIO(done.out.encode())), api.trace("conv", stride=2))


def test_all_files_or_none(refused: Any, here: Path) -> None:
    (here / "y.npz").mkdir()
    refused("trace", "conv", "-o", "x.npz", "-o", "y.npz", holds=("y.npz",))
    refused("trace", "conv", "-o", "x.txt", holds=(".npz or .json",))


def test_seed_decides_what_is_drawn(call: Any) -> None:
    words = ("trace", "conv", "--input", "random:4x4", "--kernel-size", "2")
    first, again, other = call(*words).out, call(*words, "--seed", "0").out, call(*words, "--seed", "1").out
    assert first == again != other


def test_numbers_no_one_asked_for(call: Any, here: Path) -> None:
    np.save(here / "odd.npy", np.array([[np.nan, np.inf], [-np.inf, 1e300]]))
    words = ("trace", "conv", "--input", "odd.npy", "--kernel", "ones:1x1")
    done = call(*words)
    assert done.code == 0
    assert [line.split() for line in done.lines][2:4] == [["NaN", "∞"], ["−∞", "1.0e300"]]
    assert '"NaN", "Infinity"' in call(*words, "--json").out


def test_film_options_are_for_render(refused: Any) -> None:
    refused("trace", "conv", "--theme", "dark", holds=("--theme is an option of render",))


def test_what_is_said_of_many_steps_stands_once(call: Any) -> None:
    lines = call("trace", "conv", "--input", "random:40x40", "--filters", "1").lines
    assert 1 <= lines.count("every window in the same way") < 4
    assert not [one for one, other in pairwise(lines) if one == other == "every window in the same way"]


def test_an_array_that_is_turned_around_is_said(call: Any, here: Path) -> None:
    np.save(here / "photo.npy", np.zeros((6, 8, 3), np.uint8))
    done = call("trace", "conv", "--input", "photo.npy", "-o", "t.json")
    assert (done.code, done.err) == (0, "input: 6×8×3 is read as HWC, 3 channels of 6×8\n")
    assert call("trace", "conv", "--input", "photo.npy", "--layout", "HWC", "-o", "t.json").err == ""
    assert call("trace", "conv", "--input", "photo.npy", "--quiet", "-o", "t.json").err == ""


def test_a_header_that_is_left_out_is_said(call: Any, here: Path) -> None:
    (here / "a.csv").write_text("left,right\n1,2\n", encoding="utf-8")
    done = call("trace", "dense", "--input", "a.csv", "-o", "t.json")
    assert done.err == "input: the header, left, right, is left out; cells are separated by commas\n"
    assert call("trace", "dense", "--input", "a.csv", "-o", "t.json", "--quiet").err == ""


def test_the_decimal_mark_is_told(call: Any, refused: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("trace", "dense", "--input", "1,5 2", "--weight", "2 4")
    refused(*words, holds=("in_features",))  # three numbers
    refused(*words, "--decimal", ";", holds=("decimal is ';', but must be . or ,",))
    assert "    11" in call(*words, "--decimal", ",").lines
    monkeypatch.setenv("LAYERANIM_DECIMAL", ",")
    assert "    11" in call(*words).lines


def test_a_layer_without_a_film_has_an_example_and_reads_pictures(call: Any) -> None:
    assert call("trace", "bilinear", "--example", "dot-and-cross").out == call("trace", "bilinear").out
    assert "examples\n  dot-and-cross: " in call("list", "bilinear").out
    assert "tensors of dot-and-cross" in call("list", "bilinear").out
    done = call("trace", "conv-transpose", "--input", "photo", "--gray", "--resize", "3x4")
    assert "  batch 1 × in_channels 1 × height 3 × width 4" in done.lines


def test_a_film_goes_back_where_there_is_one(call: Any, refused: Any) -> None:
    done = call("render", "conv", "--backward", "--grad-output", "0 1 0; 2 1 -1; 0 0 1", "--dry-run")
    assert done.code == 0
    assert "Convolution, backwards" in done.out
    assert "--grad-output" in call("render", "conv", "--help").out
    assert call("trace", "conv", "--help").out.count("--backward") == 1
    refused("render", "conv", "--grad-output", "1", holds=("grad_output was given", "add backward"))


@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_one_tensor_alone_as_files_that_others_read(call: Any, here: Path, kind: str) -> None:
    x = np.random.default_rng(3).normal(size=(4, 5)).astype(kind)
    x[0, 0] = np.inf
    np.save(here / "x.npy", x)
    np.save(here / "k.npy", x[1:3, 1:3])
    made = api.trace("conv", input=x, kernel=x[1:3, 1:3])
    names = ["a.npy", "a.csv", "a.txt"]
    outputs = [word for name in names for word in ("-o", name)]
    done = call("trace", "conv", "--input", "x.npy", "--kernel", "k.npy", "--tensor", "output", *outputs)
    assert (done.code, done.lines) == (0, names)
    output = made["output"]
    assert output.dtype == kind
    np.testing.assert_array_equal(np.load(here / "a.npy"), output)
    np.testing.assert_array_equal(np.loadtxt(here / "a.txt", dtype=kind), output[0, 0])
    with (here / "a.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == [*made.axes("output"), "output"]
    assert [tuple(map(int, row[:-1])) for row in rows] == list(np.ndindex(output.shape))
    np.testing.assert_array_equal(np.array([row[-1] for row in rows], kind), output.ravel())


def test_the_columns_of_a_table_have_names_of_their_own(here: Path, call: Any) -> None:
    """An axis may be called as the tensor is: ``hidden`` of a recurrent layer."""
    assert call("trace", "rnn", "--tensor", "hidden", "-o", "h.csv").code == 0
    assert (here / "h.csv").read_text(encoding="utf-8").startswith("batch,time,hidden,value\n")


def test_slices_of_a_tensor_are_named_in_text(call: Any) -> None:
    done = call("trace", "conv", "--input", "random:2x3x3", "--filters", "2", "-k", "2", "--tensor", "output")
    assert [line for line in done.lines if line.startswith("#")] == [
        "# output: batch 0, out_channels 0", "# output: batch 0, out_channels 1",
    ]  # fmt: skip
    assert len(done.lines) == 6
    told = json.loads(call("trace", "dense", "--tensor", "output", "--json").out)
    assert told["values"] == api.trace("dense")["output"].tolist()
    assert told["axes"] == list(api.trace("dense").axes("output"))


def test_letters_of_one_tensor_are_its_texts(call: Any, here: Path) -> None:
    done = call("trace", "conv", "--example", "slugnet", "--tensor", "output", "-o", "a.npy", "-o", "a.csv")
    assert done.code == 0
    labels = api.trace("conv", example="slugnet").tensor("output").labels
    assert np.load(here / "a.npy").tolist() == np.asarray(labels, str).tolist()
    assert str(labels.flat[0]) in (here / "a.csv").read_text(encoding="utf-8")


def test_what_is_wrong_with_a_tensor_and_its_file(refused: Any, here: Path) -> None:
    refused("trace", "conv", "--tensor", "ouput", holds=("tensor is 'ouput'", "(did you mean output?)", "it has input"))
    refused("trace", "conv", "-o", "a.csv", holds=("a.csv", "--tensor says which"))
    refused("trace", "conv", "--tensor", "output", "-o", "a.npz", holds=(".npy, .csv or .txt",))
    (here / "a.csv").write_text("mine", encoding="utf-8")
    refused("trace", "conv", "--tensor", "output", "-o", "a.csv", holds=("in the way", "--overwrite"))
    assert (here / "a.csv").read_text(encoding="utf-8") == "mine"
