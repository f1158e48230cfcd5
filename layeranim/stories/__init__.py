"""Words and timing: a Trace becomes a Storyboard. One file an explainer; no Manim here."""
