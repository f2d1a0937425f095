"""Named errors: each says what is wrong, where, and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class NegError(Exception):
    """Root of every error that the library raises on purpose."""


class InvalidParameterError(NegError, ValueError):
    """A parameter lies outside the range for which the model is defined."""


class InvalidDataError(NegError, ValueError):
    """A table, matrix or vector holds values that no economy can have."""


class InvalidShapeError(InvalidDataError):
    """An array has not the shape that the places, sectors or cells require."""


class LabelMismatchError(InvalidDataError):
    """Labels of two inputs do not match, or a label occurs twice."""


class SharesError(InvalidDataError):
    """Shares that must add up to one do not."""


class UnknownNameError(NegError, KeyError):
    """A model, parameter, place, sector, layer or option of this name does not exist."""

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0]) if self.args else ""


class MissingPackageError(NegError, ImportError):
    """An optional package that a file format needs is not installed."""


class OutputError(NegError, OSError):
    """A file cannot be written where it was asked for; the message names the file."""


class ConvergenceError(NegError, RuntimeError):
    """A solver ended without an equilibrium; carries the unconverged solution.

    The attribute ``solution`` holds whatever the solver reached, with its status, so that it can be
    inspected; its values are NaN wherever they would pass for a result.
    """

    def __init__(self, message: str, solution: object = None) -> None:
        super().__init__(message)
        self.solution = solution


class SettingsError(NegError, RuntimeError):
    """A setting of JAX under which no result of the library can be trusted."""


class BlackHoleError(NegError):
    """Agglomeration wins at every trade cost: the threshold asked for does not exist."""


class SpectralRadiusError(NegError):
    """The link matrix has spectral radius of one or more: routing costs are not defined."""


class RoutesDoNotConvergeError(SpectralRadiusError, ValueError):
    """Routes with loops weigh so much that their sum is infinite; says what would be enough.

    ``radius`` is the spectral radius found, ``smallest`` the smallest elasticity of routes (the
    inverse of their dispersion) at which the sum is finite.
    """

    def __init__(self, message: str, radius: float, smallest: float) -> None:
        super().__init__(message)
        self.radius, self.smallest = radius, smallest


class DisconnectedPlaceError(InvalidDataError):
    """A place of a network that no route joins to the others."""


class DuplicateLinkError(LabelMismatchError):
    """A link of a network that is given twice, such as both ways of one that holds for both."""


def unknown_name(kind: str, name: object, allowed: Iterable[object]) -> UnknownNameError:
    """Build the error for an unknown name, listing what is allowed.

    Args:
        kind: what the name stands for.
        name: what was asked for.
        allowed: the names that exist.

    >>> raise unknown_name("model", "krugman", ["core-periphery", "helpman"])
    Traceback (most recent call last):
    neg.core.errors.UnknownNameError: unknown model 'krugman'; allowed: core-periphery, helpman
    """
    options = ", ".join(str(option) for option in allowed)
    return UnknownNameError(f"unknown {kind} {name!r}; allowed: {options}")


def did_you_mean(name: object, allowed: Iterable[object], cutoff: float = 0.6) -> str:
    """The end of an error for a misspelt name: the nearest one that exists, or nothing.

    >>> did_you_mean("helpmann", ["core-periphery", "helpman"])
    "; did you mean 'helpman'?"
    """
    near = difflib.get_close_matches(str(name), [str(one) for one in allowed], 1, cutoff)
    return f"; did you mean {near[0]!r}?" if near else ""
