"""Films without a background: what is clear stays clear in every format that can, and what cannot is refused."""

from __future__ import annotations

import json
import zlib
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

import layeranim as la
from layeranim.errors import ManifestError, OptionError
from layeranim.film.writers import FORMATS, Rect, Spec, writer
from layeranim.film.writers.yuv import straight
from layeranim.theme import CLEAR, DARK, LIGHT, PAGES, audit, contrast, own

TINY = {"steps": "first:2", "pace": "fast", "size": "320x180", "fps": 5, "background": "transparent"}
Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transparent film in every format that there is of it, and as single frames."""
    folder = tmp_path_factory.mktemp("clear")
    names = ("x.webm", "x.webp", "x.apng", "x.sheet.png", "x.pdf", "x-%03d.png")
    la.render("conv", output=[str(folder / name) for name in names], stills=2, **TINY)
    return folder


@pytest.fixture(scope="module")
def frames(films: Path) -> list[Pixels]:
    return [np.asarray(Image.open(file)) for file in sorted(films.glob("x-[0-9]*.png"))]


def same(one: Pixels, other: Pixels) -> bool:
    """Whether two RGBA pictures show the same: colour counts where there is any."""
    return bool((one[..., 3] == other[..., 3]).all() and (one == other)[one[..., 3] > 0].all())


def test_frames_are_clear_and_on_paper_they_are_the_film(frames: list[Pixels], tmp_path: Path) -> None:
    assert all(frame.shape[2] == 4 for frame in frames)
    seen = frames[-1][..., 3]
    assert (seen[0, :200] == 0).all()  # the upper edge
    assert {0, 255} < set(np.unique(seen).tolist())  # and letters with soft edges
    line = own.named("light", "transparent")
    tokens = {"focus": line.focus, "weights": line.weights, "result": line.result, "ink": line.ink, "muted": line.muted}
    table = {"base": "light", **tokens, "negative": list(line.negative), "positive": list(line.positive),
             "heat": list(line.heat), "gates": line.gates}  # fmt: skip
    la.render("conv", output=str(tmp_path / "y-%03d.png"), theme=table, **{**TINY, "background": None})
    solid = [np.asarray(Image.open(file)) for file in sorted(tmp_path.glob("y-[0-9]*.png"))]
    assert len(solid) == len(frames)
    for clear, opaque in zip(frames, solid, strict=True):
        share = clear[..., 3:].astype(float) / 255
        laid = clear[..., :3] * share + 255 * (1 - share)
        assert np.abs(laid - opaque).max() <= 3, "as on white paper, to the rounding of bytes"


@pytest.mark.parametrize("name", ["x.webp", "x.apng"])
def test_pictures_that_move_are_those_frames(films: Path, frames: list[Pixels], name: str) -> None:
    at, shown = 0, []
    with Image.open(films / name) as image:
        for frame in ImageSequence.Iterator(image):
            picture = np.asarray(frame.convert("RGBA"))
            shown.append((at, picture))
            at += round(frame.info["duration"])
    assert at == len(frames) * 200
    for begins, picture in shown:
        assert same(frames[begins // 200], picture), begins
    assert len(shown) > 5


def test_a_video_has_the_opacity_of_those_frames(films: Path, frames: list[Pixels]) -> None:
    decoder = av.codec.CodecContext.create("libvpx-vp9", "r")
    found = []
    with av.open(str(films / "x.webm")) as container:
        assert container.streams.video[0].metadata["alpha_mode"] == "1"
        for packet in container.demux(video=0):
            found += [(frame, _plane(frame, 3)) for frame in decoder.decode(packet)]
    assert len(found) == len(frames)
    for (frame, alpha), truth in zip(found, frames, strict=True):
        off = np.abs(alpha.astype(int) - truth[..., 3])
        assert off.mean() < 2
        assert (off > 40).mean() < 0.01
        solid = truth[..., 3] == 255
        rgb = frame.reformat(format="rgb24").to_ndarray().astype(int)
        assert np.abs(rgb - truth[..., :3])[solid].mean() < 6


def _plane(frame: Any, number: int) -> Pixels:
    plane = frame.planes[number]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width].copy()


def test_a_browser_shows_the_page_through_it(films: Path, chromium: Any) -> None:
    page = chromium.new_page()
    shown_by = {"x.webm": "video muted", "x.webp": "img", "x.apng": "img", "x.png": "img"}
    parts = [f'<{tag} style="display:block" src="{(films / name).as_uri()}"></{tag[:5].strip()}>'
             for name, tag in shown_by.items()]  # fmt: skip
    (films / "page.html").write_text(f'<body style="margin:0;background:#0000FF">{"".join(parts)}')
    page.goto((films / "page.html").as_uri())
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    shown = np.asarray(Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB"))
    for number in range(4):
        corner = shown[180 * number + 2, 300]
        assert (corner == (0, 0, 255)).all(), number
        assert not (shown[180 * number : 180 * number + 180, :320] == (0, 0, 255)).all()
    page.close()


def test_pages_of_stills_have_no_ground(films: Path) -> None:
    sheet = np.asarray(Image.open(films / "x.sheet.png"))
    assert sheet.shape[2] == 4
    assert (sheet[:8, :, 3] == 0).all()
    data = (films / "x.pdf").read_bytes()
    streams = [part.split(b"stream\n", 1)[1] for part in data.split(b"\nendstream")[:-1]]
    assert not any(b"/Artifact BMC" in zlib.decompress(one) for one in streams)
    assert json.loads((films / "x.json").read_text())["film"]["background"] == "transparent"


@pytest.mark.parametrize("fmt", [fmt for fmt, info in FORMATS.items() if info.solid])
def test_what_cannot_be_transparent_is_refused_with_the_reason(fmt: str, tmp_path: Path) -> None:
    assert {fmt for fmt, info in FORMATS.items() if info.solid} == {"mp4", "av1", "gif", "html"}
    with pytest.raises(
        OptionError, match=f"{fmt} cannot be: .*there are webm, webp, apng, png-sequence, sheet, pdf, png"
    ):
        la.render("conv", output=str(tmp_path / f"x{FORMATS[fmt].suffix}"), background="transparent")
    path = tmp_path / "layeranim.toml"
    path.write_text(
        f'version = 1\nformats = ["{fmt}"]\n[[asset]]\nid = "a"\nexplainer = "conv"\nbackground = "transparent"\n'
    )
    with pytest.raises(ManifestError, match=f"{fmt} cannot be"):
        la.build(path)
    assert list(tmp_path.iterdir()) == [path]


def test_formats_of_its_own_choice_are_transparent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    la.render("conv", **{**TINY, "steps": "first:1"})
    assert {file.suffix for file in (tmp_path / "films").iterdir()} == {".webm", ".webp", ".png", ".json", ".captions"}


# ── colours ──────────────────────────────────────────────────────────────────
def test_its_colours_are_read_on_white_and_on_dark_pages_and_told_apart() -> None:
    for text, ink, ground, colour in audit.texts(CLEAR):
        least = audit.READ_AT_ALL if ground in PAGES else audit.READ
        assert contrast(ink, colour) >= least, (text, ground)
    assert {ground for _, _, ground, _ in audit.texts(CLEAR)} > set(PAGES)
    assert audit.close(CLEAR) == []
    assert max(min(contrast(f"#{v:02X}{v:02X}{v:02X}", page) for page in PAGES.values()) for v in range(256)) < 4.3
    assert audit.warnings(own.named("light", "transparent")) == []


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_no_theme_of_one_ground_would_do(palette: Any) -> None:
    assert min(contrast(palette.ink, page) for page in PAGES.values()) < 1.2


def test_colours_of_ones_own_are_held_to_both_pages(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="#000080 on a dark page #12151B has a contrast of 1"):
        la.render("conv", theme={"accent": "#000080"}, output=str(tmp_path / "x.webp"), background="transparent")
    with pytest.raises(OptionError, match="theme dark has cells for a dark page"):
        la.render("conv", theme="dark", output=str(tmp_path / "x.webp"), background="Transparent")
    made = own.named("light,focus=#B8209E", "transparent")
    assert (made.focus, made.ink, made.behind) == ("#B8209E", CLEAR.ink, None)


# ── writers ──────────────────────────────────────────────────────────────────
def test_colours_are_unweighed() -> None:
    pixels = np.array([[[0, 0, 0, 0], [64, 32, 16, 128], [9, 8, 7, 255], [1, 1, 1, 1]]], np.uint8)
    assert straight(pixels).tolist() == [[[0, 0, 0, 0], [128, 64, 32, 128], [9, 8, 7, 255], [255, 255, 255, 1]]]


@pytest.mark.parametrize("fmt", ["webp", "apng"])
def test_what_was_there_can_go_and_a_long_hold_keeps_it(fmt: str) -> None:
    """Opaque, then clear, then half clear over the opaque, held longer than an image of an APNG can last."""
    spec, out = Spec(16, 16, Fraction(1, 1), CLEAR), BytesIO()
    made = writer(fmt, out, spec)
    solid, half = np.full((16, 16, 4), 255, np.uint8), np.full((16, 16, 4), 128, np.uint8)
    half[..., :3] = 64
    box = [Rect(0, 0, 16, 16)]
    made.write(solid, box, 1)
    clear = solid.copy()
    clear[4:8, 4:8] = 0
    made.write(clear, box, 1)
    clear[8:12] = half[8:12]
    made.write(clear, box, 70 if fmt == "apng" else 2)
    made.finish()
    with Image.open(BytesIO(out.getvalue())) as image:
        found = [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)]
    assert (found[0][..., 3] == 255).all()
    assert (found[1][4:8, 4:8, 3] == 0).all()
    assert (found[1][..., 3] == 0).sum() == 16
    for last in found[2:]:
        assert last[10, 10].tolist() == [128, 128, 128, 128]
        assert last[5, 5, 3] == 0
        assert last[0, 0].tolist() == [255] * 4
    assert len(found) == (4 if fmt == "apng" else 3)
