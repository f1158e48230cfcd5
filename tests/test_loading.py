"""A program of ours loads its modules without a search for garbage; whoever imports us keeps theirs as it was."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.clocks import HANG

STATE = "import gc; print(gc.isenabled(), gc.get_freeze_count() > 1000)"
COMMAND = f"""
from layeranim.cli import program
act = program.run
def run(*words, **more):
    code = act(*words, **more)
    {STATE}
    return code
program.run = run
import sys
from layeranim.cli import main
sys.argv = ["layeranim", "list", "conv"]
"""


def said(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=HANG, check=True)
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (
            f"import layeranim; layeranim.render('conv', steps='first:1', quality='draft', output='-.gif'); {STATE}",
            "False",
        ),
        (f"{COMMAND}main(['list', 'conv'])", "False"),
        (f"{COMMAND}main()", "True"),
    ],
    ids=["imported", "called by another program", "as a program"],
)
def test_what_stands_is_not_searched_again_in_a_program_of_ours(
    code: str, state: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    assert said(code) == f"True {state}"
