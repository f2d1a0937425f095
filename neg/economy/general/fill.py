"""Fills the arrays of a general economy from what users give: numbers, vectors, labelled arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from neg.core.checks import as_numbers
from neg.core.errors import InvalidShapeError, unknown_name
from neg.core.labels import align, has_labels

ABROAD = {"tau": 1.0, "tariff": 0.0, "export_tax": 0.0}
"""Parameters of which a number, or one a sector, holds between different places only, with what
holds at home where nothing else was said."""


def spread(
    name: str, value: Any, axes: Mapping[str, Sequence[str]], shape: tuple, old: Any = None
) -> Any:
    """A value broadcast to a parameter's shape: numbers, vectors over the last axis, labels.

    What numbers and vectors do not reach (see :data:`ABROAD`) stays as in ``old``.
    """
    if has_labels(value):
        return jnp.broadcast_to(align(name, value, axes), shape)
    plain = isinstance(value, np.ndarray) or not hasattr(value, "ndim")
    array = as_numbers(name, value) if plain else value
    if array.ndim == 2 and tuple(axes)[:2] == ("origin", "destination"):
        array = array.reshape((*array.shape, *(1,) * (len(shape) - 2)))  # for every sector
    try:
        full = jnp.broadcast_to(array, shape).astype(float)
        if name in ABROAD and array.ndim < 2:
            home = np.eye(shape[0], dtype=bool)[..., None]
            full = jnp.where(home, ABROAD[name] if old is None else old, full)
        return full
    except ValueError:
        raise InvalidShapeError(
            f"{name} has shape {array.shape}; must be a number or {shape} ({', '.join(axes)})"
        ) from None


def numeraire_weights(value: Any, places: tuple[str, ...]) -> Any:
    """Weights of places in the numeraire, from ``world``, the name of a place, or weights."""
    if has_labels(value):
        return align("numeraire", value, {"place": places})
    if not isinstance(value, str):
        return value
    if value == "world":
        return np.ones(len(places))
    if value not in places:
        raise unknown_name("numeraire", value, ("world", *places))
    return (np.asarray(places) == value).astype(float)
