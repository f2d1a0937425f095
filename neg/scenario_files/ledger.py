"""The ledger of finished cases: one line each, written whole, read back after any interruption."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from neg.core.errors import InvalidDataError, OutputError

Case = dict[str, Any]


def read_cases(path: str | os.PathLike[str]) -> dict[str, Case]:
    """Finished cases by their key; a last line that was cut off is taken out of the file.

    Raises :class:`InvalidDataError` for any other line that is no case.
    """
    path = Path(path)
    if not path.exists():
        return {}
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:  # the machine stopped while a line was written
        with path.open("r+b") as file:
            file.truncate(len(whole))
    found: dict[str, Case] = {}
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            case = json.loads(line)
            key = case["key"]
        except (ValueError, KeyError, TypeError):
            raise InvalidDataError(
                f"{path}, line {number} is no finished case; must be a line that a sweep wrote"
            ) from None
        found.setdefault(key, case)
    return found


def append_cases(path: str | os.PathLike[str], cases: Iterable[Case]) -> None:
    """Append finished cases, each a line, and wait until the disk has them."""
    text = "".join(json.dumps(plain(case), allow_nan=False) + "\n" for case in cases)
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


def plain(value: Any) -> Any:
    """Numbers as JSON holds them exactly; what is not finite becomes null."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return plain(value.tolist()) if hasattr(value, "tolist") else value
