"""What films need of Manim, and no more of it: the one place that imports it.

Importing all of Manim takes longer than drawing a short film. Most of that is for what no film of ours touches: graphs
and their networks, code and its colours, IPython's magics. So Manim's package begins as it always does, and what its
``__init__`` says after that waits (``deferred.py``) until something asks for it: ``manim.Circle`` works in the same
process as ever, whether Manim was imported before us or is asked for after. The same goes for what SciPy takes in of
NumPy on the way, and for Manim's two thousand named colours.
"""

import os

from layeranim.borrowed import unconfigured
from layeranim.borrowed.deferred import deferring

os.environ.setdefault("PATH", os.defpath)  # without one, what Manim imports raises KeyError
unconfigured.install()

HEAVY = {
    "manim": "from .utils.commands import *",
    **{f"manim.utils.color.{name}": "" for name in ("AS2700", "BS381", "DVIPSNAMES", "SVGNAMES", "X11", "XKCD")},
    "numpy.ctypeslib": "",
    "numpy.f2py": "",
    "numpy.polynomial": "",
    "numpy.testing": "",
    "scipy": "from . import _distributor_init",
    "scipy.spatial": "",
    "scipy.spatial.transform": "",
    "srt": "",
    "tqdm": "",
    "watchdog.observers": "",
}
"""What waits, and the line after which: Manim says itself that it must come first."""
LATER = {"scipy.spatial.transform": ("Rotation",), "tqdm": ("tqdm",), "watchdog.observers": ("Observer",)}
"""What Manim imports from some of these, and calls in scenes that no film of ours is."""

with deferring(HEAVY, LATER):
    from manim import __version__
    from manim.animation.animation import Animation as Animation
    from manim.camera.camera import Camera as Camera
    from manim.mobject.mobject import Mobject as Mobject
    from manim.mobject.types.vectorized_mobject import VGroup as VGroup
    from manim.mobject.types.vectorized_mobject import VMobject as VMobject
    from manim.renderer.cairo_renderer import CairoRenderer as CairoRenderer
    from manim.scene.scene import Scene as Scene
    from manim.utils.rate_functions import ease_in_out_cubic as ease_in_out_cubic
    from manim.utils.rate_functions import ease_out_cubic as ease_out_cubic
    from manim.utils.rate_functions import linear as linear

    from manim._config import config as config  # isort: skip - in the order in which Manim imports itself
    from manim._config.utils import ManimConfig as ManimConfig  # isort: skip

VERSION: str = __version__
"""Manim's."""
