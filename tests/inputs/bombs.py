"""Run by test_bombs in a fresh interpreter: read each file named, print how it went, its processor time, and the peak.

Of the process, in the end, the largest resident memory in bytes: that of this process alone where the system tells
(Linux), else what the system counts for it.
"""

from __future__ import annotations

import io
import re
import resource
import sys
import time
from pathlib import Path
from typing import BinaryIO, cast

from layeranim.errors import InputError
from layeranim.inputs import read


class Endless(io.RawIOBase):
    """A stream that never ends."""

    def __init__(self, begin: bytes) -> None:
        self.begin = begin

    def read(self, size: int = -1) -> bytes:
        data, self.begin = self.begin, b""
        return data + b"1 " * ((size - len(data)) // 2)


def attempt(name: str, spec: str, stdin: BinaryIO | None = None) -> None:
    begin = time.process_time()
    try:
        verdict = f"read {read(spec, stdin=stdin).array.shape}"
    except InputError as error:
        verdict = str(error)
    print(f"{name}\t{time.process_time() - begin:.3f}\t{peak() >> 20}\t{verdict}")


def peak() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.findall(r"VmHWM:\s+([0-9]+)", status.read_text())[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


for argument in sys.argv[1:]:
    attempt(Path(argument).name, argument)
attempt("endless text", "-", cast(BinaryIO, Endless(b"")))
attempt("endless npy", "-", cast(BinaryIO, Endless(b"\x93NUMPY\1\0")))
attempt("random", "random:99999x99999")
