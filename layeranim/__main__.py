"""``python -m layeranim``. Python itself looks for modules in the working folder first then: where that folder is not
yours, run ``layeranim`` or ``python -P -m layeranim``."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    if not sys.flags.safe_path and sys.path[:1] == [os.path.abspath(os.curdir)]:
        del sys.path[0]  # from here on a project's folder is data; layeranim itself is found already

    from layeranim.cli import main

    sys.exit(main())
