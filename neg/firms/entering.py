"""Sectors in which the firms of a part enter: where theta is the elasticity of demand."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool

from neg.core.errors import InvalidParameterError, unknown_name
from neg.economy.general.chained import blocks_of


def entered(model: Any, sectors: tuple[str, ...] | None) -> Bool[np.ndarray, " sector"]:
    """Which sectors of a general economy: the differentiated ones that are no blocks.

    Of those named, if any are. A chain of one block is an ordinary sector.
    """
    named = np.isin(model.sectors, sectors or model.sectors)
    return named & ~np.asarray(model.technology.homogeneous) & ~_blocks(model)


def check_entered(label: str, model: Any, sectors: tuple[str, ...] | None) -> None:
    """Raise a named error for sectors that are not there, blocks of chains, and none that is left.

    Demand for a block and its answer to own costs have elasticities of their own, which no
    equation of free entry with ``theta`` holds for.
    """
    for name in sectors or ():
        if name not in model.sectors:
            raise unknown_name(f"sector of {label}", name, model.sectors)
        if _blocks(model)[model.sectors.index(name)]:
            raise InvalidParameterError(
                f"{name!r} is a block of a chain, where theta is not the elasticity of demand; a "
                f"sector of part {label!r} must be none"
            )
    if not entered(model, sectors).any():
        raise InvalidParameterError(
            f"part {label!r} is not allowed: every sector of {list(sectors or model.sectors)} is "
            "homogeneous or a block of a chain; must have one that is neither"
        )


def _blocks(model: Any) -> Bool[np.ndarray, " sector"]:
    """Which sectors are blocks of chains of two or more."""
    inside = [s for chain in blocks_of(model) if len(chain) > 1 for s in chain]
    return np.isin(np.arange(len(model.sectors)), inside)
