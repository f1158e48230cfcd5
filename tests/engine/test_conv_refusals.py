"""What a convolution refuses, and that the message names the parameter and both numbers."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from layeranim.engine.conv import CONV, ConvConfig
from layeranim.errors import OptionError, ShapeError, UsageError

OPTIONS = [
    ({"stride": 0}, "stride is 0, but must be at least 1"),
    ({"dilation": "1x0"}, "dilation is 0, but must be at least 1"),
    ({"kernel_size": 0}, "kernel_size is 0, but must be at least 1"),
    ({"padding": -1}, "padding is -1, but must be at least 0"),
    ({"padding": "sane"}, "padding is 'sane' (did you mean same?); it must be N|HxW|T,B,L,R|same|valid"),
    ({"padding_mode": "wavy"}, "padding_mode is 'wavy'; it must be one of zeros, reflect, replicate, circular"),
    ({"activation": "rely"}, "activation is 'rely' (did you mean relu?); it must be one of linear"),
    ({"groups": 0}, "groups is 0, but must be at least 1"),
    ({"stride": 1.5}, "stride is 1.5, but must be a whole number, or 2 of them"),
]


@pytest.mark.parametrize(("options", "message"), OPTIONS)
def test_options_out_of_bounds(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        ConvConfig(**options)


SHAPES = [
    ({}, (5,), (3, 3), None, "input has shape 5, 1 axis, but must be (batch, in_channels, height, width)"),
    ({}, (5, 5), (1, 1, 1, 3, 3), None, "kernel has shape 1×1×1×3×3, 5 axes, but must be (out_channels"),
    ({}, (5, 5), (3, 3), (1, 1), "bias has shape 1×1, 2 axes, but must be (out_channels) or one number"),
    ({}, (3, 5, 5), (2, 4, 3, 3), None,
     "kernel has 4 channels in each filter, but in_channels 3 with groups 1 needs 3"),
    ({"groups": 2}, (4, 5, 5), (2, 4, 3, 3), None,
     "kernel has 4 channels in each filter, but in_channels 4 with groups 2 needs 2"),
    ({"in_channels": 2}, (3, 5, 5), (3, 3), None, "in_channels is 2, but the input given has 3 channels"),
    ({"filters": 2}, (5, 5), (3, 1, 3, 3), None, "filters is 2, but the kernel given makes 3"),
    ({"filters": 2}, (5, 5), (3, 3), None, "filters is 2, but the kernel given makes 1"),
    ({"kernel_size": "2x3"}, (5, 5), (3, 3), None, "kernel_size is 2×3, but the kernel given is 3×3"),
    ({}, (5, 5), (2, 1, 3, 3), (3,), "bias has 3 numbers, but there are 2 filters"),
    ({"groups": 2}, (3, 5, 5), (2, 1, 3, 3), None, "groups is 2, but must divide in_channels, which is 3"),
    ({"groups": 2}, (4, 5, 5), (3, 2, 3, 3), None, "groups is 2, but must divide filters, which is 3"),
    ({}, (5, 9), (7, 3), None,
     "kernel_size 7 spans 7 cells, but the padded height is 5: ⌊(5 + 0 + 0 − 1·(7−1) − 1)/1⌋ + 1 = −1; "
     "2 more padding or input would do"),
    ({"dilation": 3, "padding": 1}, (9, 4), (3, 3), None,
     "kernel_size 3 with dilation 3 spans 7 cells, but the padded width is 6: "
     "⌊(4 + 1 + 1 − 3·(3−1) − 1)/1⌋ + 1 = 0; 1 more padding or input would do"),
    ({"padding": "same", "stride": 2}, (6, 6), (3, 3), None,
     "padding is same and stride is 2×2, which PyTorch refuses; padding 0,1,0,1 or convention keras gives"),
    ({"padding": "5", "padding_mode": "reflect"}, (5, 5), (3, 3), None,
     "padding is 5 with padding_mode reflect, but must be at most 4 for a height of 5"),
    ({"padding": "0,0,0,7", "padding_mode": "circular"}, (5, 6), (3, 3), None,
     "padding is 7 with padding_mode circular, but must be at most 6 for a width of 6"),
    ({"padding": 10**9}, (5, 5), (3, 3), None, "the padded input would be 2000000005×2000000005"),
    ({"bias": False}, (5, 5), (3, 3), (1,), "bias is false, but values for the bias are given"),
    ({"bias": True}, (5, 5), (3, 3), None, "conv needs bias of shape 1, but it was not given"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "x", "kernel", "bias", "message"), SHAPES)
def test_what_does_not_go_together(options: Any, x: Any, kernel: Any, bias: Any, message: str) -> None:
    arrays: dict[str, Any] = {"input": np.ones(x), "kernel": np.ones(kernel)}
    if bias:
        arrays["bias"] = np.ones(bias)
    with pytest.raises(UsageError, match=re.escape(message)) as raised:
        CONV.compute(ConvConfig(**options), arrays)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("mode", ["reflect", "circular"])
def test_the_widest_padding_that_a_mode_allows_is_taken(mode: str) -> None:
    most = 4 if mode == "reflect" else 5
    t = CONV.compute(ConvConfig(padding=most, padding_mode=mode), {"input": np.eye(5), "kernel": np.ones((3, 3))})
    assert t["padded"].shape == (1, 1, 5 + 2 * most, 5 + 2 * most)


def test_arrays_that_are_no_real_numbers() -> None:
    one = np.ones((3, 3))
    for x, message in (
        (one * 1j, "input holds complex128 values, but must hold real numbers"),
        (one.astype(object), "input holds object values"),
        (np.array([["a"]]), "input holds <U1 values"),
        (np.ones((0, 3)), "input has shape 0×3, but must hold at least one number"),
        ([[1, 2], [3]], "input has rows of different lengths"),
    ):
        with pytest.raises(ShapeError, match=re.escape(message)):
            CONV.compute(ConvConfig(), {"input": x, "kernel": one})


def test_missing_and_unknown_arrays() -> None:
    with pytest.raises(ShapeError, match="conv needs kernel of shape 1×1×3×3, but it was not given"):
        CONV.compute(ConvConfig(), {"input": np.ones((5, 5))})
    with pytest.raises(OptionError, match="conv takes no array 'weight'; it takes input, kernel, bias"):
        CONV.complete(ConvConfig(), {"weight": (3, 3)})


def test_sizes_nobody_can_draw_are_refused_before_memory_is_taken() -> None:
    said = re.escape("kernel would be 100000×1000×3×3, about 7.2 GB of memory, but at most 2 GiB")
    with pytest.raises(ShapeError, match=said):
        CONV.complete(ConvConfig(filters=100_000, in_channels=1000), {})


def test_refusals_do_not_hang_on_assert() -> None:
    program = """
import numpy as np
from layeranim.engine.conv import CONV, ConvConfig
from layeranim.errors import UsageError
for options, shape in (({"stride": 0}, (5, 5)), ({}, (2, 9))):
    try:
        CONV.compute(ConvConfig(**options), {"input": np.ones(shape), "kernel": np.ones((3, 3))})
    except UsageError as error:
        print(error)
"""
    ran = subprocess.run(
        [sys.executable, "-O", "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    first, second = ran.stdout.splitlines()
    assert first == "stride is 0, but must be at least 1"
    assert second.startswith("kernel_size 3 spans 3 cells, but the padded height is 2")
    assert ran.stderr == ""
