"""Numbers as users give them, in double precision; a named error for what is none."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from neg.core.checks import numbers_only
from neg.core.errors import LabelMismatchError
from neg.core.labels import has_labels


def as_float(value: Any, name: str = "a value") -> Array:
    """A double-precision array, whatever number or list comes in.

    Raises :class:`LabelMismatchError` for something with labels: they would be dropped unread, and
    :class:`InvalidDataError` for what is no number.
    """
    if has_labels(value):
        raise LabelMismatchError(
            f"{name}: a {type(value).__name__} has labels, which nobody would read here; give it "
            "where places and sectors are named (a builder or a Lever), or as a bare array"
        )
    with numbers_only(name, value):
        if np.iscomplexobj(value):
            raise TypeError("complex numbers are not ordered")
        return jnp.asarray(value, dtype=float)


def if_given(value: Any) -> Array | None:
    """The same, and None for None."""
    return None if value is None else as_float(value)
