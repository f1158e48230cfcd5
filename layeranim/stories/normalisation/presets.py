"""Batches to normalise, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

_LEARNED = {"gamma": ("input", "affine", "kind"), "beta": ("input", "affine", "kind")}
_X = [[1.12, -0.88, -2.15], [2.72, -0.43, -0.22], [2.47, -0.87, -0.13], [1.05, -2.02, 2.76], [1.95, 0.26, 1.82]]

BATCH = (
    Preset(
        "five-samples",
        "five samples of three features, each with a γ and a β of its own",
        "values ours",
        arrays={"input": _X, "gamma": [1.5, 1.0, 0.5], "beta": [0.5, 0.0, -1.0]},
        bound=_LEARNED,
        unit=0,
    ),
)
LAYER = (
    Preset(
        "three-samples",
        "three samples of four features, each normalised alone",
        "values ours",
        arrays={
            "input": [[1.0, 2.0, 3.0, 6.0], [-1.0, 0.0, 0.5, 0.5], [4.0, 4.5, 3.0, -2.0]],
            "gamma": [1.0, 1.5, 1.0, 0.5], "beta": [0.0, 0.5, -0.5, 0.0],
        },
        bound=_LEARNED,
        unit=0,
    ),
    Preset(
        "two-groups",
        "four channels in two groups: a dark pair and a bright one reach the same range",
        "values ours",
        options={"kind": "group", "groups": 2},
        arrays={
            "input": [[[[1.0, 2.0], [2.0, 3.0]], [[0.5, 1.5], [1.0, 1.0]],
                       [[7.0, 9.0], [8.0, 4.0]], [[5.0, 6.0], [9.0, 8.0]]]],
            "gamma": [1.0, 1.5, 1.0, 0.5], "beta": [0.0, 0.5, -0.5, 0.0],
        },
        bound=_LEARNED | {"input": ("kind",)},
        unit=0,
    ),
    Preset(
        "two-pictures",
        "two pictures of one scene, one of them darker and duller: they come out alike",
        "values ours",
        options={"kind": "instance"},
        arrays={"input": [[[[2.0, 4.0], [6.0, 8.0]], [[9.0, 3.0], [6.0, 6.0]]],
                          [[[0.5, 1.0], [1.5, 2.0]], [[3.5, 2.0], [2.75, 2.75]]]]},
        bound={"input": ("kind",)},
        unit=0,
    ),
    Preset(
        "root-mean-square",
        "three samples of four features, divided by their root mean square",
        "values ours",
        options={"kind": "rms"},
        arrays={
            "input": [[1.0, 2.0, 3.0, 6.0], [-1.0, 0.0, 0.5, 0.5], [4.0, 4.5, 3.0, -2.0]],
            "gamma": [1.0, 1.5, 1.0, 0.5],
        },
        bound=_LEARNED,
        unit=0,
    ),
)  # fmt: skip
