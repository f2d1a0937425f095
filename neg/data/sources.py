"""Where every embedded file comes from, for which year and under which terms."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from neg.core.checks import check_choice

FILES = files("neg.data") / "files"


def sources() -> dict[str, dict[str, str]]:
    """Return, for each embedded file, its ``source``, ``year``, ``terms`` and ``what`` it holds."""
    return {name: dict(entry) for name, entry in _sources().items()}


def source_attrs(name: str) -> dict[str, Any]:
    """Return ``source``, ``year`` and ``terms`` of one embedded file, as attributes for xarray."""
    check_choice("embedded file", name, _sources())
    return {key: value for key, value in _sources()[name].items() if key != "what"}


@cache
def _sources() -> dict[str, dict[str, str]]:
    text = (FILES / "sources.json").read_text(encoding="utf-8")
    entries: dict[str, dict[str, str]] = json.loads(text)
    return entries
