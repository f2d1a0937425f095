"""The ledger: every flow of money names who pays, who is paid and what for; each account balances.

A ledger maps ``(payer, payee, what)`` to amounts ``[place of payer, place of payee]``. Accounts
are firms, people, landowners, customs and budgets of a place, which pay what they receive place by
place, and two that do so in the world as a whole: the fund, through which money passes between
places, and the exchange, on which goods are traded that have neither origin nor destination.
"""

from __future__ import annotations

from collections.abc import Collection

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Ledger = dict[tuple[str, str, str], Array]

WORLDWIDE = frozenset({"fund", "exchange"})
"""Accounts that balance over all places, not in each."""


def at_home(amount: Float[Array, " place"]) -> Float[Array, "place place"]:
    """A flow inside each place."""
    return jnp.diag(amount)


def to_origins(
    spending: Float[Array, " destination"], reach: Float[Array, "origin destination"]
) -> Float[Array, "destination origin"]:
    """What each destination pays each origin, out of its spending, in proportion to their reach."""
    return (reach / jnp.sum(reach, axis=0) * spending).T


def imbalances(ledger: Ledger, worldwide: Collection[str] = WORLDWIDE) -> dict[str, float]:
    """By how much each account pays more or less than it gets, over what passes through it.

    The largest over places; for accounts that are ``worldwide``, of the world. Zero to rounding at
    an equilibrium; NaN where a flow is.

    >>> book = {("firms", "people", "wages"): np.diag([1.0, 2.0])}
    >>> book["people", "firms", "consumption"] = np.array([[0.5, 0.5], [0.5, 1.5]])
    >>> imbalances(book)
    {'firms': 0.0, 'people': 0.0}
    >>> imbalances({("firms", "people", "wages"): np.diag([1.0, 2.0])})
    {'firms': 1.0, 'people': 1.0}
    """
    balance: dict[str, np.ndarray] = {}
    turnover: dict[str, np.ndarray] = {}
    for (payer, payee, _), flow in ledger.items():
        amount = np.asarray(flow, dtype=float)
        size = np.abs(amount)
        for account, by_place, through in (
            (payer, -amount.sum(axis=1), size.sum(axis=1)),
            (payee, amount.sum(axis=0), size.sum(axis=0)),
        ):
            balance[account] = balance.get(account, 0.0) + by_place
            turnover[account] = turnover.get(account, 0.0) + through
    found: dict[str, float] = {}
    for account, left in balance.items():
        through = turnover[account]
        if account in worldwide:
            left, through = left.sum(), through.sum()
        found[account] = float(np.max(np.abs(left) / np.maximum(through, 1e-300)))
    return found


def largest_imbalance(ledger: Ledger, worldwide: Collection[str] = WORLDWIDE) -> float:
    """The largest of :func:`imbalances`; NaN where one is, zero where there is no account."""
    return float(np.max(list(imbalances(ledger, worldwide).values()), initial=0.0))
