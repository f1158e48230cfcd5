#!/usr/bin/env bash
# Manim 0.22.0: what its settings are after an update depends on the hash seed of the process.
#
# Guess: config.update({**dict(config), "frame_width": 10.0}) makes frames 10 units wide, and config.update(saved) brings
# back what was saved.
# Behaviour: the settings are listed in the order of a set of their names, another one in every process. frame_width and
# frame_x_radius stand for the same number, and the one that comes later wins: some processes draw frames of 10 units,
# others of 14.22, so that letters and lines have another scale. A seed that was None does not come back. What works:
# update with the saved settings first and with one's own afterwards, as tempconfig does.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages manim==0.22.0

cat >settings.py <<'END_OF_SETTINGS'
from manim import config

saved = dict(config)
config.update({**saved, "frame_width": 10.0})
width = config.frame_width
config.seed = 7
config.update(saved)
print(f"frame_width {width:.2f}, seed {saved['seed']} became {config.seed}")
END_OF_SETTINGS
for hashed in 0 1 2 3; do PYTHONHASHSEED=$hashed python settings.py 2>/dev/null; done | seen \
  'frame_width 10.00, seed None became 7
frame_width 14.22, seed None became 7
frame_width 14.22, seed None became 7
frame_width 10.00, seed None became 7'
