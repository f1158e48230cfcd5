#!/usr/bin/env bash
# Marp (marp-core 5.0.2): a <video> on a slide passes, its name and its captions do not.
#
# Guess: a tag that Marp lets through without `html: true`, as it does <figure>, <video> and <source>, comes out whole,
# and so does what belongs to it.
# Behaviour: aria-label and style of <video> are dropped without a word, so that a screen reader finds a film without a
# name; <track> is escaped into text within the film, which nobody sees, and the captions are gone.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
node_packages @marp-team/marp-core@5.0.2

cat >slide.md <<'END'
<figure>
<video controls="controls" class="c" aria-label="A film" style="max-width: 100%" poster="a.png">
<source src="a.mp4" type="video/mp4" />
<track kind="captions" src="a.vtt" srclang="en" label="English" />
<img src="a.png" alt="A film" />
</video>
</figure>
END
cat >render.mjs <<'END'
import { readFileSync } from "node:fs";
import { Marp } from "@marp-team/marp-core";

console.log(new Marp({ script: false }).render(readFileSync("slide.md", "utf8")).html);
END
node render.mjs | sed -n '/<figure>/,/<\/figure>/p' | seen '<figure>
<video controls="controls" class="c" poster="a.png">
<source src="a.mp4" type="video/mp4" />
&lt;track kind="captions" src="a.vtt" srclang="en" label="English" /&gt;
<img src="a.png" alt="A film" />
</video>
</figure>'
