"""Read the inter-country input-output tables of the OECD as published in CSV."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.data.readers.text import complete, read_grid
from neg.data.table import Table
from neg.data.treatments import Draft

#: Parts into which the extended tables split two economies (processing trade and the rest).
SPLIT = {"CN1": "CHN", "CN2": "CHN", "MX1": "MEX", "MX2": "MEX"}
#: Codes of final uses in the editions of 2016 to 2025.
USES = ("HFCE", "NPISH", "GGFC", "GFCF", "INVNT", "DPABR", "NONRES", "DIRP", "P33", "INV", "FD")
_VALUE_ADDED = ("VA", "VALU")
_OUTPUT = ("OUT", "OUTPUT", "TOTAL")


def read_icio(
    path: str | Path,
    *,
    year: int | None = None,
    inventories: str = "keep",
    value_added: str = "error",
    floor: float = 1e-3,
    balance_tolerance: float = 1e-3,
) -> Table:
    """Read an OECD table: rows ``AUS_A01_02`` ..., ``TLS``, ``VA``, ``OUT``.

    Columns are the industries in the same spelling, then final uses (``AUS_HFCE`` ...) and
    ``OUT``; the first column, often headed ``V1``, holds the row labels. The parts CN1, CN2 of
    China and MX1, MX2 of Mexico in the extended tables are merged. ``TLS`` (in older editions one
    row ``AUS_TAXSUB`` per economy) gives net taxes; output in the file must equal the row sums.

    Arguments: see :meth:`Draft.table` for the treatments of negative inventories and of
    value added that is not positive; both occur in the published tables. Values in million USD.

    Raises :class:`InvalidDataError` and :class:`LabelMismatchError` with file and row.
    """
    path = Path(path)
    frame = read_grid(path)
    values = complete(frame, path)
    row_labels, column_labels = list(frame.index), list(frame.columns)
    cells = [i for i, label in enumerate(row_labels) if _is_cell(label)]
    if not cells:
        raise LabelMismatchError(
            f"{path.name}: no row is labelled as ECONOMY_INDUSTRY, such as AUS_A01_02"
        )
    parts = [_split(row_labels[i]) for i in cells]
    places = list(dict.fromkeys(place for place, _ in parts))
    sectors = list(dict.fromkeys(sector for _, sector in parts))
    cell = np.array([places.index(p) * len(sectors) + sectors.index(s) for p, s in parts])
    industry, final, uses = _columns(path, column_labels, places, sectors)
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
    _check_margins(path, row_labels, cells, taxes, earned)
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
        source=f"OECD Inter-Country Input-Output Tables, file {path.name}",
    )
    merged = sorted({label.split("_")[0] for label in row_labels} & set(SPLIT))
    if merged:
        draft.notes.append(f"merged the parts {', '.join(merged)}")
    absent = n * S - len(set(cell.tolist()))
    if absent:
        draft.notes.append(f"{absent} pairs of economy and industry have no row and are zero")
    _check_output(path, values, row_labels, column_labels, cells, balance_tolerance)
    return draft.table(
        inventories=inventories,
        value_added=value_added,
        floor=floor,
        balance_tolerance=balance_tolerance,
    )


def _columns(
    path: Path, labels: list[str], places: list[str], sectors: list[str]
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Tell industries from final uses: for each its column and its position in the table."""
    split = [(j, *_split(label)) for j, label in enumerate(labels) if label not in _OUTPUT]
    for j, place, code in split:
        if place not in places or (code not in sectors and code not in USES):
            raise LabelMismatchError(
                f"{path.name}, row 1: column {labels[j]!r} is not allowed; must be an economy and "
                f"an industry of the rows, or a final use ({', '.join(USES)})"
            )
    uses = list(dict.fromkeys(code for _, _, code in split if code not in sectors))

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
    return SPLIT.get(place, place), code


def _check_margins(
    path: Path, row_labels: list[str], cells: list[int], taxes: list[int], earned: list[int]
) -> None:
    """Refuse a file without the rows of taxes and value added, or with rows of unknown kind."""
    for found, name in ((taxes, "TLS"), (earned, "VA")):
        if not found:
            raise LabelMismatchError(f"{path.name}: the row {name!r} is missing")
    known = {*cells, *taxes, *earned}
    for i, label in enumerate(row_labels):
        if i not in known and label not in _OUTPUT:
            raise LabelMismatchError(
                f"{path.name}, row {i + 2}: label {label!r} is not allowed; must be "
                "ECONOMY_INDUSTRY, TLS, VA or OUT"
            )


def _check_output(
    path: Path,
    values: np.ndarray,
    row_labels: list[str],
    column_labels: list[str],
    cells: list[int],
    tolerance: float,
) -> None:
    """Compare the output column of the file, if it has one, with the row sums."""
    stated = [j for j, label in enumerate(column_labels) if label in _OUTPUT]
    for j in stated:
        used = [k for k in range(len(column_labels)) if k not in stated]
        for i in cells:
            total = values[i, used].sum()
            if abs(total - values[i, j]) > tolerance * max(abs(values[i, j]), 1.0):
                raise InvalidDataError(
                    f"{path.name}, row {i + 2} ({row_labels[i]}): uses add up to {total:.10g}, "
                    f"column {column_labels[j]} says {values[i, j]:.10g}"
                )
