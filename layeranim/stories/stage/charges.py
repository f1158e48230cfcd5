"""How losses, norms and bounds are written: which of a formula's cases counts is a matter of the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def charged(values: Sequence[float], parameters: Mapping[str, Any]) -> str:
    """The loss of a prediction and a target; nothing where it has no room in words."""
    prediction, target = values[:2]
    near = abs(prediction - target) <= parameters.get("delta", 0)
    cases = {
        "squared": "({0} − {1f})²",
        "absolute": "|{0} − {1f}|",
        "huber": "({0} − {1f})² / 2" if near else "{delta} · (|{0} − {1f}| − {delta} / 2)",
        "smooth-l1": "({0} − {1f})² / (2 · {delta})" if near else "|{0} − {1f}| − {delta} / 2",
        "binary": "−ln {0}" if target == 1 else "−ln(1 − {0})" if target == 0 else "",
        "kl": "{1} · (ln {1f} − {0f})",
    }
    return cases.get(str(parameters["name"]), "")


def sloped(values: Sequence[float], parameters: Mapping[str, Any]) -> str:
    """The derivative of that loss along the prediction."""
    prediction, target = values[:2]
    near = abs(prediction - target) <= parameters.get("delta", 0)
    cases = {
        "squared": "2 · ({0} − {1f})",
        "absolute": "sign({0} − {1f})",
        "huber": "{0} − {1f}" if near else "{delta} · sign({0} − {1f})",
        "smooth-l1": "({0} − {1f}) / {delta}" if near else "sign({0} − {1f})",
        "binary": "−1 / {0f}" if target == 1 else "1 / (1 − {0f})" if target == 0 else "",
        "kl": "−t",
    }
    return cases.get(str(parameters["name"]), "")


def reduced(values: Sequence[float], parameters: Mapping[str, Any]) -> str:
    """All losses as one number."""
    return "{all: + }" if parameters["divisor"] == 1 else "({all: + }) / {divisor}"


def normed(values: Sequence[float], parameters: Mapping[str, Any]) -> str:
    """The p-norm of all numbers: of p = 1 the sum of their sizes, of p = 2 the root of the sum of their squares."""
    return {1: "{sizes}", 2: "√({squares})"}.get(parameters["p"], "({powers}){root}")


def moved(values: Sequence[float], parameters: Mapping[str, Any]) -> str:
    """A number and a multiple of another one, which is taken off where the factor is negative."""
    factor = parameters["factor"]
    return f"{{0}} {'−' if factor < 0 else '+'} {abs(factor):g} · {{1f}}"


def chained(values: Sequence[float], parameters: Mapping[str, Any]) -> str:
    """A gradient that goes back through an activation: times its slope at what went in."""
    return "{0}" if parameters["name"] == "linear" else "{0} · {name}′({1})"


def clamped(values: Sequence[float], parameters: Mapping[str, Any]) -> str:
    """The bound that a number is beyond; nothing of one that stays as it is."""
    x, low, high = values
    return "min({0}, {2})" if x > high else "max({0}, {1})" if x < low else ""
