"""Time steps: a flat row of numbers as a recurrent layer reads it. The values stay, the shape changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layeranim.engine.arithmetic import Cell, at, per_cell
from layeranim.engine.array import shape_text
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.door import Given, known, ranked, shaped, take
from layeranim.engine.memory import alike
from layeranim.engine.option import ArrayOption, Config, Integer, Layer, option
from layeranim.engine.trace import Region, Shape, Step, Tensor, Trace, count
from layeranim.engine.window import affordable
from layeranim.errors import ShapeError
from layeranim.records import dataclass

_OUTPUT = ("batch", "time", "features")


@dataclass(frozen=True, kw_only=True)
class TimestepsConfig(Config):
    """Options of the change of shape."""

    timesteps: int | None = option(Integer(1), None, "time steps")
    input_size: int | None = option(
        Integer(1), None, "features of each time step (default: 2 of a row of even length, else 1)",
        aliases=("features",),
    )  # fmt: skip


def complete(config: TimestepsConfig, shapes: Given) -> tuple[TimestepsConfig, dict[str, Shape]]:
    """Time steps and features from the length of the row, or the length from both.

    Raises:
        ShapeError: a length that is not timesteps · features.
    ``input`` (batch, position) give ``output`` (batch, time, features).
    """
    given = known(shapes, ["input"], "timesteps")
    shape = ranked("input", given["input"], 1, 2) if "input" in given else None
    steps, features = config.timesteps, config.input_size
    if shape is None:
        steps, features = steps or 5, features or 2
        shape = (1, steps * features)
    whole = (1, *shape) if len(shape) == 1 else shape
    if steps is None:
        features = features or 2 - whole[1] % 2
        steps = whole[1] // features
    elif features is None:
        features = whole[1] // steps
    if steps * features != whole[1]:
        raise ShapeError(
            f"input has {whole[1]} numbers, but timesteps {steps} · features {features} is {steps * features}"
        )
    affordable("input", whole)
    return config.replace(timesteps=steps, input_size=features), {"input": whole}


def compute(config: TimestepsConfig, arrays: Mapping[str, Any]) -> Trace:
    """The trace of the change of shape."""
    taken = take(arrays)
    full, needed = complete(config, {name: array.shape for name, array in taken.items()})
    row = shaped(taken, needed, "timesteps")["input"]
    steps, features = int(full.timesteps or 0), int(full.input_size or 0)
    held = (Tensor("input", ("batch", "position"), "input", row),
            Tensor("output", _OUTPUT, "output", row.reshape(len(row), steps, features)))  # fmt: skip
    return assemble(full, {tensor.name: tensor for tensor in held})


def assemble(config: TimestepsConfig, tensors: Mapping[str, Tensor]) -> Trace:
    """The trace from its held tensors: one copy for each number."""
    shape = tensors["output"].shape

    def copied(c: Cell) -> Step:
        place = c["time"] * shape[2] + c["features"]
        return Step("copy", (Region.of("input", batch=c["batch"], position=place),), Region("output", tuple(c.items())))

    facts: dict[str, int | float | str] = {
        "batch": shape[0], "timesteps": shape[1], "features": shape[2], "numbers": count(shape),
        "input_shape": shape_text(tensors["input"].shape), "output_shape": shape_text(shape),
    }  # fmt: skip
    return Trace("timesteps", config, dict(tensors), per_cell(_OUTPUT, shape, copied), facts)


def backward(trace: Trace, gradients: Mapping[str, Any]) -> Trace:
    """The gradient of each number goes back to its place in the row."""
    g, x = start(trace, gradients), trace.tensor("input")
    every = beside(
        trace,
        Tensor("grad_output", _OUTPUT, "input", g),
        Tensor("grad_input", x.axes, "output", g.reshape(x.shape)),
    )

    def back(c: Cell) -> Step:
        time, feature = divmod(c["position"], g.shape[2])
        return Step("copy", (at("grad_output", c, "batch", time=time, features=feature),), at("grad_input", c, *x.axes))

    return passed_back(trace, {"output": g}, every, per_cell(x.axes, x.shape, back))


TIMESTEPS = Layer(
    name="timesteps", title="Time steps", config=TimestepsConfig,
    arrays=(ArrayOption("input", ("batch", "position"), "input", "a row of numbers"),),
    complete=complete, compute=compute, assemble=assemble, backward=backward, makes=alike("input", 1),
    formula="n numbers → (batch, timesteps, features), n = timesteps · features",
    source="the input shape of torch.nn.RNN with batch_first and of Keras' recurrent layers",
)  # fmt: skip
