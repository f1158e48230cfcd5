"""The claims of the film of convolution as a matrix product, recomputed from its traces."""

from __future__ import annotations

import numpy as np

from .sentences import Claim, Told


def positions(told: Told) -> int:
    return int(np.prod(told["output"].shape[2:]))


def sparse(told: Told) -> tuple[int, ...]:
    """Rows and columns of the matrix that holds every filter at every place."""
    return len(told["kernel"]) * positions(told), told["padded"][0].size


def drawn(told: Told) -> bool:
    """Whether the film has room for the sparse matrix of one filter."""
    return positions(told) * sparse(told)[1] <= 60_000


def agree(told: Told) -> bool:
    """Whether both products come to the same, no number being no number."""
    one, other = told["matrix_product"], told["toeplitz_product"].reshape(told["matrix_product"].shape)
    return bool((np.isclose(one, other) | (np.isnan(one) & np.isnan(other))).all())


ONE = {"input": "random:2x2", "kernel": "random:2x2"}
LARGE = {"input": "random:24x24"}
INFINITE = {"input": "inf 1 2; 1 2 3; 0 1 1"}
CLAIMS = {
    "conv-matmul": (
        Claim("every window becomes a column, the convolution one matrix product"),
        Claim("the numbers under the window lie down as a column"),
        Claim("row times column: what the kernel makes of the window"),
        Claim("the same sum: the kernel's numbers in their places, zeros elsewhere",
              lambda t, m, b: agree(t) and drawn(t) and t["padded"][0].size > t["kernel"][0].size, {},
              (ONE, LARGE, INFINITE)),
        Claim("zeros are multiplied too, and 0 · ∞ is no number",
              lambda t, m, b: not agree(t) and bool(np.isinf(t["padded"]).any()), INFINITE, ({}, LARGE)),
        Claim("each sum goes back to where its window was", lambda t, m, b: positions(t) > 1, {}, (ONE,)),
        Claim(r"windows? .*: {1,2}each in the same way|every window in the same way"),
        Claim(r"the convolution is one matrix: (\d+) places?, (\d+) weights?",
              lambda t, m, b: (int(m[1]), int(m[2])) == (int(np.prod(sparse(t))), t["kernel"].size) and drawn(t),
              {}, (LARGE,)),
        Claim(r"the convolution is one product: (\d+)×(\d+) · (\d+)×(\d+)",
              lambda t, m, b: [int(n) for n in m.groups()] == [
                  *t["kernel_matrix"].shape, t["kernel"][0].size, positions(t)] and not drawn(t), LARGE, ({},)),
        Claim("one large matrix product is what processors do fastest"),
    ),
}  # fmt: skip
