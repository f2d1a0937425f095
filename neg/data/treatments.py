"""Stated treatments for what real tables hold and no model can: every one leaves a note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from neg.core.checks import check_choice, check_range
from neg.core.errors import InvalidDataError, InvalidShapeError
from neg.data.labelled import align, axis_labels
from neg.data.table import Table

INVENTORIES = ("keep", "zero", "leontief")
VALUE_ADDED = ("error", "subsidy")


@dataclass
class Draft:
    """A table as read from a file, before it is checked; shapes as in :class:`Table`."""

    places: list[str]
    sectors: list[str]
    uses: list[str]
    intermediate: np.ndarray
    final: np.ndarray
    value_added: np.ndarray
    net_taxes_industry: np.ndarray
    net_taxes_final: np.ndarray
    unit: str
    year: int | None
    source: str
    notes: list[str] = field(default_factory=list)

    @property
    def output(self) -> np.ndarray:
        """Gross output ``[n, S]``."""
        return self.intermediate.sum((2, 3)) + self.final.sum((2, 3))

    def table(
        self,
        *,
        inventories: str = "keep",
        value_added: str = "error",
        floor: float = 1e-3,
        balance_tolerance: float = 1e-3,
    ) -> Table:
        """Apply the chosen treatments and return the checked, exactly balanced table.

        Arguments
            inventories: what to do with negative final flows: ``"keep"`` them; set them to
                ``"zero"`` and let the seller's value added take up the difference; or
                ``"leontief"``: set them to zero and recompute all outputs with constant input
                coefficients, ``Y = (I - A)^(-1) F``.
            value_added: where value added is not positive though there is output: ``"error"``, or
                ``"subsidy"``: raise it to ``floor`` times output and book the difference as a
                subsidy (a negative net tax) to the industry, so that the column still balances.
            floor: smallest share of value added in output under ``"subsidy"``, in (0, 1).
            balance_tolerance: largest gap of row and column sum in the file, relative to output.
        """
        check_choice("treatment of inventories", inventories, INVENTORIES)
        check_choice("treatment of value added", value_added, VALUE_ADDED)
        check_range("floor", floor, 0.0, 1.0, low_open=True, high_open=True)
        if value_added == "subsidy":
            self._lift_value_added(floor)
        if inventories != "keep" and (self.final < 0).any():
            self._zero_inventories(leontief=inventories == "leontief")
        silent = (self.output == 0).sum()
        if silent:
            self.notes.append(f"{silent} sectors of places have no output and stay at zero")
        return Table(
            places=tuple(self.places),
            sectors=tuple(self.sectors),
            uses=tuple(self.uses),
            intermediate=self.intermediate,
            final=self.final,
            value_added=self.value_added,
            net_taxes_industry=self.net_taxes_industry,
            net_taxes_final=self.net_taxes_final,
            unit=self.unit,
            year=self.year,
            source=self.source,
            notes=tuple(self.notes),
            balance_tolerance=balance_tolerance,
        ).balanced()

    def _lift_value_added(self, floor: float) -> None:
        lift = np.maximum(floor * self.output - self.value_added, 0.0)
        low = (self.output > 0) & (self.value_added <= 0)
        lift = np.where(low, lift, 0.0)
        if low.any():
            self.value_added = self.value_added + lift
            self.net_taxes_industry = self.net_taxes_industry - lift
            self.notes.append(
                f"value added of {int(low.sum())} sectors of places was not positive: raised to "
                f"{floor:g} of output and {lift.sum():.6g} {self.unit} booked as subsidy"
            )

    def _zero_inventories(self, *, leontief: bool) -> None:
        removed = -np.minimum(self.final, 0.0)
        before = self.output
        self.final = np.maximum(self.final, 0.0)
        what = f"{int((removed > 0).sum())} negative final flows ({removed.sum():.6g} {self.unit})"
        if not leontief:
            self.value_added = self.value_added + removed.sum((2, 3))
            self.notes.append(f"{what} set to zero; value added of the seller raised by as much")
            return
        if (before < 0).any():
            raise InvalidDataError("outputs must be >= 0 for the Leontief treatment of inventories")
        n, S = before.shape
        made = np.where(before > 0, before, 1.0)
        coefficients = self.intermediate / made
        matrix = np.eye(n * S) - coefficients.reshape(n * S, n * S)
        output = np.linalg.solve(matrix, self.final.sum((2, 3)).ravel()).reshape(n, S)
        self.intermediate = coefficients * output
        self.value_added = self.value_added / made * output
        self.net_taxes_industry = self.net_taxes_industry / made * output
        self.notes.append(
            f"{what} set to zero and outputs recomputed with constant input coefficients; "
            f"world output rises by {output.sum() / before.sum() - 1:.3g}"
        )


def merge_small(table: Table, smallest: float, into: str = "ROW") -> Table:
    """Merge places whose share of world output is below ``smallest`` into the place ``into``.

    Arguments
        smallest: share of world output in [0, 1).
        into: an existing place, or a new name that the small places get together.
    """
    check_range("smallest", smallest, 0.0, 1.0, high_open=True)
    output = table.output.sum(1)
    small = [
        place
        for place, made in zip(table.places, output, strict=True)
        if made < smallest * output.sum() and place != into
    ]
    if not small:
        return table
    members = [*small, into] if into in table.places else small
    return table.aggregate(places={into: members})


def from_flows(flows: xr.DataArray, tariff: xr.DataArray | None = None) -> Table:
    """Return a table without input-output links from bilateral flows (one final use).

    Arguments
        flows: ``[origin, destination]`` or ``[origin, destination, sector]``, labelled, complete,
            domestic sales included; value added equals output. Unit, year, source and notes in its
            ``attrs`` go into the table.
        tariff: rates with the same labels, or None; without ``sector`` they hold in every sector.

    Labels may come in any order: places stand as along ``origin``. Raises
    :class:`LabelMismatchError` where labels are absent or differ, :class:`InvalidShapeError` for
    other dimensions, and :class:`InvalidDataError` for a place that sells nothing.

    >>> sides = {"origin": ["A", "B"], "destination": ["A", "B"]}
    >>> table = from_flows(xr.DataArray([[8.0, 2.0], [1.0, 9.0]], sides))
    >>> table.places, table.output.ravel().tolist()
    (('A', 'B'), [10.0, 10.0])
    """
    flows = _with_sector("flows", flows)
    places = axis_labels("flows", flows, "origin")
    sectors = axis_labels("flows", flows, "sector")
    axes = {"origin": places, "destination": places, "sector": sectors}
    values = align("flows", flows, axes).astype(float)
    n, S = len(places), len(sectors)
    notes = [str(flows.attrs["notes"])] if flows.attrs.get("notes") else []
    rates = None
    if tariff is not None:
        if "sector" not in tariff.dims and S > 1:
            notes.append("tariffs are the same in every sector")
        rates = align("tariff", _with_sector("tariff", tariff, sectors), axes)
        home = int((rates[np.eye(n, dtype=bool)] != 0).sum())
        if home:
            notes.append(f"{home} tariffs on sales at home are kept")
    idle = [place for place, sold in zip(places, values.sum((1, 2)), strict=True) if sold == 0]
    if idle:
        raise InvalidDataError(
            f"place {idle[0]!r} sells nothing, not even at home; must produce something, or be "
            "merged: merge_small_flows(dataset, 1e-12) merges places without sales"
        )
    year = flows.attrs.get("year")
    return Table(
        places=tuple(places),
        sectors=tuple(sectors),
        uses=("all",),
        intermediate=np.zeros((n, S, n, S)),
        final=np.moveaxis(values, 2, 1)[..., None],
        value_added=values.sum(1),
        net_taxes_industry=np.zeros((n, S)),
        net_taxes_final=np.zeros((n, 1)),
        tariff=rates,
        unit=str(flows.attrs.get("unit", "")),
        year=None if year is None else int(year),
        source=str(flows.attrs.get("source", "")),
        notes=(*notes, "no input-output links: value added equals output"),
    )


def _with_sector(name: str, array: xr.DataArray, sectors: Sequence[str] = ("all",)) -> xr.DataArray:
    """Give an array without sectors those named."""
    if not isinstance(array, xr.DataArray):
        raise InvalidShapeError(
            f"{name} is {type(array).__name__}; must be a labelled xarray.DataArray"
        )
    if "sector" in array.dims:
        return array
    return array.drop_vars("sector", errors="ignore").expand_dims(sector=list(sectors), axis=-1)
