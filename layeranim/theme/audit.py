"""Whether a theme's colours can be read and told apart, by every kind of eye."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from layeranim.errors import OptionError
from layeranim.theme import CLEAR, PAGES, THEMES, Theme, contrast, rgb

READ, READ_AT_ALL = 4.5, 3.0
"""Contrast of text on its ground: WCAG 2.2 AA, and what large text asks at least."""
APART = 8.75
"""Least distance, in OKLab × 100, of colours whose difference carries meaning."""

# Machado, Oliveira & Fernandes 2009, "A physiologically-based model for simulation of color vision deficiency",
# severity 1.0, on linear RGB.
VISION = {
    "normal": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
# Ottosson 2020, "A perceptual color space for image processing": linear sRGB → LMS, cube root → OKLab.
LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
OKLAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
Vector = tuple[float, ...]


def _times(matrix: tuple[Vector, ...], vector: Vector) -> Vector:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def _linear(encoded: float) -> float:
    return encoded / 12.92 if encoded <= 0.04045 else float(((encoded + 0.055) / 1.055) ** 2.4)


def seen(colour: str, vision: str) -> Vector:
    """OKLab × 100 of a colour as an eye of that kind sees it, by way of the 8-bit colour that stands for it."""
    light = (min(1.0, max(0.0, v)) for v in _times(VISION[vision], tuple(_linear(c / 255) for c in rgb(colour))))
    encoded = (v * 12.92 if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in light)
    cones = _times(LMS, tuple(_linear(round(v * 255) / 255) for v in encoded))
    return tuple(100 * v for v in _times(OKLAB, tuple(v ** (1 / 3) for v in cones)))


def distance(a: str, b: str, vision: str) -> float:
    """How far apart two colours look to an eye of that kind; black and white are 100 apart."""
    return float(sum((x - y) ** 2 for x, y in zip(seen(a, vision), seen(b, vision), strict=True)) ** 0.5)


def told_apart(palette: Theme) -> dict[tuple[str, str], tuple[str, str]]:
    """The pairs of colours whose difference carries meaning."""
    colours = {token: getattr(palette, token) for token in ("focus", "result", "ink")}
    colours |= {"negative 2": palette.negative[1], "positive 2": palette.positive[1]}
    colours |= {"negative 4": palette.negative[-1], "positive 4": palette.positive[-1]}
    colours |= {f"gate {letter}": colour for letter, colour in palette.gates.items()}
    pairs = [("focus", "result"), ("focus", "ink"), ("result", "ink"), ("negative 2", "positive 2")]
    pairs += itertools.product(("focus", "result"), ("negative 4", "positive 4"))
    pairs += [("negative 4", "positive 4"), *itertools.combinations((f"gate {g}" for g in palette.gates), 2)]
    return {(a, b): (colours[a], colours[b]) for a, b in pairs}


def close(palette: Theme, least: float = APART) -> list[tuple[str, str, str]]:
    """The pairs nearer than ``least`` to each other, with the kind of eye."""
    found = itertools.product(told_apart(palette).items(), VISION)
    return [(*names, vision) for (names, colours), vision in found if distance(*colours, vision) < least]


def texts(palette: Theme) -> Iterator[tuple[str, str, str, str]]:
    """What is written on what: a word for the text, its colour, a word for its ground, the ground's colour.

    What has no background of its own is read on a white page and on a dark one.
    """
    grounds = PAGES if palette.clear else {"background": palette.bg}
    for role in ("ink", "muted", "focus", "weights", "result", "probability", *palette.gates):
        word = f"gate {role}" if role in palette.gates else "heat 6" if role == "probability" else role
        yield from ((word, palette.role(role), *ground) for ground in grounds.items())
    scales = (("negative", palette.negative), ("positive", palette.positive), ("heat", palette.heat))
    fills = [(f"{name} {n}", fill) for name, scale in scales for n, fill in enumerate(scale, 1)]
    for name, fill in [("surface", palette.surface), *fills]:
        yield "a numeral", palette.on(fill), name, fill


def check(name: str, palette: Theme) -> None:
    """Refuse a theme with text that cannot be read. Raises ``OptionError`` with the worst pair and its contrast."""
    text, ink, ground, colour = worst = _worst(palette)
    if _contrast(worst) < READ_AT_ALL:
        raise OptionError(
            f"{name}: {text} {ink} on {ground} {colour} has a contrast of {_contrast(worst):.1f} to 1, but text "
            f"can be read from {READ_AT_ALL:g} on; {_remedy(palette)}"
        )


def _remedy(palette: Theme) -> str:
    """The theme whose colours can be read on a background that was asked for, where that is one of ours."""
    base = palette.name.partition(" on ")[0]
    others = (name for name in THEMES if name != base and not palette.clear and base in THEMES)
    fitting = (name for name in others if _contrast(_worst(replace(THEMES[name], bg=palette.bg))) >= READ_AT_ALL)
    fits = next(fitting, None)
    return f"--theme {fits} can (theme={fits!r} in Python)" if fits else "choose colours that are further apart"


def _worst(palette: Theme) -> tuple[str, str, str, str]:
    return min(texts(palette), key=_contrast)


def _contrast(pair: tuple[str, str, str, str]) -> float:
    return contrast(pair[1], pair[3])


def warnings(palette: Theme) -> list[str]:
    """What is hard to read or to tell apart in a theme of one's own, with the pair and the figure."""
    if palette.name in THEMES:  # tests know them
        return []
    base = CLEAR if palette.clear else THEMES[palette.name.partition(" on ")[0].partition(",")[0]]
    out = [
        f"theme: {text} {ink} on {ground} {colour} has a contrast of {contrast(ink, colour):.1f} to 1; WCAG asks {READ}"
        for text, ink, ground, colour in texts(palette)
        if contrast(ink, colour) < READ and not (palette.clear and ground in PAGES)  # none has that on both
    ]  # fmt: skip
    usual, pairs = told_apart(base), told_apart(palette)
    eyes: dict[tuple[str, str], list[str]] = {}
    for a, b, vision in close(palette):
        if pairs[a, b] != usual[a, b]:
            eyes.setdefault((a, b), []).append(vision)
    for (a, b), visions in eyes.items():
        one, other = pairs[a, b]
        worst = min(visions, key=lambda vision: distance(one, other, vision))
        out.append(
            f"theme: {a} {one} and {b} {other} are {distance(one, other, worst):.1f} apart to {worst} eyes; colours "
            f"with a meaning are to be {APART:g} apart or more"
        )
    return out
