"""A user's own model: its layer calls in the order in which they ran, each held against the engine.

Nothing here imports PyTorch: whoever has a model has imported it.
"""

from __future__ import annotations

from layeranim.capturing.captured import CallTable, Capture, ModelCall

__all__ = ["CallTable", "Capture", "ModelCall"]
