"""Whether cells of a notebook are run here. IPython is asked only where it is there already."""

from __future__ import annotations

import sys
from typing import Any


def shell() -> Any:
    """The shell of the notebook whose kernel this process is; nothing in a program or on a terminal."""
    ipython = sys.modules.get("IPython")
    found = ipython.get_ipython() if ipython else None
    return found if hasattr(found, "kernel") else None


def here() -> bool:
    """Whether this process runs the cells of a notebook."""
    return shell() is not None
