"""Whether a long-run equilibrium is stable under given dynamics, and by which argument.

Used cells are judged by the slope ``A = Q' (dV/dx) Q`` of payoffs on the tangent space (columns of
``Q``: movements among used cells of a group), unused ones by their payoff gap:

    replicator     spectrum of the linearised dynamics
    logit          the same for payoffs ``V_i - noise log x_i``, at their own equilibrium
    Smith, best    stable if A + A' is negative definite; unstable if det(-A) < 0; with A = A'
    response       payoffs have a potential, and stable means that A is negative definite;
                   otherwise paths from nearby starts decide

Sources: Hofbauer and Sandholm (2009), Journal of Economic Theory 144(4); Sandholm (2010),
Theoretical Economics 5(1); Demichelis and Germano (2000), Journal of Economic Theory 94(2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from neg.core.checks import check_kind, check_range
from neg.core.compilation import own_settings
from neg.core.errors import ConvergenceError, unknown_name
from neg.core.numbers import as_float
from neg.core.status import STABILITY_TOLERANCE, Stability
from neg.economy.model import Groups, Model, Prices
from neg.solvers.dynamics import Dynamics, Logit, dynamics_of, paths
from neg.solvers.long_run import equilibrium_at
from neg.solvers.solution import LongRun
from neg.solvers.stability import linearised, replicator_jacobian, tangent_basis

_SYMMETRIC = 1e-8
_PUSH = 1e-3
_STARTS = 6
_UNTIL = 4000.0


@dataclass(frozen=True)
class Verdict:
    """A verdict and what it rests on.

    ``stable`` is True, False, or None: cannot tell. ``argument`` says in words why. ``spectrum``
    holds the eigenvalues on the tangent space of used cells, largest real part first (of the
    linearised dynamics for replicator and logit, of ``A`` otherwise). ``gaps`` is the payoff of
    each unused cell less what its group earns, NaN for used ones. ``pattern`` is the mode that
    grows fastest or fades slowest, over cells. ``equilibrium`` is the state that was judged.
    """

    dynamics: str
    stable: bool | None
    argument: str
    spectrum: np.ndarray
    gaps: np.ndarray
    pattern: np.ndarray
    tolerance: float
    equilibrium: LongRun

    @property
    def stability(self) -> Stability:
        """The verdict as a member of :class:`neg.core.status.Stability`."""
        if self.stable is None:
            return Stability.CANNOT_TELL
        return Stability.STABLE if self.stable else Stability.UNSTABLE


_NEAR = 0.01
"""Difference in any share up to which a distribution is a rounded equilibrium."""


class Perturbed(Model):
    """The model with heterogeneous tastes: payoffs less ``noise`` times the log of the share."""

    model: Model
    noise: Array

    @property
    def groups(self) -> Groups:
        """Those of the model."""
        return self.model.groups

    def initial_prices(self, x: Array) -> Prices:
        """Those of the model."""
        return self.model.initial_prices(x)

    def market_residual(self, prices: Prices, x: Array) -> Prices:
        """That of the model."""
        return self.model.market_residual(prices, x)

    def payoff(self, prices: Prices, x: Array) -> Array:
        """Payoff less ``noise log(share of the group in the cell)``."""
        share = jnp.where(x > 0, x, 1.0) / self.groups.cell_mass
        return self.model.payoff(prices, x) - self.noise * jnp.log(share)


@own_settings
def stability(
    model: Model,
    equilibrium: Any,
    dynamics: str | Dynamics = "replicator",
    *,
    tolerance: float = STABILITY_TOLERANCE,
) -> Verdict:
    """Judge an equilibrium of ``model`` (a :class:`LongRun` or its distribution).

    Under logit dynamics the equilibrium of the perturbed model near it is judged (with the noise of
    the ``Logit`` object). Raises :class:`neg.core.errors.ConvergenceError` if the distribution is
    no equilibrium, :class:`neg.core.errors.UnknownNameError` for an unknown name.

    >>> from neg.models.core_periphery import CorePeriphery
    >>> stability(CorePeriphery(tau=1.7), [0.5, 0.5]).argument
    'the largest growth rate is -0.0154'
    """
    check_kind("model", model, Model)
    check_range("tolerance", tolerance, 0.0)
    rule = dynamics_of(dynamics)
    point = _point(model, equilibrium)
    if isinstance(rule, Logit):
        return _logit(model, point, rule, tolerance)
    parts = _parts(point)
    if rule.name == "replicator":
        return _by_spectrum(point, rule.name, parts, tolerance)
    if rule.name in ("smith", "best-response"):
        return _by_slope(point, rule, parts, tolerance)
    raise unknown_name("dynamics", rule.name, ["replicator", "logit", "smith", "best-response"])


class _Parts(eqx.Module):
    tangent: np.ndarray
    replicator: np.ndarray
    basis: np.ndarray
    gaps: np.ndarray

    @property
    def worst_gap(self) -> float:
        known = self.gaps[~np.isnan(self.gaps)]
        return float(known.max()) if known.size else -np.inf


def _point(model: Model, equilibrium: Any) -> LongRun:
    if isinstance(equilibrium, LongRun):
        return equilibrium
    x = as_float(equilibrium, "equilibrium")
    found = equilibrium_at(model, x, x > 0)
    # Newton's method may have gone far: that says nothing of the distribution that was asked about.
    apart = float(jnp.max(jnp.abs(found.x - x) / model.groups.cell_mass))
    if not apart <= _NEAR:
        raise ConvergenceError(
            f"equilibrium = {np.round(np.asarray(x), 6).tolist()} is none: the one that Newton's "
            f"method finds from there is {np.round(np.asarray(found.x), 6).tolist()}; must be "
            f"within {_NEAR:g} of an equilibrium in every share",
            found,
        )
    return found


def _parts(point: LongRun) -> _Parts:
    groups, used = point.model.groups, np.asarray(point.used)
    slope = linearised(point.model, point.x, point.prices)
    basis = tangent_basis(groups, used)
    total = np.asarray(slope.total)
    matrix = np.asarray(replicator_jacobian(groups, point.x, slope.payoff, slope.total, point.used))
    earned = np.asarray(point.value)[np.asarray(groups.index)]
    gaps = np.where(used, np.nan, np.asarray(slope.payoff) - earned)
    return _Parts(basis.T @ total @ basis, basis.T @ matrix @ basis, basis, gaps)


def _by_spectrum(
    point: LongRun, name: str, parts: _Parts, tolerance: float, scale: float = 1.0
) -> Verdict:
    values, vectors = np.linalg.eig(parts.replicator / scale)
    order = np.argsort(-values.real)
    values, vectors = values[order], vectors[:, order]
    growth = max(float(values.real.max(initial=-np.inf)), parts.worst_gap)
    stable = Stability.of(growth, 0.0, tolerance).known
    words = f"the largest growth rate is {growth:.3g}"
    if parts.worst_gap == growth and np.isfinite(growth):
        words = "the best unused cell pays {:.3g} {} than used ones".format(
            abs(growth), "less" if growth < 0 else "more"
        )
    if stable is None:
        words += ": too close to zero to tell"
    pattern = _pattern(parts.basis @ np.real(vectors[:, :1]), point)
    return Verdict(name, stable, words, values, parts.gaps, pattern, tolerance, point)


def _logit(model: Model, point: LongRun, rule: Logit, tolerance: float) -> Verdict:
    """The spectrum of logit dynamics is that of the replicator on perturbed payoffs over noise."""
    perturbed = Perturbed(model, rule.noise)
    everywhere = np.ones(model.groups.cells, dtype=bool)
    inside = jnp.maximum(point.x, 1e-9 * model.groups.cell_mass)
    attempts = [inside, _chosen(model, point, rule)]
    if not bool(np.all(point.used)):  # next to a corner shares are what errors make them
        attempts.reverse()
    for attempt in attempts:
        found = equilibrium_at(perturbed, attempt, everywhere, throw=False)
        if int(found.status) == 0:
            break
    else:
        raise ConvergenceError("no equilibrium of the perturbed model was found nearby", found)
    parts = _parts(found)
    return _by_spectrum(found, rule.name, parts, tolerance, float(rule.noise))


def _chosen(model: Model, point: LongRun, rule: Logit) -> Array:
    """Where units would be after one choice with errors: a start for the perturbed equilibrium."""
    speed = rule.velocity(model.groups, point.x, point.payoff)
    return jnp.maximum(point.x + speed, 1e-12 * model.groups.cell_mass)


def _by_slope(point: LongRun, rule: Dynamics, parts: _Parts, tolerance: float) -> Verdict:
    values, vectors = np.linalg.eig(parts.tangent)
    order = np.argsort(-values.real)
    values, vectors = values[order], vectors[:, order]
    pattern = _pattern(parts.basis @ np.real(vectors[:, :1]), point)
    stable, words = _argument(parts, tolerance)
    if words == "":
        stable, words = _by_paths(point, rule)
    return Verdict(rule.name, stable, words, values, parts.gaps, pattern, tolerance, point)


def _argument(parts: _Parts, tolerance: float) -> tuple[bool | None, str]:
    """A verdict from slopes and gaps, or empty words where these do not decide."""
    gap, a = parts.worst_gap, parts.tangent
    if gap > tolerance:
        return False, f"an unused cell pays {gap:.3g} more than used ones"
    if gap > -tolerance:
        return None, "an unused cell pays as much as used ones: too close to tell"
    if not a.size:
        return True, "strict equilibrium: every unused cell pays less"
    high = float(np.linalg.eigvalsh(0.5 * (a + a.T)).max())
    if high < -tolerance:
        return True, f"payoff slopes are negative definite (largest {high:.3g}): locally stable"
    if np.abs(np.linalg.eigvals(a)).min() <= tolerance:
        return None, "a payoff slope is too close to zero to tell"
    if np.abs(a - a.T).max() <= _SYMMETRIC * np.abs(a).max():
        return False, f"payoffs have a potential with no local maximum here (slope {high:.3g})"
    if np.linalg.det(-a) < 0:
        return False, "its index is -1, which no stable state can have"
    return None, ""


def _by_paths(point: LongRun, rule: Dynamics) -> tuple[bool | None, str]:
    """Whether paths from nearby starts return."""
    model = point.model
    mass = np.asarray(model.groups.cell_mass)
    basis = tangent_basis(model.groups, point.used)
    generator = np.random.default_rng(0)
    pushes = generator.normal(size=(_STARTS, basis.shape[1])) @ basis.T
    room = np.where(pushes < 0, np.asarray(point.x) / np.maximum(-pushes, 1e-300), np.inf)
    length = np.minimum(_PUSH * mass.min() / np.abs(pushes).max(axis=1), 0.5 * room.min(axis=1))
    starts = np.asarray(point.x) + length[:, None] * pushes
    followed = paths(model, starts, [0.0, _UNTIL], rule)["x"].values
    before = np.abs(followed[:, 0] - np.asarray(point.x)).max(axis=1)
    after = np.abs(followed[:, 1] - np.asarray(point.x)).max(axis=1)
    if (after < 0.1 * before).all():
        return True, f"all of {_STARTS} paths from nearby starts return (simulated)"
    if (after > 2.0 * before).any():
        away = int((after > 2.0 * before).sum())
        return False, f"{away} of {_STARTS} paths from nearby starts leave (simulated)"
    return None, "paths from nearby starts neither return nor leave (simulated)"


def _pattern(vector: np.ndarray, point: LongRun) -> np.ndarray:
    """The mode with its largest entry one; zeros where nothing can move."""
    if not vector.size:
        return np.zeros(point.model.groups.cells)
    mode = vector[:, 0]
    largest = mode[np.argmax(np.abs(mode) > (1 - 1e-6) * np.abs(mode).max())]
    return mode / largest if largest else mode
