"""The stage: films as declarations. ``language`` is what a film says, ``solver`` lays it out, ``telling`` tells it."""

from layeranim.stories.stage.language import NOTHING, All, Each, Note, Play, Units
from layeranim.stories.stage.parts.bars import Bars, Stacked
from layeranim.stories.stage.parts.curve import Curve
from layeranim.stories.stage.parts.dots import DotLane, Dots
from layeranim.stories.stage.parts.grid import Grid
from layeranim.stories.stage.parts.net import Net
from layeranim.stories.stage.parts.tally import Tally
from layeranim.stories.stage.solver import Aligned, Column, Row, Tries
from layeranim.stories.stage.telling import story

__all__ = [
    "NOTHING",
    "Aligned",
    "All",
    "Bars",
    "Column",
    "Curve",
    "DotLane",
    "Dots",
    "Each",
    "Grid",
    "Net",
    "Note",
    "Play",
    "Row",
    "Stacked",
    "Tally",
    "Tries",
    "Units",
    "story",
]
