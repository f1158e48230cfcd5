"""Files that come with the package: fonts, samples, trained numbers."""

from __future__ import annotations

from pkgutil import get_data


def bundled(name: str) -> bytes:
    """A file of ``layeranim/data``; ``importlib.resources`` first loads what temporary files and archives take."""
    found = get_data("layeranim", f"data/{name}")
    assert found is not None  # every way of importing a package can read its files
    return found
