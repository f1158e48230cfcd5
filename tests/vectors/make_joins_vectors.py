"""Makes ``joins.npz``: PyTorch's arithmetic between layers. Run ``python -m tests.vectors.make_joins_vectors``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors import store

LAYERS = ("elementwise", "concatenate", "matmul", "einsum", "pad", "reduce", "upsample")
TERNARY = ("multiply-add", "blend", "clamp", "where")
BINARY = ("add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "remainder", "floor-divide",
          "fmod", "hypot", "atan2", "logaddexp")  # fmt: skip
UNARY = ("negate", "absolute", "square", "sqrt", "reciprocal", "exp", "log", "sin", "cos", "tan", "atan", "sinh",
         "cosh", "erf", "expm1", "log1p", "log2", "log10", "sign", "floor", "ceil", "round", "trunc",
         "asin", "acos")  # fmt: skip
EQUATIONS = (
    "ij,jk->ik",
    "bhid,bhjd->bhij",
    "ab,cb->a",
    "abc->ca",
    "a,b->ab",
    "ab,ab->",
    "ab,bc,cd->ad",
    "ab,ac,ad->abd",
)
TORCH = {"subtract": "sub", "multiply": "mul", "divide": "div", "power": "pow", "negate": "neg", "absolute": "abs",
         "multiply-add": "addcmul", "blend": "lerp"}  # fmt: skip


def sizes(rng: np.random.Generator, n: int, most: int = 4) -> list[int]:
    return [int(k) for k in rng.integers(1, most + 1, n)]


def case(rng: np.random.Generator, number: int) -> store.Case:
    """One layer, forward and backward."""
    layer = LAYERS[number % len(LAYERS)]
    config, arrays, out = _elementwise(rng, number) if layer == "elementwise" else DRAWN[layer](rng)
    arrays["grad_output"] = store.array(rng, *out)
    return {"layer": layer, "config": config, "arrays": arrays, "dtype": store.TYPES[number // len(LAYERS) % 3 == 2]}


def _elementwise(rng: np.random.Generator, number: int) -> tuple[dict[str, Any], dict[str, Any], list[int]]:
    shape = sizes(rng, int(rng.integers(1, 5)))
    every = BINARY + UNARY + TERNARY
    name = every[number // len(LAYERS) % len(every)]
    positive = ("divide", "power", "sqrt", "reciprocal", "log", "log1p", "log2", "log10", "remainder", "floor-divide")
    kind = "positive" if name in positive else "unit" if name in ("asin", "acos") else "real"
    one, two, three = ([n if rng.integers(3) else 1 for n in shape] for _ in range(3))
    if name in UNARY:
        return {"operation": name}, {"input": store.array(rng, *shape, kind=kind)}, shape
    arrays = {"input": store.array(rng, *one, kind=kind), "other": store.array(rng, *two, kind=kind)}
    if name in TERNARY:
        arrays["third"] = store.array(rng, *three, kind="few" if name == "where" else "real")
        shapes = map(tuple, (one, two, three))
        return {"operation": name}, arrays, list(np.broadcast_shapes(*shapes))
    return {"operation": name}, arrays, list(np.broadcast_shapes(tuple(one), tuple(two)))


def _concatenate(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any], list[int]]:
    shape, many = sizes(rng, int(rng.integers(1, 5))), int(rng.integers(1, 5))
    axis = int(rng.integers(-len(shape), len(shape)))
    shapes = [[*shape] for _ in range(many)]
    for one in shapes:
        one[axis] = int(rng.integers(1, 4))
    arrays = {f"input{k}": store.array(rng, *one) for k, one in enumerate(shapes, 1)}
    shape[axis] = sum(one[axis] for one in shapes)
    return {"axis": axis, "inputs": many}, arrays, shape


def _matmul(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any], list[int]]:
    batch, rows, inner, columns = sizes(rng, 4)
    first, second = (batch if rng.integers(3) else 1 for _ in range(2))
    arrays = {"input": store.array(rng, first, rows, inner), "other": store.array(rng, second, inner, columns)}
    return {}, arrays, [max(first, second), rows, columns]


def _einsum(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any], list[int]]:
    equation = str(rng.choice(EQUATIONS))
    left, _, right = equation.partition("->")
    size = {letter: int(rng.integers(1, 4)) for letter in left if letter != ","}
    arrays = {name: store.array(rng, *(size[x] for x in term))
              for name, term in zip(("input", "other", "third"), left.split(","), strict=False)}  # fmt: skip
    return {"equation": equation}, arrays, [size[x] for x in right]


def _pad(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any], list[int]]:
    axes = int(rng.integers(1, 4))
    shape = sizes(rng, axes + 2)
    mode = str(rng.choice(("zeros", "reflect", "replicate", "circular")))
    least = {"reflect": 2}.get(mode, 1)
    shape[-axes:] = [max(n, least) for n in shape[-axes:]]
    most = {"zeros": 3, "replicate": 3}.get(mode)
    pairs = [int(rng.integers(0, (most if most is not None else n - (mode == "reflect")) + 1))
             for n in shape[-axes:] for _ in range(2)]  # fmt: skip
    config: dict[str, Any] = {"padding": pairs, "padding_mode": mode}
    config |= {"value": 1.5} if mode == "zeros" and rng.integers(2) else {}
    out = shape[:2] + [n + a + b for n, a, b in zip(shape[2:], pairs[::2], pairs[1::2], strict=True)]
    return config, {"input": store.array(rng, *shape)}, out


def _reduce(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any], list[int]]:
    shape = sizes(rng, int(rng.integers(1, 5)))
    over = sorted(int(k) for k in rng.choice(len(shape), int(rng.integers(1, len(shape) + 1)), replace=False))
    modes = ("mean", "sum", "max", "min", "norm", "product", "var", "std", "logsumexp")
    config: dict[str, Any] = {"mode": str(rng.choice(modes)), "axis": over}
    if config["mode"] in ("sum", "product", "logsumexp") and len(over) == 1 and rng.integers(2):
        return config | {"running": True}, {"input": store.array(rng, *shape)}, shape
    if config["mode"] in ("var", "std"):
        many = int(np.prod([shape[k] for k in over]))
        config["correction"] = int(rng.integers(2)) if many > 1 else 0
    if config["mode"] == "product":
        config["axis"] = over = over[:1]  # PyTorch's takes one axis
        few = {"input": store.array(rng, *shape, kind="few")}
        return config, few, [n for k, n in enumerate(shape) if k not in over]
    if config["mode"] == "norm" and rng.integers(2):
        config["p"] = float(rng.choice((1.0, 3.0, 1.5)))
    return config, {"input": store.array(rng, *shape)}, [n for k, n in enumerate(shape) if k not in over]


def _upsample(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any], list[int]]:
    shape = sizes(rng, 4, 5)
    mode = str(rng.choice(("nearest", "nearest-exact", "bilinear", "bicubic")))
    config: dict[str, Any] = {"mode": mode}
    if mode in ("bilinear", "bicubic") and rng.integers(2):
        config["align_corners"] = True
    if mode in ("bilinear", "bicubic") and rng.integers(2):
        config["antialias"] = True
    if rng.integers(2):
        config["output_size"] = sizes(rng, 2, 9)
        return config, {"input": store.array(rng, *shape)}, [*shape[:2], *config["output_size"]]
    factors = [float(f) for f in rng.choice((1.0, 1.5, 2.0, 2.7, 3.0), 2)]
    config |= {"scale_factor": factors[0]} | ({"scale_width": factors[1]} if factors[0] != factors[1] else {})
    size = [int(n * f) for n, f in zip(shape[2:], factors, strict=True)]
    return config, {"input": store.array(rng, *shape)}, [*shape[:2], *size]


DRAWN = {
    "concatenate": _concatenate, "matmul": _matmul, "einsum": _einsum, "pad": _pad, "reduce": _reduce,
    "upsample": _upsample,
}  # fmt: skip


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """The output, and the gradient of every array."""
    import torch

    given = {name: torch.from_numpy(a).requires_grad_() for name, a in arrays.items() if name != "grad_output"}
    y = _run(torch, case["layer"], dict(case["config"]), list(given.values()))
    y.backward(torch.from_numpy(arrays["grad_output"]))
    return {"output": y.detach().numpy(), **{f"grad_{name}": x.grad.numpy() for name, x in given.items()}}


def _run(torch: Any, layer: str, config: dict[str, Any], given: list[Any]) -> Any:
    functional = torch.nn.functional
    if layer == "elementwise":
        given = torch.broadcast_tensors(*given)  # not every function of PyTorch has slopes for what is spread
        if config["operation"] == "floor-divide":
            return torch.div(*given, rounding_mode="floor")
        if config["operation"] == "where":
            return torch.where(given[2] != 0, given[0], given[1]) + 0 * given[2]
        return getattr(torch, TORCH.get(config["operation"], config["operation"]))(*given)
    if layer == "concatenate":
        return torch.cat(given, dim=config["axis"])
    if layer in ("matmul", "einsum"):
        return torch.matmul(*given) if layer == "matmul" else torch.einsum(config["equation"], *given)
    if layer == "pad":
        pairs = list(zip(config["padding"][::2], config["padding"][1::2], strict=True))
        mode = {"zeros": "constant"}.get(config["padding_mode"], config["padding_mode"])
        last_first = [n for pair in reversed(pairs) for n in pair]
        return functional.pad(given[0], last_first, mode, config.get("value"))
    if layer == "reduce":
        if config.get("running"):
            return {"sum": torch.cumsum, "product": torch.cumprod, "logsumexp": torch.logcumsumexp}[config["mode"]](
                given[0], config["axis"][0]
            )
        if config["mode"] == "product":
            return torch.prod(given[0], config["axis"][0])
        if config["mode"] == "norm":
            return torch.linalg.vector_norm(given[0], config.get("p", 2), dim=config["axis"])
        name = {"max": "amax", "min": "amin"}.get(config["mode"], config["mode"])
        more = {"correction": config["correction"]} if "correction" in config else {}
        return getattr(torch, name)(given[0], dim=config["axis"], **more)
    factor = config.get("scale_factor")
    factors = factor and (factor, config.get("scale_width", factor))
    corners = config.get("align_corners", False) if config["mode"] in ("bilinear", "bicubic") else None
    size, smooth = config.get("output_size"), config.get("antialias", False)
    return functional.interpolate(given[0], size, factors, config["mode"], corners, antialias=smooth)


if __name__ == "__main__":
    store.write("joins", 294, case, expected)
