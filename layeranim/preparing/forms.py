"""Which axes of an array may come in another order, and the letters that say an order: ``NHWC``, ``TNC``, ``HWIO``."""

from __future__ import annotations

from typing import Any

from layeranim.engine.option import ArrayOption, Kind, Layer
from layeranim.engine.option import given as said
from layeranim.errors import OptionError
from layeranim.records import dataclass

SPACE, KERNEL, SEQUENCE = "space", "kernel", "sequence"
LETTERS = "NCDHWTOI"
_ALIKE = {"B": "N", "S": "T", "F": "C", "E": "C"}
_AXES = {
    **dict.fromkeys(("batch",), "N"), **dict.fromkeys(("in_channels", "channels", "features"), "C"),
    **dict.fromkeys(("time", "queries", "keys", "source_time", "target_time", "context_keys"), "T"),
    **dict.fromkeys(("embed", "context_embed", "value_embed", "source_features", "target_features"), "C"),
    "depth": "D", "height": "H", "width": "W",
}  # fmt: skip
_TAPS = {"kernel_depth": "D", "kernel_height": "H", "kernel_width": "W", "point_height": "H", "point_width": "W"}
_WORDS = {"channels-last": "last", "channels-first": "first", "batch-first": "NTC", "time-major": "TNC",
          "time-first": "TNC"}  # fmt: skip


@dataclass(frozen=True)
class Layout(Kind):
    """Orders of axes, several by commas: ``NHWC``, ``HWIO``, ``TNC``, ``channels-last``. Canonical: a tuple."""

    metavar: str = "NHWC|TNC|HWIO|…"

    def check(self, name: str, value: Any) -> tuple[str, ...] | None:
        if value is None:
            return None
        parts = value.replace(";", ",").split(",") if isinstance(value, str) else value
        parts = list(parts) if isinstance(parts, (list, tuple)) else [parts]
        found = tuple(_spelt(part) for part in parts if isinstance(part, str))
        if not parts or len(found) < len(parts) or "" in found:
            raise OptionError(
                f"{name} is {said(value)}, but must say the order of axes by letters, such as NHWC, HWC, TNC or HWIO, "
                "or channels-last (N batch, C channels or features, D depth, H height, W width, T time, O filters, "
                "I the channels that they read)"
            )
        return found

    def show(self, value: Any) -> str:
        return "" if value is None else ",".join(value)


def _spelt(word: str) -> str:
    """One order in our letters; nothing for what is none."""
    plain = word.strip().lower().replace("_", "-")
    if plain in _WORDS:
        return _WORDS[plain]
    text = "".join(_ALIKE.get(letter, letter) for letter in word.strip().upper())
    sound = 2 <= len(text) <= 5 and len(set(text)) == len(text) and set(text) <= {*LETTERS, "L"}
    return text if sound else ""


@dataclass(frozen=True)
class Form:
    """How one array of a layer is laid out here: what it is, and a letter for each of its axes."""

    what: str
    ours: str

    def own(self, rank: int) -> str:
        """The order that an array of so many axes has here: those that may be left out come first."""
        return self.ours[len(self.ours) - rank :]

    def others(self, rank: int) -> list[str]:
        """The orders of other libraries for so many axes."""
        full = len(self.ours)
        if self.what == SEQUENCE:
            return ["TNC"] if rank == 3 else []
        space = self.ours[2:]
        if self.what == KERNEL:
            return [space + self.ours[1::-1]] if rank == full else []
        return {full: ["N" + space + "C"], full - 1: [space + "C", "N" + space]}.get(rank, [])

    def meant(self, order: str, rank: int) -> str | None:
        """The order of so many axes that a user's word asks for; none if it is of another array."""
        if order in ("first", "last"):
            other = next(iter(self.others(rank)), None) if self.what == SPACE else None
            return self.own(rank) if order == "first" and self.what == SPACE else other
        order = order.replace("L", "T" if self.what == SEQUENCE else "W")
        fits = [self.own(rank), *self.others(rank)]
        return order if len(order) == rank and any(set(order) == set(form) for form in fits) else None


def form_of(layer: Layer, spec: ArrayOption, config: Any, rank: int) -> Form | None:
    """The form of one of a layer's arrays, where the order of its axes can be mistaken."""
    if spec.name.startswith("grad_"):
        return None
    if spec.axes == ("batch", "features"):
        return Form(SPACE, "NC" + "DHW"[5 - rank :]) if 3 <= rank <= 5 and _by_channel(layer, config) else None
    taps = "".join(_TAPS.get(axis, "") for axis in spec.axes)
    if taps and len(taps) == len(spec.axes) - 2 and spec.name != "depthwise_kernel":
        return Form(KERNEL, ("IO" if spec.axes[0] == "in_channels" else "OI") + taps)
    text = "".join(_AXES.get(axis, "?") for axis in spec.axes)
    if text == "NTC":
        return Form(SEQUENCE, text)
    return Form(SPACE, text) if text.startswith("NC") and len(text) > 2 and "?" not in text else None


def _by_channel(layer: Layer, config: Any) -> bool:
    """Whether a layer that takes rows of numbers, or images too, treats each channel of an image apart."""
    kind = getattr(config, "kind", "")
    return bool(kind in ("batch", "group", "instance") or (layer.name == "dropout" and config.channelwise))
