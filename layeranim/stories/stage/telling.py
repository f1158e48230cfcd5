"""A film's declaration and a trace become a storyboard: what stands where, what happens when, in which words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, takewhile

from layeranim import theme
from layeranim.engine.trace import Region, count
from layeranim.errors import OptionError
from layeranim.numbers import MOST_DECIMALS
from layeranim.stories import phrases, timing, vocabulary
from layeranim.stories.header import header, placed
from layeranim.stories.options import PACES
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.language import All, Aside, Each, Play, Turn, WhatIf, Windows
from layeranim.stories.stage.legend import legend
from layeranim.stories.stage.parts.base import Actor, Moment
from layeranim.stories.stage.parts.becoming import Becoming
from layeranim.stories.stage.parts.names import short as shortened
from layeranim.stories.stage.plans import Plan
from layeranim.stories.stage.saying import Notes, Saying, note_line
from layeranim.stories.stage.seam import checked
from layeranim.stories.stage.showing import Showing, Standing
from layeranim.stories.stage.solver import Laid, Node, NoRoom, room_on, solve
from layeranim.stories.stage.travel import courses
from layeranim.stories.stage.unit_steps import Acted
from layeranim.stories.stage.verbs import Clear, Fill, Verb
from layeranim.stories.storyboard import Beat, Fact, GridPlan, Line, Run, Story, Storyboard, Telling, plain

LOOK, LAND, TURNED = 0.44, 0.6, 0.8
"""Seconds at most that a frame takes to arrive, a result, and a part that takes another shape."""
LAID, TERM = 0.8, 0.2
"""Seconds that a kernel takes to lie down, and each term of a sum to arrive; a sum at most half of its beat."""
SHOWN, TERMED = 0.36, 2.0
"""Seconds for each term of a sum that is acted term by term, in beats at least so long."""
OPENING = 2.6
PLACES = 4
"""Ticks that a window stands still while it runs over many."""


def story(title: str, film: Callable[[Telling], Play], good_for: str, takes: float = Story.takes,
          shows: tuple[str, ...] = ()) -> Story:  # fmt: skip
    """A story told on the stage; ``takes`` and ``shows`` as `Story` has them."""

    def told(telling: Telling) -> Storyboard:
        play = film(telling)
        return tell(replace(play, title=play.title or title, good_for=play.good_for or good_for), telling)

    return Story(title, told, good_for, shows, takes)


def tell(film: Play, telling: Telling) -> Storyboard:
    """The storyboard of a declared film; of long sums fewer terms are written where nobody could read all of them."""
    for most in range(phrases.MOST_TERMS, 0, -1):
        board = _Told(film, telling, most).storyboard()
        if not timing.hurried(board, telling.film.pace):
            break
    return board


def room_for(film: Play, telling: Telling) -> int:
    """How many decimals a declared film has room for on its canvas: all of them is 9, no room at all −1."""
    try:
        given = _Told(film, telling, phrases.MOST_TERMS).laid.look.decimals
    except NoRoom:
        return -1
    return MOST_DECIMALS if given is None else given


class _Told:
    def __init__(self, film: Play, telling: Telling, most: int) -> None:
        self.film, self.telling, self.options = film, telling, telling.film
        self.figures = Figures(film, telling)
        self.canvas = self.options.canvas
        self.shown = self._shown()
        self.figures.first, self.figures.stop = self.shown.start, self.shown.stop
        self.figures.ranges.full = frozenset(chain.from_iterable(actor.full_numbers for actor in _actors(film.stage)))
        lower = placed(self._title(), self._header(), self.canvas).lower(self.canvas)
        self.laid: Laid = solve(film.stage, self.figures, room_on(self.canvas, lower, self.options.captions))
        self.figures.drawn = frozenset(getattr(plan, "tensor", "") for plan in self.laid.plans.values())
        self.figures.placed = {name: plan for name, plan in self.laid.plans.items() if isinstance(plan, GridPlan)}
        self.parts = [Standing(actor, plan) for actor in _actors(self.laid.stage or film.stage)
                      for plan in self._plans(actor)]  # fmt: skip
        self.figures.becoming = frozenset(
            name for p in self.parts if isinstance(p.actor, Becoming) for name in p.actor.draws
        )
        self.least = timing.TERSE * min(1.0, PACES[self.options.pace]) - 0.01
        """Seconds below which a beat has no note, and says its result alone."""
        self.follow = self._follow()
        self.saying = Saying(self.figures, self.parts, self.least, most)
        self.showing = Showing(self.figures, self.laid, self.parts)

    def _shown(self) -> range:
        """The units that are shown; where samples are units too, those of the one that is asked for."""
        first, *inner = self.figures.sizes or (1,)
        whole = self.film.units.along[:1] == ("batch",)
        shown: range = (
            self.options.selected_of(first, count(inner)) if whole else self.options.selected(self.figures.count)
        )
        return shown

    def _plans(self, actor: Actor) -> list[Plan]:
        """Where a part stands: under the names that it gives its plans."""
        return [self.laid.plans[name] for name in actor.names if name in self.laid.plans]

    def _stops(self) -> list[int]:
        """Where the film halts though it runs: where it says so, and at what is followed."""
        return sorted({unit for unit in (*self.film.stops, self.follow) if unit in self.shown})

    def _follow(self) -> int:
        """The unit whose numbers are followed: the one asked for, else the preset's, else the film's, if shown."""
        if self.options.follow is not None:
            return self._asked(int(self.options.follow))
        preset = self.telling.preset
        meant = self.film.units.meant(preset.unit) if preset and preset.unit is not None else None
        wanted = (meant, self.film.follow, self.shown[0])
        return next(unit for unit in wanted if unit is not None and unit in self.shown)

    def _asked(self, number: int) -> int:
        """The unit of that number, counted from 1; refused where the film does not show it."""
        units, noun = self.figures.count, self.film.units.noun
        if number > units:
            way = f"give a number from 1 to {units}" if units > 1 else "leave it out"
            are = "are" if units > 1 else "is"
            raise OptionError(f"follow is {number}, but there {are} only {units} {noun[units > 1]}; {way}")
        if number - 1 not in self.shown:
            told = phrases.ordinal_range(self.shown[0], self.shown[-1], *noun)
            raise OptionError(f"follow is {number}, but the film shows {told} alone; give one of these, or other steps")
        return number - 1

    def _stretches(self) -> list[timing.Stretch]:
        """The schedule; the unit that is followed is taught, wherever it stands."""
        if any(unit in self.shown for unit in self.film.visits):
            visits = dict.fromkeys((*self.film.visits, self.follow))
            return timing.visited(self.shown, tuple(visits), self.film.row)
        return [
            replace(stretch, seconds=max(stretch.seconds, timing.TAUGHT), taught=True)
            if self.follow in stretch.units
            else stretch
            for stretch in timing.with_pause(self.shown, self.film.row, self._stops())
        ]

    # ── storyboard ───────────────────────────────────────────────────────────
    def storyboard(self) -> Storyboard:
        beats = self._looked(tuple(self._started()))
        taught = [beat for beat in beats if beat.kind == "step"]
        poster = min(taught, key=lambda beat: abs(beat.units[0] - self.follow))
        last = list(takewhile(lambda beat: beat.units == poster.units, taught[taught.index(poster) :]))[-1]
        title = self._title()
        grids = self.figures.placed
        keys = legend(self.laid.plans, beats, self.film.kinds, self.canvas, self.film.spans)
        others = (*(plan for plan in self.laid.plans.values() if not isinstance(plan, GridPlan)), *keys)
        where = f"{plain(last.place)}: " if last.place else ""
        told = f" {self.film.warning}." if self.film.warning else ""
        alt = f"{title}: {plain(self._header())}. {where}{plain(last.caption)}.{told}"
        words = self.film.tokens
        warnings = (
            *((self.film.warning,) if self.film.warning else ()),
            *vocabulary.undrawn("".join(words)),
            *vocabulary.cut((w, shortened(w)) for w in words),
            *self._rounded(),
        )
        return checked(Storyboard(self.telling.trace.layer, title, self._header(), grids, beats, self.figures.count,
                                  last.end - 1, alt, {"stage": others}, warnings, canvas=self.canvas))  # fmt: skip

    def _rounded(self) -> Iterator[str]:
        """That numbers have fewer decimals than were asked for, because no stage holds them."""
        asked, given = self.options.precision, self.laid.look.decimals
        if asked is not None and given is not None and given < asked:
            numbers = phrases.so_many("decimal", "decimals", given)
            yield f"precision {asked} has no room on this stage: numbers have {numbers}"

    def _title(self) -> str:
        base = self.telling.untouched
        return self.options.title or (base.title if base else "") or self.film.title

    def _header(self) -> Line:
        """Sizes and hyper-parameters, which one of a batch is told, the seed."""
        axes = {axis for tensor in self.figures.trace.tensors.values() for axis in tensor.axes}
        batch = self.figures.trace.size("batch") if "batch" in axes else 1
        one = self.figures.here(self.shown[0]).get("batch")
        chosen = "batch" in self.figures.fixed or self.options.sample is not None
        told = [f"sample {one + 1} of {batch}"] if chosen and one is not None and batch > 1 else []
        seed = f"random values, seed {self.telling.seed}" if self.telling.seeded else ""
        return header([*self.film.options, *told], self.film.drawn, seed, canvas=self.canvas)

    # ── beats ────────────────────────────────────────────────────────────────
    def _started(self) -> Iterator[Beat]:
        at = 0
        for beat in self._beats():
            yield replace(beat, start=at)
            at += beat.ticks

    def _beats(self) -> Iterator[Beat]:
        pace = PACES[self.options.pace]
        each = self.film.each
        more = sum(act.seconds for act in self.film.acts if not isinstance(act, Each)) + OPENING - theme.OPEN_HOLD_MOST
        asides = _told_asides(each, self._stretches())
        more += sum(aside.seconds for aside in asides.values())
        more += self._beside(each) * each.pause
        stretches, factor = timing.paced(self._stretches(), self.options.pace, more, self.film.longest)
        ghosts = tuple(v for p in self.parts for v in p.actor.opens(self.figures, p.plan, self.shown[0]))
        ghosts += tuple(courses(self.figures, self.laid.plans, self.shown))
        length = timing.ticks(OPENING * min(1.0, pace))
        done, note = self.shown.start, note_line(self.film.opening_note or self.film.warning)
        yield Beat("open", 0, length, phases=(("ghost", length - 8), ("empty", 8)), caption=self.film.opening,
                   note=note, done=done, verbs=(ghosts, ()))  # fmt: skip
        for act in self.film.acts:
            if isinstance(act, All):
                yield self._all(act, factor, done)
            elif isinstance(act, Turn):
                yield self._turn(act, factor)
            elif isinstance(act, WhatIf):
                yield self._what_if(act, factor)
            else:
                done = self.shown.stop
                yield from self._each(act, stretches, factor)
                done = self.shown.stop
        yield Beat("close", 0, timing.ticks(theme.END_HOLD), caption=self._closing(),
                   note=note_line(self.telling.takeaway or self.film.good_for), done=self.shown.stop,
                   steps=self._making(self._evidence()), verbs=self._shown_last())  # fmt: skip

    def _closing(self) -> Line:
        """The last sentence, in numbers as they are written on this stage."""
        said = self.film.closing
        return said(self.figures) if callable(said) else said

    def _evidence(self) -> tuple[Region, ...]:
        """What the last sentence speaks of: what the film says, else all of what its last act made."""
        act = self.film.acts[-1]
        if isinstance(act, Turn | WhatIf):
            return self.film.evidence
        last = act.writes[-1:] if isinstance(act, All) else self.figures.written_of(act.acts[-1][0])
        return self.film.evidence or tuple(self.figures.told(name) for name in last if self.figures.made(name))

    def _shown_last(self) -> tuple[tuple[Verb, ...], ...]:
        """The evidence in frames, and once more how the number came about that was followed."""
        whole = not isinstance(self.film.acts[-1], WhatIf)
        turning = [p for p in self.parts if whole and not p.actor.stays(self.figures, p.plan, self.follow)]
        again = (v for p in turning for v in p.actor.closes(self.figures, p.plan, self.follow))
        verbs = (*self.showing.pointed(self._evidence(), self.follow), *self.showing.led(list(again)))
        return (verbs,) if verbs else ()

    def _looked(self, beats: tuple[Beat, ...]) -> tuple[Beat, ...]:
        """At the end the lenses, too, show the unit that was followed, as they showed it when it was told."""
        *before, last = beats
        told = [beat for beat in before if beat.units == range(self.follow, self.follow + 1)]
        verbs = chain.from_iterable(chain.from_iterable(beat.verbs for beat in told))
        shown = {verb.part: verb for verb in verbs if isinstance(verb, Fill) and verb.part.startswith("lens:")}
        own = [verb for verb in chain(*last.verbs) if getattr(verb, "part", "") not in shown]
        return (*before, replace(last, verbs=((*own, *self.showing.led([*shown.values()])),))) if shown else beats

    def _what_if(self, act: WhatIf, factor: float) -> Beat:
        """The grids turn to other numbers, all at once; what the last sentence speaks of is framed."""
        length = timing.ticks(act.seconds * factor)
        fills = tuple(self.showing.filled(other) for other in act.others if other.part in self.figures.placed)
        phases = timing.phases(length, [("look", 0.04), ("land", timing.act(act.seconds, 0.5, TURNED))])
        cleared = tuple(Clear(part) for part in act.cleared if part in self.laid.plans)
        return Beat("act", 0, length, phases=phases, caption=act.says, done=self.shown.stop,
                    steps=self._making(self._evidence()),
                    verbs=(cleared, (*fills, *self.showing.pointed(self._evidence(), self.follow)), ()))  # fmt: skip

    def _making(self, regions: Sequence[Region]) -> tuple[int, ...]:
        """The steps that make these cells, and that read the window of what is followed."""
        steps = [at for region in regions for at in self.figures.making(region)]
        units = self.film.units
        if isinstance(units, Windows) and units.steps and any(region.tensor == units.of for region in regions):
            steps += [*units.steps(self.figures.here(self.follow))]
        return tuple(dict.fromkeys(steps))

    def _aside(self, unit: int, aside: Aside, factor: float) -> Beat:
        """What is said after a unit, of what it made."""
        length = timing.ticks(aside.seconds * factor)
        wanted = [("look", 0.24), *([("land", timing.act(aside.seconds, 0.25, LAND))] if aside.writes else [])]
        seen, made, steps = self.showing.concluded(unit, aside)
        shows = unit if aside.shows is None else aside.shows
        verbs = ((*self.showing.pointed(aside.points, shows), *seen), *((made,) if aside.writes else ()), ())
        place = () if aside.writes else self.saying.place(unit)
        return Beat("aside", 0, length, range(unit, unit + 1), timing.phases(length, wanted), aside.says,
                    note_line(aside.note), place, (*steps, *self._making(aside.points)), unit + 1, verbs)  # fmt: skip

    def _alone(self) -> int:
        """How many units show their acts one after another: the first, and the one that is followed."""
        return 1 if self.follow == (self.film.visits or self.shown)[0] else 2

    def _beside(self, each: Each) -> int:
        """How many beats these units have beyond one each."""
        made = sum(bool(self.figures.written_of(names)) for names, _ in each.acts)
        again = len(each.again) or made
        return made - 1 + (again - 1) * (self._alone() - 1)

    def _all(self, act: All, factor: float, done: int) -> Beat:
        """What is done to the whole slice at once; said of the cell that is followed."""
        self.showing.windows = {}  # what is done to all of it has no window
        made = [name for name in act.writes if self.figures.made(name)]
        if not made:
            names = " or ".join(act.writes)
            raise LookupError(
                f"no step writes {names}: leave the act out where the trace has no such tensor, "
                "and let Windows(steps=…) find these steps too"
            )
        unit = self.follow if act.unit is None else act.unit
        acted = [self.figures.acted(name, act.unit) for name in made]
        target = self.figures.cell_of(made[-1], unit, act.at)
        moment = Moment(unit, target, True, frozenset(made))
        own, retold = self.film.words.get(made[-1]), self.film.retold.get(made[-1])
        said = act.says(self.figures) if callable(act.says) else act.says
        said = said or (retold(self.figures, self.follow) if retold else own(self.follow) if own else ())
        caption = said or self.saying.said(self.figures.acted_at(target), target, act.seconds * factor)
        beat = self._beat("act", act.seconds * factor, range(0), acted, moment, caption, act.note, done)
        return replace(
            beat, steps=(*beat.steps, *(at for at in self._followed(made, unit, act) if at not in beat.steps))
        )

    def _followed(self, made: Sequence[str], unit: int, act: All) -> Iterator[int]:
        """The steps that make the cells that are followed, where all of a tensor has too many steps to name."""
        for name in made:
            yield self.figures.acted_at(self.figures.cell_of(name, unit, act.at)).at

    def _turn(self, act: Turn, factor: float) -> Beat:
        """A part takes its other shape; nothing is computed."""
        length = timing.ticks(act.seconds * factor)
        phases = timing.phases(length, [("look", 0.04), ("land", timing.act(act.seconds, 0.5, TURNED))])
        turned = tuple(v for p in self.parts if act.tensor in p.actor.draws
                       for v in p.actor.turns(self.figures, p.plan, self.follow))  # fmt: skip
        note = self.saying.noted(act.note, act.seconds, self.follow)
        return Beat("act", 0, length, phases=phases, caption=act.says, note=note, done=self.shown.stop,
                    verbs=((), turned, ()))  # fmt: skip

    def _each(self, act: Each, stretches: Sequence[timing.Stretch], factor: float) -> Iterator[Beat]:
        asides = _told_asides(act, stretches)
        for n, stretch in enumerate(stretches):
            unit, seconds = stretch.units[0], stretch.seconds
            if stretch.sweep:
                yield self._sweep(stretch)
                yield from (self._aside(u, asides[u], factor) for u in sorted(asides) if u in stretch.units)
                continue
            taught = any(unit in before.units for before in stretches[:n])  # of units that are visited first
            asked = self.options.follow is not None and not taught
            alone = n == 0 or (unit == self.follow and not taught and (asked or seconds >= self.least))
            made = [(kept, note) for names, note in act.acts if (kept := self.figures.written_of(names, unit))]
            if act.again and (taught or unit != (self.follow if asked else self.shown[0])):
                made = _joined(made, [self.figures.name(name, unit) for name in act.again])
            if alone and len(made) > 1:
                # However short the film is made, there is time to write out how the followed numbers came about.
                share = [seconds, *[max(act.pause * factor, self.least + 0.01)] * (len(made) - 1)]
                for i, ((_, note), length) in enumerate(zip(made, share, strict=True)):
                    yield self._unit(unit, made[: i + 1], i, note, length, i == len(made) - 1)
            else:
                told = act.says and not alone and seconds >= timing.BRIEF
                said = act.says(unit, seconds < TERMED) if act.says and told else self.saying.sums(act, unit, seconds)
                beat = self._unit(unit, made, 0, made[-1][1], seconds, True, said)
                visited = bool(self.film.visits) and len(stretches) > n + 1
                yield replace(beat, done=self.shown.start + n + 1) if visited else beat
            if unit in asides:
                yield self._aside(unit, asides[unit], factor)

    def _unit(
        self, unit: int, made: Sequence[tuple[list[str], Notes]], first: int, note: Notes, seconds: float, last: bool,
        says: Line = (),
    ) -> Beat:  # fmt: skip
        """One beat of a unit that has ``made`` these tensors by its end, from the ``first`` of them on."""
        names = [name for names, _ in made[first:] for name in names]
        told = frozenset(name for names, _ in made[:first] for name in names)
        acted = [replace(self.figures.acted(name, unit), told=told) for name in names]
        target = self.saying.target(names[-1], acted[-1], unit)
        given = (name for name in self.telling.trace if self.telling.trace.tensor(name).role in ("input", "weight"))
        whole = frozenset((*given, *(name for names, _ in made for name in names)))
        moment = Moment(unit, target, seconds >= self.least, whole, seconds < timing.BRIEF)
        kind = "step" if seconds >= timing.BRIEF else "brief"
        done = unit + 1 if last else unit
        own = self.film.words.get(names[-1]) if seconds >= self.least else None
        says = self.saying.instead(names[-1], unit, seconds) or says
        retold = self.film.retold.get(names[-1]) if seconds >= self.least else None
        says = says or (retold(self.figures, unit) if retold else ())
        caption = says or (own(unit) if own else self.saying.said(acted[-1], target, seconds))
        beat = self._beat(kind, seconds, range(unit, unit + 1), acted, moment, caption, note, done, first == 0)
        if not self.film.units.whole(unit):
            return beat
        cells = (self.figures.cell_of(name, unit, self.figures.inner(unit)) for name in names)
        followed = dict.fromkeys(self.figures.acted_at(cell).at for cell in cells)
        return replace(beat, steps=(*beat.steps, *(at for at in followed if at not in beat.steps)))

    def _beat(
        self, kind: str, seconds: float, units: range, acted: Sequence[Acted], moment: Moment, caption: Line,
        note: Notes, done: int, fresh: bool = False,
    ) -> Beat:  # fmt: skip
        shown = self.showing.acts(acted, moment, fresh, seconds >= TERMED)
        terms = [("term", min(SHOWN, 0.45 * seconds / max(1, len(shown.terms))))] * len(shown.terms)
        look = timing.act(seconds, 0.3, LAID) if shown.lays else timing.act(seconds, 0.25, LOOK)
        land = max(timing.act(seconds, 0.25, LAND), min(TERM * shown.counts, seconds / 2))
        length = timing.ticks(seconds)
        return Beat(kind, 0, length, units, timing.phases(length, [("look", look), *terms, ("land", land)]), caption,
                    self.saying.noted(note, seconds, moment.unit), self.saying.place(units[0]) if len(units) else (),
                    [*self._before(moment.unit, fresh), *(at for a in acted for at in a.every or (a.at,))],
                    done, (shown.looks, *shown.terms, shown.lands, ()))  # fmt: skip

    def _before(self, unit: int, fresh: bool) -> list[int]:
        """The step that read the window which is still framed while more is made of it."""
        units = self.film.units
        if fresh or not isinstance(units, Windows):
            return []
        every = [self.figures.acted(name, unit) for name in self.figures.written_of(self.film.each.named[0])]
        return [at for acted in every for at in acted.every or (acted.at,)]

    def _sweep(self, stretch: timing.Stretch) -> Beat:
        units, length = stretch.units, timing.ticks(stretch.seconds)
        verbs = tuple(v for p in self.parts for v in p.actor.passes(self.figures, p.plan, units[0], units[-1]))
        verbs += tuple(courses(self.figures, self.laid.plans, units, max(2, length // PLACES)))
        where = phrases.ordinal_range(units[0], units[-1], *self.film.units.noun)
        caption: Line = (Run(f"{where}:  ", source=Fact("units")), Run("each in the same way"))
        letters = len("".join(plain(caption).split()))
        several = self.film.visits or self.film.units.along in [(axis,) for axis in self.film.units.only]
        if several or letters > timing.READING * stretch.seconds:  # one line that stands while all pass
            caption = (Run(f"every {self.film.units.noun[0]} in the same way"),)
        each = self.film.each
        steps = [self.figures.acted(self.figures.name(each.writes, units[0]), units[0]).at]
        return Beat("sweep", 0, length, units, (("sweep", length),), caption, steps=steps, done=units[-1] + 1,
                    verbs=(verbs,))  # fmt: skip


def _told_asides(act: Each, stretches: Sequence[timing.Stretch]) -> dict[int, Aside]:
    """The asides for which there is a place: of those that make something, where units are swept over, the last."""
    out: dict[int, Aside] = {}
    for stretch in stretches:
        found = [unit for unit in sorted(act.asides) if unit in stretch.units]
        made = [unit for unit in found if act.asides[unit].writes][-1:]
        out |= {unit: act.asides[unit] for unit in found if not act.asides[unit].writes or unit in made}
    return out


def _joined(made: Sequence[tuple[list[str], Notes]], ends: Sequence[str]) -> list[tuple[list[str], Notes]]:
    """Acts of a unit joined to beats that end with these tensors, each with all notes of its acts, the last first."""
    out: list[tuple[list[str], Notes]] = [([], ())]
    for names, note in made:
        before, notes = out[-1]
        several = note if isinstance(note, tuple) else (note,)
        out[-1] = [*before, *names], (*several, *(notes if isinstance(notes, tuple) else (notes,)))
        if names[-1] in ends:
            out.append(([], ()))
    return [one for one in out if one[0]]


def _actors(node: Node) -> Iterator[Actor]:
    """The parts of a stage, each once, whichever of its arrangements is taken."""
    seen: list[Actor] = []
    for each in _leaves(node):
        if isinstance(each, Actor) and each not in seen:
            seen.append(each)
    yield from seen


def _leaves(node: Node) -> Iterator[Node]:
    inner: Sequence[Node] | None = getattr(node, "nodes", None)
    if inner is None:
        yield node
    for each in inner or ():
        yield from _leaves(each)
