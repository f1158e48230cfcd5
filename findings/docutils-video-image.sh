#!/usr/bin/env bash
# docutils 0.22.4: `.. image:: film.mp4` makes a video that nobody can start.
#
# Guess: either an <img>, as for every other file, or a <video> that can be played, with the alt text as its label.
# Behaviour: the HTML5 writer makes <video src title> without `controls` and without `autoplay`: a still of the first
# frame, and the alt text is a tooltip and the text inside. The option `:alt:` is all that the directive takes for it;
# Sphinx 9 and MyST's ![](film.mp4) go the same way. Nothing warns.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages docutils==0.22.4

printf '%s\n' '.. image:: film.mp4' '   :alt: A kernel slides.' >page.rst
python -m docutils --writer=html5 page.rst | grep -A 2 '<video' | seen '<video src="film.mp4" title="A kernel slides.">
<a href="film.mp4">A kernel slides.</a>
</video>'
