"""The embedded tables: OECD 2020 for 21 regions, WIOD 2011 for seven economies, facts."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import xarray as xr

from neg.core.checks import check_labels
from neg.data.sources import FILES, source_attrs
from neg.data.table import Table

_FACT_UNITS = {
    "population_2019_mn": ("population", "million persons", 2019),
    "employment_2019_mn": ("employment", "million persons", 2019),
    "human_capital_2019": ("human_capital", "index", 2019),
    "gdp_usd_2019_mn": ("gdp", "million USD, current prices", 2019),
    "real_gdp_2019_mn_2017usd": ("real_gdp", "million USD of 2017, purchasing power parity", 2019),
    "area_km2": ("area", "km2", None),
    "lpi_2016": ("logistics_performance", "index, 1 to 5", 2016),
}


def load_icio() -> Table:
    """Return the OECD inter-country input-output table of 2020: 21 regions and 11 sectors.

    Values are in million USD at basic prices, rounded to 0.01 in the file; value added is made the
    exact residual of its column (see ``notes``). Taxes on final use are not in the file: zero.
    Re-exports: a flow runs from where a good was made to where it is used, so that goods passing
    through Hong Kong, Singapore or Viet Nam are not sales of theirs; in no cell of this table do
    exports exceed output, unlike in customs data.

    >>> table = load_icio()
    >>> len(table.places), len(table.sectors), table.year
    (21, 11, 2020)
    """
    name = "icio2020_21x11.csv.gz"
    with (FILES / name).open("rb") as raw, gzip.open(raw, "rt", encoding="utf-8") as text:
        frame = pd.read_csv(text, index_col=[0, 1])
    table = _from_frame(frame, source_attrs(name)["source"], 2020)
    return table.balanced()


def _from_frame(frame: pd.DataFrame, source: str, year: int) -> Table:
    """Unpack rows ``region, sector`` and columns ``REGION:sector`` or ``REGION:use``."""
    rows = frame.index[:-2]
    places = tuple(rows.get_level_values(0).unique())
    sectors = tuple(rows.get_level_values(1).unique())
    uses = tuple(dict.fromkeys(label.split(":")[1] for label in frame.columns[len(rows) :]))
    n, S, F = len(places), len(sectors), len(uses)
    check_labels(
        "rows", [f"{p}:{s}" for p, s in rows], [f"{p}:{s}" for p in places for s in sectors]
    )
    names = [f"{place}:{name}" for kind in (sectors, uses) for place in places for name in kind]
    check_labels("columns", list(frame.columns), names)
    values = frame.to_numpy(dtype=float)
    taxes, value_added = values[-2], values[-1]
    return Table(
        places=places,
        sectors=sectors,
        uses=uses,
        intermediate=values[:-2, : n * S].reshape(n, S, n, S),
        final=values[:-2, n * S :].reshape(n, S, n, F),
        net_taxes_industry=taxes[: n * S].reshape(n, S),
        net_taxes_final=taxes[n * S :].reshape(n, F),
        value_added=value_added[: n * S].reshape(n, S),
        source=source,
        year=year,
    )


def facts() -> xr.Dataset:
    """Return population, employment, GDP, area and logistics of the 18 economies.

    One variable per fact along ``place``, each with unit, year and source; ``name`` is a
    coordinate. Years are 2019 (Penn World Table) and 2016 (logistics performance index).

    >>> population = facts()["population"]
    >>> round(float(population.sel(place="VNM"))), population.attrs["unit"]
    (96, 'million persons')
    """
    name = "east_asia_18_facts.csv"
    with (FILES / name).open("rb") as raw:
        frame = pd.read_csv(raw)
    attrs = source_attrs(name)
    dataset = xr.Dataset(coords={"place": frame["iso3"].to_list()}, attrs=attrs)
    dataset = dataset.assign_coords(name=("place", frame["name"].to_list()))
    for column, (variable, unit, year) in _FACT_UNITS.items():
        dataset[variable] = ("place", frame[column].to_numpy(dtype=float))
        dataset[variable].attrs = {"unit": unit, "source": attrs["source"]}
        if year is not None:
            dataset[variable].attrs["year"] = year
    return dataset


def asia7() -> xr.Dataset:
    """Return the 2011 table of seven economies and five sectors with machinery on its own.

    Variables: ``flows`` [origin, destination, sector] in million USD (ROW is one of the regions),
    ``domestic_share`` [place, sector], and the cost shares of each buying sector:
    ``value_added_share`` [buyer], ``input_share`` [buyer, sector], ``final_share`` [buyer].
    """
    frames = {}
    for part in ("flows", "domestic_shares", "cost_shares"):
        with (FILES / f"asia7_2011_{part}.csv").open("rb") as raw:
            frames[part] = pd.read_csv(raw)
    flows, costs = frames["flows"], frames["cost_shares"].set_index("buyer")
    home = frames["domestic_shares"].set_index("economy")
    regions = list(dict.fromkeys(flows["origin"]))
    sectors = list(costs.index)
    index = pd.MultiIndex.from_product([regions, regions, sectors])
    values = flows.set_index(["origin", "destination", "sector"])["value_musd"].reindex(index)
    shape = (len(regions), len(regions), len(sectors))
    dataset = xr.Dataset(
        {
            "flows": (("origin", "destination", "sector"), values.to_numpy().reshape(shape)),
            "domestic_share": (("place", "sector"), home[sectors].to_numpy(dtype=float)),
            "value_added_share": (("buyer",), costs["value_added_share"].to_numpy()),
            "final_share": (("buyer",), costs["final_spending_share"].to_numpy()),
            "input_share": (
                ("buyer", "sector"),
                costs[[f"input_{sector}" for sector in sectors]].to_numpy(),
            ),
        },
        coords={
            "origin": regions,
            "destination": regions,
            "place": list(home.index),
            "buyer": sectors,
            "sector": sectors,
        },
        attrs=source_attrs("asia7_2011_flows.csv"),
    )
    missing = int(np.isnan(dataset["flows"].values).sum())
    dataset.attrs["notes"] = f"{missing} flows are not in the file and are NaN"
    for variable in dataset.data_vars:
        dataset[variable].attrs["unit"] = "million USD" if variable == "flows" else "1"
    return dataset
