"""Calibration of economies with commuting: observed commuters and wages as an equilibrium."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import as_numbers, check_finite, check_range
from neg.core.compilation import quick_jit
from neg.core.errors import (
    InvalidDataError,
    InvalidParameterError,
    InvalidShapeError,
    unknown_name,
)
from neg.core.labels import align, has_labels
from neg.core.status import Status
from neg.data.readers import read_commuting
from neg.models.commuting import Commuting
from neg.solvers.matrix_free import solve_step

_TOLERANCE = 1e-13  # of log sales over log output
_ROUNDING = 1e-10  # what is left where the sums of a large economy round
_AXES = ("residence", "workplace")
_ELASTICITIES = ("sigma", "alpha", "epsilon")


def calibrate_commuting(
    commuters: Any,
    wages: Any,
    land: Any = 1.0,
    *,
    iceberg: Any = None,
    distance: Any = None,
    distance_elasticity: float = 1.29,
    commuting_cost: Any = 1.0,
    **elasticities: Any,
) -> Commuting:
    """The economy with commuting in which observed commuters and wages are an equilibrium, exactly.

    With ``L_ni`` commuters from n to i, workers ``L_i = sum_n L_ni``, residents
    ``x_n = sum_i L_ni`` and their income ``E_n = sum_i L_ni w_i``, productivity ``A`` clears the
    goods markets, which fixes prices, and amenities are what choices then reveal:

        w_i L_i = sum_n s_i tau_in^(1-sigma) P_n^(sigma-1) E_n,   s_i = L_i (w_i / A_i)^(1-sigma)
        P_n^(1-sigma) = sum_i s_i tau_in^(1-sigma),               r_n H_n = (1 - alpha) E_n
        B_ni ~ L_ni (w_i / kappa_ni)^-epsilon (P_n^alpha r_n^(1-alpha))^epsilon

    Solving the result returns wages, workers, residents, rents and commuters. Normalisation: the
    geometric means of productivity (where somebody works) and of amenities (where somebody
    commutes) are one. Pairs without commuters have no amenity and stay without; the productivity
    of a place without workers is what its wage says, or one where that is not finite.

    Args:
        commuters: people ``[residence, workplace]``, as :func:`neg.data.read_commuting` gives them;
            also a DataFrame or file that it reads, or a bare square array.
        wages: by workplace, in any unit of money (which prices and rents then have); labelled, or
            in the order of the commuters. Not looked at where nobody works.
        land: by place, any unit; a number for all alike.
        iceberg: trade costs ``[origin, destination]``, at least one; by default none.
        distance: in place of these, ``[origin, destination]`` in any unit, positive at home too:
            ``iceberg = (distance / smallest)^(distance_elasticity / (sigma - 1))``.
        distance_elasticity: by how much trade falls with distance, both in logs.
        commuting_cost: ``kappa [residence, workplace]``, a factor on the wage's worth; by default
            it is left in the amenities.
        elasticities: ``sigma``, ``alpha``, ``epsilon`` of :class:`neg.models.commuting.Commuting`.

    Labels of all arguments are aligned by name. Raises
    :class:`neg.core.errors.LabelMismatchError` where they are not those of the commuters,
    :class:`neg.core.errors.InvalidShapeError` for commuters that are no square table of both axes,
    :class:`neg.core.errors.UnknownNameError` for what the data say (productivity, residents),
    :class:`neg.core.errors.InvalidDataError` for a wage or distance that is not positive, and
    where no productivity clears the markets.

    Source: Monte, Redding and Rossi-Hansberg (2018), American Economic Review 108(12), section
    I.F and appendix B.3; distance elasticity, their section II.A; Ahlfeldt, Redding, Sturm and Wolf
    (2015), Econometrica 83(6), on recovering what places are like.

    >>> people = np.array([[60.0, 5.0], [20.0, 15.0]])
    >>> economy = calibrate_commuting(people, wages=[3000.0, 2000.0], land=[1.0, 2.0])
    >>> from neg import short_run
    >>> np.asarray(short_run(economy).outcomes["commuting"]).round(6).tolist()
    [[60.0, 5.0], [20.0, 15.0]]
    """
    given = _elasticities(elasticities)
    fall = _number("distance_elasticity", distance_elasticity, 0.0)
    names, people = _commuters(commuters)
    n = len(names)
    pair = dict.fromkeys(("origin", "destination"), names)
    cost = np.broadcast_to(
        align("commuting_cost", commuting_cost, dict.fromkeys(("residence", "workplace"), names)),
        (n, n),
    )
    check_range("commuting_cost", cost, 0.0, low_open=True)
    area = np.broadcast_to(_by_place("land", land, names, "residence"), (n,))
    wage = _wages(wages, names, people.sum(axis=0))
    if distance is not None and iceberg is not None:
        raise InvalidParameterError("iceberg and distance are both given; must be one of them")
    tau = np.broadcast_to(align("iceberg", 1.0 if iceberg is None else iceberg, pair), (n, n))
    if distance is not None:
        tau = _iceberg(np.broadcast_to(align("distance", distance, pair), (n, n)), names)
        sigma = _number("sigma", given["sigma"], 1.0, low_open=True)
        tau = tau ** (fall / (sigma - 1.0))
    # Everything is checked here, by its declared range, before anything is solved.
    model = Commuting(
        names=names,
        iceberg=tau,
        commuting_cost=cost,
        amenity=(people > 0).astype(float),
        productivity=np.ones(n),
        land=area,
        residents=people.sum(axis=1),
        mean_wage=np.sum(people.sum(axis=0) * wage) / people.sum(),
        **given,
    )
    found, amenity, status, residual = _inverted(model, jnp.asarray(people), jnp.asarray(wage))
    if not Status(int(status)).ok and not float(residual) < _ROUNDING:
        raise InvalidDataError(
            "no productivity clears the goods markets at these wages, commuters and trade costs "
            f"({Status(int(status)).name.lower()}, residual {float(residual):.3g}): trade costs so "
            "high that places hardly trade must fit their incomes; must be lower"
        )
    return model.with_(productivity=found, amenity=amenity)


def _elasticities(given: dict[str, Any]) -> dict[str, Any]:
    """The elasticities given and the defaults of the others; all else is what the data say."""
    for name in given:
        if name not in _ELASTICITIES:
            raise unknown_name("argument of calibrate_commuting", name, _arguments())
    return {name: Commuting.parameters()[name].default for name in _ELASTICITIES} | given


def _arguments() -> list[str]:
    own = inspect.signature(calibrate_commuting).parameters.values()
    named = [one.name for one in own if one.kind is not one.VAR_KEYWORD]
    return [*named, *_ELASTICITIES]


def _number(name: str, value: Any, low: float, *, low_open: bool = False) -> float:
    array = as_numbers(name, value)
    if array.ndim:
        raise InvalidShapeError(f"{name} has shape {array.shape}; must be a scalar")
    check_range(name, array, low, low_open=low_open)
    return float(array)


def _commuters(given: Any) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the places, and people by residence and workplace."""
    if isinstance(given, str) or hasattr(given, "columns") or hasattr(given, "__fspath__"):
        given = read_commuting(given)
    _check_table(given)
    if has_labels(given):
        known = "residence" in given.coords
        labels = given.coords["residence"].values if known else range(given.sizes["residence"])
        names = tuple(str(label) for label in labels)
    else:
        names = tuple(str(i) for i in range(len(given)))
    people = align("commuters", given, dict.fromkeys(_AXES, names))
    check_finite("commuters", people, nonnegative=True)
    if not people.sum() > 0:
        raise InvalidDataError("commuters are zero everywhere; must be positive somewhere")
    return names, people


def _check_table(given: Any) -> None:
    """Refuse people by residence alone, or by workplace alone, or all of them in one number."""
    allowed = "must be a square table [residence, workplace]"
    if hasattr(given, "coords"):
        for dim in given.dims:
            if dim not in _AXES:
                raise unknown_name("dimension of commuters", dim, _AXES)
        if set(given.dims) != set(_AXES):
            raise InvalidShapeError(f"commuters have the dimensions {given.dims}; {allowed}")
    elif has_labels(given):
        raise InvalidShapeError(f"commuters are a {type(given).__name__}; {allowed}")
    else:
        shape = as_numbers("commuters", given).shape
        if len(shape) != 2 or shape[0] != shape[1]:
            raise InvalidShapeError(f"commuters have shape {shape}; {allowed}")


def _by_place(name: str, value: Any, names: Sequence[str], axis: str) -> np.ndarray:
    """Numbers by place; a labelled array may call its axis ``place`` or what the places are."""
    dims = getattr(value, "dims", ())
    axis = axis if axis in dims else "place"
    return np.asarray(align(name, value, {axis: names}))


def _wages(given: Any, names: Sequence[str], workers: np.ndarray) -> np.ndarray:
    """Wages by workplace, positive where somebody works; elsewhere 0 for those not known."""
    wage = np.broadcast_to(_by_place("wages", given, names, "workplace"), (len(names),))
    known = np.isfinite(wage) & (wage > 0)
    if np.any((workers > 0) & ~known):
        k = int(np.argmax((workers > 0) & ~known))
        raise InvalidDataError(
            f"the wage in {names[k]!r}, where {workers[k]:g} people work, is {wage[k]:g}; "
            "must be positive"
        )
    return np.where(known, wage, 0.0)


def _iceberg(distance: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Distances over the smallest one."""
    bad = ~(np.isfinite(distance) & (distance > 0))
    if bad.any():
        i, j = np.argwhere(bad)[0]
        raise InvalidDataError(
            f"the distance from {names[i]!r} to {names[j]!r} is {distance[i, j]:g}; must be "
            "positive, at home too (two thirds of the radius, say: 0.38 times the root of the area)"
        )
    return distance / distance.min()


@quick_jit
def _inverted(
    model: Commuting, people: Float[Array, "residence workplace"], wage: Float[Array, " place"]
) -> tuple[Array, Array, Array, Array]:
    """Productivity and amenities, and how the solve for productivity ended."""
    theta = model.sigma - 1.0
    workers, spending = jnp.sum(people, axis=0), people @ wage
    works = workers > 0
    output = wage * workers
    freeness = jnp.exp(-theta * jnp.log(model.iceberg))

    def demand(log_s: Array) -> tuple[Array, Array]:
        """Sales per unit of what a place supplies, and what supply comes to in each market."""
        reach = jnp.where(works, jnp.exp(jnp.where(works, log_s, 0.0)), 0.0) @ freeness
        return freeness @ (spending / reach), reach

    def step(log_s: Array) -> tuple[Array, Array]:
        access, _ = demand(log_s)
        excess = jnp.log(jnp.where(works, output, 1.0)) - jnp.log(access) - log_s
        excess = jnp.where(works, excess, 0.0)
        # Markets add up by Walras' law, so that the level of supply is free: its mean is pinned.
        mean = jnp.sum(jnp.where(works, log_s, 0.0)) / jnp.sum(works)
        size = jnp.maximum(jnp.max(jnp.abs(excess)), jnp.abs(mean))
        return jnp.where(works, excess - mean, -log_s), size

    start = jnp.where(works, jnp.log(jnp.where(works, output, 1.0)), 0.0)
    start = start - jnp.sum(start) / jnp.sum(works)
    root = solve_step(step, start, _TOLERANCE, 40)
    log_s = root.z
    log_wage = jnp.log(jnp.where(wage > 0, wage, 1.0))
    log_a = log_wage + (log_s - jnp.log(jnp.where(works, workers, 1.0))) / theta
    level = jnp.sum(jnp.where(works, log_a, 0.0)) / jnp.sum(works)
    access, reach = demand(log_s - theta * level)
    # Where nobody works, the productivity at which a first firm could pay the wage.
    first = log_wage + (log_wage - jnp.log(access)) / theta
    log_a = jnp.where(works, log_a - level, jnp.where(wage > 0, first, 0.0))

    log_price = -jnp.log(reach) / theta
    lives = spending > 0
    rent = (1.0 - model.alpha) * jnp.where(lives, spending, 1.0) / model.land
    dear = model.alpha * log_price + (1.0 - model.alpha) * jnp.log(rent)
    goes = people > 0
    worth = log_wage[None, :] - jnp.log(model.commuting_cost) - dear[:, None]
    log_b = jnp.log(jnp.where(goes, people, 1.0)) - model.epsilon * worth
    log_b = log_b - jnp.sum(jnp.where(goes, log_b, 0.0)) / jnp.sum(goes)
    amenity = jnp.where(goes, jnp.exp(jnp.where(goes, log_b, 0.0)), 0.0)
    return jnp.exp(log_a), amenity, root.status, root.residual
