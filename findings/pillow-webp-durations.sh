#!/usr/bin/env bash
# Pillow 13.0.0: saved as WebP or AVIF an animation loses its times; saved as GIF or PNG it keeps them.
#
# Guess: pictures that were read know how long they stand (info["duration"]), and save() takes it from each of them where
# it is not told: so it does for GIF and PNG, whatever format they came from.
# Behaviour: WebP gives every picture 100 ms and AVIF 1 ms, from a WebP to a WebP as well. And APNG made of a WebP has 0 ms
# for the first picture, where it is saved before its first picture was loaded. Nothing warns. What works: duration=
# with all of the times, read by hand.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages pillow==13.0.0

python - <<'END' | seen 'GIF: GIF 100 200 700, PNG 100 200 700, WEBP 100 100 100, AVIF 1 1 1
PNG: GIF 100 200 700, PNG 100 200 700, WEBP 100 100 100, AVIF 1 1 1
WEBP: GIF 100 200 700, PNG 0 200 700, WEBP 100 100 100, AVIF 1 1 1'
from io import BytesIO

from PIL import Image, ImageSequence

colours = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]


def saved(image, kind, **more):
    file = BytesIO()
    image.save(file, kind, save_all=True, **more)
    return Image.open(BytesIO(file.getvalue()))


def times(image):
    for picture in ImageSequence.Iterator(image):
        picture.load()
        yield f"{picture.info['duration']:g}"


for kind in ("GIF", "PNG", "WEBP"):
    again = []
    for to in ("GIF", "PNG", "WEBP", "AVIF"):
        first = saved(colours[0], kind, append_images=colours[1:], duration=[100, 200, 700])
        again.append(" ".join([to, *times(saved(first, to))]))
    print(f"{kind}:", ", ".join(again))
END
