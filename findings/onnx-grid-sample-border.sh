#!/usr/bin/env bash
# onnx 1.23.2 and tract 0.23.9: GridSample with cubic interpolation and padding "border" is flat beyond the edge.
#
# Guess: of the four cells that a cubic looks at, those outside of the map are the nearest ones at its edge, as in PyTorch's
# grid_sample, for which the operator was made, and in onnxruntime. So just outside, the curve still bends.
# Behaviour: once the place is past the last cell, half a cell from its centre, it is moved back to that centre, and what
# comes out is the cell's own value: the curve jumps from 8.656 to 8. Linear and nearest cannot tell the two apart.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 tract==0.23.9

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnx, onnxruntime, tract

places = np.zeros((1, 1, 5, 2), np.float32)
places[..., 0] = (np.array([3, 3.25, 3.5, 3.75, 5]) * 2 + 1) / 4 - 1  # in cells: 3 is the centre of the last one
given = {"x": np.array([0, 0, 1, 8], np.float32).reshape(1, 1, 1, 4), "places": places}
for mode in ("linear", "cubic"):
    model = graph(
        20,
        f"""net (float[1, 1, 1, 4] x, float[1, 1, 5, 2] places) => (float[1, 1, 1, 5] y)
        {{ y = GridSample<mode="{mode}", padding_mode="border">(x, places) }}""",
    )
    print(mode, "from the last cell outwards")
    compare(model, given, onnxruntime, onnx, tract)
END
python -W ignore try.py 2>/dev/null | seen 'linear from the last cell outwards
  onnxruntime 8 8 8 8 8
  onnx 8 8 8 8 8
  tract 8 8 8 8 8
cubic from the last cell outwards
  onnxruntime 8 8.738 8.656 8.246 8
  onnx 8 8.738 8.656 8 8
  tract 8 8.738 8.656 8 8'
