"""Rule 2: every sentence is true of the numbers it stands under, and gone where it would not be (``sentences.py``)."""

from __future__ import annotations

from typing import Any

import pytest

from layeranim import catalog
from tests.catalog.sentences import FAMILIES, Claim, changed, tell, untrue

CONDITIONAL = [
    pytest.param(name, claim, id=f"{name}-{claim.says[:40]}")
    for name, family in FAMILIES.items()
    for claim in family.claims[name]
    if claim.true is not None and not claim.counts
]


@pytest.mark.grid(5)
@pytest.mark.parametrize(("name", "preset"), [(n, p.name) for n in FAMILIES for p in catalog.presets(n)])
def test_presets_with_one_option_changed_say_nothing_untrue(name: str, preset: str) -> None:
    turn = [other.name for other in catalog.presets(name)].index(preset)
    tried, faults = 0, []
    for told in changed(name, preset):
        tried += 1
        faults += [f"{told.case.label}: {fault}" for fault in untrue(told)]
    assert not faults, "\n".join(faults)
    assert tried >= (1 if turn else 4)


def said(name: str, claim: Claim, options: Any) -> bool:
    told = tell(name, options)
    return any(claim.match(text) for text, _ in told.sentences(FAMILIES[name].arithmetic))


@pytest.mark.grid(4)
@pytest.mark.parametrize(("name", "claim"), CONDITIONAL)
def test_a_sentence_with_a_condition_is_seen_and_gone(name: str, claim: Claim) -> None:
    assert claim.seen is not None
    assert claim.gone
    assert said(name, claim, claim.seen)
    assert not [options for options in claim.gone if said(name, claim, options)]


def test_the_check_notices_an_untrue_and_an_unknown_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    name = next(iter(FAMILIES))
    told = tell(name, {})
    assert not untrue(told)
    false = tuple(Claim(claim.says, lambda *_: False) for claim in FAMILIES[name].claims[name])
    monkeypatch.setitem(FAMILIES[name].claims, name, false)
    assert all(fault.startswith("untrue") for fault in untrue(told))
    assert untrue(told)
    monkeypatch.setitem(FAMILIES[name].claims, name, ())
    assert all(fault.startswith("unknown") for fault in untrue(told))
    assert untrue(told)
