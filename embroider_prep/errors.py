"""Every error that this package raises on purpose, one tree.

A message says where, what with the value, and what is allowed; the hint says one thing to try. A bug keeps its
own traceback: nothing here wraps unexpected exceptions.
"""

from __future__ import annotations

from collections.abc import Iterable


class EmbroiderPrepError(Exception):
    """Base of every error raised on purpose.

    Parameters
    ----------
    message : str
        Where, what with the value, and what is allowed, in one line.
    hint : str
        One thing to try; may be empty.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class InputError(EmbroiderPrepError):
    """A file or an array that cannot be used: missing, unreadable, damaged, too large."""


class OutputError(EmbroiderPrepError):
    """A result that cannot be written: no such folder, no permission, disk full."""


class OptionsError(EmbroiderPrepError, ValueError):
    """An option outside what is allowed, an unknown option, or options that contradict each other."""


class ModelError(EmbroiderPrepError):
    """A style model or its card that breaks its promises, or that is not there."""


class PlanError(EmbroiderPrepError):
    """Shapes or stitches that cannot be planned, or a plan that breaks an invariant."""


class FormatError(EmbroiderPrepError):
    """A stitch file that cannot be read, or a plan that its format or hoop cannot hold."""


class MissingExtra(EmbroiderPrepError):
    """A feature whose optional package is not installed."""


def closest(name: str, allowed: Iterable[str], *, otherwise: str | None = None) -> str:
    """Return a hint that names the closest match; else ``otherwise``, or a list of what is allowed (at most twelve).

    A name like ``recipe:night`` is also found by what follows its colon.
    """
    from difflib import get_close_matches

    choices = sorted(allowed)
    spelt = {choice.rpartition(":")[2].lower(): choice for choice in choices}
    spelt |= {choice.lower(): choice for choice in choices}
    # Nobody means a name by a page of text, and comparing it takes seconds.
    match = get_close_matches(name.lower(), list(spelt), n=1, cutoff=0.6) if len(name) < 100 else []
    if match:
        return f"did you mean {spelt[match[0]]!r}?"
    if otherwise is not None:
        return otherwise
    shown = ", ".join(choices[:12]) + (", …" if len(choices) > 12 else "")
    return f"allowed: {shown}" if choices else "nothing is allowed here"
