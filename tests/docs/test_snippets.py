"""Whatever a page shows as code does what the page says, as it stands there."""

from __future__ import annotations

import doctest
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from layeranim.assets import plan, sources
from layeranim.cli.program import main, program
from tests.assets.conftest import TINY, Done, Project, call, project
from tests.clocks import HANG
from tests.docs.snippets import KINDS, ROOT, Section, missing, sections

SECTIONS = list(sections())
SMALL = {"LAYERANIM_SIZE": "64x64", "LAYERANIM_FPS": "1"}
"""The films of a command, as it stands, in few and small pictures."""
FREE = {"torch", "keras", "onnx", "safetensors", "flax", "equinox", "jax"}
"""Libraries that a page may use and the suite need not have."""

__all__ = ["call", "project"]


def having(kind: str) -> Any:
    found = [section for section in SECTIONS if section.of(kind)]
    return pytest.mark.parametrize("section", found, ids=[section.label for section in found])


def test_every_block_says_what_it_is() -> None:
    odd = [(s.label, kind) for s in SECTIONS for kind, _ in s.blocks if kind not in KINDS]
    assert not odd, f"a block begins with ``` and one of {', '.join(KINDS)}"
    runs = re.compile(r"^\s*(?:\$ |layeranim |\./run |pip |python3? |import |from \w+ import )", re.M)
    assert not [s.label for s in SECTIONS for text in s.of("text") if runs.search(text)]


def run(words: list[str], folder: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        words, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANG
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)


def commands(texts: list[str]) -> list[list[str]]:
    return [words for text in texts for line in text.splitlines() if (words := shlex.split(line, True))]


def test_commands_are_ours() -> None:
    """Those of ``./run`` are tried in ``house/test_run_script.py``, on a machine of stand-ins."""
    ours = program.list_commands(click.Context(program))
    verbs = re.findall(r"^  (\w+)\)", (ROOT / "run").read_text(encoding="utf-8"), re.M)
    for section in SECTIONS:
        for first, second, *_ in commands(section.of("sh")):
            assert second in {"./run": verbs, "layeranim": ours}[first], section.label


NAMED = re.compile(r"# ([\w-]+\.toml)\n")
"""A file that a page shows and its commands read."""
RUN = [section for section in SECTIONS if section.of("python") or section.of("sh")]


@pytest.mark.parametrize("section", RUN, ids=[section.label for section in RUN])
def test_what_is_shown_runs(
    section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Block by block, in a new folder; Python blocks that stand one after the other are one program."""
    lacking: list[str] = []
    monkeypatch.chdir(tmp_path)
    for name, value in (SMALL | {"XDG_CACHE_HOME": str(tmp_path / "cache")}).items():
        monkeypatch.setenv(name, value)
    for text in section.of("python"):
        compile(text, section.label, "exec")
        lacking += missing(text)
        assert set(lacking) <= FREE, lacking
        if "layeranim.toml" in text:
            (tmp_path / "layeranim.toml").write_text(TINY + '[[asset]]\nid = "conv"\nexplainer = "conv"\n')
    for text in section.of("toml"):
        if found := NAMED.match(text):
            (tmp_path / found[1]).write_text(text, encoding="utf-8")
    for kind, group in groupby(section.blocks, key=lambda block: block[0]):
        texts = [text for _, text in group]
        if kind == "python":
            texts = list(takewhile(lambda text: not missing(text), texts))
            (tmp_path / "page.py").write_text("\n".join(texts), encoding="utf-8")
            run([sys.executable, "page.py"], tmp_path)
        if kind == "sh" and not lacking:
            for words in commands(texts):
                if words[0] == "layeranim":
                    assert main(words[1:]) == 0, (words, capfd.readouterr())
    if lacking:
        pytest.skip(f"not all of it: there is no {', '.join(dict.fromkeys(lacking))} here")


MANIFESTS = [section for section in SECTIONS if any(not NAMED.match(text) for text in section.of("toml"))]


@pytest.mark.parametrize("section", MANIFESTS, ids=[section.label for section in MANIFESTS])
def test_manifests_are_sound(section: Section, tmp_path: Path) -> None:
    for text in section.of("toml"):
        (tmp_path / "layeranim.toml").write_text(text, encoding="utf-8")
        run([sys.executable, "-m", "layeranim", "validate"], tmp_path)


@having("json")
def test_data_can_be_read(section: Section) -> None:
    for text in section.of("json"):
        assert json.loads(text)


@having("yaml")
def test_steps_of_workflows_give_the_action_what_it_takes(section: Section) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    for text in section.of("yaml"):
        ours = [step for step in yaml.safe_load(text) if step["uses"].startswith("OWNER/layeranim@")]
        assert ours
        assert all(set(step.get("with", {})) <= set(action["inputs"]) for step in ours)


@having("pycon")
def test_sessions_print_what_is_shown(section: Section) -> None:
    for text in section.of("pycon"):
        session = doctest.DocTestParser().get_doctest(text, {}, section.label, None, 0)
        assert session.examples
        assert doctest.DocTestRunner(verbose=False).run(session).failed == 0


def test_what_why_prints(project: Project, call: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the page: an option and a source file changed since the film was built."""
    (shown,) = [text for section in SECTIONS for text in section.of("console")]
    prompt, *lines = shown.splitlines()
    assert prompt.startswith("$ layeranim ")
    asset = '[[asset]]\nid = "conv-s2"\nexplainer = "conv"\nstride = {}\n'
    project.write(asset.format(1)).build()
    project.write(asset.format(2))
    usual = sources.on_the_way
    changed = {"layeranim/theme/__init__.py": "0" * 16}
    monkeypatch.setattr(plan.sources, "on_the_way", lambda explainer: {**usual(explainer), **changed})
    done = call(*shlex.split(prompt)[2:])
    assert (done.code, done.out.splitlines()) == (0, lines)
