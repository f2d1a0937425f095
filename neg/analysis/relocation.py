"""Relocation in time: where industry is while costs fall, workers grow and followers learn.

Two clocks. People move fast: at every date the distribution rests at an equilibrium given what has
been learnt. Levers move on a schedule and stocks of parts drift slowly. Along a branch nothing
jumps; where the equilibrium ceases to exist or to be stable, or where a first firm would pay in an
empty cell, the date is enclosed and the adjustment dynamics say where the economy goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array

from neg.analysis.schedule import Law, Schedule
from neg.core.checks import as_numbers, check_finite, check_kind, check_labels, check_range
from neg.core.compilation import own_settings, quick_jit
from neg.core.errors import ConvergenceError, InvalidDataError
from neg.core.status import STABILITY_TOLERANCE, Status
from neg.economy.lever import Lever
from neg.economy.model import Model
from neg.economy.part import Part
from neg.solvers.long_run import long_run, tilt
from neg.solvers.solution import LongRun
from neg.solvers.support import polish_at

_TOLERANCE = 1e-10
_SAME = 1e-4
"""Largest change of a share of its group that is no event of its own."""
_PUSHES = ((1e-3, 0.0), (1e-2, 0.0), (1e-2, 1e-3), (5e-2, 1e-3), (1e-2, 1e-2), (0.2, 1e-2))
"""Attempts to leave a branch that ends: size of the push, and how far on in time, of the span."""
_MOST_EVENTS = 200


class Event(NamedTuple):
    """A date at which the branch of equilibria ends, and the distributions before and after it."""

    date: float
    before: np.ndarray
    after: np.ndarray


class _Point(NamedTuple):
    date: float
    stocks: dict[str, Array]
    at: LongRun


@own_settings
def relocation(
    economy: Model,
    schedule: Mapping[str, Law | tuple[Lever, Law]],
    dates: Any,
    start: Any = None,
    *,
    stocks: Mapping[str, Any] | None = None,
    samples: int = 32,
    precision: float = 1e-6,
    throw: bool = True,
) -> Any:
    """Follow the equilibrium of ``economy`` through ``dates`` while levers and stocks move.

        V_i(x, k, t) = value of its group in used cells, no more in empty ones       at every date
        d log k / dt = drift(x, k, t)                                    stocks, by Heun's method

    ``schedule`` gives, by a name of its own, a path of a parameter and a law (a function of the
    date), or a :class:`Lever` and a law. ``start`` is a distribution from which the first
    equilibrium is reached (default: the model's own), ``stocks`` levels of stocks at the first
    date, by ``label.name``; left out, they rest there.

    A step is one interval between ``dates``, which must be short against the time in which stocks
    settle. Laws are looked at ``samples`` times in each interval; where one of them leaves the
    straight line, by more than a hundredth of how far it moves on the whole path, the step ends
    there. What a law does between two looks is not seen: a pulse of a lever needs a look, or a
    date, while it lasts. Whether the equilibrium exists and is stable is seen at the ends of steps:
    an event that is undone within one, though all laws are straight there, is not noticed. Events
    that are seen are enclosed to ``precision``, a share of an interval.

    Returns an :class:`xarray.Dataset` over (date, cell): ``x``, ``share`` of the group in each
    cell, ``payoff``; ``growth`` of the fastest deviation over date; the levers under their names;
    stocks; and over (event, cell) the shares ``before`` and ``after`` each event with
    ``event_date``. Where a start is symmetric, a small fixed tilt decides who moves first.
    Raises :class:`neg.core.errors.ConvergenceError` where no equilibrium is reached; with ``throw``
    false the dates from there on are NaN, and the attribute ``status`` says from when.

    Source: Puga and Venables (1996), Journal of the Japanese and International Economies 10(4);
    Fujita, Krugman and Venables (1999), The Spatial Economy, ch. 15. Leaves out: people who look
    ahead, and the time that moving takes (see :func:`neg.paths`).
    """
    check_kind("economy", economy, Model)
    dates = as_numbers("dates", dates)
    check_finite("dates", dates)
    if dates.ndim != 1 or len(dates) < 2 or not (np.diff(dates) > 0).all():
        raise InvalidDataError("dates must be a vector of at least two increasing values")
    check_range("precision", precision, 0.0, low_open=True)
    plan = Schedule(schedule, dates, samples)
    for lever in plan.levers:
        lever.check(economy)
    if stocks is not None:
        check_kind("stocks", stocks, Mapping)
        check_labels("stocks", sorted(stocks), sorted(economy.stock_names))
        for name, level in stocks.items():
            check_range(f"stocks[{name!r}]", level, 0.0, low_open=True)
    walk = _Walk(economy, plan, float(dates[-1] - dates[0]), precision)
    points = walk.through(dates, walk.begin(float(dates[0]), start, stocks), throw)
    return _labelled(economy, plan, dates, points, walk.events)


class _Walk:
    """One economy on its way through time."""

    def __init__(self, economy: Model, plan: Schedule, span: float, precision: float) -> None:
        self.economy, self.plan, self.span, self.precision = economy, plan, span, precision
        self.levers, self.values = plan.levers, plan.values
        # Routes are found before compiled code, for every date anew; an alias has no range here.
        specs = economy.parameters()
        routes = any(
            type(part).ahead is not Part.ahead for part in getattr(economy, "parts", ())
        ) or any(lever.path not in specs for lever in self.levers)
        self.ranges = None if routes else [specs[lever.path] for lever in self.levers]
        self.events: list[Event] = []
        self.latest, self.held_up = -np.inf, 0

    def model(self, date: float, stocks: Mapping[str, Array]) -> Model:
        """The economy at a date, with its stocks given; what the levers move is in its range."""
        if self.ranges is None:
            return _put(self.economy, self.levers, self.values(date), dict(stocks))
        return self.checked(_put_at(self.economy, self.levers, self.values(date), dict(stocks)))

    def checked(self, here: Model) -> Model:
        """The economy, what the levers move in its range: compiled code does not look."""
        for spec in self.ranges or ():
            open_ends = {"low_open": spec.low_open, "high_open": spec.high_open}
            check_range(spec.name, here.value(spec.name), spec.low, spec.high, **open_ends)
        return here

    def begin(self, date: float, start: Any, given: Mapping[str, Any] | None) -> _Point:
        """The equilibrium at the first date, with stocks at rest or as given."""
        for end in (date, date + self.span):  # all checks of the economy, outside compiled code
            _put(self.economy, self.levers, self.values(end), {})
        if given is not None:
            levels = {name: jnp.log(jnp.asarray(v, dtype=float)) for name, v in given.items()}
            return _Point(date, levels, long_run(self.model(date, levels), start))
        free = long_run(self.model(date, {}), start)
        if not self.economy.stock_names:
            return _Point(date, {}, free)
        levels = {name: free.prices[name] for name in self.economy.stock_names}
        return _Point(date, levels, long_run(self.model(date, levels), free.x))

    def through(self, dates: np.ndarray, first: _Point, throw: bool) -> list[_Point]:
        """The points at all dates, or at those before the path was lost."""
        points = [first]
        for date in dates[1:]:
            try:
                points.append(self.until(float(date), points[-1]))
            except ConvergenceError:
                if throw:
                    raise
                break
        return points

    def until(self, date: float, point: _Point) -> _Point:
        """The point at a date, over the events on the way."""
        least = self.precision * (date - point.date)
        for stop in self.plan.stops(point.date, date):
            step = stop - point.date
            while stop - point.date > 0:
                step = min(step, stop - point.date)
                ahead = self.step(point, step)
                if ahead is not None:
                    point, step = ahead, 2.0 * step
                elif step > least:
                    step /= 2.0
                else:
                    point = self.jump(point, point.date + step, date)
                    step = stop - point.date
        return point

    def step(self, point: _Point, length: float) -> _Point | None:
        """One step of Heun's method along the branch; None where the branch ends on the way."""
        date = point.date + length
        drift = _drift(point.at)
        ahead = self.rest(date, _moved(point.stocks, drift, length), point.at)
        if ahead is None or not point.stocks:
            return ahead
        after = _drift(ahead.at)
        mean = {name: 0.5 * (rate + after[name]) for name, rate in drift.items()}
        return self.rest(date, _moved(point.stocks, mean, length), ahead.at)

    def rest(self, date: float, stocks: dict[str, Array], near: LongRun) -> _Point | None:
        """The equilibrium with the same used cells near another one, if it is one and stable."""
        if self.ranges is None:
            found, change = _polish(self.model(date, stocks), near.x, near.used, near.prices)
        else:
            given = (self.economy, self.levers, self.values(date), stocks)
            found, change = _polish_put(*given, near.x, near.used, near.prices)
            self.checked(found.model)
        good = int(found.status) == Status.CONVERGED
        good = good and float(found.growth) <= STABILITY_TOLERANCE
        return _Point(date, stocks, found) if good and float(change) < 0.1 else None

    def jump(self, point: _Point, date: float, last: float) -> _Point:
        """Where the dynamics lead once the branch has ended, at a date or a little later."""
        if len(self.events) >= _MOST_EVENTS:
            raise ConvergenceError(f"more than {_MOST_EVENTS} events by date {date:g}", point.at)
        groups = point.at.model.groups
        # A cell that is entered little by little holds the path up: go on until it is seen.
        self.held_up = self.held_up + 1 if date - self.latest < 1e-3 * self.span else 0
        extra = self.precision * 2.0**self.held_up / 100.0
        found = point.at
        for push, on in _PUSHES:
            later = min(date + max(on, min(extra, 1e-2)) * self.span, last)
            stocks = _moved(point.stocks, _drift(point.at), later - point.date)
            # An empty cell may be entered, and nothing rests on the edge between two fates.
            start = jnp.maximum(point.at.x, 1e-2 * push * groups.cell_mass)
            start = tilt(groups, start, push)
            found = long_run(self.model(later, stocks), start, throw=False)
            stable = int(found.status) == Status.CONVERGED
            if stable and float(found.growth) <= STABILITY_TOLERANCE:
                self.latest = later
                changed = bool(jnp.any(found.used != point.at.used))
                if changed or _far(found, point.at) > _SAME:
                    self.events.append(Event(date, np.asarray(point.at.x), np.asarray(found.x)))
                return _Point(later, stocks, found)
        raise ConvergenceError(
            f"the branch of equilibria ends at date {date:.7g}, and the dynamics reach no stable "
            "equilibrium from there",
            found,
        )


def _put(
    economy: Model, levers: tuple[Lever, ...], values: tuple[Array, ...], stocks: dict[str, Array]
) -> Model:
    """The economy with its levers at their values and its stocks given."""
    for lever, value in zip(levers, values, strict=True):
        economy = lever.put(economy, value)
    return economy.holding(stocks) if stocks else economy


_put_at = quick_jit(_put)


@quick_jit
def _polish(model: Model, x: Array, used: Array, prices: Any) -> tuple[LongRun, Array]:
    """The equilibrium near another one, and the largest change of a share."""
    found = polish_at(model, x, used, ravel_pytree(prices)[0], jnp.asarray(_TOLERANCE))
    return found, _change(found.model, found.x, x)


@quick_jit
def _polish_put(
    economy: Model,
    levers: tuple[Lever, ...],
    values: tuple[Array, ...],
    stocks: dict[str, Array],
    x: Array,
    used: Array,
    prices: Any,
) -> tuple[LongRun, Array]:
    """The same, with levers and stocks put in compiled code."""
    return _polish(_put(economy, levers, values, stocks), x, used, prices)


@quick_jit
def _change(model: Model, x: Array, before: Array) -> Array:
    return jnp.max(jnp.abs(x - before) / model.groups.cell_mass)


def _far(found: LongRun, near: LongRun) -> float:
    """Largest change of a share."""
    return float(_change(found.model, found.x, near.x))


def _moved(stocks: dict[str, Array], rate: dict[str, Array], length: float) -> dict[str, Array]:
    return {name: level + length * rate[name] for name, level in stocks.items()}


@quick_jit
def _drift_at(model: Model, prices: Any, x: Array) -> dict[str, Array]:
    return model.drift(prices, x)


def _drift(at: LongRun) -> dict[str, Array]:
    return _drift_at(at.model, at.prices, at.x)


def _labelled(
    economy: Model,
    plan: Schedule,
    dates: np.ndarray,
    points: list[_Point],
    events: list[Event],
) -> Any:
    import xarray as xr

    mass = np.asarray(points[0].at.model.groups.cell_mass)
    lost = len(dates) - len(points)

    def over_dates(values: list[Any]) -> np.ndarray:
        found = np.stack([np.asarray(value, dtype=float) for value in values])
        return np.pad(found, [(0, lost), *[(0, 0)] * (found.ndim - 1)], constant_values=np.nan)

    x = over_dates([point.at.x for point in points])
    payoff = over_dates([point.at.payoff for point in points])
    dims, cells = ("date", "cell"), list(economy.cell_labels)
    data: dict[str, Any] = {
        "x": (dims, x, {"units": "1", "long_name": "distribution"}),
        "share": (dims, x / mass, {"units": "1", "long_name": "share of its group"}),
        "payoff": (dims, payoff, {"units": "log", "long_name": "payoff"}),
        "cell_mass": ("cell", mass, {"units": "1", "long_name": "mass of its group"}),
        "growth": ("date", over_dates([point.at.growth for point in points]), {"units": "1"}),
        "event_date": ("event", np.array([one.date for one in events]), {"units": "time"}),
    }
    for name in ("before", "after"):
        found = np.array([getattr(one, name) / mass for one in events]).reshape(-1, len(cells))
        data[name] = (("event", "cell"), found, {"units": "1"})
    for name in plan.plan:
        values = [plan.value(name, date) for date in dates]
        if values[0].ndim == 0:
            data[name] = ("date", np.array(values), {"units": "1"})
    for name in points[0].stocks:
        levels = np.exp(over_dates([point.stocks[name] for point in points]))
        data[name] = (("date", *(("place",) if levels.ndim == 2 else ())), levels, {"units": "1"})
    coords: dict[str, Any] = {"date": dates, "cell": cells, "event": np.arange(len(events))}
    for name, labels in economy.cell_coordinates.items():
        coords[f"cell_{name}"] = ("cell", list(labels))
    if any("place" in entry[0] for entry in data.values() if isinstance(entry[0], tuple)):
        coords["place"] = list(economy.place_names)
    status = "converged" if not lost else f"lost after date {points[-1].date:.6g}"
    attrs = {"status": status, "held_fixed": economy.held_fixed}
    return xr.Dataset(data, coords=coords, attrs=attrs)
