"""All long-run equilibria: every set of used cells, many starts, and a certificate if possible."""

from __future__ import annotations

from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np

from neg.bifurcation.symmetry import symmetries
from neg.core.checks import check_range
from neg.core.errors import InvalidParameterError
from neg.core.status import Status
from neg.economy.model import Model
from neg.search.certify import RESOLUTION, SAFETY, search_line
from neg.search.certify_plane import RESOLUTION as PLANE_RESOLUTION
from neg.search.certify_plane import search_plane
from neg.search.faces import dimension, face_of, supports
from neg.search.starts import random_starts, solve_from
from neg.solvers.long_run import LongRun, equilibrium_at, long_run
from neg.solvers.stability import index_of

SAME = 1e-6
"""Equilibria whose shares differ by less than this count as one."""
_SAME_DEGENERATE = 1e-2
"""Where the growth rate is zero a residual of 1e-13 leaves shares uncertain by up to this."""
_MOST_SUPPORTS = 512
_ROUNDS = 4
_SMALLEST = 1e-27


@dataclass(frozen=True)
class Completeness:
    """How far the list of equilibria can be trusted to be all; as text: in words.

    ``certified`` holds if intervals or boxes cover every set of used cells (one or two degrees of
    freedom); ``undecided`` counts those that stayed open. ``searched`` of ``supports`` sets of used
    cells were searched with ``starts`` starts each. ``index_sum`` is the sum of the indices of the
    equilibria, None if one of them is degenerate; it must be one. ``uncleared`` is the smallest
    share of a cell down to which markets cleared. ``missed_by_certificate`` counts
    equilibria that only the starts found: then the certificate failed.
    """

    certified: bool
    undecided: int
    searched: int
    supports: int
    starts: int
    rounds: int
    evaluations: int
    resolution: float | None
    uncleared: float
    index_sum: int | None
    missed_by_certificate: int

    def __str__(self) -> str:
        parts = [self._method()]
        if self.uncleared > 0:
            parts.append(f"markets did not clear where a share is below {self.uncleared:.1g}")
        if self.index_sum is None:
            parts.append("an equilibrium is degenerate, so that indices cannot be counted")
        elif self.index_sum == 1:
            parts.append("the indices of the equilibria add up to one, as they must")
        else:
            parts.append(
                f"the indices of the equilibria add up to {self.index_sum} instead of one: "
                "equilibria are missing (shares below 1e-26 are not resolved)"
            )
        return "; ".join(parts) + "."

    def _method(self) -> str:
        tries = (
            f"{self.searched} of {self.supports} sets of used cells, {self.starts} starts each, "
            f"{self.rounds} rounds of deflation"
        )
        if not self.certified:
            return f"Not certified: Newton's method on {tries}"
        rests = (
            f"the certificate rests on bounds of the curvature of payoffs sampled at "
            f"{self.evaluations} points, times {SAFETY:g}"
        )
        if self.missed_by_certificate:
            return (
                f"Certificate failed ({self.missed_by_certificate} found by starts alone: {tries})"
            )
        if self.undecided:
            return (
                f"Certified except for {self.undecided} pieces of size {self.resolution:g} in log "
                f"odds of shares, near which an equilibrium is degenerate or nearly so; {rests}"
            )
        return (
            f"Certified: no equilibrium is missed between sampled points down to pieces of "
            f"{self.resolution:g} in log odds of shares; {rests}; confirmed by Newton's method on "
            f"{tries}"
        )


@dataclass(frozen=True)
class Equilibria:
    """All equilibria found, the most even first, and how complete the list is."""

    model: Model = field(repr=False)
    points: tuple[LongRun, ...]
    completeness: Completeness

    def __len__(self) -> int:
        return len(self.points)

    @property
    def stable(self) -> tuple[LongRun, ...]:
        """The stable ones."""
        return tuple(point for point in self.points if point.stable)


def equilibria(
    model: Model,
    *,
    starts: int = 24,
    near: tuple[np.ndarray, ...] = (),
    seed: int = 0,
) -> Equilibria:
    """Find all long-run equilibria of ``model``, interior and corners, stable or not.

    Every set of used cells is searched by Newton's method from ``starts`` random distributions,
    then again with known equilibria deflated until nothing new appears; images under the
    symmetries of the model are added, and so are the starts ``near`` (equilibria at neighbouring
    parameters, say). With one or two degrees of freedom a certified search runs as well. Each
    equilibrium is then solved to 1e-10 and checked by complementarity: used cells pay the same,
    unused ones no more.
    With many cells (over 512 sets) large and small sets are searched and the dynamics followed from
    random starts, and the statement says so. Raises
    :class:`neg.core.errors.InvalidParameterError` for fewer than one start.
    """
    check_range("starts", starts, 1)
    if any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(model)):
        raise InvalidParameterError(
            "model holds traced values; all equilibria are searched outside of jit"
        )
    masks, total = _supports(model)
    found = _Collection(model)
    certified, undecided, evaluations, resolution, uncleared = _certify(model, masks, found, total)
    before = len(found.items)
    rounds = _search(model, masks, found, starts, near, seed)
    if len(masks) < total:
        _follow_dynamics(model, found, starts, seed)
    found.add_images()
    points, missed = found.checked(before if certified else None)
    points.sort(key=lambda point: _order(point))
    indices = [index_of(point) for point in points]
    known = [index for index in indices if index is not None]
    completeness = Completeness(
        certified=certified,
        undecided=undecided,
        searched=len(masks),
        supports=total,
        starts=int(starts),
        rounds=rounds,
        evaluations=evaluations,
        resolution=resolution,
        uncleared=uncleared,
        index_sum=sum(known) if len(known) == len(indices) else None,
        missed_by_certificate=missed,
    )
    return Equilibria(model, tuple(points), completeness)


class _Collection:
    """Candidates without repetition."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.mass = np.asarray(model.groups.cell_mass)
        self.items: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, x: np.ndarray, used: np.ndarray) -> bool:
        """Whether the candidate is new."""
        if (x[used] < _SMALLEST * self.mass[used]).any():
            return False
        if any(np.abs((x - other) / self.mass).max() < SAME for other, _ in self.items):
            return False
        self.items.append((x, used))
        return True

    def add_images(self) -> None:
        """Add what the symmetries of the model make of the candidates."""
        group = symmetries(self.model)
        for x, used in list(self.items):
            for image in group.elements:
                self.add(x[image], used[image])

    def checked(self, certified: int | None) -> tuple[list[LongRun], int]:
        """The candidates that are equilibria; how many of those come after ``certified``."""
        points: list[LongRun] = []
        late = 0
        for number, (x, used) in enumerate(self.items):
            point = equilibrium_at(self.model, x, used, throw=False)
            if int(point.status) != Status.CONVERGED:
                continue
            degenerate = point.stable is None
            repeated = any(
                np.abs((point.x - other.x) / self.mass).max()
                < (_SAME_DEGENERATE if degenerate and other.stable is None else SAME)
                for other in points
            )
            if repeated:
                continue
            points.append(point)
            late += certified is not None and number >= certified and not degenerate
        return points, late


def _supports(model: Model) -> tuple[list[np.ndarray], int]:
    """Sets of used cells to search, and how many there are."""
    sizes = np.asarray(model.groups.size())
    total = int(np.prod([2.0**size - 1.0 for size in sizes]))
    if total <= _MOST_SUPPORTS:
        return supports(model), total
    cells = model.groups.cells
    index = np.asarray(model.groups.index)
    masks = [np.ones(cells, dtype=bool)]
    for cell in range(cells):  # one cell left out, and one alone in its group
        without = np.ones(cells, dtype=bool)
        without[cell] = sizes[index[cell]] == 1
        alone = index != index[cell]
        alone[cell] = True
        masks += [without, alone]
    return masks, total


def _certify(
    model: Model, masks: list[np.ndarray], found: _Collection, total: int
) -> tuple[bool, int, int, float | None, float]:
    """Cover every set of used cells with intervals or boxes, if it has few degrees of freedom."""
    freedom = max(dimension(model, used) for used in masks)
    if freedom > 2 or len(masks) < total:
        return False, 0, 0, None, 0.0
    undecided = evaluations = 0
    edge = np.inf
    for used in masks:
        size = dimension(model, used)
        if size == 0:
            found.add(np.where(used, found.mass, 0.0), used)
            continue
        face = face_of(model, used)
        result = search_line(model, face) if size == 1 else search_plane(model, face)
        undecided += len(result.undecided)
        evaluations += result.evaluations
        edge = min(edge, result.uncleared)
        for u in np.reshape(result.u, (-1, size)):
            found.add(np.asarray(face.distribution(jnp.asarray(u))), used)
    resolution = {0: 0.0, 1: RESOLUTION, 2: PLANE_RESOLUTION}[freedom]
    return True, undecided, evaluations, resolution, float(np.exp(-edge))


def _search(
    model: Model,
    masks: list[np.ndarray],
    found: _Collection,
    starts: int,
    near: tuple[np.ndarray, ...],
    seed: int,
) -> int:
    """Newton's method from random starts, then deflated; how many rounds were made."""
    for x in near:
        used = np.asarray(x) > 0
        for point, cells in zip(
            *solve_from(model, np.asarray(x)[None], used[None], []), strict=True
        ):
            found.add(point, cells)
    for round_ in range(_ROUNDS):
        count = starts if round_ == 0 else max(starts // 3, 1)
        batches = [
            random_starts(model, used, count if dimension(model, used) else 1, (seed, round_, k))
            for k, used in enumerate(masks)
            if round_ == 0 or dimension(model, used)
        ]
        if not batches:
            return round_
        tried = [used for used in masks if round_ == 0 or dimension(model, used)]
        sets = np.concatenate(
            [np.tile(used, (len(b), 1)) for used, b in zip(tried, batches, strict=True)]
        )
        known = found.items if round_ else []
        solved = solve_from(model, np.concatenate(batches), sets, known)
        fresh = [found.add(x, used) for x, used in zip(*solved, strict=True)]
        if round_ and not any(fresh):
            return round_
    return _ROUNDS - 1


def _follow_dynamics(model: Model, found: _Collection, starts: int, seed: int) -> None:
    """Add what the adjustment dynamics reach from random distributions."""
    everywhere = np.ones(model.groups.cells, dtype=bool)
    for x in random_starts(model, everywhere, starts, (seed, _ROUNDS)):
        reached = long_run(model, x, throw=False)
        if int(reached.status) == Status.CONVERGED:
            found.add(np.asarray(reached.x), np.asarray(reached.used))


def _order(point: LongRun) -> tuple:
    share = np.asarray(point.x / point.model.groups.cell_mass)
    return (round(float((share**2).sum()), 6), *(-np.round(share, 6)).tolist())
