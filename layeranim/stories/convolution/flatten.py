"""Flatten: feature maps fan out, and their cells lie down in one row, map by map and line by line."""

from __future__ import annotations

from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Column, Each, Grid, Note, Play, Units, Volume, story
from layeranim.stories.stage.parts.volume import MOST
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "between feature maps and a dense layer, which reads a row"


def film(telling: Telling) -> Play:
    """The film of a flattening."""
    trace = telling.trace
    maps, height, width = (trace.size(axis) for axis in ("channels", "height", "width"))
    sample = telling.sample
    drawn, count = min(MOST, maps), maps * height * width

    def says(unit: int) -> Line:
        """A number, where it was, how its place in the row follows from that."""
        c, rest = divmod(unit, height * width)
        row, col = divmod(rest, width)
        return (
            telling.number(Address("input", (sample, c, row, col)), weight="semibold"),
            Run(f" from ({c}, {row}, {col}) goes to place ", source=Fact("index")),
            Run(f"({c}·{height} + {row})·{width} + {col}", "ink", source=Fact("index")),
            Run(" = ", late=True),
            Run(str(unit), "result", "semibold", Fact("index"), late=True),
        )

    return Play(
        units=Units(
            ("channels", "height", "width"), ("number", "numbers"), numbered=("features",),
            names=tuple(f"map {k // (height * width)}, row {k // width % height}, column {k % width}"
                        for k in range(count)),
        ),
        stage=Column(
            Volume("input", "maps", "channels", "height", "width"),
            Grid("output", "row", cols="features", beside=True),
        ),
        acts=(Each((("output", Note("map, row and column are counted from 0")),)),),
        words={"output": says},
        opening=sentence("maps are laid down in one row: ", "no number changes"),
        closing=_closing(maps, count),
        options=(
            f"{maps}×{height}×{width} → {count}",
            *phrases.not_all(drawn, maps, "maps"),
        ),
        alike=(("input", "output"),),
        follow=_followed(maps, height, width),
        routes=tuple((f"input:{k}", "output") for k in range(drawn)),
    )  # fmt: skip


def _followed(maps: int, height: int, width: int) -> int:
    """The first cell of the second line of a later map, as far as there are as many."""
    return (min(3, maps - 1) * height + min(1, height - 1)) * width


def _closing(maps: int, count: int) -> Line:
    what = "1 map" if maps == 1 else f"{maps} maps"
    row = f"a row of {count}" if count > 1 else "a row of 1"
    return sentence(f"{what} → {row}: the same numbers, ", "no more map")


FlattenStory = story("Flatten", film, GOOD_FOR)
