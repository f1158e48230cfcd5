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
from functools import cache
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import layeranim

if TYPE_CHECKING:
    from layeranim.catalog import Explainer

OURS = "layeranim"
SHARED = ("layeranim.film.film", "layeranim.preparing.work")
"""Every film passes through these."""
NOT_FOLLOWED = {
    "layeranim", "layeranim.catalog", "layeranim.inputs",
    "layeranim.preparing", "layeranim.preparing.arrays", "layeranim.preparing.given", "layeranim.preparing.work",
}  # fmt: skip
"""What these decide is counted as what came out of it: options, arrays, the catalog's line, the version."""
UNCOUNTED = NOT_FOLLOWED - {"layeranim.preparing.work"}
TOOLS = ("manim", "numpy", "pillow", "av", "pycairo", "uharfbuzz")
SHORT = 16
"""Hexadecimal digits of a source's digest."""
IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(?P<module>\w[\w.]*)[ \t]+import[ \t]*(?P<names>\([^)]*\)|[^\n#]*)"
    rb"|import[ \t]+(?P<plain>\w[^\n#]*))",
    re.MULTILINE,
)


@cache
def on_the_way(explainer: Explainer) -> dict[str, str]:
    """Source file → short digest, for all that decides how this explainer's films look."""
    modules = [_full(text.partition(":")[0]) for text in (explainer.layer, explainer.story, explainer.scene)]
    waiting, seen = [*modules, *SHARED], set[str]()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        if module not in NOT_FOLLOWED:
            waiting += imports(module)
            waiting += [module.rpartition(".")[0]] if "." in module else []
    digests = {module: digest for module in seen - UNCOUNTED if (digest := _digest(module))}
    return {shown(module): digest for module, digest in sorted(digests.items())} | fonts()


@cache
def fonts() -> dict[str, str]:
    """The bundled typeface."""
    folder = Path(layeranim.__file__).parent / "data" / "fonts"
    return {f"layeranim/data/fonts/{p.name}": _sha(p.read_bytes()) for p in sorted(folder.glob("*.otf"))}


@cache
def imports(module: str) -> tuple[str, ...]:
    """The modules of the same package that ``module`` imports, anywhere in its text."""
    path = file_of(module)
    if path is None:
        return ()
    top = module.partition(".")[0]
    found: list[str] = []
    for match in IMPORT.finditer(path.read_bytes()):
        parent = (match["module"] or b"").decode()
        for word in re.split(rb"[\s,()]+", re.sub(rb"#[^\n]*|\bas\s+\w+", b"", match["names"] or match["plain"])):
            name = word.decode(errors="replace")
            if not name:
                continue
            full = f"{parent}.{name}" if parent else name
            found += [one for one in (parent, full) if one.partition(".")[0] in (top, OURS) and file_of(one)]
    return tuple(dict.fromkeys(found))


@cache
def file_of(module: str) -> Path | None:
    """Where the source of a module is, if it has one; nothing but its outermost package is imported."""
    top, *rest = module.split(".")
    base = _folder(top)
    if base is None:
        return None
    path = base.joinpath(*rest)
    for file in (path / "__init__.py", path.with_name(path.name + ".py")):
        if file.is_file():
            return file
    return None


@cache
def _folder(top: str) -> Path | None:
    """The folder of a package, or for a module of its own its path without ``.py``."""
    if top == OURS:
        return Path(layeranim.__file__).parent
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return None
    return (
        Path(spec.origin).with_suffix("")
        if spec and spec.origin and not spec.submodule_search_locations
        else (Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None)
    )


@cache
def _digest(module: str) -> str | None:
    path = file_of(module)
    return _sha(path.read_bytes()) if path else None


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:SHORT]


def _full(module: str) -> str:
    return f"layeranim.{module}" if module.split(".")[0] in ("engine", "stories", "scenes") else module


def shown(module: str) -> str:
    """The path of a module's file inside its package's parent, with forward slashes: the same on every machine."""
    path = file_of(module)
    name = module.replace(".", "/")
    return f"{name}/__init__.py" if path and path.name == "__init__.py" else f"{name}.py"


def forget() -> None:
    """Look at the files anew: after a film was drawn, they must be what they were before."""
    for cached in (on_the_way, fonts, imports, file_of, _folder, _digest):
        cached.cache_clear()


@cache
def tools() -> dict[str, str]:
    """The versions of everything that can change a pixel or a byte, and the kind of machine."""
    found = {name: _version(name) for name in TOOLS}
    found["layeranim"] = layeranim.__version__
    found["zlib"] = zlib.ZLIB_RUNTIME_VERSION
    found["platform"] = f"{sys.platform}-{platform.machine()}"
    try:
        found["cairo"] = import_module("cairo").cairo_version_string()  # the system's: no package tells its version
    except ImportError:
        found["cairo"] = "missing"
    return dict(sorted(found.items()))


def everything() -> str:
    """One digest of every file of this package, what it brings along included."""
    folder = Path(layeranim.__file__).parent
    digest = hashlib.sha256()
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                digest.update(f"{os.path.relpath(path, folder)}\0".encode())
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "missing"
