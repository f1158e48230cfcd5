"""``python -m layeranim``. Python itself looks for modules in the working folder first then: where that folder is not
yours, run ``layeranim`` or ``python -P -m layeranim``."""

from __future__ import annotations

import os
import sys


def _leave_the_working_folder() -> None:
    """From here on what lies there is data; layeranim itself is found already."""
    try:
        if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:
            del sys.path[0]
    except FileNotFoundError:  # it is gone
        pass


if __name__ == "__main__":
    _leave_the_working_folder()

    from layeranim.cli import main

    sys.exit(main())
