"""Options are made from what declares them: every field has one, under a name of its own; so has the environment."""

from __future__ import annotations

import json
import re
from typing import Any

import click
import pytest

from layeranim import catalog, preparing
from layeranim.cli.options import ENVIRONMENT, Sectioned
from layeranim.cli.program import program
from layeranim.inputs.loading import KNOWN
from layeranim.stories.options import FilmOptions

EXPLAINERS = list(catalog.explainers())


def command(*words: str) -> click.Command:
    """The command that these words name."""
    found: click.Command = program
    for word in words:
        assert isinstance(found, click.Group)
        following = found.get_command(click.Context(found), word)
        assert following is not None
        found = following
    return found


@pytest.mark.parametrize("name", EXPLAINERS)
def test_help_tells_every_field(call: Any, name: str) -> None:
    layer = catalog.layer(name)
    done = call("render", name, "--help")
    assert (done.code, done.err) == (0, "")
    words = set(re.findall(r"(?<![\w-])--?[a-z][a-z0-9-]*", done.out))
    for config in (layer.config, FilmOptions, preparing.InputOptions):
        for item in config.options():
            if item.name in ("weights", "convention") and layer.name not in KNOWN:
                assert item.flag not in words or item.name in {own.name for own in layer.config.options()}
                continue
            aliases = ("--" + alias.replace("_", "-") for alias in item.aliases)
            assert {item.flag, *aliases, *([item.short] if item.short else [])} <= words, item.name
    taken = {item.name for item in layer.config.options()}
    for spec in layer.arrays:
        assert "--" + spec.name.replace("_", "-").replace(".", "-") + ("-values" if spec.name in taken else "") in words
    for section in (*(("Layer:",) if layer.config.options() else ()), "Data:", "Film:", "Output:", "Examples:"):
        assert section in done.out.splitlines()
    assert done.out.count(f"layeranim render {name}") >= 4


def test_help_tells_bounds_and_defaults(call: Any) -> None:
    told = " ".join(call("render", "conv", "--help").out.split())
    assert "cells from one window to the next [≥ 1; default: 1]" in told
    assert "decimals of every number, instead of the fitting ones [0…6]" in told
    assert "how often a GIF, WebP or APNG plays [default: forever]" in told


@pytest.mark.parametrize("name", EXPLAINERS)
@pytest.mark.parametrize("verb", ["render", "trace"])
def test_no_two_options_share_a_name(verb: str, name: str) -> None:
    params = command(verb, name).params
    assert len({item.name for item in params if item.expose_value}) == sum(item.expose_value for item in params)
    flags = [flag for item in params for flag in (*item.opts, *item.secondary_opts)]
    assert sorted(flags) == sorted(set(flags))


@pytest.mark.grid(2)
@pytest.mark.parametrize("name", EXPLAINERS)
def test_every_example_of_help_works(call: Any, name: str) -> None:
    lines = (command("render", name).epilog or "").splitlines()
    assert len(lines) == 3
    for line in lines:
        assert call(*line.split()[1:], "--dry-run").code == 0, line


# ── the environment ──────────────────────────────────────────────────────────
def dry(call: Any, *words: str) -> dict[str, Any]:
    done = call("render", "conv", "--dry-run", "--json", *words)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_flag_before_environment_before_default(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = dry(call)["seconds"]
    monkeypatch.setenv("LAYERANIM_PACE", "slow")
    slow = dry(call)["seconds"]
    assert slow > usual
    assert dry(call, "--pace", "normal")["seconds"] == usual
    monkeypatch.setenv("LAYERANIM_PACE", "")
    assert dry(call)["seconds"] == usual


def test_format_and_seed_from_the_environment(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYERANIM_FORMAT", "webm,gif")
    assert dry(call)["paths"] == ["films/conv.webm", "films/conv.gif"]
    assert dry(call, "-f", "apng", "-f", "webp")["paths"] == ["films/conv.apng", "films/conv.webp"]
    words = ("trace", "conv", "--input", "random:3x3")
    usual = call(*words).out
    monkeypatch.setenv("LAYERANIM_SEED", "7")
    assert call(*words).out == call(*words, "--seed", "7").out != usual


def test_trace_reads_the_environment_too(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYERANIM_PRECISION", "3")
    monkeypatch.setenv("LAYERANIM_BIAS", "yes")
    done = call("trace", "conv")
    assert "bias  weight, float64" in done.lines
    assert "2.000" in done.out


def test_a_wrong_value_is_refused_by_its_name(refused: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYERANIM_THEME", "drak")
    refused("render", "conv", holds=("LAYERANIM_THEME in the environment", "did you mean dark?"))


def test_a_wrong_value_that_a_flag_overrides_is_not_looked_at(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYERANIM_THEME", "drak")
    assert dry(call, "--theme", "dark")


@pytest.mark.parametrize("name", EXPLAINERS)
def test_names_in_the_environment(name: str) -> None:
    for item in command("render", name).params:
        if isinstance(item, Sectioned) and item.envvar:
            assert item.envvar == ENVIRONMENT + str(item.name).upper()


def test_an_empty_title_is_none() -> None:
    assert FilmOptions.of({"title": " "}) == FilmOptions.of({})
