#!/usr/bin/env bash
# openvino 2026.4.1: keep_aspect_ratio_policy of an ONNX Resize is left out, and a picture comes out in another shape.
#
# Guess: "not_larger" fits a picture of 4×8 into the 6×6 that is asked for as 3×6, as onnxruntime and tract 0.23.9 have it;
# OpenVINO, which refuses values of other attributes that it does not know, computes it or refuses.
# Behaviour: 6×6, stretched, in every policy. Where the graph has a size that is only known when it runs, nothing disagrees
# with it, and the network behind sees squeezed pictures.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 openvino==2026.4.1 tract==0.23.9

cat >try.py <<'END'
import numpy as np
from graphs import graph, onnxruntime, openvino, tract

for policy in ("stretch", "not_larger", "not_smaller"):
    model = graph(
        18,
        f"""net (float[1, 1, 4, 8] x) => (float[1, 1, height, width] y) <int64[2] size = {{6, 6}}>
        {{ y = Resize<axes=[2, 3], mode="linear", keep_aspect_ratio_policy="{policy}">(x, , , size) }}""",
    )
    x = np.arange(32, dtype=np.float32).reshape(1, 1, 4, 8)
    for program in (onnxruntime, openvino, tract):
        print(policy, program.__name__, *program(model, {"x": x}).shape[2:])
END
python -W ignore try.py 2>/dev/null | seen 'stretch onnxruntime 6 6
stretch openvino 6 6
stretch tract 6 6
not_larger onnxruntime 3 6
not_larger openvino 6 6
not_larger tract 3 6
not_smaller onnxruntime 6 12
not_smaller openvino 6 6
not_smaller tract 6 12'
