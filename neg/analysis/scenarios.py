"""Scenarios: named edits of trade-cost layers, solved and compared with the baseline.

A scenario is data. Unknown keys, layers, places and sectors are refused by name.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from pydantic import BaseModel, ConfigDict, ValidationError

from neg.analysis.outcomes import labelled
from neg.checks import check_labels, check_shape
from neg.errors import InvalidParameterError
from neg.geography.trade_costs import TradeCosts
from neg.models.general import GeneralEconomy
from neg.solvers.long_run import LongRun, equilibrium_at, long_run, tilt
from neg.solvers.short_run import ShortRun, short_run
from neg.status import Status

COMPARED = (
    "real_income",
    "mean_wage",
    "consumer_index",
    "output",
    "employment",
    "firms",
    "wage",
    "trade",
)


class UnstableAllocationWarning(UserWarning):
    """The observed allocation is not a stable equilibrium; results follow another one."""


class Edit(BaseModel):
    """One change of one layer; see :meth:`neg.geography.trade_costs.TradeCosts.change`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layer: str
    factor: float | None = None
    rate: float | None = None
    cost: float | None = None
    among: tuple[str, ...] | None = None
    origins: tuple[str, ...] | None = None
    destinations: tuple[str, ...] | None = None
    sectors: tuple[str, ...] | None = None
    abroad_only: bool = True


class Scenario(BaseModel):
    """A name, a description for people, and the edits that make it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str = ""
    edits: tuple[Edit, ...] = ()

    def apply(self, costs: TradeCosts) -> TradeCosts:
        """The trade costs after all edits, in order."""
        for edit in self.edits:
            costs = costs.change(**edit.model_dump())
        return costs


def scenario(data: dict[str, Any]) -> Scenario:
    """Read a scenario from plain data (from a configuration file, say), naming what is wrong."""
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidParameterError(
            f"scenario {data.get('name', '?')!r}: {where}: {first['msg']}"
        ) from None


def with_costs(economy: GeneralEconomy, costs: TradeCosts) -> GeneralEconomy:
    """The economy under these trade costs."""
    return economy.with_(tau=costs.tau, tariff=costs.tariff, export_tax=costs.export_tax)


def solve(
    economy: GeneralEconomy, start: LongRun | None = None, *, throw: bool = True
) -> ShortRun | LongRun:
    """The equilibrium of an economy next to its observed employment, or next to ``start``.

    Without mobility, the short-run equilibrium. With it, the long-run equilibrium with the same
    used cells if that one is stable, and otherwise the one that the adjustment dynamics reach; a
    warning then says so.
    """
    if bool(jnp.all(economy.groups.size() == 1)):
        return short_run(economy, throw=throw)
    x = economy.initial_distribution() if start is None else start.x
    used = x > 0 if start is None else start.used
    near = equilibrium_at(economy, x, used, throw=False)
    if int(near.status) == 0 and near.stable:
        return near
    where = "observed allocation" if start is None else "starting allocation"
    warnings.warn(
        f"the equilibrium next to the {where} is not stable or does not exist "
        f"(status {Status(int(near.status)).name.lower()}, growth rate {float(near.growth):.3g}); "
        "following the adjustment dynamics from there",
        UnstableAllocationWarning,
        stacklevel=2,
    )
    return long_run(economy, tilt(economy.groups, x), throw=throw)


def compare(
    economy: GeneralEconomy,
    costs: TradeCosts,
    scenarios: Sequence[Scenario],
    *,
    progress: Callable[[int, int, str], None] | None = None,
) -> xr.Dataset:
    """Solve the baseline and every scenario; return levels and changes, labelled.

    Scenarios start from the baseline's equilibrium, which is the observed allocation where that is
    stable.

    Every variable of ``COMPARED`` comes as its level ``NAME`` and, except at the baseline, as its
    exact change ``NAME_change`` in per cent. Coordinates hold each scenario's status, residual and
    stability; attributes say what is held fixed.
    """
    cases = [Scenario(name="baseline"), *scenarios]
    check_labels("scenarios", [case.name for case in cases])
    changed = [case.apply(costs) for case in cases]  # all edits are checked before any solve
    solved: list[xr.Dataset] = []
    first: ShortRun | LongRun | None = None
    for number, case in enumerate(cases):
        if progress is not None:
            progress(number, len(cases), case.name)
        start = first if isinstance(first, LongRun) else None
        solution = solve(with_costs(economy, changed[number]), start)
        first = solution if first is None else first
        solved.append(labelled(solution))
    levels = xr.concat(
        [dataset[list(COMPARED)].drop_attrs(deep=False) for dataset in solved],
        dim=xr.DataArray([case.name for case in cases], dims="scenario", name="scenario"),
    )
    result = levels.copy()
    for name in COMPARED:
        base = levels[name].sel(scenario="baseline", drop=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            change = 100.0 * (levels[name] / base - 1.0)
        result[f"{name}_change"] = change.isel(scenario=slice(1, None)).assign_attrs(
            units="per cent",
            label=f"change of {levels[name].attrs.get('label', name)}",
            description="exact change from the baseline",
        )
    for key in ("status", "residual", "stable", "growth_rate", "unused_cells"):
        if key in solved[0].attrs:
            values = [dataset.attrs.get(key, "") for dataset in solved]
            result[f"solve_{key}"] = ("scenario", values, {"units": "1"})
    result.attrs["held_fixed"] = solved[0].attrs["held_fixed"]
    result.attrs["status"] = ", ".join(sorted({d.attrs["status"] for d in solved}))
    return result


def real_income_gradient(economy: GeneralEconomy, weights: Any) -> Any:
    """Derivative of the log of weighted real income with respect to log bilateral trade costs.

    ``d log sum_j weight_j real_income_j / d log tau_ijs`` at the short-run equilibrium, all
    entries from one adjoint solve; ``weights`` has one entry per place, the result is
    ``[origin, destination, sector]``, an elasticity.
    """
    weights = jnp.asarray(weights, dtype=float)
    check_shape("weights", weights, (len(economy.places),))
    return _gradient(economy, weights)


@eqx.filter_jit
def _gradient(economy: GeneralEconomy, weights: Any) -> Any:
    def outcome(log_tau: Any) -> Any:
        moved = eqx.tree_at(lambda e: e.tau, economy, jnp.exp(log_tau))
        return jnp.log(jnp.sum(weights * short_run(moved).outcomes["real_income"]))

    return jax.grad(outcome)(jnp.log(economy.tau))
