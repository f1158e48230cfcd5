"""Every error that layeranim raises on purpose, with the exit code it ends a command with.

```
LayeranimError                 4  something failed while rendering or writing
├── UsageError                 2  the caller can put it right
│   ├── OptionError               an option's value, or two options together
│   ├── ShapeError                shapes that do not go together
│   ├── InputError                a file, image, literal or name that cannot be read
│   ├── OutputError               a path that cannot be written, found before rendering
│   └── ManifestError             layeranim.toml
├── MissingLibraryError        3  a library of the environment is missing or too old
└── RenderError                4  drawing, encoding, a full disk
    └── SizeLimitError            a film over --max-size
```

A message says what was given, which rule it broke, and what would work, on one line. Whatever it quotes, nothing in
it can move a cursor, reorder a line or begin one: such characters are shown as escapes.
"""

from __future__ import annotations


class LayeranimError(Exception):
    """Root of the tree. ``exit_code`` is what the command line ends with.

    ``lines``: a line of the message for each problem; elsewhere a line break is what somebody quoted.
    """

    exit_code = 4
    lines = False

    def __str__(self) -> str:
        text = super().__str__()
        return text if text.isprintable() else "".join(map(self._shown, text))

    def _shown(self, character: str) -> str:
        if character.isprintable() or (self.lines and character == "\n") or character in "\u2009\xa0\u2002":
            return character
        return character.encode("ascii", "backslashreplace").decode() if ord(character) > 127 else repr(character)[1:-1]


class UsageError(LayeranimError):
    """The caller gave something impossible; nothing was written."""

    exit_code = 2


class OptionError(UsageError, ValueError):
    """An option's value breaks its rule, or two options exclude each other."""


class ShapeError(UsageError, ValueError):
    """Shapes that do not go together; names the parameter and both numbers."""


class MemoryLimitError(ShapeError):
    """What would take more memory than the budget; names the option that lifts it."""


class InputError(UsageError, ValueError):
    """A file, image, literal or name that cannot be turned into an array."""


class OutputError(UsageError):
    """A path that cannot be written, found before anything was rendered."""


class ManifestError(UsageError):
    """One or more problems of a manifest, one a line."""

    lines = True


class MissingLibraryError(LayeranimError):
    """A library of the environment is missing; names what to install."""

    exit_code = 3
    lines = True


class RenderError(LayeranimError):
    """Drawing, encoding or writing failed; the previous files stand."""


class SizeLimitError(RenderError):
    """A film is larger than ``--max-size``; nothing was replaced."""


def out_of_threads(error: BaseException) -> bool:
    """Whether the system refused a thread or a process: Python has no class of its own for that."""
    return isinstance(error, BlockingIOError) or (isinstance(error, RuntimeError) and "start new thread" in str(error))
