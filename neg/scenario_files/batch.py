"""Many short-run equilibria at once: cases that differ in numbers share one compiled program.

Cases near a baseline share its Jacobian: each step costs one residual and one product with the
inverse at the baseline, for all cases together, accelerated by each case's own last steps. Of many
cases some are solved first; a polynomial through their prices is where the others start. What does
not converge so is solved by itself, with all that the library knows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from neg.core.compilation import own_settings, quick_jit
from neg.core.status import Status
from neg.economy.lever import Lever
from neg.solvers.anderson import anderson
from neg.solvers.hoist import hoist
from neg.solvers.short_run import check_distribution, short_run
from neg.solvers.system import flat_prices, market

_TOLERANCE = 1e-11
_MAX_STEPS, _MEMORY = 60, 3
_CHUNK_BYTES = 100_000_000
_CHUNK = 32
"""Cases at once: more leave the caches of a core, and wait for the slowest among more."""
_CHUNKS = 16
"""Chunks that one call solves, one after the other, where there are many: calls cost time too."""

_PRICES = "flat log prices"
_HIGHEST, _ROWS_EACH = 6, 3
"""Degree of the polynomial of starts at most, and cases solved for each of its terms at least."""

Put = tuple[Lever, int]
"""A Lever, and which of a case's values it is put to."""


@own_settings
def solve_many(
    economy: Any, puts: Sequence[Put], values: Any, names: Sequence[str], *, chunk: int = 0
) -> dict[str, np.ndarray]:
    """Outcomes of an economy whose levers are put to each row of ``values``, nobody moving.

        p+ = p - J0^-1 F(p; values),   J0 = dF/dp at the economy as it is (then Anderson's mixing)

    Args:
        economy: any economy; its own parameters are the baseline.
        puts: levers, each with the column of ``values`` that it takes.
        values: ``[case, column]``.
        names: outcomes to return, besides ``status`` and ``residual``.
        chunk: cases solved at once; by default as many as memory allows, 32 at most.

    Returns arrays with cases first. Where a case is not solved, values are NaN and its status says
    why. A case's numbers depend on the chunk it stands in only by rounding; the same rows in the
    same order give the same bits.

    >>> from neg import Lever, get_model
    >>> model = get_model("core-periphery")()
    >>> found = solve_many(model, [(Lever("tau"), 0)], [[1.5], [2.0]], ["wage"])
    >>> found["wage"].shape, found["status"].tolist()
    ((2, 2), [0, 0])
    """
    values = np.asarray(values, dtype=float)
    puts = tuple(puts)
    for bound in (values.min(axis=0), values.max(axis=0)) if len(values) else ():
        _put(economy, puts, bound)  # named errors for values out of range, before any solve
    x = check_distribution(economy, economy.initial_distribution())
    size = flat_prices(economy, x)[0].shape[0]
    chunk = chunk or chunk_size(size)
    start, inverse = _at_baseline(economy, x, short_run(economy, x, throw=False).prices)
    names, start = tuple(names), np.asarray(start)
    chunks = _CHUNKS if len(values) >= 4 * _CHUNKS * chunk else 1  # the last call is filled up
    block = chunk * chunks

    def solved(rows: np.ndarray, starts: np.ndarray) -> dict[str, np.ndarray]:
        parts = []
        for first in range(0, len(rows), block):
            pair = (_filled(one[first : first + block], chunks, chunk) for one in (rows, starts))
            found = _solve(economy, puts, *pair, x, inverse, names)
            # Waited for: programs that run at the same time are no faster on few cores.
            parts.append({name: np.asarray(value) for name, value in found.items()})
        joined = {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}
        return {name: value[: len(rows)] for name, value in joined.items()}

    starts = np.broadcast_to(start, (len(values), size))
    if size and len(values) > 2 * block:
        order = np.random.default_rng(0).permutation(len(values))
        some, others = order[:block], order[block:]
        first = solved(values[some], starts[some])
        rest = solved(values[others], _starts(values, some, first, start)[others])
        back = np.argsort(order)
        joined = {name: np.concatenate([first[name], rest[name]])[back] for name in first}
    else:
        joined = solved(values, starts)
    del joined[_PRICES]
    for row in np.flatnonzero(joined["status"] != Status.CONVERGED):
        _alone(_put(economy, puts, values[row]), names, joined, int(row))
    return joined


def chunk_size(unknowns: int) -> int:
    """Cases that fit into memory together."""
    return int(np.clip(_CHUNK_BYTES // (800 * max(unknowns, 1)), 1, _CHUNK))


def _put(economy: Any, puts: tuple[Put, ...], values: Any) -> Any:
    for lever, column in puts:
        economy = lever.put(economy, values[column])
    return economy


@quick_jit
def _at_baseline(economy: Any, x: Any, prices: Any) -> tuple[Any, Any]:
    """Prices at which the baseline clears, flat, and the inverse of its Jacobian there."""
    found = jax.flatten_util.ravel_pytree(prices)[0].astype(float)
    p = jnp.where(jnp.isfinite(found), found, flat_prices(economy, x)[0])
    if p.shape[0] == 0:
        return p, jnp.zeros((0, 0))
    return p, jnp.linalg.inv(jax.jacfwd(lambda p: market(economy, p, x))(p))


def _filled(rows: np.ndarray, chunks: int, chunk: int) -> Any:
    """The rows, and the last one again and again, in chunks."""
    missing = chunks * chunk - len(rows)
    rows = np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)]) if missing else rows
    return jnp.asarray(rows.reshape(chunks, chunk, rows.shape[1]))


def _starts(
    values: np.ndarray, some: np.ndarray, solved: dict[str, np.ndarray], start: np.ndarray
) -> np.ndarray:
    """Prices from which each case is solved: a polynomial through those of ``some`` cases.

    In all columns of ``values``, of as high a degree as the cases that were solved allow; not
    further out of their range than that is wide.
    """
    good = solved["status"] == Status.CONVERGED
    prices = solved[_PRICES][good]
    low, high = values.min(axis=0), values.max(axis=0)
    moves = high > low
    unit = (2.0 * values - low - high)[:, moves] / (high - low)[moves]
    columns = unit.shape[1]
    allowed = (
        degree
        for degree in range(_HIGHEST, 0, -1)
        if math.comb(columns + degree, degree) * _ROWS_EACH <= len(prices)
    )
    degree = next(allowed, 0)
    if not degree:
        return np.broadcast_to(start, (len(values), len(start)))
    powers: dict[tuple[int, ...], np.ndarray] = {(): np.ones(len(unit))}
    for size in range(1, degree + 1):
        for power in itertools.combinations_with_replacement(range(columns), size):
            powers[power] = powers[power[:-1]] * unit[:, power[-1]]
    terms = np.stack(list(powers.values()), axis=1)
    weight = np.linalg.lstsq(terms[some][good], prices, rcond=1e-10)[0]
    least, most = prices.min(axis=0), prices.max(axis=0)
    return np.clip(terms @ weight, 2 * least - most, 2 * most - least)


@quick_jit
def _solve(
    economy: Any, puts: Any, values: Any, starts: Any, x: Any, inverse: Any, names: tuple[str, ...]
) -> dict[str, Any]:
    _, unravel = flat_prices(economy, x)

    def one(row: Any, start: Any) -> dict[str, Any]:
        model = _put(economy, puts, row)
        residual = hoist(lambda p: market(model, p, x), start)

        def step(p: Any) -> tuple[Any, Any]:
            gap = residual(p)
            return -(inverse @ gap), jnp.max(jnp.abs(gap), initial=0.0)

        root, _ = anderson(step, start, tolerance=_TOLERANCE, max_steps=_MAX_STEPS, memory=_MEMORY)
        good = root.status == Status.CONVERGED
        outcomes = model.outcomes(unravel(root.z), x)
        found = {name: jnp.where(good, outcomes[name], jnp.nan) for name in names}
        return found | {"status": root.status, "residual": root.residual, _PRICES: root.z}

    found = jax.lax.map(lambda two: jax.vmap(one)(*two), (values, starts))
    return {name: value.reshape(-1, *value.shape[2:]) for name, value in found.items()}


def _alone(model: Any, names: Sequence[str], joined: dict[str, np.ndarray], row: int) -> None:
    """Solve one case by itself and write it into its row."""
    solution = short_run(model, throw=False)
    joined["status"][row], joined["residual"][row] = int(solution.status), float(solution.residual)
    outcomes = solution.outcomes
    for name in names:
        joined[name][row] = np.asarray(outcomes[name])
