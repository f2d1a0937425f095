"""Who gets in: trade cost, credit cost, and what support of loans buys per unit of budget (M10).

Firms borrow a share of their fixed cost from a lender who breaks even. First: share of firms that
take part over trade cost and the probability of repayment. Then participation over the budget spent
on a guarantee, an interest subsidy and a platform that lowers the cost of small loans: where
guarantees invite no default, where they do, and where a cap on interest rations loans.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import settings
from neg.figures import style
from neg.firms import Credit
from neg.menus import Pareto

CONFIG: dict[str, Any] = {
    "fixed": 1.0,
    "entry": 0.8,
    "scale": 0.2,
    "kappa": 4.5,
    "sigma": 4.0,
    "interest": 0.05,
    "repaid": 0.8,
    "monitoring": 0.05,
    "platform": 0.003,  # budget, per firm, at which monitoring is halved
    "hazard": 0.1,
    "cap": 0.25,  # on interest, where loans are rationed
    "pledge": 0.05,  # share of operating profit that is collateral there
    "points": 41,
}
SMOKE = {"points": 7}

TOOLS = ("guarantee", "interest subsidy", "platform")
MARKETS = ("no moral hazard", "moral hazard", "cap on interest")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Participation over costs, and over the strength and budget of each instrument."""
    progress(0, 2, "costs")
    n = config["points"]
    tau, repaid = np.linspace(1.0, 1.6, n), np.linspace(0.6, 1.0, n)
    grid = np.array(
        [
            _in(config, scale=config["scale"] * tau ** (1.0 - config["sigma"]), repaid=r)[0]
            for r in repaid
        ]
    )
    progress(1, 2, "instruments")
    found = np.array(
        [
            [[_tool(config, tool, s, terms) for s in np.linspace(0.0, 1.0, n)] for tool in TOOLS]
            for terms in (
                {},
                {"hazard": config["hazard"]},
                {"cap": config["cap"], "pledge": config["pledge"]},
            )
        ]
    )
    return xr.Dataset(
        {
            "participation": (("repaid", "tau"), grid, {"units": "share of firms"}),
            "with_support": (
                ("market", "tool", "strength"),
                found[..., 0],
                {"units": "share of firms"},
            ),
            "budget": (("market", "tool", "strength"), found[..., 1], {"units": "money per firm"}),
        },
        coords={
            "tau": tau,
            "repaid": repaid,
            "tool": list(TOOLS),
            "market": list(MARKETS),
            "strength": np.linspace(0.0, 1.0, n),
        },
        attrs={"status": "in closed form"},
    )


def _in(config: dict[str, Any], scale: Any = None, **credit: Any) -> tuple[Any, Any]:
    terms = {name: config[name] for name in ("interest", "repaid", "monitoring")} | credit
    size = Pareto(config["kappa"]).raised(config["sigma"] - 1.0)
    found = Credit(**terms).participation(
        config["fixed"],
        config["entry"],
        config["scale"] if scale is None else scale,
        size,
        config["sigma"],
    )
    return np.asarray(found.firms), np.asarray(found.budget)


def _tool(
    config: dict[str, Any], tool: str, strength: float, terms: dict[str, float]
) -> tuple[float, float]:
    if tool == "guarantee":
        return _in(config, guarantee=strength, **terms)
    if tool == "interest subsidy":
        return _in(config, subsidy=0.12 * strength, **terms)
    # Cost of a loan falls by half for every ``platform`` of budget.
    spent = 4.0 * strength * config["platform"]
    monitoring = config["monitoring"] * 0.5 ** (spent / config["platform"])
    share, _ = _in(config, monitoring=monitoring, **terms)
    return share, spent


def describe(record: xr.Dataset) -> dict[str, str]:
    """Equal cost of guarantee and subsidy, and what breaks it."""
    config = settings(record)
    sums = 0.5 * float(record["budget"].sel(tool="guarantee").isel(market=0).max())
    gains = {
        (market, tool): _at(record, market, tool, sums)
        - float(record["with_support"].isel(market=market)[0, 0])
        for market in range(len(MARKETS))
        for tool in TOOLS
    }
    points = {key: f"{100 * gain:.2f}" for key, gain in gains.items()}
    return {
        "title": (
            "Guarantee and interest subsidy buy the same entry, "
            f"{points[0, 'guarantee']} points for {sums:.4f} a firm, until guarantees invite "
            f"default: then {points[1, 'guarantee']}; under rationing they buy "
            f"{points[2, 'guarantee']} and {points[2, 'interest subsidy']}"
        ),
        "caption": (
            "Share of firms that take part when a share of the fixed cost is borrowed (Manova "
            f"2013; Pareto κ = {config['kappa']:g}, σ = {config['sigma']:g}, borrowed share 0.7, "
            f"collateral 0.4 of an entry cost of {config['entry']:g}, riskless interest "
            f"{config['interest']:g}, cost of looking after a loan {config['monitoring']:g}). "
            "Upper left: over iceberg cost and the probability of repayment. Upper right: over the "
            f"budget per firm, repayment {config['repaid']:g}: a lender who breaks even passes a "
            "guarantee on in full. Lower left: the same where a full guarantee lowers repayment by "
            f"{config['hazard']:g}. Lower right: where nobody lends above an interest of "
            f"{config['cap']:.0%} and firms pledge {config['pledge']:.0%} of operating profit, so "
            "that small firms are refused (Stiglitz and Weiss 1981): a subsidy helps those who "
            "are lent to, what covers lenders lets others in. The platform halves the cost of a "
            f"loan for every {config['platform']:g} of budget, an assumption that decides where it "
            "stands. The market's profit is given: entry does not bid it down. Assumed parameters, "
            "no data."
        ),
        "checks": "closed forms; equal cost of guarantee and subsidy holds to rounding",
    }


def _at(record: xr.Dataset, market: int, tool: str, budget: float) -> float:
    one = record.isel(market=market).sel(tool=tool)
    return float(np.interp(budget, one["budget"], one["with_support"]))


def draw(record: xr.Dataset) -> Figure:
    """A map and three panels of instruments."""
    figure, axes = style.sheet(2, 2, height=4.8)
    axes = np.ravel(axes)
    values = 100.0 * record["participation"]
    lines = axes[0].contourf(record["tau"], record["repaid"], values, levels=9, cmap="Blues")
    figure.colorbar(lines, ax=axes[0], label="% of firms")
    axes[0].set(
        xlabel="iceberg cost τ", ylabel="probability of repayment", title="costs, no support"
    )
    for k, ax in enumerate(axes[1:]):
        for j, tool in enumerate(TOOLS):
            one = record.isel(market=k).sel(tool=tool)
            ax.plot(
                1000.0 * one["budget"],
                100.0 * one["with_support"],
                color=style.COLOURS[j],
                ls="--" if tool == "interest subsidy" else "-",
                label=tool,
            )
        ax.set(
            xlabel="budget, 1/1000 per firm",
            ylabel="% of firms",
            title=MARKETS[k],
            ylim=(6.5, 9.0) if k < 2 else None,
        )
    axes[1].legend(loc="upper left")
    return figure
