"""Sizes and options that no preset uses, one list an explainer; presets are tested without being named here."""

from __future__ import annotations

from typing import Any

CASES: dict[str, list[dict[str, Any]]] = {
    "conv": [
        {"stride": 2},
        {"stride": 2, "bias_values": "-1.5", "activation": "relu"},
        {"input": "random:1x1", "kernel": "random:1x1"},
        {"input": "random:6x6", "kernel_size": 3, "stride": 2, "padding": "same", "convention": "keras"},
        {"input": "random:9x7", "kernel": "random:2x3", "dilation": 2, "padding": "1,2,0,1"},
        {"input": "random:7x7", "kernel_size": 3, "dilation": 2, "activation": "tanh", "bias": True},
        {"input": "random:28x28", "kernel": "gaussian-blur", "stride": 3},
        {"input": "random:32x32", "kernel_size": 7},
        {"input": "random:10x10", "kernel_size": "7x1"},
        {"input": "random:3x32x32", "filters": 5, "kernel_size": 3, "padding": 1, "activation": "relu"},
        {
            "input": "random:2x5x6",
            "filters": 3,
            "kernel_size": "2x3",
            "dilation": 2,
            "padding": 1,
            "bias_values": "1 2 3",
        },
        {"input": "random:8x6x6", "filters": 8, "groups": 4, "kernel_size": 3},
        {"input": "random:4x5x5", "filters": 4, "groups": 4, "kernel_size": 3, "bias": True},
        {"input": "random:64x7x7", "filters": 2, "kernel_size": 1},
        {"input": "photo", "gray": True, "resize": (48, 72), "kernel": "sobel-x"},
        {"input": "photo", "resize": (24, 32), "kernel": "emboss"},
        {
            "input": "0.5 0.25 nan; inf 3 1e-9; 1 2 1e308",
            "kernel": "1 -1; 0 2",
            "padding": 1,
            "padding_mode": "replicate",
        },
        {
            "input": [[[[0.123, -4.567], [8.9, 10.11]]], [[[0, 0], [0, 0]]]],
            "kernel": [[[[0.5, -0.25]]]],
            "precision": 3,
        },
        {"input": "arange:5x5", "kernel": "identity", "flip": True, "steps": "3-7"},
        {"input": "zeros:4x4", "pace": "slow"},
    ],
    "filter-match": [
        {"input": "random:6x6", "kernel": "random:3x1x6x6"},
        {"input": "0.5 0.25; -1 2", "kernel": "random:1x1x2x2"},
        {"input": "random:5x1x4x4", "kernel": "random:6x1x4x4"},
    ],
}
