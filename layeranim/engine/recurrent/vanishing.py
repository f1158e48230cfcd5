"""Vanishing and exploding gradients: how much the last state of a plain recurrent layer depends on each earlier one.

With h_t = φ(W x_t + s·U h_{t−1} + b) the Jacobian of one step is J_t = diag(φ′(a_t)) s·U, and over many steps
∂h_T/∂h_k = J_T J_{T−1} … J_{k+1}: a product of T − k matrices, which shrinks or grows with T − k (Pascanu et al., On
the difficulty of training recurrent neural networks, 2013, equation 5). Here for several scales s of the same U. What
arrives at step k is the gradient g_k = gᵀ ∂h_T/∂h_k; one that is longer than ``threshold`` is clipped to that length
(the same paper, algorithm 1). With ``forget`` an LSTM's cell is beside them: c_t = f c_{t−1} + i g passes the gradient
of its state back times f alone, ∂c_T/∂c_k = f^(T−k) along its lane (Hochreiter and Schmidhuber, Long short-term memory,
1997; the gate: Gers et al., Learning to forget, 2000). With ``truncate`` the way back is cut off after so many steps
(Williams and Peng, An efficient gradient-based algorithm for on-line training of recurrent network trajectories, 1990).
With ``losses=every`` each state has a loss of its own, whose gradients add up on their way (``losses``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from layeranim.engine import arithmetic, lazy, vector  # noqa: F401  (registers what the steps name)
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.door import Given, agreed, fitting, known, ranked, shaped, take
from layeranim.engine.option import ArrayOption, Choice, Config, Integer, Layer, Real, option
from layeranim.engine.plan import EachUnit, Plan, in_turn, whole
from layeranim.engine.recurrent import losses
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Region, Role, Shape, Step, Steps, Tensor, Trace
from layeranim.engine.window import affordable
from layeranim.errors import OptionError
from layeranim.records import dataclass

_AT = ("scales", "time")
_BACK = ("ways", "time")
"""On the way back: the scales of U, behind an LSTM's lane where there is one."""


@dataclass(frozen=True, kw_only=True)
class VanishingConfig(Config):
    """Options of the comparison."""

    hidden: int | None = option(Integer(1), None, "units of the state", aliases=("hidden_size", "units"))
    input_size: int | None = option(Integer(1), None, "features of a time step")
    timesteps: int | None = option(Integer(1), None, "time steps")
    nonlinearity: str = option(Choice(("tanh", "relu", "linear")), "tanh", "the activation of the state")
    threshold: float | None = option(Real(above=0), None, "gradients longer than this are clipped to it")
    forget: float | None = option(
        Real(0, 1), None, "the forget gate of an LSTM's cell, whose lane goes back beside the states"
    )
    truncate: int | None = option(
        Integer(1), None, "time steps that a gradient goes back, no further (truncated backpropagation)"
    )
    losses: str = option(
        Choice(("last", "every")), "last", "the loss of the last state alone, or one at every time step"
    )


ARRAYS = (
    ArrayOption("input", ("time", "features"), "input", "the sequence"),
    ArrayOption("weight_input", ("hidden", "features"), "weight", "W"),
    ArrayOption("weight_hidden", ("hidden", "hidden_before"), "weight", "U"),
    ArrayOption("bias", ("hidden",), "weight", "b", True),
    ArrayOption("scales", ("scales",), "input", "factors of U (default 0.5, 1, 1.5)", True),
    ArrayOption("gradient_above", ("hidden",), "input", "g, the gradient of the last state (default all 1)", True),
    ArrayOption(
        "target", ("time", "hidden"), "input", "what each state should be, with a loss at every step (default 1)", True
    ),
)


def complete(config: VanishingConfig, shapes: Given) -> tuple[VanishingConfig, dict[str, Shape]]:
    """Every size filled in; bias, scales and the gradient above have defaults.

    Raises:
        ShapeError: shapes that do not go together.
        OptionError: what belongs to one loss, together with a loss at every step.
    ``input`` (time, features), ``weight_input`` (hidden, features), ``weight_hidden`` (hidden, hidden_before) give
    ``gradient`` (ways, time, hidden_before), ``product_norm`` (ways, time): a way for each scale, behind the lane.
    """
    _possible(config, shapes)
    given = known(shapes, [array.name for array in ARRAYS], "vanishing")

    def at(name: str, rank: int, axis: int) -> tuple[int | None, str]:
        return (ranked(name, given[name], rank)[axis] if name in given else None), name

    hidden = agreed("hidden", [(config.hidden, "option hidden"), at("weight_hidden", 2, 0), at("weight_hidden", 2, 1),
                               at("weight_input", 2, 0)], default=3)  # fmt: skip
    features = agreed("input_size", [(config.input_size, "option input_size"), at("input", 2, 1),
                                     at("weight_input", 2, 1)], default=2)  # fmt: skip
    time = agreed("timesteps", [(config.timesteps, "option timesteps"), at("input", 2, 0)], default=8)
    needed: dict[str, Shape] = {
        "input": (time, features), "weight_input": (hidden, features), "weight_hidden": (hidden, hidden),
    }  # fmt: skip
    optional: dict[str, Shape] = {"bias": (hidden,), "gradient_above": (hidden,), "target": (time, hidden)}
    if "scales" in given:
        optional["scales"] = ranked("scales", given["scales"], 1)
    for name, shape in optional.items():
        if name in given:
            needed[name] = fitting(name, given[name], shape, "time, hidden" if name == "target" else "hidden")
    affordable("jacobian", (_ways(config, optional), time, hidden, hidden))
    if config.losses == "every":
        affordable("sent", (_ways(config, optional), hidden, time, time))
    return config.replace(hidden=hidden, input_size=features, timesteps=time), needed


def _possible(config: VanishingConfig, shapes: Given) -> None:
    """Refuse what belongs to the loss of the last state alone, or to a loss at every step."""
    held = {name for name, shape in shapes.items() if shape is not None}
    if config.losses == "every" and config.forget is not None:
        raise OptionError(f"forget is {config.forget:g}, but losses is every and the lane has no states; leave "
                          "one of them out")  # fmt: skip
    if config.losses == "every" and "gradient_above" in held:
        raise OptionError(
            "gradient_above is given, but losses is every and each begins with its own error; give target"
        )
    if config.losses == "last" and "target" in held:
        raise OptionError("target is given, but losses is last and its gradient is gradient_above; set losses to every")


def makes(config: VanishingConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The Jacobian of every step, and the products of all later ones, for every scale."""
    hidden = int(config.hidden or 1)
    time = int(config.timesteps or 1)
    states = dict.fromkeys(("pre_activation", "hidden", "slope"), (*shapes.get("scales", (3,)), time, hidden))
    back = (_ways(config, shapes), time, hidden)
    every = {"sent": (*back, time), "blame": (*back, hidden)} if config.losses == "every" else {}
    return {
        **every,
        **states,
        **dict.fromkeys(("gradient", "clipped"), back),
        **dict.fromkeys(("jacobian", "product"), (*back, hidden)),
    }


def _ways(config: VanishingConfig, shapes: Mapping[str, Shape]) -> int:
    """How many ways go back: one for each scale, and the lane's."""
    return shapes.get("scales", (3,))[0] + (config.forget is not None)


def compute(config: VanishingConfig, arrays: Mapping[str, Any]) -> Trace:
    """The trace for every scale; the state before the first step is 0."""
    taken = take(arrays)
    full, needed = complete(config, {name: array.shape for name, array in taken.items()})
    held = shaped(taken, needed, "vanishing")
    hidden, kind = int(full.hidden or 1), held["input"].dtype
    held.setdefault("bias", np.zeros(hidden, kind))
    held.setdefault("scales", np.array([0.5, 1.0, 1.5], kind))
    every = full.losses == "every"
    held.setdefault(*("target", np.ones((*held["input"].shape[:1], hidden), kind)) if every
                    else ("gradient_above", np.ones(hidden, kind)))  # fmt: skip
    with np.errstate(all="ignore"):
        held |= _forward(full, held)
        held |= _backward(full, held)
        if every:
            held |= losses.blamed(held, _before(held["hidden"]))
    layout: dict[str, tuple[tuple[str, ...], Role]] = {array.name: (array.axes, array.role) for array in ARRAYS}
    layout |= dict.fromkeys(("pre_activation", "hidden", "slope"), ((*_AT, "hidden"), "intermediate"))
    layout |= {"weight_scaled": (("scales", "hidden", "hidden_before"), "intermediate")}
    layout |= dict.fromkeys(("jacobian", "product"), ((*_BACK, "hidden", "hidden_before"), "intermediate"))
    layout |= dict.fromkeys(("gradient", "clipped"), ((*_BACK, "hidden_before"), "output"))
    layout |= {**dict.fromkeys(("product_norm", "gradient_norm"), (_BACK, "output")), **losses.AXES}
    return assemble(full, {n: Tensor(n, axes, role, held[n]) for n, (axes, role) in layout.items() if n in held})


def _forward(config: VanishingConfig, held: Mapping[str, Array]) -> dict[str, Array]:
    """All scales side by side."""
    phi = ACTIVATIONS[config.nonlinearity]
    scaled = held["scales"][:, None, None] * held["weight_hidden"]
    state = np.zeros((len(scaled), scaled.shape[1]), scaled.dtype)
    pre = np.zeros((len(scaled), len(held["input"]), scaled.shape[1]), scaled.dtype)
    out = pre.copy()
    for t, x in enumerate(held["input"]):
        pre[:, t] = held["weight_input"] @ x + np.einsum("shk,sk->sh", scaled, state) + held["bias"]
        state = out[:, t] = phi(pre[:, t])
    slope = phi.derivative(pre)
    jacobian = slope[..., None] * scaled[:, None]
    if config.forget is not None:
        lane = held_open(held["weight_hidden"], forget=config.forget)
        jacobian = np.concatenate([np.broadcast_to(lane, (1, *jacobian.shape[1:])), jacobian])
    return {"weight_scaled": scaled, "pre_activation": pre, "hidden": out, "slope": slope, "jacobian": jacobian}


def _backward(config: VanishingConfig, held: Mapping[str, Array]) -> dict[str, Array]:
    """``product[k]`` = ∂h_T/∂h_k from the last step, where it is the identity, to the first."""
    jacobian = held["jacobian"]
    product = np.zeros_like(jacobian)
    product[:, -1] = np.eye(jacobian.shape[-1], dtype=jacobian.dtype)
    for k in range(jacobian.shape[1] - 2, -1, -1):
        if config.truncate is None or jacobian.shape[1] - 1 - k <= config.truncate:
            product[:, k] = product[:, k + 1] @ jacobian[:, k + 1]
    if config.losses == "every":
        out = losses.backward(held, config.truncate)
    else:
        out = {"gradient": np.einsum("h,skhb->skb", held["gradient_above"], product)}
    gradient = out["gradient"]
    norms = {"product_norm": frobenius(product), "gradient_norm": np.sqrt((gradient * gradient).sum(axis=-1))}
    out |= {"product": product, **norms}
    if config.threshold is not None:
        out["clipped"] = clip(gradient, norms["gradient_norm"][..., None], threshold=config.threshold)
    return out


def frobenius(matrix: Array) -> Array:
    """√Σ m², over the last two axes."""
    return np.asarray(np.sqrt((matrix * matrix).sum(axis=(-2, -1))))


@operation("norm_of_cells", lambda x: (x.size + 4, finite_max(np.sqrt((x * x).sum()))))
def norm_of_cells(x: Array) -> Array:
    """√Σ x² over every cell: a vector's length, a matrix's Frobenius norm."""
    return np.asarray(np.sqrt((x * x).sum()))


@operation("clip_length", lambda x, norm, *, threshold: (4, finite_max(np.abs(x))))
def clip(x: Array, norm: Array, *, threshold: float) -> Array:
    """x, shortened to ``threshold`` where it is longer."""
    limit = x.dtype.type(threshold)
    return np.asarray(np.where(norm > limit, x * (limit / norm), x))


@operation("matrix_product", lambda a, b: (a.shape[1], finite_max(np.abs(a) @ np.abs(b))))
def matrix_product(a: Array, b: Array) -> Array:
    """A B."""
    return np.asarray((a[:, :, None] * b[None]).sum(axis=1))


@operation("identity_matrix")
def identity(matrix: Array) -> Array:
    """1 on the diagonal: the last state depends on itself alone."""
    return np.eye(len(matrix), dtype=matrix.dtype)


@operation("held_open", lambda matrix, *, forget: (0, forget))
def held_open(matrix: Array, *, forget: float) -> Array:
    """f on the diagonal: along its lane a cell's state is multiplied by its forget gate and nothing else."""
    return np.asarray(np.eye(len(matrix), dtype=matrix.dtype) * matrix.dtype.type(forget))


@operation("nothing_of")
def nothing_of(matrix: Array) -> Array:
    """0 everywhere: where the way back is cut off, nothing arrives."""
    return np.zeros_like(matrix)


@operation("scale_rows")
def scale_rows(matrix: Array, factors: Array) -> Array:
    """Each row times its factor: diag(factors) · matrix."""
    return np.asarray(factors[:, None] * matrix)


@operation("slope_of", lambda x, *, name: (8, 1.0))
def slope_of(x: Array, *, name: str) -> Array:
    """φ′(x)."""
    return ACTIVATIONS[name].derivative(x)


def assemble(config: VanishingConfig, tensors: Mapping[str, Tensor]) -> Trace:
    """The trace from its held tensors."""
    out = dict(tensors)
    hidden = np.asarray(tensors["hidden"].source)
    out["previous_hidden"] = lazy.view("previous_hidden", (*_AT, "hidden_before"), _before(hidden))
    axes = (*_AT, "hidden", "hidden_before")
    out["hidden_products"] = lazy.product("hidden_products", axes, out["weight_scaled"], out["previous_hidden"])
    out["input_products"] = lazy.product(
        "input_products", ("time", "hidden", "features"), out["weight_input"], out["input"]
    )
    out["input_sum"] = lazy.summed("input_sum", out["input_products"])
    norms = np.asarray(tensors["product_norm"].source)[:, 0]
    facts: dict[str, int | float | str] = {
        "timesteps": hidden.shape[1],
        "hidden": hidden.shape[2],
        "scales": len(hidden),
    }
    names = ["lane"] * (config.forget is not None) + [str(i) for i in range(len(hidden))]
    facts |= {f"norm_{name}": float(norm) for name, norm in zip(names, norms, strict=True)}
    return Trace("vanishing", config, out, _steps(config, out), facts)


def _before(hidden: Array) -> Array:
    """The state before each step: 0 before the first."""
    return np.concatenate([np.zeros_like(hidden[:, :1]), hidden[:, :-1]], axis=1)


def _steps(config: VanishingConfig, tensors: Mapping[str, Tensor]) -> Steps:
    """The lane's way back, then for every scale the steps forward with their Jacobians and the products backward."""
    ways, time = tensors["jacobian"].shape[0], tensors["hidden"].shape[1]
    lanes = ways - tensors["scales"].shape[0]
    name, every = (("name", config.nonlinearity),), config.losses == "every"
    forward = (
        Plan("multiply", whole("weight_input", "input"), "input_products"),
        Plan("sum_terms", whole("input_products"), "input_sum"),
        Plan("multiply", whole("weight_scaled", "previous_hidden"), "hidden_products"),
        Plan("sum_terms", whole("hidden_products", "input_sum", "bias"), "pre_activation"),
        Plan("activate", whole("pre_activation"), "hidden", name),
        Plan("slope_of", whole("pre_activation"), "slope", name),
        Plan("scale_rows", whole("weight_scaled", "slope"), "jacobian"),
        *(losses.FORWARD if every else ()),
    )
    clipped = (("threshold", config.threshold),)
    measure = (
        Plan("norm_of_cells", whole("product"), "product_norm"),
        Plan("sum_terms", whole("sent"), "gradient")
        if every
        else Plan("weigh_back", whole("product", "gradient_above"), "gradient"),
        Plan("norm_of_cells", whole("gradient"), "gradient_norm"),
        *((Plan("clip_length", whole("gradient", "gradient_norm"), "clipped", clipped),) if config.threshold else ()),
        *(losses.BLAMES if every else ()),
    )
    open_lane = (Plan("held_open", whole("weight_hidden"), "jacobian", (("forget", config.forget),)),)
    parts: list[Sequence[Step]] = []
    for way in range(ways):
        here, steps = ("ways", range(way, way + 1)), ("time", range(time))
        if way < lanes:
            parts.append(in_turn([EachUnit((here, steps), open_lane)], tensors))
        else:
            of = ("scales", range(way - lanes, way - lanes + 1))
            scaled = EachUnit((of,), (Plan("multiply", whole("weight_hidden", "scales"), "weight_scaled"),))
            parts.append(in_turn([scaled, EachUnit((of, here, steps), forward)], tensors))
        parts.append(_backwards("product", _backward_step, config, way, time))
        back = [here, ("time", range(time)[::-1])]
        if every:
            parts.append(_backwards("sent", losses.sending, config, way, time))
            back.append(("scales", range(way, way + 1)))
        parts.append(in_turn([EachUnit(tuple(back), measure)], tensors))
        if every:
            parts.append([Step("sum_terms", (Region.of("blame", ways=way),), Region.of("weight_gradient", ways=way))])
    return Steps.chain(*parts)


def _backwards(
    writes: str, make: Callable[[VanishingConfig, int, int, int], Step], config: VanishingConfig, way: int, time: int
) -> Steps:
    """A step of one way for each time step, from the last to the first."""

    def find(tensor: str, here: Mapping[str, int]) -> int | None:
        at = time - 1 - here.get("time", time - 1)
        return at if tensor == writes and here.get("ways", way) == way and 0 <= at < time else None

    return Steps(time, lambda i: make(config, way, time - 1 - i, time), find)


def _backward_step(config: VanishingConfig, way: int, k: int, time: int) -> Step:
    writes = Region.of("product", ways=way, time=k)
    if k == time - 1:
        return Step("identity_matrix", (Region.of("jacobian", ways=way, time=k),), writes)
    if config.truncate is not None and time - 1 - k > config.truncate:
        return Step("nothing_of", (Region.of("product", ways=way, time=k + 1),), writes)
    after = (Region.of(name, ways=way, time=k + 1) for name in ("product", "jacobian"))
    return Step("matrix_product", tuple(after), writes)


VANISHING = Layer(
    name="vanishing", title="Vanishing gradients", config=VanishingConfig, arrays=ARRAYS,
    complete=complete, compute=compute, assemble=assemble, makes=makes,
    formula="∂h_T/∂h_k = J_T J_{T−1} … J_{k+1}, J_t = diag(φ′(a_t)) U",
    source="R. Pascanu et al., On the difficulty of training recurrent neural networks (2013), equation 5",
)  # fmt: skip
