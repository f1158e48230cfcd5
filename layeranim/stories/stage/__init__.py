"""The stage: films as declarations. ``language`` is what a film says, ``solver`` lays it out, ``telling`` tells it."""

from layeranim.stories.stage.arrangements import Cross, Repeat
from layeranim.stories.stage.language import NOTHING, All, Aside, Each, Note, Play, Turn, Units, Windows
from layeranim.stories.stage.parts.arcs import Arcs
from layeranim.stories.stage.parts.balance import Balance
from layeranim.stories.stage.parts.bars import Bars, Stacked
from layeranim.stories.stage.parts.chip import Chip
from layeranim.stories.stage.parts.curve import Curve
from layeranim.stories.stage.parts.dials import Dials
from layeranim.stories.stage.parts.dots import DotLane, Dots
from layeranim.stories.stage.parts.graph import Graph
from layeranim.stories.stage.parts.grid import Grid, Strip
from layeranim.stories.stage.parts.history import History
from layeranim.stories.stage.parts.key import Key
from layeranim.stories.stage.parts.layer import Neurons
from layeranim.stories.stage.parts.net import Net
from layeranim.stories.stage.parts.picture import Picture
from layeranim.stories.stage.parts.plane import Plane
from layeranim.stories.stage.parts.scatter import Scatter
from layeranim.stories.stage.parts.sheet import Folded, Sheet
from layeranim.stories.stage.parts.table import Table
from layeranim.stories.stage.parts.tally import Tally
from layeranim.stories.stage.parts.thinned import Thinned
from layeranim.stories.stage.parts.volume import Volume
from layeranim.stories.stage.solver import Aligned, Column, Row, Tries
from layeranim.stories.stage.telling import story

__all__ = [
    "NOTHING",
    "Aligned",
    "All",
    "Arcs",
    "Aside",
    "Balance",
    "Bars",
    "Chip",
    "Column",
    "Cross",
    "Curve",
    "Dials",
    "DotLane",
    "Dots",
    "Each",
    "Folded",
    "Graph",
    "Grid",
    "History",
    "Key",
    "Net",
    "Neurons",
    "Note",
    "Picture",
    "Plane",
    "Play",
    "Repeat",
    "Row",
    "Scatter",
    "Sheet",
    "Stacked",
    "Strip",
    "Table",
    "Tally",
    "Thinned",
    "Tries",
    "Turn",
    "Units",
    "Volume",
    "Windows",
    "story",
]
