"""Tensors as they were at a moment: an alias, until somebody is about to write into it, then a copy.

Nothing here takes memory but where numbers change in place. What is written without a word is noticed by the version
counter of PyTorch and then never taken for what it was.
"""

from __future__ import annotations

import sys
import weakref
from collections import defaultdict
from dataclasses import dataclass
from typing import Any


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


class Saved:
    """A tensor as it was when it was kept."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor.detach()
        self.version, self.copied = version(self.tensor), False

    def copy(self) -> None:
        """Let go of the alias."""
        if not self.copied:
            self.tensor, self.copied = self.tensor.clone(), True

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
    """Keeps trees of tensors, and copies those whose memory is about to change."""

    def __init__(self) -> None:
        self._sharing: dict[int, list[weakref.ref[Saved]]] = defaultdict(list)

    def keep(self, tree: Any) -> Kept:
        """``tree`` with every tensor that has numbers saved; parameters stay themselves."""
        torch = torch_module()
        leaves, spec = torch.utils._pytree.tree_flatten(tree)
        return Kept(tuple(self._one(leaf) for leaf in leaves), spec)

    def _one(self, leaf: Any) -> Any:
        torch = torch_module()
        if not isinstance(leaf, torch.Tensor) or isinstance(leaf, torch.nn.Parameter) or not has_numbers(leaf):
            return leaf
        saved = Saved(leaf)
        self._sharing[leaf.untyped_storage().data_ptr()].append(weakref.ref(saved))
        return saved

    def about_to_write(self, tree: Any) -> None:
        """Copy whatever shares its memory with a tensor of ``tree``."""
        torch = torch_module()
        for leaf in torch.utils._pytree.tree_leaves(tree):
            if isinstance(leaf, torch.Tensor) and has_numbers(leaf):
                for reference in self._sharing.pop(leaf.untyped_storage().data_ptr(), ()):
                    saved = reference()
                    if saved is not None:
                        saved.copy()
