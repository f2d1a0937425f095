"""Checks of user input, made once where it enters; never inside compiled code."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np

from neg.core.errors import (
    InvalidDataError,
    InvalidParameterError,
    InvalidShapeError,
    LabelMismatchError,
    NegError,
    SharesError,
    unknown_name,
)

_SINGLE = 1e-6
"""Shares kept in single precision add up to one within this."""


def is_concrete(value: Any) -> bool:
    """Whether ``value`` is an array (or nested lists) of numbers to look at, and no tracer."""
    leaves = jax.tree.leaves(value)
    return bool(leaves) and all(
        not isinstance(leaf, jax.core.Tracer)
        and isinstance(leaf, np.ndarray | jax.Array | float | int | np.generic)
        for leaf in leaves
    )


def as_numbers(name: str, value: Any) -> np.ndarray:
    """``value`` as an array of doubles; :class:`InvalidDataError` for what is no number.

    >>> as_numbers("start", [0.5, "half"])
    Traceback (most recent call last):
    neg.core.errors.InvalidDataError: start = [0.5, 'half'] is not allowed; must be numbers
    """
    with numbers_only(name, value):
        if np.iscomplexobj(value):
            raise TypeError("complex numbers are not ordered")
        return np.asarray(value, dtype=float)


@contextmanager
def numbers_only(name: str, value: Any) -> Iterator[None]:
    """Name what could not be read as numbers: text, ragged lists, complex numbers, objects."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if isinstance(error, NegError | jax.errors.JAXTypeError):
            raise
        shown = reprlib.repr(value)
        raise InvalidDataError(f"{name} = {shown} is not allowed; must be numbers") from error


def check_range(
    name: str,
    value: Any,
    low: float | None = None,
    high: float | None = None,
    *,
    low_open: bool = False,
    high_open: bool = False,
) -> None:
    """Raise :class:`InvalidParameterError` unless every entry is finite and inside the range.

    Args:
        name: how the message calls the value.
        value: number or array of any shape; traced values pass.
        low, high: ends of the range; None for none.
        low_open, high_open: whether the end itself is not allowed.

    >>> check_range("mu", 1.2, 0.0, 1.0)
    Traceback (most recent call last):
    neg.core.errors.InvalidParameterError: mu = 1.2 is not allowed; must be finite in [0, 1]
    """
    if not (is_concrete(value) or _has_text(value)):
        return
    array = as_numbers(name, value)
    bad = ~np.isfinite(array)
    if low is not None:
        bad |= array <= low if low_open else array < low
    if high is not None:
        bad |= array >= high if high_open else array > high
    if bad.any():
        allowed = range_text(low, high, low_open=low_open, high_open=high_open)
        raise InvalidParameterError(
            f"{name}{_first(bad)} = {array[bad].flat[0]:g} is not allowed; "
            f"must be finite in {allowed}"
        )


def _has_text(value: Any) -> bool:
    return any(isinstance(leaf, str) for leaf in jax.tree.leaves(value))


def range_text(
    low: float | None, high: float | None, *, low_open: bool = False, high_open: bool = False
) -> str:
    """A range as text; round brackets where an end is not allowed.

    >>> range_text(1.0, None, low_open=True)
    '(1, inf)'
    """
    left = "(-inf" if low is None else f"{'(' if low_open else '['}{low:g}"
    right = "inf)" if high is None else f"{high:g}{')' if high_open else ']'}"
    return f"{left}, {right}"


def check_general(name: str, model: Any) -> None:
    """Raise :class:`InvalidParameterError` unless a model is a general economy, parts or not."""
    if not (hasattr(model, "cells") and hasattr(model, "final_share")):
        raise InvalidParameterError(
            f"{name} is a {type(model).__name__}, without flows by sector; must be a general "
            "economy (neg.general_economy, neg.analysis.calibrate)"
        )


def check_kind(name: str, value: Any, kind: type) -> None:
    """Raise :class:`InvalidDataError` unless ``value`` is one of a kind (a model, a table).

    >>> check_kind("table", "icio.csv", dict)
    Traceback (most recent call last):
    neg.core.errors.InvalidDataError: table is a str; must be a dict
    """
    if isinstance(value, kind):
        return
    if isinstance(value, type):
        raise InvalidDataError(
            f"{name} is the class {value.__name__}; must be one of it: {value.__name__}(...)"
        )
    raise InvalidDataError(f"{name} is a {type(value).__name__}; must be a {kind.__name__}")


def check_finite(name: str, value: Any, *, nonnegative: bool = False) -> None:
    """Raise :class:`InvalidDataError` at the first entry that is not finite (or is negative)."""
    if not (is_concrete(value) or _has_text(value)):
        return
    array = as_numbers(name, value)
    bad = ~np.isfinite(array)
    if nonnegative:
        bad |= array < 0
    if bad.any():
        allowed = "finite and non-negative" if nonnegative else "finite"
        raise InvalidDataError(
            f"{name}{_first(bad)} = {array[bad].flat[0]:g} is not allowed; must be {allowed}"
        )


def check_shape(name: str, value: Any, shape: tuple[int, ...]) -> None:
    """Raise :class:`InvalidShapeError` unless ``value`` has exactly the given shape."""
    got = np.shape(value)
    if got != shape:
        raise InvalidShapeError(f"{name} has shape {got}; must be {shape}")


def check_shares(name: str, total: Any, target: float = 1.0, tolerance: float = 1e-8) -> None:
    """Raise :class:`SharesError` unless every entry of ``total`` equals ``target``.

    ``total`` holds sums of shares (any shape); they may be off by ``tolerance``, which rounding
    in double precision stays below.
    """
    if not is_concrete(total):
        return
    array = np.asarray(total, dtype=float)
    bad = ~(np.abs(array - target) <= tolerance)
    if bad.any():
        raise SharesError(
            f"{name}{_first(bad)} add up to {array[bad].flat[0]:.12g}; must add up to {target:g}"
        )


def as_masses(name: str, value: Any, index: Any, mass: Any) -> Any:
    """A distribution over cells whose masses add up, in each group, to those of ``mass``.

    ``index`` is the group of each cell. What is off by rounding in single precision is scaled to
    add up exactly, and so are head counts, which are told by an entry above its group's mass.
    Raises :class:`InvalidDataError` for anything else that does not add up: it is a mistake more
    likely than a count. ``value`` must be finite and not negative; traced values pass as they are.

    >>> as_masses("x", [900.0, 100.0], [0, 0], [1.0]).tolist()
    [0.9, 0.1]
    """
    if not (is_concrete(value) and is_concrete(mass)):
        return value
    x, group, whole = np.asarray(value, float), np.asarray(index), np.asarray(mass, float)
    total = np.bincount(group, weights=x, minlength=len(whole))
    off = np.abs(total - whole) > 1e-12 * whole
    counts = x > whole[group] * (1.0 + _SINGLE)
    heads = np.bincount(group, weights=counts, minlength=len(whole)) > 0
    wrong = ~(np.abs(total - whole) <= _SINGLE * whole) & ~(heads & (whole > 0))
    if wrong.any():
        k = int(np.argmax(wrong))
        raise InvalidDataError(
            f"{name} adds up to {total[k]:.12g} in group {k}; must add up to its mass "
            f"{whole[k]:.12g}, or be head counts (some above {whole[k]:.12g})"
        )
    if not off.any():
        return value
    scale = np.divide(whole, total, out=np.ones_like(total), where=off & (total > 0))
    return jax.numpy.asarray(x * scale[group])


def check_labels(name: str, labels: Sequence[str], expected: Sequence[str] | None = None) -> None:
    """Raise :class:`LabelMismatchError` for repeated labels or labels other than expected."""
    if isinstance(labels, str):  # its letters would pass for labels
        raise LabelMismatchError(f"{name} is the text {labels!r}; must be a list of labels")
    seen: set[str] = set()
    for label in labels:
        if label in seen:
            raise LabelMismatchError(f"{name} holds the label {label!r} twice; must be unique")
        seen.add(label)
    if expected is not None and list(labels) != list(expected):
        missing = [label for label in expected if label not in seen]
        extra = [label for label in labels if label not in set(expected)]
        raise LabelMismatchError(
            f"{name} does not match: missing {missing}, unexpected {extra}"
            + ("" if missing or extra else " (same labels in another order)")
        )


def check_choice(name: str, value: str, allowed: Iterable[str]) -> None:
    """Raise :class:`UnknownNameError` unless ``value`` is one of ``allowed``."""
    options = tuple(allowed)
    if value not in options:
        raise unknown_name(name, value, options)


def _first(bad: np.ndarray) -> str:
    """Index of the first offending entry, as text ('' for scalars)."""
    if bad.ndim == 0:
        return ""
    index = np.argwhere(bad)[0]
    return "[" + ", ".join(str(int(i)) for i in index) + "]"
