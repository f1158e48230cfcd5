"""Modules that run in two parts: their first lines at import, the others when something asks for more.

``importlib.util.LazyLoader`` is not enough: a package that it defers is run by the import of any of its submodules, and
any module by ``from module import name``. Such a name can wait too, as ``lazy from module import name`` of Python 3.15.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from threading import RLock
from types import ModuleType
from typing import Any

_ONE_AT_A_TIME = RLock()


class Deferred(ModuleType):
    """A module that has run its first lines. Whatever it lacks is looked for in the rest, which then runs, once."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in PUBLIC:  # Python's own questions: it has what it has
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if name in vars(self).get(_LATER, ()):
            return Later(self, name)
        if name not in PUBLIC and "__path__" in vars(self) and find_spec(f"{self.__name__}.{name}"):  # a submodule
            return import_module(f"{self.__name__}.{name}")
        self._complete()
        if name in vars(self):
            return vars(self)[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        self._complete()
        return dir(self)

    def _complete(self) -> None:
        with _ONE_AT_A_TIME:  # another thread waits until all is there, as it would for an import
            rest = vars(self).pop(_REST, None)
            if rest is None:
                return
            vars(self).pop(_LATER, None)
            try:
                exec(rest(), vars(self))
            except BaseException:
                vars(self)[_REST] = rest
                raise
            self.__class__ = ModuleType  # type: ignore[assignment]


class Later:
    """A class or function that was imported from a module which has not run: it does so when the name is used."""

    def __init__(self, module: ModuleType, name: str) -> None:
        self.__module, self.__name = module, name

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__itself(), name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__itself()(*args, **kwargs)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self.__itself(),)  # as a base of a class

    def __itself(self) -> Any:
        vars(self.__module).pop(_LATER, None)
        return getattr(self.__module, self.__name)


PUBLIC = ("__all__", "__version__")
_REST = "__its other lines__"
_LATER = "__what is imported from it and waits__"


class Deferring:
    """Finds the modules as all others would, and keeps all but their first lines for later."""

    def __init__(self, heavy: Mapping[str, str], later: Mapping[str, Collection[str]]) -> None:
        self.heavy, self.later = heavy, later

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in self.heavy:
            return None
        others: Any = (finder for finder in sys.meta_path if finder is not self)
        spec: ModuleSpec | None = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and isinstance(spec.loader, InspectLoader):
            parts = _parted(spec.loader, name, self.heavy[name], spec.origin or name)
            if parts:
                begin = partial(_begin, begin=parts[0], rest=parts[1], later=self.later.get(name, ()))
                setattr(spec.loader, "exec_module", begin)  # noqa: B010 - as a method
        return spec


def _parted(loader: InspectLoader, name: str, after: str, file: str) -> tuple[Any, Callable[[], Any]] | None:
    """The code up to and with the line ``after``, and what gives the code behind it; None where there is no such line.

    Without a line to wait for it is all of the module's code, which Python has compiled before.
    """
    if not after:
        return "", lambda: loader.get_code(name)
    lines = (loader.get_source(name) or "").splitlines(keepends=True)
    if f"{after}\n" not in lines:
        return None  # another Manim than we know: all of it, as it says
    first = lines.index(f"{after}\n") + 1
    future = "from __future__ import annotations\n"
    said = future if future in lines[:first] else ""
    rest = "\n" * (first - bool(said)) + "".join(lines[first:])  # its lines keep their numbers
    return compile("".join(lines[:first]), file, "exec"), lambda: compile(said + rest, file, "exec")


def _begin(module: ModuleType, begin: Any, rest: Callable[[], Any], later: Collection[str]) -> None:
    exec(begin, vars(module))
    vars(module).update({_REST: rest, _LATER: later})
    module.__class__ = Deferred


@contextmanager
def deferring(heavy: Mapping[str, str], later: Mapping[str, Collection[str]] | None = None) -> Iterator[None]:
    """Defer these modules where they are imported for the first time in here; nobody else's imports are touched.

    ``heavy``: each of them, and the line after which its rest waits ("" for all of it). ``later``: what may be imported
    from one of them, in here, without its rest.
    """
    finder: Any = Deferring(heavy, later or {})
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in finder.later:
            vars(sys.modules.get(name, ModuleType(name))).pop(_LATER, None)
