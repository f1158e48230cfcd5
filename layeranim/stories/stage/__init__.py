"""The stage: films as declarations. ``language`` is what a film says, ``solver`` lays it out, ``telling`` tells it."""

from layeranim.stories.stage.arrangements import Beneath, Cross, More, Repeat, listed, picked, stack
from layeranim.stories.stage.language import (
    NOTHING,
    All,
    Apart,
    Aside,
    Each,
    Lap,
    Laps,
    Mask,
    Note,
    Other,
    Passage,
    Passages,
    Play,
    Turn,
    Units,
    WhatIf,
    Windows,
)
from layeranim.stories.stage.lattice import Lattice
from layeranim.stories.stage.lines import Aligned, Column, Row
from layeranim.stories.stage.parts.arcs import Arcs
from layeranim.stories.stage.parts.balance import Balance
from layeranim.stories.stage.parts.bars import Bars, Stacked
from layeranim.stories.stage.parts.becoming import Becoming, Painted, Turning
from layeranim.stories.stage.parts.chip import Chip
from layeranim.stories.stage.parts.contest import Contest
from layeranim.stories.stage.parts.copied import Copied, Taken
from layeranim.stories.stage.parts.curve import Curve, Graph
from layeranim.stories.stage.parts.dials import Dials
from layeranim.stories.stage.parts.dots import DotLane, Dots
from layeranim.stories.stage.parts.grid import Grid, Strip
from layeranim.stories.stage.parts.hull import Hull
from layeranim.stories.stage.parts.key import Key
from layeranim.stories.stage.parts.lanes import Lanes, Stop, Store, Valve
from layeranim.stories.stage.parts.layer import Neurons
from layeranim.stories.stage.parts.leading import Leading
from layeranim.stories.stage.parts.maps import Maps
from layeranim.stories.stage.parts.net import Net
from layeranim.stories.stage.parts.network import NetLayer, Network
from layeranim.stories.stage.parts.others import Others, Rest, rest
from layeranim.stories.stage.parts.picture import Picture
from layeranim.stories.stage.parts.plane import Plane
from layeranim.stories.stage.parts.scatter import Scatter
from layeranim.stories.stage.parts.sheet import Folded, Sheet
from layeranim.stories.stage.parts.sides import Sides
from layeranim.stories.stage.parts.table import Table
from layeranim.stories.stage.parts.tally import Tally
from layeranim.stories.stage.parts.thinned import Thinned
from layeranim.stories.stage.parts.tracks import History, Lines, Terrain
from layeranim.stories.stage.parts.trail import Trail
from layeranim.stories.stage.parts.volume import Volume
from layeranim.stories.stage.parts.wires import Wires
from layeranim.stories.stage.solver import Tries
from layeranim.stories.stage.telling import room_for, story

__all__ = [
    "NOTHING", "Aligned", "All", "Apart", "Arcs", "Aside", "Balance", "Bars", "Becoming", "Beneath", "Chip", "Column",
    "Contest", "Copied", "Cross", "Curve", "Dials", "DotLane", "Dots", "Each", "Folded", "Graph", "Grid", "History",
    "Hull", "Key", "Lanes", "Lap", "Laps", "Lattice", "Leading", "Lines", "Maps", "Mask", "More", "Net", "NetLayer",
    "Network", "Neurons", "Note", "Other", "Others", "Painted", "Passage", "Passages", "Picture", "Plane", "Play",
    "Repeat", "Rest", "Row", "Scatter", "Sheet", "Sides", "Stacked", "Stop", "Store", "Strip", "Table", "Taken",
    "Tally", "Terrain", "Thinned", "Trail", "Tries", "Turn", "Turning", "Units", "Valve", "Volume", "WhatIf", "Windows",
    "Wires", "listed", "picked", "rest", "room_for", "stack", "story",
]  # fmt: skip
