"""What reaches the terminal: letters that it has, and silence where nobody reads on."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
from collections.abc import Iterator

_GREEK = {"φ": "phi", "τ": "tau", "σ": "sigma", "μ": "mu", "θ": "theta", "α": "alpha", "κ": "kappa"}
_SIGNS = {"−": "-", "–": "-", "—": "-", "×": "x", "→": "->", "…": "...", "≤": "<=", "≥": ">="}
_MARKS = {"’": "'", "‘": "'", "“": '"', "”": '"', "°": "deg", "·": "*", "½": "1/2", "│": "|"}
_PLAIN = _GREEK | _SIGNS | _MARKS


def _in_plain_letters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_PLAIN.get(letter, "?") for letter in missing), error.end


codecs.register_error("neg-plain", _in_plain_letters)


def use_plain_letters() -> None:
    """Write letters that the terminal lacks (ASCII, say) in plain ones instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):  # replaced or closed streams
            # Of types: a stream without it is skipped above.
            stream.reconfigure(errors="neg-plain")  # type: ignore[union-attr]


@contextlib.contextmanager
def quiet_when_unread() -> Iterator[None]:
    """End without a word where the reader of standard output has gone, as in ``... | head``."""
    try:
        with contextlib.suppress(BrokenPipeError):
            yield
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            # What is left in the buffer would raise once more when Python ends.
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
