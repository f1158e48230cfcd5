"""What the tests of the inputs share: one way to look at a refusal, one to look at what was read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from layeranim.errors import InputError
from layeranim.inputs import Source

Refused = Callable[..., str]
Sound = Callable[[Source], None]


@pytest.fixture
def refused() -> Refused:
    """Call, expect an InputError on one printable line that holds all of the pieces; gives the line back."""

    def check(call: Callable[[], Any], *pieces: str) -> str:
        with pytest.raises(InputError) as caught:
            call()
        message = str(caught.value)
        assert message.isprintable(), message
        assert "; " in message, message
        for piece in pieces:
            assert piece in message, message
        return message

    return check


@pytest.fixture
def sound() -> Sound:
    """Check what holds for every source: read-only, contiguous, native, with the digest of what it holds."""

    def check(found: Source) -> None:
        array = found.array
        assert not array.flags.writeable
        assert array.flags.c_contiguous
        assert array.dtype.isnative
        little = array.astype(array.dtype.newbyteorder("<"))
        head = f"{little.dtype.str.replace('|', '<')} {array.shape}\n".encode()
        assert found.digest == hashlib.sha256(head + little.tobytes()).hexdigest()

    return check
