"""What the README names first leaves a clean checkout: films of one's own never stand among those of the gallery."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from layeranim import catalog
from layeranim.assets import schema, starters
from layeranim.assets.finding import parsed
from layeranim.film.destinations import FOLDER, destinations, every_path
from layeranim.stories.options import FilmOptions

ROOT = Path(__file__).parents[2]


def demo() -> list[str]:
    """The words of the program that ``./run demo`` runs."""
    line = re.search(r"^  demo\) run_in run (.*) \"\$@\" ;;$", (ROOT / "run").read_text(encoding="utf-8"), re.M)
    assert line
    return shlex.split(line[1])


def test_the_demo_is_a_render_that_is_given_no_place() -> None:
    assert demo()[:2] == ["layeranim", "render"]
    assert not {"-o", "--output"} & set(demo())
    assert demo()[2] in catalog.explainers()


@pytest.mark.parametrize("name", catalog.explainers())
def test_films_that_are_given_no_place_are_ignored_by_git(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = every_path(destinations(name, None, None, FilmOptions()), captioned=True)
    assert {Path(path).parts[0] for path in paths} == {FOLDER}
    assert f"/{FOLDER}/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_no_manifest_of_ours_builds_into_that_folder() -> None:
    """Or a film of one's own would stand in the place of one that is checked."""
    theirs = schema.schema()["properties"]["output"]["default"]
    ours = parsed(ROOT / "layeranim.toml").get("output", theirs)
    assert FOLDER not in (ours, theirs)
    assert f'output = "{FOLDER}"' not in Path(starters.__file__).read_text(encoding="utf-8")
