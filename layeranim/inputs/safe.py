"""Foreign text made fit for a terminal, a log line or a title."""

from __future__ import annotations


def printable(text: str, limit: int = 80) -> str:
    r"""``text`` on one line of at most ``limit`` characters, shortened with ``…`` in its middle.

    Control, bidirectional and zero-width characters, lone surrogates and every space but the plain one are
    written as ``\xNN``, ``\uNNNN``, ``\UNNNNNNNN``: what is shown can neither move the cursor nor reorder a line.

    >>> printable("cat\x1b[2J\u202e.png")
    'cat\\x1b[2J\\u202e.png'
    >>> printable("a/very/long/way/to/cat.png", 16)
    'a/very/…/cat.png'
    """
    if len(text) <= limit:
        shown = "".join(map(_escape, text))
        if len(shown) <= limit:
            return shown
    tail = limit // 2
    head = limit - tail - 1
    return _fitting(text[:head], head) + "…" + _fitting(text[len(text) - tail :][::-1], tail, from_end=True)


def _fitting(text: str, room: int, from_end: bool = False) -> str:
    """As many of the first characters, escaped, as there is room for; an escape is never cut."""
    kept: list[str] = []
    for character in text:
        piece = _escape(character)
        room -= len(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(reversed(kept) if from_end else kept)


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
