#!/usr/bin/env bash
# safetensors 0.8.0: a kernel that was turned with .T in NumPy is saved with the right shape and the numbers in another order.
#
# Guess: save_file of `kernel.T`, which is how a Keras or Flax kernel (in × out) becomes PyTorch's (out × in), either
# writes the numbers as the array has them, as np.save does, or refuses as safetensors.torch does ("non contiguous").
# Behaviour: safetensors.numpy writes the memory as it lies under the new shape: [[0, 3], [1, 4], [2, 5]] becomes
# [[0, 1], [2, 3], [4, 5]]. No warning, each shape fits, PyTorch loads it, and nothing in the file tells. What works:
# np.ascontiguousarray(kernel.T).
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages safetensors==0.8.0 numpy==2.4.6

cat >turned.py <<'END'
import numpy as np
from safetensors.numpy import load_file, save_file

kernel = np.arange(6, dtype=np.float32).reshape(2, 3)  # in × out
for name, turned in (("kernel.T", kernel.T), ("np.ascontiguousarray", np.ascontiguousarray(kernel.T))):
    save_file({"weight": turned}, "fc.safetensors")
    print(name, turned.tolist(), "is saved as", load_file("fc.safetensors")["weight"].tolist())
END
python turned.py | seen 'kernel.T [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]] is saved as [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
np.ascontiguousarray [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]] is saved as [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]'
