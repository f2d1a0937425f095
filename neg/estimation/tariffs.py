"""Optimal and Nash tariffs, found by the gradient of welfare through the equilibrium."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import check_general
from neg.core.compilation import own_settings, quick_jit
from neg.core.errors import ConvergenceError, InvalidParameterError, unknown_name
from neg.economy.general import General
from neg.estimation.equilibrium import Near, near, solve_near
from neg.estimation.program import Seen, solve_program
from neg.solvers.short_run import ShortRun, short_run

DETAIL = ("uniform", "sector", "pair")
"""One tariff on all imports; one for each sector; one for each origin and sector."""
_MOST_STEPS = 200
_FIRST = 0.1  # log of one plus the tariff: short, for the maximum next to the tariffs as they are
_HIGHEST = 3.0  # log of one plus the tariff: beyond 1,900 per cent there is no search


class OptimalTariffs(NamedTuple):
    """Tariffs that maximise welfare, and how sure that is.

    ``tariff`` is ``[origin, destination, sector]``; ``gradient`` the largest absolute derivative
    of log welfare with respect to ``log(1 + t)`` that is left; ``rounds`` of best responses.
    """

    tariff: Float[np.ndarray, "origin destination sector"]
    solution: ShortRun
    gradient: float
    rounds: int


def _bloc(economy: Any, places: Any) -> list[str]:
    """Places that set tariffs together, of an economy that has tariffs."""
    check_general("economy", economy)
    if isinstance(places, str) or not isinstance(places, Iterable) or not list(places):
        raise InvalidParameterError(
            f"places = {places!r} is not allowed; must be a list with one place or more"
        )
    for name in places:
        if name not in economy.places:
            raise unknown_name("place", name, economy.places)
    return list(places)


@own_settings
def optimal_tariffs(
    economy: General,
    places: Sequence[str],
    *,
    detail: str = "uniform",
    tolerance: float = 1e-8,
) -> OptimalTariffs:
    """Tariffs of ``places`` on outsiders that maximise the sum of their welfare.

    Others keep their tariffs, and those inside ``places`` on each other stay too; revenue goes to
    the importer's people. The short-run equilibrium is solved inside the gradient. Raises
    :class:`ConvergenceError` if the gradient at the end is larger than ``tolerance``; where
    a deficit leaves no equilibrium on the way, or is a transfer that buys ever more as tariffs rise
    (then there is no optimum), it names the deficit and what helps.

    With two places, one Armington sector and no other wedges, ``t = 1 / (theta lambda_FF)`` at
    the optimum, where ``lambda_FF`` is the foreigner's share of spending at home.
    """
    places = _bloc(economy, places)
    mask = np.array([name in places for name in economy.places])
    n, _, s = economy.tariff.shape
    shape = {"uniform": (1, 1, 1), "sector": (1, 1, s), "pair": (n, 1, s)}
    if detail not in shape:
        raise unknown_name("detail", detail, DETAIL)
    size = shape[detail]
    pairs = jnp.asarray((~mask[:, None] & mask[None, :])[:, :, None])
    inside = jnp.asarray(mask)
    here = near(economy)
    failed: list[np.ndarray] = []
    none: tuple[Any, Any] = (np.zeros(0), np.zeros((0, int(np.prod(size)))))

    def look(z: np.ndarray) -> Seen:
        nonlocal here
        value, slope, here = _welfare(jnp.asarray(z), economy, pairs, inside, size, here)
        seen = Seen(float(value), np.asarray(slope), *none)
        if not seen.good:
            failed.append(z)
        return seen

    start = _start(np.asarray(economy.tariff), np.asarray(pairs), size)
    ends = np.full(start.shape, -np.inf), np.full(start.shape, _HIGHEST)
    how: dict[str, Any] = {"tolerance": tolerance, "max_steps": _MOST_STEPS}
    end = solve_program(look, start, *ends, first_step=_FIRST, **how)
    left = float(np.max(np.abs(end.seen.slope)))
    best = _put(jnp.asarray(end.v), economy, pairs, size)
    if not left <= tolerance:
        raise ConvergenceError(
            f"optimal tariffs: gradient {left:.3g} left; must be at most {tolerance:g}"
            + _why(economy, pairs, size, end.v, failed, mask)
        )
    return OptimalTariffs(np.asarray(best.tariff), short_run(best, prices=here.prices), left, 1)


@own_settings
def nash_tariffs(
    economy: General,
    blocs: Sequence[Sequence[str]],
    *,
    detail: str = "uniform",
    tolerance: float = 1e-6,
    max_rounds: int = 50,
) -> OptimalTariffs:
    """Tariffs at which every bloc of places answers the others' best: rounds of best responses.

    Converged when no tariff moves by more than ``tolerance`` in a round; raises
    :class:`ConvergenceError` otherwise. There may be other equilibria, autarky among them.

    Source: Ossa (2014), American Economic Review 104(12).
    """
    seen: dict[str, int] = {}
    if isinstance(blocs, str) or not len(blocs):
        raise InvalidParameterError(f"blocs = {blocs!r} is not allowed; must be lists of places")
    blocs = [_bloc(economy, bloc) for bloc in blocs]
    for number, bloc in enumerate(blocs):
        for place in bloc:
            if place in seen:
                raise InvalidParameterError(
                    f"place {place!r} is in the blocs {seen[place]} and {number}; "
                    "blocs must not overlap"
                )
            seen[place] = number
    change = np.inf
    for rounds in range(1, max_rounds + 1):
        before = np.asarray(economy.tariff)
        worst = 0.0
        for bloc in blocs:
            try:
                answer = optimal_tariffs(economy, bloc, detail=detail)
            except ConvergenceError as error:
                raise ConvergenceError(
                    f"Nash tariffs: answer of {', '.join(bloc)} in round {rounds}: {error}"
                ) from None
            economy = economy.with_(tariff=answer.tariff)
            worst = max(worst, answer.gradient)
        change = float(np.max(np.abs(np.asarray(economy.tariff) - before)))
        if change <= tolerance:
            return OptimalTariffs(np.asarray(economy.tariff), short_run(economy), worst, rounds)
    raise ConvergenceError(f"Nash tariffs still move by {change:.3g} after {max_rounds} rounds")


def _start(tariff: np.ndarray, pairs: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """The average of the tariffs as they are: an answer to a small change is a small change."""
    axes = tuple(k for k in range(3) if size[k] == 1)
    where = np.broadcast_to(pairs, tariff.shape)
    count = where.sum(axis=axes, keepdims=True)
    total = np.where(where, np.log1p(tariff), 0.0).sum(axis=axes, keepdims=True)
    return np.minimum((total / np.maximum(count, 1)).reshape(-1), _HIGHEST)


def _why(
    economy: Any,
    pairs: Array,
    size: tuple[int, ...],
    good: np.ndarray,
    failed: list[np.ndarray],
    inside: np.ndarray,
) -> str:
    """What stands in the way of a best tariff: deficits that nobody can pay, or that grow dear."""
    deficit = np.asarray(economy.deficit)
    if economy.closure.named("deficit_rule") == "zero" or not deficit.any():
        return ""
    people = np.asarray(economy.employment).sum(axis=1)
    k = int(np.argmax(np.where(inside, deficit, -np.inf)))
    worst = k if deficit[k] > 0 else int(np.argmax(np.abs(deficit)))
    remedy = (
        "; with trade balanced there is an optimum: take table.without_deficits(), or solve "
        "economy.with_(deficit_rule='zero')"
    )
    for z in failed[-1:]:
        for share in (0.125, 0.5, 1.0):
            point = jnp.asarray(good + share * (z - good))
            found = short_run(_put(point, economy, pairs, size), throw=False)
            if int(found.status) and found.reason:
                return (
                    f"; at tariffs of up to {float(jnp.expm1(point.max())):.3g} there is no "
                    f"equilibrium: {found.reason}{remedy}"
                )
    return (
        f"; the deficit of {economy.places[worst]}, {deficit[worst]:.4g} or "
        f"{deficit[worst] / people[worst]:.1%} of the wages at the start, is a transfer that buys "
        "ever more as tariffs rise, so that welfare has no maximum near the tariffs as they are"
        f"{remedy}"
    )


def _put(z: Array, economy: Any, pairs: Array, size: tuple[int, ...]) -> Any:
    new = jnp.where(pairs, jnp.expm1(z.reshape(size)), economy.tariff)
    return economy.with_(tariff=new)


@quick_jit
def _welfare(
    z: Array, economy: Any, pairs: Array, mask: Array, size: tuple[int, ...], start: Near
) -> tuple[Array, Array, Near]:
    def value(z: Array) -> tuple[Array, Near]:
        solution, after, good = solve_near(_put(z, economy, pairs, size), start)
        total = jnp.sum(jnp.where(mask, solution.outcomes["welfare"], 0.0))
        return jnp.log(total) * jnp.where(good, 1.0, jnp.nan), after

    (found, after), slope = jax.value_and_grad(value, has_aux=True)(z)
    return found, slope, after
