"""Memory of commands: each of these ends with its answer or one clear line where no more than the budget is left."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

ROOM = 640 * 2**20
"""Of address space: 512 MiB, and what the program and its libraries take before anything is read."""
START = 320 * 2**20
WORDS = " ".join(f"w{k}" for k in range(2500))


def run(here: Path, *words: str, room: int = ROOM, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command in a process that cannot take more, its threads few so that their stacks count for little."""
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({room},) * 2); "
        "import sys; from layeranim.cli import main; sys.exit(main())"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *words], cwd=here, input=given, capture_output=True, check=False,
        env={"PATH": "", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip


def refused(done: subprocess.CompletedProcess[bytes], *pieces: str) -> None:
    """One line that holds these, exit code 2."""
    text = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b""), text
    assert text.startswith("layeranim: error: ")
    assert text.count("\n") == 1, text
    for piece in pieces:
        assert piece in text, text


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", 7000, 7000, 8, 6, 0, 0, 0)) + _chunk(b"IDAT", b"")
WEBP = b"RIFF" + struct.pack("<I", 26) + b"WEBPVP8L" + struct.pack("<I", 10) + b"\x2f"
WEBP += struct.pack("<I", 16382 | 16382 << 14) + bytes(5)
FILES = {
    "small.webp": WEBP,
    "large.png": PNG,
    "words.toml": b'version = 1\n[[asset]]\nid = "a"\nexplainer = "attention"\ntokens = "' + b"a " * 400_000 + b'"\n',
    "many.toml": b"version = 1\n" + b"".join(b'[[asset]]\nid = "a%d"\nexplainer = "conv"\n' % k for k in range(20_000)),
    "keys.toml": b'version = 1\n[[asset]]\nid = "a"\nexplainer = "conv"\n'
    + b"".join(b"k%d = 1\n" % k for k in range(80_000)),
}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "pieces"),
    [
        (
            "trace conv --filters 65536 --input random:64x64",
            ("conv has pre_activation of 1×65536×62×62", "--max-memory"),
        ),
        ("render attention --queries 60000 --dry-run", ("scores would be 1×1×60000×60000", "--max-memory")),
        ("render attention --queries 5000 --causal --dry-run", ("attention has mask of 2×5000×5000", "--max-memory")),
        ("trace attention --queries 5000 --backward", ("tables of gradients", "--max-memory")),
        ("trace dense --units 100000 --input-size 1000", ("dense has weight of 100000×1000", "--max-memory")),
        ("trace lstm --hidden 4000", ("lstm has weight_hidden of 16000×4000", "--max-memory")),
        ("trace conv-matmul --input random:300x300", ("the Toeplitz matrix would be", "--max-memory")),
        ("trace conv --input small.webp", ("16383×16383 takes 268402689 pixels", "--max-memory")),
        ("trace conv --input large.png", ("7000×7000 takes 49000000 pixels", "--max-memory")),
        ("trace conv --input random:9000x9000", ("--max-memory",)),
        ("validate words.toml", ("400000×400000", "--max-memory")),
        ("validate many.toml", ("20000 films, but one manifest makes at most 1000",)),
    ],
)
def test_what_takes_too_much_is_refused_before_it_is_taken(here: Path, command: str, pieces: tuple[str, ...]) -> None:
    refused(run(here, *command.split(), room=START), *pieces)


@pytest.mark.parametrize(
    "command",
    [
        ("render", "attention", "--tokens", WORDS, "--dry-run", "--json", "--quiet"),
        ("render", "conv", "--input", "random:1200x1200", "--dry-run", "--json"),
        ("trace", "attention", "--queries", "800", "-o", "a.json", "--json"),
    ],
    ids=lambda command: " ".join(command)[:30],
)
def test_what_fits_the_budget_fits_the_machine(here: Path, command: tuple[str, ...]) -> None:
    done = run(here, *command)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)


def test_a_manifest_of_unknown_keys_ends_soon(here: Path) -> None:
    done = run(here, "validate", "keys.toml", room=START)
    assert done.returncode == 2
    assert 500 <= done.stderr.count(b"\n") <= 510
    assert b"79502 more keys that there are not" in done.stderr


def test_memory_that_is_missing_is_told(here: Path) -> None:
    """Without the budget, the machine's own limit is met: no traceback even then."""
    done = run(here, "trace", "dense", "--units", "40000", "--input-size", "1000", "--max-memory", "8GB", room=START)
    assert done.returncode == 4
    assert done.stderr.decode().count("\n") == 1
    assert "memory" in done.stderr.decode()
