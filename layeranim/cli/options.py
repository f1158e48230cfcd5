"""Click's options, made from what declares them once: a Config's fields, a layer's arrays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from layeranim import catalog, preparing
from layeranim.engine import synonyms
from layeranim.engine.option import Choice, Config, Flag, Kind, Layer
from layeranim.engine.option import Option as Declared
from layeranim.errors import OptionError
from layeranim.inputs.loading import KNOWN
from layeranim.stories.options import FilmOptions, ThemeLine

ENVIRONMENT = "LAYERANIM_"
SHORT = 40
"""Letters up to which a closed set of names stands beside its option; a longer one stands in the help."""
LONG = 80
"""Letters up to which a default is written out."""
NUMBERS = re.compile(r"-?\.?\d")
"""How numbers begin."""
LAYER, DATA, BACK, FILM, OUTPUT = "Layer", "Data", "Backward", "Film", "Output"


class WordsType(click.types.StringParamType):
    """Text as the user wrote it; its Config checks it."""

    name = "text"

    def __init__(self, known: Sequence[str] = (), files: bool = False) -> None:
        self.known, self.files = known, files

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found = [CompletionItem(word) for word in self.known if word.startswith(incomplete)]
        return found or ([CompletionItem(incomplete, type="file")] if self.files else [])


class Sectioned(click.Option):
    """An option under one of the headings of ``--help``; ``kind`` checks what comes from the environment."""

    def __init__(
        self,
        declarations: Sequence[str],
        section: str,
        kind: Kind | None = None,
        old: Sequence[str] = (),
        **attributes: Any,
    ) -> None:
        super().__init__([*declarations, *old], **attributes)
        self.section, self.kind, self.old = section, kind, old

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """As click's, without the spellings of earlier versions."""
        shown = copy(self)
        shown.opts = [word for word in self.opts if word not in self.old]
        return super(Sectioned, shown).get_help_record(ctx)

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        """The value, and who gave it. A wrong one from the environment is refused by its name there."""
        value, source = super().consume_value(ctx, opts)
        if source is ParameterSource.ENVIRONMENT and self.kind and not ctx.resilient_parsing:
            try:
                value = self.kind.check(str(self.name), value)
            except OptionError as error:
                raise OptionError(f"{self.envvar} in the environment: {error}") from None
        return value, source


def declared(config: type[Config], section: str, leave_out: Iterable[str] = ()) -> list[click.Option]:
    """One click option for every field of a Config."""
    return [_option(item, section) for item in config.options() if item.name not in leave_out]


def _option(item: Declared, section: str) -> click.Option:
    flags = [item.flag, *("--" + alias.replace("_", "-") for alias in item.aliases)]
    more: dict[str, Any] = {"metavar": item.kind.metavar if len(item.kind.metavar) <= SHORT else "NAME"}
    if isinstance(item.kind, Flag):
        flags = [f"{flag}/--no-{flag[2:]}" for flag in flags]
        more = {"is_flag": True}
    else:
        takes_files = "FILE" in item.kind.metavar
        more["type"] = WordsType(item.kind.names if isinstance(item.kind, (Choice, ThemeLine)) else (), takes_files)
    short = [item.short] if item.short else []
    old = ["--" + word.replace("_", "-") for word in item.old]
    return Sectioned([item.name, *short, *flags], section, item.kind, old, default=None, help=_help(item),
                     envvar=ENVIRONMENT + item.name.upper(), **more)  # fmt: skip


def _help(item: Declared) -> str:
    """What an option does, its bounds and its default."""
    long = item.kind.metavar if len(item.kind.metavar) > SHORT else ""
    says = f"{item.help}: {', '.join(long.split('|'))}" if long else item.help
    rest = "; ".join(note for note in notes(item) if note)
    return f"{says}  [{rest}]" if rest else says


def default(item: Declared) -> str | None:
    """The default as it would be written on the command line; none where it follows from the rest."""
    if item.default is None or isinstance(item.default, str):
        return item.default
    return item.kind.show(item.kind.check(item.name, item.default))


def notes(item: Declared) -> tuple[str, str]:
    """Bounds and default, either of which may be empty."""
    usual = default(item)
    return item.kind.rule, f"default: {brief(usual)}" if usual is not None else ""


def brief(text: str) -> str:
    """A default as it is shown: a whole network as a line of JSON says nothing to who reads."""
    return text if len(text) <= LONG else f"{text[: LONG // 2]} …"


def arrays(layer: Layer) -> list[click.Option]:
    """``--input``, ``--kernel``, …; ``--bias-values`` where the plain name is an option already."""
    taken = {name for item in layer.config.options() for name in (item.name, *item.aliases)}
    found: list[click.Option] = []
    for spec in layer.arrays:
        name = f"{spec.name}_values" if spec.name in taken else spec.name
        axes = " × ".join(axis.replace("_", " ") for axis in spec.axes)
        flag = name.replace("_", "-").replace(".", "-")
        found.append(_array(name, flag, f"{spec.help}  [{axes}]", _names(spec.name)))
    return found


def _array(name: str, flag: str, help: str, known: Sequence[str] = ()) -> click.Option:
    """The option of one array."""
    return Sectioned([name.replace(".", "_"), f"--{flag}"], DATA, type=WordsType(known, files=True),
                     metavar="FILE|NAME|NUMBERS", help=help)  # fmt: skip


def way_back(layer: Layer, passes: type[Config]) -> list[click.Option]:
    """``--backward`` and ``--grad-output``, …; a layer whose film goes back has its own."""
    if layer.backward is None or "backward" in {item.name for item in layer.config.options()}:
        return []
    found = declared(passes, BACK)
    for name in layer.starts:
        found.append(Sectioned([f"grad_{name}", f"--grad-{name.replace('_', '-')}"], BACK, type=WordsType(files=True),
                               metavar="FILE|NAME|NUMBERS", help=f"the gradient of {name}"))  # fmt: skip
    return found


def _names(array: str) -> list[str]:
    """Words that complete an array's option."""
    from layeranim.inputs import KERNELS, SAMPLES

    return [*(KERNELS if array in ("kernel", "weight") else ()), *(f"{name}:" for name in SAMPLES)]


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given, by name."""
    return {name: value for name, value in values.items() if value is not None}


class ExplainerCommand(click.Command):
    """A command for one explainer: its options stand under headings.

    ``elsewhere`` are options that it does not have and may be asked for, with the reason; one that is not ``of_layer``
    has the options of a film alone.
    """

    def __init__(
        self, name: str, *, elsewhere: Mapping[str, str] | None = None, of_layer: bool = True, **attributes: Any
    ) -> None:
        super().__init__(name, **attributes)
        self.elsewhere, self.layer = elsewhere or {}, catalog.layer(name) if of_layer else None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for _ in range(len(args) + 1):  # each time round one word is put into ours
            args = self._switched(args)
            try:
                return super().parse_args(ctx, list(args))
            except click.NoSuchOption as error:
                args = self._in_our_words(ctx, args, error)
        return super().parse_args(ctx, args)

    def _switched(self, args: list[str]) -> list[str]:
        """The words with ``--bias`` or ``--no-bias`` for ``--bias true`` and ``--bias=false``, as files say.

        Numbers after a switch that is the name of an array as well are those of the array: ``--bias 0.5``.
        """
        known = {word for param in self.params for word in param.opts}
        flags = {word: param for param in self.params if getattr(param, "is_flag", False) for word in param.opts}
        out = list[str]()
        for arg in args:
            name, sign, value = arg.partition("=")
            flag, said = (name, value) if sign else (out[-1] if out else "", arg)
            values = f"{flag}-values"
            if flag in flags and values in known and NUMBERS.match(said):
                out[len(out) if sign else -1 :] = [values, said]
                continue
            if flag not in flags or said.lower() not in ("true", "false"):
                out.append(arg)
                continue
            others = flags[flag].secondary_opts
            out[len(out) if sign else -1 :] = [flag] if said.lower() == "true" else others[:1]
        return out

    def _in_our_words(self, ctx: click.Context, args: list[str], error: click.NoSuchOption) -> list[str]:
        """The words with an option that there is instead of one that the field calls otherwise; else what is wrong."""
        flag = error.option_name
        here = {str(param.name): param for param in self.params}
        known = {**here, **{other[2:].replace("-", "_"): None for other in self.elsewhere}}
        no, word = ("no-", flag[5:]) if flag.startswith("--no-") else ("", flag[2:])
        same = None if flag in self.elsewhere else synonyms.option(word, known)
        if same in here and (not no or getattr(here[same], "is_flag", False)):
            ours = f"--{no}{max(here[same].opts, key=len)[2:]}"
            return [ours + arg[len(flag) :] if arg.partition("=")[0] == flag else arg for arg in args]
        if inner := self.layer and self.layer.inner(word):
            self.params.append(_array(inner, word, "of one layer or direction"))
            return args
        asked = f"--{same.replace('_', '-')}" if same else flag
        if reason := self.elsewhere.get(asked):
            raise click.UsageError(f"{asked} {reason}", ctx) from None
        if says := synonyms.answer(word, known):
            raise click.UsageError(f"--{says}", ctx) from None
        raise error

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            row = param.get_help_record(ctx)
            if row:
                sections.setdefault(getattr(param, "section", OUTPUT), []).append(row)
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl(rows, col_max=30)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.epilog:
            with formatter.section("Examples"):
                formatter.write("\n".join(f"  {line}" for line in self.epilog.splitlines()) + "\n")


def film_options(name: str) -> list[click.Option]:
    """Every option that decides a film: the layer's, its arrays', where they come from, how it looks."""
    layer = catalog.layer(name)
    back = way_back(layer, preparing.PassOptions) if catalog.has_film(name) and catalog.explainer(name).back else []
    return [*declared(layer.config, LAYER), *arrays(layer), *data_options(name), *back, *declared(FilmOptions, FILM)]


def data_options(name: str) -> list[click.Option]:
    """Where the arrays of a layer come from; without those that say nothing of this one."""
    layer, known = catalog.layer(name), [preset.name for preset in catalog.presets(name)]
    own = {option.name for option in layer.config.options()}
    taken = layer.name in KNOWN
    here = {"weights": taken, "convention": taken and "convention" not in own, "example": bool(known)}
    found = declared(preparing.InputOptions, DATA, [option for option, there in here.items() if not there])
    for item in found:
        if item.name == "example":
            item.type, item.metavar = WordsType(known), "NAME"
            item.help = f"a ready example: {', '.join(known)}  [default: {known[0]}]"
    return found
