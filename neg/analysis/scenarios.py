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
from neg.barriers.layers import TradeCosts
from neg.core.checks import check_labels, check_shape
from neg.core.errors import InvalidParameterError
from neg.core.status import Stability, Status
from neg.economy.general import GeneralEconomy
from neg.solvers.long_run import LongRun, equilibrium_at, long_run, tilt
from neg.solvers.short_run import ShortRun, short_run

COMPARED = (
    "real_income",
    "mean_wage",
    "consumer_index",
    "output",
    "output_share",
    "employment",
    "firms",
    "wage",
    "trade",
)


class UnstableAllocationWarning(UserWarning):
    """The observed allocation is not a stable equilibrium; results follow another one."""


class Edit(BaseModel):
    """One change of one layer; see :meth:`neg.barriers.layers.TradeCosts.change`."""

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
    warning then states the condition that fails. Where increasing returns make several equilibria
    possible, :func:`neg.analysis.returns.equilibria_beyond` lists others; each can be ``start``.
    """
    return _solve(economy, start, throw)[0]


def _solve(
    economy: GeneralEconomy, start: LongRun | None, throw: bool = True, name: str = ""
) -> tuple[ShortRun | LongRun, str]:
    """An equilibrium, and which one it is in words."""
    if bool(jnp.all(economy.groups.size() == 1)):
        return short_run(economy, throw=throw), "the only one: nobody can move"
    x = economy.initial_distribution() if start is None else start.x
    used = x > 0 if start is None else start.used
    where = name or ("observed allocation" if start is None else "starting allocation")
    near = equilibrium_at(economy, x, used, throw=False)
    if near.stability is Stability.STABLE:
        return near, f"the stable one next to the {where}"
    scale = float(jnp.max(economy.alpha))
    warnings.warn(
        f"the equilibrium next to the {where} is not stable or does not exist (status "
        f"{Status(int(near.status)).name.lower()}, stability {near.stability.value}, growth rate "
        f"{float(near.growth):.3g}, must be negative; largest scale elasticity {scale:g}); "
        "following the adjustment dynamics from there to another; "
        "neg.analysis.returns.equilibria_beyond lists those it finds, and start takes the one to "
        "follow",
        UnstableAllocationWarning,
        stacklevel=3,
    )
    found = long_run(economy, tilt(economy.groups, x), throw=throw)
    return found, f"the one that the adjustment dynamics reach from the unstable {where}"


def compare(
    economy: GeneralEconomy,
    costs: TradeCosts,
    scenarios: Sequence[Scenario],
    *,
    start: LongRun | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> xr.Dataset:
    """Solve the baseline and every scenario; return levels and changes, labelled.

    The baseline is the equilibrium next to the observed allocation where that is stable, and
    otherwise the one that the dynamics reach from there, with a warning; ``start`` asks for the
    one next to another equilibrium (of :func:`neg.analysis.returns.equilibria_beyond`, say).
    Scenarios start from the baseline's equilibrium. ``solve_follows`` says which one each is.

    Every variable of ``COMPARED`` comes as its level ``NAME`` and, except at the baseline, as its
    exact change ``NAME_change`` in per cent. Coordinates hold each scenario's status, residual and
    stability; attributes say what is held fixed.
    """
    cases = [Scenario(name="baseline"), *scenarios]
    check_labels("scenarios", [case.name for case in cases])
    if start is not None and bool(jnp.all(economy.groups.size() == 1)):
        raise InvalidParameterError(
            "start chooses among equilibria, and here nobody can move; must be left out"
        )
    changed = [case.apply(costs) for case in cases]  # all edits are checked before any solve
    solved: list[xr.Dataset] = []
    first: ShortRun | LongRun | None = start
    name = "given start" if start is not None else ""
    follows: list[str] = []
    for number, case in enumerate(cases):
        if progress is not None:
            progress(number, len(cases), case.name)
        before = first if isinstance(first, LongRun) else None
        solution, which = _solve(with_costs(economy, changed[number]), before, name=name)
        if number == 0:
            first, name = solution, "baseline's equilibrium"
        follows.append(which)
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
    result["solve_follows"] = ("scenario", follows, {"units": "1"})
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
