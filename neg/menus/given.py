"""What parts are given whose firms differ: a law of their size, and sectors by name."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from neg.core.checks import check_kind, check_labels, is_concrete
from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.menus.productivity import Productivity


def check_mean(name: str, sizes: Productivity) -> None:
    """Raise :class:`neg.core.errors.InvalidParameterError` for sizes without a mean.

    >>> from neg.menus import Pareto
    >>> check_mean("sizes", Pareto(0.9))
    Traceback (most recent call last):
    neg.core.errors.InvalidParameterError: sizes without a mean are not allowed; the shape of \
Pareto sizes must be above 1 (that of productivity above sigma - 1), or sales have no mean
    """
    if not is_concrete(sizes):
        return
    mean = sizes.above(1.0, sizes.least)
    if is_concrete(mean) and not bool(jnp.isfinite(mean)):
        raise InvalidParameterError(
            f"{name} without a mean are not allowed; the shape of Pareto sizes must be above 1 "
            "(that of productivity above sigma - 1), or sales have no mean"
        )


def law_of_size(value: Any) -> Productivity:
    """The value of a field ``size``: a distribution that has a mean."""
    check_kind("size", value, Productivity)
    check_mean("size: sizes", value)
    return value


def law_of_productivity(value: Any) -> Productivity | None:
    """The value of a field ``law``: a distribution, or None."""
    if value is not None:
        check_kind("law", value, Productivity)
    return value


def sector_names(value: Any) -> tuple[str, ...] | None:
    """The value of a field ``sectors``: names, or None for those that a part takes by itself.

    >>> sector_names(["goods"])
    ('goods',)
    """
    if value is None:
        return None
    check_labels("sectors", value if isinstance(value, str) else ())
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise InvalidDataError(f"sectors = {value!r} is not allowed; must be a list of names")
    check_labels("sectors", value)
    return tuple(value)
