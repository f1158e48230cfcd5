"""What a model writes out by hand, found by how it is built and believed only where the numbers say so.

A composite stands beside the calls that it is made of: attention as a softmax between two products, attention with the
projections that made its queries, keys and values, norms and activations of other people's classes.
"""

from __future__ import annotations

from layeranim.capturing import recognise_attention, recognise_modules
from layeranim.capturing.events import Event
from layeranim.capturing.recorder import Recorder


def composites(recorder: Recorder) -> list[Event]:
    """The composites of a run, in the order in which they ended."""
    found = [*recognise_modules.leaves(recorder), *recognise_attention.attentions(recorder)]
    return sorted(found, key=lambda entry: entry.at)
