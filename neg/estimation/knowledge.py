"""What a fit has learnt: standard errors, what the data do not see, and what drives what."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Float
from scipy import stats

from neg.core.checks import check_range, check_shape
from neg.core.errors import InvalidDataError, unknown_name
from neg.estimation.least_squares import evaluate
from neg.estimation.result import Result

Array = np.ndarray
_SEEN = 1e-8


@dataclasses.dataclass(frozen=True)
class Knowledge:
    """What is known of the unknowns, in the order of ``names``, given moments with noise.

    ``covariance`` and ``standard_errors`` by the delta method; ``sensitivity`` ``[unknown,
    moment]`` is the change of each estimate with each target (Andrews, Gentzkow and Shapiro
    2017); ``singular`` are the singular values of the moments in standard deviations over the
    unbounded unknowns, ``directions`` ``[direction, unknown]`` what each of them moves; the data do
    not see the last ``unseen`` of them, in which case standard errors are infinite for every
    unknown that takes part. ``overidentification`` is the test of Hansen (1982): J, degrees of
    freedom and the probability of a larger J if the model is right (NaN without freedom).
    """

    names: tuple[str, ...]
    values: Float[Array, " unknown"]
    covariance: Float[Array, "unknown unknown"]
    standard_errors: Float[Array, " unknown"]
    moment_names: tuple[str, ...]
    sensitivity: Float[Array, "unknown moment"]
    singular: Float[Array, " direction"]
    directions: Float[Array, "direction unknown"]
    unseen: int
    overidentification: tuple[float, int, float]

    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """The confidence interval of an unknown: a normal one."""
        k = self._index(name)
        half = stats.norm.ppf(0.5 + 0.5 * level) * self.standard_errors[k]
        return float(self.values[k] - half), float(self.values[k] + half)

    def ellipse(
        self, first: str, second: str, *, level: float = 0.95, points: int = 100
    ) -> Float[Array, "point 2"]:
        """The border of the joint confidence region of two unknowns."""
        check_range("level", level, 0.0, 1.0, low_open=True, high_open=True)
        pair = [self._index(first), self._index(second)]
        block = self.covariance[np.ix_(pair, pair)]
        if not np.all(np.isfinite(block)):
            raise InvalidDataError(
                f"the data do not bound {first} and {second}: directions {self.unseen} of "
                f"{len(self.names)} are not seen; there is no ellipse"
            )
        size, axes = np.linalg.eigh(block)
        turn = np.linspace(0.0, 2.0 * np.pi, points)
        reach = np.sqrt(stats.chi2.ppf(level, 2) * np.maximum(size, 0.0))
        circle = np.stack([np.cos(turn), np.sin(turn)], axis=1) * reach
        return self.values[pair] + circle @ axes.T

    def _index(self, name: str) -> int:
        if name not in self.names:
            raise unknown_name("unknown", name, self.names)
        return self.names.index(name)


def learnt(result: Result, covariance: Any = None) -> Knowledge:
    """What a fit has learnt, given the covariance of its moments (default: that of the fit).

        V = (G'WG)^-1 G'W S W G (G'WG)^-1,   sensitivity = (G'WG)^-1 G'W
        J = g' (M S M')^+ g,   M = I - G (G'WG)^-1 G'W

    G are the derivatives of the moments, W the weights, S the covariance, g the gaps: right for
    any weights, and with W = S^-1 the usual ``(G'S^-1G)^-1`` and ``g'S^-1g``. First order: where
    the problem is far from linear within a standard error, see
    :func:`neg.estimation.refits.bootstrap` and :func:`neg.estimation.refits.profile`.

    Source: Hansen (1982), Econometrica 50(4); Andrews, Gentzkow and Shapiro (2017), Quarterly
    Journal of Economics 132(4).
    """
    data = result.problem
    target, root = np.asarray(data.target), np.asarray(data.root)
    spread = data.covariance if covariance is None else np.asarray(covariance, dtype=float)
    if spread is None:
        raise InvalidDataError(
            "the covariance of the moments is not known: give it to the fit or here (a matrix in "
            "the sorted order of the moments)"
        )
    check_shape("covariance", spread, (len(target), len(target)))
    lane = (data.z[None], data.target[None], np.eye(len(target)), _lane(data.near))
    here = evaluate(data.problem, *lane)
    z_slope, gaps = np.asarray(here.jacobian[0]), np.asarray(here.gaps[0])
    slope = np.asarray(here.slope[0])
    weight = root.T @ root
    noise = _root_inverse(spread)
    _, singular, directions = np.linalg.svd(noise @ z_slope, full_matrices=False)
    seen = singular > _SEEN * max(singular[0], 1e-300)
    # In the point first, where bounds do not matter; units of the values last.
    _, weighted, rows = np.linalg.svd(root @ z_slope, full_matrices=False)
    kept = weighted > _SEEN * max(weighted[0], 1e-300)
    inverse = (rows[kept].T / weighted[kept] ** 2) @ rows[kept]
    sensitivity = inverse @ z_slope.T @ weight
    covariance_z = sensitivity @ spread @ sensitivity.T
    blind = np.any(np.abs(rows[~kept]) > 1e-6, axis=0) if not kept.all() else np.zeros(len(slope))
    covariance_v = covariance_z * np.outer(slope, slope)
    errors = np.where(blind, np.inf, np.sqrt(np.diag(covariance_v)))
    if blind.any():
        outer = np.logical_or.outer(blind, blind)
        covariance_v = np.where(outer, np.nan, covariance_v)
        np.fill_diagonal(covariance_v, errors**2)
    rest = np.eye(len(target)) - z_slope @ sensitivity
    freedom = len(target) - int(kept.sum())
    test = (float("nan"), 0, float("nan"))
    if freedom > 0:
        middle = noise @ rest @ np.linalg.inv(noise)
        size, vectors = np.linalg.eigh(middle @ middle.T)
        order = np.argsort(size)[::-1][:freedom]
        project = vectors[:, order]
        statistic = float(np.sum((project.T @ (noise @ gaps)) ** 2 / size[order]))
        test = (statistic, freedom, float(stats.chi2.sf(statistic, freedom)))
    return Knowledge(
        _flat_names(data.problem),
        np.concatenate([np.ravel(np.asarray(v)) for v in result.values.values()]),
        covariance_v,
        errors,
        _moment_names(data.problem, here.moments),
        sensitivity * slope[:, None],
        singular,
        directions,
        int(np.sum(~seen)) + max(len(slope) - len(singular), 0),
        test,
    )


def _root_inverse(covariance: Array) -> Array:
    scale = np.sqrt(np.diag(covariance))
    if not np.all(scale > 0):
        raise InvalidDataError("covariance of the moments must have a positive diagonal")
    try:
        factor = np.linalg.cholesky(covariance / np.outer(scale, scale))
    except np.linalg.LinAlgError:
        raise InvalidDataError("covariance of the moments must be positive definite") from None
    return np.linalg.inv(factor) / scale


def _lane(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[None], tree)


def _flat_names(problem: Any) -> tuple[str, ...]:
    return _numbered(problem.names, problem.shapes)


def _moment_names(problem: Any, moments: Any) -> tuple[str, ...]:
    return _numbered(problem.moment_names, [v.shape[1:] for v in moments.values()])


def _numbered(names: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> tuple[str, ...]:
    found: list[str] = []
    for name, shape in zip(names, shapes, strict=True):
        if shape:
            found += [f"{name}[{','.join(map(str, index))}]" for index in np.ndindex(*shape)]
        else:
            found.append(name)
    return tuple(found)
