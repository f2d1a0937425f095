"""What signatures say of shapes and types, checked at every call while tests run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from beartype import BeartypeConf, beartype
from beartype.roar import BeartypeDecorHintPep673Exception

_check = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is a float


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its arguments and result checked, where the checker reads its signature.

    It does not read ``Self`` on methods one by one.
    """
    try:
        return _check(function)
    except BeartypeDecorHintPep673Exception:
        return function
