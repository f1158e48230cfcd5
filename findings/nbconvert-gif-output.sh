#!/usr/bin/env bash
# nbconvert 7.17.2: HTML leaves out the GIFs and WebPs that a notebook displays.
#
# Guess: what JupyterLab shows and stores as image/gif is in the HTML page too, as image/png is.
# Behaviour: the exporter's list of what it can show has png, jpeg and svg alone; of an output that holds image/gif and
# text/plain it takes the text, <IPython.core.display.Image object>. No warning. The same picture in a Markdown cell
# stays. So an animated output needs text/html, or a Markdown image.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages nbconvert==7.17.2 nbformat==5.10.4

cat >page.py <<'END'
import re

import nbformat
from nbconvert import HTMLExporter
from nbformat import v4

PIXEL = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
for kind in ("image/png", "image/gif", "image/webp"):
    shown = v4.new_output("display_data", {kind: PIXEL, "text/plain": "<IPython.core.display.Image object>"})
    book = v4.new_notebook(cells=[v4.new_code_cell("display(film)", outputs=[shown])])
    page, _ = HTMLExporter().from_notebook_node(book)
    print(kind, f"src=\"data:{kind};base64" in page, "IPython.core.display.Image object" in page)
END
python -W ignore page.py | seen 'image/png True False
image/gif False True
image/webp False True'
