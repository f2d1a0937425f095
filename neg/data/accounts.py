"""The accounts of a multi-region table: its fields and what follows from them by adding up."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Accounts:
    """Sales, value added and taxes with labels; :class:`neg.data.Table` says and checks them."""

    places: tuple[str, ...]
    sectors: tuple[str, ...]
    uses: tuple[str, ...]
    intermediate: Array
    final: Array
    value_added: Array
    net_taxes_industry: Array
    net_taxes_final: Array
    tariff: Array | None = None
    unit: str = "million USD"
    year: int | None = None
    source: str = ""
    notes: tuple[str, ...] = field(default=())
    balance_tolerance: float = 1e-3

    @property
    def output(self) -> Array:
        """Gross output ``[n, S]``: row sums over all uses."""
        return self.intermediate.sum((2, 3)) + self.final.sum((2, 3))

    @property
    def flows(self) -> Array:
        """Bilateral flows ``[origin, destination, sector]`` over all uses, home sales included."""
        return np.moveaxis(self.intermediate.sum(3) + self.final.sum(3), 1, 2)

    @property
    def inputs(self) -> Array:
        """Spending ``[place, sector, industry]`` on each input by each industry, any origin."""
        return np.moveaxis(self.intermediate.sum(0), 1, 0)

    @property
    def final_use(self) -> Array:
        """Spending ``[place, sector]`` on final uses of all kinds, from any origin."""
        return self.final.sum((0, 3)).T

    @property
    def deficit(self) -> Array:
        """Trade deficit ``[n]``: imports less exports at basic prices; sums to zero."""
        flows = self.flows.sum(2)
        return flows.sum(0) - flows.sum(1)

    @property
    def imbalance(self) -> Array:
        """Row sum less column sum ``[n, S]``: zero in a balanced table."""
        spent = self.intermediate.sum((0, 1)) + self.net_taxes_industry + self.value_added
        return self.output - spent

    def replace(self, note: str = "", **changes: Any) -> Self:
        """Return a checked copy with some fields changed and, if given, one note more."""
        if note:
            changes["notes"] = (*self.notes, note)
        return dataclasses.replace(self, **changes)
