"""Border costs and the trade elasticity that match chosen moments, by gradient.

The 2020 table as goods and services of 15 regions. Unknown are the change of the trade costs of
goods inside East Asia, that of its costs with all others, and the trade elasticity. First they are
recovered from moments that the model itself has simulated. Then they are found so that East Asia's
intra-regional share of trade in goods is that of 2003 and of 1980, while every region buys the
goods at home that it does in the table.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import listed, settings
from neg import data
from neg.analysis import calibrate
from neg.data.aggregate import aggregate
from neg.economy.general import General
from neg.estimation import Result, match_moments
from neg.figures import style
from neg.solvers.short_run import short_run

CONFIG: dict[str, Any] = {
    "shares": {"2003": 0.524, "1980": 0.349},
    "truth": {"theta": 5.0, "inside": -0.08, "outside": 0.05},
    "start": {"theta": 3.5, "inside": 0.02, "outside": 0.02},
    # Trade data of one year cannot tell the elasticity from costs: where wages are not observed,
    # it is drawn towards the estimate of the literature.
    "literature": 4.0,
    "weight": 10.0,  # of the intra-regional share, beside shares bought at home
    "tolerance": 1e-8,
}
SMOKE: dict[str, Any] = {"shares": {"2003": 0.524}}

MERGED = {"other ASEAN": ("BRN", "KHM", "LAO", "MMR"), "others": ("AUS", "IND", "NZL", "TWN")}
EAST_ASIA = (*("other ASEAN", "IDN", "MYS", "PHL", "SGP", "THA", "VNM"), "CHN", "JPN", "HKG", "KOR")
GOODS = np.array([1.0, 0.0])  # of goods and services
BOUNDS = {"theta": (1.0, 20.0), "inside": (-2.0, 2.0), "outside": (-2.0, 2.0)}
NAMES = {
    "theta": "trade elasticity θ",
    "inside": "inside East Asia",
    "outside": "with others",
}


class Moments(eqx.Module):
    """Moments of the economy after changes of its costs and of the trade elasticity."""

    economy: General
    member: Any

    def __call__(self, unknown: dict[str, Any]) -> dict[str, Any]:
        """Intra-regional share, shares bought at home, log wages (goods), log trade elasticity."""
        one, other = self.member[:, None], self.member[None, :]
        abroad = 1.0 - jnp.eye(len(self.member))
        change = unknown["inside"] * one * other + unknown["outside"] * (one + other) * (
            1.0 - one * other
        )
        model = self.economy.with_(
            tau=jnp.exp((change * abroad)[..., None] * GOODS),
            theta=jnp.full(len(GOODS), unknown["theta"]),
        )
        out = short_run(model).outcomes
        trade = out["trade"][:, :, 0]
        return {
            **self.shares(trade),
            "wage": jnp.log(out["wage"][:, 0]),
            "elasticity": jnp.log(unknown["theta"]),
        }

    def shares(self, trade: Any) -> dict[str, Any]:
        """Share of East Asia's exports and imports that stays inside; shares bought at home."""
        foreign = trade * (1.0 - jnp.eye(len(self.member)))
        inside = jnp.sum(foreign * self.member[:, None] * self.member[None, :])
        total = jnp.sum(foreign * (self.member[:, None] + self.member[None, :]))
        return {"intra": 2.0 * inside / total, "own": jnp.diag(trade) / jnp.sum(trade, axis=0)}


def moments(config: dict[str, Any]) -> tuple[Moments, dict[str, Any]]:
    """The moments as a function, and those of the table."""
    table = data.load_icio()
    sectors = {"goods": table.sectors[:2], "services": table.sectors[2:]}
    small = aggregate(table, MERGED, sectors)
    member = jnp.asarray(np.isin(small.places, EAST_ASIA), dtype=float)
    made = Moments(calibrate(small, uses="common"), member)
    observed = made.shares(jnp.asarray(small.flows[:, :, 0]))
    none = jnp.zeros(len(small.places))
    return made, {**observed, "wage": none, "elasticity": jnp.log(config["literature"])}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Recover the truth from simulated moments, then match the shares of other years."""
    made, observed = moments(config)
    unknowns = {name: (config["start"][name], *BOUNDS[name]) for name in BOUNDS}
    runs: dict[str, tuple[dict[str, Any], dict[str, float]]] = {}
    progress(0, 2 + len(config["shares"]), "simulated data")
    simulated = made({name: jnp.asarray(config["truth"][name]) for name in BOUNDS})
    # The prior is off and wages are seen: they are what tells the elasticity from costs.
    runs["simulated"] = (simulated, {"elasticity": 0.0})
    for year, share in config["shares"].items():
        runs[year] = ({**observed, "intra": share}, {"wage": 0.0, "intra": config["weight"]})
    found: dict[str, Result] = {}
    for number, (name, (targets, weights)) in enumerate(runs.items()):
        progress(1 + number, 2 + len(config["shares"]), name)
        found[name] = match_moments(
            made, unknowns, targets, weights=weights, tolerance=config["tolerance"], throw=False
        )
    labels = list(found)
    return xr.Dataset(
        {
            "value": (
                ("run", "unknown"),
                [[float(fit.values[k]) for k in BOUNDS] for fit in found.values()],
                {"units": "1", "label": "log changes of costs; elasticity"},
            ),
            "truth": ("unknown", [config["truth"][k] for k in BOUNDS], {"units": "1"}),
            "start": ("unknown", [config["start"][k] for k in BOUNDS], {"units": "1"}),
            "intra": ("run", [float(f.moments["intra"]) for f in found.values()], {"units": "1"}),
            "target": ("run", [float(runs[k][0]["intra"]) for k in labels], {"units": "1"}),
            "loss": ("run", [fit.loss for fit in found.values()], {"units": "1"}),
            "gradient": ("run", [fit.gradient for fit in found.values()], {"units": "1"}),
            "steps": ("run", [fit.steps for fit in found.values()], {"units": "1"}),
            "rank": ("run", [fit.rank for fit in found.values()], {"units": "1"}),
        },
        coords={"run": labels, "unknown": list(BOUNDS)},
        attrs={
            "observed": float(observed["intra"]),
            "tolerance": config["tolerance"],
            "status": ", ".join(
                sorted({"converged" if f.converged else "not converged" for f in found.values()})
            ),
        },
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """Which changes of trade costs lead from the share of 2020 to those of other years."""
    config = settings(record)
    years = [str(name) for name in record["run"].values if name != "simulated"]
    change = record["value"].copy(data=100.0 * np.expm1(record["value"].values))
    stories = [
        f"{100 * float(record['target'].sel(run=year)):.1f} % in {year} (the model reaches "
        f"{100 * float(record['intra'].sel(run=year)):.1f} %)"
        for year in years
    ]
    inside, outside = (float(change.sel(run=years[0], unknown=k)) for k in list(BOUNDS)[1:])
    words = lambda x: f"{abs(x):.0f} % {'less' if x < 0 else 'more'}"
    error = float(abs(record["value"].sel(run="simulated") - record["truth"]).max())
    return {
        "title": (
            f"To trade inside East Asia as in {years[0]}, deliveries of goods would have to cost "
            f"{words(inside)} inside it and {words(outside)} with others than in 2020"
        ),
        "caption": (
            "Changes of the trade costs of goods from 2020 that take East Asia's intra-regional "
            "share of trade in goods (ASEAN, China, Japan, Hong Kong, Korea) from the "
            f"{100 * float(record.attrs['observed']):.1f} % of the 2020 table to "
            f"{listed(stories)}, while all regions buy as many of their goods at home as in 2020; "
            f"least squares, the share with weight {config['weight']:g}. The shares of "
            "other years are those of Lim and Kimura, from trade statistics, which count goods and "
            "include re-exports. Sizes and technology stay those "
            "of 2020: the growth of China is not taken back, so this is no history of trade costs. "
            "Shares of trade alone hardly tell the trade elasticity from costs: it is drawn to "
            f"{config['literature']:g}. General economy of goods and services in 15 regions "
            "calibrated to the OECD inter-country input-output table of 2020; assumed: labour "
            "fixed in its sector, constant returns."
        ),
        "checks": (
            "from moments that the model simulated, shares and wages, all three unknowns come back "
            f"to {error:.0e}; the gradient left at the end is at most "
            f"{float(record['gradient'].max()):.0e}"
        ),
    }


def draw(record: xr.Dataset) -> Figure:
    """Changes of costs by year."""
    figure, axes = style.sheet(width="column", height=2.6)
    years = [str(name) for name in record["run"].values if name != "simulated"]
    for k, (name, colour) in enumerate((("inside", 0), ("outside", 1))):
        values = 100.0 * np.expm1(record["value"].sel(run=years, unknown=name).values)
        bars = axes.bar(
            np.arange(len(years)) + 0.36 * (k - 0.5),
            values,
            width=0.34,
            color=style.COLOURS[colour],
            label=NAMES[name],
        )
        axes.bar_label(bars, [style.number(v, "+.1f") for v in values], padding=2)
    shares = 100.0 * record["target"].sel(run=years).values
    axes.set_xticks(
        range(len(years)),
        [f"{y}: {s:.1f} %\nof trade inside" for y, s in zip(years, shares, strict=True)],
    )
    axes.axhline(0.0, color=style.QUIET, lw=0.8)
    axes.margins(y=0.18)
    axes.set_ylabel("trade costs, change from 2020, %")
    axes.legend()
    return figure
