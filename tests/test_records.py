"""Dataclasses made when first used are what ``dataclasses`` makes, and are not made before."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pickle
import pkgutil
from typing import Any

import pytest

import layeranim
from layeranim.records import dataclass


def unmade(cls: type) -> bool:
    return "__dataclass_params__" not in vars(cls)


def pair(of: Any) -> tuple[type, type]:
    """Two records, one a child of the other, neither made."""

    @of(frozen=True)
    class Base:
        a: int
        b: list[int] = dataclasses.field(default_factory=list, compare=False)

    @of(frozen=True, kw_only=True)
    class Child(Base):
        c: str = "c"

    return Base, Child


ASKED = {
    "an instance": lambda base, child: child(1),
    "its fields": lambda base, child: [field.name for field in dataclasses.fields(child)],
    "its signature": lambda base, child: str(inspect.signature(child)),
    "one changed": lambda base, child: dataclasses.replace(child(1, c="x"), a=2),
    "as a dict": lambda base, child: dataclasses.asdict(child(1, [2])),
    "equal": lambda base, child: child(1, [2]) == child(1, [3]),
    "another kind": lambda base, child: base(1) == child(1),
    "hashed alike": lambda base, child: hash(child(1)) == hash(child(1, [4])),
    "printed": lambda base, child: repr(child(1)).rsplit(".")[-1],
    "by position": lambda base, child: [base.__match_args__, child.__match_args__],
    "whether it is one": lambda base, child: dataclasses.is_dataclass(child),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_made_later_is_the_same(asked: Any) -> None:
    def told(pair: tuple[type, type]) -> Any:
        said = asked(*pair)
        return dataclasses.astuple(said) if dataclasses.is_dataclass(said) else said

    ours = pair(dataclass)
    assert all(unmade(cls) for cls in ours)
    assert told(ours) == told(pair(dataclasses.dataclass))
    assert not unmade(ours[0])


class Odd:
    """Equal where both are even or odd."""

    a: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Odd) and (self.a - other.a) % 2 == 0


class Named:
    a: int
    b: int = dataclasses.field(default=0, hash=False)
    c: Any = dataclasses.field(default=0, compare=False, hash=True)

    def __repr__(self) -> str:
        return f"number {self.a}"


class Hashed:
    a: int

    def __hash__(self) -> int:
        return 7


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("written", [Odd, Named, Hashed])
def test_what_a_class_writes_itself_stays(written: type, frozen: bool) -> None:
    def told(of: Any) -> list[Any]:
        cls = of(frozen=frozen)(type(written.__name__, (), dict(vars(written))))
        one, two = cls(1), cls(3)
        said: list[Any] = [one == two, one == cls(1), one == 1, repr(one).rsplit(".")[-1], cls.__hash__ is None]
        if written is Named:
            said += [cls(1, 2) == cls(1, 2, 3), cls(1, 2) == cls(1, 3)]
            if frozen:
                said += [hash(cls(1, 2)) == hash(cls(1, 3)), hash(cls(1, 2)) == hash(cls(1, 2, 3))]
        return [*said, cls.__hash__ is not None and hash(one) == hash(cls(1))]

    assert told(dataclass) == told(dataclasses.dataclass)


def test_one_that_holds_itself_is_printed() -> None:
    @dataclass
    class Held:
        a: list[Any]

    held = Held([])
    held.a.append(held)
    assert repr(held).endswith("Held(a=[...])")


def test_frozen_as_said() -> None:
    base, child = pair(dataclass)
    for one in (base(1), child(1)):
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'a'"):
            one.a = 2
        with pytest.raises(dataclasses.FrozenInstanceError):
            del one.a


@dataclass(frozen=True)
class Sent:
    a: int


def test_read_from_a_pickle_before_one_was_made() -> None:
    assert unmade(Sent)  # as in a worker that receives its first
    received, same = (pickle.loads(b"\x80\x04\x8c" + _named(Sent) + b"\x93)\x81}\x8c\x01aK\x07sb.") for _ in range(2))
    assert received == same
    assert (hash(received), repr(received), received.a) == (hash(same), "Sent(a=7)", 7)
    assert pickle.loads(pickle.dumps(received)) == received


def _named(cls: type) -> bytes:
    """The module and name of a class, as a pickle says them."""
    module, name = cls.__module__.encode(), cls.__name__.encode()
    return bytes([len(module)]) + module + b"\x8c" + bytes([len(name)]) + name


def test_own_methods_stay() -> None:
    @dataclass(frozen=True)
    class Loud:
        a: int

        def __repr__(self) -> str:
            return "loud"

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = object.__hash__

    assert unmade(Loud)
    assert (repr(Loud(1)), Loud(1) == 3) == ("loud", True)


@pytest.mark.parametrize("options", [{"order": True}, {"slots": True}, {"init": False}], ids=str)
def test_what_makes_more_is_made_at_once(options: dict[str, Any]) -> None:
    @dataclass(**options)
    class More:
        a: int = 1

    assert not unmade(More)


def test_every_record_of_the_package_is_sound() -> None:
    """A mistake in one, a field without a default behind one with it, would wait for its first use."""
    seen = 0
    for module in pkgutil.walk_packages(layeranim.__path__, "layeranim."):
        if module.name.endswith("__main__"):
            continue
        for cls in vars(importlib.import_module(module.name)).values():
            if isinstance(cls, type) and cls.__module__ == module.name and dataclasses.is_dataclass(cls):
                assert dataclasses.fields(cls) is not None
                seen += 1
    assert seen > 300
