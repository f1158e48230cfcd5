"""What ``run`` does, on a machine of stand-ins: a Python, an apt-get and a sudo that write down how they are called.

The same on a real bare machine: ``bare_tree.sh`` in this folder.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clocks import HANG, until

ROOT = Path(__file__).parents[2]
BASH = shutil.which("bash") or "/bin/bash"
TOOLS = (
    *("bash", "cat", "chmod", "cp", "cut", "dirname", "env", "flock", "grep", "mkdir", "mv", "paste", "perl", "rm"),
    *("sha256sum", "shasum", "sleep", "touch"),
)

PYTHON = r"""#!BASH
case "$*" in
-VV) echo "Python 3.12.0 (a stand-in)" ;;
--version) echo "Python $VERSION" ;;
*version_info\ \<*) [ "$VERSION" != 3.10.4 ] ;;
*version_info*) echo python3.12 ;;
"-m venv "*)
  mkdir -p "$3/bin" && cp "$0" "$3/bin/python"
  printf '#!BASH\necho layeranim "$@"\n' > "$3/bin/layeranim" && chmod +x "$3/bin/layeranim"
  ;;
*"-m pip"*) echo "$*" >> "$LOG" && sleep "$PAUSE" && case "$*" in *$BREAKS*) exit 1 ;; esac ;;
"-m pytest"* | *.py*) echo "$*" ;;
esac
"""
RECORD = '#!BASH\necho "${0##*/} $*" >> "$LOG"\n'
SUDO = '#!BASH\necho "sudo $1" >> "$LOG"\n"$@"\n'
PACKAGES = "g++ pkg-config libcairo2-dev libpango1.0-dev"
PINNED = ("build", "run", "test", "bench")


@dataclass
class Machine:
    """A bare machine with a copy of ``run`` in a folder with a space."""

    folder: Path
    programs: Path
    log: Path

    def provide(self, name: str, script: str) -> None:
        """A program of that name on the machine's PATH."""
        path = self.programs / name
        path.write_text(script.replace("BASH", BASH), encoding="utf-8")
        path.chmod(0o755)

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """``run`` with arguments, from another folder."""
        environment = {
            "PATH": str(self.programs),
            "LOG": str(self.log),
            "VERSION": "3.12.0",
            "PAUSE": "0",
            "BREAKS": "never",
        }
        return subprocess.Popen(
            [BASH, str(self.folder / "run"), *arguments],
            cwd=self.programs,
            env={**environment, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **settings: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        process = self.start(*arguments, **settings)
        out, err = process.communicate(timeout=HANG)
        return process.returncode, out, err

    def calls(self) -> list[str]:
        """What was called since the last look."""
        text = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
        self.log.unlink(missing_ok=True)
        return text.splitlines()

    def pip(self, *layers: str, project: bool = True) -> list[str]:
        """The calls of pip that install these layers and the project."""
        flags = "-m pip -qq --disable-pip-version-check --no-input install --no-deps --no-build-isolation"
        calls = [f"{flags} --require-hashes -r {self.folder}/requirements/{layer}.txt" for layer in layers]
        return calls + [f"{flags} --editable {self.folder}"] * project


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "a folder", tmp_path / "bin", tmp_path / "log")
    made.programs.mkdir()
    (made.folder / "requirements").mkdir(parents=True)
    for name in ("run", "pyproject.toml", *(f"requirements/{layer}.txt" for layer in PINNED)):
        shutil.copy(ROOT / name, made.folder / name)
    for tool in TOOLS:
        if place := shutil.which(tool):
            (made.programs / tool).symlink_to(place)
    made.provide("uname", "#!BASH\necho Linux\n")
    made.provide("id", '#!BASH\necho "${USER_ID:-0}"\n')
    made.provide("python3", PYTHON)
    made.provide("apt-get", RECORD)
    return made


def provide_packages(machine: Machine) -> None:
    for name in ("cc", "c++", "pkg-config"):
        machine.provide(name, "#!BASH\n")


def test_a_bare_machine_is_set_up_and_the_film_made(machine: Machine) -> None:
    code, out, err = machine.run("demo")
    assert (code, out) == (0, "layeranim render conv --stride 2\n")
    assert f"installing with apt-get: {PACKAGES}\n" in err
    assert machine.calls() == [
        "apt-get -qq update",
        f"apt-get -qq install -y --no-install-recommends {PACKAGES}",
        *machine.pip("build", "run"),
    ]


def test_the_second_call_installs_nothing(machine: Machine) -> None:
    machine.run("demo")
    machine.calls()
    assert machine.run("demo") == (0, "layeranim render conv --stride 2\n", "")
    assert machine.calls() == []


def test_nothing_is_installed_that_is_there(machine: Machine) -> None:
    provide_packages(machine)
    assert machine.run("demo")[0] == 0
    assert machine.calls() == machine.pip("build", "run")


def test_python_is_installed_where_there_is_none(machine: Machine) -> None:
    (machine.programs / "python3").unlink()
    code, _, err = machine.run("demo")
    assert code == 3
    assert f"installing with apt-get: python3 python3-venv python3-dev {PACKAGES}\n" in err
    assert err.endswith("run: python3 not found; layeranim needs Python 3.11 or newer\n")


def test_a_user_asks_sudo(machine: Machine) -> None:
    code, _, err = machine.run("demo", USER_ID="1000")
    assert (code, err) == (3, f"run: neither root nor sudo here; as root: apt-get install {PACKAGES}\n")
    machine.provide("sudo", SUDO)
    assert machine.run("demo", USER_ID="1000")[0] == 0
    assert machine.calls()[:4:2] == ["sudo apt-get", "sudo env"]


def test_an_old_python_is_refused_before_anything_is_installed(machine: Machine) -> None:
    code, out, err = machine.run("demo", VERSION="3.10.4")
    assert (code, out) == (3, "")
    assert err == "run: python3 is Python 3.10.4; layeranim needs 3.11 or newer: install one, or name it in PYTHON=\n"
    assert machine.calls() == []


def test_tests_bring_their_tools_and_keep_what_is_there(machine: Machine) -> None:
    provide_packages(machine)
    machine.run("demo")
    machine.calls()
    assert machine.run("test")[:2] == (0, "-m pytest -n 2\n")
    assert machine.calls() == machine.pip("test", project=False)
    assert machine.run("test", "-k", "two words")[:2] == (0, "-m pytest -k two words\n")
    assert machine.run("sites", "-k", "two words")[:2] == (0, "-m pytest -rs tests/sites -k two words\n")
    assert machine.run("demo")[0] == 0
    assert machine.calls() == []


def test_benchmarks_bring_their_packages_beside_the_test_tools(machine: Machine) -> None:
    provide_packages(machine)
    (machine.folder / "benchmarks").mkdir()
    (machine.folder / "benchmarks" / "run.py").touch()
    machine.run("test")
    machine.calls()
    assert machine.run("bench", "conv")[:2] == (0, "benchmarks/run.py conv\n")
    assert machine.calls() == machine.pip("bench", project=False)
    assert machine.run("test")[0] == machine.run("bench")[0] == machine.run("demo")[0] == 0
    assert machine.calls() == []


def test_a_broken_set_up_is_made_again(machine: Machine) -> None:
    provide_packages(machine)
    assert machine.run("demo", BREAKS="run.txt")[0] == 1
    assert machine.calls() == machine.pip("build", "run", project=False)
    assert machine.run("demo")[0] == 0
    assert machine.calls() == machine.pip("build", "run")


def test_broken_tools_are_made_again_from_the_start(machine: Machine) -> None:
    provide_packages(machine)
    machine.run("demo")
    assert machine.run("test", BREAKS="test.txt")[0] == 1
    machine.calls()
    assert machine.run("demo")[0] == 0
    assert machine.calls() == machine.pip("build", "run")


def test_a_killed_set_up_is_made_again(machine: Machine) -> None:
    provide_packages(machine)
    process = machine.start("demo", PAUSE="3600")
    until(machine.log.exists, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=HANG)
    machine.calls()
    assert machine.run("demo")[0] == 0
    assert machine.calls() == machine.pip("build", "run")


def test_changed_pins_make_it_again_and_a_changed_project_installs_only_itself(machine: Machine) -> None:
    provide_packages(machine)
    machine.run("test")
    for name, calls in (
        ("requirements/run.txt", machine.pip("build", "run", "test")),
        ("pyproject.toml", machine.pip()),
    ):
        machine.calls()
        with (machine.folder / name).open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        assert machine.run("test")[0] == 0
        assert machine.calls() == calls


def test_a_project_that_cannot_be_installed_costs_no_packages(machine: Machine) -> None:
    provide_packages(machine)
    assert machine.run("demo", BREAKS="--editable")[0] == 3
    machine.calls()
    assert machine.run("demo")[0] == 0
    assert machine.calls() == machine.pip()


def test_a_moved_folder_is_set_up_again(machine: Machine) -> None:
    provide_packages(machine)
    machine.run("demo")
    machine.folder = machine.folder.rename(machine.folder.with_name("it's moved"))
    machine.calls()
    assert machine.run("demo")[0] == 0
    assert machine.calls() == machine.pip("build", "run")


def test_two_at_once_set_up_once(machine: Machine) -> None:
    provide_packages(machine)
    both = [machine.start("demo", PAUSE="0.2") for _ in range(2)]
    assert [process.communicate(timeout=HANG)[0] for process in both] == ["layeranim render conv --stride 2\n"] * 2
    assert machine.calls() == machine.pip("build", "run")


def test_a_long_installation_says_that_it_goes_on(machine: Machine) -> None:
    provide_packages(machine)
    (machine.programs / "sleep").unlink()
    machine.provide(
        "sleep", f'#!BASH\n[ "$1" != 30 ] || exec {shutil.which("sleep")} 0.05\nexec {shutil.which("sleep")} 1\n'
    )
    code, out, err = machine.run("demo", PAUSE="a second")
    assert (code, out) == (0, "layeranim render conv --stride 2\n")
    assert re.search(r"^run: still installing, for \d+ seconds now$", err, re.M)
    assert machine.run("demo")[2] == ""


def test_help_names_every_verb(machine: Machine) -> None:
    code, out, err = machine.run("help")
    assert (code, err) == (0, "")
    verbs = [line.split()[1] for line in out.splitlines() if line.startswith("./run ")]
    assert machine.run() == (code, out, err)
    assert machine.run("paint") == (2, "", f"run: unknown verb 'paint'; there are: {' '.join(verbs)}\n")


@pytest.mark.parametrize(("verb", "file"), [("bench", "benchmarks/run.py"), ("docs", "docs/build.py")])
def test_a_verb_without_its_program_says_so(machine: Machine, verb: str, file: str) -> None:
    assert machine.run(verb) == (2, "", f"run: there is no {file} to run\n")
