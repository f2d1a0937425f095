"""Words for captions: the settings of a record, lists, numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import xarray as xr


def settings(record: xr.Dataset) -> dict[str, Any]:
    """The settings that made a record."""
    return dict(json.loads(record.attrs["settings"]))


def listed(items: Iterable[Any], none: str = "none") -> str:
    """``"a, b and c"``."""
    words = [str(item) for item in items]
    if len(words) < 2:
        return words[0] if words else none
    return f"{', '.join(words[:-1])} and {words[-1]}"


def capital(text: str) -> str:
    """The text with a capital letter at its beginning."""
    return text[:1].upper() + text[1:]
