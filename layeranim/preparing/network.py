"""The film of a captured model: which of its calls are drawn, and the trace of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from layeranim import catalog
from layeranim.canvas import Canvas
from layeranim.capturing import Capture
from layeranim.capturing.captured import ModelCall
from layeranim.capturing.network import network, places
from layeranim.capturing.outline import OutlinedStage, outline, sketched
from layeranim.engine.trace import Trace
from layeranim.errors import OptionError
from layeranim.stories.networks.called import width
from layeranim.stories.networks.captured_options import GraphFilmConfig
from layeranim.stories.networks.opened import OPEN_MOST, cards, lines
from layeranim.stories.networks.sequential_stage import FEWEST
from layeranim.stories.options import FilmOptions

PRESETS = ()
"""A captured model is the user's own: there are no ready ones."""
LONGEST_TITLE = 48


def titled(name: str) -> str:
    """The end of a name that is too long for a title."""
    return name if len(name) <= LONGEST_TITLE else f"…{name[1 - LONGEST_TITLE :]}"


def film_options(model: Capture, options: Mapping[str, Any]) -> FilmOptions:
    """The options of a model's film; its title is the model's class, unless one was given."""
    own = {item.name for item in GraphFilmConfig.options()}
    given = {key: value for key, value in options.items() if key.replace("-", "_") not in own and value is not None}
    found: Any = FilmOptions.of({"title": titled(model.model) or None, **given})
    return found  # type: ignore[no-any-return]


def trace(model: Capture, film: FilmOptions, opened: Any = None) -> Trace:
    """What a film of a model shows: as many stages as its canvas has room for, and the ``opened`` ones alone.

    Raises ``OptionError`` for more to open than have room, a call that there is not, and one that no layer computes.
    """
    asked: Any = GraphFilmConfig(opened=opened)
    every = list(model.layers)
    calls = [call for call in every if not call.numberless]
    if not calls:
        raise OptionError(f"{model.model} made no call that computes something, so there is nothing to draw")
    names = [every[k].name for k in sorted({*places(every, asked.opened or ())})]
    if len(names) > OPEN_MOST:
        raise OptionError(f"opened names {len(names)} calls, but {OPEN_MOST} have room at once; open the others in a "
                          "film of their own")  # fmt: skip
    for name in names:
        if model[name].layer is None:
            raise OptionError(f"opened names {name}, which no layer here computes: {model[name].why}")
    at = [k for k, call in enumerate(calls) if call.name in names]
    numbers = {call.name: number for number, call in enumerate(every, 1)}
    text, arrays = network(calls, _stages(calls, film.canvas, at), numbers)
    layer = catalog.layer("network")
    return layer.compute(GraphFilmConfig(calls=text, opened=tuple(names) or None), arrays)


def _stages(calls: Sequence[ModelCall], canvas: Canvas, opened: Sequence[int]) -> list[OutlinedStage]:
    """As many stages as stand side by side with their words, in lines where all are low; where rows are broken anyway
    as many as there is room for."""
    for room in range(cards(canvas, opened, low=True) - 1, FEWEST, -1):
        found = outline(calls, room, opened)
        low = not opened and all(_low(calls[stage.calls[-1]]) for stage in found)
        wide = width([sketched(calls, stage) for stage in found])
        most = lines(canvas) * canvas.room if low else canvas.room
        if room < cards(canvas, opened, low) and (wide <= most or (canvas.narrow and not low)):
            return found
    return outline(calls, FEWEST, opened)


def _low(call: ModelCall) -> bool:
    """Whether a call gives rows of features, or those of heads."""
    return call.layer in ("attention", "embedding") or [len(shape) for shape in call.shapes_out[:1]] == [3]
