#!/usr/bin/env bash
# torch 2.13.0 with onnxscript 0.7.2: torch.onnx.export drops the divisor_override of an average pool.
#
# Guess: ONNX' AveragePool has no such attribute, so the exporter multiplies behind it, or refuses, as it does for other
# options that ONNX has not. AvgPool2d(2, divisor_override=1), which adds up, gives 10 of 1 2 3 4.
# Behaviour: the new exporter and the old one write a plain AveragePool, and onnxruntime gives 2.5. Nothing warns; with
# verify=True, which runs the graph, a line of the log does.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages torch==2.13.0 onnxscript==0.7.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat >divisor.py <<'END'
import io

import onnx
import onnxruntime
import torch

cells = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
for divisor in (None, 1):
    pool = torch.nn.AvgPool2d(2, divisor_override=divisor).eval()
    print(f"divisor_override={divisor}: torch {pool(cells).item()}")
    for dynamo in (True, False):
        file = io.BytesIO()
        torch.onnx.export(pool, (cells,), file, dynamo=dynamo, verbose=False)
        graph = onnx.load_from_string(file.getvalue()).graph
        session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
        given = session.run(None, {graph.input[0].name: cells.numpy()})[0].item()
        print(f"  dynamo={dynamo}: {' '.join(node.op_type for node in graph.node)} {given}")
END
python -W ignore divisor.py 2>/dev/null | seen 'divisor_override=None: torch 2.5
  dynamo=True: AveragePool 2.5
  dynamo=False: AveragePool 2.5
divisor_override=1: torch 10.0
  dynamo=True: AveragePool 2.5
  dynamo=False: AveragePool 2.5'
