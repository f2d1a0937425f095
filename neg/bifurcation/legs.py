"""From a trace to a branch: stability, special points, and where the branch really ends."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from neg.bifurcation.arclength import End, Trace
from neg.bifurcation.branch import Branch, Kind, SpecialPoint, extended, trimmed
from neg.bifurcation.line import ParameterLine
from neg.bifurcation.reduction import Reduction, reduce
from neg.bifurcation.special import special_points
from neg.bifurcation.spectrum import kernel, tangent_matrices
from neg.bifurcation.states import Details, details_along, equilibrium_between, spectra
from neg.bifurcation.symmetry import Symmetry
from neg.core.status import Status
from neg.economy.model import Model


def branch_of(
    model: Model,
    line: ParameterLine,
    reduction: Reduction,
    symmetry: Symmetry,
    group: Symmetry,
    found: Trace,
) -> Branch:
    """The branch that a trace found, with stability and special points, as plain arrays.

    Where it meets a distribution of higher symmetry within ``group``, the branch ends: behind that
    point it would go on as a mirror image of itself.
    """
    count = int(found.count)
    along = details_along(model, line, reduction, found.points)
    details = Details(*(np.asarray(a)[:count] for a in along))
    used = np.asarray(reduction.used)
    spectrum = spectra(model, symmetry, used, details)
    gap = np.where(used, -np.inf, details.payoff - details.value[:, np.asarray(model.groups.index)])
    branch = Branch(
        model=model,
        line=line,
        reduction=reduction,
        symmetry=symmetry,
        points=np.asarray(found.points)[:count],
        tangents=np.asarray(found.tangents)[:count],
        x=details.x,
        prices=details.prices,
        value=details.value,
        payoff=details.payoff,
        growth=np.maximum(spectrum.largest, gap.max(axis=1)),
        unstable=spectrum.unstable,
        entering=(gap > 0).sum(axis=1),
        residual=np.asarray(found.residuals)[:count],
        iterations=np.asarray(found.iterations)[:count],
        failures=np.asarray(found.failures)[:count],
        length=np.asarray(found.lengths)[:count],
        special=(),
        start=None,
        end=End(int(found.end)),
        trouble=Status(int(found.trouble)),
    )
    special = special_points(branch, spectrum, gap)
    for place, point in enumerate(special):
        if point.kind in (Kind.FOLD, Kind.BRANCH):
            met = _meeting(branch, point, group)
            if met is not None:
                cut = trimmed(branch, point.index + 1, [*special[:place], met], End.JOINED)
                return extended(cut, met, met.point, first=False)
    if branch.end == End.EMPTIED:
        special = [*special, _emptied(branch)]
    return dataclasses.replace(branch, special=tuple(special))


def _emptied(branch: Branch) -> SpecialPoint:
    """The last point of a branch at which cells have emptied."""
    x = branch.x[-1]
    parameter = float(branch.parameter[-1])
    empty = branch.used & (np.abs(x) <= 1e-9 * np.asarray(branch.model.groups.cell_mass))
    return SpecialPoint(
        kind=Kind.EMPTIED,
        parameter=parameter,
        interval=(parameter, parameter),
        converged=True,
        index=max(len(branch) - 2, 0),
        point=branch.points[-1],
        residual=float(branch.residual[-1]),
        x=x,
        prices=branch.prices[-1],
        value=branch.value[-1],
        payoff=branch.payoff[-1],
        modes=np.zeros((len(x), 0)),
        cells=tuple(int(cell) for cell in np.flatnonzero(empty)),
        symmetry=branch.symmetry.name,
    )


def _meeting(branch: Branch, near: SpecialPoint, group: Symmetry) -> SpecialPoint | None:
    """The point of higher symmetry that the branch passes in the segment of ``near``, if any.

    A branch that runs into one of higher symmetry and on, as its own mirror image, turns or
    changes stability there, so that ``near`` is a fold or branch point; but its equations are
    singular there. The meeting point is therefore found from the other branch, where it is the
    parameter value at which an eigenvalue passes zero.
    """
    left, right = branch.x[near.index : near.index + 2]
    mass = np.asarray(branch.model.groups.cell_mass)
    spread = float(np.abs((right - left) / mass).max())
    own = branch.symmetry.order
    for tolerance in spread * np.array([2.0, 0.3, 0.03, 0.003]):
        larger = group.isotropy(near.x / mass, branch.used + 0.0, tolerance=max(tolerance, 1e-7))
        if larger.order <= own:
            return None
        before, after = left - larger.average(left), right - larger.average(right)
        if before @ after >= 0.0:
            continue
        fraction = float(np.linalg.norm(before) / np.linalg.norm(before - after))
        met = _branch_point_of(branch, near, larger, fraction, after - before)
        if met is not None:
            return met
    return None


class _Critical(NamedTuple):
    """The eigenvalue nearest to zero in a block, and the equilibrium that it belongs to."""

    eigenvalue: float
    good: bool
    residual: float
    full: Details
    basis: np.ndarray
    matrix: np.ndarray


def _branch_point_of(
    branch: Branch, near: SpecialPoint, larger: Symmetry, fraction: float, toward: np.ndarray
) -> SpecialPoint | None:
    """The branch point, on the branch of symmetry ``larger``, towards a change of distribution."""
    model, line, used = branch.model, branch.line, branch.used
    index = np.asarray(model.groups.index)
    guess = branch.interpolate(near.index, fraction)
    here_model = line.at(model, jnp.asarray(guess[-1]))
    mass = np.asarray(here_model.groups.mass)
    full_state = branch.reduction.expand(here_model, jnp.asarray(guess[:-1]))
    x_near, p, value = (np.asarray(a) for a in full_state)
    reduction = reduce(here_model, larger, used)
    start = reduction.gather(larger.average(x_near / mass[index]), p, jnp.asarray(value))
    row = np.zeros(start.shape[0] + 1)
    row[-1] = 1.0

    def at(parameter: float) -> _Critical:
        _, _, residual, status, details = equilibrium_between(
            model, line, reduction, jnp.append(start, parameter), jnp.asarray(row), jnp.asarray(row)
        )
        full = Details(*(np.asarray(a)[None] for a in details))
        spectrum = spectra(model, larger, used, full)
        touched = [float(np.linalg.norm(basis.T @ toward)) for basis in spectrum.bases]
        block = int(np.argmax(touched))
        values = spectrum.values[block][0].real
        matrix = tangent_matrices(index, full.x, full.slope, used)[0]
        nearest = float(values[np.argmin(np.abs(values))])
        good = int(status) == Status.CONVERGED
        return _Critical(nearest, good, float(residual), full, spectrum.bases[block], matrix)

    span = float(line.high) - float(line.low)
    last, here = float(guess[-1]) - 1e-4 * span, float(guess[-1])
    old, new = at(last).eigenvalue, at(here)
    for _ in range(12):
        if abs(new.eigenvalue) < 1e-13 or new.eigenvalue == old or not np.isfinite(new.eigenvalue):
            break
        step = new.eigenvalue * (here - last) / (new.eigenvalue - old)
        last, here, old = here, here - step, new.eigenvalue
        new = at(here)
    full = new.full
    interpolated = branch.interpolate(near.index, fraction)
    close = abs(here - interpolated[-1]) <= 0.02 * span
    x = full.x[0]
    spread = np.abs(branch.x[near.index + 1] - branch.x[near.index]).max()
    if not (np.isfinite(new.eigenvalue) and close and np.abs(x - x_near).max() <= 0.5 * spread):
        return None
    size = int((np.abs(np.linalg.eigvals(new.basis.T @ new.matrix @ new.basis)) < 1e-6).sum())
    z = branch.reduction.gather(x / mass[index], full.prices[0], jnp.asarray(full.value[0]))
    return dataclasses.replace(
        near,
        kind=Kind.JOINED,
        parameter=here,
        interval=(min(last, here), max(last, here)),
        converged=new.good and abs(new.eigenvalue) < 1e-9,
        point=np.append(np.asarray(z), here),
        residual=new.residual,
        x=x,
        prices=full.prices[0],
        value=full.value[0],
        payoff=full.payoff[0],
        modes=kernel(new.basis, new.matrix, max(size, 1)),
        symmetry=larger.name,
    )
