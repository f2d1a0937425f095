"""Read bilateral flows: a plain pair table, or a square matrix."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import xarray as xr

from neg.core.checks import check_labels
from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.data.readers.files import FileFormat, Source
from neg.data.readers.flows import fill, label_flows
from neg.data.readers.places import (
    check_asked,
    grid_totals,
    orientation,
    tidy_columns,
    tidy_grid,
    totals,
)
from neg.data.readers.text import Columns, read_columns, read_grid

#: Patterns of words in the corner of a matrix that say what its rows are. Exports and imports are
#: what is counted, on either side.
ROWS = {
    "origin": (r"origins?", r"export(?!s\b)\w*", r"sellers?", r"sources?", "from", r"reporter\w*"),
    "destination": (
        *(r"dest\w*", r"import(?!s\b|an[ct])\w*", r"buyers?", r"targets?", r"partner\w*", "^to"),
    ),
}
_AXES = ("origin", "destination", "sector")


@dataclasses.dataclass(frozen=True)
class PairColumns:
    """What a file calls its columns: who sells, who buys, goods of which sector, for how much.

    >>> PairColumns(exporter="iso_o", importer="iso_d").sector
    'sector'

    Raises :class:`neg.core.errors.LabelMismatchError` for two columns of one name.
    """

    exporter: str = "exporter"
    importer: str = "importer"
    sector: str = "sector"
    value: str = "value"

    def __post_init__(self) -> None:
        check_labels("columns of pairs", dataclasses.astuple(self))


def read_pairs(
    source: Source,
    *,
    columns: PairColumns = PairColumns(),  # noqa: B008  (frozen)
    unit: str = "",
    year: int | None = None,
    missing_pairs: str = "zero",
    missing_domestic: str = "error",
    output: xr.DataArray | None = None,
    floor: float | None = None,
    form: FileFormat = FileFormat(),  # noqa: B008  (frozen)
) -> xr.Dataset:
    """Read a table ``exporter, importer, sector, value[, tariff, distance]``, one flow a row.

    Returns ``flows`` [origin, destination, sector] and, where the file has them, ``tariff`` (same
    shape, ad valorem, abroad only) and ``distance`` [origin, destination] (km). Without a column
    of that name there is one sector, ``all``.

    Arguments
        source: a path (text, ``.xlsx``, ``.dta``, ``.parquet``) or a DataFrame.
        columns: names of the columns, whatever their case.
        year: which year of a panel to take; without a column of years, the year of the data.
        missing_pairs: flows of pairs that the file does not list: ``"zero"``, ``"nan"``,
            or ``"error"``.
        missing_domestic: sales at home that the file does not list: ``"error"``, ``"nan"``,
            ``"zero"``, or ``"output"``: gross output less exports.
        output: gross output ``[place, sector]`` or ``[place]`` for ``"output"``, labelled.
        floor: smallest share of output that is sold at home under ``"output"``, in (0, 1); without
            it exports that are not below output raise.
        form: how the file writes what it says, see :class:`FileFormat`.

    Every treatment is counted in ``attrs["notes"]``. Raises :class:`InvalidDataError` naming file
    and row for a negative or unreadable value, an empty label, tariffs that look like per cent or
    a total that does not add up, and :class:`LabelMismatchError` for a flow that is listed twice
    or a place under two labels.

    >>> flows = {"exporter": ["A", "A", "B", "B"], "importer": ["A", "B", "A", "B"]}
    >>> read = read_pairs(pd.DataFrame(flows | {"value": [8.0, 2.0, 1.0, 9.0]}))
    >>> read["flows"].sel(origin="A", destination="B").values.tolist()  # one sector
    [2.0]
    """
    exporter, importer, sector, value = dataclasses.astuple(columns)
    table = read_columns(
        source,
        form,
        text=(exporter, importer, sector),
        required=(value,),
        optional=(sector, "tariff", "distance"),
        year=year,
    )
    origin, destination = tidy_columns(table, (exporter, importer))
    keys = pd.DataFrame(
        {
            "origin": origin,
            "destination": destination,
            "sector": table.labels(sector) if sector in table else "all",
        }
    )
    table.refuse_repeated(keys, "flow")
    flow = table.numbers(value, low=0.0)
    places = sorted({*keys["origin"], *keys["destination"]})
    sectors = list(dict.fromkeys(keys["sector"]))
    index = tuple(
        pd.Index(names).get_indexer(keys[axis])
        for names, axis in zip((places, places, sectors), _AXES, strict=True)
    )
    flows = np.full((len(places), len(places), len(sectors)), np.nan)
    flows[index] = flow
    pairs = {"origin": places, "destination": places}
    dataset = xr.Dataset({"flows": (_AXES, flows)}, coords={**pairs, "sector": sectors})
    notes = [*table.notes, f"{int((flow == 0).sum())} flows are zero in the file"]
    dataset = _without_totals(table, dataset, notes)
    if "tariff" in table:
        tariff = np.full(flows.shape, np.nan)
        tariff[index] = table.rates("tariff")
        notes += [note for note in table.notes if note.startswith("tariff is")]
        rates = xr.DataArray(tariff, {**pairs, "sector": sectors}, _AXES)
        dataset["tariff"] = _abroad(rates.reindex_like(dataset["flows"]), notes)
    if "distance" in table:
        distance = xr.DataArray(_distance(table, keys, places), pairs, _AXES[:2])
        dataset["distance"] = distance.reindex_like(dataset["flows"])
        absent = int(dataset["distance"].isnull().sum())
        notes.append(f"{absent} distances are not in the file and are NaN")
        dataset["distance"].attrs = {"unit": "km"}
    fill(
        dataset["flows"],
        table.name,
        notes,
        pairs=missing_pairs,
        domestic=missing_domestic,
        output=output,
        floor=floor,
    )
    return label_flows(dataset, name=table.name, unit=unit, year=table.year, notes=notes)


def read_matrix(
    source: Source,
    *,
    rows: str | None = None,
    unit: str = "",
    year: int | None = None,
    missing_pairs: str = "zero",
    missing_domestic: str = "error",
    output: xr.DataArray | None = None,
    floor: float | None = None,
    form: FileFormat = FileFormat(),  # noqa: B008  (frozen)
) -> xr.Dataset:
    """Read a matrix with the labels of the places in its first row and first column.

    Returns ``flows`` [origin, destination]. Empty cells are missing pairs, and so are rows or
    columns of places that the other side alone has.

    Arguments
        source: a path (text, ``.xlsx``, ``.dta``, ``.parquet``) or a DataFrame.
        rows: what a row of the file is: ``"origin"`` or ``"destination"``; by default as the
            corner says (``exporter\\importer``), and origins where it is empty.
        year: the year of the data.
        missing_pairs, missing_domestic, output, floor, form: as in :func:`read_pairs`.

    Raises :class:`InvalidDataError` or :class:`LabelMismatchError` naming file, row and column.

    >>> square = pd.DataFrame([[8.0, 2.0], [1.0, 9.0]], index=["A", "B"], columns=["A", "B"])
    >>> float(read_matrix(square, rows="destination")["flows"].sel(origin="A", destination="B"))
    1.0
    """
    grid = read_grid(source, form)
    notes = grid.notes
    meaning = orientation(grid, rows, ROWS, "origin")
    tidy_grid(grid)
    grid_totals(grid)
    grid.nonnegative()
    only_rows = [label for label in grid.rows if label not in grid.columns]
    only_columns = [label for label in grid.columns if label not in grid.rows]
    if only_rows and only_columns:
        raise LabelMismatchError(
            f"first row of {grid.name} does not match its first column: missing {only_rows}, "
            f"unexpected {only_columns}"
        )
    for side, lacking in (("column", only_rows), ("row", only_columns)):
        if lacking:
            notes.append(f"places without a {side}, missing there: {', '.join(lacking)}")
    places = [*grid.rows, *only_columns]
    if not (only_rows or only_columns) and places != grid.columns:
        notes.append("columns were put into the order of the rows")
    frame = pd.DataFrame(grid.values, index=grid.rows, columns=grid.columns)
    values = frame.reindex(index=places, columns=places).to_numpy(dtype=float)
    notes.append(f"{int((values == 0).sum())} flows are zero in the file")
    dataset = xr.Dataset(
        {"flows": (_AXES[:2], values.copy() if meaning == "origin" else values.T.copy())},
        coords={"origin": places, "destination": places},
    )
    fill(
        dataset["flows"],
        grid.name,
        notes,
        pairs=missing_pairs,
        domestic=missing_domestic,
        output=output,
        floor=floor,
    )
    return label_flows(dataset, name=grid.name, unit=unit, year=year, notes=notes)


def _without_totals(table: Columns, dataset: xr.Dataset, notes: list[str]) -> xr.Dataset:
    """Leave out sectors and places that are the sum of the others."""
    flows = dataset["flows"]
    sectors, places = (flows[dim].values.tolist() for dim in ("sector", "origin"))
    check_asked(table.name, table.form, [*sectors, *places])
    lines = np.moveaxis(flows.to_numpy(), 2, 0)
    gone = totals(table.name, "sector", sectors, [(lines, sectors, None)], table.form, notes)
    sold = flows.drop_sel(sector=gone).to_numpy()
    parts = [(sold, places, places), (np.swapaxes(sold, 0, 1), places, places)]
    away = totals(table.name, "place", places, parts, table.form, notes)
    inner = [place for place in places if place not in away]
    kept = {"origin": inner, "destination": inner, "sector": [x for x in sectors if x not in gone]}
    if not all(kept.values()):
        raise InvalidDataError(f"{table.name}: nothing is left without the totals")
    return dataset.sel(kept)


def _abroad(tariff: xr.DataArray, notes: list[str]) -> xr.DataArray:
    """Missing rates are zero, and so are those on sales at home: a tariff is paid at a border."""
    values = tariff.to_numpy()
    notes.append(f"{int(np.isnan(values).sum())} tariffs are not in the file and are zero")
    values = np.nan_to_num(values)
    home = np.eye(len(values), dtype=bool)
    taxed = values[home] != 0
    if taxed.any():
        notes.append(
            f"{int(taxed.sum())} tariffs on sales at home (up to {values[home].max():g}) set to "
            "zero"
        )
        values[home] = 0.0
    return tariff.copy(data=values).assign_attrs(unit="1")


def _distance(table: Columns, keys: pd.DataFrame, places: list[str]) -> np.ndarray:
    """Distances of pairs; sectors of one pair must agree."""
    values = table.numbers("distance", low=0.0, missing=("",))
    pairs = keys[["origin", "destination"]].assign(value=values).dropna(subset="value")
    spread = pairs.groupby(["origin", "destination"])["value"].transform("first")
    bad = pairs.index[pairs["value"] != spread]
    if len(bad):
        raise InvalidDataError(
            f"{table.name}, row {bad[0]}: distance = {pairs['value'][bad[0]]:g} differs from "
            f"{spread[bad[0]]:g} in an earlier row of the same pair"
        )
    matrix = np.full((len(places), len(places)), np.nan)
    index = pd.Index(places)
    i, j = index.get_indexer(pairs["origin"]), index.get_indexer(pairs["destination"])
    matrix[i, j] = pairs["value"]
    return matrix
