"""Two places of small firms that are linked, by another route: sizes one by one, roots by scipy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq


class State(NamedTuple):
    """What each place has; ``index`` but for a constant of the mark-up."""

    wage: np.ndarray
    sold: np.ndarray
    consumption: np.ndarray
    bought: np.ndarray
    index: np.ndarray
    granted: np.ndarray


def lines(part, i):
    """Resources, what the budget pays, and what suppliers keep, by tier in place i."""
    costs = part.costs(2)
    return [np.asarray(one)[i] for one in (costs.resources, costs.shared, costs.left)]


def by_hand(part, owner, people, tau, sigma, points=400_001):
    """Sizes one by one, entry by bisection, the wage of the first place from its balance.

    ``owner`` is the place of the owners of lead firms (None: each its own). Returns the state at a
    wage of one in the second place, and profit per unit of size in each.
    """
    t = np.linspace(0.0, 160.0, points)  # share above the size of exp(-t)
    x, worth, density = np.exp(t / 1.5), np.asarray(part.rungs.worth), np.exp(-t)
    kept, granted, profit, volume = (np.zeros(2) for _ in range(4))
    for i in range(2):
        resources, shared, left = lines(part, i)

        def earned(b, resources=resources, shared=shared, left=left):
            rows = zip(left, worth, resources, shared, strict=True)
            return np.stack([k * (b * w * x - f + g) for k, w, f, g in rows])

        def gain(b, earned=earned):
            mean = np.trapezoid(np.maximum(0.0, earned(b).max(0)) * density, t)
            return mean - float(part.entry)

        profit[i] = brentq(gain, 1e-4, 10.0, xtol=1e-13, rtol=1e-12)
        each = earned(profit[i])
        at, some = each.argmax(0), each.max(0) > 0
        parts = worth[at] * x, shared[at], (1.0 - left[at]) * each.max(0) / left[at]
        volume[i], granted[i], kept[i] = (
            np.trapezoid(np.where(some, value, 0.0) * density, t) for value in parts
        )
    granted, kept = (money / (profit * volume) / sigma for money in (granted, kept))
    share = granted - kept  # of sales

    def state(wage):
        w = np.array([wage, 1.0])
        sold = w * people / (1.0 + share)
        offers = (people / (1.0 + share) / profit)[:, None] * (w[:, None] * tau) ** (1.0 - sigma)
        index = offers.sum(axis=0) ** (1.0 / (1.0 - sigma))
        income = w * people - share * sold
        if owner is not None:
            income = income - kept * sold + np.eye(2)[owner] * (kept * sold).sum()
        bought = offers / index ** (1.0 - sigma) * income
        return State(w, sold, income / index, bought, index, granted * sold)

    def excess(wage):
        found = state(wage)
        return found.bought[0].sum() - found.sold[0]

    return state(brentq(excess, 0.3, 3.0, xtol=1e-14, rtol=1e-13)), profit
