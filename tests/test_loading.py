"""A program of ours loads its modules without a search for garbage and without threads that idle; whoever imports us
keeps theirs as it was."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.clocks import HANG

IDLE = "OPENBLAS_THREAD_TIMEOUT"
STATE = f"import gc, os; print(gc.isenabled(), gc.get_freeze_count() > 1000, os.environ.get('{IDLE}'))"
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
            "False None",
        ),
        (f"{COMMAND}main(['list', 'conv'])", "False None"),
        (f"{COMMAND}main()", "True 18"),
        (f"import os; os.environ['{IDLE}'] = '26'\n{COMMAND}main()", "True 26"),
    ],
    ids=["imported", "called by another program", "as a program", "as a program, idle threads the user's"],
)
def test_a_program_of_ours_loads_quietly(
    code: str, state: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.delenv(IDLE, raising=False)
    assert said(code) == f"True {state}"
