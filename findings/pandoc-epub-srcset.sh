#!/usr/bin/env bash
# Pandoc 3.9 (pypandoc_binary 1.17): in a book of EPUB the dark picture of a <picture> is lost, the light one is not.
#
# Guess: of raw HTML in Markdown either every file that it names goes into the book, or none.
# Behaviour: src and poster are read: those files are packed and the addresses changed. srcset is not: <source srcset>
# keeps an address outside of the book. Readers on a light ground see the picture; on a dark ground, or with less
# motion, nothing, since a browser that chose a <source> does not go back to the <img>. Nothing warns.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages pypandoc_binary==1.17

python - <<'END'
import base64
from pathlib import Path

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
for name in ("light", "dark"):
    Path(f"{name}.png").write_bytes(base64.b64decode(PIXEL) + name.encode())
END
cat >page.md <<'END'
# A page

<p>
<picture>
<source media="(prefers-color-scheme: dark)" srcset="dark.png" />
<img src="light.png" alt="a" />
</picture>
</p>
END
pandoc=$(python -c 'import pypandoc; print(pypandoc.get_pandoc_path())')
"$pandoc" --version | head -n 1
{
  "$pandoc" --metadata title=t page.md --output book.epub 2>&1
  python - <<'END'
import re
from zipfile import ZipFile

book = ZipFile("book.epub")
print(*(name for name in book.namelist() if name.endswith(".png")))
print(*re.findall(r'(?:src|srcset)="[^"]*"', book.read("EPUB/text/ch001.xhtml").decode()))
END
} | seen 'EPUB/media/file0.png
srcset="dark.png" src="../media/file0.png"'
