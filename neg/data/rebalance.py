r"""Take the trade deficits out of a table: the nearest one with balanced trade.

Outputs, value added and taxes on industries stay. Each place spends on final uses what it earns,

.. math:: \sum_{is,f} F'_{is,jf} = \sum_k (V_{jk} + T_{jk})

its kinds of final use and their taxes in unchanged proportions, and the sales are the positive ones
of least information (biproportional, RAS) that add up,

.. math:: Z'_{is,jk} = a_{is} b_{jk} Z_{is,jk}, \qquad F'_{is,jf} = a_{is} b_{jf} F_{is,jf}

with row sums :math:`Y_{is}` and column sums :math:`Y_{jk} - V_{jk} - T_{jk}` of industries. They
are the flows of a gravity model with outputs and spending given, whatever its trade elasticity: the
factors are its changes of prices and price indices. Negative final flows stay as they are.

Sources: Stone (1961), Input-Output and National Accounts; Bacharach (1970), Biproportional Matrices
and Input-Output Change; Anderson and van Wincoop (2003), American Economic Review 93(1); on purging
deficits, Dekle, Eaton and Kortum (2007), American Economic Review 97(2).
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from neg.core.errors import InvalidDataError
from neg.data.accounts import Accounts

T = TypeVar("T", bound=Accounts)
#: Log of the factor below which a sale counts as gone: no table with these links has the sums.
VANISHED = -18.0


def without_deficits(table: T) -> T:
    """Return the table with zero trade deficit in every place, exactly balanced.

    Raises :class:`InvalidDataError` where a place earns too little for its negative final flows,
    or trade links are too few for balanced trade (a region that only buys abroad), naming it.
    """
    deficit = table.deficit
    output = table.output
    n, S = output.shape
    earned = output.sum(1) - table.intermediate.sum(
        (0, 1, 3)
    )  # value added and taxes on industries
    taken = np.minimum(table.final, 0.0)
    bought = table.final - taken
    spent = bought.sum((0, 1))
    wanted = earned - taken.sum((0, 1, 3))
    short = np.flatnonzero((wanted <= 0) | (spent.sum(1) <= 0))
    if short.size:
        j = short[0]
        raise InvalidDataError(
            f"place {table.places[j]!r} earns {earned[j]:.6g} and would have {wanted[j]:.6g} left "
            "for final uses; must be positive (see the treatments of negative inventories)"
        )
    factor = wanted / spent.sum(1)
    start = np.concatenate([table.intermediate, bought], axis=3)
    columns = np.concatenate([table.intermediate.sum((0, 1)), spent * factor[:, None]], axis=1)
    rows = output - taken.sum((2, 3))
    sales = biproportional(start.reshape(n * S, -1), rows.ravel(), columns.ravel())
    if sales is None:
        worst = int(np.argmax(np.abs(deficit) / earned))
        raise InvalidDataError(
            "no sales along the trade links of the table balance the trade of every place; the "
            f"largest imbalance is that of {table.places[worst]!r}, {deficit[worst]:.6g} or "
            f"{deficit[worst] / earned[worst]:.3g} of its income: merge it with others (aggregate)"
        )
    sales = sales.reshape(start.shape)
    note = (
        f"trade deficits (up to {np.abs(deficit).max():.6g} {table.unit}, "
        f"{np.max(np.abs(deficit) / earned):.3g} of income) taken out, outputs kept: final uses "
        f"scaled by {factor.min():.3g} to {factor.max():.3g}, sales biproportionally"
    )
    return table.replace(
        note,
        intermediate=sales[..., :S],
        final=sales[..., S:] + taken,
        net_taxes_final=table.net_taxes_final * factor[:, None],
    )


def biproportional(
    start: np.ndarray, rows: np.ndarray, columns: np.ndarray, *, most: int = 60
) -> np.ndarray | None:
    r"""Return ``diag(a) start diag(b)`` with the given sums, or None if there is none.

    .. math:: \sum_j a_i x_{ij} b_j = r_i, \qquad \sum_i a_i x_{ij} b_j = c_j

    Newton's method on the convex dual in ``log a``, with ``b`` eliminated and steps that are halved
    until it falls; starting from a few rounds of alternate scaling.

    Arguments
        start: ``[rows, columns]``, >= 0.
        rows, columns: sums, >= 0, of equal total; zero where ``start`` has only zeros.
        most: largest number of Newton steps.
    """
    up, across = rows > 0, columns > 0
    x = start[np.ix_(up, across)]
    total = rows.sum()
    r, c = rows[up] / total, columns[across] / columns.sum()
    if not ((x.sum(1) > 0).all() and (x.sum(0) > 0).all()):
        return None
    x = x / total
    log_a = np.zeros(len(r))
    for _ in range(10):
        log_a = np.log(r / (x @ (c / (np.exp(log_a) @ x))))

    def dual(log_a: np.ndarray) -> float:
        return float(c @ np.log(np.exp(log_a) @ x) - r @ log_a)

    error = np.inf
    for _ in range(most):
        a = np.exp(log_a)
        b = c / (a @ x)
        scaled = a[:, None] * x * b
        gap = scaled.sum(1) - r
        before, error = error, float(np.max(np.abs(gap) / r))
        if error < 1e-13 or (error < 1e-10 and error > 0.5 * before):
            factors = log_a[:, None] + np.log(b)
            if factors[x > 0].min() < VANISHED:
                return None  # the sums are met in the limit only, where a link has vanished
            out = np.zeros_like(start)
            out[np.ix_(up, across)] = scaled * total
            return out
        hessian = np.diag(scaled.sum(1)) - (scaled / c) @ scaled.T
        step = _solve(hessian, -gap, r)
        size, now = 1.0 / max(1.0, float(np.abs(step).max()) / 5.0), dual(log_a)
        while size > 1e-8 and not dual(log_a + size * step) <= now + 1e-15 * abs(now):
            size /= 2
        log_a = log_a + size * step
        log_a -= r @ log_a
    return None


def _solve(hessian: np.ndarray, right: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Solve for a step; the common level of the factors, which is free, is pinned by ``r``."""
    try:
        step = np.linalg.solve(hessian + np.outer(r, r), right)
        if np.abs(hessian @ step - right).max() <= 1e-6 * np.abs(right).max():
            return step
    except np.linalg.LinAlgError:
        pass
    # places in blocks without trade between them: one level is free in each
    return np.linalg.lstsq(hessian, right, rcond=1e-13)[0]
