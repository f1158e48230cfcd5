"""Films in sphinx-gallery: ``"image_scrapers": ("matplotlib", "layeranim.embed.gallery.scraper")`` in ``conf.py``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TAKEN = ("gif", "webp", "png")
"""What a gallery shows of a film, the first that there is: pages of it take pictures alone."""


def scraper(block: Any, block_vars: Mapping[str, Any], gallery_conf: Mapping[str, Any]) -> str:
    """The films that a block of an example made, as pictures under it; each film once.

    Called by sphinx-gallery with the block, its variables (``example_globals``, ``image_path_iterator``) and the
    gallery's settings. Returns reStructuredText.
    """
    from sphinx_gallery.scrapers import figure_rst

    drawing = sys.modules.get("layeranim.film.film")
    if drawing is None:  # no film was made
        return ""
    seen = block_vars["example_globals"].setdefault("__layeranim_films__", [])
    places, words = [], []
    for value in list(block_vars["example_globals"].values()):
        if not isinstance(value, drawing.Film) or any(value is one for one in seen):
            continue
        seen.append(value)
        files = {path.suffix.removeprefix("."): path for path in (*map(Path, value.paths), Path(value.poster or ""))}
        kind = next((kind for kind in TAKEN if kind in files), None)
        if kind:
            place = Path(next(block_vars["image_path_iterator"])).with_suffix(f".{kind}")
            shutil.copyfile(files[kind], place)
            places.append(str(place))
            words.append(" ".join(value.alt.split()))
    return str(figure_rst(places, gallery_conf["src_dir"], fig_titles="; ".join(words))) if places else ""
