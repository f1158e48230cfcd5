"""A pickle as inert data: a closed interpreter of its opcodes that imports nothing and calls nothing.

What a pickle would import stays a :class:`Imported`, what it would call or build an :class:`Inert` with the arguments;
who reads it picks what he knows out of these. Opcodes: the standard library's ``pickletools`` decodes them.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from dataclasses import field
from typing import Any

from layeranim.inputs.request import Request
from layeranim.records import dataclass

OBJECT = 128
"""Bytes that one object of a pickle may take in memory, about."""


@dataclass(frozen=True)
class Imported:
    """Something that the pickle would import."""

    path: str


@dataclass(eq=False)
class Inert:
    """Something that the pickle would call, with its arguments, and the state that it would give to the result."""

    what: str
    arguments: Any = ()
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)


class _Mark:
    """Where a list of arguments begins."""


MARK = _Mark()


def unpickled(data: bytes, request: Request) -> Any:
    """The value that a pickle holds: dicts, lists, tuples, plain values, :class:`Imported` and :class:`Inert`."""
    return unpickled_from(io.BytesIO(data), request)


def unpickled_from(stream: io.BytesIO, request: Request) -> Any:
    """As :func:`unpickled`, from where the stream stands; it stands behind the pickle then."""
    machine = _Machine(request.limits.size // OBJECT, request)
    with request.decoding("is no sound pickle", "it is damaged or cut short: save it again"):
        for opcode, argument, _ in pickletools.genops(stream):
            if opcode.name == "STOP":
                return machine.stack[-1]
            machine.run(opcode.name, argument)
    raise request.refuse("is a pickle without an end", "it is damaged or cut short: save it again")


class _Machine:
    """Stack and memo. ``most`` is how many objects may be made."""

    def __init__(self, most: int, request: Request) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.left, self.request = most, request

    def run(self, name: str, argument: Any) -> None:
        if name in _PUSHED:
            self.push(argument)
        elif name in _CONSTANTS:
            self.push(_CONSTANTS[name])
        elif name in _ACTS:
            _ACTS[name](self, argument)
        elif name not in _IGNORED:
            raise self.request.refuse(f"its pickle uses {name}, which no file of weights needs", "save tensors alone")

    def push(self, value: Any) -> None:
        self.left -= 1
        if self.left < 0:
            raise self.request.refuse("its pickle holds too many objects", "save the tensors alone, or fewer of them")
        self.stack.append(value)

    def marked(self) -> list[Any]:
        """What stands above the last mark, taken off with it."""
        at = len(self.stack) - 1
        while self.stack[at] is not MARK:
            at -= 1
        found = self.stack[at + 1 :]
        del self.stack[at:]
        return found

    def tuple_of(self, count: int) -> None:
        found = tuple(self.stack[-count:])
        del self.stack[-count:]
        self.push(found)

    def call(self, what: Any, arguments: Any) -> None:
        path = what.path if isinstance(what, Imported) else "an object"
        if path == "collections.OrderedDict":
            pairs = arguments[0] if arguments else []
            self.push({pair[0]: pair[1] for pair in pairs})
        else:
            self.push(Inert(path, arguments))

    def reduce(self) -> None:
        arguments, what = self.stack.pop(), self.stack.pop()
        self.call(what, arguments)

    def put(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        held = target.items if isinstance(target, Inert) else target
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            held[key] = value

    def extend(self, values: list[Any]) -> None:
        if isinstance(self.stack[-1], list):
            self.stack[-1].extend(values)

    def build(self) -> None:
        state = self.stack.pop()
        if isinstance(self.stack[-1], Inert):
            self.stack[-1].state = state

    def name(self, module: Any, name: Any) -> None:
        self.push(Imported(f"{module}.{name}"))

    def stack_name(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.name(module, name)

    def pairs(self) -> None:
        found = self.marked()
        self.push(dict(zip(found[::2], found[1::2], strict=True)))

    def one_pair(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.put([key, value])

    def remember(self, at: int) -> None:
        self.memo[at] = self.stack[-1]


_PUSHED = frozenset(
    ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
     "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES",
     "BINBYTES8", "BYTEARRAY8")
)  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_IGNORED = frozenset(("PROTO", "FRAME"))
_ACTS: dict[str, Callable[[_Machine, Any], Any]] = {
    "MARK": lambda m, _: m.push(MARK),
    "POP": lambda m, _: m.stack.pop(),
    "POP_MARK": lambda m, _: m.marked(),
    "DUP": lambda m, _: m.push(m.stack[-1]),
    "EMPTY_DICT": lambda m, _: m.push({}),
    "EMPTY_LIST": lambda m, _: m.push([]),
    "EMPTY_SET": lambda m, _: m.push([]),
    "DICT": lambda m, _: m.pairs(),
    "LIST": lambda m, _: m.push(m.marked()),
    "TUPLE": lambda m, _: m.push(tuple(m.marked())),
    "FROZENSET": lambda m, _: m.push(m.marked()),
    "TUPLE1": lambda m, _: m.tuple_of(1),
    "TUPLE2": lambda m, _: m.tuple_of(2),
    "TUPLE3": lambda m, _: m.tuple_of(3),
    "SETITEM": lambda m, _: m.one_pair(),
    "SETITEMS": lambda m, _: m.put(m.marked()),
    "APPEND": lambda m, _: m.extend([m.stack.pop()]),
    "APPENDS": lambda m, _: m.extend(m.marked()),
    "ADDITEMS": lambda m, _: m.extend(m.marked()),
    "GLOBAL": lambda m, text: m.name(*text.split(" ", 1)),
    "STACK_GLOBAL": lambda m, _: m.stack_name(),
    "REDUCE": lambda m, _: m.reduce(),
    "NEWOBJ": lambda m, _: m.reduce(),
    "BUILD": lambda m, _: m.build(),
    "BINPERSID": lambda m, _: m.push(Inert("storage", m.stack.pop())),
    "PUT": lambda m, at: m.remember(at),
    "BINPUT": lambda m, at: m.remember(at),
    "LONG_BINPUT": lambda m, at: m.remember(at),
    "MEMOIZE": lambda m, _: m.remember(len(m.memo)),
    "GET": lambda m, at: m.push(m.memo[at]),
    "BINGET": lambda m, at: m.push(m.memo[at]),
    "LONG_BINGET": lambda m, at: m.push(m.memo[at]),
}  # fmt: skip
