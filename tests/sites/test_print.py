"""Documents and slides: the poster is there pixel for pixel, its caption under it, its link leads to the film."""

from __future__ import annotations

import sys
import zipfile

import numpy as np
import pytest

from tests.sites.conftest import CAPTION, Project, document, pixels, tool

PAPER = "\\documentclass{article}\n\\usepackage{graphicx,hyperref}\n\\begin{document}\nWords.\n\n"
TEX = "texlive-latex-recommended"
ENGINES = {"pdflatex": TEX, "xelatex": "texlive-xetex", "lualatex": "texlive-luatex"}
SAID = "A *kernel* & ”its” {{ window }}, 3×3"


@pytest.mark.parametrize("engine", ENGINES)
def test_latex(project: Project, engine: str) -> None:
    program = tool(engine, ENGINES[engine])
    project.paste("paper.tex", "latex", "conv-light.mp4", "soft.html", text=PAPER, caption=f"{CAPTION}: σ(−1) <½ | °")
    with (project.folder / "paper.tex").open("a") as page:
        page.write("\\end{document}\n")
    project.call(program, "-interaction=nonstopmode", "-halt-on-error", "paper.tex")
    made = document(project.folder / "paper.pdf")
    assert SAID in " ".join(made.words.split())
    assert made.links == ["my films/conv-light.mp4", "my films/soft.html"]
    for shown, poster in zip(made.pictures, ("conv-light", "soft"), strict=True):
        np.testing.assert_array_equal(shown, pixels(project.folder / f"my films/{poster}.png"))


def test_sphinx_makes_a_pdf(project: Project) -> None:
    tool("latexmk", "latexmk, beside texlive-latex-extra and tex-gyre")
    project.write("docs/conf.py", 'project = "x"\nextensions = ["myst_parser", "layeranim.embed.sphinx"]\n')
    text = "Films\n=====\n\n.. toctree::\n\n   page\n\n"
    project.paste("docs/index.rst", "sphinx", "conv-light.mp4", text=text)
    project.paste("docs/page.md", "myst", "soft.gif", text="# Page\n\n")
    with (project.folder / "docs/page.md").open("a") as page:
        page.write("\n```{layeranim} films/conv-light.mp4\n```\n")
    project.call(sys.executable, "-m", "sphinx", "-M", "latexpdf", "docs", "out", "-q", "-W")
    made = document(project.folder / "out/latex/x.pdf")
    assert "window" in made.words
    posters = [pixels(project.folder / f"my films/{name}.png") for name in ("soft", "conv-light", "conv-light")]
    for shown, poster in zip(made.pictures, posters, strict=True):
        np.testing.assert_array_equal(shown, poster)


def test_libreoffice_opens_a_deck(project: Project) -> None:
    """On paper the poster; a deck of its own keeps the film and its words."""
    office = tool("soffice", "libreoffice-impress")
    project.run("embed", "my films/conv-dark.mp4", "--for", "pptx", "--page", "talk.pptx", "--caption", CAPTION)
    home = f"-env:UserInstallation={(project.folder / 'office').as_uri()}"
    for kind in ("pdf", "odp"):
        project.call(office, home, "--headless", "--convert-to", kind, "talk.pptx")
    made = document(project.folder / "talk.pdf")
    assert made.words == CAPTION
    (shown,) = made.pictures
    np.testing.assert_array_equal(shown, pixels(project.folder / "my films/conv-dark.png"))
    with zipfile.ZipFile(project.folder / "talk.odp") as deck:
        (film,) = (deck.read(name) for name in deck.namelist() if name.endswith(".mp4"))
        told = deck.read("content.xml").decode()
    assert film == (project.folder / "my films/conv-dark.mp4").read_bytes()
    assert "<svg:desc>Animation, " in told
