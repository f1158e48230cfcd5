"""Films load the part of Manim that they need, and Manim is whole for whoever asks for more of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from layeranim.borrowed.deferred import deferring
from tests.clocks import HANG

FILM = """
import sys, layeranim as la
la.render("conv", quality="draft", size=(128, 72), fps=5, steps="first:1", output="FOLDER/ours.gif")
"""
SCENE = """
from manim import *
class Users(Scene):
    def construct(self):
        self.play(Create(Circle()), run_time=0.2)
with tempconfig({"media_dir": "FOLDER/media", "quality": "low_quality", "verbosity": "ERROR", "progress_bar": "none"}):
    Users().render()
"""
NEEDLESS = ("networkx", "IPython", "scipy.sparse", "scipy.linalg", "manim.mobject.graph", "numpy.f2py.f2py2e",
            "numpy.polynomial.polynomial", "numpy.testing._private.utils", "numpy.ma",
            "scipy.spatial.transform._rotation", "tqdm.std", "watchdog.observers.api")  # fmt: skip
NAMES = """
import json, sys, types, manim, srt, scipy.spatial, scipy.spatial.transform, numpy.testing, tqdm, watchdog.observers
every = (manim, srt, scipy, scipy.spatial, scipy.spatial.transform, numpy.polynomial, numpy.testing, manim.X11, tqdm,
         watchdog.observers)
print(json.dumps([sorted(dir(module)) for module in every]))
print(scipy.__version__, tqdm.__version__, manim.rotation_matrix(1, manim.OUT).tolist())
print(manim.XKCD.AVOCADO, numpy.polynomial.Polynomial([1, 2]))
assert {type(module) for module in every} == {types.ModuleType}
"""


def program(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code.replace("FOLDER", str(folder))], capture_output=True, text=True, timeout=HANG
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_needless_comes_with_all_of_manim() -> None:
    found = program(f"import sys, manim\nprint([name for name in {NEEDLESS} if name in sys.modules])", Path())
    assert found == f"{list(NEEDLESS)}\n"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The film by itself, for which nothing is loaded that it does not use."""
    folder = tmp_path_factory.mktemp("alone")
    assert program(f"{FILM}\nprint([name for name in {NEEDLESS} if name in sys.modules])", folder) == "[]\n"
    return (folder / "ours.gif").read_bytes()


@pytest.mark.parametrize("code", [SCENE + FILM, FILM + SCENE + FILM], ids=["before", "between"])
def test_a_scene_of_the_users_in_the_same_process(code: str, tmp_path: Path, alone: bytes) -> None:
    program(code, tmp_path)
    assert list(tmp_path.glob("media/videos/**/Users.mp4"))
    assert (tmp_path / "ours.gif").read_bytes() == alone


def test_its_names_are_those_of_manim_imported_alone() -> None:
    assert program("import layeranim.borrowed" + NAMES, Path()) == program(NAMES, Path())


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "heavy_one"
    folder.mkdir()
    (folder / "part.py").write_text("import heavy_one\nfirst = heavy_one.first\n", encoding="utf-8")
    (folder / "__init__.py").write_text(
        "from __future__ import annotations\nfirst = 1\n# the rest\nfrom .part import first as again\n"
        "last: Unknown = 1 / zero\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith("heavy_one")]:
        del sys.modules[name]


def test_the_rest_runs_when_it_is_asked_for_and_tells_of_its_errors_each_time(package: Path) -> None:
    with deferring({"heavy_one": "# the rest"}):
        import heavy_one.part  # type: ignore[import-not-found]
    assert heavy_one.part.first == heavy_one.first == 1
    for _ in range(2):
        with pytest.raises(NameError, match="zero") as told:
            heavy_one.last  # noqa: B018
        assert told.traceback[-1].lineno == 4, "lines keep their numbers"
    heavy_one.zero = 4
    assert (heavy_one.last, heavy_one.again) == (0.25, 1)
    assert type(heavy_one) is type(sys)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        heavy_one.nothing  # noqa: B018


def test_a_name_imported_from_it_waits_until_it_is_used(package: Path) -> None:
    (package / "part.py").write_text("class Whole:\n    size = 3\n", encoding="utf-8")
    with deferring({"heavy_one.part": ""}, {"heavy_one.part": ("Whole",)}):
        (package / "__init__.py").write_text("", encoding="utf-8")
        from heavy_one.part import Whole  # type: ignore[import-not-found]
    part = sys.modules["heavy_one.part"]
    assert "Whole" not in vars(part)
    assert Whole.size == 3
    assert isinstance(Whole(), part.Whole)

    class Own(Whole):  # type: ignore[misc]
        pass

    assert issubclass(Own, part.Whole)
    from heavy_one.part import Whole as itself

    assert itself is part.Whole


def test_a_package_without_that_line_is_imported_as_ever(package: Path) -> None:
    with deferring({"heavy_one": "# another version"}), pytest.raises(NameError, match="zero"):
        import heavy_one  # noqa: F401
