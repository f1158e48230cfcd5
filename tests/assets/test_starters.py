"""What a project begins with: ``init``, the GitHub action, the pre-commit hooks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from layeranim.assets import starters
from layeranim.assets.plan import load
from layeranim.cli.program import COMMANDS, program
from layeranim.cli.summary import append
from tests.assets.conftest import ROOT, TINY, Done, Project, environment

A = '[[asset]]\nid = "a"\nexplainer = "conv"\n'
B = '[[asset]]\nid = "b"\nexplainer = "pool"\n'


def test_a_first_manifest_is_right(project: Project, call: Callable[..., Done]) -> None:
    assert call("init") == Done(0, "layeranim.toml\n.gitattributes\n", "")
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


def steps(text: str) -> list[dict[str, Any]]:
    """The steps of an action or a workflow, as YAML has them."""
    data = yaml.safe_load(text)
    jobs = [data["runs"]] if "runs" in data else data["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


def scripts(text: str) -> list[str]:
    """What its steps run in a shell."""
    return [step["run"] for step in steps(text) if "run" in step]


@pytest.fixture
def act(project: Project, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Run the action's own script on the project; its exit code, and the job's summary."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "layeranim").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m layeranim "$@"\n')
    (programs / "layeranim").chmod(0o755)

    def run(**inputs: str) -> tuple[int, str]:
        given = {
            "COMMAND": "check",
            "MANIFEST": "",
            "SHARD": "",
            "PIXELS": "false",
            "STRICT": "false",
            "RESTRICT": "true",
            **inputs,
        }
        summary = tmp_path / "summary"
        env = {**environment(), **given, "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(tmp_path / "output"),
               "RUNNER_TEMP": str(tmp_path), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}  # fmt: skip
        script = next(s for s in scripts((ROOT / "action.yml").read_text()) if "GITHUB_STEP_SUMMARY" in s)
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script], cwd=project.folder, env=env, stdout=subprocess.PIPE, text=True
        )
        (tmp_path / "log").write_text(done.stdout)
        return done.returncode, summary.read_text() if summary.exists() else ""

    return run


def test_the_action_checks_and_says_so(project: Project, act: Callable[..., tuple[int, str]]) -> None:
    project.write(A).pretend()
    code, summary = act(STRICT="true", SHARD="1/1")
    assert (code, summary) == (0, "### layeranim check, part 1/1: well\n\n\n1 film, all as they should be\n\n")
    (project.renders / "a.gif").unlink()
    code, summary = act(MANIFEST="layeranim.toml")
    assert code == 1
    assert "### layeranim check: failed (1)\n\n| film | state | what it is |\n| --- | --- | --- |\n" in summary
    assert "| a | missing | a.gif is not there; run layeranim build |\n" in summary
    assert sorted(p.name for p in project.folder.iterdir()) == ["cache", "layeranim.lock", "layeranim.toml", "renders"]


def test_a_summary_that_nobody_reads_is_not_waited_for(project: Project, call: Callable[..., Done]) -> None:
    project.write(A).pretend()
    os.mkfifo(project.folder / "pipe")
    done = call("check", "--summary", "pipe")
    assert (done.code, done.err.count("\n")) == (2, 1), done
    assert "cannot write pipe: " in done.err


def test_the_action_builds_and_hands_on_what_it_made(
    project: Project, act: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    project.write(A + B).pretend(cache_dir=tmp_path / "layeranim-cache")  # which the action uploads
    (project.renders / "b.gif").unlink()
    code, summary = act(COMMAND="build", SHARD="2/2", STRICT="true")
    assert code == 0
    assert "### layeranim build, part 2/2: well\n\n| film | state | why |\n" in summary
    assert "| b | from the cache |  |\n" in summary
    first, head, *paths, end = (tmp_path / "output").read_text().splitlines()
    assert (first, head) == ("part=2-2", f"films<<{end}")
    assert sorted(paths) == ["layeranim.lock", "renders/b.captions", "renders/b.gif", "renders/b.json", "renders/b.png"]
    project.write(A + "strid = 2\n")
    code, summary = act(COMMAND="build")
    assert code == 2
    assert "failed (2)\n\n    layeranim: error: layeranim.toml:11: asset a: unknown option strid" in summary


def test_the_action_uploads_its_own_lock_alone(
    project: Project, act: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    project.write(A).pretend(cache_dir=tmp_path / "layeranim-cache")
    (project.folder / "poetry.lock").write_text("somebody's")
    uploaded = [
        step["with"]["path"] for step in steps((ROOT / "action.yml").read_text()) if "path" in step.get("with", {})
    ]
    assert "${{ steps.films.outputs.films }}" in uploaded
    assert not any("*.lock" in path for path in uploaded)
    for words in ("layeranim.toml", str(project.manifest)):  # known the second time
        (tmp_path / "output").unlink(missing_ok=True)
        assert act(COMMAND="build", MANIFEST=words)[0] == 0
        told = (tmp_path / "output").read_text().splitlines()
        assert [line for line in told if line.endswith(".lock")] == ["layeranim.lock"]


def test_the_action_reads_nothing_outside_unless_told(project: Project, act: Callable[..., tuple[int, str]]) -> None:
    (project.folder.parent / "x.csv").write_text("1,2\n3,4\n")
    project.write(A + 'input = "../x.csv"\nkernel = "1 0; 0 1"\n').pretend()
    code, summary = act()
    assert code == 2
    assert "lies outside the manifest" in summary
    assert act(RESTRICT="false")[0] == 0
    assert yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]["restrict"]["default"] == "true"


def test_the_action_installs_what_is_locked_and_imports_nothing_of_the_project() -> None:
    for script in scripts((ROOT / "action.yml").read_text()):
        lines = [line.strip() for line in script.splitlines()]
        assert all(re.match(r"pip=\(python -P -m pip ", line) for line in lines if "python" in line)
        installed = [line for line in lines if line.startswith('"${pip[@]}"')]
        for line in installed:
            assert "--require-hashes" in line or line == '"${pip[@]}" "$ACTION"', line
            for file in re.findall(r"\$ACTION/(\S+)\"", line):
                assert "--hash=sha256:" in (ROOT / file).read_text()
        assert len(installed) in (0, 3)
    for step in steps((ROOT / "action.yml").read_text()):
        assert "run" not in step or step["env"]["PYTHONSAFEPATH"] == "1"


def test_a_summary_shows_hostile_text_as_it_is(project: Project, call: Callable[..., Done], tmp_path: Path) -> None:
    append(str(tmp_path / "s"), ("film", "why"), [("a|b", "<script>`x`\x1b[2J\u202e [y](javascript:z)")], "end")
    assert (tmp_path / "s").read_text().splitlines()[2] == (
        r"| a\|b | \<script\>\`x\`\\x1b\[2J\\u202e \[y\]\(javascript:z\) |"
    )
    project.write(A).pretend()
    done = call("check", "--summary", "nowhere/x")
    assert done.code == 2
    assert "cannot write nowhere/x: No such file or directory" in done.err


WORKFLOWS = [ROOT / "action.yml", *sorted((ROOT / ".github" / "workflows").glob("*.yml"))]


def pinned(text: str) -> list[str]:
    """What a file uses of other people's: a commit, which nobody can move, and for people its version."""
    return re.findall(
        r"^ *- uses: (\S+@[0-9a-f]{40}) # v\d+\.\d+\.\d+$", text.replace("  uses:", "- uses:"), re.MULTILINE
    )


def test_one_commit_of_each_action() -> None:
    texts = [path.read_text(encoding="utf-8") for path in WORKFLOWS] + [starters.WORKFLOW_TEXT]
    used = {one for text in texts for one in pinned(text)}
    assert sorted(one.partition("@")[0] for one in used) == [
        "actions/checkout", "actions/setup-python", "actions/upload-artifact",
    ]  # fmt: skip


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_and_workflows_are_what_github_reads(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    for step in steps(text):
        assert ("run" in step) != ("uses" in step), step
        assert "run" not in step or "runs" not in data or step["shell"] == "bash"
        assert step.get("uses", "./") == "./" or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
    assert pinned(text) == [step["uses"] for step in steps(text) if step.get("uses", "./") != "./"]
    if "runs" in data:
        assert data["runs"]["using"] == "composite"
        assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(data["inputs"])
        assert all("default" in one and "description" in one for one in data["inputs"].values())
    else:
        assert data["permissions"] == {"contents": "read"}


def test_the_gallery_is_checked_by_our_own_action() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    (own,) = [s for s in steps((ROOT / ".github/workflows/gallery.yml").read_text()) if s.get("uses") == "./"]
    assert set(own["with"]) <= set(action["inputs"])


def test_the_action_calls_commands_that_exist() -> None:
    (script,) = [s for s in scripts((ROOT / "action.yml").read_text()) if "GITHUB_STEP_SUMMARY" in s]
    words = set(re.findall(r"--[a-z-]+", script))
    assert words == {
        "--manifest",
        "--shard",
        "--pixels",
        "--strict",
        "--summary",
        "--cache-dir",
        "--restrict",
        "--lock",
    }
    known = {"check": words - {"--cache-dir", "--lock"}, "build": words - {"--pixels", "--strict"}}
    for command, options in known.items():
        found = program.get_command(None, command)  # type: ignore[arg-type]
        assert found is not None
        assert options <= {flag for param in found.params for flag in param.opts}


def test_a_starting_workflow_gives_inputs_that_the_action_has() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    (own,) = [s for s in steps(starters.WORKFLOW_TEXT.format("o/r@v1")) if s["uses"] == "o/r@v1"]
    assert set(own["with"]) <= set(action["inputs"])
    assert yaml.safe_load(starters.HOOKS_TEXT)["repos"][0]["repo"] == "local"


def commands(log: str) -> list[str]:
    """The lines that GitHub's runner obeys."""
    obeyed, deaf = [], ""
    for line in log.splitlines():
        if deaf:
            deaf = "" if line == f"::{deaf}::" else deaf
        elif line.startswith("::"):
            obeyed.append(line)
            deaf = line.removeprefix("::stop-commands::") if line.startswith("::stop-commands::") else ""
    return obeyed


def test_no_name_is_a_command(project: Project, act: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    project.write(A, TINY.replace("version = 1\n", 'version = 1\noutput = "::warning::x"\n')).pretend(cache_dir=None)
    assert act(COMMAND="build", SHARD="1/1")[0] == 0
    log = (tmp_path / "log").read_text()
    assert "\n::warning::x/a.gif\n" in log
    (stop,) = commands(log)
    assert stop.startswith("::stop-commands::")
    code, summary = act(SHARD="1/1\n# more")
    assert (code, "\n# more" in summary) == (2, False)


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
