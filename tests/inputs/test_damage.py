"""Files cut short or with flipped bits: read, or refused in one line; nothing else may come out."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from layeranim.errors import InputError
from layeranim.inputs import read

VALUES = np.random.default_rng(3).integers(0, 256, (12, 10, 3), dtype=np.uint8)


def _encoded(kind: str) -> bytes:
    stream = io.BytesIO()
    if kind == "npy":
        np.save(stream, VALUES)
    elif kind == "npz":
        np.savez_compressed(stream, x=VALUES)
    else:
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.fromarray(VALUES).save(stream, kind, exif=exif)
    return stream.getvalue()


def _read(data: bytes) -> np.ndarray | None:
    """What was read, or None when it was refused; anything but an InputError on one line fails the test."""
    message = ""
    try:
        return read("-", stdin=io.BytesIO(data)).array
    except InputError as error:
        message = str(error)
    assert message.isprintable()
    assert "; " in message
    return None


@pytest.mark.parametrize(
    ("kind", "least"),
    [("npy", 20), ("npz", 120), ("PNG", 120), ("JPEG", 10), ("WEBP", 40)],
)
def test_damage_is_refused(kind: str, least: int) -> None:
    """``least``: a flipped bit of a bare number is a number still; headers and checksums do not forgive."""
    whole = _encoded(kind)
    rng = np.random.default_rng(4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sound = _read(whole)
        assert sound is not None
        for cut in np.unique(rng.integers(1, len(whole), 80)):
            found = _read(whole[:cut])
            # a PNG may lose its end mark and checksums, which carry nothing of the picture
            assert found is None or (len(whole) - cut <= 20 and np.array_equal(found, sound)), cut
        refused = 0
        for _ in range(160):
            flipped = bytearray(whole)
            for position in rng.integers(0, len(whole), rng.integers(1, 4)):
                flipped[position] ^= 1 << int(rng.integers(8))
            refused += _read(bytes(flipped)) is None
    assert refused >= least
