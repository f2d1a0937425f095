"""Read the inter-country input-output tables of the OECD as published in CSV."""

from __future__ import annotations

import re

import numpy as np

from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.data.readers.files import FileFormat, Source, origin_of
from neg.data.readers.text import Grid, read_grid
from neg.data.table import Table
from neg.data.treatments import Draft

#: Parts into which editions split two economies: numbered (CN1 to CN4, MX1 to MX3) or named
#: (CHN.DOM, CHN.NPR, CHN.PRO; MEX.GMF, MEX.NGM).
_PART = re.compile(r"(CN|MX)\d|(CHN|MEX)\.\w+")
_WHOLE = {"CN": "CHN", "MX": "MEX"}
#: Value added with net taxes on products in one row, in the editions of 2015 and 2016.
_WITH_TAXES = ("VA+TAXSUB", "VA.TAXSUB")
#: Codes of final uses in the editions of 2015 to 2025.
USES = (
    *("HFCE", "HC", "NPISH", "GGFC", "GFCF", "INVNT", "INV", "DPABR", "NONRES", "DIRP", "P33"),
    *("CONS_ABR", "CONSABR", "CONS_NONRES", "NPS", "FD", "DISC"),
)
_VALUE_ADDED = ("VA", "VALU", *_WITH_TAXES)
_OUTPUT = ("OUT", "OUTPUT", "TOTAL")
_WORLD = "DISC"


def read_icio(
    source: Source,
    *,
    year: int | None = None,
    inventories: str = "keep",
    value_added: str = "error",
    floor: float = 1e-3,
    balance_tolerance: float = 1e-3,
    form: FileFormat = FileFormat(),  # noqa: B008  (frozen)
) -> Table:
    """Read an OECD table: rows ``AUS_A01_02`` ..., ``TLS``, ``VA``, ``OUT``.

    Columns are the industries in the same spelling, then final uses (``AUS_HFCE`` ...) and
    ``OUT``; the first column, often headed ``V1``, holds the row labels. The parts of China and
    Mexico, numbered (CN1, MX1, ...) or named (CHN.PRO, MEX.GMF, ...), are merged, whatever their
    number. ``TLS`` (in older editions one row ``AUS_TAXSUB`` per economy) gives net taxes; where
    the file has ``VA+TAXSUB``, value added holds them, which is noted. Final uses are :data:`USES`
    (``HFCE_AUS`` in 2016); another code raises. Output in the file must equal the row sums. A
    column ``DISC`` of discrepancies of the world is left out and noted.

    Arguments
        source: a path (text, ``.xlsx``, ``.dta``, ``.parquet``) or a DataFrame.
        year: the year of the table.
        inventories, value_added, floor, balance_tolerance: treatments of negative inventories, of
            value added that is not positive and of rounding, see :meth:`Draft.table`; both occur
            in the published tables. Values in million USD.
        form: how the file writes what it says, see :class:`FileFormat`.

    Raises :class:`InvalidDataError` and :class:`LabelMismatchError` with file and row, also where
    an industry of China or Mexico has sales both as a whole and in parts.
    """
    grid = read_grid(source, form)
    values = grid.complete()
    row_labels = grid.rows
    cells = [i for i, label in enumerate(row_labels) if _is_cell(label)]
    if not cells:
        raise LabelMismatchError(
            f"{grid.name}: no row is labelled as ECONOMY_INDUSTRY, such as AUS_A01_02"
        )
    parts = [_split(row_labels[i]) for i in cells]
    places = list(dict.fromkeys(place for place, _ in parts))
    sectors = list(dict.fromkeys(sector for _, sector in parts))
    cell = np.array([places.index(p) * len(sectors) + sectors.index(s) for p, s in parts])
    _refuse_wholes(grid, cells)
    industry, final, uses = _columns(grid, places, sectors)
    notes = list(grid.notes)
    n, S, F = len(places), len(sectors), len(uses)
    rows = np.array(cells)

    def spread(columns: np.ndarray, width: int) -> np.ndarray:
        """Place a block of the file, adding up the parts of split economies."""
        out = np.zeros((n * S, n * width))
        block = values[rows[:, None], columns[None, :, 0]]
        np.add.at(out, (cell[:, None], columns[None, :, 1]), block)
        return out.reshape(n, S, n, width)

    def margin(names: list[int], columns: np.ndarray, width: int) -> np.ndarray:
        out = np.zeros(n * width)
        np.add.at(out, columns[:, 1], values[names][:, columns[:, 0]].sum(0))
        return out.reshape(n, width)

    taxes = [i for i, name in enumerate(row_labels) if name == "TLS" or name.endswith("_TAXSUB")]
    earned = [i for i, name in enumerate(row_labels) if name in _VALUE_ADDED]
    _check_margins(grid, cells, taxes, earned)
    draft = Draft(
        places=places,
        sectors=sectors,
        uses=uses,
        intermediate=spread(industry, S),
        final=spread(final, F),
        value_added=margin(earned, industry, S),
        net_taxes_industry=margin(taxes, industry, S),
        net_taxes_final=margin(taxes, final, F),
        unit="million USD",
        year=year,
        source=f"OECD Inter-Country Input-Output Tables, {origin_of(grid.name)}",
        notes=notes,
    )
    if not taxes:
        notes.append(
            f"value added holds net taxes on products: the file has {row_labels[earned[0]]}"
        )
    for j in (j for j, label in enumerate(grid.columns) if label == _WORLD):
        notes.append(
            f"discrepancies of the world left out: {values[rows, j].sum():.6g} million USD"
        )
    merged = sorted({p for label in row_labels if _PART.fullmatch(p := label.split("_")[0])})
    if merged:
        draft.notes.append(f"merged the parts {', '.join(merged)}")
    absent = n * S - len(set(cell.tolist()))
    if absent:
        draft.notes.append(f"{absent} pairs of economy and industry have no row and are zero")
    _check_output(grid, cells, balance_tolerance)
    return draft.table(
        inventories=inventories,
        value_added=value_added,
        floor=floor,
        balance_tolerance=balance_tolerance,
    )


def _columns(
    grid: Grid, places: list[str], sectors: list[str]
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Tell industries from final uses: for each its column and its position in the table."""
    split = [
        (j, *_column(label, places))
        for j, label in enumerate(grid.columns)
        if label not in _OUTPUT and label != _WORLD
    ]
    for j, place, code in split:
        if place not in places or (code not in sectors and code not in USES):
            raise LabelMismatchError(
                f"{grid.name}, row 1: column {grid.columns[j]!r} is not allowed; must be an "
                f"economy and an industry of the rows, or a final use ({', '.join(USES)})"
            )
    uses = list(dict.fromkeys(code for _, _, code in split if code not in sectors))
    if not uses:
        raise LabelMismatchError(
            f"{grid.name}, row 1: no column of final uses; must have some of {', '.join(USES)}"
        )

    def positions(codes: list[str]) -> np.ndarray:
        found = [
            (j, places.index(place) * len(codes) + codes.index(code))
            for j, place, code in split
            if code in codes
        ]
        return np.array(found, dtype=int).reshape(-1, 2)

    return positions(sectors), positions(uses), uses


def _is_cell(label: str) -> bool:
    return "_" in label and not label.endswith("_TAXSUB")


def _split(label: str) -> tuple[str, str]:
    """Split ``AUS_A01_02`` at its first underscore and merge split economies."""
    place, _, code = label.partition("_")
    if _PART.fullmatch(place):
        place = _WHOLE.get(place[:2], place[:3])
    return place, code


def _column(label: str, places: list[str]) -> tuple[str, str]:
    """Split a column; final uses may stand before the economy (``HFCE_AUS``, in 2016)."""
    place, code = _split(label)
    if place not in places:
        use, _, last = label.rpartition("_")
        turned, _ = _split(last + "_")
        if use in USES and turned in places:
            return turned, use
    return place, code


def _refuse_wholes(grid: Grid, cells: list[int]) -> None:
    """Refuse an industry of China or Mexico given as a whole and in parts: it would count twice."""
    has_sales = {grid.rows[i]: i for i in cells if grid.values[i].any()}
    for label, i in has_sales.items():
        whole = "_".join(_split(label))
        if label != whole and whole in has_sales:
            raise LabelMismatchError(
                f"{grid.name}, row {grid.lines[has_sales[whole]]}: {whole} has sales of its own "
                f"beside its part {label} (row {grid.lines[i]}); must be the whole or its parts: "
                "leave the rows and columns of one out"
            )


def _check_margins(grid: Grid, cells: list[int], taxes: list[int], earned: list[int]) -> None:
    """Refuse a file without the rows of taxes and value added, or with rows of unknown kind."""
    joint = any(grid.rows[i] in _WITH_TAXES for i in earned)
    for found, name in ((taxes or joint, "TLS"), (earned, "VA")):
        if not found:
            raise LabelMismatchError(f"{grid.name}: the row {name!r} is missing")
    known = {*cells, *taxes, *earned}
    for i, label in enumerate(grid.rows):
        if i not in known and label not in _OUTPUT:
            raise LabelMismatchError(
                f"{grid.name}, row {grid.lines[i]}: label {label!r} is not allowed; must be "
                "ECONOMY_INDUSTRY, TLS, VA or OUT"
            )


def _check_output(grid: Grid, cells: list[int], tolerance: float) -> None:
    """Compare the output column of the file, if it has one, with the row sums."""
    stated = [j for j, label in enumerate(grid.columns) if label in _OUTPUT]
    used = [j for j in range(len(grid.columns)) if j not in set(stated)]
    total = grid.values[:, used].sum(1)
    for j in stated:
        said = grid.values[:, j]
        for i in cells:
            if abs(total[i] - said[i]) > tolerance * max(abs(said[i]), 1.0):
                raise InvalidDataError(
                    f"{grid.name}, row {grid.lines[i]} ({grid.rows[i]}): uses add up to "
                    f"{total[i]:.10g}, column {grid.columns[j]} says {said[i]:.10g}"
                )
