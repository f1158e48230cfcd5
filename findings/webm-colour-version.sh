#!/usr/bin/env bash
# FFmpeg's WebM muxer (libavformat in PyAV 18.1.0): a file that says version 2 and holds elements of version 4.
#
# Guess: DocTypeVersion is at least the version of every element in the file, as Matroska's specification asks (RFC 9559,
# section 11.2.5): with a Colour element, which came with version 4, it is 4.
# Behaviour: DocTypeVersion stays 2 when the stream has colour tags; Colour is written all the same. Players do not mind;
# a checker such as MediaConch fails every WebM that is tagged, and the only way out is not to say BT.709 at all.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages av==18.1.0 numpy==2.4.6

cat >film.py <<'END'
import io

import av
import numpy as np

for tagged in (False, True):
    file = io.BytesIO()
    with av.open(file, "w", format="webm") as container:
        stream = container.add_stream("libvpx-vp9", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        if tagged:
            stream.codec_context.color_primaries = stream.codec_context.color_trc = stream.codec_context.colorspace = 1
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24").reformat(format="yuv420p")
        container.mux(stream.encode(frame) + stream.encode(None))
    data = file.getvalue()
    version = data[data.index(b"\x42\x87") + 3]  # DocTypeVersion, a number of one byte
    colour = b"\x55\xb0" in data
    print(f"colour tags: {tagged}, Colour element: {colour}, DocTypeVersion: {version}")
END
python film.py | seen 'colour tags: False, Colour element: False, DocTypeVersion: 2
colour tags: True, Colour element: True, DocTypeVersion: 2'
