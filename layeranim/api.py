"""What users call from Python: the whole line in one call, or as far as the trace."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import IO, TYPE_CHECKING, Any

from layeranim import catalog
from layeranim.engine import memory
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Trace
from layeranim.errors import OptionError
from layeranim.inputs.request import Limits
from layeranim.inputs.states import state_dict
from layeranim.preparing import prepare, recorded, with_state
from layeranim.preparing.given import allowed, way_back
from layeranim.preparing.traced import of_capture, of_trace
from layeranim.preparing.work import Work, letters
from layeranim.stories.storyboard import Storyboard

if TYPE_CHECKING:
    from layeranim.capturing import Capture
    from layeranim.film.film import Film


def trace(name: str, *, labels: Mapping[str, Any] | None = None, **options: Any) -> Trace:
    """Every tensor of a layer and how each number came about.

    ``options`` are the layer's (``stride=2``), its arrays (``input=x, kernel="sobel-x"``), ``example`` and ``seed``.
    With ``backward=True`` it is the trace of the backward pass, see :func:`backward`; ``grad_output=g`` is where that
    starts.
    ``labels`` are letters, one a cell, for the input, weights and bias of a convolution or a dense layer, as
    ``{"input": "x y", "weight": "a b; c d"}`` or lists; those of products, sums and output follow.
    Raises ``UsageError`` with the rule that was broken.

    >>> import layeranim as la
    >>> t = la.trace("conv", input="1 2 3; 4 5 6; 7 8 9", kernel="1 0; 0 1")
    >>> t["output"].tolist()
    [[[[6.0, 8.0], [12.0, 14.0]]]]
    """
    made = prepare(name, options).trace()
    if labels is None:
        return made
    from layeranim.engine.symbolic import labelled

    return labelled(made, **{key: letters(text) if isinstance(text, str) else text for key, text in labels.items()})


def backward(trace: Trace, **gradients: Any) -> Trace:
    """The backward pass of a trace, as a trace of its own: ``grad_<tensor>`` is ∂loss/∂tensor, in that tensor's shape.

    ``gradients`` are those of the loss by the name of their tensor (``output=g``; of a recurrent layer also
    ``final_hidden``, of a loss ``loss``). Without any, that of the layer's output is 1 everywhere. The result holds the
    forward trace's tensors too, and is saved and loaded like it.
    Raises ``UsageError`` for a layer without a backward pass, another tensor's gradient, another shape.

    >>> import layeranim as la
    >>> t = la.trace("dense", input=[[1, 2]], weight=[[3, 4]])
    >>> la.backward(t)["grad_weight"].tolist()
    [[1.0, 2.0]]
    """
    if trace.origin is not None:
        raise OptionError(f"{trace.layer} is a backward pass already; give its forward trace, origin.forward")
    layer = catalog.layer(trace.layer)
    way_back(layer, gradients, True)
    return layer.backward(trace, gradients)  # type: ignore[misc]


def from_torch(module: Any, *inputs: Any, seed: int = 0, max_memory: int | str | None = None, **named: Any) -> Trace:
    """The trace of what a live PyTorch module computes: ``la.from_torch(torch.nn.LSTM(3, 4), x)``.

    ``inputs`` and ``named`` are what the module itself would be called with; the module is only read. ``seed`` draws
    the mask of a dropout in training. One tensor may take 2 GiB, or ``max_memory`` (``"8GB"``).
    Axes beyond a layer's own are folded into the batch, sequences come batch first.
    An ``nn.Sequential`` becomes one trace, tensors and steps with the names of its modules in front (``0.kernel``).
    What the trace gives is held against a copy of the module; module, buffers and random state stay as they are.
    Raises ``UsageError`` for a module that is not known, with those that are, and for one that gives other numbers.
    """

    def compute(found: Packed) -> Trace:
        layer = catalog.layer(found.layer)
        return layer.compute(layer.config.of(found.options), found.arrays)

    from layeranim.inputs.modules import traced  # the layers of a network: nothing else needs them all

    most = memory.WIDEST if max_memory is None else allowed({"max_memory": max_memory})
    with memory.budget(most):
        return traced(module, *inputs, compute=compute, seed=seed, **named)


def capture(
    model: Any,
    *args: Any,
    keep: str | Iterable[str] | None = None,
    check: bool = True,
    max_memory: int | str | None = None,
    **kwargs: Any,
) -> Capture:
    """Run a model once, and give every layer call of it: ``la.capture(model, x)``.

    ``model`` is of PyTorch or Keras 3, or a graph of ONNX (``"net.onnx"``, or as onnx has loaded it) with arrays for
    its inputs.
    ``args`` and ``kwargs`` are what the model is called with. The calls stand in the order in which they ran, modules
    and functions (``F.relu``, ``+``, ``@``) alike, with their inputs, outputs, weights and options as they were. Each
    that the engine knows is computed again and held against the model's own output: at most ε^0.6 of its largest
    number apart, ε being that of its type (float32 7·10⁻⁵, float64 4·10⁻¹⁰, float16 2·10⁻², bfloat16 5·10⁻²). One that
    differs says so and has no trace.
    ``keep`` are names, ``*`` for any letters, of the calls whose values are kept (``"layer4.*"``); of the others only
    names and shapes are. All values may take 2 GiB, or ``max_memory`` (``"8GB"``). Without ``check`` nothing is
    computed again until a trace is asked for.
    The model runs as it is, without gradients; its state, buffers, hooks and modes, and the random numbers of PyTorch,
    NumPy and Python, are afterwards as before, also where it raises: that error comes through with a note.
    Raises ``OptionError`` for what is no such model, and for values that take too much memory.
    """
    from layeranim.capturing.take import captured

    most = memory.WIDEST if max_memory is None else allowed({"max_memory": max_memory})
    return captured(model, args, kwargs, keep, check, most)


def load_capture(path: str | os.PathLike[str] | IO[bytes]) -> Capture:
    """A capture that ``Capture.save`` wrote, without the model and without PyTorch.

    Raises ``InputError`` for anything that is not such a file.
    """
    from layeranim.capturing import file

    return file.load(path)


def from_state(
    name: str,
    state: Mapping[str, Any] | str | os.PathLike[str],
    *,
    prefix: str = "",
    **options: Any,
) -> Trace:
    """The trace of a layer with weights from a state dict, by the parameter names of PyTorch or another library.

    ``state`` is a file of weights (PyTorch's ``.pt``, ``.safetensors``, ``.npz``, Keras', Flax', ONNX', Paddle's),
    or a mapping; of it the names that begin with ``prefix`` are taken (``prefix="encoder.0."``). ``options`` are the
    layer's, its other arrays and how they are read: ``stride=2, input="photo", resize="12x12", max_memory="2GB"``;
    attention and transformer need ``heads``, and ``convention="keras"`` says whose names and layout the weights have
    where neither the file nor the names do. Nothing in a file is run. See docs/weights.md.
    Raises ``UsageError`` for a file that cannot be read and for names that such a layer does not have.

    >>> import layeranim as la
    >>> la.from_state("dense", {"fc.weight": [[1, 2]], "fc.bias": [3]}, prefix="fc.", input=[[1, 1]])["output"].tolist()
    [[6.0]]
    """
    most = allowed(options)
    with memory.budget(most):
        return with_state(name, state_dict(state, prefix, Limits.within(most)), options)


def load_trace(path: str | os.PathLike[str] | IO[bytes], *, max_memory: int | str | None = None) -> Trace:
    """A trace that ``Trace.save`` wrote, also of a backward pass: arrays as stored, recipes and steps made anew.

    What reading it takes besides the file may be 512 MiB, or ``max_memory`` (``"4GB"``): JSON takes several times its
    size. Raises ``InputError`` for anything that is not such a file, ``MemoryLimitError`` for one that takes more.
    """
    from layeranim.engine import archive

    with memory.budget(allowed({} if max_memory is None else {"max_memory": max_memory})):
        return archive.load(path, catalog.layer)


def storyboard(what: str | Trace | Capture, *, layer: str | None = None, **options: Any) -> Storyboard:
    """The film of an explainer, a trace, or a captured model, as data: what stands where, what happens when, in which
    words.

    ``options`` as for :func:`render`, without outputs. ``render`` draws it; a film that is declared on the stage is
    written by ``layeranim storyboard NAME -o FILE.json`` and read by :func:`load_storyboard`.
    Raises ``UsageError`` with the rule that was broken.

    >>> import layeranim as la
    >>> board = la.storyboard("softmax", logits="2 1 0.1", follow=2)
    >>> board.seconds < 32, board.total, board.beats[0].kind
    (True, 3, 'open')
    """
    return _work(what, layer, options).told()


def load_storyboard(path: str | os.PathLike[str], max_memory: int | str | None = None) -> Storyboard:
    """The storyboard of a file that ``layeranim storyboard`` wrote, which :func:`render` draws.

    Raises ``InputError`` for a file that is none, ``ShapeError`` for one that takes more memory than may be taken.
    """
    return recorded.read(os.fspath(path), {} if max_memory is None else {"max_memory": max_memory}).board


def render(
    what: str | Trace | Storyboard | Capture,
    *,
    layer: str | None = None,
    output: str | Iterable[str] | IO[bytes] | None = None,
    formats: str | Iterable[str] | None = None,
    overwrite: bool = False,
    **options: Any,
) -> Film:
    """Make the film of an explainer, a trace, a storyboard, a captured model or one ``layer`` of it, and write it.

    ``output`` is one or more paths, the suffix deciding the format; ``formats`` names formats beside
    ``films/<name>``. A binary stream as ``output``, with one format in ``formats``, gets the bytes of the file when
    the film is complete; nothing is written beside it.
    Other ``options`` are the layer's, its arrays, and the film's (``theme="dark"``); of a trace the
    film's, and the words that its rows stand for (``tokens=["the", "cat"]``, ``key_tokens``); of a captured model also
    ``opened``, the calls that are opened in it; of a storyboard those of its looks (``theme``, ``quality``, ``size``,
    ``fps``).
    What stands there is replaced if it is a film of ours, as the provenance beside it tells; anything else with
    ``overwrite`` alone, and a file that an array is read from never.
    Raises ``UsageError`` with the rule that was broken and ``OutputError`` for a place, both before anything is drawn;
    ``RenderError`` where drawing or writing fails.
    Returns a ``Film`` with its paths, poster, alt text, captions and seconds.
    """
    if isinstance(what, Storyboard):
        return recorded.of(what, options).film_to(output, formats, overwrite=overwrite)
    return _work(what, layer, options).film_to(output, formats, overwrite=overwrite)


def _work(what: str | Trace | Capture, layer: str | None, options: Mapping[str, Any]) -> Work:
    """What decides a film, whatever it is of."""
    if not isinstance(what, (str, Trace)):
        return of_capture(what, layer, options)
    if layer is not None:
        raise OptionError(f"layer is {layer!r}, but is for a captured model, which {what!r} is none")
    return of_trace(what, options) if isinstance(what, Trace) else prepare(what, options)
