"""What a project begins with: ``init``, the GitHub action, the pre-commit hooks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from layeranim.assets import starters
from layeranim.assets.plan import load
from layeranim.cli.program import COMMANDS
from tests.assets.conftest import ROOT, TINY, Done, Project, environment

A = '[[asset]]\nid = "a"\nexplainer = "conv"\n'


def test_a_first_manifest_is_right(project: Project, call: Callable[..., Done]) -> None:
    assert call("init") == Done(0, "layeranim.toml\n", "")
    assert [plan.name for plan in load(project.manifest)[1]] == ["conv-light", "conv-dark"]
    text = project.manifest.read_text()
    again = call("init")
    assert (again.code, again.out, project.manifest.read_text()) == (2, "", text)
    assert "layeranim.toml is there already and stays as it is" in again.err


def test_a_workflow_and_hooks_beside_what_is_there(project: Project, call: Callable[..., Done]) -> None:
    project.write(A)
    done = call("init", "--action", "someone/layeranim@v1", "--pre-commit")
    assert done.out.splitlines() == [".github/workflows/layeranim.yml", ".pre-commit-config.yaml"]
    assert project.manifest.read_text() == TINY + A
    assert "uses: someone/layeranim@v1\n" in (project.folder / ".github/workflows/layeranim.yml").read_text()
    (project.folder / ".github/workflows/layeranim.yml").unlink()
    again = call("init", "--action", "someone/layeranim@v1", "--pre-commit")
    assert again.code == 2
    assert ".pre-commit-config.yaml is there already" in again.err
    assert not (project.folder / ".github/workflows/layeranim.yml").exists()


@pytest.mark.parametrize("where", ["x", "a/b", "a/b@", "a/b@v1\nrun: x", "a/b@v1 # x", "${{ x }}/b@c"])
def test_an_action_that_is_none_is_refused(call: Callable[..., Done], where: str) -> None:
    assert call("init", "--action", where).code == 2
    assert not Path("layeranim.toml").exists()


def scripts(text: str) -> list[str]:
    """The ``run: |`` blocks of a workflow."""
    found = re.findall(r"^( *)(?:- )?run: \|\n((?:\1 +.*\n|\n)+)", text, re.MULTILINE)
    return [textwrap.dedent(block) for _, block in found]


@pytest.fixture
def act(project: Project, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Run the action's own script on the project; its exit code, and the job's summary."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "layeranim").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m layeranim "$@"\n')
    (programs / "layeranim").chmod(0o755)

    def run(**inputs: str) -> tuple[int, str]:
        given = {"COMMAND": "check", "MANIFEST": "", "SHARD": "", "PIXELS": "false", "STRICT": "false", **inputs}
        summary = tmp_path / "summary"
        env = {**environment(), **given, "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(tmp_path / "output"),
               "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}  # fmt: skip
        script = next(s for s in scripts((ROOT / "action.yml").read_text()) if "GITHUB_STEP_SUMMARY" in s)
        done = subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=project.folder, env=env)
        return done.returncode, summary.read_text() if summary.exists() else ""

    return run


def test_the_action_checks_and_says_so(project: Project, act: Callable[..., tuple[int, str]]) -> None:
    project.write(A).pretend()
    code, summary = act(STRICT="true", SHARD="1/1")
    assert (code, summary) == (0, "### layeranim check, part 1/1: well\n\n    1 films, all as they should be\n")
    (project.renders / "a.gif").unlink()
    code, summary = act(MANIFEST="layeranim.toml")
    assert code == 1
    assert "### layeranim check: failed (1)\n\n    a: missing: a.gif" in summary
    assert sorted(p.name for p in project.folder.iterdir()) == ["cache", "layeranim.lock", "layeranim.toml", "renders"]


def test_the_action_takes_words_for_words(project: Project, act: Callable[..., tuple[int, str]]) -> None:
    project.write(A).pretend()
    assert act(COMMAND="check; touch x")[0] == 2
    assert act(SHARD="$(touch x)")[0] == 2
    assert act(MANIFEST="x`touch x`; touch x")[0] == 2
    assert not (project.folder / "x").exists()


def test_inputs_reach_scripts_as_data_alone() -> None:
    for text in ((ROOT / "action.yml").read_text(), starters.WORKFLOW_TEXT):
        assert all("${{" not in script for script in scripts(text))
    assert len(scripts((ROOT / "action.yml").read_text())) == 2
    for script in scripts((ROOT / "action.yml").read_text()):
        assert subprocess.run(["bash", "-n", "-c", script]).returncode == 0
        assert "git " not in script  # it never commits


@pytest.mark.parametrize("text", [(ROOT / ".pre-commit-hooks.yaml").read_text(), starters.HOOKS_TEXT])
def test_hooks_name_commands_that_exist(text: str) -> None:
    entries = re.findall(r"entry: layeranim (\w+)\n", text)
    assert entries == ["validate", "check"]
    assert set(entries) <= set(COMMANDS)
    assert text.count("language: system") == 2
