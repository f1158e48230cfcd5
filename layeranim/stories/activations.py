"""How activations are written, and which of them stay between −1 and 1."""

from __future__ import annotations

ACTIVATION_NAMES = {
    "relu": "ReLU",
    "leaky-relu": "leaky ReLU",
    "prelu": "PReLU",
    "elu": "ELU",
    "selu": "SELU",
    "celu": "CELU",
    "gelu": "GELU",
    "gelu-tanh": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "sigmoid": "σ",
    "relu6": "ReLU6",
    "glu": "GLU",
    "reglu": "ReGLU",
    "geglu": "GEGLU",
    "swiglu": "SwiGLU",
}

BOUNDED = ("step", "sigmoid", "tanh", "softsign", "hard-sigmoid", "hard-tanh")
"""They stay between −1 and 1, whatever goes in: their results have that range as their colours' own."""


def bounded(activation: str, *made: str) -> dict[str, float]:
    """The ranges of colours of what an activation made, where it has one of its own."""
    return dict.fromkeys(made, 1.0) if activation in BOUNDED else {}


def activation_name(activation: str) -> str:
    """How an activation is written on its chip."""
    return ACTIVATION_NAMES.get(activation, activation)


def activation_word(activation: str) -> str:
    """How an activation is written among the parameters: no letter that one must know."""
    return activation if activation == "sigmoid" else activation_name(activation)
