"""Solves an economy and its scenarios, and compares them with the baseline, labelled."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import xarray as xr

from neg.analysis.hat import change_of
from neg.analysis.outcomes import labelled
from neg.analysis.scenarios import Scenario, scenario
from neg.core.checks import check_kind, check_labels
from neg.core.compilation import own_settings
from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.core.quantities import describe
from neg.core.status import Stability, Status
from neg.economy.model import Model, Prices
from neg.solvers.long_run import LongRun, equilibrium_at, long_run, tilt
from neg.solvers.short_run import ShortRun, short_run

NOT_COMPARED = frozenset({"price_index", "market_access", "residents"})
"""Outcomes that a comparison leaves out where they have more than one axis: large, and seen in a
single solution."""


class UnstableAllocationWarning(UserWarning):
    """The observed allocation is not a stable equilibrium; results follow another one."""


class NumeraireWarning(UserWarning):
    """Trade deficits are fixed in units of the numeraire, so that results depend on it."""


@own_settings
def solve(
    economy: Model,
    start: LongRun | None = None,
    *,
    prices: Prices | None = None,
    throw: bool = True,
) -> ShortRun | LongRun:
    """The equilibrium of an economy next to its observed distribution, or next to ``start``.

    Without mobility, the short-run equilibrium. With it, the long-run equilibrium with the same
    used cells if that one is stable, and otherwise the one that the adjustment dynamics reach; a
    warning then states the condition that fails. Where increasing returns make several equilibria
    possible, :func:`neg.analysis.returns.equilibria_beyond` lists others; each can be ``start``.
    Prices are sought from ``prices``, by default the economy's initial ones.
    """
    check_kind("economy", economy, Model)
    _check_start(economy, start)
    return _solve(economy, start, throw, prices=prices)[0]


def _check_start(economy: Model, start: Any) -> None:
    """That it is a long-run equilibrium of an economy with the same cells, or none."""
    if start is None:
        return
    check_kind("start", start, LongRun)
    here, there = list(economy.cell_labels), list(start.model.cell_labels)
    if here != there:
        raise InvalidParameterError(
            f"start is an equilibrium of {len(there)} cells ({', '.join(map(str, there[:3]))}, …), "
            f"and the economy has {len(here)} ({', '.join(map(str, here[:3]))}, …); must be one of "
            "the same cells"
        )


def _solve(
    economy: Model,
    start: LongRun | None,
    throw: bool = True,
    name: str = "",
    prices: Prices | None = None,
) -> tuple[ShortRun | LongRun, str]:
    """An equilibrium, and which one it is in words."""
    if bool(jnp.all(economy.groups.size() == 1)):
        return short_run(economy, prices=prices, throw=throw), "the only one: nobody can move"
    x = economy.initial_distribution() if start is None else start.x
    used = x > 0 if start is None else start.used
    where = name or ("observed allocation" if start is None else "starting allocation")
    near = equilibrium_at(economy, x, used, prices=prices, throw=False)
    if Status(int(near.status)).ok and near.stability is Stability.STABLE:
        return near, f"the stable one next to the {where}"
    warnings.warn(
        f"the equilibrium next to the {where} is not stable or does not exist (status "
        f"{Status(int(near.status)).name.lower()}, growth rate {float(near.growth):.3g}, must be "
        f"negative); following the adjustment dynamics from "
        "there to another; neg.analysis.returns.equilibria_beyond lists those it finds, and start "
        "takes the one to follow",
        UnstableAllocationWarning,
        stacklevel=4,
    )
    found = long_run(economy, tilt(economy.groups, x), throw=throw)
    return found, f"the one that the adjustment dynamics reach from the unstable {where}"


@own_settings
def compare(
    economy: Model,
    scenarios: Sequence[Scenario | Mapping[str, Any]],
    *,
    start: LongRun | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> xr.Dataset:
    """Solve the baseline and every scenario of any economy; return levels and changes, labelled.

    Scenarios may be given as :func:`neg.analysis.scenario` reads them. The baseline is the economy
    as it is, its trade costs included. It is solved next to the
    observed distribution where that equilibrium is stable, and otherwise for the one that the
    dynamics reach from there, with a warning; ``start`` asks for the one next to another
    equilibrium (of :func:`neg.analysis.returns.equilibria_beyond`, say). Scenarios start from
    the baseline's equilibrium. ``solve_follows`` says which one each is.

    Every outcome (but :data:`NOT_COMPARED`) comes as its level ``NAME`` and, except at the
    baseline, as its exact change ``NAME_change``: in per cent, or as a difference where it may
    have either sign (its units say so). ``equivalent_variation`` is the money at the baseline's
    prices that is worth the change of welfare. Coordinates hold each scenario's status, residual
    and stability; attributes say what is held fixed.

    Raises named errors for edits that the economy does not have, before anything is solved.

    >>> from neg.analysis import scenario
    >>> from neg.economy.general import general_economy
    >>> economy = general_economy(
    ...     places=["a", "b"], sectors=["goods"], employment=1.0, theta=4.0, tau=1.5
    ... )
    >>> cheaper = scenario({"name": "cheaper", "edits": [{"path": "tau", "times": 0.9}]})
    >>> found = compare(economy, [cheaper])
    >>> found["welfare_change"].sel(scenario="cheaper").values.round(3).tolist()  # per cent
    [2.095, 2.095]
    """
    check_kind("economy", economy, Model)
    _check_start(economy, start)
    if isinstance(scenarios, Scenario | Mapping):
        raise InvalidDataError("scenarios is one by itself; must be a list of them")
    check_kind("scenarios", scenarios, Sequence)
    given = [scenario(dict(one)) if isinstance(one, Mapping) else one for one in scenarios]
    for k, one in enumerate(given):
        check_kind(f"scenarios[{k}]", one, Scenario)
    cases = [Scenario(name="baseline"), *given]
    check_labels("scenarios", [case.name for case in cases])
    if start is not None and bool(jnp.all(economy.groups.size() == 1)):
        raise InvalidParameterError(
            "start chooses among equilibria, and here nobody can move; must be left out"
        )
    edited = [case.apply(economy) for case in cases]  # all edits are checked before any solve
    _warn_of_numeraire(edited)
    solved: list[xr.Dataset] = []
    first: ShortRun | LongRun | None = start
    name = "given start" if start is not None else ""
    follows: list[str] = []
    for number, case in enumerate(cases):
        if progress is not None:
            progress(number, len(cases), case.name)
        before = first if isinstance(first, LongRun) else None
        solution, which = _solve(edited[number], before, name=name)
        if number == 0:
            first, name = solution, "baseline's equilibrium"
        follows.append(which)
        solved.append(labelled(solution))
    result = _levels(solved, [case.name for case in cases])
    for variable in list(result.data_vars):
        result[f"{variable}_change"] = _change(str(variable), result[variable])
    if "welfare" in result and "consumer_index" in result:
        price = result["consumer_index"].sel(scenario="baseline", drop=True)
        gain = (result["welfare"] - result["welfare"].sel(scenario="baseline", drop=True)) * price
        result["equivalent_variation"] = gain.isel(scenario=slice(1, None)).assign_attrs(
            _attributes("equivalent_variation")
        )
    for key in ("status", "residual", "stable", "growth_rate", "unused_cells"):
        if key in solved[0].attrs:
            values = [dataset.attrs.get(key, "") for dataset in solved]
            result[f"solve_{key}"] = ("scenario", values, {"units": "1"})
    result["solve_follows"] = ("scenario", follows, {"units": "1"})
    result.attrs["held_fixed"] = solved[0].attrs["held_fixed"]
    result.attrs["status"] = ", ".join(sorted({d.attrs["status"] for d in solved}))
    return result


def _warn_of_numeraire(economies: Sequence[Any]) -> None:
    """Say so where money that is held fixed makes the numeraire more than a unit."""
    closures = [getattr(economy, "closure", None) for economy in economies]
    kept = [c for c in closures if c is not None and c.named("deficit_rule") == "fixed"]
    largest = max((float(jnp.max(jnp.abs(closure.deficit))) for closure in kept), default=0.0)
    if largest > 0 and len(economies) > 1:
        warnings.warn(
            f"trade deficits (the largest {largest:.4g}) are fixed in units of the numeraire, so "
            "that changes depend on it; deficit_rule 'world-share', 'own-share', 'spending-share' "
            "or 'zero' (with table.without_deficits()) do not",
            NumeraireWarning,
            stacklevel=4,
        )


def _levels(solved: Sequence[xr.Dataset], names: Sequence[str]) -> xr.Dataset:
    first = solved[0]
    # A scenario may lack what the baseline reports, such as the use of an agreement it removes.
    shared = [name for name in first.data_vars if all(name in dataset for dataset in solved)]
    kept = [name for name in shared if name not in NOT_COMPARED or first[name].ndim < 2]
    return xr.concat(
        [dataset[kept].drop_attrs(deep=False) for dataset in solved],
        dim=xr.DataArray(list(names), dims="scenario", name="scenario"),
    )


def _change(name: str, levels: xr.DataArray) -> xr.DataArray:
    """Change from the baseline: per cent, or a difference of what may have either sign."""
    change = change_of(name, levels.sel(scenario="baseline", drop=True), levels)
    if change.attrs["change"] != "difference":
        with np.errstate(invalid="ignore"):
            change = 100.0 * (change - 1.0)
        change.attrs["units"] = "per cent"
    label = levels.attrs.get("label", name)
    return change.isel(scenario=slice(1, None)).assign_attrs(
        label=f"change of {label}",
        units=change.attrs.get("units", levels.attrs.get("units", "1")),
        description="exact change from the baseline",
    )


def _attributes(name: str) -> dict[str, str]:
    quantity = describe(name)
    return {"label": quantity.label, "units": quantity.unit, "description": quantity.meaning}
