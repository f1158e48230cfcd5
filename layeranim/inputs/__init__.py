"""What a user brings becomes arrays: files, pictures, inline literals, named samples and kernels, seeded numbers.

Nothing here unpickles, runs, or follows what it reads; declared sizes are checked before memory is taken.
"""

from __future__ import annotations

from layeranim.inputs.fonts import font
from layeranim.inputs.kernels import KERNELS, kernel
from layeranim.inputs.places import Identity, files, identity
from layeranim.inputs.read import opened, read
from layeranim.inputs.request import LIMITS, Limits, Request
from layeranim.inputs.safe import printable
from layeranim.inputs.samples import SAMPLES
from layeranim.inputs.seeded import Role as Role
from layeranim.inputs.seeded import seeded
from layeranim.inputs.source import Source
from layeranim.inputs.themes import theme
from layeranim.inputs.within import Base, Within, discreet, foreign

__all__ = ["KERNELS", "LIMITS", "SAMPLES", "Base", "Identity", "Limits", "Request", "Source", "Within", "discreet",
           "files", "font", "foreign", "identity", "kernel", "opened", "printable", "read", "seeded",
           "theme"]  # fmt: skip
