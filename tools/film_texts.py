"""The texts of a first film: its declaration, presets, catalog entry, cases, and what its sentences claim."""

from __future__ import annotations

from film_plan import FilmPlan

from layeranim import catalog


def _parts(plan: FilmPlan) -> str:
    given = [f'Grid("{name}", "{name}")' for name in plan.given]
    first = [f"Column({', '.join(given)})"] if len(given) > 1 else given
    rest = [f'Grid("{name}", "{name}")' for name in (*plan.between, plan.output)]
    return ', "→", '.join([*first, *rest])


def film(plan: FilmPlan) -> str:
    """The declaration."""
    at_once = [name for name in plan.between if name not in plan.beside]
    written = "".join(f'("{name}", NOTHING),' for name in (*plan.beside, plan.output))
    acts = [f'All(("{name}",))' for name in at_once] + [f"Each(({written}))"]
    used = ["Each", "Grid", "NOTHING", "Play", "Row", "Units", "story", *(["All"] if at_once else []),
            *(["Column"] if len(plan.given) > 1 else [])]  # fmt: skip
    source = plan.given[0] if plan.given else plan.output
    return f'''"""{plan.title}: number by number, from what it reads to what it makes."""

from __future__ import annotations

from layeranim.stories.header import unusual
from layeranim.stories.stage import {", ".join(used)}
from layeranim.stories.storyboard import Fact, Run, Telling

GOOD_FOR = "{plan.title.lower()}, as it is computed"


def film(telling: Telling) -> Play:
    """The film of this layer."""
    trace = telling.trace
    given, made = trace.tensor("{source}").array.size, trace.tensor("{plan.output}").array.size
    return Play(
        units=Units({plan.along!r}, {plan.noun!r}, {plan.told!r}),
        stage=Row({_parts(plan)}),
        acts=({", ".join(acts)},),
        opening=(Run("what comes in becomes ", weight="regular"), Run("{plan.output}", "result", "semibold")),
        closing=(
            Run(f"{{given}} number{{'s' * (given > 1)}} in, ", weight="regular", source=Fact("counts")),
            Run(f"{{made}} out", "result", "semibold", Fact("counts")),
        ),
        options=unusual(trace.config),
        follow=0,
    )


{story_name(plan)} = story("{plan.title}", film, GOOD_FOR)
'''


def story_name(plan: FilmPlan) -> str:
    """What the story is called in its module."""
    return "".join(word.capitalize() for word in plan.name.split("-")) + "Story"


def presets(plan: FilmPlan) -> str:
    """The layer's example as the first preset; ``unit`` is the step that the poster shows."""
    kept = {key: getattr(plan.preset, key) for key in ("arrays", "labels", "bound", "free", "cut")}
    more = "".join(f"        {key}={value!r},\n" for key, value in kept.items() if value)
    return f'''"""What {plan.name} is shown with, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

PRESETS = (
    Preset(
        {plan.preset.name!r},
        {plan.preset.summary!r},
        "values {plan.preset.source}",
{more}        unit=0,
    ),
)
'''


def entry(plan: FilmPlan) -> str:
    """The line of the catalog."""
    place = f"stories.{plan.family}.{plan.module}"
    return f'''    "{plan.name}": Explainer(
        "{plan.family}",
        "{plan.title.lower()}, number by number",
        "{catalog.LAYERS[plan.layer].layer}",
        "{place}_presets:PRESETS",
        "{place}:{story_name(plan)}",
        "scenes.stage:StageScene",
    ),
'''


def cases(plan: FilmPlan) -> str:
    """Options that no preset uses; sizes are the author's."""
    listed = [{"precision": 1}, {"steps": "first:1", "pace": "slow"}, {"seed": 7, "pace": "fast"}]
    return f'    "{plan.name}": {listed},\n'


def wide(plan: FilmPlan) -> str:
    """Options with which it is told wide."""
    return f'    ("{plan.name}", {plan.wide!r}),\n'


def claims(plan: FilmPlan) -> str:
    """What the film's sentences claim, recomputed from its trace."""
    source = plan.given[0] if plan.given else plan.output
    one, many = plan.noun
    return f'''"""The claims of {plan.name}, recomputed from its traces."""

from __future__ import annotations

from .sentences import Claim

ARITHMETIC = ("act", "step", "brief")
CLAIMS = {{
    "{plan.name}": (
        Claim("what comes in becomes {plan.output}"),
        Claim("({one}|{many}) .*: {{1,2}}each in the same way|every {one} in the same way"),
        Claim(
            r"(\\d+) numbers? in, (\\d+) out",
            lambda t, m, b: (int(m[1]), int(m[2])) == (t["{source}"].size, t["{plan.output}"].size),
            {{}},
            (),
            counts=True,
        ),
        Claim("{plan.title.lower()}, as it is computed"),
    ),
}}
'''
