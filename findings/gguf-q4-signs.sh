#!/usr/bin/env bash
# gguf 0.19.0: of 1 and -1 in a block of Q4_0 the first comes back whole, the other as 7/8.
#
# Guess: a format with one scale and no offset treats both signs alike: of 1 and -1 either both come back, or both are off by
# the same; so a filter 1 0 -1 still gives 0 on a flat picture.
# Behaviour: the steps go from -8 to 7, and the scale is chosen so that -8 stands for the number of the largest size, whatever
# its sign; of two that are equally large the first one wins. 1 -1 comes back as 1 -0.875, and -1 1 as -1 0.875: a block
# that is turned around is not the same block turned around. Q5_0 has 15/16; Q8_0 goes from -127 to 127 and is even.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages gguf==0.19.0 numpy==2.4.6

cat >try.py <<'END'
import numpy as np
from gguf import GGMLQuantizationType, quants

for name in ("Q4_0", "Q5_0", "Q8_0"):
    kind = GGMLQuantizationType[name]
    for row in ([1, 0, -1], [-1, 0, 1], [0.99, 0, -1]):
        block = np.zeros((1, 32), np.float32)
        block[0, :3] = row
        back = quants.dequantize(quants.quantize(block, kind), kind)[0, :3]
        print(name, *row, "comes back as", *(f"{value + 0.0:.4g}" for value in back), f"and adds up to {back.sum():.3f}")
END
python -W ignore try.py 2>/dev/null | seen 'Q4_0 1 0 -1 comes back as 1 0 -0.875 and adds up to 0.125
Q4_0 -1 0 1 comes back as -1 0 0.875 and adds up to -0.125
Q4_0 0.99 0 -1 comes back as 0.875 0 -1 and adds up to -0.125
Q5_0 1 0 -1 comes back as 1 0 -0.9375 and adds up to 0.062
Q5_0 -1 0 1 comes back as -1 0 0.9375 and adds up to -0.062
Q5_0 0.99 0 -1 comes back as 0.9375 0 -1 and adds up to -0.062
Q8_0 1 0 -1 comes back as 0.9999 0 -0.9999 and adds up to 0.000
Q8_0 -1 0 1 comes back as -0.9999 0 0.9999 and adds up to 0.000
Q8_0 0.99 0 -1 comes back as 0.9921 0 -0.9999 and adds up to -0.008'
