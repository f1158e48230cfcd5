"""``layeranim.toml``, or ``[tool.layeranim]`` in ``pyproject.toml``: read, checked, and spread out into films."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from layeranim.assets import entries, names, validity
from layeranim.assets.entries import Entry, Given
from layeranim.assets.finding import NAME, PROJECT, lock_of, text_and_data, tool
from layeranim.engine.option import given, suggest
from layeranim.errors import ManifestError
from layeranim.film.destinations import Destination, every_path, suffix_of
from layeranim.inputs import Within, printable
from layeranim.records import dataclass
from layeranim.stories.options import FilmOptions

MOST_FILMS = 1000
DEFAULT_FORMATS = ("gif", "mp4")


@dataclass(frozen=True)
class Manifest:
    """The films of one file. ``root`` is the folder that they go to, ``lock`` the file that tells what was made.

    ``restricted``: no film reads or writes anything outside of the folder that the manifest is in.
    """

    path: Path
    root: Path
    entries: tuple[Entry, ...]
    restricted: bool = False

    @property
    def base(self) -> Within:
        """Where the paths of inputs start."""
        return Within(self.path.parent, self.restricted)

    @property
    def lock(self) -> Path:
        """See ``lock_of``."""
        return lock_of(self.path)

    def chosen(self, ids: tuple[str, ...]) -> tuple[Entry, ...]:
        """The films of these ids, each an asset's or a film's; all without ids."""
        known = [word for entry in self.entries for word in (entry.asset, entry.name)]
        for word in ids:
            if word not in known:
                there = ", ".join(dict.fromkeys(entry.asset for entry in self.entries))
                raise ManifestError(
                    f"{self.path.name} has no asset {printable(word)!r}{suggest(word, known)}; it has {there or 'none'}"
                )
        return tuple(e for e in self.entries if not ids or e.asset in ids or e.name in ids)


def files_of(entry: Entry) -> list[str]:
    """The names of an entry's files: its films, and what stands beside them."""
    found = [Destination(entry.name + suffix_of(fmt), fmt) for fmt in entry.formats]
    return every_path(found, captioned(entry))


def captioned(entry: Entry) -> bool:
    """Whether the captions of an entry's film are in its picture."""
    given_words = {name: value for name, value in entry.options.items() if name == "captions"}
    return bool(FilmOptions.of(given_words).captions)  # type: ignore[attr-defined]


def read(path: Path, restricted: bool = False) -> tuple[Manifest, list[str]]:
    """The manifest as far as it is well formed, and everything that is wrong with it, one line each."""
    if restricted and not Within(path.parent).holds(path.name):
        raise ManifestError(f"{path.name} is a link that leads outside its folder; --restrict keeps to it")
    text, data = text_and_data(path)
    if path.name == PROJECT:
        data = tool(data)
        if not isinstance(data, dict):
            raise ManifestError(f"{path.name} has no table [tool.layeranim]; layeranim init writes a {NAME}")
    many = data["asset"] if isinstance(data.get("asset"), list) else []
    if many:  # each is at least one film; the first are looked at, to tell what else is wrong
        first = [entries.in_our_words(i) if isinstance(i, dict) else i for i in many[:MOST_FILMS]]
        data = {**data, "asset": first}
    told: dict[int | None, list[str]] = {}
    for number, line in validity.problems(data):
        told.setdefault(number, []).append(line)
    root = data.get("output", "renders")
    shared = _shared(data)
    head = [*told.get(None, []), *_root(root), *entries.defaults_problems(shared)]
    problems = [f"{path.name}: {line}" for line in dict.fromkeys(head)]
    found: list[Entry] = []
    sound: list[Entry] = []
    for number, place, item in _assets(path, text, data):
        made, wrong = entries.spread(item, shared, place, told.get(number, []))
        problems += [f"{place}: {line}" for line in wrong]
        found += made
        sound += made if not wrong else []
    films = len(found) + max(0, len(many) - MOST_FILMS)
    if films > MOST_FILMS:
        problems.append(f"{path.name}: {films} films, but one manifest makes at most {MOST_FILMS}")
    problems += _clashes(sound[:MOST_FILMS])
    possible = isinstance(root, str) and "\0" not in root
    manifest = Manifest(path, path.parent / (root if possible else "renders"), tuple(found), restricted)
    if restricted and not manifest.base.holds(manifest.root):
        problems.append(
            f"{path.name}: output is a link that leads outside the manifest's folder; --restrict keeps to it"
        )
    return manifest, problems


def _root(root: Any) -> Iterator[str]:
    """What is wrong with the folder of films."""
    if not isinstance(root, str):
        return
    parts = (*PurePosixPath(root).parts, *PureWindowsPath(root).parts)
    outside = not root.strip() or PurePosixPath(root).is_absolute() or PureWindowsPath(root).drive or ".." in parts
    if outside or any(not c.isprintable() for c in root):
        yield f"output is {given(root)}, but must be a folder beside the manifest or below, such as renders"


def _shared(data: Mapping[str, Any]) -> Given:
    """What all assets share, as far as it is well formed."""
    formats, themes, defaults = data.get("formats", list(DEFAULT_FORMATS)), data.get("themes"), data.get("defaults", {})
    return Given(formats, themes, defaults if isinstance(defaults, dict) else {})


def _assets(path: Path, text: str, data: Mapping[str, Any]) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """Every asset, its number, and how to name its place: ``layeranim.toml:12: asset conv``."""
    items = data.get("asset", [])
    items = items if isinstance(items, list) else []
    header = re.compile(r"\s*\[\[\s*(?:tool\s*\.\s*layeranim\s*\.\s*)?asset\s*\]\]")
    starts = [number for number, line in enumerate(text.splitlines(), 1) if header.match(line)]
    for index, item in enumerate(items):
        line = f":{starts[index]}" if len(starts) == len(items) else ""
        sound = item if isinstance(item, dict) else {}
        name = printable(sound["id"], 40) if isinstance(sound.get("id"), str) and sound["id"] else f"number {index + 1}"
        yield index, f"{path.name}{line}: asset {name}", sound


def _clashes(found: list[Entry]) -> Iterator[str]:
    """Files that two films would both write, on some file system or other."""
    taken: dict[str, Entry] = {}
    told: set[tuple[str, str]] = set()
    for entry in found:
        for file in files_of(entry):
            other = taken.setdefault(names.same(file), entry)
            if other is not entry and (other.place, entry.place) not in told:
                told.add((other.place, entry.place))
                yield (
                    f"{entry.place}: id makes {printable(file)}, which {printable(other.name)} makes too, "
                    "but for case or form; give it another id"
                )
