"""How far the accounts of an economy's ledger are from adding up."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np


def imbalance(solved: Any, between: Collection[str] = ()) -> float:
    """Largest gap between what an account of a place receives and what it pays.

    Accounts ``between`` places pass money from one to another and add up in all.
    """
    left: dict[str, Any] = {}
    for (payer, payee, _), paid in solved.model.ledger(solved.prices, solved.x).items():
        left[payer] = left.get(payer, 0.0) - np.sum(paid, axis=1)
        left[payee] = left.get(payee, 0.0) + np.sum(paid, axis=0)
    gaps = (gap.sum() if name in between else gap for name, gap in left.items())
    return max(float(np.abs(gap).max()) for gap in gaps)
