"""Increasing returns on real tables: where the observed allocation stops being stable, and then.

At unit prices a calibrated allocation is an equilibrium at every scale elasticity alpha. Small
alpha leaves it stable; beyond some alpha a deviation grows, industries leave, and the equilibria
on the two sides of every unstable direction take its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array
from scipy.optimize import brentq

from neg.core.checks import check_general, check_range
from neg.core.compilation import own_settings
from neg.core.errors import InvalidDataError, unknown_name
from neg.core.status import Status
from neg.economy.general import General
from neg.solvers.departure import Linearised, ReplicatorPath, arrive, depart, flat_start, linearise
from neg.solvers.long_run import STABILITY_TOLERANCE, LongRun

_AT_REST = 1e-8  # payoff gap up to which an allocation counts as an equilibrium
_SAME = 1e-5  # of its group's mass, up to which two distributions are one
_PUSH = 0.1  # largest change of a log share at the start of a path


class ScaleLimit(NamedTuple):
    """Growth of the fastest deviation from the observed allocation along the scale elasticity.

    ``limit`` is the elasticity at which it becomes positive (NaN if that happens nowhere up to the
    end of the grid), known to lie in ``interval``; ``converged`` says whether the root was found
    to the tolerance. ``growth`` holds the rate at every ``alpha`` that was visited, in order.
    ``pattern`` ``[place, sector]`` is the deviation that starts to grow, as a share of each
    place's workers and with its largest entry one: its sign has no meaning, both sides grow.
    """

    limit: float
    interval: tuple[float, float]
    converged: bool
    alpha: np.ndarray
    growth: np.ndarray
    pattern: xr.DataArray
    sectors: tuple[str, ...]


class Departure(NamedTuple):
    """A path away from the observed allocation along one side of one unstable direction.

    ``growth`` is the rate of the direction, ``side`` +1 or -1. ``leaving`` lists, in order, the
    time, place and sector of every cell that lost half of its workers on the way. ``equilibrium``
    is where the path ends; its status says whether it is one.
    """

    growth: float
    side: int
    path: ReplicatorPath
    leaving: list[tuple[float, str, str]]
    equilibrium: LongRun


class Beyond(NamedTuple):
    """Stable equilibria beyond the limit, the paths that led there, and how far the search went."""

    equilibria: list[LongRun]
    departures: list[Departure]
    statement: str


def scale_limit(
    economy: General,
    sectors: Sequence[str] | None = None,
    *,
    grid: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
    tolerance: float = 1e-4,
) -> ScaleLimit:
    """The scale elasticity at which the observed allocation of ``economy`` loses stability.

    The elasticity of ``sectors`` (default: all but homogeneous ones) runs over ``grid``; between
    the first two points around a change of sign the root of the growth rate is found by Brent's
    method. An eigenvalue that becomes positive and negative again between two points of the grid
    is missed. Raises :class:`InvalidDataError` where the observed allocation is no equilibrium.

    Source: Kucheryavyy, Lyn and Rodriguez-Clare (2024), "Grounded by Gravity", on scale and trade
    elasticities and uniqueness; the growth rate is that of the linearised replicator dynamics.
    """
    check_general("economy", economy)
    check_range("grid", np.asarray(grid), 0.0, 1.0)
    check_range("tolerance", tolerance, 0.0, low_open=True)
    names = tuple(sectors) if sectors is not None else economy.sectors
    for name in names:
        if name not in economy.sectors:
            raise unknown_name("sector", name, economy.sectors)
    chosen = np.isin(economy.sectors, names) & ~np.asarray(economy.homogeneous)
    x, prices = _observed(economy)
    visited: dict[float, float] = {}

    def at(alpha: float) -> Linearised:
        scaled = economy.with_(alpha=np.where(chosen, alpha, np.asarray(economy.alpha)))
        return linearise(scaled, x, prices, x > 0)

    def growth(alpha: float) -> float:
        found = at(alpha)
        _check_at_rest(economy, found)
        visited[alpha] = float(np.linalg.eigvals(found.replicator).real.max())
        return visited[alpha]

    rates = [growth(float(alpha)) for alpha in sorted(grid)]
    limit, interval, converged = np.nan, (np.nan, np.nan), True
    crossing = [k for k in range(len(rates) - 1) if rates[k] < 0 <= rates[k + 1]]
    if crossing:
        low, high = sorted(grid)[crossing[0]], sorted(grid)[crossing[0] + 1]
        limit, report = brentq(growth, low, high, xtol=tolerance, full_output=True, disp=False)
        converged = bool(report.converged)
        interval = (
            max(a for a, rate in visited.items() if rate < 0 and low <= a <= high),
            min(a for a, rate in visited.items() if rate >= 0 and low <= a <= high),
        )
    shown = limit if np.isfinite(limit) else float(max(grid))
    order = sorted(visited)
    return ScaleLimit(
        float(limit),
        interval,
        converged,
        np.asarray(order),
        np.asarray([visited[a] for a in order]),
        _pattern(economy, modes(at(shown), x, most=1)[0][1]),
        tuple(name for name, moves in zip(economy.sectors, chosen, strict=True) if moves),
    )


@own_settings
def equilibria_beyond(economy: General, *, most: int = 3) -> Beyond:
    """The stable equilibria to which the dynamics lead from an unstable observed allocation.

    From both sides of each of the ``most`` fastest unstable directions the replicator dynamics
    are followed to their end. The list holds what this search found, no more: equilibria that no
    such path reaches are missed, and the statement says how many directions were followed.
    """
    check_general("economy", economy)
    check_range("most", most, 1)
    x, prices = _observed(economy)
    here = linearise(economy, x, prices, x > 0)
    _check_at_rest(economy, here)
    found = modes(here, x, most=len(x))
    unstable = [(rate, mode) for rate, mode in found if rate > STABILITY_TOLERANCE]
    if not unstable:
        return Beyond([], [], f"the observed allocation is stable (growth rate {found[0][0]:.3g})")
    departures: list[Departure] = []
    for rate, mode in unstable[:most]:
        step = _PUSH * mode / np.abs(mode).max()
        departures += [_departure(economy, x, prices, rate, side * step, side) for side in (1, -1)]
    equilibria: list[LongRun] = []
    mass = np.asarray(economy.groups.cell_mass)
    for end in (departure.equilibrium for departure in departures):
        stable = int(end.status) == Status.CONVERGED and end.stable
        gaps = [np.abs(np.asarray(end.x - other.x) / mass).max() for other in equilibria]
        if stable and min(gaps, default=np.inf) > _SAME:
            equilibria.append(end)
    reached = sum(int(d.equilibrium.status) == Status.CONVERGED for d in departures)
    return Beyond(
        equilibria,
        departures,
        f"{len(equilibria)} distinct stable equilibria found from both sides of "
        f"{min(most, len(unstable))} of {len(unstable)} unstable directions at the observed "
        f"allocation ({reached} of {len(departures)} paths reached an equilibrium); "
        "there may be others",
    )


def modes(here: Linearised, x: Array, *, most: int) -> list[tuple[float, np.ndarray]]:
    """Growth rates of the ``most`` fastest deviations with their patterns in logs of shares.

    Patterns are computed for growing deviations, and for the fastest in any case, by inverse
    iteration; of a complex pair the real part is taken.
    """
    share = np.asarray(x)
    scaled = here.replicator * (share[None, :] / share[:, None])  # dynamics of log shares
    values = np.linalg.eigvals(scaled)
    values = values[np.argsort(-values.real)]
    values = values[values.imag >= 0][:most]
    start = np.cos(1.0 + 3.7 * np.arange(len(share)))
    found = []
    for k, value in enumerate(values):
        vector = start.astype(complex)
        if value.real > 0 or k == 0:
            shifted = scaled - (value + 1e-10) * np.eye(len(share))
            for _ in range(3):
                vector = np.linalg.solve(shifted, vector)
                vector = vector / np.linalg.norm(vector)
        mode = np.real(vector * np.exp(-1j * np.angle(vector[np.abs(vector).argmax()])))
        found.append((float(value.real), mode))
    return found


def _departure(
    economy: General, x: Array, prices: Array, rate: float, step: np.ndarray, side: int
) -> Departure:
    groups = economy.groups
    start = groups.shared(x * jnp.exp(jnp.asarray(step)))
    path = depart(economy, start, prices)
    end = arrive(economy, np.exp(path.log_share[-1]) * np.asarray(groups.cell_mass), path.prices)
    return Departure(rate, side, path, _leaving(economy, path, np.asarray(x)), end)


def _leaving(economy: General, path: ReplicatorPath, x: np.ndarray) -> list[tuple[float, str, str]]:
    """Which cells lost half of their workers, in the order in which they did."""
    observed = np.log(x / np.asarray(economy.groups.cell_mass))
    lost = path.log_share < observed - np.log(2.0)
    cells = np.flatnonzero(lost.any(axis=0))
    when = path.times[lost.argmax(axis=0)]
    where = economy.cell_coordinates
    ordered = sorted(cells, key=lambda cell: when[cell])
    return [(float(when[c]), where["place"][c], where["sector"][c]) for c in ordered]


def _observed(economy: General) -> tuple[Array, Array]:
    """Observed distribution, and the log prices that clear its markets."""
    x = economy.initial_distribution()
    if bool(jnp.any(x <= 0)):
        raise InvalidDataError("a cell that can produce has no workers; stability needs some")
    return x, depart(economy, x, flat_start(economy, x), until=0.0).prices


def _check_at_rest(economy: General, here: Linearised) -> None:
    index = np.asarray(economy.groups.index)
    high = np.full(len(economy.cells.names), -np.inf)
    np.maximum.at(high, index, here.payoff)
    gap = float((high[index] - here.payoff).max())
    if not gap <= _AT_REST:
        raise InvalidDataError(
            f"the observed allocation is no equilibrium: payoffs differ by {gap:.3g} within a "
            f"mobility group; must be at most {_AT_REST:g}"
        )


def _pattern(economy: General, mode: np.ndarray) -> xr.DataArray:
    """The mode as a change of each cell's workers over those of its place."""
    places, sectors = economy.shape
    moved = np.zeros(places * sectors)
    people = np.asarray(economy.employment)
    moved[economy.cells.cell] = mode
    share = moved.reshape(places, sectors) * people / people.sum(axis=1, keepdims=True)
    largest = share.flat[np.abs(share).argmax()]
    return xr.DataArray(
        share / largest,
        dims=("place", "sector"),
        coords={"place": list(economy.places), "sector": list(economy.sectors)},
        name="pattern",
    )
