"""Captured models in a manifest: built from a clean folder, checked, explained, without PyTorch."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable

import jsonschema
import pytest

import layeranim as la
from layeranim.assets.manifest import read
from layeranim.assets.schema import schema
from layeranim.capturing import Capture
from tests.capture.made import made

from .conftest import Done, Project

SMALL = 'version = 1\nformats = ["gif"]\n[defaults]\nsize = "128x72"\nfps = 2\nsteps = "first:1"\nseed = 3\n'
NET = '[[asset]]\nid = "net"\nmodel = "run.npz"\n'
ONE = '[[asset]]\nid = "one"\nmodel = "run.npz"\nlayer = "conv2"\n'


@pytest.fixture
def models(project: Project) -> Project:
    made("residual").save(project.folder / "run.npz")
    return project


def test_a_models_films_are_built_checked_and_explained(models: Project, call: Callable[..., Done]) -> None:
    models.write(NET + ONE + 'alt = "A filter"\n', SMALL)
    assert models.build().done == {"net": "drawn", "one": "drawn"}
    assert {"net.gif", "net.json", "one.gif", "one.png"} <= models.files().keys()
    report = json.loads((models.renders / "net.json").read_text(encoding="utf-8"))
    assert report["explainer"] == "network"
    assert report["inputs"]["model"]["name"] == "run.npz"
    assert "calls" not in report["options"]
    assert report["title"] == "Residual"
    assert json.loads((models.renders / "one.json").read_text(encoding="utf-8"))["options"]["layer"] == "conv2"
    assert models.build().done == {"net": "fresh", "one": "fresh"}
    assert call("check").code == 0
    assert "nothing changed" in call("why", "net").out
    for more in ('opened = "conv2"\n', 'title = "Ours"\n'):
        assert models.write(NET + more + ONE + 'alt = "A filter"\n', SMALL).pretend() == ["net"]
    assert models.write(NET + ONE.replace("conv2", "conv1"), SMALL).pretend() == ["one"]
    models.write(NET + ONE + 'alt = "A filter"\n', SMALL)
    same = made("residual")
    Capture(same.model, same.calls, same.parameters, ("run again",)).save(models.folder / "run.npz")
    assert "input model: what is in run.npz (capture) changed" in call("why", "net").out
    assert call("check").code != 0


def test_no_framework_is_loaded_for_it(models: Project) -> None:
    models.write(NET + ONE, SMALL)
    told = (
        "import sys; sys.modules['torch'] = None\n"
        "from pathlib import Path\nfrom layeranim.assets import plan, telling\n"
        "for one in plan.load(Path('layeranim.toml'))[1]: print(telling.board_of(one.entry, one.work).title)"
    )
    done = subprocess.run([sys.executable, "-c", told], cwd=models.folder, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Residual", "conv2"]


@pytest.mark.parametrize(
    ("asset", "said"),
    [
        (NET.replace("run", "gone"), "gone.npz"),
        (ONE.replace("conv2", "conv_2"), "asset one: no call 'conv_2' (did you mean conv2?); there are conv1, relu:1"),
        (NET + 'opened = "con1"\n', "opened names no call 'con1' (did you mean conv1?)"),
        (ONE + "opened = 3\n", "opened is for the film of all of a model"),
        (NET.replace("run.npz", "other.npz"), "not a capture"),
        (NET.replace("run.npz", "run.txt"), "model 'run.txt'"),
        (NET + 'explainer = "conv"\n', "explainer and model are both given"),
        (NET + "stride = 2\n", "unknown option stride"),
        (NET + "openend = 2\n", "unknown option openend (did you mean opened?)"),
        ("[[asset]]\nid = 'x'\nexplainer = 'network'\n", "network is the film of a captured model"),
        ("[[asset]]\nid = 'x'\n", 'or give model = "run.npz"'),
        (NET.replace('"run.npz"', "3"), "model is 3, but must be text"),
        (ONE.replace("conv2", "add"), "which has numbers but no film of its own yet; opened='add' opens it"),
    ],
)
def test_what_cannot_be_is_said_at_once(models: Project, call: Callable[..., Done], asset: str, said: str) -> None:
    la.trace("conv").save(models.folder / "other.npz")
    models.write(asset, SMALL)
    done = call("validate")
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_matrix_goes_over_calls(models: Project) -> None:
    models.write('[[asset]]\nid = "all"\nmodel = "run.npz"\nmatrix = { layer = ["conv1", "conv2"] }\n', SMALL)
    manifest, wrong = read(models.manifest)
    assert not wrong
    assert [entry.options["layer"] for entry in manifest.entries] == ["conv1", "conv2"]
    assert len({entry.name for entry in manifest.entries}) == 2


def test_outside_of_the_folder_nothing_is_quoted(models: Project, call: Callable[..., Done]) -> None:
    (models.folder / "run.npz").rename(models.folder.parent / "run.npz")
    models.write(ONE.replace("run.npz", "../run.npz").replace("conv2", "nothing"), SMALL)
    assert "conv1" not in call("validate").err
    assert "--restrict keeps to that" in call("validate", "--restrict").err


def test_the_schema_knows_a_model() -> None:
    rules = jsonschema.Draft202012Validator(schema())
    right = tomllib.loads(SMALL + NET + ONE + 'tokens = ["a", "b"]\n')
    assert not list(rules.iter_errors(right))
    for wrong in (NET + "stride = 2\n", NET.replace("model", "modell"), NET + 'explainer = "conv"\n'):
        assert list(rules.iter_errors(tomllib.loads(SMALL + wrong)))
