"""Files of weights as the libraries write them (``tests/vectors/weights``), and what is refused of each format."""

from __future__ import annotations

import io
import json
import pickle
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.errors import InputError, MissingLibraryError
from layeranim.inputs import Limits, files, identity, read
from layeranim.inputs.request import Request
from layeranim.inputs.states import listed, state_dict
from layeranim.inputs.stored import READERS, stored
from layeranim.inputs.stored.held import float8
from tests.inputs.test_state import save
from tests.inputs.vectors import cases

Refused = Callable[..., str]
FILES = Path(__file__).parent.parent / "vectors" / "weights"


def counted(start: int, *shape: int) -> np.ndarray:
    """What ``make_weight_files.py`` puts into an array."""
    return ((start + np.arange(np.prod(shape))) / 2).reshape(shape)


HELD: list[tuple[str, str, int, tuple[int, ...]]] = [
    ("checkpoint.pt", "features.0.weight", 0, (2, 3, 2, 2)), ("checkpoint.pt", "encoder.weight_hh_l0", 5, (12, 3)),
    ("checkpoint.pt", "fc.weight", 8, (2, 4)), ("before_1_6.pt", "weight", 8, (2, 4)),
    ("before_1_6.pt", "bias", 9, (2,)),
    ("whole_module.pt", "0.weight", 8, (2, 4)), ("linear.onnx", "0.weight", 8, (2, 4)),
    ("chunks.msgpack", "fc.kernel", 0, (3, 4)), ("train_state.msgpack", "LSTMCell_0.ii.kernel", 10, (3, 2)),
    ("train_state.msgpack", "fc.kernel", 13, (2, 3)), ("mlx.safetensors", "conv.weight", 0, (4, 3, 3, 3)),
    ("model.onnx", "encoder.GRU.W", 0, (1, 6, 2)), ("model.onnx", "fc.kernel", 3, (2, 3)),
    ("apart.onnx", "a.weight", 0, (2, 3)), ("apart.onnx", "b.weight", 1, (2, 3)),
    ("model.onnx", "out.MatMul.kernel", 4, (2, 3)), ("model.onnx", "plain.weight", 1, (1, 2)),
    ("model.pdparams", "lstm.weight_hh_l0", 1, (12, 3)), ("model.pdparams", "fc.weight", 0, (3, 2)),
]  # fmt: skip
KERAS: list[tuple[str, str, int, tuple[int, ...]]] = [
    *((file, name, start, shape) for file in ("model.keras", "model.weights.h5") for name, start, shape in (
        ("c.kernel", 0, (2, 3, 4)), ("bn.moving_variance", 5, (4,)), ("bi.forward_lstm.recurrent_kernel", 9, (2, 8)),
        ("gru.bias", 16, (2, 9)), ("rnn.kernel", 17, (3, 8)), ("fc.kernel", 20, (2, 2)),
        ("inner.fc.kernel", 22, (2, 2)))),
    ("old.h5", "b.kernel", 0, (3, 2)), ("old.h5", "a.kernel", 2, (2, 2)),
    ("attention.keras", "mha.key.bias", 3, (2, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("file", "name", "start", "shape"), [*HELD, *KERAS])
def test_an_array_is_read_by_its_name(file: str, name: str, start: int, shape: tuple[int, ...]) -> None:
    if file.endswith(("keras", "h5")):
        pytest.importorskip("h5py")
    kind, said = listed(FILES / file).arrays[name]
    assert said == shape
    found = read(f"{FILES / file}:{name}")
    np.testing.assert_array_equal(found.array, counted(start, *shape))
    assert found.name == f"{file}:{name}"[: len(found.name)] or "…" in found.name
    assert kind in ("float32", "bfloat16")


def test_a_tensor_is_a_part_of_a_storage() -> None:
    whole = np.arange(12.0).reshape(3, 4)
    state = state_dict(FILES / "checkpoint.pt", "turned")
    assert np.array_equal(state["weight"], whole.T)
    assert np.array_equal(state["bias"], whole[0])
    assert np.array_equal(read(f"{FILES / 'checkpoint.pt'}:spread.weight").array, np.ones((3, 2)))


def test_small_floats_are_widened(refused: Refused) -> None:
    for name, values in (("half", [0, 1, 2, 3]), ("eight", [0.5, -1.5, 448])):
        found = read(f"{FILES / 'checkpoint.pt'}:{name}").array
        assert found.dtype == np.float32
        assert found.tolist() == values
    assert read(f"{FILES / 'model.onnx'}:half.weight").array.tolist() == [[1.5, -2]]
    assert read(f"{FILES / 'model.onnx'}:whole.weight").array.tolist() == [[-1, 0, 300]]
    assert read(f"{FILES / 'train_state.msgpack'}:half.kernel").array.tolist() == [[0, 1], [2, 3]]
    codes = np.array([0, 1, 8, 0x38, 0x7E, 0x7F, 0xB8], np.uint8)
    assert float8(codes, "float8_e4m3fn")[[0, 1, 2, 3, 4, 6]].tolist() == [0, 2**-9, 2**-6, 1, 448, -1]
    assert np.isnan(float8(codes, "float8_e4m3fn")[5])
    assert float8(np.array([0x3C, 0x7C], np.uint8), "float8_e5m2").tolist() == [1, np.inf]
    refused(lambda: read(f"{FILES / 'mlx.npz'}:half"), "bfloat16 of JAX and MLX", "before saving")
    assert listed(FILES / "mlx.npz").arrays["half"] == ("V2 (bfloat16?)", (3,))


def test_what_is_no_plain_tensor_is_refused_by_its_name(refused: Refused) -> None:
    file = FILES / "checkpoint.pt"
    refused(lambda: state_dict(file, "sparse."), "torch._utils._rebuild_sparse_tensor", "x.to_dense()")
    refused(lambda: state_dict(file, "wave."), "holds complex numbers (complex64)")
    refused(lambda: state_dict(FILES / "script.pt"), "is a TorchScript program", "state_dict()")
    refused(lambda: state_dict(FILES / "model.onnx", "out"), "no such file")


def test_what_stands_beside_is_named_and_left_out() -> None:
    assert set(listed(FILES / "checkpoint.pt").rest) == {"epoch", "optimizer"}
    assert set(listed(FILES / "train_state.msgpack").rest) == {"step", "opt_state"}


@pytest.mark.parametrize(
    ("file", "layer", "prefix", "options"),
    [
        ("checkpoint.pt", "conv", "features.0", {"input": np.ones((1, 3, 4, 4))}),
        ("checkpoint.pt", "lstm", "encoder.", {"input": np.ones((1, 4, 2))}),
        ("mlx.safetensors", "conv", "conv.", {"input": np.ones((1, 3, 4, 4))}),
        ("train_state.msgpack", "lstm", "LSTMCell_0.", {"input": np.ones((1, 4, 3))}),
        ("model.onnx", "gru", "encoder.GRU", {"input": np.ones((1, 4, 2))}),
        ("model.onnx", "dense", "out.MatMul", {"input": np.ones((1, 2))}),
        ("model.pdparams", "lstm", "lstm.", {"input": np.ones((1, 4, 2))}),
        ("model.pdparams", "dense", "fc.", {"input": np.ones((1, 3))}),
    ],
)
def test_a_layer_is_made_of_a_file(file: str, layer: str, prefix: str, options: dict[str, Any]) -> None:
    made = la.from_state(layer, FILES / file, prefix=prefix, **options)
    again = la.trace(layer, weights=f"{FILES / file}:{prefix}", **options)
    assert np.array_equal(made["output"], again["output"])


def test_the_marks_of_files_are_heeded() -> None:
    x = np.ones((1, 3, 4, 4))
    conv = la.from_state("conv", FILES / "mlx.safetensors", prefix="conv.", input=x)
    assert np.array_equal(conv["kernel"], counted(0, 4, 3, 3, 3).transpose(0, 3, 1, 2))
    told = la.from_state("conv", FILES / "mlx.safetensors", prefix="conv.", input=x, convention="torch")
    assert np.array_equal(told["kernel"], counted(0, 4, 3, 3, 3))  # the user's word comes first
    same = la.from_state(
        "conv", {"kernel": np.ones((3, 3, 1, 2))}, input=np.ones((1, 1, 5, 5)), padding="same", stride=2
    )
    assert same["output"].shape == (1, 2, 3, 3)  # as Keras pads, whose name a kernel is
    fc = la.from_state("dense", FILES / "model.pdparams", prefix="fc.", input=np.ones((1, 3)))
    assert np.array_equal(fc["weight"], counted(0, 3, 2).T)
    gru = la.from_state("gru", FILES / "model.onnx", prefix="encoder.GRU.", input=np.ones((1, 4, 2)))
    assert gru.config.variant == "reset-after"  # type: ignore[attr-defined]


@pytest.mark.parametrize("file", ["model.keras", "model.weights.h5"])
def test_layers_of_keras(file: str) -> None:
    pytest.importorskip("h5py")
    conv = la.from_state("conv1d", FILES / file, prefix="c.", input=np.ones((1, 3, 6)))
    assert np.array_equal(conv["kernel"], counted(0, 2, 3, 4).transpose(2, 1, 0))
    both = la.from_state("lstm", FILES / file, prefix="bi", input=np.ones((1, 4, 4)))
    assert np.array_equal(both["backward.weight_input"], counted(11, 4, 8).T)
    norm = la.from_state("batchnorm", FILES / file, prefix="bn.", input=np.ones((2, 4)), mode="inference")
    assert norm.config.eps == 1e-3  # type: ignore[attr-defined]
    mha = la.from_state("attention", FILES / "attention.keras", prefix="mha", embeddings=np.ones((1, 3, 4)))
    assert mha.config.heads == 2  # type: ignore[attr-defined]


# ── damage, and what would run ───────────────────────────────────────────────────────


class Runs:
    """Touches a file when unpickled."""

    path = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (Runs.path, "w")


def zipped(pickle_: bytes, **members: bytes) -> bytes:
    """A file of torch.save with such a data.pkl."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("m/data.pkl", pickle_)
        for name, data in members.items():
            archive.writestr(f"m/{name.replace('_', '/')}", data)
    return stream.getvalue()


def test_a_pickle_is_never_run(tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runs, "path", str(tmp_path / "ran"))
    data = pickle.dumps({"weight": Runs()}, 2)
    for name, written in (("a.pt", zipped(data)), ("b.pt", data), ("c.pdparams", data)):
        (tmp_path / name).write_bytes(written)
        refused(lambda name=name: state_dict(tmp_path / name), name)
    assert not (tmp_path / "ran").exists()
    pickle.loads(data)["weight"].close()  # it would have
    assert (tmp_path / "ran").exists()


def tensor(*arguments: Any, cells: int = 4, kind: str = "FloatStorage", key: str = "0", again: bytes = b"") -> bytes:
    """A state dict of one tensor ``weight`` with these offset, shape and strides."""

    class Given:
        def __init__(self, path: str) -> None:
            self.path = path

    class Writer(pickle._Pickler):  # type: ignore[misc, name-defined]
        def save(self, thing: Any, save_persistent_id: bool = True) -> None:
            if isinstance(thing, Given):
                module, _, name = thing.path.rpartition(".")
                self.write(b"c" + module.encode() + b"\n" + name.encode() + b"\n")
            else:
                super().save(thing, save_persistent_id)

        def persistent_id(self, thing: Any) -> Any:
            return thing[1:] if isinstance(thing, tuple) and thing[:1] == ("PERSISTENT",) else None

    stream = io.BytesIO()
    writer = Writer(stream, 2)
    storage = ("PERSISTENT", "storage", Given(f"torch.{kind}"), key, "cpu", cells)
    writer.write(b"\x80\x02}U\x06weight")
    writer.save(Given("torch._utils._rebuild_tensor_v2"))
    writer.save((storage, *arguments, False, {}))
    writer.write(b"Rs" + again + b".")
    return stream.getvalue()


TENSOR = tensor(0, (2, 2), (2, 1))
BYTES = {"data_0": np.arange(4, dtype="<f4").tobytes(), "byteorder": b"little"}


def test_a_state_that_is_written_by_hand_is_read(tmp_path: Path) -> None:
    (tmp_path / "m.pt").write_bytes(zipped(TENSOR, **BYTES))
    assert state_dict(tmp_path / "m.pt")["weight"].tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize(
    ("data", "pieces"),
    [
        (b"PK\3\4", ("does not end as a file of torch.save does",)),
        (zipped(TENSOR, **BYTES)[:-1], ("does not end as a file of torch.save does",)),
        (b"\x80\x02N.", ("is a pickle, but none that torch.save wrote",)),
        (b"hello", ("does not begin as a file of torch.save does",)),
        (zipped(b"\x80\x02}"), ("is no sound pickle",)),
        (zipped(b"\x80\x02" + b"]" * 100_000 + b"."), ("its pickle holds too many objects",)),
        (zipped(b"\x80\x02\x82\x01."), ("its pickle uses EXT1, which no file of weights needs",)),
        (zipped(b"\x80\x02r\xff\xff\xff\x7f."), ("is no sound pickle",)),
        (zipped(b"\x80\x02}q\x00U\x01ah\x00s."), ("nests its arrays too deep",)),
        (zipped(b"\x80\x02}."), ("has no name that begins with ''; ",)),
        (zipped(TENSOR, byteorder=b"big"), ("saved on a machine with big-endian",)),
        (zipped(TENSOR), ("its archive has no data/0",)),
        (zipped(TENSOR, data_0=bytes(12)), ("its storage 0 has 12 bytes, fewer than it declares",)),
        (zipped(tensor(1, (2, 2), (2, 1)), **BYTES), ("reaches cell 4 of a storage of 4",)),
        (zipped(tensor(0, (2, 2), (2**40, 1)), **BYTES), ("of a storage of 4",)),
        (zipped(tensor(-1, (2, 2), (2, 1)), **BYTES), ("not described as torch.save does",)),
        (zipped(tensor(0, (2, 2), (2, -1)), **BYTES), ("not described as torch.save does",)),
        (zipped(tensor(0, (2, 2), (2,)), **BYTES), ("not described as torch.save does",)),
        (zipped(tensor(0, (2**20, 2**20), (0, 0)), **BYTES), ("numbers, the limit is",)),
        (zipped(tensor(0, (2, 2), (2, 1), kind="QInt8Storage"), **BYTES), ("numbers of type QInt8",)),
    ],
)  # fmt: skip
def test_refused_files_of_torch(tmp_path: Path, refused: Refused, data: bytes, pieces: tuple[str, ...]) -> None:
    (tmp_path / "m.pt").write_bytes(data)
    refused(lambda: state_dict(tmp_path / "m.pt", limits=Limits(2**22)), *pieces)


def packed(*parts: bytes) -> bytes:
    return b"".join(parts)


ARRAY = packed(b"\x93\x91\x02\xa7float32\xc4\x08", np.array([1, 2], "<f4").tobytes())


@pytest.mark.parametrize(
    ("data", "pieces"),
    [
        (b"\x81\xa1w", ("ends in the middle of a value",)),
        (b"\x81\xa1w\xc1", ("is no sound MessagePack",)),
        (b"\x81\xa1w\x01", ("holds no array", "flax.serialization")),
        (b"\x81\xa1w\xc9\xff\xff\xff\xff\x01", ("ends in the middle of an array",)),
        (b"\x91" * 100, ("nests them too deep",)),
        (b"\xdd\xff\xff\xff\xff" + b"\xc0" * 100, ("ends in the middle of a value",)),
        (packed(b"\x81\xa1w\xc7", bytes([len(ARRAY)]), b"\x01", ARRAY.replace(b"\x91\x02", b"\x91\x03")),
         ("declares 12 bytes of numbers, 8 are there",)),
        (packed(b"\x81\xa1w\xc7", bytes([len(ARRAY)]), b"\x01", ARRAY.replace(b"\x93", b"\x94")),
         ("not described as Flax does",)),
    ],
)  # fmt: skip
def test_refused_files_of_flax(tmp_path: Path, refused: Refused, data: bytes, pieces: tuple[str, ...]) -> None:
    (tmp_path / "m.msgpack").write_bytes(data)
    refused(lambda: state_dict(tmp_path / "m.msgpack"), *pieces)
    (tmp_path / "good.msgpack").write_bytes(packed(b"\x81\xa1w\xc7", bytes([len(ARRAY)]), b"\x01", ARRAY))
    assert state_dict(tmp_path / "good.msgpack")["w"].tolist() == [1, 2]


@pytest.mark.parametrize(
    "file", ["model.onnx", "checkpoint.pt", "train_state.msgpack", "model.pdparams", "mlx.safetensors",
             "llama.gguf"],
)  # fmt: skip
def test_a_file_that_is_cut_or_changed_is_refused_or_read(file: str, tmp_path: Path) -> None:
    whole, rng = (FILES / file).read_bytes(), np.random.default_rng(4)
    path, refusals = tmp_path / file, list[str]()
    for _ in range(60):
        data = bytearray(whole[: int(rng.integers(1, len(whole)))] if rng.integers(2) else whole)
        data[int(rng.integers(len(data)))] = int(rng.integers(256))
        path.write_bytes(bytes(data))
        try:
            for array in state_dict(path).values():
                assert array.dtype.kind in "biuf"
        except InputError as error:
            refusals.append(str(error))
    assert all(refusal.isprintable() for refusal in refusals)


def test_onnx_reads_numbers_beside_it_and_nowhere_else(tmp_path: Path, refused: Refused) -> None:
    model, data = ((FILES / name).read_bytes() for name in ("apart.onnx", "apart.onnx.data"))
    place, file = tmp_path / "apart.onnx.data", tmp_path / "m.onnx"
    (tmp_path / "blob").write_bytes(data)
    file.write_bytes(model)
    place.symlink_to("blob")  # as in the cache of a hub
    assert read(f"{file}:b.weight").array[0].tolist() == [0.5, 1, 1.5]
    place.unlink()
    place.write_bytes(data[:-8])
    refused(lambda: state_dict(file, "b"), "24 from byte 24 of the 40 in 'apart.onnx.data'")
    for where in (b"../part.onnx.data", b"/etc/part.onnx.da", b"in\\part.onnx.data"):
        file.write_bytes(model.replace(b"apart.onnx.data", where[:15]))
        refused(lambda: state_dict(file, "a"), "must lie beside the model")
    for length in (b"99", b"-1", b"2x"):
        file.write_bytes(model.replace(b"\x0a\x06length\x12\x0224", b"\x0a\x06length\x12\x02" + length))
        refused(
            lambda: state_dict(file, "a"), "does not say where" if b"x" in length else "declares 24 bytes of numbers"
        )
    alone = Request("weights", "m.onnx", Limits())
    refused(lambda: stored("m.onnx", io.BytesIO(model), alone).held("a.weight").read(alone), "by its file's name")


def test_tensors_of_a_gguf_are_read_as_its_own_library_does(tmp_path: Path, refused: Refused) -> None:
    file = FILES / "llama.gguf"
    assert listed(file).arrays["packed.weight"] == ("q8_0", (1, 64))
    assert np.array_equal(read(f"{file}:packed.weight").array, cases("gguf")["packed"]["out"]["y"])
    whole = file.read_bytes()
    kind = whole.index(b"packed.weight") + len(b"packed.weight") + 4 + 2 * 8  # behind the number of axes and the axes
    for changed, pieces in (
        (whole[:kind] + b"\x0c" + whole[kind + 1 :], ("numbers of type q4_k", "convert it to float32")),
        (whole[:4] + whole[7:3:-1] + whole[8:], ("version 0x3000000", "little-endian")),
        (whole[:-40], ("places 68 bytes",)),
        (whole[:99], ("no directory of tensors",)),
    ):
        (tmp_path / "m.gguf").write_bytes(changed)
        refused(lambda: state_dict(tmp_path / "m.gguf", "packed"), *pieces)


def test_a_folder_of_orbax_is_told_how_to_be_saved(tmp_path: Path, refused: Refused) -> None:
    refused(lambda: state_dict(tmp_path), "is a folder; name a file")
    (tmp_path / "_CHECKPOINT_METADATA").touch()
    refused(lambda: state_dict(tmp_path), "is a folder of Orbax", "flax.serialization.to_bytes")


def test_onnx_refuses_what_is_none(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "m.onnx").write_bytes(b"\x08\x08")
    refused(lambda: state_dict(tmp_path / "m.onnx"), "is no ONNX model with a graph")
    (tmp_path / "m.onnx").write_bytes(b"\x3a\xff\x01")
    refused(lambda: state_dict(tmp_path / "m.onnx"), "is no sound ONNX model")


def test_keras_files_need_h5py_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingLibraryError, match=r"is read with h5py, .* pip install 'layeranim\[keras\]'"):
        state_dict(FILES / "model.keras", "fc.")


def test_nothing_is_followed_out_of_a_file_of_keras(tmp_path: Path, refused: Refused) -> None:
    h5py = pytest.importorskip("h5py")
    (tmp_path / "secret.raw").write_bytes(bytes(16))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.ones((2, 2), np.float32)
    with h5py.File(tmp_path / "m.weights.h5", "w") as file:
        group = file.create_group("layers/dense/vars")
        group["0"] = h5py.ExternalLink("other.h5", "x")
    refused(lambda: state_dict(tmp_path / "m.weights.h5"), "is no sound HDF5 file")
    with h5py.File(tmp_path / "n.weights.h5", "w") as file:
        group = file.create_group("layers/dense/vars")
        group.create_dataset("0", (2, 2), "f4", external=[(str(tmp_path / "secret.raw"), 0, 16)])
        file["layers/again"] = file["layers"]  # a circle
    refused(lambda: state_dict(tmp_path / "n.weights.h5"), "nests its groups too deep")
    with h5py.File(tmp_path / "n.weights.h5", "a") as file:
        del file["layers/again"]
    refused(lambda: state_dict(tmp_path / "n.weights.h5"), "is kept in another file")
    (tmp_path / "h.h5").write_bytes(b"hello")
    refused(lambda: state_dict(tmp_path / "h.h5"), "is no sound HDF5 file")


# ── safetensors: parts, tied names, many arrays ──────────────────────────────────────


def test_a_model_in_parts_is_read_by_its_index(tmp_path: Path, refused: Refused) -> None:
    for part, names in (("m-00001-of-00002", ("a.weight",)), ("m-00002-of-00002", ("b.weight", "b.bias"))):
        save({name: np.full((2, 3) if "weight" in name else 2, ord(name[0])) for name in names},
             tmp_path / f"{part}.safetensors")  # fmt: skip
    where = {"a.weight": "m-00001-of-00002.safetensors", "b.weight": "m-00002-of-00002.safetensors",
             "b.bias": "m-00002-of-00002.safetensors"}  # fmt: skip
    index = tmp_path / "m.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": where}))
    assert set(state_dict(f"{index}:b.")) == {"weight", "bias"}
    assert list(listed(index).arrays) == list(where)
    part = tmp_path / "m-00001-of-00002.safetensors"
    with pytest.raises(InputError, match=r"other parts of the model are listed in m.safetensors.index.json"):
        state_dict(part, "b.")
    for file, says in (
        ("../m.safetensors", "as a part"),
        ("/etc/passwd", "as a part"),
        ("n.safetensors", "no such file"),
    ):
        index.write_text(json.dumps({"weight_map": {"a.weight": file}}))
        refused(lambda: state_dict(index), says)
    index.write_text(json.dumps({"weight_map": {"c.weight": "m-00001-of-00002.safetensors"}}))
    refused(lambda: state_dict(index), "has no 'c.weight'")
    index.write_text("[1]")
    refused(lambda: state_dict(index), "is no index of tensors in parts")


def test_a_tensor_that_stands_once_is_found_by_both_of_its_names(tmp_path: Path) -> None:
    header = {"__metadata__": {"out.weight": "emb.weight", "format": "pt"},
              "emb.weight": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]}}  # fmt: skip
    text = json.dumps(header).encode()
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + np.ones(2, "<f4").tobytes())
    assert state_dict(tmp_path / "m.safetensors", "out.")["weight"].shape == (2, 1)


def test_of_a_hundred_thousand_arrays_a_prefix_takes_one(tmp_path: Path) -> None:
    entry = {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]}
    names = [f"layers.{k}.mlp.experts.{k % 64}.gate_projection.weight" for k in range(100_000)]
    text = json.dumps(dict.fromkeys(names, entry)).encode()
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(4))
    assert list(state_dict(tmp_path / "m.safetensors", "layers.7.mlp.")) == ["experts.7.gate_projection.weight"]


def test_one_layer_has_no_ten_thousand_arrays(tmp_path: Path) -> None:
    text = json.dumps(
        {f"a.{k}": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for k in range(10_001)}
    ).encode()
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(4))
    with pytest.raises(InputError, match=r"it takes 10001 arrays, the limit is 10000"):
        state_dict(tmp_path / "m.safetensors", "a.")


def test_an_archive_that_counts_in_64_bits_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)  # as over 65,535 arrays
    np.savez(tmp_path / "m.npz", **{f"fc.{k}": np.ones(1) for k in range(5)})  # type: ignore[arg-type]
    assert b"PK\6\6" in (tmp_path / "m.npz").read_bytes()
    assert len(state_dict(tmp_path / "m.npz", "fc")) == 5
    damaged = bytearray((tmp_path / "m.npz").read_bytes())
    damaged[-34] += 1
    (tmp_path / "m.npz").write_bytes(bytes(damaged))
    with pytest.raises(InputError, match="does not end as an"):
        state_dict(tmp_path / "m.npz")


def test_numbers_without_axes_and_empty_arrays_beside_a_layer_are_left_out(tmp_path: Path) -> None:
    held = {"fc.weight": np.ones((1, 2)), "fc.logit_scale": np.float32(3), "fc.cache": np.zeros((0, 2))}
    np.savez(tmp_path / "m.npz", **held)  # type: ignore[arg-type]
    for state in (tmp_path / "m.npz", held):
        assert la.from_state("dense", state, prefix="fc.", input=[[1, 1]])["output"].tolist() == [[2]]
    with pytest.raises(InputError, match="is a single number without axes"):
        state_dict({"fc.weight": np.ones((1, 2)), "fc.bias": np.float32(3)}, "fc.")


def test_a_prefix_is_a_whole_part_of_names() -> None:
    held = {"fc.weight": [[1.0]], "fc2.weight": [[2.0]], "a/b/w": [[3.0]]}
    assert state_dict(held, "fc")["weight"] == 1
    assert state_dict(held, "a/b")["w"] == 3
    with pytest.raises(InputError, match=r"'fc.weight' of the state dict is one array; .* here fc\."):
        state_dict(held, "fc.weight")
    with pytest.raises(InputError, match=r"no name that begins with 'f'"):
        state_dict(held, "f")


def test_a_file_of_weights_is_known_as_a_file_that_is_read(tmp_path: Path) -> None:
    for name in ("m.pt", "m.weights.h5", "m.safetensors.index.json", "m.onnx"):
        (tmp_path / name).write_bytes(b"x")
        for spec in (name, f"{name}:fc."):
            assert list(files([str(tmp_path / spec)])) == [identity(tmp_path / name)]


def test_all_that_is_said_to_be_read_is(tmp_path: Path, refused: Refused) -> None:
    for suffix in READERS:
        (tmp_path / f"m{suffix}").write_bytes(b"\x00" * 40)
        if suffix not in (".keras", ".h5"):
            refused(lambda suffix=suffix: state_dict(tmp_path / f"m{suffix}", limits=Limits(2**24)), f"m{suffix}")
