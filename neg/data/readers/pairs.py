"""Read bilateral flows: a plain pair table, or a square matrix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from neg.core.checks import check_choice, check_labels, check_range
from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.data.readers.text import labels, numbers, read_columns, read_grid

PAIRS = ("zero", "nan", "error")
DOMESTIC = ("error", "nan", "zero", "output")


def read_pairs(
    path: str | Path,
    *,
    exporter: str = "exporter",
    importer: str = "importer",
    sector: str = "sector",
    value: str = "value",
    unit: str = "",
    year: int | None = None,
    missing_pairs: str = "zero",
    missing_domestic: str = "error",
    output: xr.DataArray | None = None,
    smallest: float = 0.0,
    rest: str = "ROW",
) -> xr.Dataset:
    """Read a table ``exporter, importer, sector, value[, tariff, distance]``, one flow a row.

    Returns ``flows`` [origin, destination, sector] and, where the file has them, ``tariff`` (same
    shape, ad valorem) and ``distance`` [origin, destination] (km). Without a column of that name
    there is one sector, ``all``.

    Arguments
        exporter, importer, sector, value: names of the columns.
        missing_pairs: flows of pairs that the file does not list: ``"zero"``, ``"nan"``,
            or ``"error"``.
        missing_domestic: sales at home that the file does not list: ``"error"``, ``"nan"``,
            ``"zero"``, or ``"output"``: gross output less exports, which must not be negative.
        output: gross output ``[place, sector]`` or ``[place]`` for ``"output"``.
        smallest: places whose share of all flows is below this are merged into ``rest``.

    Every treatment is counted in ``attrs["notes"]``. Raises :class:`InvalidDataError` naming file
    and row for a negative or unreadable value, an empty label or a flow that is listed twice.
    """
    path = Path(path)
    frame = read_columns(path, (exporter, importer, value), (sector, "tariff", "distance"))
    keys = pd.DataFrame(
        {
            "origin": labels(frame, exporter, path),
            "destination": labels(frame, importer, path),
            "sector": labels(frame, sector, path) if sector in frame else "all",
        }
    )
    _refuse_repeated(path, keys)
    flow = numbers(frame, value, path, low=0.0)
    places = sorted({*keys["origin"], *keys["destination"]})
    sectors = list(dict.fromkeys(keys["sector"]))
    index = (
        pd.Index(places).get_indexer(keys["origin"]),
        pd.Index(places).get_indexer(keys["destination"]),
        pd.Index(sectors).get_indexer(keys["sector"]),
    )
    flows = np.full((len(places), len(places), len(sectors)), np.nan)
    flows[index] = flow
    notes = [f"{int((flow == 0).sum())} flows are zero in the file"]
    names = ("origin", "destination", "sector")
    dataset = xr.Dataset(
        {"flows": (names, flows)},
        coords={"origin": places, "destination": places, "sector": sectors},
    )
    if "tariff" in frame:
        tariff = np.full(flows.shape, np.nan)
        tariff[index] = numbers(frame, "tariff", path, low=-1.0, missing=("",))
        notes.append(f"{int(np.isnan(tariff).sum())} tariffs are not in the file and are zero")
        dataset["tariff"] = (names, np.nan_to_num(tariff), {"unit": "1"})
    if "distance" in frame:
        distance = _distance(path, frame, keys, places)
        notes.append(f"{int(np.isnan(distance).sum())} distances are not in the file and are NaN")
        dataset["distance"] = (names[:2], distance, {"unit": "km"})
    dataset.attrs = {"unit": unit, "source": f"file {path.name}"}
    dataset["flows"].attrs["unit"] = unit
    if year is not None:
        dataset.attrs["year"] = year
    _fill(dataset, path.name, missing_pairs, missing_domestic, output, notes)
    dataset.attrs["notes"] = "; ".join(notes)
    return merge_small_flows(dataset, smallest, rest)


def read_matrix(
    path: str | Path,
    *,
    rows: str = "origin",
    unit: str = "",
    year: int | None = None,
    missing_pairs: str = "zero",
    missing_domestic: str = "error",
    output: xr.DataArray | None = None,
) -> xr.Dataset:
    """Read a square matrix with the labels of the places in its first row and first column.

    Returns ``flows`` [origin, destination]. Empty cells are missing pairs.

    Arguments
        rows: what a row of the file is: ``"origin"`` or ``"destination"``.
        missing_pairs, missing_domestic, output: as in :func:`read_pairs`.
    """
    check_choice("meaning of the rows", rows, ("origin", "destination"))
    path = Path(path)
    frame = read_grid(path)
    places, notes = list(frame.index), []
    if set(places) != set(frame.columns):
        check_labels(f"first row of {path.name}", list(frame.columns), places)
    if places != list(frame.columns):
        frame = frame[places]
        notes.append("columns were put into the order of the rows")
    values = frame.to_numpy(dtype=float)
    if (values < 0).any():
        i, j = np.argwhere(values < 0)[0]
        raise InvalidDataError(
            f"{path.name}, row {i + 2} ({places[i]}), column {places[j]}: {values[i, j]:g} is not "
            "allowed; must be >= 0"
        )
    notes.append(f"{int((values == 0).sum())} flows are zero in the file")
    dataset = xr.Dataset(
        {"flows": (("origin", "destination"), values if rows == "origin" else values.T.copy())},
        coords={"origin": places, "destination": places},
        attrs={"unit": unit, "source": f"file {path.name}"},
    )
    dataset["flows"].attrs["unit"] = unit
    if year is not None:
        dataset.attrs["year"] = year
    _fill(dataset, path.name, missing_pairs, missing_domestic, output, notes)
    dataset.attrs["notes"] = "; ".join(notes)
    return dataset


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
    merged.attrs["notes"] += f"; merged into {rest}: {', '.join(small)}"
    return merged


def _refuse_repeated(path: Path, keys: pd.DataFrame) -> None:
    again = keys.duplicated()
    if again.any():
        row = again.index[again][0]
        first = keys.index[(keys == keys.loc[row]).all(axis=1)][0]
        what = " ".join(keys.loc[row])
        raise LabelMismatchError(
            f"{path.name}, row {row}: the flow {what} stands in row {first} already; must be unique"
        )


def _distance(path: Path, frame: pd.DataFrame, keys: pd.DataFrame, places: list[str]) -> np.ndarray:
    """Distances of pairs; sectors of one pair must agree."""
    values = numbers(frame, "distance", path, low=0.0, missing=("",))
    pairs = keys[["origin", "destination"]].assign(value=values).dropna(subset="value")
    spread = pairs.groupby(["origin", "destination"])["value"].transform("first")
    bad = pairs.index[pairs["value"] != spread]
    if len(bad):
        raise InvalidDataError(
            f"{path.name}, row {bad[0]}: distance = {pairs['value'][bad[0]]:g} differs from "
            f"{spread[bad[0]]:g} in an earlier row of the same pair"
        )
    matrix = np.full((len(places), len(places)), np.nan)
    index = pd.Index(places)
    i, j = index.get_indexer(pairs["origin"]), index.get_indexer(pairs["destination"])
    matrix[i, j] = pairs["value"]
    return matrix


def _fill(
    dataset: xr.Dataset,
    name: str,
    pairs: str,
    domestic: str,
    output: xr.DataArray | None,
    notes: list[str],
) -> None:
    """Treat missing domestic sales, then missing pairs, and note both."""
    check_choice("treatment of missing pairs", pairs, PAIRS)
    check_choice("treatment of missing domestic sales", domestic, DOMESTIC)
    flows = dataset["flows"]
    places = flows["origin"].values
    values = flows.to_numpy()
    missing = np.isnan(values)
    home = np.eye(len(places), dtype=bool)
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
        if domestic == "zero":
            values[own] = 0.0
        elif domestic == "output":
            values[own] = _domestic(flows, own, output)
        notes.append(f"{int(own.sum())} domestic sales are not in the file: {domestic}")


def _domestic(flows: xr.DataArray, own: np.ndarray, output: xr.DataArray | None) -> np.ndarray:
    """Gross output less exports of the cells without domestic sales."""
    if output is None:
        raise InvalidDataError("missing_domestic = 'output' needs gross output [place, sector]")
    made = output.rename(place="origin") if "place" in output.dims else output
    made = made.reindex({dim: flows[dim] for dim in made.dims})
    sold = flows.fillna(0.0).sum("destination")
    rest = (made - sold).transpose(*sold.dims).to_numpy()
    wanted = own.any(axis=1)
    bad = wanted & ~(rest > 0)
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        where = ", ".join(str(sold[dim].values[i]) for dim, i in zip(sold.dims, at, strict=True))
        raise InvalidDataError(
            f"output of {where} is missing or not above its exports ({sold.values[at]:g}), as with "
            "re-exports; must exceed them"
        )
    return np.broadcast_to(np.expand_dims(rest, 1), own.shape)[own]


def _first(flows: xr.DataArray, bad: np.ndarray) -> str:
    at = np.argwhere(bad)[0]
    return " ".join(str(flows[d].values[i]) for d, i in zip(flows.dims, at, strict=True))
