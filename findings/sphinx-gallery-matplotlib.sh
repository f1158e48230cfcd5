#!/usr/bin/env bash
# sphinx-gallery 0.22.1 with Sphinx 9.0.4: a gallery that names scrapers of its own still needs Matplotlib.
#
# Guess: Matplotlib is not among the package's dependencies, so a gallery whose image_scrapers names none of its scraper
# builds without it.
# Behaviour: before the first example the default of another setting, reset_modules ("matplotlib", "seaborn"), imports
# it, and the build ends. What works: "reset_modules": () beside the scrapers.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages sphinx==9.0.4 sphinx-gallery==0.22.1

mkdir -p docs/examples
printf 'Examples\n========\n' >docs/examples/README.rst
printf '"""\nOne\n===\n"""\nprint(1)\n' >docs/examples/plot_one.py
printf 'Pages\n=====\n\n.. toctree::\n\n   made/index\n' >docs/index.rst
cat >docs/scrapers.py <<'END_OF_SCRAPER'
def nothing(block, block_vars, gallery_conf):
    return ""
END_OF_SCRAPER
conf() { # MORE SETTINGS: a configuration with a scraper that takes no picture
  cat >docs/conf.py <<END_OF_CONF
import sys, pathlib
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from scrapers import nothing
extensions = ["sphinx_gallery.gen_gallery"]
sphinx_gallery_conf = {"examples_dirs": "examples", "gallery_dirs": "made", "image_scrapers": (nothing,), $1}
END_OF_CONF
}
built() { python -m sphinx -q -b html docs out 2>&1 | grep -o "No module named 'matplotlib'" | head -n 1 || true; }
{
  python -m pip show matplotlib >/dev/null 2>&1 && echo "Matplotlib is here" || echo "Matplotlib is not installed"
  conf ''
  echo "by default: $(built)"
  conf '"reset_modules": ()'
  echo "without reset_modules: $(built)$(grep -c 'One' out/made/plot_one.html >/dev/null && echo built)"
} | seen \
  "Matplotlib is not installed
by default: No module named 'matplotlib'
without reset_modules: built"
