"""Bilateral flows after reading: what the file lacks is treated as asked, small places merged."""

from __future__ import annotations

import numpy as np
import xarray as xr

from neg.core.checks import check_choice, check_kind, check_range
from neg.core.errors import InvalidDataError, InvalidShapeError, LabelMismatchError
from neg.data.readers.files import origin_of

PAIRS = ("zero", "nan", "error")
DOMESTIC = ("error", "nan", "zero", "output")


def label_flows(
    dataset: xr.Dataset, *, name: str, unit: str, year: int | None, notes: list[str]
) -> xr.Dataset:
    """Write unit, year, source and notes on the data set and on its flows, which travel alone."""
    attrs: dict[str, object] = {"unit": unit, "source": origin_of(name)}
    if year is not None:
        attrs["year"] = year
    attrs["notes"] = "; ".join(notes)
    dataset.attrs = dict(attrs)
    dataset["flows"].attrs = dict(attrs)
    return dataset


def fill(
    flows: xr.DataArray,
    name: str,
    notes: list[str],
    *,
    pairs: str,
    domestic: str,
    output: xr.DataArray | None,
    floor: float | None,
) -> None:
    """Treat missing domestic sales, then missing pairs, in place, and note both."""
    check_choice("treatment of missing pairs", pairs, PAIRS)
    check_choice("treatment of missing domestic sales", domestic, DOMESTIC)
    values = flows.to_numpy()
    missing = np.isnan(values)
    home = np.eye(flows.sizes["origin"], dtype=bool)
    home = home if values.ndim == 2 else np.broadcast_to(home[..., None], values.shape)
    own, foreign = missing & home, missing & ~home
    if foreign.any():
        if pairs == "error":
            raise InvalidDataError(
                f"{name}: {_first(flows, foreign)} is missing; see missing_pairs"
            )
        values[foreign] = 0.0 if pairs == "zero" else np.nan
        notes.append(f"{int(foreign.sum())} pairs are not in the file: {pairs}")
    if own.any():
        if domestic == "error":
            raise InvalidDataError(
                f"{name}: the domestic sale {_first(flows, own)} is missing; give it, or choose "
                "missing_domestic = 'output' with gross output, 'nan' or 'zero'"
            )
        notes.append(f"{int(own.sum())} domestic sales are not in the file: {domestic}")
        if domestic == "zero":
            values[own] = 0.0
        elif domestic == "output":
            values[own] = _domestic(flows, own, output, floor, notes)


def _domestic(
    flows: xr.DataArray,
    own: np.ndarray,
    output: xr.DataArray | None,
    floor: float | None,
    notes: list[str],
) -> np.ndarray:
    """Gross output less exports of the cells without domestic sales, at least ``floor`` of it."""
    if output is None:
        raise InvalidDataError("missing_domestic = 'output' needs gross output [place, sector]")
    check_kind("output", output, xr.DataArray)
    if floor is not None:
        check_range("floor", floor, 0.0, 1.0, low_open=True, high_open=True)
    made = output.rename(place="origin") if "place" in output.dims else output
    for dim in made.dims:
        if dim not in flows.dims or dim == "destination":
            raise InvalidShapeError(f"output has dimensions {output.dims}; must be [place, sector]")
        if dim not in made.coords:
            raise LabelMismatchError(f"output has no labels along {dim}; must name them")
    made = made.reindex({dim: flows[dim] for dim in made.dims})
    sold = flows.fillna(0.0).sum("destination")
    made = made.broadcast_like(sold).transpose(*sold.dims)
    rest = (made - sold).to_numpy()
    wanted = own.any(axis=1)
    bad = wanted & ~(rest > 0)
    if floor is not None:
        least = floor * made.to_numpy()
        bad = wanted & ~(least > 0)
        low = wanted & ~bad & (rest < least)
        if low.any():
            lift = (least - rest)[low].sum()
            places = sorted({str(sold["origin"].values[at[0]]) for at in np.argwhere(low)})
            notes.append(
                f"{int(low.sum())} domestic sales raised to {floor:g} of output ({lift:.6g} in "
                f"all), as exports leave less: {', '.join(places)}"
            )
        rest = np.maximum(rest, least)
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        where = ", ".join(str(sold[dim].values[i]) for dim, i in zip(sold.dims, at, strict=True))
        raise InvalidDataError(
            f"output of {where} is missing or not above its exports ({sold.values[at]:g}), as with "
            "re-exports; must exceed them, or say with floor= which share of output is sold at "
            "home at least"
        )
    return np.broadcast_to(np.expand_dims(rest, 1), own.shape)[own]


def merge_small_flows(dataset: xr.Dataset, smallest: float, rest: str = "ROW") -> xr.Dataset:
    """Merge places whose share of all flows sold is below ``smallest`` into ``rest``.

    Flows add up; tariffs are flow-weighted, distances plain means of the merged pairs.
    """
    check_range("smallest", smallest, 0.0, 1.0, high_open=True)
    sold = dataset["flows"].fillna(0.0).sum([d for d in dataset["flows"].dims if d != "origin"])
    places = [str(place) for place in dataset["origin"].values]
    small = [p for p, x in zip(places, sold / sold.sum(), strict=True) if x < smallest]
    small = [place for place in small if place != rest]
    if not small:
        return dataset
    owner = [rest if place in small else place for place in places]
    flows = dataset["flows"]

    def total(array: xr.DataArray) -> xr.DataArray:
        for dim in ("origin", "destination"):
            array = array.assign_coords({dim: owner}).groupby(dim).sum(skipna=False)
        return array.transpose(*dataset["flows"].dims[: array.ndim])

    merged = xr.Dataset({"flows": total(flows)}, attrs=dict(dataset.attrs))
    merged["flows"].attrs = dict(flows.attrs)
    if "tariff" in dataset:
        bought = total(flows)
        plain = total(dataset["tariff"]) / total(xr.ones_like(flows))
        mean = total(dataset["tariff"] * flows) / bought.where(bought > 0)
        merged["tariff"] = xr.where(bought > 0, mean, plain).assign_attrs(unit="1")
    if "distance" in dataset:
        distance = dataset["distance"]
        merged["distance"] = total(distance) / total(xr.ones_like(distance))
        merged["distance"].attrs = dict(distance.attrs)
    merged = merged.assign_coords(
        {dim: merged[dim].values.astype(str) for dim in ("origin", "destination")}
    )
    for attrs in (merged.attrs, merged["flows"].attrs):
        said = [attrs["notes"]] if attrs.get("notes") else []
        attrs["notes"] = "; ".join([*said, f"merged into {rest}: {', '.join(small)}"])
    return merged


def _first(flows: xr.DataArray, bad: np.ndarray) -> str:
    at = np.argwhere(bad)[0]
    return " ".join(str(flows[d].values[i]) for d, i in zip(flows.dims, at, strict=True))
