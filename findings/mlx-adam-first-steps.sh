#!/usr/bin/env bash
# mlx 0.32.4: Adam, AdamW and Adamax leave out the correction of the moments for their start, by default.
#
# Guess: the first step of Adam is as long as the learning rate, whatever the gradient: its moments, which start at 0, are
# divided by 1 − β^t, as the paper has it and as PyTorch, Keras and optax do by default.
# Behaviour: `bias_correction=False` is the default: the first step is 0.1/√0.001 = 3.16 times the learning rate, the
# tenth 6.5 times, the hundredth still 3.2 times. AdamW is the same. A rate that was found with PyTorch is another one
# here, and a warm-up seems to be needed. With bias_correction=True the numbers are those of the paper.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages 'mlx[cpu]==0.32.4'

cat >steps.py <<'END'
import mlx.core as mx
from mlx.optimizers import Adam, AdamW

for name, made in (
    ("Adam", Adam(0.1)),
    ("AdamW", AdamW(0.1, weight_decay=0.0)),
    ("Adam, bias_correction=True", Adam(0.1, bias_correction=True)),
):
    weights, places = {"w": mx.array([0.0])}, [0.0]
    for _ in range(100):
        weights = made.apply_gradients({"w": mx.array([-0.5])}, weights)
        places.append(weights["w"].item())
    print(f"{name}:", *(f"step {n} {places[n] - places[n - 1]:.3f}" for n in (1, 10, 100)))
END
python steps.py | seen 'Adam: step 1 0.316 step 10 0.653 step 100 0.324
AdamW: step 1 0.316 step 10 0.653 step 100 0.324
Adam, bias_correction=True: step 1 0.100 step 10 0.100 step 100 0.100'
