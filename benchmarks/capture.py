"""``la.capture`` on models that packages ship, with random weights: how many of their calls a layer here computes.

``python capture.py [WORD…]`` prints a line a model whose name holds one of the words, and a line for all: calls, those
that agree, those that do not, what has no layer; milliseconds of the processor for the model alone, for the capture
without the check, and for the check. Models of packages that are not installed are left out.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("KERAS_BACKEND", "torch")

import torch

import layeranim as la

Made = tuple[Any, tuple[Any, ...], dict[str, Any]]
TORCHVISION = (
    ("resnet18", 224), ("densenet121", 64), ("mobilenet_v3_small", 64), ("shufflenet_v2_x1_0", 64),
    ("squeezenet1_1", 64), ("convnext_tiny", 64), ("vit_b_16", 224), ("swin_t", 64), ("swin_v2_t", 64),
)  # fmt: skip
TIMM = (("vit_tiny_patch16_224", 224), ("mixer_s32_224", 224), ("resnest14d", 64), ("levit_128s", 224),
        ("edgenext_xx_small", 64), ("pvt_v2_b0", 64))  # fmt: skip
SMALL = {"vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
         "intermediate_size": 64, "max_position_embeddings": 32}  # fmt: skip
GPT = {
    "vocab_size": 60,
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": 32,
    "bos_token_id": 1,
    "eos_token_id": 1,
}
T5 = {"vocab_size": 60, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}
KERAS = (("MobileNetV2", 64), ("DenseNet121", 64), ("ConvNeXtTiny", 64), ("Xception", 96), ("InceptionV3", 96))
ONNX = ("densenet121", "inception_v2", "resnet50", "shufflenet", "squeezenet")
HUGGING = (
    ("bert", "BertModel", "BertConfig", SMALL), ("gpt2", "GPT2LMHeadModel", "GPT2Config", GPT),
    ("gpt2 by hand", "GPT2LMHeadModel", "GPT2Config", {**GPT, "attn_implementation": "eager"}),
    ("llama", "LlamaForCausalLM", "LlamaConfig", {**SMALL, "num_key_value_heads": 2}),
    ("t5", "T5Model", "T5Config", T5),
)  # fmt: skip


def cases() -> Iterator[tuple[str, Callable[[], Made]]]:
    """Name and maker of every model that can be made here."""
    if importlib.util.find_spec("torchvision"):
        yield from ((name, lambda name=name, size=size: _vision(name, size)) for name, size in TORCHVISION)
    if importlib.util.find_spec("timm"):
        yield from ((f"timm {name}", lambda name=name, size=size: _timm(name, size)) for name, size in TIMM)
    if importlib.util.find_spec("transformers"):
        yield from ((name, lambda made=made: _hugging(*made)) for name, *made in HUGGING)
    if importlib.util.find_spec("keras"):
        yield from ((f"keras {name}", lambda name=name, size=size: _keras(name, size)) for name, size in KERAS)
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("onnx"):
        yield from ((f"onnx {name}", lambda name=name: _onnx(name)) for name in ONNX)


def _vision(name: str, size: int) -> Made:
    from torchvision import models

    return getattr(models, name)(weights=None).eval(), (torch.randn(1, 3, size, size),), {}


def _timm(name: str, size: int) -> Made:
    import timm

    return timm.create_model(name, pretrained=False).eval(), (torch.randn(1, 3, size, size),), {}


def _hugging(kind: str, config: str, options: dict[str, Any]) -> Made:
    import transformers

    ids = torch.randint(2, 50, (2, 7))
    model = getattr(transformers, kind)(getattr(transformers, config)(**options)).eval()
    return model, (), {"input_ids": ids, **({"decoder_input_ids": ids} if kind == "T5Model" else {})}


def _keras(name: str, size: int) -> Made:
    import keras

    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3))
    return model, (255 * torch.rand(1, size, size, 3),), {}


def _onnx(name: str) -> Made:
    """A network that the onnx package ships, its weights made by the graph itself."""
    import onnx

    path = Path(onnx.__file__).parent / f"backend/test/data/light/light_{name}.onnx"
    return path, (torch.randn(1, 3, 224, 224).numpy(),), {}


def _plain(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[], Any]:
    """The model alone."""
    if not isinstance(model, Path):
        return lambda: model(*args, **kwargs)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {session.get_inputs()[0].name: args[0]})


def timed(run: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Milliseconds of the processor, the least of some rounds after one that is not counted, and what it gave."""
    least, found = float("inf"), run()
    for _ in range(rounds):
        before = time.process_time()
        found = run()
        least = min(least, 1e3 * (time.process_time() - before))
    return least, found


def measured(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Counter[Any], str, list[float]]:
    """The verdicts on the calls of a model, what of them has no layer, and milliseconds."""
    with torch.no_grad():
        plain, _ = timed(_plain(model, args, kwargs), 3)
    seen, _ = timed(lambda: la.capture(model, *args, check=False, **kwargs), 3)
    before = time.process_time()
    found = la.capture(model, *args, **kwargs)
    checked = 1e3 * (time.process_time() - before) - seen
    missing = Counter(call.kind for call in found.unmapped)
    told = ", ".join(f"{kind} {n}" for kind, n in missing.items()) or "–"
    return Counter(call.agrees for call in found.layers), told, [plain, seen, checked]


def main(words: list[str]) -> None:
    torch.set_num_threads(1)
    every: Counter[Any] = Counter()
    print("| model | calls | agree | unequal | no layer | plain ms | capture ms | check ms |\n" + "|---" * 8 + "|")
    for name, make in cases():
        if words and not any(word in name for word in words):
            continue
        torch.manual_seed(0)
        verdicts, missing, times = measured(*make())
        every += verdicts
        cells = [name, verdicts.total(), verdicts[True], verdicts[False], missing, *(f"{ms:.0f}" for ms in times)]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
    share = every[True] / max(1, every.total())
    print(f"| all | {every.total()} | {every[True]} ({share:.1%}) | {every[False]} | | | | |")


if __name__ == "__main__":
    main(sys.argv[1:])
