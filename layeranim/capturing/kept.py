"""Tensors as they were at a moment: an alias, until somebody is about to write into it, then a copy.

Nothing here takes memory but where numbers change in place. What is written without a word is noticed by the version
counter of PyTorch and then never taken for what it was.
"""

from __future__ import annotations

import sys
import weakref
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from layeranim.records import dataclass


def torch_module() -> Any:
    """The PyTorch that the caller has imported."""
    return sys.modules["torch"]


def version(tensor: Any) -> int:
    """How often a tensor was written to; 0 where PyTorch does not count."""
    try:
        return int(tensor._version)
    except RuntimeError:  # a tensor of inference_mode
        return 0


def has_numbers(tensor: Any) -> bool:
    """Whether a tensor has numbers of its own: it is not sparse, not on the meta device, not inside vmap."""
    torch = torch_module()
    if tensor.layout != torch.strided or tensor.is_meta or tensor.is_quantized:
        return False
    return not torch._C._functorch.is_functorch_wrapped_tensor(tensor)


class Tree:
    """Nested arguments or results: what is in them, and how to put them together again."""

    def __init__(self, tree: Any) -> None:
        torch = torch_module()
        self.leaves, self.spec = torch.utils._pytree.tree_flatten(tree)
        self.tensors = [leaf for leaf in self.leaves if isinstance(leaf, torch.Tensor)]


class Saved:
    """A tensor as it was when it was kept."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor.detach()
        self.version, self.copied = version(self.tensor), False

    def copy(self, made: dict[Any, Any]) -> None:
        """Let go of the alias. Aliases of the same numbers share the copy in ``made``."""
        if not self.copied and not self.lost:
            numbers = (self.tensor.data_ptr(), self.tensor.dtype, self.tensor.shape, self.tensor.stride())
            if numbers not in made:
                made[numbers] = self.tensor.clone()
            self.tensor, self.copied = made[numbers], True

    @property
    def lost(self) -> bool:
        """Whether it was written to behind our back."""
        return not self.copied and version(self.tensor) != self.version

    @property
    def bytes(self) -> int:
        return int(self.tensor.numel() * self.tensor.element_size())


@dataclass(frozen=True)
class Kept:
    """A tree of arguments with its tensors saved. It is put together again only where it is read, because the
    constructor of a ``PackedSequence`` checks its parts."""

    leaves: tuple[Any, ...]
    spec: Any

    @property
    def saved(self) -> tuple[Saved, ...]:
        return tuple(leaf for leaf in self.leaves if isinstance(leaf, Saved))

    def tree(self) -> Any:
        """The arguments with tensors in their places."""
        leaves = [leaf.tensor if isinstance(leaf, Saved) else leaf for leaf in self.leaves]
        return torch_module().utils._pytree.tree_unflatten(leaves, self.spec)


class TensorKeeper:
    """Keeps trees of tensors, and copies those whose memory is about to change; so does it of the tensors of the model
    that it guards, to put them back."""

    def __init__(self) -> None:
        self._sharing: dict[int, list[weakref.ref[Saved]]] = defaultdict(list)
        self._guarded: dict[int, list[Any]] = defaultdict(list)
        self._written: dict[int, list[tuple[Any, Any]]] = {}

    def guard(self, tensors: Iterable[Any]) -> None:
        """Copy each of these before its memory changes."""
        for tensor in tensors:
            if has_numbers(tensor):
                self._guarded[tensor.untyped_storage().data_ptr()].append(tensor)

    def put_back(self) -> None:
        """Give the guarded tensors the numbers that they had."""
        for tensor, value in [pair for pairs in self._written.values() for pair in pairs]:
            self.about_to_write([tensor])
            tensor.detach().copy_(value)

    def written(self, tensor: Any) -> bool:
        """Whether a guarded tensor is another one now."""
        return bool(self._written) and tensor.untyped_storage().data_ptr() in self._written

    def keep(self, tree: Tree) -> Kept:
        """Every tensor of ``tree`` that has numbers saved; parameters that nobody wrote into stay themselves."""
        return Kept(tuple(self._one(leaf) for leaf in tree.leaves), tree.spec)

    def _one(self, leaf: Any) -> Any:
        torch = torch_module()
        if not isinstance(leaf, torch.Tensor) or not has_numbers(leaf):
            return leaf
        if isinstance(leaf, torch.nn.Parameter) and not self.written(leaf):
            return leaf
        saved = Saved(leaf)
        self._sharing[leaf.untyped_storage().data_ptr()].append(weakref.ref(saved))
        return saved

    def about_to_write(self, tensors: Iterable[Any]) -> None:
        """Copy whatever shares its memory with one of these tensors."""
        copies: dict[Any, Any] = {}
        for leaf in tensors:
            if has_numbers(leaf):
                place = leaf.untyped_storage().data_ptr()
                guarded = self._guarded.pop(place, None)
                if guarded is not None:
                    self._written[place] = [(tensor, tensor.detach().clone()) for tensor in guarded]
                for reference in self._sharing.pop(place, ()):
                    saved = reference()
                    if saved is not None:
                        saved.copy(copies)
