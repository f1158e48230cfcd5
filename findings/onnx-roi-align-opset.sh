#!/usr/bin/env bash
# onnx 1.23.2: of a graph before opset 16 the reference evaluator's RoiAlign lies half a cell off.
#
# Guess: opset 16 brought coordinate_transformation_mode, with half_pixel, which moves a box by half a cell, as its default,
# and output_half_pixel for what was before; so a graph of opset 10, which cannot say it, is computed without the move.
# Behaviour: the evaluator has the operator of opset 16 alone, with its default. On a map whose cells count up by 1 to the
# right each value is half a step too small. Detectors of those years have it in front of their heads.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat >try.py <<'END'
import numpy as np
from graphs import compare, graph, onnx, onnxruntime

given = {
    "x": np.tile(np.arange(8, dtype=np.float32), (1, 1, 8, 1)),
    "box": np.array([[1, 1, 5, 5]], np.float32),
}
for opset, told in ((10, ""), (16, ""), (16, 'coordinate_transformation_mode="output_half_pixel", ')):
    model = graph(
        opset,
        f"""net (float[1, 1, 8, 8] x, float[1, 4] box) => (float[1, 1, 1, 2] y) <int64[1] picture = {{0}}>
        {{ y = RoiAlign<{told}output_height=1, output_width=2, sampling_ratio=2>(x, box, picture) }}""",
    )
    print(f"opset {opset} {told}".rstrip(", "))
    compare(model, given, onnxruntime, onnx)
END
python -W ignore try.py 2>/dev/null | seen 'opset 10
  onnxruntime 2 4
  onnx 1.5 3.5
opset 16
  onnxruntime 1.5 3.5
  onnx 1.5 3.5
opset 16 coordinate_transformation_mode="output_half_pixel"
  onnxruntime 2 4
  onnx 2 4'
