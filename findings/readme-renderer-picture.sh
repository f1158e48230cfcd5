#!/usr/bin/env bash
# readme_renderer 46.0, which makes the project pages of PyPI: a <picture> keeps its place and loses its choices.
#
# Guess: <picture> with a <source> for dark mode is either kept whole, as GitHub keeps it, or replaced by its <img>.
# Behaviour: <picture> stays and <source> is taken out without a word: the page that switches its film by theme, or by
# prefers-reduced-motion, on GitHub is light and moving for everybody on PyPI. A <video> is removed, but the picture
# and the link inside it as a fallback stay.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages 'readme_renderer[md]==46.0'

cat >page.py <<'END'
from readme_renderer import markdown

PICTURE = """<picture>
<source media="(prefers-color-scheme: dark)" srcset="https://example.org/dark.gif" />
<img src="https://example.org/light.gif" alt="a" />
</picture>"""
VIDEO = """<figure>
<video controls="controls">
<source src="https://example.org/a.mp4" type="video/mp4" />
<a href="https://example.org/a.mp4"><img src="https://example.org/a.png" alt="a" /></a>
</video>
</figure>"""
for text in (PICTURE, VIDEO):
    print(" ".join(markdown.render(text, variant="GFM").split()))
END
python page.py | seen '<picture> <img src="https://example.org/light.gif" alt="a"> </picture>
<figure> <a href="https://example.org/a.mp4" rel="nofollow"><img src="https://example.org/a.png" alt="a"></a> </figure>'
