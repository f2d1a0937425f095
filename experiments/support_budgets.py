"""What a unit of budget buys: loans, trade finance, fairs, services, clusters (M9, M10, M15).

Two equal economies in which firms that differ borrow the fixed cost of every market, wait for
payment, pay for letters of credit, bear exchange-rate risk, find markets through contacts, and
share costs in clusters. Each instrument is paid from income, in the ledger. Left: firms that
export over the budget. Right: real
income, net of what the budget took.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import settings
from neg import compose, general_economy
from neg.analysis import Lever
from neg.barriers import ExchangeRisk
from neg.economy.ledger import largest_imbalance
from neg.figures import style
from neg.firms import (
    BusinessServices,
    Clusters,
    Credit,
    FinancedSelection,
    FinanceSupport,
    Lenders,
    WaysIn,
    WorkingCapital,
)
from neg.solvers.short_run import short_run

CONFIG: dict[str, Any] = {
    "theta": 4.5,
    "sigma": 4.0,
    "tau": 1.3,
    "fixed": [0.5, 0.7],  # at home, abroad
    "interest": 0.05,
    "repaid": 0.8,
    "collateral": 0.1,  # over the cost of entry
    "monitoring": 0.05,
    "halves": 0.01,  # budget at which a platform halves monitoring, or information default
    "hazard": 0.05,
    "premium": 0.02,  # of exchange-rate risk
    "line": 0.008,  # cost of a swap line, per unit of sales covered
    "cluster": {"shared": 10.0, "coordination": 0.4, "fee": 2.0, "cut": 0.6, "weight": 0.02},
    "ways": {"weight": 0.05, "reference": 5.0},  # contacts of the average firm at rest
    "fairs": 0.02,  # budget that doubles what is found
    "services": {"gain": 0.02, "halves": 0.01},  # of business services, log points and budget
    "scale": 0.004,  # money per unit of the cluster's costs, so that a manager's fee is 0.008
    "points": 7,
}
SMOKE: dict[str, Any] = {"points": 3}

# Path, and the largest value that is tried.
TOOLS = {
    "guarantee": ("financed_selection.guarantee", 0.8),
    "interest subsidy": ("financed_selection.subsidy", 0.06),
    "platform": ("financed_selection.platform", 0.012),
    "credit information": ("financed_selection.information", 0.012),
    "working capital, guarantee": ("working_capital.guarantee", 1.0),
    "working capital, subsidy": ("working_capital.subsidy", 1.0),
    "letters of credit": ("working_capital.letter_subsidy", 1.0),
    "swap line": ("exchange_risk.coverage", 1.0),
    "cluster manager": ("clusters.support", 1.0),
    "fairs and matching": ("ways_in.fairs", 0.012),
    "business services": ("business_services.support", 0.012),
}
PARTS = tuple(dict.fromkeys(path.split(".")[0] for path, _ in TOOLS.values()))


def economy(config: dict[str, Any]) -> Any:
    """Two equal places, one sector, every instrument at nothing."""
    home, abroad = config["fixed"]
    base = general_economy(
        places=["home", "abroad"],
        sectors=["goods"],
        employment=[[1.0], [1.0]],
        theta=config["theta"],
        alpha=1.0,
        tau=[[1.0, config["tau"]], [config["tau"], 1.0]],
    )
    firms = FinancedSelection(
        fixed=[[home, abroad], [abroad, home]],
        sigma=config["sigma"],
        credit=Credit(
            interest=config["interest"],
            repaid=config["repaid"],
            collateral=config["collateral"],
            monitoring=config["monitoring"],
            hazard=config["hazard"],
        ),
        lenders=Lenders(platform_halves=config["halves"], information_halves=config["halves"]),
    )
    money = {
        name: config["scale"] * config["cluster"][name]
        for name in ("shared", "coordination", "fee")
    }
    rest = {name: config["cluster"][name] for name in ("cut", "weight")}
    return compose(
        base,
        [
            firms,
            WorkingCapital(
                terms="letter of credit",
                repaid=config["repaid"],
                support=FinanceSupport(0.0, config["hazard"], subsidy=0.0, letter_subsidy=0.0),
            ),
            ExchangeRisk(premium=config["premium"], coverage=0.0, line=config["line"]),
            Clusters(members="managed", support=0.0, **money, **rest),
            WaysIn(fairs=0.0, doubles=config["fairs"], **config["ways"]),
            BusinessServices(**config["services"]),
        ],
    )


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Exporters, real income and budget over the strength of each instrument."""
    base = economy(config)
    for path, _ in TOOLS.values():  # arrays throughout, so that all solves are one program
        base = Lever(path, "set").put(base, 0.0)
    plain = short_run(base).outcomes
    strength = np.linspace(0.0, 1.0, config["points"])
    found = np.zeros((len(TOOLS), len(strength), 3))
    ledger = 0.0
    for k, (tool, (path, most)) in enumerate(TOOLS.items()):
        progress(k, len(TOOLS), tool)
        for n, share in enumerate(strength):
            model = Lever(path, "set").put(base, most * share)
            solved = short_run(model)
            out = solved.outcomes
            budget = sum(float(out[f"{part}.budget"][0]) for part in PARTS)
            found[k, n] = (
                budget / float(plain["gdp"][0]),
                float(out[_EXPORTERS][0, 1, 0] / plain[_EXPORTERS][0, 1, 0]) - 1.0,
                float(out["welfare"][0] / plain["welfare"][0]) - 1.0,
            )
            ledger = max(ledger, largest_imbalance(solved.ledger))
    axes = ("tool", "strength")
    return xr.Dataset(
        {
            "budget": (axes, 100.0 * found[..., 0], {"units": "% of GDP"}),
            "exporters": (axes, 100.0 * found[..., 1], {"units": "%"}),
            "income": (axes, 100.0 * found[..., 2], {"units": "%"}),
        },
        coords={"tool": list(TOOLS), "strength": strength},
        attrs={"status": "converged", "ledger": ledger},
    )


_EXPORTERS = "financed_selection.firms"


def _per_budget(record: xr.Dataset, name: str) -> dict[str, float]:
    """Gain per one per cent of GDP at the first step of each instrument."""
    one = record.isel(strength=1)
    return {
        tool: float(one[name].sel(tool=tool) / one["budget"].sel(tool=tool))
        for tool in record["tool"].values
    }


def describe(record: xr.Dataset) -> dict[str, str]:
    """Which instrument buys most exporters, which raises real income."""
    config = settings(record)
    buys, worth = _per_budget(record, "exporters"), _per_budget(record, "income")
    best = max(buys, key=lambda tool: buys[tool])
    up = [tool for tool, gain in worth.items() if gain > 0]
    richest = max(worth, key=lambda tool: worth[tool])
    return {
        "title": (
            f"Per unit of budget the {best} brings most exporters; net of the budget real income "
            f"rises under {len(up)} of {len(worth)} instruments, most under the {richest}"
        ),
        "caption": (
            "Change of the number of firms that export (left) and of real income net of what the "
            f"budget takes (right) over the budget, for {len(buys)} instruments used one at a time "
            "in both of two equal economies. Firms that differ (Melitz 2003, Chaney 2008: "
            f"σ = {config['sigma']:g}, κ = {config['theta']:g}) borrow 0.7 of the fixed cost of a "
            f"market (Manova 2013: repaid with probability {config['repaid']:g}, interest "
            f"{config['interest']:g}, collateral {config['collateral']:g} of "
            f"entry, monitoring {config['monitoring']:g} a loan, a full guarantee "
            f"lowers repayment by {config['hazard']:g}), borrow until payment after 60 days from "
            "banks that are repaid, and guaranteed, in the same way, pay 1 % for "
            f"letters of credit, bear a premium of {config['premium']:.0%} for exchange-rate risk "
            f"(a swap line costs {config['line']:.1%} of sales covered) and share "
            f"{config['cluster']['weight']:.0%} of costs in managed clusters. Fairs double the "
            f"contacts of firms for {config['fairs']:g} of money (Chaney 2014, elasticity of "
            f"delivered cost {config['ways']['weight']:g}); business services raise productivity "
            f"by at most {config['services']['gain']:.0%}, half of it for "
            f"{config['services']['halves']:g}. All budgets come out of income, in the ledger. "
            f"Assumed: {config['halves']:g} of money halves monitoring or default; with what fairs "
            "and services bring it decides where these four stand. No data."
        ),
        "checks": f"the ledger adds up to {float(record.attrs['ledger']):.0e}; markets to 1e-10",
    }


def _idle(record: xr.Dataset, tool: str) -> bool:
    """Whether an instrument brings no exporters at any budget."""
    return float(np.abs(record["exporters"].sel(tool=tool)).max()) < 1e-6


def draw(record: xr.Dataset) -> Figure:
    """Exporters and real income over the budget."""
    figure, axes = style.sheet(1, 2, height=3.4)
    for k, tool in enumerate(record["tool"].values):
        one = record.sel(tool=tool)
        for ax, name in zip(axes, ("exporters", "income"), strict=True):
            ax.plot(
                one["budget"],
                one[name],
                color=style.COLOURS[k % len(style.COLOURS)],
                # Dashes of two lines in one place fill each other's gaps.
                ls="-" if k < 5 else (3.0 * (k // 2 % 2), (3.0, 3.0)),
                label=tool,
            )
    none = [str(t) for t in record["tool"].values if _idle(record, t)]
    if none:
        place = (float(record["budget"].max()), 0.0)
        axes[0].annotate(
            f"none: {' and '.join(none)}",
            place,
            (0.0, -2.5),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=style.SMALLEST,
        )
        axes[0].set_ylim(bottom=-0.07 * float(record["exporters"].max()))  # room for it
    axes[0].set(ylabel="exporters, change in %", title="who exports")
    axes[1].set(ylabel="real income, change in %", title="real income, net of the budget")
    for ax in axes:
        ax.axhline(0.0, color="black", lw=0.6, zorder=1)
        ax.set(xlabel="budget, % of GDP")
    lines, names = axes[1].get_legend_handles_labels()
    legend = figure.legend(lines, names, loc="outside lower center", ncols=4)
    for line in legend.get_lines():  # all dashes alike
        line.set_linestyle("-" if line.get_linestyle() == "-" else (0.0, (3.0, 3.0)))
    return figure
