"""Makes ``gan.npz``: PyTorch, turn by turn. Run ``python -m tests.vectors.make_gan_vectors``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors import store

METHODS = {"sgd": "SGD", "adagrad": "Adagrad", "rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW"}


def case(rng: np.random.Generator, number: int) -> store.Case:
    """Some real numbers and some noise, any method, critic and loss; rates at which nothing runs away."""
    method = str(rng.choice([*METHODS, "sgd"]))
    degree, bias = int(rng.integers(1, 5)), bool(rng.integers(4))
    config: dict[str, Any] = {
        "turns": int(rng.integers(1, 5)), "critic_steps": int(rng.integers(1, 4)), "method": method,
        "loss": ("non-saturating", "minimax")[number % 2], "critic_rate": float(rng.choice([0.02, 0.05])),
        "generator_rate": float(rng.choice([0.02, 0.1])), "critic_decay": float(rng.choice([0, 0.1, 0.5])),
        "critic_degree": degree, "critic_bias": bias, "grid": 20,
    }  # fmt: skip
    config |= {"momentum": 0.5} if method in ("sgd", "rmsprop") and rng.integers(2) else {}
    config |= {"beta1": 0.5} if method in ("adam", "adamw") and rng.integers(2) else {}
    arrays = {"real": store.array(rng, int(rng.integers(1, 6))), "noise": store.array(rng, int(rng.integers(1, 6)))}
    arrays |= {"generator_start": store.array(rng, 2)} if rng.integers(2) else {}
    arrays |= {"critic_start": store.array(rng, degree + bias)} if rng.integers(2) else {}
    return {"layer": "gan", "config": config, "arrays": arrays, "dtype": store.TYPES[number % 5 == 4]}


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """What is forged, the critic, what it says on average and what both pay, first and after each move."""
    import torch

    config = case["config"]
    given = {name: torch.from_numpy(array) for name, array in arrays.items()}
    real, noise = given["real"], given["noise"]
    start = given.get("generator_start", torch.tensor([0.3, -3.0], dtype=real.dtype))
    zeros = torch.zeros(config["critic_degree"] + config["critic_bias"], dtype=real.dtype)
    generator, critic = (w.clone().requires_grad_() for w in (start, given.get("critic_start", zeros)))
    more: dict[str, Any] = {"momentum": config["momentum"]} if "momentum" in config else {}
    more |= {"betas": (config["beta1"], 0.999)} if "beta1" in config else {}
    optimiser = getattr(torch.optim, METHODS[config["method"]])
    players = [
        (optimiser([critic], lr=config["critic_rate"], weight_decay=config["critic_decay"], **more), 0),
        (optimiser([generator], lr=config["generator_rate"], weight_decay=0, **more), 1),
    ]
    paid = torch.nn.BCEWithLogitsLoss()

    def score(x: Any) -> Any:
        return sum(w * x**k for k, w in enumerate(critic, start=1 - config["critic_bias"]))

    def forged() -> Any:
        return generator[0] * noise + generator[1]

    def losses() -> tuple[Any, Any]:
        a, b = score(real), score(forged())
        judged = paid(a, torch.ones_like(a)) + paid(b, torch.zeros_like(b))
        if config["loss"] == "minimax":
            return judged, torch.nn.functional.logsigmoid(-b).mean()
        return judged, paid(b, torch.ones_like(b))

    seen: list[dict[str, Any]] = []
    for move in range(2 * config["turns"] + 1):
        optimised, which = players[(move + 1) % 2]
        for _ in range(0 if not move else 1 if which else config["critic_steps"]):
            critic.grad = generator.grad = None
            losses()[which].backward()
            optimised.step()
        means = torch.stack([torch.sigmoid(score(x)).mean() for x in (real, forged())])
        seen.append({"forged": forged(), "critic": critic.clone(), "beliefs": means, "losses": torch.stack(losses())})
    results = {name: torch.stack([state[name] for state in seen]).detach().numpy() for name in seen[0]}
    return results | {name: results[name].T.copy() for name in ("beliefs", "losses")}


if __name__ == "__main__":
    store.write("gan", 60, case, expected)
