"""A war of tariffs: what each bloc would choose, and what cooperation saves.

Four blocs of the 2020 table trade goods and services. Each sets the tariff that is best for it,
given the others', until nobody wants to move; the outcome is compared with free trade, and with
the two halves of East Asia setting their tariff together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import listed, settings
from neg import data
from neg.analysis import calibrate
from neg.data.aggregate import aggregate
from neg.economy.general import General
from neg.estimation.tariffs import OptimalTariffs, nash_tariffs, optimal_tariffs
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


def blocs(config: dict[str, Any]) -> General:
    """The economy of the four blocs."""
    table = data.load_icio()
    small = aggregate(table, BLOCS, {"goods": table.sectors[:2], "services": table.sectors[2:]})
    return calibrate(small, theta=config["theta"], uses="common")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Best tariffs of each bloc alone, of all at once, and of East Asia together."""
    economy = blocs(config)
    names = list(economy.places)
    free = np.asarray(short_run(economy).outcomes["welfare"])
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
        100.0 * (np.asarray(fit.solution.outcomes["welfare"]) / free - 1.0)
        for fit in found.values()
    ]
    return xr.Dataset(
        {
            "tariff": (("case", "bloc"), rates, {"units": "per cent"}),
            "income": (("case", "bloc"), change, {"units": "per cent"}),
            "gradient": ("case", [fit.gradient for fit in found.values()], {"units": "1"}),
            "rounds": ("case", [fit.rounds for fit in found.values()], {"units": "1"}),
        },
        coords={"case": cases, "bloc": names},
        attrs={"status": "converged"},
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """What a tariff war costs every bloc, and what cooperation saves."""
    war, together = record.sel(case="tariff war"), record.sel(case="East Asia together")
    percent = lambda case, name: f"{float(case['income'].sel(bloc=name)):+.2f} %"
    alone = [f"{name} {percent(record.sel(case=f'{name} alone'), name)}" for name in BLOCS]
    losses = listed(f"{name} {percent(war, name)}" for name in BLOCS)
    lost = int((war["income"] < 0).sum())
    who = "everybody loses" if lost == war.sizes["bloc"] else f"{lost} of {war.sizes['bloc']} lose"
    members = {name: listed(places) for name, places in BLOCS.items()}
    gained = all(
        float(together["income"].sel(bloc=name)) > float(war["income"].sel(bloc=name))
        for name in TOGETHER
    )
    less = ", ".join(percent(together, name) for name in TOGETHER)
    return {
        "title": (
            f"In a tariff war {who}: {losses}"
            + (f"; East Asia together loses less ({less})" if gained else "")
        ),
        "caption": (
            "Starting from the trade of 2020 without tariffs, every bloc chooses the uniform "
            "tariff on imports from outside that is best for its own real income: alone, the "
            f"others not answering (green: {'; '.join(alone)}); all against all, until nobody "
            f"wants to move (orange: tariffs of {float(war['tariff'].min()):.0f} to "
            f"{float(war['tariff'].max()):.0f} %); and with ASEAN and North-East Asia keeping "
            "trade between them free and setting one tariff together (blue). Cooperation of all "
            "would keep everybody at zero. One Nash equilibrium was searched for, by best answers "
            "from free trade; others, autarky among them, exist. "
            f"North-East Asia: {members['North-East Asia']}; others: {members['others']}. General "
            "economy of goods and services in four blocs calibrated to the OECD inter-country "
            "input-output table of 2020; assumed: employment fixed by sector, constant returns, "
            f"trade elasticity {settings(record)['theta']:g}, revenue to the people of the buyer."
        ),
        "checks": (
            "derivatives of what each maximises are at most "
            f"{float(record['gradient'].max()):.0e} at the end"
        ),
    }


def draw(record: xr.Dataset) -> Figure:
    """Tariffs and real incomes by bloc, alone, at war, and with East Asia together."""
    figure, axes = style.sheet(1, 2, height=2.7, width_ratios=[0.75, 1.25])
    names = list(BLOCS)
    shown = {"alone": 2, "tariff war": 1, "East Asia together": 0}
    for number, (case, colour) in enumerate(shown.items()):
        for ax, name, pattern in ((axes[0], "tariff", ".0f"), (axes[1], "income", "+.1f")):
            values = [
                float(record[name].sel(case=f"{b} alone" if case == "alone" else case, bloc=b))
                for b in names
            ]
            drawn = ax.bar(
                np.arange(len(names)) + 0.31 * (number - 1),
                values,
                width=0.29,
                color=style.COLOURS[colour],
                label={"alone": "each alone, no answer"}.get(case, case),
            )
            texts = [style.number(v, pattern) for v in values]
            ax.bar_label(drawn, texts, padding=2, fontsize=style.SMALLEST)
    for ax in axes:
        ax.set_xticks(range(len(names)), [name.replace(" ", "\n", 1) for name in names])
        ax.tick_params(axis="x", length=0)
        ax.axhline(0.0, color=style.QUIET, lw=0.8)
        ax.margins(y=0.15)
    axes[0].set(ylabel="tariff on imports from outside, %", title="Tariffs that each chooses")
    axes[1].set(ylabel="real income, change in %", title="Real income against free trade")
    axes[1].legend(loc="lower right")
    return figure
