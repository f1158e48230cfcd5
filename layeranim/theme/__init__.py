"""Every colour, size, weight and duration of a film, by meaning. No colour literal stands anywhere else.

Measures are in design pixels: the canvas is 1280×720 whatever size a film is rendered at.
Colours are ``#RRGGBB``. Fills say *how much*, frames say *what it is*, dashes say *no data here*.
"""

from __future__ import annotations

from dataclasses import field, replace

from layeranim.records import dataclass

# ── measures, design pixels ──────────────────────────────────────────────────
WIDTH, HEIGHT = 1280, 720
MARGIN = 56
UNIT = 8
TITLE_BASELINE, PARAMETERS_BASELINE = 288, 251  # from the centre, y up; the second where the title leaves no room
STAGE_TOP, STAGE_BOTTOM = 240, -215
CAPTION_BASELINE, NOTE_BASELINE = -262, -302
COUNTER_BASELINE = -332
PROGRESS_HEIGHT, PROGRESS_GAP, PROGRESS_SEGMENTS = 6, 2, 24

TITLE, PARAMETERS, CAPTION, CAPTION_FLOOR, NAME, NOTE, COUNTER, FLOOR = 40, 26, 32, 26, 26, 24, 24, 22
NUMERAL = 30
HEADING_GAP = 16
CELL_GAP = 4
CELL_RADIUS, CHIP_RADIUS = 4, 8
HAIR, LINE, FOCUS, SECOND_FOCUS, HALO = 1.5, 2.5, 5, 2.5, 1.25
FOCUS_OUTSET, FRAME_OUTSET, FRAME_RADIUS = 2.5, 5, 9
ARROW_HEAD, RESULT_LINE, RESULT_HEAD, ARROW_GAP = 12, 3.5, 14, 12
OPERATOR_RADIUS, NEURON_RADIUS = 20, 40
HEAT_PITCH, HEAT_GAP = 24, 2  # below this a cell has no hairline, no radius, a gap that is whole pixels at half size
NUMERAL_PITCH = 44  # below this a numeral would fall under the floor
SUBSCRIPT, SUBSCRIPT_DROP, SUPERSCRIPT_RISE = 0.68, -0.17, 0.36

# ── durations, seconds; every one a multiple of 40 ms ────────────────────────
TICK_MS = 40
OPEN_HOLD, OPEN_HOLD_MOST, END_HOLD = 0.4, 1.48, 2.0
FADE = 0.24
BUDGET = 12.0


@dataclass(frozen=True)
class Theme:
    """One palette. Tokens are named for what they mean, never for how they look."""

    name: str
    bg: str
    surface: str  # exactly zero, a neutral cell
    raised: str  # rest edges, bar track, mask 0
    ink: str
    muted: str
    faint: str  # shapes only, never text
    grid: str  # a cell's hairline
    ghost: str  # dashed outlines
    focus: str  # the window: where the operator acts
    weights: str  # kernel, W, gamma, beta, mask: the operator
    result: str  # the cell being written, its arrow, the number after "="
    on_dark: str  # numeral on a dark fill
    on_light: str  # numeral on a light fill
    negative: tuple[str, ...]  # 4 steps, weak to strong
    positive: tuple[str, ...]
    heat: tuple[str, ...]  # 6 steps for 0…1
    gates: dict[str, str] = field(hash=False)
    clear: bool = False  # nothing lies behind the film: it stands on whatever page it is put

    @property
    def behind(self) -> str | None:
        """What lies behind everything, if anything does."""
        return None if self.clear else self.bg

    def fill(self, scale: str, level: int) -> str:
        """The fill of a quantised value: ``scale``: ``value``, ``heat``, ``grey``, ``ink``, ``plane-r|g|b``."""
        if scale == "value":
            if level == 0:
                return self.surface
            return (self.positive if level > 0 else self.negative)[abs(level) - 1]
        if scale == "heat":
            return self.heat[level]
        if scale == "ink":  # what is drawn on paper is dark on a light page, and light on a dark one
            return self.fill("grey", level if self.ground == "dark" else GREYS - 1 - level)
        if scale in PLANES:
            return mixed("#000000", PLANES[scale], level / (GREYS - 1))
        raise KeyError(scale)

    @property
    def ground(self) -> str:
        """Whether its pages are ``light`` or ``dark``."""
        return "dark" if luminance(self.bg) < 0.5 else "light"

    def on(self, fill: str) -> str:
        """The numeral ink that reads better on ``fill``."""
        return max((self.on_light, self.on_dark), key=lambda ink: contrast(ink, fill))

    def role(self, role: str) -> str:
        """The text colour of a caption's role: a token, ``probability``, ``positive``, or a gate's letter."""
        if role in self.gates:
            return self.gates[role]
        if role == "probability":
            return self.heat[-1]
        if role in ("positive", "negative"):
            return (self.positive if role == "positive" else self.negative)[-1]
        if role.startswith("on:"):
            return self.on(role[3:])
        return str(getattr(self, role))

    def tokens(self) -> tuple[str, ...]:
        """Every colour of the theme once, the ones that must be exact in a GIF."""
        listed = (
            *(self.bg, self.surface, self.raised, self.ink, self.muted, self.faint, self.grid, self.ghost),
            *(self.focus, self.weights, self.result, self.on_dark, self.on_light),
            *self.negative,
            *self.positive,
            *self.heat,
            *self.gates.values(),
        )
        return tuple(dict.fromkeys(listed))


GREYS = 32
"""Steps of a photograph's grey ramp, and of each tinted plane of an RGB image."""

PLANES = {"grey": "#FFFFFF", "plane-r": "#FF5A4D", "plane-g": "#4FD06A", "plane-b": "#5C8DFF"}


def rgb(colour: str) -> tuple[int, int, int]:
    """``#RRGGBB`` as three integers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    linear = [(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in (v / 255 for v in rgb(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """Contrast ratio of two colours, 1…21 (WCAG 2.2)."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def mixed(a: str, b: str, share: float) -> str:
    """A colour on the way from ``a`` to ``b``."""
    return "#" + "".join(f"{round(x + (y - x) * share):02X}" for x, y in zip(rgb(a), rgb(b), strict=True))


LIGHT = Theme(
    name="light",
    bg="#FFFFFF",
    surface="#F4F5F7",
    raised="#E6E9ED",
    ink="#16191D",
    muted="#5B6470",
    faint="#A9B1BC",
    grid="#C3CAD3",
    ghost="#98A2AF",
    focus="#CC2380",
    weights="#CC2380",
    result="#00543C",
    on_dark="#FFFFFF",
    on_light="#16191D",
    negative=("#FCE9D8", "#F9CFA9", "#F2A65E", "#D9730D"),
    positive=("#E1EEFB", "#BBD9F5", "#7DB5EA", "#1F6FC4"),
    heat=("#F5F3FA", "#E2DBF2", "#CBBDE7", "#AE98D8", "#7A57B8", "#4F2390"),
    gates={"f": "#7A1F10", "i": "#0B4AB0", "g": "#8A6800", "o": "#007F68"},
)

DARK = Theme(
    name="dark",
    bg="#12151B",
    surface="#1E232B",
    raised="#2A313B",
    ink="#F0F2F5",
    muted="#A3ADBA",
    faint="#5C6673",
    grid="#3F4956",
    ghost="#6B7684",
    focus="#E872AA",
    weights="#E872AA",
    result="#35E6A4",
    on_dark="#F7F8FA",
    on_light="#12151B",
    negative=("#3A2A1C", "#6B431C", "#9A5812", "#F09A3E"),
    positive=("#1B2D42", "#224A75", "#2F70B5", "#79B8F5"),
    heat=("#211E2B", "#322A4C", "#473972", "#624DA0", "#917DD0", "#CDBBFF"),
    gates={"f": "#E8705F", "i": "#4FA3FF", "g": "#F1BE2A", "o": "#86F5E0"},
)

PAGES = {"a white page": LIGHT.bg, "a dark page": DARK.bg}
"""What a film without a background must be read on."""
CLEAR = replace(
    LIGHT,
    ink="#7A787F",
    muted="#75808C",
    focus="#AB2AA8",
    weights="#AB2AA8",
    result="#0BA95F",
    negative=(*LIGHT.negative[:3], "#F1670E"),
    positive=(*LIGHT.positive[:3], "#205BDE"),
    heat=(*LIGHT.heat[:4], "#9478CE", "#7450B4"),
    gates={"f": "#BA3B32", "i": "#2C67CC", "g": "#AF8616", "o": "#01A184"},
    clear=True,
)
"""Of films without a background: cells as on light pages, and what stands between them in tones half-way, which have 3
to 1 on white pages and on dark ones. No colour has more than 4.3 on both.
"""

THEMES = {theme.name: theme for theme in (LIGHT, DARK)}
