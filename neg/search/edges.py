"""Equilibria next to a smaller set of used cells, however small the shares of the others are.

Where the first entrant into an empty cell gains without bound (rents without a floor, amenities,
tastes) the corner is no equilibrium, but one lies beside it, at a share of 1e-12 or 1e-60. Such a
share changes nothing elsewhere: with the other cells as in an equilibrium without cell k, it
solves ``V_k - v_g = 0`` in the log of the share alone. That gap is scanned from 1e-300 up, and its
zeros start Newton's method on the whole.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from neg.core.compilation import quick_jit
from neg.economy.model import Model
from neg.search.candidates import SMALLEST_LOG_SHARE, Candidates
from neg.search.faces import cleared
from neg.search.starts import solve_from
from neg.solvers.replicator import average_payoff
from neg.solvers.system import flat_prices, market, payoff

_CHUNK = 64
_BLOCK = 1024
_NOTHING = -np.inf
_SCAN = np.concatenate([[_NOTHING], -np.geomspace(-SMALLEST_LOG_SHARE, 1.5, 40)])
"""Log shares at which the gain of the first entrants is looked at, an empty cell first."""
_MOST_ENTRIES = 1024
_MOST_STARTS = 2048
_ROUNDING = 1e-9
_TINY = -10.0


class Edges(NamedTuple):
    """What the scan told besides new candidates.

    ``beyond`` counts equilibria below the smallest share, ``skipped`` entries into empty cells that
    were not looked at, as too many. ``refuted`` are the candidates at which markets do not clear
    and next to which some empty cell draws people in: nobody eats, or nothing is made.
    """

    beyond: int
    skipped: int
    refuted: frozenset[int]


def search_edges(model: Model, found: Candidates) -> Edges:
    """Add equilibria with tiny shares next to every candidate that leaves cells empty.

    ``beyond`` counts those that must exist at shares below 1e-300: where the gain of the first
    entrant has one sign at that share and the other at zero.
    """
    beyond = skipped = done = 0
    refuted = set()
    while done < len(found.items):
        first, batch = done, found.items[done:]
        done = len(found.items)
        entries = [(x, used, int(k)) for x, used in batch for k in np.flatnonzero(~used)]
        skipped += max(len(entries) - _MOST_ENTRIES, 0)
        entries = entries[:_MOST_ENTRIES]
        if not entries:
            continue
        gains = _scan(model, entries)
        starts, sets = [], []
        position = 0
        for number, (x, used) in enumerate(batch, first):
            empty = np.flatnonzero(~used)
            rows = gains[position : position + len(empty)]
            position += len(empty)
            if len(rows) < len(empty):
                break
            beyond += _beyond(rows)
            if any(_drawn_in_next_to(gain) for gain in rows):
                refuted.add(number)
            for y, cells in _starts(x, used, empty, rows, found.mass, model):
                starts.append(y)
                sets.append(cells)
        if starts:
            skipped += max(len(starts) - _MOST_STARTS, 0)
            solved = solve_from(
                model, np.array(starts[:_MOST_STARTS]), np.array(sets[:_MOST_STARTS]), []
            )
            for y, cells in zip(*solved, strict=True):
                found.add(y, cells)
    return Edges(beyond, skipped, frozenset(refuted))


def _drawn_in_next_to(gain: np.ndarray) -> bool:
    """Whether markets fail with an empty cell, and its first entrants gain where they clear."""
    seen = np.flatnonzero(np.isfinite(gain))
    return bool(np.isnan(gain[0]) and len(seen) and _SCAN[seen[0]] < _TINY and gain[seen[0]] > 0)


def _beyond(rows: np.ndarray) -> int:
    """Equilibria with shares below the smallest one, next to a candidate with these gains.

    A cell that draws people in at zero and repels them at the smallest share is used somewhere in
    between; one that repels at zero and draws at the smallest share may be used or not. If another
    cell draws people in at both, there is no equilibrium here.
    """
    drawn = repelling = 0
    for gain in rows:
        at_zero, seen = gain[0], gain[1:][np.isfinite(gain[1:])]
        if np.isnan(at_zero) or not len(seen):
            continue
        smallest = seen[0]
        if at_zero > _ROUNDING and smallest > _ROUNDING:
            return 0
        drawn += bool(at_zero > _ROUNDING and smallest < -_ROUNDING)
        repelling += bool(at_zero < -_ROUNDING and smallest > _ROUNDING)
    return 2**repelling - (drawn == 0)


def _starts(
    x: np.ndarray,
    used: np.ndarray,
    empty: np.ndarray,
    rows: np.ndarray,
    mass: np.ndarray,
    model: Model,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The distribution with some empty cells at a share where their gain is zero."""
    index = np.asarray(model.groups.index)
    choices = []
    for k, gain in zip(empty, rows, strict=True):
        zeros = np.exp(_zeros(gain[1:])) * mass[k]
        choices.append([(int(k), 0.0), *((int(k), float(zero)) for zero in zeros)])
    starts = []
    for choice in itertools.islice(itertools.product(*choices), 1, _MOST_STARTS):
        y, cells = x.copy(), used.copy()
        for k, value in choice:
            y[k], cells[k] = value, used[k] or value > 0
        total = np.bincount(index, y)
        starts.append((y * (np.asarray(model.groups.mass) / total)[index], cells))
    return starts


def _zeros(gain: np.ndarray) -> np.ndarray:
    """Log shares at which the gain changes sign, by straight lines between the scanned ones."""
    at = _SCAN[1:]
    with np.errstate(invalid="ignore"):
        flips = np.flatnonzero(gain[1:] * gain[:-1] < 0)
    return at[flips] - gain[flips] * (at[flips + 1] - at[flips]) / (gain[flips + 1] - gain[flips])


def _scan(model: Model, entries: list[tuple[np.ndarray, np.ndarray, int]]) -> np.ndarray:
    """Gain of the first entrants for every entry (rows) at every scanned share (columns)."""
    wide = len(_SCAN)
    x = np.repeat([x for x, _, _ in entries], wide, axis=0)
    cell = np.repeat([k for _, _, k in entries], wide)
    log_share = np.tile(_SCAN, len(entries))
    gains = []
    for first in range(0, len(x), _BLOCK):
        part = slice(first, min(first + _BLOCK, len(x)))
        count = part.stop - first
        at, entrant, log = (
            jnp.asarray(
                np.concatenate([a[part], np.repeat(a[first : first + 1], _BLOCK - count, 0)])
            )
            for a in (x, cell, log_share)
        )
        gain = _gains(model, at, entrant, log, jnp.asarray(count))
        gains.append(np.asarray(gain)[:count])
    return np.concatenate(gains).reshape(-1, wide)


@quick_jit
def _gains(model: Model, x: Array, cell: Array, log_share: Array, count: Array) -> Array:
    def one(at: Array, k: Array, log: Array) -> Array:
        groups = model.groups
        own = groups.index == groups.index[k]
        y = jnp.where(own, at * -jnp.expm1(log), at)
        y = y.at[k].set(groups.cell_mass[k] * jnp.exp(log))
        start = flat_prices(model, y)[0]
        p = cleared(lambda prices: market(model, prices, y), start)
        value = payoff(model, p, y)
        # What the others of the group earn without the entrant, whose own payoff may be huge.
        others = average_payoff(groups, jnp.where(own, at, y), value.at[k].set(0.0))
        gain = value[k] - others[groups.index[k]]
        if not p.shape[0]:
            return gain
        good = jnp.max(jnp.abs(market(model, p, y))) < 1e-9
        return jnp.where(good, gain, jnp.nan)

    def body(state: tuple) -> tuple:
        k, gain = state
        at = k * _CHUNK
        rows = jax.lax.dynamic_slice_in_dim(x, at, _CHUNK)
        parts = [jax.lax.dynamic_slice_in_dim(a, at, _CHUNK) for a in (cell, log_share)]
        new = jax.vmap(one)(rows, *parts)
        return k + 1, jax.lax.dynamic_update_slice_in_dim(gain, new, at, 0)

    state = (0, jnp.zeros_like(log_share))
    return jax.lax.while_loop(lambda s: s[0] * _CHUNK < count, body, state)[1]
