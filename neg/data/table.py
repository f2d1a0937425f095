"""The multi-region input-output table: who sells what to whom, checked where it enters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from neg.core.checks import as_numbers, check_labels, check_shape
from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.data.accounts import Accounts, Array
from neg.data.aggregate import aggregate, select
from neg.data.labelled import align
from neg.data.rebalance import without_deficits

_AXES = {
    "intermediate": ("origin", "sector", "destination", "industry"),
    "final": ("origin", "sector", "destination", "use"),
    "net_taxes_industry": ("destination", "industry"),
    "net_taxes_final": ("destination", "use"),
    "value_added": ("destination", "industry"),
    "tariff": ("origin", "destination", "sector"),
    "output": ("origin", "sector"),
    "flows": ("origin", "destination", "sector"),
}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Table(Accounts):
    r"""A balanced multi-region input-output table with named places, sectors and final uses.

    .. math::
        Y_{is} = \sum_{jk} Z_{is,jk} + \sum_{jf} F_{is,jf}, \qquad
        Y_{jk} = \sum_{is} Z_{is,jk} + T_{jk} + V_{jk}

    Arguments (n places, S sectors, F kinds of final use; all flows in ``unit`` per year)
        intermediate: ``[n, S, n, S]`` sales of origin i, sector s to industry k of place j; >= 0.
        final: ``[n, S, n, F]`` sales to final use f of place j; inventories may be negative.
        value_added: ``[n, S]`` value added of place j, industry k; > 0 where there is output.
        net_taxes_industry: ``[n, S]`` taxes less subsidies on what the industry uses.
        net_taxes_final: ``[n, F]`` taxes less subsidies on final use.
        tariff: ``[n, n, S]`` ad valorem rates, origin to destination; above -1; or None.
        balance_tolerance: largest allowed gap between row and column sum, relative to output.
        notes: the treatments that were applied to the data, in words.

    Arrays with labels (``xarray``) are put into the order of the table's labels by name.

    Raises :class:`InvalidDataError`, :class:`InvalidShapeError`, :class:`LabelMismatchError` and
    :class:`InvalidParameterError`, naming the offending cell and what is allowed.
    """

    def __post_init__(self) -> None:
        for name in ("places", "sectors", "uses", "notes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("places", "sectors", "uses"):
            check_labels(name, getattr(self, name))
        if not 0 < self.balance_tolerance < 1:
            raise InvalidParameterError(
                f"balance_tolerance = {self.balance_tolerance!r} is not allowed; must be in (0, 1)"
            )
        n, S, F = len(self.places), len(self.sectors), len(self.uses)
        shapes = {
            "intermediate": (n, S, n, S),
            "final": (n, S, n, F),
            "net_taxes_industry": (n, S),
            "net_taxes_final": (n, F),
            "value_added": (n, S),
        }
        if self.tariff is not None:
            shapes["tariff"] = (n, n, S)
        for name, shape in shapes.items():
            given = getattr(self, name)
            if isinstance(given, xr.DataArray):
                given = align(name, given, {axis: self._labels(axis) for axis in _AXES[name]})
            array = as_numbers(name, given).copy()
            check_shape(name, array, shape)
            array.flags.writeable = False
            object.__setattr__(self, name, array)
            self._refuse(name, array, ~np.isfinite(array), "must be finite")
        self._check_economy()

    def __repr__(self) -> str:
        size = f"{len(self.places)} places x {len(self.sectors)} sectors, {len(self.uses)} uses"
        return f"Table({size}, year={self.year}, unit={self.unit!r}, source={self.source!r})"

    def _check_economy(self) -> None:
        """Refuse tables that no economy can have; note what is allowed but unusual."""
        self._refuse("intermediate", self.intermediate, self.intermediate < 0, "must be >= 0")
        if self.tariff is not None:
            self._refuse("tariff", self.tariff, self.tariff <= -1, "must be > -1")
        output = self.output
        self._refuse("output", output, output < 0, "must be >= 0 (negative inventories?)")
        empty = np.flatnonzero(output.sum(1) <= 0)
        if empty.size:
            raise InvalidDataError(
                f"place {self.places[empty[0]]!r} has no output; every place must produce something"
            )
        without = (self.value_added <= 0) & (output > 0)
        self._refuse("value_added", self.value_added, without, "must be > 0 where output > 0")
        gap = np.abs(self.imbalance)
        unbalanced = gap > self.balance_tolerance * output
        if unbalanced.any():
            j, k = np.argwhere(unbalanced)[0]
            raise InvalidDataError(
                f"row and column of {self.places[j]}:{self.sectors[k]} do not balance: "
                f"output {output[j, k]:.10g}, inputs with taxes and value added "
                f"{output[j, k] - self.imbalance[j, k]:.10g}; the gap must be at most "
                f"{self.balance_tolerance:g} of output"
            )
        negative = int((self.final < 0).sum())
        if negative:
            amount = float(self.final[self.final < 0].sum())
            self._note(f"{negative} negative final flows kept, {amount:.6g} {self.unit} in all")
        backwards = int((self.flows < 0).sum())
        if backwards:
            self._note(f"{backwards} bilateral flows are negative over all uses")

    def _refuse(self, name: str, array: Array, bad: Array, allowed: str) -> None:
        """Raise at the first bad entry, naming it by its labels."""
        if bad.any():
            index = tuple(int(i) for i in np.argwhere(bad)[0])
            where = ", ".join(
                f"{axis}={self._labels(axis)[i]}"
                for axis, i in zip(_AXES[name], index, strict=True)
            )
            raise InvalidDataError(f"{name}[{where}] = {array[index]:g} is not allowed; {allowed}")

    def _labels(self, axis: str) -> tuple[str, ...]:
        if axis in ("origin", "destination"):
            return self.places
        return self.uses if axis == "use" else self.sectors

    def _note(self, text: str) -> None:
        """Append a note once (aggregating a table twice must not repeat it)."""
        if text not in self.notes:
            object.__setattr__(self, "notes", (*self.notes, text))

    def balanced(self) -> Table:
        """Return the table with value added as the exact residual of every column.

        Removes rounding errors of published tables; the largest change goes into the notes.
        """
        gap = self.imbalance
        share = np.max(np.abs(gap) / np.where(self.output > 0, self.output, 1.0))
        note = (
            f"value added is the residual of its column; changed by at most "
            f"{np.abs(gap).max():.3g} {self.unit} ({share:.2g} of output)"
        )
        worth_saying = share > 1e-12  # below that it is the rounding of the sums themselves
        return self.replace(note if worth_saying else "", value_added=self.value_added + gap)

    def aggregate(
        self,
        places: Mapping[str, Sequence[str]] | None = None,
        sectors: Mapping[str, Sequence[str]] | None = None,
    ) -> Table:
        """Merge places and sectors into named groups; see :func:`neg.data.aggregate.aggregate`."""
        return aggregate(self, places or {}, sectors or {})

    def select(self, places: Sequence[str], rest: str = "ROW") -> Table:
        """Keep the named places in this order and merge all others into ``rest``."""
        return select(self, places, rest)

    def without_deficits(self) -> Table:
        """Return the nearest balanced table with balanced trade; see :mod:`neg.data.rebalance`."""
        return without_deficits(self)

    def to_xarray(self) -> xr.Dataset:
        """Return every array, labelled, with unit, year, source and notes as attributes."""
        names = [name for name in _AXES if getattr(self, name) is not None]
        used = {axis for name in names for axis in _AXES[name]}
        dataset = xr.Dataset(
            {name: (_AXES[name], np.array(getattr(self, name))) for name in names},
            coords={axis: list(self._labels(axis)) for axis in sorted(used)},
            attrs={
                "unit": self.unit,
                "year": -1 if self.year is None else self.year,
                "source": self.source,
                "notes": "; ".join(self.notes),
            },
        )
        for name in names:
            dataset[name].attrs["unit"] = "1" if name == "tariff" else self.unit
        return dataset
