"""The source files on the way to a film, found by reading their imports, and the versions of the tools.

Nothing is imported for it: a check of fifty films takes milliseconds, and Manim stays out. What a story, a scene and
an engine module import counts, at whatever depth; another explainer's scene does not.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import sys
import zlib
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from layeranim.version import __version__

if TYPE_CHECKING:
    from layeranim.catalog import Explainer

OURS = "layeranim"
SHARED = (
    "layeranim.film.film", "layeranim.preparing.filmed", "layeranim.preparing.work", "layeranim.preparing.layouts",
)  # fmt: skip
"""Every film passes through these."""
NOT_FOLLOWED = {
    "layeranim", "layeranim.catalog", "layeranim.inputs", "layeranim.loading",
    "layeranim.preparing", "layeranim.preparing.arrays", "layeranim.preparing.filmed", "layeranim.preparing.given",
    "layeranim.preparing.notebook", "layeranim.preparing.work",
}  # fmt: skip
"""What these decide is counted as what came out of it: options, arrays, the catalog's line, the version."""
UNCOUNTED = NOT_FOLLOWED - {"layeranim.preparing.filmed", "layeranim.preparing.work"}
TOOLS = ("manim", "numpy", "pillow", "av", "pycairo", "uharfbuzz")
BROUGHT = rf"{OURS}/(data/fonts/.*\.otf|film/player/.*\.(html|css|js))"
SHORT = 16
"""Hexadecimal digits of a source's digest."""
IMPORT = re.compile(
    rb"\n[ \t]*(?:from[ \t]+(?P<module>\w[\w.]*)[ \t]+import[ \t]*(?P<names>\([^)]*\)|[^\n#]*)"
    rb"|import[ \t]+(?P<plain>\w[^\n#]*))"
)
INSTALLED = re.compile(r"([\w.]+)-([^-]+)\.dist-info")


@cache
def on_the_way(explainer: Explainer) -> dict[str, str]:
    """Source file → short digest, for all that decides how this explainer's films look."""
    modules = [_full(text.partition(":")[0]) for text in parts(explainer)]
    waiting, seen = [*modules, *SHARED], set[str]()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        if module not in NOT_FOLLOWED:
            waiting += imports(module)
            waiting += [module.rpartition(".")[0]] if "." in module else []
    files = {file for module in seen - UNCOUNTED if (file := file_of(module))}
    return {file: _digest(file)[:SHORT] for file in sorted(files)} | brought()


def parts(explainer: Explainer) -> tuple[str, ...]:
    """What an explainer is made of: its layer, presets, stories, scene, each by its reference."""
    stories = (explainer.story, explainer.back) if explainer.back else (explainer.story,)
    return explainer.layer, explainer.presets, *stories, explainer.scene


def brought() -> dict[str, str]:
    """What is no program and shows in films: the bundled typeface, the page of a player."""
    found = sorted(file for file in _ours() if re.fullmatch(BROUGHT, file))
    return {file: _digest(file)[:SHORT] for file in found}


@cache
def imports(module: str) -> tuple[str, ...]:
    """The modules of the same package that ``module`` imports, anywhere in its text."""
    file = file_of(module)
    if file is None:
        return ()
    top = module.partition(".")[0]
    found: list[str] = []
    for match in IMPORT.finditer(b"\n" + _content(file)):
        parent = (match["module"] or b"").decode()
        if parent and parent.partition(".")[0] not in (top, OURS):
            continue
        for word in re.split(rb"[\s,()]+", re.sub(rb"#[^\n]*|\bas\s+\w+", b"", match["names"] or match["plain"])):
            name = word.decode(errors="replace")
            if not name:
                continue
            full = f"{parent}.{name}" if parent else name
            found += [one for one in (parent, full) if one.partition(".")[0] in (top, OURS) and file_of(one)]
    return tuple(dict.fromkeys(found))


@cache
def file_of(module: str) -> str | None:
    """The source file of a module, if it has one, by its path from the folder that its package is in.

    With forward slashes, the same on every machine. Nothing but the outermost package is imported for it.
    """
    name = module.replace(".", "/")
    for file in (f"{name}/__init__.py", f"{name}.py"):
        if file in _ours() if name.partition("/")[0] == OURS else _path(file).is_file():
            return file
    return None


@cache
def _ours() -> dict[str, bytes]:
    """Every file of this package as it is now: read once, so that all that is told of it is told of the same bytes."""
    folder = os.path.dirname(os.path.dirname(__file__))
    found = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        inside = place.removeprefix(folder).replace(os.sep, "/")
        for name in names:
            with suppress(OSError), open(os.path.join(place, name), "rb") as file:  # an editor's link to nowhere
                found[f"{OURS}{inside}/{name}"] = file.read()
    return found


def _content(file: str) -> bytes:
    data = _ours().get(file)
    return _path(file).read_bytes() if data is None else data


@cache
def _digest(file: str) -> str:
    return hashlib.sha256(_content(file)).hexdigest()


def _path(file: str) -> Path:
    """A file of another package."""
    top = file.partition("/")[0].removesuffix(".py")
    return (_folder(top) or Path(os.devnull)) / file


@cache
def _folder(top: str) -> Path | None:
    """The folder that a package is in, or a module of its own."""
    from importlib.util import find_spec

    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).parent
    return Path(spec.origin).parent if spec.origin else None


def _full(module: str) -> str:
    return f"layeranim.{module}" if module.split(".")[0] in ("engine", "stories", "scenes") else module


def forget() -> None:
    """Look at the files anew: after a film was drawn, they must be what they were before."""
    for cached in (on_the_way, imports, file_of, _ours, _digest, _folder):
        cached.cache_clear()


@cache
def tools() -> dict[str, str]:
    """The versions of everything that can change a pixel or a byte, and the kind of machine."""
    found = {name: _version(name) for name in TOOLS}
    found["layeranim"] = __version__
    found["zlib"] = zlib.ZLIB_RUNTIME_VERSION
    found["platform"] = f"{sys.platform}-{platform.machine()}"
    try:
        found["cairo"] = import_module("cairo").cairo_version_string()  # the system's: no package tells its version
    except ImportError:
        found["cairo"] = "missing"
    return dict(sorted(found.items()))


def everything() -> str:
    """One digest of every file of this package, what it brings along included."""
    digest = hashlib.sha256()
    for file in sorted(_ours()):
        digest.update(f"{file}\0{_digest(file)}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _version(distribution: str) -> str:
    """The version that is installed, by the name of the folder that tells of it."""
    for place in sys.path:
        if version := _installed(place).get(distribution):
            return version
    from importlib import metadata  # a parser of mail and more, only for what is installed in another way

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "missing"


@cache
def _installed(place: str) -> dict[str, str]:
    """Distribution → version, of a folder that modules are looked for in."""
    names: list[str] = []
    with suppress(OSError):
        names = os.listdir(place or os.curdir)
    return {match[1].lower(): match[2] for match in map(INSTALLED.fullmatch, names) if match}
