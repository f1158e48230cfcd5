"""The command line, in the field's words."""

from __future__ import annotations

from typing import Any

import pytest

from layeranim import catalog


@pytest.mark.parametrize(
    ("words", "ours"),
    [
        ("trace conv2d", "trace conv"),
        ("trace MaxPool2d", "trace pool --mode max"),
        ("trace relu", "trace activation --activation relu"),
        ("trace conv --use-bias", "trace conv --bias"),
        ("trace conv --no-use-bias", "trace conv --no-bias"),
        ("trace conv --bias true", "trace conv --bias"),
        ("trace conv --use_bias=False", "trace conv --no-bias"),
        ("trace dense --use-bias false", "trace dense --no-bias"),
        ("trace dense --bias 1.5", "trace dense --bias-values 1.5"),
        ("trace conv --bias=-2", "trace conv --bias-values=-2"),
        ("trace neuron --bias 0", "trace neuron --bias-values 0"),
        ("trace conv --filter-size=2", "trace conv --kernel-size=2"),
        ("trace batchnorm --weight 2,2,2", "trace batchnorm --gamma 2,2,2"),
        ("trace positional-encoding --length 3", "trace positional-encoding --positions 3"),
        ("trace positional-encoding --max-len 3", "trace positional-encoding --positions 3"),
        ("trace rnn --text no,yes", "trace rnn --tokens no,yes"),
        ("trace pool --pooling mean", "trace pool --mode mean"),
        ("trace conv --kernel gaussian", "trace conv --kernel gaussian-blur"),
        ("trace conv --kernel box_blur --kernel-size 3", "trace conv --kernel mean-blur --kernel-size 3"),
        ("render conv2d --dry-run --frame-rate 20", "render conv --dry-run --fps 20"),
        ("list conv2d", "list conv"),
        ("list gradient-descent", "list descent"),
        ("render rope --dry-run", "render positional-encoding --kind rotary --dry-run"),
        ("help render", "render --help"),
        ("help render conv", "render conv --help"),
        ("help", "--help"),
    ],
)
def test_what_means_the_same_does_the_same(call: Any, words: str, ours: str) -> None:
    done, wanted = call(*words.split()), call(*ours.split())
    assert (done.code, done.out) == (wanted.code, wanted.out)
    assert done.code == 0
    assert done.out


def test_an_array_of_one_direction_has_an_option(call: Any) -> None:
    done = call("trace", "gru", "--bidirectional", "--forward.weight-hidden", "ones:9x3")
    assert done.code == 0, done.err
    start = done.lines.index(next(line for line in done.lines if line.startswith("forward.weight_hidden  ")))
    assert done.lines[start + 2].split() == ["1", "1", "1"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("trace attention --key-padding-mask 1", ("is key_mask here and means the opposite",)),
        ("trace lstm --return-sequences true", ("is returns here",)),
        ("trace loss --loss mse", ("--loss is mode here: squared, absolute",)),
        ("trace conv --kernel laplacian", ("give a kernel such as sobel-x", "layeranim list --samples")),
        ("trace conv --length 3", ("a film takes as long as its words are read",)),
        ("trace flatten --input 1,2,3", ("input has shape 3, 1 axis, but",)),
        ("render conv --duration 3", ("a film takes as long as its words are read",)),
        ("render conv --width 300", ("is size here", "WIDTHxHEIGHT")),
        ("trace conv --speed 2", ("is pace here",)),
        ("trace conv --frame-rate 2", ("--fps is an option of render",)),
        ("render optimiser", ("optimiser has numbers but no film yet", "layeranim render descent its idea")),
        ("render adam", ("layeranim trace optimiser shows them, layeranim render descent its idea",)),
        ("render MaxPool3d", ("pool3d has numbers but no film yet", "layeranim render pool its idea")),
        ("render Upsample", ("upsample has numbers but no film yet",)),
        ("trace MaxPool2d --mode mean", ("MaxPool2d is pool with mode 'max'",)),
        ("conv", ("'conv' is a layer", "layeranim render conv", "layeranim trace conv")),
        ("softmax", ("'softmax' is a layer", "layeranim trace softmax")),
        ("help nothing", ("unknown command 'nothing'", "there are render")),
    ],
)
def test_what_does_not_is_answered(refused: Any, words: str, says: tuple[str, ...]) -> None:
    refused(*words.split(), holds=says)


def test_films_of_ideas_are_there_for_layers_without_one() -> None:
    filmed = set(catalog.IDEAS) - set(catalog.without_film())
    assert not filmed, "these have films of their own: take them out of catalog.IDEAS"
    assert set(catalog.IDEAS.values()) <= set(catalog.explainers())


@pytest.mark.parametrize("name", [name for name in catalog.names() if name != "init"])  # which is a command, too
def test_a_layer_as_a_command_is_told_how_to_go_on(refused: Any, name: str) -> None:
    verbs = ("render", "trace") if catalog.has_film(name) else ("trace",)
    refused(name, holds=tuple(f"layeranim {verb} {name}" for verb in verbs))
