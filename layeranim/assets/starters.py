"""What ``layeranim init`` writes: a first manifest, a workflow, hooks. Nothing that is there is overwritten."""

from __future__ import annotations

import os
import re
from pathlib import Path

from layeranim.assets.finding import NAME
from layeranim.errors import OptionError, OutputError
from layeranim.film.output import Outputs, check_writable

WORKFLOW = Path(".github/workflows/layeranim.yml")
HOOKS = Path(".pre-commit-config.yaml")
ATTRIBUTES = Path(".gitattributes")
ATTRIBUTES_TEXT = """# Films are compared byte by byte: Git must not change line ends in what stands beside them.
/renders/** -text
layeranim.lock text eol=lf
"""
REPOSITORY = re.compile(r"[\w.-]+/[\w./-]+@[\w./-]+", re.ASCII)

MANIFEST_TEXT = """# The films of this project: layeranim build makes them, layeranim check says whether they are fresh.
version = 1
output = "renders"
formats = ["gif"]
themes = ["light", "dark"]

[defaults]
max-size = "1MB"

[[asset]]
id = "conv"
explainer = "conv" # its options are those of: layeranim render conv --help
stride = 2
"""
WORKFLOW_TEXT = """name: films

on:
  push:
  pull_request:

permissions:
  contents: read

jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2
        with:
          persist-credentials: false
      - uses: {}
        with:
          command: check
"""
HOOKS_TEXT = """repos:
  - repo: local
    hooks:
      - id: layeranim-validate
        name: layeranim validate
        entry: layeranim validate
        language: system
        files: ^(layeranim|pyproject)\\.toml$
        pass_filenames: false
      - id: layeranim-check
        name: layeranim check
        entry: layeranim check
        language: system
        always_run: true
        pass_filenames: false
"""


def start(folder: Path, action: str | None = None, pre_commit: bool = False) -> list[Path]:
    """Write what is asked for, all or nothing; the paths. ``action``: ``OWNER/REPOSITORY@VERSION`` of layeranim's.

    With a manifest come Git's attributes for its films, if there are none yet. A manifest that is there stays; without
    ``action`` and ``pre_commit`` that is an ``OutputError``, as any other file in the way is.
    """
    if action is not None and not REPOSITORY.fullmatch(action):
        raise OptionError(f"action is {action!r}, but must be OWNER/REPOSITORY@VERSION, where layeranim's action is")
    wanted: dict[Path, str] = {}
    if not (folder / NAME).exists() or (action is None and not pre_commit):
        wanted[folder / NAME] = MANIFEST_TEXT
        if not os.path.lexists(folder / ATTRIBUTES):
            wanted[folder / ATTRIBUTES] = ATTRIBUTES_TEXT
    if action is not None:
        wanted[folder / WORKFLOW] = WORKFLOW_TEXT.format(action)
    if pre_commit:
        wanted[folder / HOOKS] = HOOKS_TEXT
    for path in wanted:
        if path.exists() or path.is_symlink():
            raise OutputError(f"{path.relative_to(folder)} is there already and stays as it is; nothing was written")
    for path in wanted:
        path.parent.mkdir(parents=True, exist_ok=True)
    check_writable(*wanted)
    with Outputs(wanted) as outputs:
        for file, text in zip(outputs.files, wanted.values(), strict=True):
            file.write(text.encode())
        outputs.commit()
    return list(wanted)
