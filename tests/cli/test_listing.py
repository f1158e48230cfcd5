"""``list``, ``doctor``, ``completion``, ``--version``, ``--help``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import layeranim
from layeranim import catalog
from layeranim.cli import doctor
from layeranim.cli.program import COMMANDS
from layeranim.inputs import KERNELS, SAMPLES
from layeranim.stories import vocabulary


def test_list(call: Any) -> None:
    done = call("list")
    assert done.code == 0
    for name, explainer in catalog.explainers().items():
        assert explainer.family in done.lines
        assert any(line.split()[:1] == [name] and line.endswith(explainer.summary) for line in done.lines)
    rows = json.loads(call("list", "--json").out)
    assert [row["name"] for row in rows] == list(catalog.names())
    last = done.lines.index("numbers only")
    assert [line.split()[0] for line in done.lines[last + 1 :]] == list(catalog.without_film())
    assert {row["name"] for row in rows if row["family"] == "numbers only"} == set(catalog.without_film())


def test_list_of_a_layer_without_a_film(call: Any) -> None:
    done, found = call("list", "bilinear"), json.loads(call("list", "bilinear", "--json").out)
    assert done.code == 0
    assert done.lines[0] == "bilinear: Bilinear layer"
    assert "tensors of dot-and-cross" in done.lines
    assert (found["family"], found["film_options"]) == ("numbers only", [])
    assert [item["name"] for item in found["examples"]] == ["dot-and-cross"]


@pytest.mark.parametrize("name", catalog.explainers())
def test_list_name(call: Any, name: str) -> None:
    layer, presets = catalog.layer(name), catalog.presets(name)
    text, found = call("list", name), json.loads(call("list", name, "--json").out)
    assert text.code == 0
    assert layer.formula in text.lines
    assert [item["name"] for item in found["options"]] == [item.name for item in layer.config.options()]
    assert [item["name"] for item in found["examples"]] == [preset.name for preset in presets]
    assert {item["name"] for item in found["arrays"]} == {item.name for item in layer.arrays}
    assert "output" in {item["role"] for item in found["tensors"]}
    for row in (*layer.config.options(), *presets):
        assert (getattr(row, "flag", None) or f"  {row.name}: ") in text.out


def test_what_list_tells_of_an_option(call: Any) -> None:
    found = {item["name"]: item for item in json.loads(call("list", "conv", "--json").out)["options"]}
    assert found["stride"] == {
        "name": "stride", "flags": ["-s", "--stride"], "aliases": ["strides"], "takes": "N|HxW", "bounds": "≥ 1",
        "default": "1", "help": "cells from one window to the next",
    }  # fmt: skip
    assert (found["kernel_size"]["default"], found["flip"]["takes"]) == (None, "true|false")
    assert "cells from one window to the next  [≥ 1; default: 1]" in call("list", "conv").out


def test_list_of_samples_and_kernels(call: Any, refused: Any) -> None:
    done = call("list", "--samples")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    for name in (*SAMPLES, *KERNELS):
        assert any(line.startswith(f"  {name} ") for line in lines), name
    assert max(map(len, lines)) <= 100
    assert json.loads(call("list", "--samples", "--json").out) == {"samples": dict(SAMPLES), "kernels": dict(KERNELS)}
    refused("list", "--samples", "conv", holds=("leave out the name",))
    refused("trace", "conv", "--input", "cat", holds=("layeranim list --samples",))


def test_list_of_an_unknown_name(refused: Any) -> None:
    refused("list", "cnv", holds=("did you mean conv?",))


def test_version_and_help(call: Any) -> None:
    assert call("--version").out == f"layeranim {layeranim.__version__}\n"
    done = call("--help")
    assert done.code == 0
    for name in COMMANDS:
        assert f"  {name} " in done.out
        assert call(name, "--help").code == 0


@pytest.mark.parametrize("command", [(), ("render",), ("trace",)])
def test_no_name_shows_the_names(call: Any, command: tuple[str, ...]) -> None:
    done = call(*command)
    assert (done.code, done.out) == (2, "")
    for name in catalog.explainers() if command else COMMANDS:
        assert f"  {name} " in done.err


# ── doctor ───────────────────────────────────────────────────────────────────
def test_a_healthy_installation(call: Any) -> None:
    done = call("doctor")
    assert (done.code, done.err) == (0, "")
    assert all(line.startswith("ok ") for line in done.lines)
    found = json.loads(call("doctor", "--json").out)
    assert found["well"]
    assert len(found["findings"]) == len(done.lines)


@pytest.mark.parametrize("module", ["av", "manimpango", "uharfbuzz"])
def test_a_missing_library(call: Any, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from layeranim import typeface

    typeface._face.cache_clear()
    typeface._shape.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    done = call("doctor")
    assert done.code == 3
    assert f"NO  {module} " in done.out
    assert f"pip install --force-reinstall {module}" in done.err
    assert all(line.startswith("layeranim: error: ") for line in done.err.splitlines())
    assert not json.loads(call("doctor", "--json").out)["well"]


def test_without_numpy(here: Path) -> None:
    probe = "import sys; sys.modules['numpy'] = None; from layeranim.cli import main; sys.exit(main(sys.argv[1:]))"
    for words, wanted in (("doctor", "NO  numpy "), ("list conv", "")):
        done = subprocess.run(
            [sys.executable, "-c", probe, *words.split()], cwd=here, capture_output=True, text=True, check=False
        )
        assert done.returncode == 3
        assert wanted in done.stdout
        assert all(line.startswith("layeranim: error: ") for line in done.stderr.splitlines())
        assert "numpy" in done.stderr


def test_a_missing_encoder(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import av

    monkeypatch.setattr(av, "codecs_available", av.codecs_available - {"libx264"})
    done = call("doctor")
    assert done.code == 3
    assert "this av has no libx264" in done.err


def test_a_folder_that_cannot_be_written(call: Any, here: Path) -> None:
    (here / "films").write_text("a file", encoding="utf-8")
    done = call("doctor")
    assert done.code == 3
    assert "NO  films/" in done.out


def test_the_catalog_says_the_titles_of_its_layers() -> None:
    assert {n: known.title for n, known in catalog.LAYERS.items()} == {
        n: catalog.layer(n).title for n in catalog.LAYERS
    }


def test_the_doctor_knows_what_is_required() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {re.split("[>=<]", item)[0] for item in project["dependencies"]}
    assert required <= set(doctor.LIBRARIES)


# ── completion ───────────────────────────────────────────────────────────────
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(call: Any, shell: str) -> None:
    done = call("completion", shell)
    assert done.code == 0
    assert "_LAYERANIM_COMPLETE" in done.out
    assert "layeranim" in done.out


def test_another_shell(refused: Any) -> None:
    refused("completion", "tcsh", holds=("bash", "zsh", "fish"))


def test_bash_takes_the_script(call: Any, here: Path) -> None:
    (here / "complete.sh").write_text(call("completion", "bash").out, encoding="utf-8")
    line = "source complete.sh && complete -p layeranim"
    done = subprocess.run(
        ["bash", "--norc", "-c", line],
        cwd=here,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "_layeranim_completion" in done.stdout


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("layeranim tra", "trace"),
        ("layeranim render co", "conv conv-image conv-transpose conv1d conv-matmul compare-layers"),
        ("layeranim render conv --them", "--theme"),
        ("layeranim render conv --theme d", "dark"),
        ("layeranim render conv --example di", "diagonal digit"),
        ("layeranim render conv --kernel sobel", "sobel-x sobel-y"),
        ("layeranim render conv -f gi", "gif"),
        ("layeranim list conv-", "conv-image conv-transpose conv-matmul conv-transpose1d conv-transpose3d"),
        ("layeranim trace ml", "mlp"),
        ("layeranim render cnv --the", ""),
        ("layeranim rendr conv --the", ""),
    ],
)
def test_words_are_completed(call: Any, monkeypatch: pytest.MonkeyPatch, words: str, wanted: str) -> None:
    monkeypatch.setenv("_LAYERANIM_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    monkeypatch.setenv("LAYERANIM_PACE", "hasty")  # wrong, but nobody runs anything yet
    done = call()
    assert (done.code, done.err) == (0, "")
    assert done.lines == [f"plain,{word}" for word in wanted.split()]


def test_the_words_of_the_vocabulary_are_listed(call: Any) -> None:
    done = call("list", "attention")
    for word in ("anna", "because", "glass", "the"):
        assert word in done.out[done.out.index("words that have a trained embedding") :].replace(",", " ").split()
    assert json.loads(call("list", "attention", "--json").out)["words"] == list(vocabulary.words())
    assert "words that have a trained embedding" not in call("list", "conv").out
    robot = call("render", "attention", "--tokens", "the robot", "--dry-run")
    assert "warning: robot is not in the vocabulary" in robot.err


IDS = """version = 1
[[asset]]
id = "conv"
explainer = "conv"
[[asset]]
id = "con\\u001b"
explainer = "conv"
[[asset]]
id = 7
"""


@pytest.mark.parametrize("command", ["build", "check", "why", "build --manifest other.toml"])
@pytest.mark.parametrize(
    ("typed", "wanted"), [("co", "conv conv-dark"), ("conv-", "conv-dark"), ("", "conv conv-dark pool"), ("x", "")]
)
def test_ids_are_completed(
    call: Any, here: Path, monkeypatch: pytest.MonkeyPatch, command: str, typed: str, wanted: str
) -> None:
    """Assets of the manifest, films of the lock; nothing that could not be an id."""
    stem = "other" if "other" in command else "layeranim"
    (here / f"{stem}.toml").write_text(IDS, encoding="utf-8")
    line = " ".join(["{}", "0" * 64, "0" * 16, "gif:" + "0" * 64])
    lock = here / ("layeranim.lock" if stem == "layeranim" else f"{stem}.layeranim.lock")
    lock.write_text("".join(line.format(n) + "\n" for n in ("conv-dark", "pool")), encoding="utf-8")
    monkeypatch.setenv("_LAYERANIM_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"layeranim {command} {typed}")
    monkeypatch.setenv("COMP_CWORD", str(len(command.split()) + 1))
    done = call()
    assert (done.code, done.err) == (0, "")
    assert [row for row in done.lines if row] == [f"plain,{word}" for word in wanted.split()]
    (here / f"{stem}.toml").write_text("asset = 3", encoding="utf-8")
    assert call().code == 0
