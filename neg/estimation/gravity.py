"""Gravity: trade costs from bilateral flows, by Poisson pseudo maximum likelihood."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import sparse
from scipy.sparse.linalg import spsolve

from neg.core.errors import ConvergenceError, InvalidDataError, unknown_name

Array = np.ndarray
_COLLINEAR = 1e-9


@dataclasses.dataclass(frozen=True)
class Gravity:
    """Coefficients by name with robust standard errors, and what was left out on the way.

    ``covariance`` allows for any variance of a flow (sandwich; by ``cluster`` where one was given).
    ``separated`` counts rows whose origin, destination or other effect has no trade at all: they
    say nothing and are left out. ``score`` is the largest first-order condition left, relative to
    all trade.
    """

    coefficients: pd.Series
    covariance: pd.DataFrame
    fitted: Float[Array, " row"]
    rows: int
    separated: int
    steps: int
    score: float
    deviance: float

    @property
    def standard_errors(self) -> pd.Series:
        """Robust standard errors, by name."""
        return pd.Series(np.sqrt(np.diag(self.covariance)), index=self.covariance.index)

    def elasticity_to_cost(self, name: str, theta: float) -> float:
        """Elasticity of the trade cost that a coefficient implies: ``- coefficient / theta``."""
        return -float(self.coefficients[name]) / theta


def ppml(
    table: pd.DataFrame,
    flow: str,
    regressors: Sequence[str],
    *,
    effects: Sequence[Sequence[str] | str] = ("origin", "destination"),
    cluster: str | Sequence[str] | None = None,
    tolerance: float = 1e-10,
    max_steps: int = 100,
) -> Gravity:
    """Estimate a gravity equation on a table of pairs, zeros included.

        E[flow] = exp(sum_k b_k regressor_k + one effect of each kind)

    ``table`` has a row a pair (and sector, year, ...), columns by name; ``effects`` name the
    columns whose values have an effect each, a list of columns standing for their combinations
    (``[("origin", "year"), ("destination", "year")]``). By iteratively reweighted least squares on
    sparse dummies; started at the flows themselves. Raises named errors for columns that do not
    exist, negative or missing numbers, regressors that effects or other regressors span, and
    without convergence. Regressors that predict zero flows perfectly (separation other than by
    effects) show as no convergence.

    Source: Santos Silva and Tenreyro (2006), Review of Economics and Statistics 88(4); Fally (2015)
    on effects and multilateral resistance.

    >>> import itertools
    >>> pairs = pd.DataFrame(itertools.product("abc", "abc"), columns=["origin", "destination"])
    >>> pairs["far"] = [0.0, 1.0, 2.0, 1.0, 0.0, 1.5, 2.0, 1.5, 0.0]
    >>> pairs["flow"] = 100 * np.exp(-1.2 * pairs["far"])
    >>> round(float(ppml(pairs, "flow", ["far"]).coefficients["far"]), 6)
    -1.2
    """
    kinds = [(kind,) if isinstance(kind, str) else tuple(kind) for kind in effects]
    clusters = [cluster] if isinstance(cluster, str) else list(cluster or ())
    for name in (flow, *regressors, *(c for kind in kinds for c in kind), *clusters):
        if name not in table.columns:
            raise unknown_name("column", name, list(table.columns))
    if not len(regressors):
        raise InvalidDataError("regressors is empty; must name at least one column")
    y = table[flow].to_numpy(dtype=float)
    x = table[list(regressors)].to_numpy(dtype=float)
    for name, values in zip((flow, *regressors), (y, *x.T), strict=True):
        if not np.all(np.isfinite(values)):
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            raise InvalidDataError(f"{name} in row {row} is {values[row]}; must be a number")
    if np.any(y < 0):
        row = int(np.argmin(y))
        raise InvalidDataError(f"{flow} in row {row} is {y[row]:g}; must not be negative")
    kept = _kept(table, y, kinds)
    y, x = y[kept], x[kept]
    dummies = _dummies(table[kept], kinds)
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    _check_rank((x - centre) / scale, dummies, regressors)
    design = sparse.hstack([sparse.csr_matrix((x - centre) / scale), dummies], format="csr")
    money = y.mean()
    eta, steps, score = np.log(0.5 * (y / money + 1.0)), 0, np.inf
    solution, deviance = np.zeros(design.shape[1]), np.inf
    for steps in range(1, max_steps + 1):
        mu = np.exp(eta)
        working = eta + (y / money - mu) / mu
        new = _weighted(design, mu, working)
        solution, eta, deviance = _step(design, solution, new, y / money, deviance, steps)
        score = float(np.abs(design.T @ (y / money - np.exp(eta))).max()) / float((y / money).sum())
        if score <= tolerance:
            break
    if not score <= tolerance or not np.all(np.isfinite(solution)):
        raise ConvergenceError(
            f"gravity: first-order conditions hold to {score:.3g} after {steps} steps; must be at "
            f"most {tolerance:g} (do regressors predict zero flows perfectly?)"
        )
    mu = np.exp(eta)
    groups = _codes(table[kept], clusters) if clusters else None
    k = len(regressors)
    covariance = _sandwich(design, mu, y / money - mu, groups, k) / np.outer(scale, scale)
    names = list(regressors)
    return Gravity(
        pd.Series(solution[:k] / scale, index=names),
        pd.DataFrame(covariance, index=names, columns=names),
        mu * money,
        len(y),
        int((~kept).sum()),
        steps,
        score,
        deviance * money,
    )


def _codes(table: pd.DataFrame, columns: Sequence[str]) -> Array:
    """A number for every combination of the values of columns."""
    return table.groupby(list(columns), sort=True).ngroup().to_numpy()


def _kept(table: pd.DataFrame, y: Array, kinds: Sequence[tuple[str, ...]]) -> Array:
    """Rows each of whose effects has some trade; leaving some out may leave others without."""
    kept = np.ones(len(y), dtype=bool)
    while True:
        before = kept.sum()
        for kind in kinds:
            codes = _codes(table, kind)
            kept &= np.bincount(codes, np.where(kept, y, 0.0))[codes] > 0
        if kept.sum() == before:
            break
    if not kept.any():
        raise InvalidDataError("all flows are zero; there is nothing to estimate")
    return kept


def _dummies(table: pd.DataFrame, kinds: Sequence[tuple[str, ...]]) -> sparse.csr_matrix:
    """Columns of effects without those that others span."""
    if not kinds:
        return sparse.csr_matrix(np.ones((len(table), 1)))
    blocks = []
    for number, kind in enumerate(kinds):
        codes = _codes(table, kind)
        block = sparse.csr_matrix((np.ones(len(codes)), (np.arange(len(codes)), codes)))
        blocks.append(block if number == 0 else block[:, 1:])
    return sparse.hstack(blocks, format="csr")


def _weighted(design: sparse.csr_matrix, weight: Array, value: Array) -> Array:
    """Weighted least squares."""
    normal = _ridged((design.T @ sparse.diags(weight) @ design).tocsc())
    return np.asarray(spsolve(normal, design.T @ (weight * value)))


def _ridged(normal: Any) -> Any:
    """A trace of ridge settles effects that others span, such as those of groups apart."""
    ridge = 1e-12 * float(np.asarray(normal.diagonal()).max())
    return normal + ridge * sparse.identity(normal.shape[0], format="csc")


def _step(
    design: sparse.csr_matrix, old: Array, new: Array, y: Array, before: float, count: int
) -> tuple[Array, Array, float]:
    """The new solution, or a part of the way to it where deviance would rise."""
    for _ in range(30):
        eta = design @ new
        if np.all(eta < 300):
            deviance = 2.0 * float(np.sum(_xlogy(y) - y * eta - (y - np.exp(eta))))
            if count == 1 or deviance <= before * (1 + 1e-12) + 1e-12:
                return new, eta, deviance
        new = 0.5 * (old + new)
    return old, design @ old, before


def _xlogy(y: Array) -> Array:
    return np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0)), 0.0)


def _check_rank(x: Array, dummies: sparse.csr_matrix, names: Sequence[str]) -> None:
    """Refuse a regressor that effects and the regressors before it span."""
    normal = _ridged((dummies.T @ dummies).tocsc())
    inside = np.asarray(spsolve(normal, dummies.T @ x)).reshape(normal.shape[0], -1)
    rest = x - dummies @ inside
    kept: list[Array] = []
    for k, name in enumerate(names):
        column = rest[:, k].copy()
        size = max(float(np.linalg.norm(x[:, k])), 1e-300)
        for other in kept:
            column -= other * (other @ column)
        if np.linalg.norm(column) <= max(_COLLINEAR, 1e-9) * size:
            raise InvalidDataError(
                f"regressor {name!r} is spanned by the effects and the regressors before it; must "
                "vary within them"
            )
        kept.append(column / np.linalg.norm(column))


def _sandwich(
    design: sparse.csr_matrix, mu: Array, left: Array, groups: Array | None, k: int
) -> Array:
    """Robust covariance of the first ``k`` coefficients."""
    weighted = design.T @ sparse.diags(mu)
    normal = _ridged((weighted @ design).tocsc())
    unit = np.zeros((normal.shape[0], k))
    unit[np.arange(k), np.arange(k)] = 1.0
    bread = np.asarray(spsolve(normal, unit)).reshape(normal.shape[0], k)
    influence = (design @ bread) * left[:, None]
    if groups is not None:
        total = np.zeros((groups.max() + 1, k))
        np.add.at(total, groups, influence)
        influence = total
    return influence.T @ influence
