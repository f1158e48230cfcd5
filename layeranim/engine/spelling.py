"""What a mistyped word may have been meant to be. Nothing is imported here: the command line asks without NumPy."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 2
"""Letters that a guess may be away from what was written; half of the word it never is."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is fewest letters away from ``word``: two at most, and less than half of it.

    A letter left out, put in or replaced counts one, two neighbours exchanged too; case does not count, nor which of
    ``-`` and ``_`` is written. More is no slip of the finger but another word, and a wrong guess is worse than none.
    """
    plain, best = _plain(word), (MOST + 1, "")
    if len(plain) > 100:
        return None
    for candidate in known:
        apart = distance(plain, _plain(candidate), best[0] - 1)
        if apart is not None and 2 * apart < len(plain):
            best = (apart, candidate)
            if apart == 0:
                break
    return best[1] or None


def suggestion(word: str, known: Iterable[str]) -> str:
    """`` (did you mean X?)`` when a known word is that near, else nothing."""
    near = nearest(word, known)
    return f" (did you mean {near}?)" if near else ""


def _plain(word: str) -> str:
    return word.lower().replace("_", "-")


def distance(a: str, b: str, most: int) -> int | None:
    """Letters between two words (optimal string alignment), ``None`` if more than ``most``."""
    if abs(len(a) - len(b)) > most:
        return None
    far, before, last = most + 1, list[int](), list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        row = [i] + [far] * len(b)
        for j in range(max(1, i - most), min(len(b), i + most) + 1):
            row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (left != b[j - 1]))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == b[j - 1]:
                row[j] = min(row[j], before[j - 2] + 1)
        if min(row) > most:
            return None
        before, last = last, row
    return last[-1] if last[-1] <= most else None
