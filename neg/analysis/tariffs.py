"""Optimal and Nash tariffs, found by the gradient of welfare through the equilibrium."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.analysis.calibration import descend
from neg.core.compilation import quick_jit
from neg.core.errors import ConvergenceError, InvalidParameterError, unknown_name
from neg.economy.general import General
from neg.solvers.short_run import ShortRun, short_run

DETAIL = ("uniform", "sector", "pair")
"""One tariff on all imports; one for each sector; one for each origin and sector."""
_MOST_STEPS = 200


class OptimalTariffs(NamedTuple):
    """Tariffs that maximise welfare, and how sure that is.

    ``tariff`` is ``[origin, destination, sector]``; ``gradient`` the largest absolute derivative
    of log welfare with respect to ``log(1 + t)`` that is left; ``rounds`` of best responses.
    """

    tariff: Float[np.ndarray, "origin destination sector"]
    solution: ShortRun
    gradient: float
    rounds: int


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
    :class:`ConvergenceError` if the gradient at the end is larger than ``tolerance``.

    With two places, one Armington sector and no other wedges, ``t = 1 / (theta lambda_FF)`` at
    the optimum, where ``lambda_FF`` is the foreigner's share of spending at home.
    """
    mask = np.array([[name in places for name in economy.places]])[0]
    for name in places:
        if name not in economy.places:
            raise unknown_name("place", name, economy.places)
    pairs = (~mask[:, None] & mask[None, :])[:, :, None]
    n, _, s = economy.tariff.shape
    shape = {"uniform": (1, 1, 1), "sector": (1, 1, s), "pair": (n, 1, s)}
    if detail not in shape:
        raise unknown_name("detail", detail, DETAIL)
    size = shape[detail]
    where, inside = jnp.asarray(pairs), jnp.asarray(mask)

    def objective(z: Array) -> tuple[float, Array]:
        value, slope = _welfare(z, economy, where, inside, size)
        return -float(value), -slope

    z, _ = descend(objective, jnp.zeros(int(np.prod(size))), tolerance, _MOST_STEPS)
    left = float(jnp.max(jnp.abs(objective(z)[1])))
    best = _put(z, economy, where, size)
    if not left <= tolerance:
        raise ConvergenceError(
            f"optimal tariffs: gradient {left:.3g} left; must be at most {tolerance:g}"
        )
    return OptimalTariffs(np.asarray(best.tariff), short_run(best), left, 1)


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
    for number, bloc in enumerate(blocs):
        for place in bloc:
            if place in seen:
                raise InvalidParameterError(
                    f"place {place!r} is in the blocs {seen[place]} and {number}; "
                    "blocs must not overlap"
                )
            seen[place] = number
    gap = np.inf
    for rounds in range(1, max_rounds + 1):
        before = np.asarray(economy.tariff)
        worst = 0.0
        for bloc in blocs:
            answer = optimal_tariffs(economy, bloc, detail=detail)
            economy = economy.with_(tariff=answer.tariff)
            worst = max(worst, answer.gradient)
        gap = float(np.max(np.abs(np.asarray(economy.tariff) - before)))
        if gap <= tolerance:
            return OptimalTariffs(np.asarray(economy.tariff), short_run(economy), worst, rounds)
    raise ConvergenceError(f"Nash tariffs still move by {gap:.3g} after {max_rounds} rounds")


def _put(z: Array, economy: Any, pairs: Array, size: tuple[int, ...]) -> Any:
    new = jnp.where(pairs, jnp.expm1(z.reshape(size)), economy.tariff)
    return economy.with_(tariff=new)


@quick_jit
@eqx.filter_value_and_grad
def _welfare(z: Array, economy: Any, pairs: Array, mask: Array, size: tuple[int, ...]) -> Array:
    solution = short_run(_put(z, economy, pairs, size))
    return jnp.log(jnp.sum(jnp.where(mask, solution.outcomes["welfare"], 0.0)))
