"""Manim as it comes: whoever's ``manim.cfg`` there is, it neither changes a film nor stands in the way of one.

Manim reads those files when it is imported, and cannot be told not to; what it asks for their places is replaced.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

READER = "manim._config.utils"
PLACES = "config_file_paths"


def files_left_alone() -> list[str]:
    """The configuration files that Manim would read here, beside its own."""
    mine = "AppData/Roaming/Manim" if sys.platform == "win32" else ".config/manim"
    found = [os.path.join("~", mine, "manim.cfg"), "manim.cfg"]
    return [path for path in found if os.path.exists(os.path.expanduser(path))]


class Unconfigured:
    """Finds Manim's reader of configurations as all others would, and leaves it no file but Manim's own."""

    @classmethod
    def find_spec(cls, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != READER:
            return None
        others: Any = (finder for finder in sys.meta_path if finder is not cls)
        spec: ModuleSpec | None = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def then_leave_it_none(module: ModuleType) -> None:
                execute(module)
                if not hasattr(module, PLACES):
                    raise ImportError(f"this Manim has no {PLACES}; layeranim needs manim 0.22")
                setattr(module, PLACES, _own)

            setattr(spec.loader, "exec_module", then_leave_it_none)  # noqa: B010 - a method, as far as mypy can tell
        return spec


def _own() -> list[Path]:
    """Manim's own file, and in place of the user's and the folder's two that cannot be there."""
    own = default_file()
    return [own, own / "none", own / "none"]


def default_file() -> Path:
    """The configuration that comes with Manim."""
    return Path(str(sys.modules[READER].__file__)).resolve().with_name("default.cfg")


def install() -> None:
    """From now on; where Manim is loaded already, ``host.session`` alone sees to it."""
    if Unconfigured not in sys.meta_path:
        sys.meta_path.insert(0, Unconfigured)
