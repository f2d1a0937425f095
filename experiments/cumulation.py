"""Cumulation of origin: more content, origin and use; welfare need not rise.

One agreement among the ten of ASEAN on the 2020 table with a demanding rule. The economy is solved
with contents held, contents follow from its input shares, until both rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import settings
from neg import data, short_run
from neg.agreements import Agreement, Agreements, Lines, RuleOfOrigin, observed
from neg.agreements.equilibrium import extremes
from neg.analysis import calibrate
from neg.data.aggregate import aggregate
from neg.figures import style

CONFIG: dict[str, Any] = {
    "theta": 5.0,
    "mfn": 0.10,
    "content": 0.70,
    "median": 0.03,
    "rounds": 40,
}
SMOKE = {"rounds": 10}

RULES = ("none", "diagonal", "full")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """The same economy before the agreement and under each cumulation."""
    table = data.load_icio()
    small = aggregate(table, {}, {"goods": table.sectors[:2], "services": table.sectors[2:]})
    n = len(small.places)
    mfn = np.zeros((n, n, 2))
    mfn[..., 0] = config["mfn"] * ~np.eye(n, dtype=bool)
    terms: dict[str, Any] = {"cost": config["median"], "lines": Lines(excluded=("services",))}
    origin = {rule: RuleOfOrigin(config["content"], cumulation=rule) for rule in RULES}
    rules = {k: Agreement("ASEAN", data.ASEAN, rule=one, **terms) for k, one in origin.items()}
    # Solved with contents held, so that one compiled solve serves every kind of cumulation.
    start = observed(Agreements([rules["diagonal"]], mfn=mfn), small, hold=True)
    base = calibrate(
        small,
        theta=config["theta"],
        parts=[start.with_(**{"ASEAN.coverage": 0.0})],
        uses="common",
        deficit_rule="own-share",
    )
    before = short_run(base)
    welfare = np.asarray(before.outcomes["consumption"])
    at = [small.places.index(name) for name in data.ASEAN]
    found: dict[str, list[Any]] = {"content": [], "origin": [], "use": [], "welfare": []}
    moved = []
    for number, (rule, one) in enumerate(rules.items()):
        progress(number + 1, 4, rule)
        held, solution = start.held, before
        for _ in range(config["rounds"]):
            now = base.with_(parts=(start.with_(held=held),))
            solution = short_run(now, prices=solution.prices)
            told = start.with_(agreements=(one,))
            new, _ = extremes(told, solution)["ASEAN"]
            change = float(np.abs(np.asarray(new) - np.asarray(held[0])).max())
            held = (new,)
            if change < 1e-10:
                break
        moved.append(change)
        out = solution.outcomes
        use = np.asarray(out["agreements.use_value"])[..., 0][np.ix_(at, at)]
        sold = np.asarray(out["trade"])[..., 0][np.ix_(at, at)]
        np.fill_diagonal(sold, 0.0)
        content = np.asarray(held[0])[:, 0]
        found["content"].append(100 * content)
        found["origin"].append(100 * np.asarray(one.origin(held[0]))[:, 0])
        found["use"].append(100 * (use * sold).sum(axis=1) / sold.sum(axis=1))
        found["welfare"].append(100 * (np.asarray(out["consumption"]) / welfare - 1.0)[at])
    dims = ("cumulation", "place")
    rests = max(moved) < 1e-10
    record = xr.Dataset(
        {name: (dims, np.array(values), {"units": "per cent"}) for name, values in found.items()},
        coords={"cumulation": list(RULES), "place": list(data.ASEAN)},
        attrs={
            "status": "converged" if rests else "contents do not rest",
            "held_fixed": "employment of every place and sector",
        },
    )
    record["moved"] = ("cumulation", moved, {"units": "1"})
    return record


def describe(record: xr.Dataset) -> dict[str, str]:
    """Who gains from more cumulation, and who does not."""
    config = settings(record)
    mean = {name: record[name].mean("place").values for name in ("content", "origin", "use")}
    change = record["welfare"].sel(cumulation="full") - record["welfare"].sel(cumulation="none")
    worse = int((change < 0).sum())
    return {
        "title": (
            f"From none to full cumulation mean use rises from {mean['use'][0]:.0f} to "
            f"{mean['use'][2]:.0f} % of exports within ASEAN, and {worse} of 10 members lose real "
            "income by it"
        ),
        "caption": (
            "Regional value content of goods, share of firms whose goods originate, share of "
            "exports within ASEAN by value that use the preference, and the change of real income "
            f"against MFN, by member. Rule of origin: content of {100 * config['content']:g} % "
            "(spread 5 points), higher than ASEAN's 40 % so that it binds; compliance cost "
            f"log-normal, median {100 * config['median']:g} %. Means over members with none, "
            f"diagonal and full cumulation: content {mean['content'][0]:.1f}, "
            f"{mean['content'][1]:.1f} and {mean['content'][2]:.1f} %. Users pay compliance, which "
            "is burnt, to save duties, which were revenue: real income need not rise with use. "
            "Goods and services of 21 regions, OECD table of 2020, trade elasticity "
            f"{config['theta']:g}; assumed: one MFN duty of {100 * config['mfn']:g} % on goods, "
            "preferential duties of zero, workers stay in their place and sector, deficits follow "
            "labour income."
        ),
        "checks": f"contents rest to {float(record['moved'].max()):.0e}",
    }


def draw(record: xr.Dataset) -> Figure:
    """Four panels by member."""
    figure, axes = style.sheet(1, 4, height=3.0, sharey=True)
    titles = {
        "content": ("Content", "% of output"),
        "origin": ("Originating", "% of firms"),
        "use": ("Use", "% of exports in ASEAN"),
        "welfare": ("Real income", "change, %"),
    }
    rows = np.arange(record.sizes["place"])
    marks = {"none": "o", "diagonal": "s", "full": "D"}
    for panel, (name, (title, label)) in zip(axes, titles.items(), strict=True):
        values = record[name]
        panel.hlines(rows, values.min("cumulation"), values.max("cumulation"), color=style.QUIET)
        for number, rule in enumerate(RULES):
            panel.plot(
                values.sel(cumulation=rule),
                rows,
                marks[rule],
                color=style.COLOURS[number],
                ms=4.0,
                label=rule if name == "content" else None,
            )
        panel.set_title(title)
        panel.set_xlabel(label)
        panel.grid(axis="x")
    axes[3].axvline(0.0, color=style.INK, lw=0.7)
    axes[3].set_xticks([-0.5, 0.0, 0.5])
    axes[0].set_yticks(rows, [str(name) for name in record["place"].values])
    axes[0].invert_yaxis()
    figure.legend(loc="outside lower center", ncols=3, title="cumulation")
    return figure
