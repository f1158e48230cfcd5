#!/usr/bin/env bash
# Pandoc 3.9 (pypandoc_binary 1.17): the alt text of a picture is in DOCX and LaTeX, and gone in ODT and Typst.
#
# Guess: the words for who does not see a picture, ![caption](a.png){alt="words"}, go wherever the format has a place for
# them: descr in DOCX and PPTX, svg:desc in ODT, alt: of Typst's image, alt= of LaTeX's.
# Behaviour: ODT and Typst get none. A slide of PPTX shows them in the place of the caption, which is gone, and the
# picture is described by the name of its file. Nothing warns.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages pypandoc_binary==1.17

python - <<'END' | seen "latex: described by ['the words'], says ['the caption']
docx: described by ['the words'], says ['the caption']
odt: described by [], says ['the caption']
typst: described by [], says ['the caption']
pptx: described by ['a.png'], says ['the words']"
import base64
import re
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pypandoc

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
Path("a.png").write_bytes(base64.b64decode(PIXEL))
Path("page.md").write_text('# Title\n\n![the caption](a.png){alt="the words"}\n')
PARTS = {"docx": "word/document.xml", "odt": "content.xml", "pptx": "ppt/slides/slide1.xml"}
for kind in ("latex", "docx", "odt", "typst", "pptx"):
    subprocess.run([pypandoc.get_pandoc_path(), "page.md", "--to", kind, "--output", f"a.{kind}"], check=True)
    text = ZipFile(f"a.{kind}").read(PARTS[kind]).decode() if kind in PARTS else Path(f"a.{kind}").read_text()
    described = re.findall(r'descr="([^"]+)"|svg:desc>([^<]+)|alt: "([^"]+)"|alt=\{([^}]+)\}', text)
    names = ["".join(found) for found in described]
    said = re.sub(r'descr="[^"]*"|alt=\{[^}]*\}', "", text)
    print(f"{kind}: described by {names[:1]}, says", [one for one in ("the caption", "the words") if one in said])
END
