"""The colours of a GIF: tokens and a film's own exact, everything else the nearest there is."""

from __future__ import annotations

import numpy as np
import pytest

from layeranim.errors import OptionError
from layeranim.film.palette import Lookup, palette
from layeranim.theme import DARK, GREYS, LIGHT, PLANES, THEMES, Theme, rgb

BOTH = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
IMAGE = tuple(LIGHT.fill(plane, level) for plane in PLANES for level in range(GREYS))


def packed(colours: tuple[str, ...]) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    return np.array([0xFF000000 | int(colour[1:], 16) for colour in colours], np.uint32)


@BOTH
def test_tokens_come_first_and_the_table_is_full(theme: Theme) -> None:
    colours = palette(theme)
    assert colours[: len(theme.tokens())] == theme.tokens()
    assert len(colours) == len(set(colours)) == 255


@BOTH
@pytest.mark.parametrize("extra", [(), IMAGE], ids=["drawn", "image"])
def test_tokens_and_extra_colours_are_exact(theme: Theme, extra: tuple[str, ...]) -> None:
    colours = palette(theme, extra)
    lookup = Lookup(colours)
    for colour in (*theme.tokens(), *extra):
        (index,) = lookup(packed((colour,)))
        assert colours[index - 1] == colour


def test_too_many_exact_colours_are_refused() -> None:
    extra = tuple(f"#{number:06X}" for number in range(240))
    with pytest.raises(OptionError, match=r"need 26\d colours, a GIF holds 255"):
        palette(LIGHT, extra)


def test_the_nearest_colour_by_brute_force() -> None:
    colours = palette(DARK)
    table = np.array([rgb(colour) for colour in colours])
    some = np.random.default_rng(3).integers(0, 1 << 24, (40, 50), np.uint32)
    found = Lookup(colours)(some | np.uint32(0xFF000000))
    channels = np.stack([some >> 16, some >> 8 & 255, some & 255], axis=-1).astype(int)
    distances = ((channels[:, :, None] - table) ** 2).sum(axis=-1)
    np.testing.assert_array_equal(found - 1, distances.argmin(axis=-1))


def test_asking_again_gives_the_same() -> None:
    lookup = Lookup(palette(LIGHT))
    first, second = packed(("#123456", "#FFFFFF")), packed(("#FFFFFF", "#654321", "#123456"))
    before = lookup(first)
    after = lookup(second)
    assert (after[0], after[2]) == (before[1], before[0])
    assert lookup(first).tolist() == before.tolist()


@BOTH
def test_antialiased_text_on_the_background_stays_close(theme: Theme) -> None:
    """17 steps of ink on the background, as cairo blends them, are all in the table, to a rounding."""
    colours = palette(theme)
    lookup = Lookup(colours)
    low, high = np.array(rgb(theme.bg)), np.array(rgb(theme.ink))
    for step in range(17):
        shade = np.round(low + (high - low) * step / 16).astype(int)
        (index,) = lookup(packed((f"#{shade[0]:02X}{shade[1]:02X}{shade[2]:02X}",)))
        assert np.abs(np.array(rgb(colours[index - 1])) - shade).max() <= 1
