"""Results as text for people or as JSON for scripts."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned to the left, two spaces apart.

    >>> print(table(["kind", "tau"], [["break", "1.63"], ["sustain", "1.81"]]))
    kind     tau
    break    1.63
    sustain  1.81
    """
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def vector(values: Any) -> str:
    """Numbers with four digits, a blank apart; what rounds to zero is shown as zero.

    >>> vector([2 / 3, -1e-15, 1e-6])
    '0.6667 0 1e-06'
    """
    return " ".join(f"{value + 0.0:.4g}" for value in np.round(np.asarray(values, float), 12))


def shares(values: Any) -> str:
    """The same of shares, however small: none but zero is shown as zero.

    >>> shares([1.0, 1.6e-14, 0.0])
    '1 1.6e-14 0'
    """
    return " ".join(f"{value:.4g}" for value in np.asarray(values, float))


def to_json(content: Any) -> str:
    """JSON text; numbers that JSON cannot hold become null.

    >>> to_json({"value": float("nan"), "x": np.array([0.5, 1.0])})
    '{"value": null, "x": [0.5, 1.0]}'
    """
    return json.dumps(_plain(content), allow_nan=False)


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if content is None or isinstance(content, str | bool | int):
        return content
    array = np.asarray(content)
    if array.ndim:
        return [_plain(value) for value in array.tolist()]
    value = array.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
