#!/usr/bin/env bash
# FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1): made into MP4, a GIF of 7 pictures loses the 5 seconds that its last one stands.
#
# Guess: -i a.gif a.mp4 keeps every time, the last picture's too; or it loses the last one's always.
# Behaviour: an MP4 says how long a picture stands by when the next in the file begins, and of the last in the file by
# its own duration. With B-frames the last in the file is often not the last that is shown: then the film ends a
# moment after that picture came, and the 5 seconds are nowhere. How many pictures there are, and what is on them, says
# whether it happens: of 6 or of 10 nothing is lost. Animated WebP and PNG go the same way. What works: no B-frames
# (-bf 0), or every picture as often as it is shown (-fps_mode cfr).
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages pillow==13.0.0 imageio-ffmpeg==0.8.1 av==18.1.0

python - <<'END' | seen '9.0.2
6 pictures, 5.5 s: 5.5, without B-frames 5.5, cfr 5.5
7 pictures, 5.6 s: 0.7, without B-frames 5.6, cfr 5.6
8 pictures, 5.7 s: 0.8, without B-frames 5.7, cfr 5.7
9 pictures, 5.8 s: 0.9, without B-frames 5.8, cfr 5.8
10 pictures, 5.9 s: 5.9, without B-frames 5.9, cfr 5.9'
import re
import subprocess

import av
import imageio_ffmpeg
from PIL import Image

ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
version = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True).stdout
print(re.match(r"ffmpeg version n([\d.]+)", version)[1])


def animation(count):
    """A square that moves by 4 pixels 10 times a second, then stands for 5 seconds."""
    pictures = [Image.new("RGB", (64, 64)) for _ in range(count)]
    for at, picture in enumerate(pictures):
        picture.paste("white", (at * 4, 0, at * 4 + 8, 8))
    times = [100] * (count - 1) + [5000]
    pictures[0].save("a.gif", save_all=True, append_images=pictures[1:], duration=times, loop=0)


def seconds(*options):
    subprocess.run([ffmpeg, "-v", "error", "-y", "-i", "a.gif", "-pix_fmt", "yuv420p", *options, "a.mp4"], check=True)
    with av.open("a.mp4") as film:
        return film.duration / av.time_base


for count in range(6, 11):
    animation(count)
    kept, told = (seconds(*options) for options in (("-bf", "0"), ("-fps_mode", "cfr")))
    print(f"{count} pictures, {(count - 1) / 10 + 5:g} s: {seconds():g}, without B-frames {kept:g}, cfr {told:g}")
END
