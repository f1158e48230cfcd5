"""``python -m layeranim``."""

from __future__ import annotations

import sys

from layeranim.cli import main

if __name__ == "__main__":
    sys.exit(main())
