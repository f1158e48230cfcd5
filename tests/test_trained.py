"""The shipped networks: right for what they have not seen, made again by their script, and with gates that say why."""

from __future__ import annotations

import numpy as np
import pytest

from layeranim.data import train_autoencoder
from layeranim.data import train_networks as trained
from layeranim.engine.attention import ATTENTION
from layeranim.engine.recurrent import LSTM

LEAST = {"mlp_digits": 0.96, "cnn_digits": 0.97, "flag_lstm": 0.98, "reverse_attention": 0.99}


@pytest.mark.grid(2)
@pytest.mark.parametrize("name", trained.NETWORKS)
def test_a_shipped_network_is_right_and_training_again_gives_as_good_a_one(name: str) -> None:
    shipped = trained.right(name, trained.load(name))
    assert shipped >= LEAST[name]
    assert abs(trained.right(name, trained.train(name)) - shipped) <= 0.005


def test_the_shipped_autoencoder_gives_back_more_than_any_plane_and_is_made_again() -> None:
    shipped = train_autoencoder.load()
    given_back = train_autoencoder.explained(shipped)
    assert given_back >= 0.48
    assert given_back > train_autoencoder.flat() + 0.15
    assert train_autoencoder.neighbours(shipped) >= 0.65
    assert abs(train_autoencoder.explained(train_autoencoder.train()) - given_back) <= 0.01


def test_what_is_kept_for_the_test_is_not_learnt() -> None:
    kept, learnt = trained.digits(kept=True)[0], trained.digits(kept=False)[0]
    assert (len(kept), len(learnt)) == (300, 1497)
    assert not {image.tobytes() for image in kept} & {image.tobytes() for image in learnt}


def test_the_forget_gate_keeps_the_flag_until_it_moves() -> None:
    x, _ = trained.flags(np.random.default_rng(7), 400)
    trace = LSTM.compute(trained.LSTM_CONFIG, {**trained.load("flag_lstm"), "input": x})
    forget, write = trace["forget_gate"], trace["input_gate"]
    quiet, raised, lowered = (x[..., 1] == moved for moved in (0, 1, -1))
    assert forget[quiet].mean() > 0.95
    assert write[quiet].mean() < 0.15
    assert forget[raised].mean() < 0.05
    assert write[lowered].mean() > 0.9


def test_each_place_looks_at_the_place_that_mirrors_it() -> None:
    letters, _ = trained.words(np.random.default_rng(7), 200)
    trace = trained.attended(trained.load("reverse_attention"), letters)
    assert trace.layer == ATTENTION.name
    np.testing.assert_allclose(trace["weights"].mean(axis=(0, 1)), np.eye(trained.PLACES)[::-1], atol=0.05)
