"""Every pinned package has its hashes and no address, and the pins answer what pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def pins(text: str) -> dict[str, str]:
    """Name → version of a requirements file whose every line is a pin with hashes, a comment, or nothing."""
    found: dict[str, str] = {}
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        pin = re.fullmatch(
            r"([\w.-]+)==([\w.]+)( ; [^#@]+?)?((--hash=sha256:[0-9a-f]{64})+)", line.replace(" --hash", "--hash")
        )
        if not pin:
            raise ValueError(f"not a pin with hashes: {line[:60]}")
        found[canonicalize_name(pin[1])] = pin[2]
    return found


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def asked_for() -> list[tuple[str, str]]:
    """(requirements file, requirement) for everything that pyproject.toml names."""
    settings = project()
    groups = {
        "run": settings["project"]["dependencies"],
        "build": settings["build-system"]["requires"] + settings["dependency-groups"]["build"],
        "test": settings["dependency-groups"]["test"],
        "bench": settings["dependency-groups"]["bench"],
    }
    return [(file, requirement) for file, requirements in groups.items() for requirement in requirements]


@pytest.mark.parametrize(("file", "requirement"), asked_for())
def test_what_is_asked_for_is_pinned(file: str, requirement: str) -> None:
    wanted = Requirement(requirement)
    pinned = pins((ROOT / "requirements" / f"{file}.txt").read_text(encoding="utf-8"))
    assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)])


@pytest.mark.parametrize("file", ["build", "run", "test", "bench"])
def test_no_address(file: str) -> None:
    assert "://" not in (ROOT / "requirements" / f"{file}.txt").read_text(encoding="utf-8")


def test_pytorch_is_not_pinned() -> None:
    assert not any("torch" in pins(path.read_text(encoding="utf-8")) for path in (ROOT / "requirements").iterdir())


@pytest.mark.parametrize(
    "line",
    ["numpy", "numpy==2.4.6", "numpy>=2 --hash=sha256:" + 64 * "0", "--extra-index-url x", "numpy @ file:///numpy.whl"],
)
def test_anything_but_a_pin_with_hashes_is_found(line: str) -> None:
    with pytest.raises(ValueError, match="not a pin"):
        pins(f"# fine\n{line}\n")
