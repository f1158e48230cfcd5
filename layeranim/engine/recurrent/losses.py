"""A loss at every time step: what each sends back through time, and what one weight that all steps share is blamed for.

L_t = ½ |h_t − y_t|² begins with the error h_t − y_t. What loss m sends to step k is that error times the Jacobians
of the steps between, J_m … J_{k+1}; a step's gradient is the sum of what all losses from it on send there, and that of
U is the sum over time of (φ′ ⊙ g_t) h_{t−1}ᵀ (Werbos, Backpropagation through time: what it does and how to do it,
1990). With ``truncate`` a loss reaches so many steps back and no further (Williams and Peng, 1990).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine import arithmetic, vector  # noqa: F401  (registers what the steps name)
from layeranim.engine.plan import Plan, whole
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Region, Role, Step

AXES: dict[str, tuple[tuple[str, ...], Role]] = {
    "error": (("scales", "time", "hidden"), "intermediate"),
    "loss": (("scales", "time"), "output"),
    "sent": (("ways", "hidden_before", "losses", "time"), "intermediate"),
    "delta": (("ways", "time", "hidden"), "intermediate"),
    "blame": (("ways", "hidden", "hidden_before", "time"), "intermediate"),
    "weight_gradient": (("ways", "hidden", "hidden_before"), "output"),
}
FORWARD = (
    Plan("minus", whole("hidden", "target"), "error"),
    Plan("half_squares", whole("error"), "loss"),
)
"""What a time step makes of its state, for the loss that hangs on it."""
BLAMES = (
    Plan("multiply", whole("gradient", "slope"), "delta"),
    Plan("outer_sum", whole("delta", "previous_hidden"), "blame"),
)
"""What a time step makes of the gradient that arrives there, for the weight of the state before it."""


@operation("half_squares", lambda x: (x.size + 1, finite_max((x * x).sum()) / 2))
def half_squares(x: Array) -> Array:
    """½ Σ x²."""
    return np.asarray((x * x).sum() / x.dtype.type(2))


@operation("last_alone")
def last_alone(error: Array, *, losses: int) -> Array:
    """(hidden, losses): at the last step one loss alone has anything to send, its own error."""
    out = np.zeros((len(error), losses), error.dtype)
    out[:, -1] = error
    return out


def _sent_terms(later: Array, jacobian: Array, error: Array, **_: Any) -> tuple[int, float]:
    return len(error), finite_max(np.append(np.abs(jacobian).T @ np.abs(later), np.abs(error)))


@operation("send_back", _sent_terms)
def send_back(later: Array, jacobian: Array, error: Array, *, at: int, reach: int | None) -> Array:
    """What every loss sends to step ``at``: (hidden, losses). Later ones what they sent to the step after it times its
    Jacobian, as far as they reach; the step's own loss its error."""
    out = (jacobian[:, :, None] * later[:, None]).sum(axis=0)
    out[:, at] = error
    out[:, :at] = 0
    if reach is not None:
        out[:, at + reach + 1 :] = 0
    return np.asarray(out)


def backward(held: Mapping[str, Array], truncate: int | None) -> dict[str, Array]:
    """The errors and losses of all states, what each loss sends back, and their sum: the gradient at each step."""
    error, jacobian = held["hidden"] - held["target"], held["jacobian"]
    scales, time, hidden = error.shape
    sent = np.zeros((scales, hidden, time, time), error.dtype)
    for k in range(time - 1, -1, -1):
        if k < time - 1:
            last = time if truncate is None else min(time, k + truncate + 1)
            sent[..., k + 1 : last, k] = jacobian[:, k + 1].swapaxes(1, 2) @ sent[..., k + 1 : last, k + 1]
        sent[..., k, k] = error[:, k]
    gradient = np.ascontiguousarray(sent.sum(axis=2).swapaxes(1, 2))
    return {"error": error, "loss": (error * error).sum(axis=-1) / 2, "sent": sent, "gradient": gradient}


def blamed(held: Mapping[str, Array], previous: Array) -> dict[str, Array]:
    """The gradient of the weight of the state at each step, and over all of them."""
    delta = held["gradient"] * held["slope"]
    blame = np.einsum("sth,stb->shbt", delta, previous)
    return {"delta": delta, "blame": blame, "weight_gradient": blame.sum(axis=-1)}


def sending(config: Any, way: int, k: int, time: int) -> Step:
    """What every loss sends to a step."""
    error, writes = Region.of("error", scales=way, time=k), Region.of("sent", ways=way, time=k)
    if k == time - 1:
        return Step("last_alone", (error,), writes, (("losses", time),))
    reads = (Region.of("sent", ways=way, time=k + 1), Region.of("jacobian", ways=way, time=k + 1), error)
    return Step("send_back", reads, writes, (("at", k), ("reach", config.truncate)))
