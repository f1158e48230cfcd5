"""A film of a manifest with everything that decides it: options, arrays, sources, tools, as one digest each."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path

from layeranim import catalog, preparing
from layeranim.assets import known, sources
from layeranim.assets.entries import Entry
from layeranim.assets.manifest import Manifest, files_of, read
from layeranim.errors import LayeranimError, ManifestError
from layeranim.film.provenance import looks
from layeranim.film.writers import FORMATS, check_clear, check_size
from layeranim.inputs import Base, Identity, identity, printable
from layeranim.records import dataclass

ALT = "alt"


@dataclass(frozen=True)
class BuildPlan:
    """One film, resolved. ``causes`` say in words what it comes from, ``tools`` what it is made with."""

    entry: Entry
    work: preparing.Work = field(compare=False)
    causes: Mapping[str, str] = field(compare=False)
    tools: Mapping[str, str] = field(compare=False)

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def digest(self) -> str:
        """SHA-256 of the causes."""
        return digest(self.causes)

    @property
    def tools_digest(self) -> str:
        """SHA-256 of the tools' versions, shortened: it is compared by eye too."""
        return digest(self.tools)[:16]

    @property
    def key(self) -> str:
        """Where a cache keeps the film: whatever can change a byte of it is in it, but for the alt text, which is
        ``described`` in whatever comes out.
        """
        return digest({"causes": digest(drawn(self.causes)), "tools": digest(self.tools)})


def drawn(causes: Mapping[str, str]) -> dict[str, str]:
    """The causes that a film must be drawn for; the alt text stands in the provenance alone."""
    return {part: text for part, text in causes.items() if part != ALT}


def digest(parts: Mapping[str, str]) -> str:
    """SHA-256, in hex, of words by name."""
    return hashlib.sha256(json.dumps(dict(parts), sort_keys=True).encode()).hexdigest()


def plans(manifest: Manifest, chosen: Iterable[Entry], problems: Iterable[str] = ()) -> list[BuildPlan]:
    """The films of a manifest, resolved. Raises ``ManifestError`` with these problems and all that turn up."""
    found: list[BuildPlan] = []
    wrong = list(problems)
    worked: dict[str, preparing.Work | None] = {}
    for entry in chosen:
        same = repr((entry.explainer, sorted(entry.options.items())))  # light and dark are one work
        try:
            if same not in worked:
                worked[same] = None
                worked[same] = work_of(entry, manifest.base)
            if work := worked[same]:
                found.append(plan(entry, work, manifest.base))
        except LayeranimError as error:
            line = f"{entry.place}: {error}"
            wrong += [line] if line not in wrong else []
    if wrong:
        raise ManifestError("\n".join(wrong))
    return found


def work_of(entry: Entry, base: Base) -> preparing.Work:
    """The options of an entry, resolved. Raises ``UsageError``."""
    if entry.explainer in catalog.CAPTURED:
        from layeranim.preparing import models  # and with it every layer of the engine

        return models.of_file(entry.options, base)
    return preparing.prepare(entry.explainer, entry.options, base=base)


def plan(entry: Entry, work: preparing.Work, base: Base = None) -> BuildPlan:
    """An entry and its options, resolved, with what they come from. Raises ``OptionError`` for a size out of reach."""
    film = preparing.coloured(work.film.replace(theme=entry.theme), base, work.memory)
    for fmt in entry.formats:
        if film.transparent:
            check_clear(fmt)
        if fmt in FORMATS:
            check_size(fmt, *film.frame(fmt)[:2])
    work = replace(work, film=film)
    return BuildPlan(entry, work, causes(entry, work), sources.tools())


def load(
    path: Path, ids: tuple[str, ...] = (), folder: Path | None = None, restricted: bool = False
) -> tuple[Manifest, list[BuildPlan]]:
    """A manifest and its films of these ids. Raises ``ManifestError`` with everything that is wrong with any.

    What all its films came to is kept in ``folder``, for the next time. ``restricted``: no input may lie outside of
    the manifest's folder.
    """
    try:
        then = known.state(path, restricted) if folder else ""
    except OSError:
        then = ""
    manifest, problems = read(path, restricted)
    problems += written_over(manifest)
    inputs = known.digests(input_files(manifest), path.parent) if then else {}
    every = plans(manifest, manifest.entries, problems)
    if then:
        known.remember(folder, then, inputs, manifest, every)
    wanted = {entry.name for entry in manifest.chosen(ids)}
    return manifest, [one for one in every if one.name in wanted]


def written_over(manifest: Manifest) -> Iterator[str]:
    """Films that would be written over what some film is read from, or over the manifest and its lock."""
    read_from: dict[Identity, str] = {}
    for path in (*input_files(manifest), manifest.path, manifest.lock):
        if (one := identity(path)) is not None:
            read_from[one] = os.path.relpath(path, manifest.path.parent)
    for entry in manifest.entries:
        for file in files_of(entry):
            if given := read_from.get(identity(manifest.root / file) or (0, 0)):
                yield (f"{entry.place}: its {printable(file)} would be written over {printable(given)}, which is read; "
                       "give it another id, or output another folder")  # fmt: skip


def causes(entry: Entry, work: preparing.Work) -> dict[str, str]:
    """What a film comes from, each part by a name that ``why`` can say."""
    name = work.name if entry.explainer in catalog.CAPTURED else entry.explainer
    explainer = catalog.explainer(name)
    out = {
        "film": entry.name,
        "explainer": " ".join((name, *sources.parts(explainer))),
        "formats": ", ".join(entry.formats),
        "example": work.preset.name if work.preset else "none",
    }
    out |= {ALT: entry.alt} if entry.alt is not None else {}
    out |= {f"line of step {step}": text for step, text in entry.captions.items()}
    out |= {f"option {name}": text for name, text in work.options().items()}
    out |= {f"film option {name}": text for name, text in looks(work.film).items()}
    out |= {f"input {name}": text for name, text in work.read_from().items()}
    if work.gradients is not None:
        out["pass"] = "backward"
        out |= {f"gradient of {name}": f"{s.name} ({s.kind}) {s.digest}" for name, s in work.gradients.items()}
    out |= {"font": f"{work.font.name} {work.font.digest}"} if work.font else {}
    out |= {f"letters of {name}": text for name, text in work.labels.items()}
    out |= {"drawn at random": f"{', '.join(work.seeded)} with seed {work.seed}"} if work.seeded else {}
    return out | {f"source {name}": text for name, text in sources.on_the_way(explainer).items()}


def input_files(manifest: Manifest) -> list[Path]:
    """The files that the films of a manifest read, as far as they are there."""
    words = [value for entry in manifest.entries for value in (*entry.options.values(), entry.theme)
             if isinstance(value, str)]  # fmt: skip
    paths = {manifest.path.parent / re.sub(r"(\.(?:npz|safetensors)):.*", r"\1", word) for word in words if word}
    base = manifest.base
    return sorted(
        p for p in paths if "\0" not in str(p) and os.path.isfile(p) and (base.holds(p) or not base.restricted)
    )
