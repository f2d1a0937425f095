"""New economic geography on a differentiable core: where industry locates, and why it moves.

The names below are the front page; everything is loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import Any

import jax as _jax

_jax.config.update("jax_enable_x64", True)

__version__ = "0.1.0"

_FRONT_PAGE = {
    "Model": "neg.economy.model",
    "SpatialModel": "neg.economy.model",
    "Groups": "neg.economy.model",
    "parameter": "neg.core.parameters",
    "get_model": "neg.models",
    "compose": "neg.economy.composed",
    "Part": "neg.economy.part",
    "Lever": "neg.economy.lever",
    "general_economy": "neg.economy.general",
    "short_run": "neg.solvers.short_run",
    "long_run": "neg.solvers.long_run",
    "equilibrium_at": "neg.solvers.long_run",
    "equilibria": "neg.search.equilibria",
    "stability": "neg.solvers.verdict",
    "thresholds": "neg.breakpoints.thresholds",
    "diagram": "neg.diagrams.diagram",
    "paths": "neg.solvers.dynamics",
    "Status": "neg.core.status",
    "NegError": "neg.core.errors",
}

_ROOMS = (
    *("accounting", "agreements", "analysis", "barriers", "bifurcation", "breakpoints", "chains"),
    *("core", "data", "diagrams", "economy", "estimation", "figures", "firms", "menus", "models"),
    *("network", "parts", "places", "production", "scenario_files", "search", "solvers"),
)

__all__ = [*_FRONT_PAGE, *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _FRONT_PAGE:
        return getattr(importlib.import_module(_FRONT_PAGE[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"neg.{name}")
    raise AttributeError(f"module 'neg' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
