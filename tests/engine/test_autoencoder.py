"""Autoencoders: PyTorch, finite differences, files, where the walk leads, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.engine.autoencoder import AUTOENCODER
from layeranim.engine.trace import Trace
from layeranim.errors import UsageError
from tests.engine.family import HAS_TORCH, fresh_agree, maker, proven, slopes, stored_agree

CONFIG: Any = AUTOENCODER.config


def arrays(config: Any, seed: int = 0, **shapes: Any) -> dict[str, Any]:
    """Every array that the layer needs, drawn."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape) for name, shape in AUTOENCODER.complete(config, shapes)[1].items()}


def test_stored_cases_agree_with_pytorch() -> None:
    cases = stored_agree("autoencoder", {"autoencoder": AUTOENCODER}, 60)
    assert {case["config"]["loss"] for case in cases} == {"squared", "absolute"}
    assert {"goal" in case["arrays"] for case in cases} == {True, False}


if HAS_TORCH:

    def test_fresh_cases_agree_with_pytorch() -> None:
        fresh_agree(maker("autoencoder"), {"autoencoder": AUTOENCODER}, 1, 16)


@pytest.mark.parametrize(
    ("options", "shapes"),
    [
        ({"encoder": "5,4,2", "decoder": "2,3,6,5", "activation": "tanh"}, {"input": (3, 5)}),
        ({"encoder": "3,1", "code_activation": "sigmoid", "output_activation": "softplus"}, {"input": (1, 3)}),
        ({"encoder": "2,3", "bias": False, "loss": "absolute"}, {"input": (2, 2)}),
    ],
)
def test_the_gradients_are_the_slopes_of_the_reconstruction_error(options: Any, shapes: Any) -> None:
    """Of the input too, though it is what the output is compared with."""
    config = CONFIG.of(options)
    given = arrays(config, 4, **shapes)
    slopes(AUTOENCODER, config, given, given, output="loss")


def test_every_step_replays_and_a_file_gives_it_back() -> None:
    config = CONFIG.of({"encoder": "4,3,2", "walk_steps": 3})
    given = arrays(config, input=(2, 4), goal=(4,), others=(5, 4))
    proven(AUTOENCODER, AUTOENCODER.compute(config, {**given, "others_class": [0, 1, 1, 0, 7]}))


def walked(given: Any, **options: Any) -> Trace:
    return AUTOENCODER.compute(CONFIG.of({"encoder": "4,3,2", "activation": "tanh", **options}), given)


def test_the_walk_leads_to_the_goal_else_to_the_next_sample_else_to_zero() -> None:
    config = CONFIG.of({"encoder": "4,3,2"})
    given = arrays(config, input=(3, 4), goal=(4,))
    trace = walked(given, walk_steps=4)
    np.testing.assert_array_equal(trace["walk_code"][:, 0], trace["code"])
    np.testing.assert_array_equal(trace["walk_output"][:, 0], trace["output"])
    np.testing.assert_array_equal(trace["walk_code"][:, 4], np.tile(trace["goal_code"], (3, 1)))
    as_a_sample = walked({**given, "input": given["goal"][None]})
    np.testing.assert_array_equal(as_a_sample["code"][0], trace["goal_code"])
    goal = given.pop("goal")
    np.testing.assert_array_equal(walked(given)["walk_code"][:, -1], np.roll(trace["code"], -1, axis=0))
    alone = walked({**given, "input": goal})
    assert (alone["walk_code"][:, -1] == 0).all()
    assert not np.signbit(alone["walk_end"]).any()


def test_others_are_encoded_as_samples_are() -> None:
    config = CONFIG.of({"encoder": "4,3,2"})
    given = arrays(config, input=(3, 4))
    trace = walked({**given, "others": given["input"]})
    np.testing.assert_array_equal(trace["others_code"], trace["code"])


def test_one_of_four_comes_back_exactly_through_two_numbers() -> None:
    for k, row in enumerate(np.eye(4)):
        trace = la.trace("autoencoder", example="one-of-four", input=row)
        assert trace["output"].tolist() == [row.tolist()], k
        assert trace["code"].tolist() == [[(1, 1, -1, -1)[k], (1, -1, 1, -1)[k]]]


def test_widths_are_those_of_the_weights() -> None:
    trace = la.trace(
        "autoencoder", input=np.ones((2, 6)), encoder1_weight=np.ones((3, 6)), decoder1_weight=np.ones((6, 3))
    )
    assert (trace.config.encoder, trace.config.decoder) == ((6, 3), (3, 6))


@pytest.mark.parametrize(
    ("options", "given", "says"),
    [
        ({"encoder": "4,2", "decoder": "3,4"}, {}, "decoder is 3,4, but must go from 2 to 4"),
        ({"encoder": "4,2"}, {"input": [[1, 2, 3]]}, "input has 3 features, but encoder 4,2 begins with 4"),
        ({"encoder": "4,2"}, {"goal": [1, 2]}, "goal has shape 2"),
        ({"encoder": "4,2"}, {"others": [[1, 2]]}, "others has shape 1.2"),
        ({"encoder": "4,2"}, {"others": np.ones((2, 4)), "others_class": [0, 0.5]}, "others_class holds 0.5"),
        ({"encoder": "4,2"}, {"others_class": [0]}, "others_class was given"),
        ({"encoder": "4,2"}, {"encoder2_weight": [[1, 2]]}, "encoder2_weight was given, but encoder 4,2 makes 1 layer"),
        ({"encoder": "4,2"}, {"encoder1_weight": np.ones((3, 4))}, "encoder1_weight has shape 3.4, but must be 2.4"),
        ({"encoder": "4,2", "bias": False}, {"encoder1_bias": [1, 2]}, "encoder1_bias was given"),
    ],
)
def test_what_does_not_go_together_is_refused(options: Any, given: Any, says: str) -> None:
    config = CONFIG.of(options)
    with pytest.raises(UsageError, match=says):
        AUTOENCODER.compute(config, {**arrays(config), **{k: np.asarray(v, float) for k, v in given.items()}})
