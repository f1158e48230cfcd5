"""A film in words, for who does not see it: that it moves, what it is, what comes out, and one step of it.

Made of the words that the film shows. A screen reader says them: signs that it leaves out, or spells, are words, and
formulae are said as a person reads them aloud. Words of the user's are quoted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

from layeranim.stories.storyboard import Beat, Fact, Line, Storyboard, plain

MOST = 250
"""Letters of an alt text: what a screen reader says in one breath, and cannot be halted in."""
_NAMED_BY_NUMBER = re.compile(r"[a-z]+ \d+|\(end\)")
"""What stands where no word is known: ``key 2``."""
_GREEK_WORD = re.compile(r"[\u0370-\u03ff]{2}")
"""Where a title or a caption is in Greek, a letter that stands alone is a word of it, no symbol."""
_QUOTED = re.compile("“[^”]*”")
_OPERATOR = re.compile(r"[·×√]| [−+/] ")
_SUPERSCRIPTS = {"²": " squared", "³": " cubed", "ᵀ": " transposed"}
_RAISED = "[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ˣᵀ]+"
_WHO = r"(“\ue000+”|(?:query|token|word) \d+)"
SIGNS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    # what an arrow says depends on what stands on its sides
    (rf"^{_WHO} → (?=head)", r"\1: "),
    (rf"^{_WHO} → ", r"\1 looks at "),
    (r"^→ ", "to "),
    (r"([=/·√].*|[^\W\d]) → (?=\(?[−\d][−\d., ]*\)?$)", r"\1 gives "),
    (r"([\d)]) ?→ ?(?=[(−\d])", r"\1 to "),
    (r" ?→ ?", ", then "),
    (r"⌊([^⌋]*)⌋", r"\1, rounded down,"),
    (r"⌈([^⌉]*)⌉", r"\1, rounded up,"),
    (r"\|([^|]*)\|", r"the magnitude of \1"),
    (r" … ", " to "),
    (r"(\d)!", r"\1 factorial"),
    (r"(\d)e([−+-]?)0*(?=\d)", lambda m: f"{m[1]} times 10 to the power {'−' * (m[2] in ('−', '-'))}"),
    (r"\b([A-Z])([A-Z]ᵀ)", r"\1 times \2"),
    (_RAISED, lambda m: _SUPERSCRIPTS.get(m[0]) or f" to the power {unicodedata.normalize('NFKC', m[0])}"),
    ("[₀-₉]+", lambda m: f" sub {unicodedata.normalize('NFKC', m[0])}"),
    (" ?½ ?", " half "),
    ("\u0302", " hat"),
    ("′", " prime"),
    (r"∂(?=\w)", "the gradient of "),
    ("∂", "the gradient"),
    (r"([^\W\d_])\(", r"\1 of ("),
    (r"√ ?", "the square root of "),
    ("−∞", "minus infinity"),
    ("∞", "infinity"),
    ("±", "plus or minus"),
    (r" ?> ?", " is more than "),
    (r" / |(?<=[\d)])/|/(?=[\d(])", " over "),
    (r"(\d) ?× ?(?=\d)", r"\1 by "),
    (r"[×⊙]", "times "),
    (r" ?· ?", " times "),
    (r"≈", "about"),
    (r"\b(\w)_\(([^()]*)\)", r"\1 sub \2"),
    (r"\b(\w)_(\w+)", r"\1 sub \2"),
    (r"_", " "),
    (r"\^\(([^()]*)\)", r" to the power \1"),
    (r" ?\^ ?", " to the power "),
    (r",(?=[:,.])", ""),
    (r"[\u0370-\u03ff]", lambda m: _letter(m[0]) if not _GREEK_WORD.search(m.string) else m[0]),
)


_PICKED = re.compile(r", [a-z]+ \d+(?:, \d+)* of \d+ (?:drawn|written)")
"""``, channels 21, 22, 26 of 32 drawn`` of a header."""


def _letter(symbol: str) -> str:
    return unicodedata.name(symbol).split()[-1].lower()


def described(board: Storyboard, titled: bool = False) -> str:
    """The alt text of a film: as many of its sentences as fit. What comes out, and the number that the poster shows,
    go before what it means, the arithmetic, and which parts of many are drawn; last what the story warns of, such as
    words whose numbers are drawn at random. A title of the user's, as it is ``titled``, stays as it stands."""
    title = board.title if titled else _speech(board.title)
    end = "" if title.endswith(("?", "!", ".")) else ":" if board.parameters else "."
    text = f"{_moves(board)}{title}{end} {spoken(board.parameters)}"
    text = sentence(text.strip())
    if len(text) > MOST:
        return text[: MOST - 1].rstrip() + "…"
    said = "".join(f" {_spaced(warning)}." for warning in board.warnings)  # it may begin with a user's word
    said = said if len(text) + len(said) <= MOST else ""
    ends, means = _outcome(board)
    taught = _on_poster(board)
    step, result = (_told(taught, short) for short in (False, True))
    if (told := result.rstrip(".").rsplit(": ")[-1]).count(" ") > 2 and told in ends:
        step = result = ""  # it is what comes out
    both, less = ((ends, means, step), (ends, means, result), (ends, result)), ((ends, means), (ends,), (result,))
    for start, ways in ((text, both), (_PICKED.sub("", text), both), (text, less)):
        for tried in ways:
            more = "".join(f" {one}" for one in tried if one and one not in start)
            if len(start) + len(more) + len(said) <= MOST:
                return start + more + said
    return text + said


def of_still(board: Storyboard) -> str:
    """The alt text of pictures of a film that do not move."""
    return board.alt.removeprefix(_moves(board))


def _moves(board: Storyboard) -> str:
    return f"Animation, {round(board.seconds)} seconds. "


def description(board: Storyboard) -> list[str]:
    """The whole film in words, a line a step."""
    lines = (" ".join(filter(None, (_told(beat), sentence(spoken(beat.note))))) for beat in board.beats)
    return [line for line in lines if line]


def spoken(line: Line) -> str:
    """A line as a screen reader should say it: plain spaces, signs in words, words of the user's in quotes."""
    return _speech(_quoting(line))


def _quoting(line: Line) -> str:
    """The line as plain text, its words in quotes."""
    said = (run.source == Fact("word") and not _NAMED_BY_NUMBER.fullmatch(run.text) for run in line)
    return plain(
        tuple(replace(run, text=f"“{run.text}”") if word else run for run, word in zip(line, said, strict=True))
    )


def _speech(text: str) -> str:
    """A text with its signs as words; what is quoted stays as it is."""
    quoted = iter(_QUOTED.findall(text))
    said = _spaced(_QUOTED.sub("“\ue000”", text))
    for sign, words in SIGNS:
        said = re.sub(sign, words, said)
    return _spaced(re.sub("“\ue000”", lambda _: next(quoted), said))


def _outcome(board: Storyboard) -> tuple[str, str]:
    """What a film ends with: what comes out, and what is to be seen in it."""
    last = board.beats[-1]
    return (sentence(spoken(last.caption)), sentence(spoken(last.note))) if last.kind == "close" else ("", "")


def _on_poster(board: Storyboard) -> Beat:
    return next(beat for beat in board.beats if beat.start <= board.poster < beat.end)


def _told(beat: Beat, short: bool = False) -> str:
    """Where a step is, and its arithmetic; in ``short`` what comes of it."""
    place = spoken(beat.place)
    caption = _speech(_result(_quoting(beat.caption))) if short else spoken(beat.caption)
    return sentence(f"{place}: {caption}" if place and caption and not caption.startswith(place) else caption or place)


def _result(arithmetic: str) -> str:
    """``h_1 = 0.02`` of ``h_1 = 0.02 · 0.84 + 0.98 · 0.00 ≈ 0.02``, and so for each of several."""
    return ", ".join(_ended(clause) for clause in re.split(r",\s{2,}", arithmetic))


def _ended(clause: str) -> str:
    """One sum by its name, where it has one, and its result."""
    first, *rest = re.split(r" (?=[=≈] )", clause)
    if not rest:
        return clause if ";" in clause else clause.rsplit(": ")[-1]
    return rest[-1][2:] if _OPERATOR.search(first) else f"{first} {rest[-1]}"


def sentence(text: str) -> str:
    """With a capital where it begins with a word, and an end."""
    capital = text[:1].upper() + text[1:] if text[:2].isalpha() or text.startswith("a ") else text
    return capital if not text or text.endswith((".", "?", "!", "…")) else f"{capital}."


def _spaced(text: str) -> str:
    return " ".join(text.split())
