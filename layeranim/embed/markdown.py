"""What of a page in Markdown is code, and what is its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

SUFFIXES = (".md", ".markdown", ".mdx", ".qmd", ".Rmd")
"""Of pages in Markdown."""
_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)")
CODE = 4
"""Lines that are indented by so much are code."""
_HOLDS = re.compile(r"[-*+] |\d+[.)] |!!! |\?\?\?|=== |: |\[\^")
"""What indented lines below belong to: items of lists, admonitions, tabs, definitions, footnotes."""


def blocks(lines: Sequence[str]) -> Iterator[tuple[int, int, re.Match[str] | None]]:
    """Every fence with the line that opens it, and every line outside of fences, comments and code alone."""
    at, comment, above = 0, False, _above(lines)
    while at < len(lines):
        opened = _FENCE.fullmatch(lines[at])
        first, at = at, at + 1
        code = _is_code(lines, first, above)
        if comment or not opened or code:
            starts, ends = lines[first].rfind("<!--"), lines[first].rfind("-->")
            was, comment = comment, starts > ends if max(starts, ends) >= 0 else comment
            if not (was or code or opened):
                yield first, at, None
            continue
        closed = re.compile(rf"[ \t]*{re.escape(opened['mark'][0])}{{{len(opened['mark'])},}}[ \t]*")
        while at < len(lines) and not closed.fullmatch(lines[at]):
            at += 1
        at += 1
        yield first, at, opened


def _is_code(lines: Sequence[str], at: int, above: Sequence[int]) -> bool:
    """Whether a line is indented so far that it is code: with nothing above it that it would belong to."""
    if _depth(lines[at]) < CODE:
        return False
    while (at := above[at]) >= 0:
        if _HOLDS.match(lines[at].lstrip()):
            return False
    return True


def _above(lines: Sequence[str]) -> list[int]:
    """Of each line the nearest one above it that is indented less; -1 where there is none."""
    found: list[int] = []
    held: list[int] = []
    for at, line in enumerate(lines):
        if line.strip():
            while held and _depth(lines[held[-1]]) >= _depth(line):
                held.pop()
        found.append(held[-1] if held else -1)
        if line.strip():
            held.append(at)
    return found


def _depth(line: str) -> int:
    return len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())


def coded(lines: Sequence[str]) -> set[int]:
    """The numbers of lines that are shown as code. What a directive of MyST or a block of Quarto holds is none."""
    found = set(range(len(lines)))
    for first, after, opened in blocks(lines):
        if not opened:
            found.discard(first)
        elif opened["info"].startswith("{") and not opened["info"].startswith("{code"):
            found -= set(range(first, after))
            found |= {first + 1 + line for line in coded(lines[first + 1 : after - 1])}
    return found
