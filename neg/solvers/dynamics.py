"""Adjustment in time: who moves where, how fast, and where the economy ends up."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import as_numbers, check_finite, check_kind, check_labels, check_range
from neg.core.compilation import own_settings, quick_jit
from neg.core.errors import ConvergenceError, InvalidDataError, unknown_name
from neg.core.numbers import as_float
from neg.economy.model import Groups, Model
from neg.solvers.implicit import implicit_solution
from neg.solvers.newton import newton
from neg.solvers.replicator import growth_of_shares
from neg.solvers.short_run import check_distribution, market_system
from neg.solvers.system import flat_prices, payoff, stop

Law = Callable[[Array], Array]
"""A parameter as a function of time."""

_MOST_STEPS = 200_000


class Dynamics(eqx.Module):
    """A rule by which mobile units revise where they are. A new one is one subclass with a name."""

    name: ClassVar[str] = ""
    registry: ClassVar[dict[str, type[Dynamics]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.name:
            Dynamics.registry[cls.name] = cls

    @abstractmethod
    def velocity(
        self, groups: Groups, x: Float[Array, " cell"], payoff: Float[Array, " cell"]
    ) -> Float[Array, " cell"]:
        """Change of the distribution per unit of time; sums to zero in each group."""


class Replicator(Dynamics):
    """Units imitate those who earn more: ``dx_i = x_i (V_i - mean V)``."""

    name: ClassVar[str] = "replicator"

    def velocity(self, groups: Groups, x: Array, payoff: Array) -> Array:
        """Growth of each share by its payoff over the group's mean."""
        safe = jnp.where(x > 0, payoff, 0.0)
        return x * growth_of_shares(groups, x, safe)


class Logit(Dynamics):
    """Units choose with errors: ``dx_i = m exp(V_i / noise) / sum exp(V / noise) - x_i``.

    Rest points are the equilibria of the model whose payoffs are ``V_i - noise log x_i``.

    Source: Fudenberg and Levine (1998), The Theory of Learning in Games, ch. 4.
    """

    name: ClassVar[str] = "logit"
    noise: Float[Array, ""] = eqx.field(default=0.05, converter=as_float)

    def __check_init__(self) -> None:
        check_range("noise", self.noise, 0.0, low_open=True)

    def velocity(self, groups: Groups, x: Array, payoff: Array) -> Array:
        """Chosen shares less present ones."""
        high = groups.largest(payoff)[groups.index]
        weight = jnp.exp((payoff - high) / self.noise)
        return groups.shared(weight) - x


class Smith(Dynamics):
    """Units compare cells in pairs: ``dx_i = sum_j x_j [V_i - V_j]+ - x_i sum_j [V_j - V_i]+``.

    Source: Smith (1984), Transportation Science 18(3).
    """

    name: ClassVar[str] = "smith"

    def velocity(self, groups: Groups, x: Array, payoff: Array) -> Array:
        """Flows into each cell less flows out of it."""
        same = groups.index[:, None] == groups.index[None, :]
        gain = jnp.where(same, jnp.maximum(payoff[:, None] - payoff[None, :], 0.0), 0.0)
        share = x / groups.cell_mass
        return gain @ share * groups.cell_mass - x * jnp.sum(gain, axis=0)


class BestResponse(Dynamics):
    """Units that revise go where payoffs are highest: ``dx_i = m w_i / sum w - x_i``.

    Payoffs that differ by less than ``tie`` are told apart in part only, so that paths rest at a
    tie instead of jumping about it: ``w_i = [1 - (max V - V_i) / tie]+``.

    Source: Gilboa and Matsui (1991), Econometrica 59(3).
    """

    name: ClassVar[str] = "best-response"
    tie: Float[Array, ""] = eqx.field(default=1e-3, converter=as_float)

    def __check_init__(self) -> None:
        check_range("tie", self.tie, 0.0, low_open=True)

    def velocity(self, groups: Groups, x: Array, payoff: Array) -> Array:
        """The best cells' masses less the present ones."""
        short = (groups.largest(payoff)[groups.index] - payoff) / self.tie
        best = jnp.maximum(1.0 - short, 0.0)
        return groups.shared(best) - x


def dynamics_of(dynamics: str | Dynamics) -> Dynamics:
    """The dynamics of this name, with default settings; objects pass through."""
    if isinstance(dynamics, Dynamics):
        return dynamics
    if dynamics not in Dynamics.registry:
        raise unknown_name("dynamics", dynamics, sorted(Dynamics.registry))
    return Dynamics.registry[dynamics]()


@own_settings
def paths(
    model: Model,
    start: Any,
    times: Any,
    dynamics: str | Dynamics = "replicator",
    *,
    parameters: Mapping[str, Law] | None = None,
    stocks: Mapping[str, Any] | None = None,
    tolerance: float = 1e-8,
) -> Any:
    """Follow the distribution from ``start`` through ``times``, markets cleared along the way.

    Stocks of parts (knowledge, say) move with it, at their own drift, from the levels ``stocks``
    (by ``label.name``) or, left out, from where they rest at the start; the result holds them.

    ``start`` is one distribution or several (one a row), ``times`` increase from the start on,
    ``parameters`` gives scalar parameters or aliases as functions of time (a trade cost that falls
    and rises again, say). Returns an :class:`xarray.Dataset` over (path, time, cell) with the
    distribution ``x`` and ``payoff``, and the parameters over time. Raises
    :class:`neg.core.errors.ConvergenceError` if a path could not be followed to the end and
    :class:`neg.core.errors.InvalidDataError` for times that do not increase.

    >>> from neg.models.core_periphery import CorePeriphery
    >>> found = paths(CorePeriphery(tau=1.7), [0.6, 0.4], [0.0, 50.0])
    >>> found["x"].dims, found["x"].values[0, -1].round(3).tolist()
    (('path', 'time', 'cell'), [0.55, 0.45])
    """
    check_kind("model", model, Model)
    rule = dynamics_of(dynamics)
    times = as_numbers("times", times)
    check_finite("times", times)
    if times.ndim != 1 or len(times) < 2 or not (np.diff(times) > 0).all():
        raise InvalidDataError("times must be a vector of at least two increasing values")
    starts = jnp.atleast_2d(as_float(start, "start"))
    starts = jnp.stack([check_distribution(model, row) for row in starts])
    laws = dict(parameters or {})
    for name, law in laws.items():
        model.with_(**{name: law(jnp.asarray(times[0]))})  # unknown names and bad values, named
    if stocks is not None:
        check_labels("stocks", sorted(stocks), sorted(model.stock_names))
    given = {name: jnp.log(as_float(level, name)) for name, level in (stocks or {}).items()}
    x, levels, value, ok = follow_all(
        model, starts, given, jnp.asarray(times), rule, tuple(laws.items()), jnp.asarray(tolerance)
    )
    if not bool(jnp.all(ok)):
        failed = np.flatnonzero(~np.asarray(ok)).tolist()
        raise ConvergenceError(
            f"paths {failed} could not be followed to time {times[-1]:g}: the markets did not "
            "clear or the steps became too many; start elsewhere or loosen the tolerance"
        )
    found = _labelled(model, times, x, value, rule, laws)
    for name, level in levels.items():
        dims = ("path", "time", *(("place",) if level.ndim == 3 else ()))
        found[name] = (dims, np.exp(np.asarray(level)), {"units": "model units"})
    return found


@own_settings
def basins(
    model: Model,
    starts: Any,
    dynamics: str | Dynamics = "replicator",
    *,
    until: float = 2000.0,
    same: float = 1e-3,
) -> Any:
    """Where each start ends up: an :class:`xarray.Dataset` with the destinations and who reaches
    them.

    ``destination`` over starts numbers the rest points reached, ``settled`` says whether the speed
    there is below 1e-6; ``x`` over (rest point, cell) lists them. Ends closer than ``same`` in
    every share count as one.
    """
    import xarray as xr

    starts = np.atleast_2d(as_numbers("starts", starts))
    followed = paths(model, starts, [0.0, 0.5 * until, until], dynamics)
    ends = followed["x"].values[:, -1]
    moved = np.abs(ends - followed["x"].values[:, 1]).max(axis=1)
    mass = np.asarray(model.groups.cell_mass)
    points: list[np.ndarray] = []
    labels = []
    for end in ends:
        near = [k for k, p in enumerate(points) if np.abs((end - p) / mass).max() < same]
        if not near:
            points.append(end)
        labels.append(near[0] if near else len(points) - 1)
    cells = list(model.cell_labels)
    return xr.Dataset(
        {
            "start": (("path", "cell"), followed["x"].values[:, 0], {"units": "1"}),
            "destination": ("path", np.array(labels), {"units": "1"}),
            "settled": ("path", moved < 1e-6, {"units": "1"}),
            "x": (("point", "cell"), np.array(points), {"units": "1"}),
        },
        coords={"path": np.arange(len(starts)), "point": np.arange(len(points)), "cell": cells},
        attrs={"dynamics": dynamics_of(dynamics).name},
    )


@quick_jit
def follow_all(
    model: Model,
    starts: Array,
    given: dict[str, Array],
    times: Array,
    rule: Dynamics,
    laws: tuple[tuple[str, Law], ...],
    tolerance: Array,
) -> tuple[Array, dict[str, Array], Array, Array]:
    """Distribution, log stocks and payoffs over time from each start, and whether it went well."""

    def at(time: Array, stocks: dict[str, Array] | None = None) -> Model:
        here = model.with_(**{name: law(time) for name, law in laws}) if laws else model
        return here.holding(stocks) if stocks else here

    def cleared(time: Array, x: Array, stocks: dict[str, Array], guess: Array) -> Array:
        here = at(time, stocks)
        stopped = jax.lax.stop_gradient((guess, x, time, stocks))
        frozen = stop(at(stopped[2], stopped[3]))
        p = newton(market_system, stopped[0], (frozen, stopped[1])).z
        return implicit_solution(p, (here, x), True, True, residual=market_system)

    mass = model.groups.cell_mass

    def inside_simplex(share: Array) -> Array:
        return model.groups.shared(jnp.maximum(share, 0.0) * mass)

    def field(time: Any, state: tuple, _: Any) -> tuple:
        # Shares move, not people: errors are then alike in whatever people are counted.
        share, stocks, guess = state
        # Rounding must not take mass off the groups: replicator dynamics would let it grow.
        inside = inside_simplex(share)
        here = at(time, stocks)
        p = cleared(time, inside, stocks, guess)
        speed = rule.velocity(model.groups, inside, payoff(here, p, inside))
        drift = here.drift(flat_prices(here, inside)[1](p), inside) if stocks else {}
        # The guess moves with the prices, so that each solve starts next to its solution.
        change = jax.jvp(
            lambda t, y, k: cleared(t, y, k, guess),
            (time, inside, stocks),
            (jnp.ones_like(time), speed, drift),
        )[1]
        return speed / mass, drift, jax.lax.stop_gradient(change)

    def one(start: Array) -> tuple:
        here = at(times[0])
        stocks = dict(given)
        if not stocks and model.stock_names:
            flat, unravel = flat_prices(here, start)
            still = newton(market_system, stop(flat), (stop(here), stop(start))).z
            resting = unravel(
                implicit_solution(still, (here, start), True, True, residual=market_system)
            )
            stocks = {name: resting[name] for name in model.stock_names}
        # Guesses of prices are no unknowns: nothing depends on them.
        here, begin = stop(at(times[0], stocks)), stop(start)
        first = newton(market_system, flat_prices(here, begin)[0], (here, begin)).z
        controller = diffrax.PIDController(
            rtol=tolerance, atol=1e-2 * tolerance, dtmin=1e-7, force_dtmin=True
        )
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(field),
            diffrax.Tsit5(),
            times[0],
            times[-1],
            None,
            (start / mass, stocks, first),
            saveat=diffrax.SaveAt(ts=times),
            stepsize_controller=controller,
            max_steps=_MOST_STEPS,
            throw=False,
        )
        assert solution.ys is not None
        share, stocks, guess = solution.ys
        x = jax.vmap(inside_simplex)(share)

        def worth(args: tuple) -> Array:
            time, y, k, p = args
            return payoff(at(time, k), cleared(time, y, k, p), y)

        value = jax.lax.map(worth, (times, x, stocks, guess))
        ok = (solution.result == diffrax.RESULTS.successful) & jnp.all(jnp.isfinite(x))
        return x, stocks, value, ok

    return jax.lax.map(one, starts)


def _labelled(
    model: Model, times: np.ndarray, x: Array, value: Array, rule: Dynamics, laws: dict[str, Law]
) -> Any:
    import xarray as xr

    cells = list(model.cell_labels)
    dims = ("path", "time", "cell")
    data: dict[str, Any] = {
        "x": (dims, np.asarray(x), {"units": "1", "long_name": "distribution"}),
        "payoff": (dims, np.asarray(value), {"units": "log", "long_name": "payoff"}),
    }
    for name, law in laws.items():
        values = np.array([float(law(jnp.asarray(time))) for time in times])
        data[name] = ("time", values, {"units": "1"})
    coords = {"path": np.arange(x.shape[0]), "time": times, "cell": cells}
    return xr.Dataset(data, coords=coords, attrs={"dynamics": rule.name})
