"""What the trade cost is made of, layer by layer, for pairs of East Asian economies.

Great-circle distances, border fees as surveyed in 2019, and stated assumptions for the rest; logs
add up, so that bars stack to what buyers pay above the price at the gate.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments import _east_asia
from experiments._words import settings
from neg import data, general_economy
from neg.agreements import Agreement, Agreements
from neg.barriers import (
    BorderFee,
    BorderTime,
    ExchangeRisk,
    FixedFrictions,
    Freight,
    Time,
    different,
    shares,
    trade_cost_layers,
)
from neg.figures import style

CONFIG: dict[str, Any] = {
    "value": 30_000.0,
    "usd_per_km": 0.24,
    "fixed_usd": 190.0,
    "km_per_hour": 14.7,
    "daily": 0.01,
    "clearance_hours": 72.0,
    "risk": 0.01,
    "language": 0.05,
    "mfn": 0.08,
    "compliance": 0.03,
}
SMOKE: dict[str, Any] = {}

# USD per shipment, export border compliance, Doing Business 2020 (data of 2019; the programme
# ended in 2021 over irregularities of data).
FEES = {
    "PHL": 456.0,
    "MMR": 431.67,
    "KHM": 375.0,
    "SGP": 335.0,
    "VNM": 290.0,
    "JPN": 272.44,
    "CHN": 256.2,
    "THA": 222.56,
    "MYS": 212.5,
    "IDN": 211.07,
    "KOR": 184.72,
}
SPOKEN = {
    "SGP": ["en", "zh", "ms"],
    "MYS": ["ms"],
    "IDN": ["ms"],
    "PHL": ["en"],
    "CHN": ["zh"],
    **{code: [code] for code in ("MMR", "KHM", "VNM", "JPN", "THA", "KOR")},
}
PAIRS = ("VNM THA", "SGP MYS", "IDN PHL", "MMR THA", "CHN KOR", "JPN CHN", "JPN IDN", "CHN VNM")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Layers of every pair, and shares of what is burnt and what is duty."""
    del progress
    places = list(FEES)
    km = data.distances().sel(origin=places, destination=places).values
    fee = np.asarray(list(FEES.values()))[:, None] * np.ones(len(places))
    sea = config["fixed_usd"] + config["usd_per_km"] * km
    abroad = ~np.eye(len(places), dtype=bool)
    members = tuple(place for place in places if place in data.ASEAN)
    asean = Agreement("ASEAN", members, cost=config["compliance"])
    economy = general_economy(
        places=places,
        sectors=("goods",),
        employment=1.0,
        theta=4.0,
        parts=[
            Freight(sea * abroad, config["value"]),
            Time(km / config["km_per_hour"], config["daily"]),
            BorderFee(fee * abroad, config["value"]),
            BorderTime(config["clearance_hours"], config["daily"]),
            ExchangeRisk(config["risk"]),
            FixedFrictions(config["language"], different(places, SPOKEN)),
            Agreements([asean], mfn=config["mfn"]),
        ],
    )
    layers = trade_cost_layers(economy).sel(sector="goods", drop=True)
    told = shares(layers)
    out = xr.Dataset(
        {
            "log_cost": layers,
            "burnt_share": 100.0 * told["burnt_share"],
            "duty_share": 100.0 * told["duty_share"],
        },
        attrs={"status": "closed forms; nothing is solved"},
    )
    out["log_cost"].attrs["units"] = "log points"
    for name in ("burnt_share", "duty_share"):
        out[name].attrs["units"] = "per cent"
    out["burnt"] = out["burnt"].astype(int)
    return out


def describe(record: xr.Dataset) -> dict[str, str]:
    """Which layers weigh most."""
    config = settings(record)
    shown = np.array(
        [
            record["log_cost"].sel(origin=o, destination=d).values
            for o, d in (pair.split() for pair in PAIRS)
        ]
    )
    mean = dict(zip(record["layer"].values, shown.mean(axis=0), strict=True))
    first, second = sorted(mean, key=lambda name: -mean[name])[:2]
    return {
        "title": (
            f"{_NAMES[first].capitalize()} and {_NAMES[second]} are the largest of "
            f"{len(mean)} layers of trade cost over these pairs under the stated assumptions"
        ),
        "caption": (
            "Layers in log points; bars stack to the log of what buyers pay over the price at the "
            "gate. From sources: great-circle distances between economies; border fees of the "
            "exporter, USD per shipment, Doing Business 2020 (data of 2019; the programme ended in "
            "2021 over irregularities of data). Assumed: a shipment is worth "
            f"{config['value']:g} USD; sea freight {config['fixed_usd']:g} USD and "
            f"{config['usd_per_km']:g} USD a km along the great circle, at "
            f"{config['km_per_hour']:g} km/h; a day costs {100 * config['daily']:g} % of value; "
            f"clearance takes {config['clearance_hours']:g} hours everywhere; exchange-rate risk "
            f"{100 * config['risk']:g} %, no common language {100 * config['language']:g} %, one "
            f"MFN duty of {100 * config['mfn']:g} %. Among ASEAN members duties are preferential, "
            f"for firms for which a compliance cost (log-normal, median "
            f"{100 * config['compliance']:g} %) pays; all goods are taken to originate."
        ),
        "checks": "layers add up in logs to the buyer's factor of the economy",
    }


_NAMES = {
    "freight": "freight",
    "time": "time in transit",
    "border_fee": "border fees",
    "border_time": "clearance time",
    "exchange_risk": "exchange-rate risk",
    "language": "language",
    "agreements": "compliance with preferences",
    "agreements tariff": "duties",
}


def draw(record: xr.Dataset) -> Figure:
    """Stacked bars, one for each pair."""
    figure, axes = style.sheet(1, 1, height=3.2)
    colours = (*style.COLOURS, "#f0e442")
    left = np.zeros(len(PAIRS))
    for number, layer in enumerate(record["layer"].values):
        values = np.array(
            [
                100 * float(record["log_cost"].sel(layer=layer, origin=o, destination=d))
                for o, d in (pair.split() for pair in PAIRS)
            ]
        )
        axes.barh(
            range(len(PAIRS)),
            values,
            left=left,
            height=0.68,
            color=colours[number],
            label=_NAMES[str(layer)],
        )
        left = left + values
    for row, total in enumerate(left):
        axes.text(total + 0.4, row, f"{total:.1f}", va="center", fontsize=style.SMALLEST)
    names = [
        f"{_east_asia.NAMES[o]} to {_east_asia.NAMES[d]}" for o, d in (p.split() for p in PAIRS)
    ]
    axes.set_yticks(range(len(PAIRS)), names)
    axes.invert_yaxis()
    axes.set(xlabel="log of buyers' price over the gate, × 100", xlim=(0, 1.08 * left.max()))
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside lower center", ncols=4)
    return figure
