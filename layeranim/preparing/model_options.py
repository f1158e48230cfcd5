"""The options of a captured model's film in a manifest; light, since every manifest is held against them."""

from __future__ import annotations

from layeranim.engine.option import Config, Text, Words, option
from layeranim.preparing.given import InputOptions
from layeranim.records import dataclass
from layeranim.stories.networks.opened import OPEN_MOST, Stages
from layeranim.stories.options import FilmOptions


@dataclass(frozen=True, kw_only=True)
class ModelOptions(Config):
    """Which film of a captured model."""

    model: str | None = option(Text(), None, "a captured model, the file that layeranim capture wrote")
    layer: str | None = option(Text(), None, "one call of the model alone, by its name; without it the whole model")
    opened: tuple[str, ...] | None = option(
        Stages(), None, f"which calls are opened, {OPEN_MOST} at most, by their place from 1 or their name"
    )
    tokens: tuple[str, ...] | None = option(Words(), None, "words that the rows of that call stand for")
    key_tokens: tuple[str, ...] | None = option(Words(), None, "words that the keys of that call stand for")


MODEL_OPTIONS = (
    *ModelOptions.options(),
    *(item for item in InputOptions.options() if item.name == "max_memory"),
    *(item for item in FilmOptions.options() if item.name != "theme"),
)  # fmt: skip
"""Every option of a captured model's film in a manifest."""
