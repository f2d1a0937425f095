"""What accounts of an economy's ledger have left: nothing, at an equilibrium."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np


def turnover(solved: Any, model: Any = None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What each account of each place receives and pays, by the name of the account."""
    model = solved.model if model is None else model
    received: dict[str, np.ndarray] = {}
    paid: dict[str, np.ndarray] = {}
    for (payer, payee, what), given in model.ledger(solved.prices, solved.x).items():
        flow = np.asarray(given)
        assert np.isfinite(flow).all(), (payer, payee, what)
        none = np.zeros(flow.shape[0])
        paid[payer] = paid.get(payer, none) + flow.sum(axis=1)
        received[payee] = received.get(payee, none) + flow.sum(axis=0)
    none = np.zeros_like(next(iter(paid.values())))
    accounts = dict.fromkeys((*received, *paid))
    return {name: (received.get(name, none), paid.get(name, none)) for name in accounts}


def left_over(solved: Any, *, between: Collection[str] = ()) -> dict[str, np.ndarray]:
    """What each account of each place receives beyond what it pays; in all, of those ``between``.

    The accounts ``between`` places pass money from one to another.
    """
    found = {name: received - paid for name, (received, paid) in turnover(solved).items()}
    return {name: left.sum() if name in between else left for name, left in found.items()}


def check_ledger(solved: Any, *, atol: float = 1e-12, between: Collection[str] = ()) -> None:
    """Every account pays what it receives, in every place."""
    left = left_over(solved, between=between)
    assert {"firms", "people"} <= set(left)
    for account, value in left.items():
        np.testing.assert_allclose(value, 0.0, atol=atol, err_msg=account)
