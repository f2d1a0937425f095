"""When sectors arrive in places and leave them, along a path of relocation."""

from __future__ import annotations

from typing import Any

import numpy as np

from neg.core.checks import check_range
from neg.core.errors import InvalidDataError


def take_offs(path: Any, level: float = 0.05) -> Any:
    """When sectors arrive in places, and leave them: a table of date, place, sector and what.

    A sector arrives where the place's share of its workers in the world rises above ``level``, and
    leaves where it falls below it: at an event, or between two dates by a straight line.
    ``path`` is what :func:`neg.analysis.relocation` returns, of an economy with sectors. Raises
    :class:`neg.core.errors.InvalidDataError` for one without.

    >>> import xarray as xr
    >>> share = ("date", "cell"), [[0.98, 0.02], [0.9, 0.1]]
    >>> event = ("event", "cell"), np.zeros((0, 2))
    >>> cells = {"cell_place": ["A", "B"], "cell_sector": ["cars"] * 2, "cell_mass": [1.0, 1.0]}
    >>> path = xr.Dataset(
    ...     {"x": share, "share": share, "before": event, "after": event},
    ...     coords={name: ("cell", values) for name, values in cells.items()}
    ...     | {"date": [2000.0, 2010.0], "event_date": ("event", np.zeros(0))},
    ... )
    >>> print(take_offs(path).to_string(index=False))
       date place sector    what
    2003.75     B   cars arrives
    """
    import pandas as pd

    check_range("level", level, 0.0, 1.0, low_open=True)
    if "cell_sector" not in path.coords:
        raise InvalidDataError("the path knows no sectors; must be of a general economy")
    path = path.isel(date=np.isfinite(path["x"].values).all(axis=1))  # what was not lost
    rows = []
    for sector in dict.fromkeys(path["cell_sector"].values):
        here = path.sel(cell=path["cell_sector"] == sector)
        dates, shares = _with_events(here)
        for k, cell in enumerate(here["cell_place"].values):
            y = shares[:, k] - level
            for i in np.flatnonzero((y[:-1] < 0) != (y[1:] < 0)):
                weight = -y[i] / (y[i + 1] - y[i])
                date = dates[i] + weight * (dates[i + 1] - dates[i])
                rows.append((date, cell, sector, "arrives" if y[i] < 0 else "leaves"))
    return pd.DataFrame(sorted(rows), columns=["date", "place", "sector", "what"])


def _with_events(here: Any) -> tuple[np.ndarray, np.ndarray]:
    """Dates, those of events twice, and shares of the world's workers before and after each."""
    dates = np.concatenate([here["date"], here["event_date"], here["event_date"]])
    workers = here["share"].values, here["before"].values, here["after"].values
    x = np.concatenate(workers) * here["cell_mass"].values
    many = [here.sizes["date"], here.sizes["event"], here.sizes["event"]]
    after = np.repeat([1.0, 0.0, 1.0], many)
    order = np.lexsort((after, dates))
    return dates[order], (x / x.sum(axis=1, keepdims=True))[order]
