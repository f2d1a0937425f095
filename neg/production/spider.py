"""Spiders: parts of many kinds into one assembly, a builder of the general economy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neg.core.checks import check_labels
from neg.core.errors import InvalidParameterError
from neg.economy.general import General, general_economy


def spider(
    *,
    places: Sequence[str],
    parts: Mapping[str, float],
    employment: Any,
    theta: Any = 4.0,
    assembly: str = "assembly",
    **given: Any,
) -> General:
    """An economy in which parts, each with its own draws, go into one assembly.

        c_asm[i] = prod_h P_h[i]^g_h own[i]^(1 - sum g)
        P_h[i]   = (sum_k A[k,h] (c[k,h] tau[k,i,h])^-theta)^(-1/theta)

    Args:
        places: their names.
        parts: cost share g of every part in assembly, by name; they add up to less than 1.
        employment: ``[place, sector]`` or a number; sectors are the parts, then the assembly.
        theta: trade elasticity, one number or one a sector.
        assembly: name of the assembly, the one sector that final buyers spend on.
        given: whatever else :func:`neg.general_economy` takes; ``own_share`` and ``chains`` make
            snakes of spiders.

    Source: the spider of Baldwin and Venables (2013); the equations of Caliendo and Parro (2015).

    >>> economy = spider(places=("A", "B"), parts={"engine": 0.3, "body": 0.2}, employment=1.0)
    >>> economy.input_share[0, :, 2].tolist()
    [0.3, 0.2, 0.0]
    """
    names = (*parts, assembly)
    check_labels("parts and assembly", names)
    share = np.asarray([float(value) for value in parts.values()])
    if not (share.sum() < 1.0 and (share >= 0).all() and share.size):
        raise InvalidParameterError(
            f"parts have the cost shares {share.tolist()}; must be one part or more, none "
            "negative, in all below 1"
        )
    for name in ("input_share", "final_share"):
        if name in given:
            raise InvalidParameterError(f"{name} is what a spider says; must be left out")
    inputs = np.zeros((len(names), len(names)))
    inputs[:-1, -1] = share
    kept = 1.0 - np.broadcast_to(given.get("housing_share", 0.0), (len(places),))
    kept = kept - np.broadcast_to(given.get("final_tax", 0.0), (len(places),))
    final = np.zeros((len(places), len(names)))
    final[:, -1] = kept
    return general_economy(
        places=places,
        sectors=names,
        employment=employment,
        theta=theta,
        input_share=inputs,
        final_share=final,
        **given,
    )
