"""What a caption says of one or more beats, in fewer and fewer letters: the first that can be read in time is taken.

Every word and number is the storyboard's own. A loss goes with each text: how much of what is on screen it leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from layeranim import theme
from layeranim.stories.storyboard import Beat, plain

RELATION = re.compile(r" (=|≈|→(?= [\d−≈\[(])) ")
COUNTED = re.compile(r"(\w+?)s? (\d+)(?:–(\d+))?")
"""``row 3``, ``rows 3–4``, ``unit 12``: a noun and the numbers that it counts."""

Said = tuple[float, str]

OWN = 10.0
"""The loss of a line that the user wrote."""
WORTH = 1.6
"""Seconds of a beat whose words all count; those of a shorter one were less to be read on screen, too."""


class Spoken:
    """What one beat says, in several lengths; made once, as a beat is told alone and with each that stands near it."""

    def __init__(self, beat: Beat) -> None:
        self.beat, self.own, self.ticks, self.kind, self.units = beat, beat.own, beat.ticks, beat.kind, beat.units
        self.worth = min(1.0, beat.ticks * theme.TICK_MS / 1000 / WORTH)

    @cached_property
    def place(self) -> str:
        """Where a beat is: its place, or what stands before the colon of a sweep's caption."""
        place = _spaced(plain(self.beat.place))
        head, colon, _ = _spaced(plain(self.beat.caption)).partition(": ")
        return place or (head if colon and self.kind == "sweep" and COUNTED.fullmatch(head) else "")

    @cached_property
    def caption(self) -> str:
        """Its caption without its place."""
        text = _spaced(plain(self.beat.caption))
        return text.removeprefix(f"{self.place}: ") if self.place else text

    @cached_property
    def note(self) -> str:
        """Its note."""
        return _spaced(plain(self.beat.note))

    @cached_property
    def lead(self) -> str:
        """Where a beat is, before what it says, unless that says it."""
        place, caption = self.place, self.caption
        return f"{place}: " if place and not (caption.startswith(place) or caption.endswith(f" {place}")) else ""

    @cached_property
    def short(self) -> str:
        """A step's caption without its sums: ``c_t = 1.00 · 0.93 + 0.02 · 0.5 = 0.94`` says ``c_t = 0.94``."""
        if not self.beat.place:
            return self.caption
        said = re.sub(r"\s+([+→])\s+", r" \1 ", plain(self.beat.caption))
        clauses = [_outcome(" ".join(clause.split())) for clause in re.split(r",?\s{2,}", said)]
        text = ""
        for clause in clauses:
            text += ("" if not text else " " if text.endswith(":") else ", ") + clause
        return text.removeprefix(f"{self.place}: ") if self.place else text

    @cached_property
    def last(self) -> str:
        """The number or vector that a beat arrives at; nothing where it computes none."""
        parts = RELATION.split(_spaced(plain(self.beat.caption)))
        if not any(run.late for run in self.beat.caption) or len(parts) < 3:
            return ""
        return f"≈ {parts[-1]}" if parts[-2] == "≈" else parts[-1]


def texts(group: Sequence[Spoken]) -> Iterator[Said]:
    """Texts for these beats, each with its loss; none where the beats say nothing. The user's own lines go first."""
    if len(group) == 1:
        found: Iterable[Said] = ((loss * group[0].worth, text) for loss, text in _alone(group[0]))
    elif any(beat.caption or beat.note or beat.place for beat in group):
        found = _together(group)
    else:
        return
    own = [beat.note for beat in group if beat.own]
    yield from ((loss + OWN * sum(note not in text for note in own), text) for loss, text in found)


def _alone(beat: Spoken) -> Iterator[Said]:
    lead, caption, note, short, last = beat.lead, beat.caption, beat.note, beat.short, beat.last
    if caption and note:
        yield 0.0, f"{lead}{caption}\n{note}"
    if caption:
        yield 0.5 if note else 0.0, lead + caption
        yield 1.0, caption
    if short != caption:
        yield from ((1.25, lead + short), (1.75, short))
    if last:
        yield from ((1.2, f"{lead}{last}\n{note}") for _ in [note] if note)
        yield from ((1.5, lead + last), (2.0, last))
    if note:
        yield from ((1.6, lead + note), (1.7, note))
    if beat.place:
        yield 2.2, beat.place


def _together(group: Sequence[Spoken]) -> Iterator[Said]:
    span, worth = _span(group), sum(beat.worth for beat in group)
    tail = _counted(group)
    if span and tail:
        yield 0.5 * worth, f"{span}: {tail}"
        yield 1.0 * worth, f"{span}: {re.split('[,:]', tail)[0]}"
    lines = [beat.lead + beat.short for beat in group if beat.short]
    if len(lines) <= 3:
        yield 1.5 * worth, "\n".join(lines)
    results = [beat.last for beat in group]
    if span and all(results):
        yield 2.0 * worth, f"{span}: {', '.join(results)}"
    longest = max(group, key=lambda beat: (beat.own, beat.ticks))
    untold = 3.0 * (len(group) - 1)
    yield from ((loss * longest.worth + untold, text) for loss, text in _alone(longest))
    if span:
        yield 2.5 * worth, span


def _spaced(text: str) -> str:
    """The text with single plain spaces: those on screen are of many widths."""
    return " ".join(text.split())


def _outcome(clause: str) -> str:
    parts = RELATION.split(clause)
    if len(parts) < 3:
        return clause
    left, sign, right = parts[0], parts[-2], parts[-1]
    named = not re.search(r"\d| [+·] ", left) or re.fullmatch(r"[^\W\d]+\([^()]*\)", left)
    return f"{left} {sign} {right}" if named else right if sign != "≈" else f"≈ {right}"


def _span(group: Sequence[Spoken]) -> str:
    """From where to where these beats go: ``rows 3–9``, ``row 1, column 4 to row 3, column 2``, ``steps 3–7``."""
    places = [beat.place for beat in group if beat.place]
    if len(places) == len(group):
        first, last = places[0], places[-1]
        if first == last:
            return first
        a, b = COUNTED.fullmatch(first), COUNTED.fullmatch(last)
        if a and b and a[1] == b[1]:
            return f"{a[1]}s {a[2]}–{b[3] or b[2]}"
        if all(beat.beat.place for beat in group):
            return f"{first} to {_without_repeated(first, last)}"
    if not all(len(beat.units) for beat in group):
        return ""
    low, high = group[0].units[0] + 1, group[-1].units[-1] + 1
    return f"steps {low}–{high}" if low < high else f"step {low}"


def _without_repeated(first: str, last: str) -> str:
    """The second place of a span without the words that both begin with, as far as it still begins with a noun."""
    a, b = first.split(" "), last.split(" ")
    same = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), 0)
    while same and not b[same].isalpha():
        same -= 1
    return " ".join(b[same:])


def _counted(group: Sequence[Spoken]) -> str:
    """What sweeps say alike of all their units: ``137 windows, …`` and ``140 windows, …`` make ``277 windows, …``."""
    words = [beat.caption for beat in group]
    counts = [f"{len(beat.units)} " for beat in group]
    tails = {text.removeprefix(count) for text, count in zip(words, counts, strict=True)}
    if len(tails) != 1 or any(beat.kind != "sweep" for beat in group):
        return ""
    if all(text.startswith(count) for text, count in zip(words, counts, strict=True)):
        return f"{sum(len(beat.units) for beat in group)} {tails.pop()}"
    return words[0] if len(set(words)) == 1 else ""
