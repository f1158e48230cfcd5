#!/usr/bin/env bash
# Pillow 13.0.0: an animation that is saved in another format is played another number of times.
#
# Guess: info["loop"] means one thing in every format, and what save() is not told it takes from there, so that a GIF of
# three plays stays at three, whatever it is saved as.
# Behaviour: the number is handed on as it is stored. A GIF stores the repeats (2 is three plays: browsers, libvips and
# ImageMagick read it so), WebP and APNG store the plays. So each way from GIF takes a play away, each way to GIF adds
# one. WebP does not look at it at all: even WebP saved as WebP runs for ever. And a GIF that plays once has no number:
# its APNG and its WebP run for ever, too.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages pillow==13.0.0

python - <<'END' | seen 'GIF of 1: GIF 1, WEBP for ever, PNG for ever
GIF of 3: GIF 3, WEBP for ever, PNG 2
WEBP of 3: GIF 4, WEBP for ever, PNG 3
PNG of 3: GIF 4, WEBP for ever, PNG 3'
from io import BytesIO

from PIL import Image

colours = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]


def saved(image, kind, **more):
    file = BytesIO()
    image.save(file, kind, save_all=True, **more)
    return file.getvalue()


def plays(data):
    """As the file says it: Netscape's extension of GIF, ANIM of WebP, acTL of PNG."""
    if data.startswith(b"GIF"):
        at = data.find(b"NETSCAPE2.0")
        return 1 if at < 0 else forever(int.from_bytes(data[at + 13 : at + 15], "little"), 1)
    if data.startswith(b"RIFF"):
        at = data.index(b"ANIM")
        return forever(int.from_bytes(data[at + 12 : at + 14], "little"), 0)
    at = data.index(b"acTL")
    return forever(int.from_bytes(data[at + 8 : at + 12], "big"), 0)


def forever(stored, first):
    return stored + first if stored else "for ever"


for kind, loop in (("GIF", None), ("GIF", 2), ("WEBP", 3), ("PNG", 3)):
    data = saved(colours[0], kind, append_images=colours[1:], duration=100, **({} if loop is None else {"loop": loop}))
    again = (f"{to} {plays(saved(Image.open(BytesIO(data)), to))}" for to in ("GIF", "WEBP", "PNG"))
    print(f"{kind} of {plays(data)}:", ", ".join(again))
END
