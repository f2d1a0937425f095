"""A war of tariffs: what each bloc would choose, and what cooperation saves.

Four blocs of the 2020 table trade goods and services. Each sets the tariff that is best for it,
given the others', until nobody wants to move; the outcome is compared with free trade, and with
the two halves of East Asia setting their tariff together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from neg import data
from neg.analysis import calibrate
from neg.analysis.tariffs import OptimalTariffs, nash_tariffs, optimal_tariffs
from neg.data.aggregate import aggregate
from neg.economy.general import GeneralEconomy
from neg.figures import style
from neg.solvers.short_run import short_run

CONFIG: dict[str, Any] = {"theta": 4.0}
SMOKE: dict[str, Any] = {}

NORTH = ("CHN", "HKG", "JPN", "KOR", "TWN")
BLOCS = {
    "ASEAN": data.ASEAN,
    "North-East Asia": NORTH,
    "USA and EU": ("USA", "EU27"),
    "others": ("AUS", "IND", "NZL", "ROW"),
}
TOGETHER = ("ASEAN", "North-East Asia")


def blocs(config: dict[str, Any]) -> GeneralEconomy:
    """The economy of the four blocs."""
    table = data.load_icio()
    small = aggregate(table, BLOCS, {"goods": table.sectors[:2], "services": table.sectors[2:]})
    return calibrate(small, theta=config["theta"], uses="common")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Best tariffs of each bloc alone, of all at once, and of East Asia together."""
    economy = blocs(config)
    names = list(economy.places)
    free = np.asarray(short_run(economy).outcomes["real_income"])
    found: dict[str, OptimalTariffs] = {}
    cases = [f"{name} alone" for name in names] + ["tariff war", "East Asia together"]
    for number, case in enumerate(cases):
        progress(number, len(cases), case)
        if number < len(names):
            found[case] = optimal_tariffs(economy, [names[number]])
        else:
            rest = [[name] for name in names if name not in TOGETHER]
            union = [list(TOGETHER)] if case != "tariff war" else [[name] for name in TOGETHER]
            found[case] = nash_tariffs(economy, union + rest)
    abroad = ~np.eye(len(names), dtype=bool)
    rates = [
        [100.0 * fit.tariff[abroad[:, j], j, 0].max() for j in range(len(names))]
        for fit in found.values()
    ]
    change = [
        100.0 * (np.asarray(fit.solution.outcomes["real_income"]) / free - 1.0)
        for fit in found.values()
    ]
    record = xr.Dataset(
        {
            "tariff": (("case", "bloc"), rates, {"units": "per cent"}),
            "income": (("case", "bloc"), change, {"units": "per cent"}),
            "gradient": ("case", [fit.gradient for fit in found.values()], {"units": "1"}),
            "rounds": ("case", [fit.rounds for fit in found.values()], {"units": "1"}),
        },
        coords={"case": cases, "bloc": names},
        attrs={"title": "A war of tariffs, and what cooperation saves", "status": "converged"},
    )
    record.attrs["caption"] = _caption(config, record)
    return record


def _caption(config: dict[str, Any], record: xr.Dataset) -> str:
    war, together = record.sel(case="tariff war"), record.sel(case="East Asia together")
    alone = {name: float(record["income"].sel(case=f"{name} alone", bloc=name)) for name in BLOCS}
    losses = ", ".join(f"{name} {float(war['income'].sel(bloc=name)):+.2f} %" for name in BLOCS)
    rates = war["tariff"].values
    return (
        "Starting from the trade of 2020 without tariffs, every bloc could gain alone (ASEAN "
        f"{alone['ASEAN']:+.2f} %, others not answering) with its best uniform tariff; when all "
        f"choose theirs ({rates.min():.0f} to {rates.max():.0f} %) {_losers(war)}: "
        f"{losses}. If ASEAN and North-East Asia keep trade between them free and set one tariff "
        f"together, ASEAN ends at {float(together['income'].sel(bloc='ASEAN')):+.2f} % and "
        f"North-East Asia at {float(together['income'].sel(bloc='North-East Asia')):+.2f} %. "
        "Cooperation of all would keep everybody at zero. Gradients at the end are at most "
        f"{float(record['gradient'].max()):.0e}; other Nash equilibria, autarky among them, exist. "
        "Four blocs of the 21 regions, goods and services, employment fixed, revenue to the "
        f"people; trade elasticity {config['theta']:g}; OECD table 2020."
    )


def _losers(war: xr.Dataset) -> str:
    lost = int((war["income"] < 0).sum())
    return "everybody loses" if lost == war.sizes["bloc"] else f"{lost} of them lose"


def draw(record: xr.Dataset) -> Figure:
    """Tariffs and real incomes by bloc, alone, at war, and with East Asia together."""
    figure, axes = plt.subplots(1, 2, figsize=(11.5, 4.2))
    names = [str(name) for name in record["bloc"].values]
    shown = {"alone": 2, "tariff war": 1, "East Asia together": 0}
    for number, (case, colour) in enumerate(shown.items()):
        for ax, name, pattern in ((axes[0], "tariff", ".0f"), (axes[1], "income", "+.2f")):
            values = [
                float(record[name].sel(case=f"{b} alone" if case == "alone" else case, bloc=b))
                for b in names
            ]
            drawn = ax.bar(
                np.arange(len(names)) + 0.28 * (number - 1),
                values,
                width=0.26,
                color=style.COLOURS[colour],
                label={"alone": "each alone, no answer"}.get(case, case),
            )
            ax.bar_label(drawn, [style.number(v, pattern) for v in values], padding=2, fontsize=7.5)
    for ax in axes:
        ax.set_xticks(range(len(names)), names)
        ax.axhline(0.0, color=style.QUIET, lw=0.8)
        ax.margins(y=0.15)
    axes[0].set(ylabel="tariff on imports from outside, %")
    axes[0].set_title("Tariffs that each chooses")
    axes[1].set(ylabel="real income, change from free trade in %")
    axes[1].set_title("What becomes of real income")
    axes[1].legend(loc="lower right")
    return figure
