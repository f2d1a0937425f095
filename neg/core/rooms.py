"""What a room of the library shows: the names that it offers, loaded when first used."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def furnish(
    room: str, path: Iterable[str], offered: Mapping[str, str] | None = None
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """``__all__``, ``__getattr__`` and ``__dir__`` of a package, for its ``__init__``.

    Args:
        room: name of the package (``__name__``).
        path: where its files are (``__path__``).
        offered: file of the package that defines each name offered at its door.

    What is offered comes first, then the files; files with a leading underscore are private.
    """
    names = dict(offered or {})
    files = [one.name for one in pkgutil.iter_modules(list(path)) if not one.name.startswith("_")]
    public = list(dict.fromkeys([*names, *sorted(files)]))

    def load(name: str) -> Any:
        if name in names:
            return getattr(importlib.import_module(f"{room}.{names[name]}"), name)
        if name in files:
            return importlib.import_module(f"{room}.{name}")
        raise AttributeError(f"module {room!r} has no attribute {name!r}")

    return public, load, lambda: list(public)
