"""``layeranim capture FILE.py:NAME``, and the films and numbers of what it writes."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import layeranim as la
from tests.capture.made import made
from tests.capture.test_file import capture
from tests.cli.conftest import Call

HAS_TORCH = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="there is no PyTorch here")
TRAIN = """
import torch
from torch import nn


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.conv, self.fc = nn.Embedding(5, 3), nn.Conv1d(3, 2, 3), nn.Linear(4, 2)

    def forward(self, ids, scale):
        return self.fc(self.conv(self.embed(ids).transpose(1, 2)) * scale)


class Small(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(3, 2))


def make_model():
    return Own()


ready = nn.Sequential(nn.Linear(3, 2), nn.ReLU())


def broken():
    raise ValueError("no\\nway")


number = 7
"""


@pytest.fixture
def train(here: Path) -> Path:
    (here / "train.py").write_text(TRAIN, encoding="utf-8")
    return here


@needs_torch
def test_a_model_is_run_checked_and_written_and_its_layers_are_shown(call: Call, train: Path) -> None:
    np.save(train / "scale.npy", np.float64(2))
    np.save(train / "ids.npy", np.array([[1, 2, 3, 4, 0, 1]]))
    words = ("capture", "train.py:make_model", "--input", "ids.npy", "--input", "scale=2", "-o", "model.npz")
    done = call(*words)
    assert (done.code, done.out) == (0, "model.npz\n"), done.err
    assert "4 calls, 4 with a layer here, 4 of them agree" in done.err
    found = la.load_capture(train / "model.npz")
    assert [made.name for made in found] == ["embed", "conv", "mul", "fc"]
    first = (train / "model.npz").read_bytes()
    assert call(*words, "-q").code == 0  # a capture is replaced
    assert (train / "model.npz").read_bytes() == first  # the seed decides the weights
    dry = call("render", "model.npz", "--layer", "conv", "--dry-run")
    assert dry.code == 0
    assert dry.out.splitlines()[0].startswith("input ")
    assert "conv · " in dry.out
    numbers = call("trace", "model.npz", "--layer", "mul", "--json")
    assert json.loads(numbers.out)["layer"] == "elementwise"
    assert call("trace", "model.npz", "--layer", "fc", "-o", "fc.npz").code == 0
    assert la.load_trace(train / "fc.npz").layer == "dense"


@needs_torch
def test_a_table_alone_goes_to_standard_output(call: Call, train: Path) -> None:
    done = call("capture", "train.py:ready", "--input", "1 2 3")
    assert done.code == 0, done.err
    assert done.lines[0].split() == ["name", "kind", "layer", "in", "out", "parameters", "agrees"]
    assert call("capture", "train.py:Small", "--input", "1 2 3").code == 0  # a class makes its model
    found = json.loads(call("capture", "train.py:ready", "--input", "1 2 3", "--json").out)
    assert [layer["agrees"] for layer in found["layers"]] == [True, True]
    kept = json.loads(call("capture", "train.py:ready", "--input", "1 2 3", "--json", "--no-check", "--keep", "1").out)
    assert [layer["agrees"] for layer in kept["layers"]] == [None, None]


@needs_torch
@pytest.mark.parametrize(
    ("words", "pieces"),
    [
        ("train.py", ("FILE.py:NAME",)),
        ("train.txt:make_model", ("FILE.py:NAME",)),
        ("none.keras", ("no file 'none.keras'",)),
        ("none.py:make_model", ("no file 'none.py'",)),
        ("train.py:make_modl", ("did you mean make_model?",)),
        ("train.py:broken", ("raises ValueError: no way", "--debug shows where")),
        ("train.py:number", ("int is no torch.nn.Module",)),
        ("train.py:ready --input 1", ("raises RuntimeError", "in 0, call 1")),
        ("train.py:ready", ("raises TypeError",)),
        ("train.py:ready --input nothing.npy", ("input 1", "nothing.npy")),
        ("train.py:ready --input x=1 --input x=2", ("x was given twice",)),
        ("train.py:ready --input '1 2 3' --max-memory much", ("max_memory", "much")),
        ("train.py:ready --input '1 2 3' -o model.pt", ("must end in .npz",)),
        ("train.py:ready --input '1 2 3' -o none/model.npz", ("none",)),
        ("train.py:ready --input '1 2 3' -o theirs.npz", ("theirs.npz", "--overwrite")),
        ("train.py:ready --input x.npz:x -o x.npz", ("x.npz",)),
    ],
)
def test_what_is_wrong_is_one_line(call: Call, train: Path, words: str, pieces: tuple[str, ...]) -> None:
    import shlex

    for name in ("theirs.npz", "x.npz"):
        np.savez(train / name, x=np.ones((1, 3)))
    done = call("capture", *shlex.split(words))
    assert (done.code, done.out) == (2, ""), done
    assert len(done.err.splitlines()) == 1
    assert all(piece in done.err for piece in pieces), done.err


def test_without_pytorch_it_says_what_to_install(call: Call, train: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name in ("torch", "keras") else usual(name, *rest)
    )
    (train / "model.keras").write_bytes(b"")
    for model, missing in (("train.py:make_model", "torch"), ("model.keras", "keras")):
        done = call("capture", model)
        assert done.code == 3
        assert f"pip install {missing}" in done.err


def test_a_graph_of_onnx_is_captured_and_its_layers_are_shown(call: Call, here: Path) -> None:
    onnx = pytest.importorskip("onnx")
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, n]) for name, n in (("x", 3), ("y", 2))
    ]
    weight = onnx.numpy_helper.from_array(np.ones((3, 2), np.float32), "w")
    nodes = [onnx.helper.make_node("MatMul", ["x", "w"], ["z"], name="/fc/MatMul"),
             onnx.helper.make_node("Relu", ["z"], ["y"], name="/Relu")]  # fmt: skip
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", ends[:1], ends[1:], [weight])), "net.onnx")
    done = call("capture", "net.onnx", "--input", "x=[[1, 2, 3]]", "-o", "net.npz")
    assert (done.code, done.out) == (0, "net.npz\n"), done.err
    assert "net: 2 calls, 2 with a layer here, 2 of them agree" in done.err
    assert json.loads(call("trace", "net.npz", "--layer", "fc.MatMul", "--json").out)["layer"] == "dense"
    assert "the graph takes x (1×3 float32)" in call("capture", "net.onnx").err
    assert "must end in .npz" in call("capture", "net.onnx", "--input", "1 2 3", "-o", "net.onnx").err


def test_layers_of_a_file_are_named(call: Call, here: Path) -> None:
    capture().save(here / "own.npz")
    assert "no call 'fd'" in call("render", "own.npz", "--layer", "fd").err
    assert "no layer" in call("trace", "own.npz", "--layer", "cumsum").err
    assert call("render", "none.npz", "--layer", "fc").code == 2
    done = call("render", "own.npz", "--layer", "fc", "-o", "fc.png", "--size", "128x72", "-q")
    assert (done.code, done.out) == (0, "fc.png\n"), done.err
    assert "own.npz" in call("render", "own.npz", "--layer", "fc", "-o", "own.npz").err
    assert "NAME|FILE" in call("render", "--help").out
    assert "--layer" in call("trace", "own.npz", "--help").out


def test_the_whole_model_in_a_file_has_a_film_a_storyboard_and_numbers(call: Call, here: Path) -> None:
    made("twice").save("run.npz")
    done = call("render", "run.npz", "--dry-run", "--json", "--opened", "rec:2", "--sample", "2", "--theme", "dark")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert (told["explainer"], told["title"]) == ("network", "Twice")
    assert "5 opened,  sample 2 of 3" in told["parameters"]
    assert call("storyboard", "run.npz", "-o", "run.board.json").code == 0
    assert call("render", "run.board.json", "--dry-run", "--size", "128x72").code == 0
    assert '"rec:1.output"' in call("trace", "run.npz", "--json").out
    assert "there are 5 calls" in call("render", "run.npz", "--opened", "6", "-o", "x.gif").err
    assert call("storyboard", "run.npz", "--layer", "rec:1").code == 0


def test_the_help_says_that_the_users_file_is_run(call: Call) -> None:
    help = " ".join(call("capture", "--help").out.split())
    assert "The file is run, with all that it does: give none that you would not run with python." in help
