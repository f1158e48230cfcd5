"""Generators and critics that learn in turns: one that settles, one that goes round for ever."""

from __future__ import annotations

from layeranim.stories.preset import Preset

REAL = [0.5, 1.0, 1.4, 1.6, 2.0, 2.5]
NOISE = [-1.5, -0.8, -0.3, 0.3, 0.8, 1.5]
PRESETS = (
    Preset(
        "settles",
        "six real numbers around 1.5, forged ones that begin around −3: turn by turn they come to lie alike",
        "values ours; it ends at the losses ln 4 and ln 2 of Goodfellow and others, Generative adversarial nets (2014)",
        arrays={"real": REAL, "noise": NOISE},
        unit=3,
    ),
    Preset(
        "circles",
        "one number against one, nothing that damps: they go round and round the place where both would rest",
        "L. Mescheder, A. Geiger, S. Nowozin, Which training methods for GANs do actually converge? (2018), the "
        "Dirac-GAN, begun at (1, 1)",
        arrays={"real": [0], "noise": [0], "generator_start": [1, 1], "critic_start": [1]},
        options={
            "critic_degree": 1, "critic_bias": False, "critic_decay": 0, "critic_steps": 1, "loss": "minimax",
            "critic_rate": 1.2, "generator_rate": 1.2, "turns": 16,
        },
        title="A Dirac GAN",
        unit=7,
    ),
)  # fmt: skip
