"""``layeranim weights FILE``: what is inside, and layers that really take it, with the flags that are told."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

import layeranim as la
from layeranim.preparing.fitting import fitting, groups
from tests.cli.conftest import Call

SHAPES: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    "conv.weight": ((4, 3, 3, 3), ("conv", "conv-matmul")), "conv.bias": ((4,), ()),
    "up.weight": ((4, 2, 3, 3), ("conv-transpose",)), "up.bias": ((2,), ()),
    "bn.weight": ((4,), ("batchnorm",)), "bn.bias": ((4,), ()), "bn.running_mean": ((4,), ()),
    "bn.running_var": ((4,), ()), "bn.num_batches_tracked": ((), ()),
    "ln.weight": ((4,), ("layernorm", "batchnorm")), "ln.bias": ((4,), ()),
    "rms.weight": ((4,), ("layernorm --kind rms", "batchnorm", "activation --activation prelu")),
    "fc.weight": ((2, 6), ("dense",)), "fc.bias": ((2,), ()),
    "table.weight": ((5, 3), ("dense", "embedding")),
    "rnn.weight_ih_l0": ((12, 2), ("lstm",)), "rnn.weight_hh_l0": ((12, 3), ()), "rnn.bias_ih_l0": ((12,), ()),
    "rnn.bias_hh_l0": ((12,), ()),
    "attn.in_proj_weight": ((12, 4), ("attention --heads N",)), "attn.in_proj_bias": ((12,), ()),
    "attn.out_proj.weight": ((4, 4), ()), "attn.out_proj.bias": ((4,), ()),
    "strange": ((3,), ()),
}  # fmt: skip


@pytest.fixture
def file(here: Path) -> Path:
    rng = np.random.default_rng(1)
    arrays = {name: rng.random(shape, np.float32) + 0.1 for name, (shape, _) in SHAPES.items()}
    np.savez(here / "model.npz", **{**arrays, "bn.num_batches_tracked": np.int64(3)})
    return here / "model.npz"


def test_groups_stand_in_the_order_of_the_file_and_every_array_in_one(call: Call, file: Path) -> None:
    found = json.loads(call("weights", "model.npz", "--json").out)
    assert [group["prefix"] + name for group in found for name in group["arrays"]] == list(SHAPES)
    told = {group["prefix"] + next(iter(group["arrays"])): tuple(group["fits"]) for group in found}
    assert told == {name: fits for name, (_, fits) in SHAPES.items() if name in told}
    assert found[-1] == {"prefix": "", "fits": [], "arrays": {"strange": {"dtype": "float32", "shape": [3]}}}
    text = call("weights", "model.npz").out
    assert "model.npz:fc.\n  weight  2×6 float32\n  bias  2 float32\n  → dense\n" in text
    assert text.splitlines()[0].startswith("model.npz: 24 arrays, ")


@pytest.mark.parametrize(
    ("prefix", "fit"),
    [(name.partition(".")[0] + ".", fit) for name, (_, fits) in SHAPES.items() for fit in fits],
)
def test_what_is_said_to_fit_is_taken_and_the_input_is_made_to_fit(file: Path, prefix: str, fit: str) -> None:
    layer, *flags = shlex.split(fit.replace("N", "2"))
    options = dict(zip((flag[2:] for flag in flags[::2]), flags[1::2], strict=True))
    assert la.trace(layer, weights=f"{file}:{prefix}", **options).layer  # type: ignore[arg-type]


def test_shapes_that_do_not_go_together_fit_nothing() -> None:
    assert list(fitting({"weight": (2, 6), "bias": (3,)})) == []
    assert list(fitting({"weight": (2, 6), "other": (2,)})) == []
    assert list(fitting({})) == []
    assert list(fitting({"weight_ih_l0": (5, 2), "weight_hh_l0": (6, 3)})) == []
    assert list(fitting({"weight_ih_l0": (12, 2), "weight_hh_l0": (12, 2), "weight_hr_l0": (2, 3)})) == ["lstm"]
    assert groups({}) == []
    tables = {
        f"{name}.weight": ("float32", (5, 3)) for name in ("wte", "model.embed_tokens", "word_embeddings", "gate")
    }
    assert [group.fits[0] for group in groups(tables)] == ["embedding", "embedding", "embedding", "dense"]
    block = {
        "self_attn.in_proj_weight": (24, 8),
        "linear1.weight": (16, 8),
        "linear2.weight": (8, 16),
        "norm1.weight": (8,),
    }
    (found,) = groups({f"h.3.{name}": ("float32", shape) for name, shape in block.items()})
    assert (found.prefix, found.fits) == ("h.3.", ("transformer --heads N",))


def test_a_prefix_chooses_and_a_safetensors_file_is_read_without_its_numbers(call: Call, here: Path) -> None:
    entry = {"dtype": "BF16", "shape": [2, 6], "data_offsets": [0, 24]}
    head = json.dumps(
        {"a.fc.weight": entry, "b.strange": {**entry, "dtype": "F8_E4M3", "data_offsets": [0, 12]}}
    ).encode()
    (here / "m.safetensors").write_bytes(len(head).to_bytes(8, "little") + head)  # and no number behind it
    lines = call("weights", "m.safetensors:a.").lines
    assert lines[-3:] == ["m.safetensors:a.fc.", "  weight  2×6 bfloat16", "  → dense, embedding"]
    assert "  strange  2×6 float8_e4m3fn" in call("weights", "m.safetensors").lines


@pytest.mark.parametrize(
    ("name", "data", "piece"),
    [("none.npz", None, "none.npz"), ("m.pt", b"x", "does not begin as a file of torch.save"),
     ("m.tflite", b"x", "'.tflite' is not known"), ("m.npz", b"x", "archive"),
     ("m.safetensors", b"\xff" * 20, "declares a header"),
     ("n.safetensors", (9).to_bytes(8, "little") + b'{"a": [1]', "JSON"),
     ("o.safetensors", (13).to_bytes(8, "little") + b'{"a": {"b":1}', "JSON")],
)  # fmt: skip
def test_what_cannot_be_read_is_one_line(call: Call, here: Path, name: str, data: bytes | None, piece: str) -> None:
    if data is not None:
        (here / name).write_bytes(data)
    done = call("weights", name)
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    assert piece in done.err
