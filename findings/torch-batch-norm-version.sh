#!/usr/bin/env bash
# torch 2.13.0: batch_norm in training writes into running_mean and leaves the tensor's version counter as it was.
#
# Guess: whatever changes a tensor in place moves tensor._version; autograd finds by it that a saved tensor was
# overwritten, and tools find by it which buffers a forward pass has touched.
# Behaviour: mul_ and add_ move the counter, batch_norm's update of running_mean and running_var does not: a tool that puts
# back "every buffer whose version moved" leaves a model that was only looked at with other statistics. Compare by value.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages torch==2.13.0 numpy==2.4.6

cat >version.py <<'END'
import torch

mean, var = torch.zeros(2), torch.ones(2)
x = torch.tensor([[1.0, 5.0], [3.0, 9.0]])
before = mean._version
torch.nn.functional.batch_norm(x, mean, var, training=True, momentum=0.5)
print("batch_norm", mean.tolist(), mean._version - before)
mean.mul_(2)
print("mul_", mean.tolist(), mean._version - before)
END
python version.py | seen 'batch_norm [1.0, 3.5] 0
mul_ [2.0, 7.0] 1'
