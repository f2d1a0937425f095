"""Break points, folds and sustain points of any parameter, from spectra and payoff gaps."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.bifurcation.branch import Branch
from neg.breakpoints.entry import unbounded_entry
from neg.breakpoints.following import Corner, Follower
from neg.breakpoints.reasons import UNBOUNDED, Seeking
from neg.breakpoints.results import KINDS, Threshold, Thresholds, threshold_gradient
from neg.breakpoints.scale import scaled_path
from neg.breakpoints.witness import differentiable
from neg.breakpoints.zeros import (
    OnInterior,
    Zero,
    critical_mode,
    distinct,
    on_corner,
    on_interior,
)
from neg.core.checks import check_choice, check_kind, is_concrete
from neg.core.compilation import own_settings
from neg.core.errors import BlackHoleError, ConvergenceError, InvalidParameterError
from neg.economy.lever import Lever, in_hand
from neg.economy.model import Model
from neg.solvers.system import Unknowns, stop

__all__ = ["Threshold", "Thresholds", "threshold", "threshold_gradient", "thresholds"]

_NODES = 129
_DEEPEST = 4


@own_settings
def thresholds(
    model: Model,
    parameter: str | Lever = "tau",
    low: float | None = None,
    high: float | None = None,
    *,
    modes: int = 1,
    nodes: int = _NODES,
) -> Thresholds:
    """Find every break point, fold and sustain point of a scalar parameter, alias or lever.

    The interior equilibria near the model's initial distribution and full agglomeration in each
    place are followed by arclength over the allowed range (or from ``low`` to ``high``), in steps
    of at most one of ``nodes`` - 1 parts of a scale that resolves both ends. Sign changes of growth
    rates and of the gain from leaving, folds, and places where test values turn back near zero, are
    enclosed, and counted as converged where the test value is zero and changes its sign along one
    continuous branch. With ``modes`` above one the crossings of so many leading modes are listed,
    the later ones with ``rank`` > 0. Where an asymmetric geography turns the break into a fold, the
    fold is reported. Raises :class:`neg.core.errors.UnknownNameError` for an unknown parameter and
    :class:`neg.core.errors.InvalidParameterError` for bounds outside its range.

    >>> from neg.models.core_periphery import CorePeriphery
    >>> [(point.kind, round(point.value, 4)) for point in thresholds(CorePeriphery()).points]
    [('break', 1.6266), ('sustain', 1.8073)]
    """
    check_kind("model", model, Model)
    if isinstance(parameter, Lever):
        model, parameter = in_hand(model, parameter, parameter.path)
    path = scaled_path(model, parameter, low, high)
    if not all(is_concrete(leaf) for leaf in jax.tree.leaves(stop(model))):
        raise InvalidParameterError(
            "model holds traced values; thresholds are searched outside of jit and vmap"
        )
    if modes < 1 or nodes < 2:
        raise InvalidParameterError(
            f"modes = {modes}, nodes = {nodes} are not allowed; must be at least 1 and 2"
        )
    model = stop(model)
    follower = Follower(model, path, nodes)
    interior, corners = follower.interior(), follower.corners()
    inner = _on_all(follower, interior, modes)
    points = [_interior_point(model, parameter, zero) for zero in distinct(inner.zeros)]
    for first, last in inner.doubtful:
        follower.note(
            f"growth rates change sign between {parameter} = {path.value(first):.7g} and "
            f"{path.value(last):.7g}, where no continuous branch was found, however short the steps"
        )
    rejected = False
    for corner in corners:
        for zero in distinct(on_corner(corner)):
            here = model.with_(**{parameter: zero.value})
            if unbounded_entry(here, zero.state.x, np.flatnonzero(corner.closed)):
                rejected = True
            else:
                points.append(_sustain(model, parameter, zero, corner))
    points = sorted(_merged(points), key=lambda point: (round(point.value, 10), point.kind))
    search = Seeking(model, path, interior, corners, inner.poles)
    missing = {}
    if not any(point.kind in ("break", "fold") for point in points):
        missing["break"] = search.of_breaks()
    if not any(point.kind == "sustain" for point in points):
        missing["sustain"] = UNBOUNDED if rejected else search.of_sustains()
    return Thresholds(
        model,
        parameter,
        tuple(points),
        (path.value(path.low), path.value(path.high)),
        None if points else search.of_all(),
        missing,
        {"interior": len(interior), "corner": sum(len(c.branches) for c in corners)},
        tuple(dict.fromkeys([*search.notes(), *follower.notes])),
    )


def threshold(
    model: Model,
    kind: str = "break",
    parameter: str | Lever = "tau",
    low: float | None = None,
    high: float | None = None,
    *,
    which: int = -1,
) -> Float[Array, ""]:
    """One threshold as a JAX scalar, differentiable with respect to every leaf of ``model``.

    ``which`` picks among several, in increasing order of the parameter; default the last. The
    derivative is that of the symmetric state under changes that keep its symmetry. Not for use
    inside ``jit``. Raises :class:`neg.core.errors.BlackHoleError` with the reason if there is none.
    """
    check_choice("kind", kind, KINDS)
    if isinstance(parameter, Lever):
        model, parameter = in_hand(model, parameter, parameter.path)
    found = thresholds(model, parameter, low, high)
    points = found.of_kind(kind)
    if not points:
        reason = found.none_because or found.missing.get(kind)
        others = ", ".join(repr(point) for point in found.points)
        raise BlackHoleError(
            reason or f"there is no {kind} point of {parameter}; there is: {others}"
        )
    try:
        point = points[which]
    except IndexError:
        raise InvalidParameterError(
            f"which = {which} is not allowed; there are {len(points)} {kind} points"
        ) from None
    if not point.converged:
        raise ConvergenceError(f"the {kind} point near {point.value:g} did not converge", point)
    return differentiable(point.witness, model, True)


def _on_all(follower: Follower, branches: list[Branch], modes: int, depth: int = 0) -> OnInterior:
    """What is found along all branches, with shorter steps where a step may have jumped."""
    zeros, poles, doubtful = OnInterior([], [], [])
    for branch in branches:
        found = on_interior(branch, modes)
        zeros += found.zeros
        poles += found.poles
        doubtful += found.doubtful
    if depth >= _DEEPEST or not doubtful:
        return OnInterior(zeros, poles, doubtful)
    left: list[tuple[float, float]] = []
    for low, high in _united(doubtful):
        part = follower.within(low, high)
        deeper = _on_all(part, part.interior(), modes, depth + 1)
        zeros += deeper.zeros
        poles += deeper.poles
        left += deeper.doubtful
    return OnInterior(zeros, poles, left)


def _united(intervals: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Intervals with those that overlap made one."""
    result: list[tuple[float, float]] = []
    for low, high in sorted(intervals):
        if result and low <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], high))
        else:
            result.append((low, high))
    return result


def _interior_point(model: Model, parameter: str, zero: Zero) -> Threshold:
    if zero.kind == "fold":
        word = "exists" if zero.below > 0 else "vanishes"
    else:
        word = "stable" if zero.below < 0 else "unstable"
    nothing = np.zeros(model.groups.cells, dtype=bool)
    return _point(model, parameter, zero, critical_mode(zero), (), word, nothing)


def _sustain(model: Model, parameter: str, zero: Zero, corner: Corner) -> Threshold:
    places = tuple(model.cell_labels[cell] for cell in corner.cells)
    word = "sustained" if zero.below < 0 else "not sustained"
    return _point(model, parameter, zero, zero.state.x, places, word, corner.closed)


def _point(
    model: Model,
    parameter: str,
    zero: Zero,
    pattern: np.ndarray,
    places: tuple[str, ...],
    word: str,
    closed: np.ndarray,
) -> Threshold:
    state, used = zero.state, zero.branch.used
    mass = np.asarray(model.with_(**{parameter: zero.value}).groups.cell_mass)
    share = np.where(used, state.x / mass, 1.0)
    return Threshold(
        kind=zero.kind,
        parameter=parameter,
        value=zero.value,
        converged=zero.converged,
        pattern=pattern,
        places=places,
        interval=zero.interval,
        equilibrium=state.x,
        below=word,
        rank=zero.rank,
        growth=zero.test,
        oscillates=zero.oscillates,
        model=model,
        state=Unknowns(*(jnp.asarray(a) for a in (np.log(share), state.prices, state.value))),
        used=used,
        closed=closed,
    )


def _merged(points: list[Threshold]) -> list[Threshold]:
    """Sustain points of places that share one value, though no symmetry says so, as one."""
    kept: list[Threshold] = []
    for point in points:
        twin = next(
            (
                k
                for k, other in enumerate(kept)
                if point.kind == other.kind == "sustain"
                and point.below == other.below
                and abs(point.value - other.value) <= 1e-10 * max(1.0, abs(point.value))
                and not set(point.places) & set(other.places)
            ),
            None,
        )
        if twin is None:
            kept.append(point)
        else:
            both = kept[twin].places + point.places
            kept[twin] = dataclasses.replace(kept[twin], places=both)
    return kept
