#!/usr/bin/env bash
# Astro 5.18.2: of the animated pictures of a page in Markdown none is published as it is, and one ends the build.
#
# Guess: ![](a.webp) publishes the file, or a smaller one that shows the same.
# Behaviour: each is packed anew as WebP with losses. A lossless animated WebP gets larger and its colours are off; of an
# animated PNG nothing but the first picture is left, which the build's log shows as saved bytes; a file that ends with
# .apng, the name of the format, ends the build with words on the missing width of remote images. What works: files in
# public/.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages pillow==13.0.0
node_packages astro@5.18.2
export ASTRO_TELEMETRY_DISABLED=1

mkdir -p src/pages src/pictures
python - <<'END'
from PIL import Image, ImageDraw

pictures = []
for at in range(30):
    picture = Image.new("RGB", (320, 180), "white")
    draw = ImageDraw.Draw(picture)
    for column in range(16):
        fill = "#1e88e5" if column == at % 16 else None
        draw.rectangle((column * 20, 40, column * 20 + 16, 140), outline="#c2185b", fill=fill)
        draw.text((column * 20 + 4, 84), str(column), fill="black")
    pictures.append(picture)
for name in ("a.webp", "b.png", "b.apng"):
    kind = "PNG" if name.startswith("b") else "WEBP"
    pictures[0].save(
        f"src/pictures/{name}", kind, save_all=True, append_images=pictures[1:], duration=100, lossless=True
    )
END
show() { # PICTURE…: a page with them, built
  printf '![words](../pictures/%s)\n\n' "$@" >src/pages/index.md
  rm -rf dist
  astro build >log 2>&1
}
{
  show a.webp b.png
  python - <<'END'
from glob import glob
from os.path import getsize

from PIL import Image, ImageChops

for name in ("a.webp", "b.png"):
    (made,) = glob(f"dist/_astro/{name[0]}.*.webp")
    before, after = (Image.open(file) for file in (f"src/pictures/{name}", made))
    off = ImageChops.difference(before.convert("RGB"), after.convert("RGB"))
    print(f"{name}: {before.n_frames} pictures, published {getattr(after, 'n_frames', 1)};", end=" ")
    print("more bytes," if getsize(made) > getsize(f"src/pictures/{name}") else "fewer bytes,", end=" ")
    print("other colours" if max(high for _, high in off.getextrema()) > 50 else "the same colours")
END
  show b.apng || grep -o 'Missing width and height attributes\|When using remote images' log
} | seen 'a.webp: 30 pictures, published 30; more bytes, other colours
b.png: 30 pictures, published 1; fewer bytes, other colours
Missing width and height attributes
When using remote images'
