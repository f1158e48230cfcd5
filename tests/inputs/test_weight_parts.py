"""Weights that PyTorch stores in parts make the layer that the module is."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.preparing.fitting import fitting

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn.utils import parametrizations as new  # noqa: E402

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.nn.utils import spectral_norm, weight_norm


MODULES: dict[str, Callable[[], Any]] = {
    "dense": lambda: weight_norm(nn.Linear(3, 2)),
    "dense --new": lambda: new.weight_norm(nn.Linear(3, 2)),
    "dense --new spectral": lambda: new.spectral_norm(nn.Linear(3, 2)),
    "conv1d": lambda: new.weight_norm(nn.Conv1d(3, 2, 2), dim=2),
    "conv": lambda: spectral_norm(nn.Conv2d(3, 2, 2, bias=False)),
    "conv-transpose": lambda: spectral_norm(nn.ConvTranspose2d(3, 2, 2)),
    "lstm": lambda: weight_norm(nn.LSTM(3, 2), "weight_hh_l0"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODULES)
def test_a_weight_in_parts_is_the_one_that_they_make(name: str) -> None:
    torch.manual_seed(2)
    module, layer = MODULES[name]().eval(), name.partition(" ")[0]
    x = torch.randn({"conv1d": (1, 3, 4), "conv": (1, 3, 4, 4), "conv-transpose": (1, 3, 4, 4)}.get(layer, (4, 3)))
    with torch.no_grad():
        made = module(x)
    state = {key: value.numpy() for key, value in module.state_dict().items()}
    found = la.from_state(layer, state, input=x.numpy())["output"]
    expected = (made[0] if layer == "lstm" else made).numpy()
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-5, atol=1e-6)
    assert layer in fitting({key: value.shape for key, value in state.items()})
