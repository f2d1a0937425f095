"""Origin in equilibrium: which fixed point holds, sharp rules, rules that nobody can meet."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Array

from neg.agreements.origin import fixed_point, inputs_of_table, shape_of
from neg.agreements.preferences import Agreements, AgreementWarning
from neg.core.errors import ConvergenceError
from neg.economy.composed import Economy
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run

_ROUNDS = 50


class OriginGap(NamedTuple):
    """How far contents are from the greatest fixed point at the solution's own input shares.

    ``solved`` is the largest difference of what was solved for from it, ``least`` that of the least
    fixed point: zero where contents are determined.
    """

    solved: float
    least: float


class ManyOriginsWarning(UserWarning):
    """Contents are not determined by input shares: several fixed points, or not the greatest."""


def origin_gap(solution: Any) -> dict[str, OriginGap]:
    """Gaps between the contents of a solution and the extreme fixed points, by agreement.

    Everything originating until shown otherwise is the greatest fixed point, nothing until shown
    the least. Warns where they differ, or where the solution is not the greatest.

    >>> from neg.agreements import origin_gap  # origin_gap(solve(economy))["AFTA"].least
    """
    part, scene = _seen(solution)
    both = extremes(part, solution)
    found = {}
    for name, value in part.contents(scene).items():
        greatest, least = both[name]
        gap = OriginGap(_apart(value, greatest), _apart(least, greatest))
        found[name] = gap
        if max(gap) > 1e-8:
            warnings.warn(
                f"agreement {name!r}: contents are {gap.solved:.2g} from the greatest fixed point "
                f"at the solution's input shares, the least one {gap.least:.2g}",
                ManyOriginsWarning,
                stacklevel=2,
            )
    return found


def review(solution: Any) -> list[str]:
    """What is odd about the agreements of a solved economy, in sentences; warns of each.

    Agreements that change nothing, and rules of origin that no good of a member meets.
    """
    part, scene = _seen(solution)
    found = [f"agreement {name!r} changes nothing" for name in part.idle(scene.model)]
    found += part.out_of_reach(part.contents(scene))
    for sentence in found:
        warnings.warn(sentence, AgreementWarning, stacklevel=2)
    return found


def observed(
    part: Agreements,
    table: Any,
    *,
    uses: str = "separate",
    duty: Any = 0.0,
    hold: bool = False,
) -> Agreements:
    """The part with the contents of a table's own input shares, for a calibrated baseline.

    Solves start there, so that ``calibrate(table, parts=[observed(part, table)])`` has the table as
    its equilibrium with the agreements in force, every use with its own mix of origins (the
    default of ``uses``). With ``"common"`` all uses have one mix of what is paid, so that contents
    depend on the ``duty [origin, destination, sector]`` of the table's year, which depends on
    contents: :func:`neg.analysis.duties` of the part returned, until they rest. With ``hold``
    contents stay
    what they are: use at given input shares.
    """
    inputs, places = inputs_of_table(table.balanced(), uses, duty), tuple(table.places)
    for one in part.agreements:
        one.check(places, table.sectors)
    contents = tuple(
        _both(one, tuple(map(places.index, one.zone)), inputs)[0] for one in part.ruled()
    )
    made = part.with_(**{"held" if hold else "begin": contents})
    for sentence in made.out_of_reach():
        warnings.warn(sentence, AgreementWarning, stacklevel=2)
    return made


def settle(economy: Economy, *, rounds: int = _ROUNDS) -> Any:
    """The equilibrium of an economy whose rules of origin may be sharp, step by step.

    Contents start at one. The economy is solved with them held, contents become the greatest fixed
    point at its input shares, and so on until they rest. A sharp rule may have several equilibria:
    this is the one reached from everything originating. Differentiable at held contents only.

    Warns of rules that nobody meets. Composed with a width of zero, an economy needs contents to
    hold (any: they are replaced):

    >>> from neg.agreements import settle  # part.with_(held=ones, **{"AFTA.width": 0.0})

    Returns the solution, whose contents are held (``agreements.held``). Raises
    :class:`neg.core.errors.ConvergenceError` if contents do not rest within ``rounds``.
    """
    part: Any = economy.part("agreements").bare
    x = economy.initial_distribution()
    prices = economy.initial_prices(x)
    ones: dict[str, Any] = {one.name: np.ones(_shape(economy, one)) for one in part.ruled()}
    own = {f"agreements.{name}" for name in ones}
    start = {name: value for name, value in prices.items() if name not in own}
    held = ones
    for _ in range(rounds):
        now = _holding(economy, held)
        solution = _solve(now, start)
        new = {name: two[0] for name, two in extremes(part, solution).items()}
        # Only origin reaches the economy: a sharp rule rests as soon as nobody changes sides.
        moved = max(
            (_apart(part[n].origin(new[n]), part[n].origin(held[n])) for n in new), default=0.0
        )
        held = new
        if moved <= 1e-13:
            for sentence in part.out_of_reach(held):
                warnings.warn(sentence, AgreementWarning, stacklevel=2)
            return eqx.tree_at(lambda s: s.model, solution, _holding(economy, held))
        start = solution.prices
    raise ConvergenceError(
        f"contents do not rest within {rounds} rounds: origin still moves by {moved:.2g}; a sharp "
        "rule may cycle: take a width above zero",
        solution,
    )


def _seen(solution: Any) -> tuple[Agreements, Any]:
    """The agreements of a solved economy, and what they see of it."""
    own: Any = solution.model.part("agreements")
    return own.bare, own.seen(solution.model.scene(solution.prices, solution.x))


def _shape(economy: Economy, agreement: Any) -> tuple[int, ...]:
    return shape_of(agreement, len(economy.labels["sector"]))


def _holding(economy: Economy, held: dict[str, Any]) -> Economy:
    own: Any = economy.part("agreements")
    given = tuple(held[one.name] for one in own.bare.ruled())
    parts = tuple(part.with_(held=given) if part is own else part for part in economy.parts)
    return economy.with_(parts=parts)


def _solve(economy: Economy, start: Any) -> Any:
    """The equilibrium next to the start: short run where nobody can move."""
    if bool(np.all(np.asarray(economy.groups.size()) == 1)):
        return short_run(economy, prices=start)
    x = economy.initial_distribution()
    return equilibrium_at(economy, x, x > 0)


def extremes(part: Agreements, solution: Any) -> dict[str, tuple[Array, Array]]:
    """Greatest and least contents under the rules of a part, at a solution's input shares."""
    names = _seen(solution)[1].model.place_names
    inputs = _inputs(solution.model, solution.prices, solution.x)
    return {
        one.name: _both(one, tuple(names.index(name) for name in one.zone), inputs)
        for one in part.ruled()
    }


@eqx.filter_jit
def _inputs(economy: Any, prices: Any, x: Any) -> Any:
    scene = economy.part("agreements").seen(economy.scene(prices, x))
    return scene.model.inputs(scene.prices, scene.x)


@eqx.filter_jit
def _both(agreement: Any, place: tuple[int, ...], inputs: Any) -> tuple[Array, Array]:
    return (
        fixed_point(agreement, place, inputs),
        fixed_point(agreement, place, inputs, greatest=False),
    )


def _apart(one: Any, other: Any) -> float:
    return float(np.max(np.abs(np.asarray(one) - np.asarray(other)), initial=0.0))
