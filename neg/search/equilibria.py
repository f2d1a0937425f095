"""All long-run equilibria: every set of used cells, many starts, and a certificate if possible."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from neg.core.checks import check_kind, check_range
from neg.core.compilation import own_settings
from neg.core.errors import InvalidParameterError
from neg.core.status import Status
from neg.economy.model import Model
from neg.search.candidates import Candidates
from neg.search.certify import DEPTH, LIMIT, RESOLUTION, search_line
from neg.search.certify_plane import RESOLUTION as PLANE_RESOLUTION
from neg.search.certify_plane import search_plane
from neg.search.edges import search_edges
from neg.search.faces import dimension, face_of, supports
from neg.search.result import Certificate, Completeness, Equilibria, Tried
from neg.search.starts import random_starts, solve_from
from neg.solvers.long_run import long_run

__all__ = ["Certificate", "Completeness", "Equilibria", "Tried", "equilibria"]

_MOST_SUPPORTS = 512
_ROUNDS = 4


@own_settings
def equilibria(
    model: Model,
    *,
    starts: int = 24,
    near: tuple[np.ndarray, ...] = (),
    seed: int = 0,
) -> Equilibria:
    """Find all long-run equilibria of ``model``, interior and corners, stable or not.

        V_i = v_g  and  x_i > 0,   or   V_i <= v_g  and  x_i = 0        (cell i of group g)

    Every set of used cells is searched by Newton's method from ``starts`` random distributions,
    then again with known equilibria deflated until nothing new appears. Next to every candidate
    that leaves cells empty the gain of the first entrants is followed down to shares of 1e-300
    (:mod:`neg.search.edges`). Images under the symmetries of the model are added, and so are the
    starts ``near`` (equilibria at neighbouring parameters, say). With one or two degrees of freedom
    a certified search runs as well. Each equilibrium is then solved to 1e-10 and checked by
    complementarity. With many cells (over 512 sets) large and small sets are searched and the
    dynamics followed from random starts; ``completeness`` says so.

    Raises :class:`neg.core.errors.InvalidParameterError` for fewer than one start.

    >>> from neg.models.core_periphery import CorePeriphery
    >>> found = equilibria(CorePeriphery(tau=1.7))
    >>> len(found), len(found.stable), found.completeness.certified
    (5, 3, True)
    """
    check_kind("model", model, Model)
    check_range("starts", starts, 1)
    if any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(model)):
        raise InvalidParameterError(
            "model holds traced values; all equilibria are searched outside of jit"
        )
    masks, total = _supports(model)
    found = Candidates(model)
    certificate = _certify(model, masks, found, total)
    before = len(found.items)
    rounds = _search(model, masks, found, starts, near, seed)
    paths = starts if len(masks) < total else 0
    _follow_dynamics(model, found, paths, seed)
    found.add_images()
    edges = search_edges(model, found)
    found.add_images()
    reach = certificate.reach if certificate else 0.0
    checked = found.checked(before if certificate else None, reach, edges.refuted)
    if certificate is not None:
        certificate = dataclasses.replace(certificate, missed=checked.late)
    known = [index for index in checked.indices if index is not None]
    completeness = Completeness(
        certificate=certificate,
        tried=Tried(len(masks), total, int(starts), rounds, paths, edges.skipped),
        index_sum=sum(known) if len(known) == len(checked.indices) else None,
        beyond=edges.beyond,
        unconfirmed=checked.unconfirmed,
    )
    return Equilibria(model, tuple(checked.points), completeness, tuple(checked.indices))


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
    model: Model, masks: list[np.ndarray], found: Candidates, total: int
) -> Certificate | None:
    """Cover every set of used cells with intervals or boxes, if it has few degrees of freedom."""
    freedom = max(dimension(model, used) for used in masks)
    if freedom > 2 or len(masks) < total:
        return None
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
    return Certificate(
        undecided=undecided,
        evaluations=evaluations,
        resolution={0: 0.0, 1: RESOLUTION, 2: PLANE_RESOLUTION}[freedom],
        reach=float(np.exp(-min(edge, DEPTH if freedom == 2 else LIMIT))),
        uncleared=float(np.exp(-edge)),
    )


def _search(
    model: Model,
    masks: list[np.ndarray],
    found: Candidates,
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


def _follow_dynamics(model: Model, found: Candidates, paths: int, seed: int) -> None:
    """Add what the adjustment dynamics reach from random distributions."""
    everywhere = np.ones(model.groups.cells, dtype=bool)
    for x in random_starts(model, everywhere, paths, (seed, _ROUNDS)) if paths else ():
        reached = long_run(model, x, throw=False)
        if int(reached.status) == Status.CONVERGED:
            found.add(np.asarray(reached.x), np.asarray(reached.used))
