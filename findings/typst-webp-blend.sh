#!/usr/bin/env bash
# Typst 0.15 (typst 0.15.2 of PyPI): the first picture of an animated WebP comes out one step darker, white as 254.
#
# Guess: lossless is lossless: the picture that Typst shows of an animated WebP is the one that GIF, APNG and a still
# WebP of the same pixels give.
# Behaviour: where the picture is to be laid over what is there (the usual bit of ANMF, cleared), its opaque pixels are
# blended with the empty canvas, and each value above 0 loses 1. White paper gets a tint that printers lay as a raster.
# With the bit for "no blending" the same file is exact; Pillow sets it for the first picture, others need not.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages typst==0.15.2 pillow==13.0.0

python - <<'END' | seen '(255, 255, 255): blended (254, 254, 254), not blended (255, 255, 255); Pillow reads (255, 255, 255)
(128, 64, 200): blended (127, 63, 199), not blended (128, 64, 200); Pillow reads (128, 64, 200)'
from io import BytesIO
from pathlib import Path

import typst
from PIL import Image


def printed(name):
    Path("a.typ").write_text(f'#set page(width: 8pt, height: 8pt, margin: 0pt)\n#image("{name}", width: 8pt)\n')
    return Image.open(BytesIO(typst.compile("a.typ", format="png", ppi=72))).convert("RGB").getpixel((4, 4))


for colour in ((255, 255, 255), (128, 64, 200)):
    first, last = (Image.new("RGB", (8, 8), one) for one in (colour, "red"))
    first.save("a.webp", lossless=True, save_all=True, append_images=[last], duration=100)
    data = bytearray(Path("a.webp").read_bytes())
    flags = data.index(b"ANMF") + 8 + 15
    for name, bit in (("over.webp", 0), ("anew.webp", 2)):
        data[flags] = bit
        Path(name).write_bytes(data)
    read = Image.open("over.webp").convert("RGB").getpixel((4, 4))
    print(f"{colour}: blended {printed('over.webp')}, not blended {printed('anew.webp')}; Pillow reads {read}")
END
