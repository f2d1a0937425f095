"""Flows between places that add up to a table of flows between their economies."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from neg.core.checks import check_range, check_shape
from neg.core.errors import ConvergenceError, InvalidDataError

TOLERANCE = 1e-12
_ROUNDS = 3000
_KEPT, _WORSE, _FARTHEST = 6, 10.0, 5.0  # rounds, ratio of gaps, change of a log


class Fitted(NamedTuple):
    """Factors of ``x_ij = a_i b_j c_od k_ij``, and the largest gap of any sum, over that sum."""

    origin: Float[np.ndarray, " place"]
    destination: Float[np.ndarray, " place"]
    pair: Float[np.ndarray, "economy economy"]
    gap: float
    rounds: int


def fit_blocks(
    kernel: Float[np.ndarray, "origin destination"],
    sales: Float[np.ndarray, " origin"],
    purchases: Float[np.ndarray, " destination"],
    blocks: Float[np.ndarray, "economy economy"],
    member: Int[np.ndarray, " place"],
) -> Fitted:
    """Factors by place and by pair of economies under which flows have all their sums.

        x_ij = a_i b_j c_od k_ij,   sum_j x_ij = sales_i,   sum_i x_ij = purchases_j,
        sum of x_ij over i in o and j in d = blocks_od

    by scaling for each kind of sum in turn: the flows of least information against the kernel.
    Rounds of scaling are accelerated by what the last ones changed. A pair of economies without
    trade has the factor zero.

    Args:
        kernel: positive.
        sales, purchases: not negative, adding up within each economy to its row and column of
            ``blocks``.
        blocks: not negative.
        member: economy of every place.

    Raises:
        InvalidDataError: sums that contradict each other.
        ConvergenceError: some sum is off by more than 1e-12 of it after 3,000 rounds.

    Source: Deming and Stephan (1940), Annals of Mathematical Statistics 11(4); acceleration: Walker
    and Ni (2011), SIAM Journal on Numerical Analysis 49(4).

    >>> kernel = np.array([[1.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 1.0]])
    >>> blocks = np.array([[5.0, 1.0], [2.0, 8.0]])
    >>> found = fit_blocks(kernel, np.array([4.0, 2.0, 10.0]), np.array([4.0, 3.0, 9.0]), blocks,
    ...                    np.array([0, 0, 1]))
    >>> pair = found.pair[np.ix_([0, 0, 1], [0, 0, 1])]
    >>> flows = found.origin[:, None] * found.destination * pair * kernel
    >>> np.allclose(flows.sum(axis=1), [4.0, 2.0, 10.0], atol=1e-10)
    True
    """
    n, m = len(member), len(blocks)
    check_shape("kernel", kernel, (n, n))
    check_range("kernel", kernel, 0.0, low_open=True)
    check_range("blocks", blocks, 0.0)
    sums = (("sales", sales, blocks.sum(axis=1)), ("purchases", purchases, blocks.sum(axis=0)))
    for name, given, total in sums:
        check_shape(name, given, (n,))
        check_range(name, given, 0.0)
        inside = np.bincount(member, given, m)
        if (np.abs(inside - total) > 1e-9 * total.max()).any():
            o = int(np.argmax(np.abs(inside - total)))
            raise InvalidDataError(
                f"{name} of the places of economy {o} add up to {inside[o]:.10g}; must be "
                f"{total[o]:.10g}, what its pairs say"
            )
    order = np.argsort(member, kind="stable")  # the places of an economy next to each other
    member = member[order]
    sales, purchases = sales[order], purchases[order]
    kernel = np.ascontiguousarray(kernel[np.ix_(order, order)])
    turned = np.ascontiguousarray(kernel.T)
    ends = np.searchsorted(member, np.arange(m + 1))
    places = [slice(*two) for two in itertools.pairwise(ends)]
    a, b, c = np.ones(n), np.ones(n), np.where(blocks > 0, 1.0, 0.0)
    gap, memory = np.inf, _Memory(purchases > 0)
    for done in range(_ROUNDS):
        into = _by_economy(b, turned, places)  # [economy of the destination, origin]
        a = _over(sales, (into * c[member].T).sum(axis=0))
        c = np.where(blocks > 0, _over(blocks, _by_economy(a, into.T, places)), 0.0)
        out = _by_economy(a, kernel, places)  # [economy of the origin, destination]
        wanted = (out * c[:, member]).sum(axis=0)
        gap = max(
            _gap(b * wanted, purchases),
            _gap(a * (into * c[member].T).sum(axis=0), sales),
        )
        if gap <= TOLERANCE:
            back = np.argsort(order)
            return Fitted(a[back], b[back], c, gap, done)
        b = memory.further(b, _over(purchases, wanted), gap)
    raise ConvergenceError(
        f"flows miss a sum by {gap:.3g} of it after {_ROUNDS} rounds of scaling; must be within "
        f"{TOLERANCE:g}"
    )


class _Memory:
    """The last rounds: the factors they began with, and the changes they made, in logs."""

    def __init__(self, some: np.ndarray) -> None:
        self.some, self.best = some, np.inf
        self.points: list[np.ndarray] = []
        self.steps: list[np.ndarray] = []

    def further(self, old: np.ndarray, new: np.ndarray, gap: float) -> np.ndarray:
        """Factors for the next round: mixed from the last ones (Anderson), or just the new ones.

        Where a sum is missed by ten times as much as before, what was remembered is forgotten.
        """
        if not gap <= _WORSE * self.best:
            self.points, self.steps = [], []
        self.best = min(self.best, gap)
        point = np.log(old[self.some])
        step = np.log(new[self.some]) - point
        self.points, self.steps = [*self.points, point][-_KEPT:], [*self.steps, step][-_KEPT:]
        if len(self.steps) > 1:
            changes, moves = np.diff(self.steps, axis=0), np.diff(self.points, axis=0)
            weight = np.linalg.lstsq(changes.T, step, rcond=1e-10)[0]
            mixed = step - weight @ (moves + changes)
            step = mixed if np.abs(mixed).max() < _FARTHEST else step
        found = np.zeros_like(old)
        found[self.some] = np.exp(point + step)
        return found


def _by_economy(weights: np.ndarray, matrix: np.ndarray, places: list[slice]) -> np.ndarray:
    """Weighted sums of rows over the places of every economy; each row is read once."""
    return np.stack([weights[one] @ matrix[one] for one in places])


def _over(wanted: np.ndarray, found: np.ndarray) -> np.ndarray:
    return np.divide(wanted, found, out=np.zeros_like(wanted), where=found > 0)


def _gap(found: np.ndarray, wanted: np.ndarray) -> float:
    some = wanted > 0
    return float(np.max(np.abs(found[some] / wanted[some] - 1.0), initial=0.0))
