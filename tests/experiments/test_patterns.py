"""The figures of many centres show what random starts reach, and leave no interval without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neg.core import records

FIGURES = Path(__file__).resolve().parents[2] / "figures"


CASES = [("hexagonal_lattice", 0), ("racetrack_cascade", 0), ("racetrack_cascade", 1)]


def branches(record, panel):
    """Freeness along each branch of a panel, and whether it is stable there."""
    mine = record.isel(branch=np.flatnonzero(record["branch_panel"].values == panel))
    phi = mine["phi"].values
    return phi, (mine["stable"].values == 1) & np.isfinite(phi)


def drawn_as_stable(record, panel):
    """Ends in freeness of every stretch of a branch between two points that are both stable."""
    phi, stable = branches(record, panel)
    both = stable[:, 1:] & stable[:, :-1]
    ends = np.sort(np.stack([phi[:, :-1], phi[:, 1:]]), axis=0)
    return ends[:, both]


@pytest.mark.parametrize(("name", "panel"), CASES)
def test_at_every_freeness_a_stable_state_is_drawn(name, panel):
    record = records.read_record(FIGURES / f"{name}.nc")
    low, high = drawn_as_stable(record, panel)
    first, last = low.min(), high.max()
    at = np.linspace(first, last, 2001)[1:-1]
    known = (low[:, None] <= at) & (at <= high[:, None])
    assert known.any(axis=0).all(), at[~known.any(axis=0)]


@pytest.mark.parametrize(("name", "panel"), CASES)
def test_what_random_starts_reach_is_on_a_stable_branch(name, panel):
    record = records.read_record(FIGURES / f"{name}.nc")
    mine = record.isel(state=np.flatnonzero(record["state_panel"].values == panel))
    phi, stable = branches(record, panel)
    for value in np.unique(mine["state_phi"]):
        here = mine.isel(state=np.flatnonzero(mine["state_phi"].values == value))
        assert float(here["state_share"].sum()) == pytest.approx(1.0)  # all starts came to rest
        for branch in here["state_branch"].values:
            known = phi[branch, stable[branch]]
            assert known.min() - 1e-9 <= value <= known.max() + 1e-9


def test_two_and_three_equal_centres_are_drawn_where_starts_end_in_them():
    """On the lattice of 36 places, footloose entrepreneurs: 1/2 and 1/3, where few grids look."""
    record = records.read_record(FIGURES / "hexagonal_lattice.nc")
    largest, stable, phi = (record[key].values for key in ("largest", "stable", "phi"))
    for centres, (low, high) in {2: (0.65, 0.67), 3: (0.60, 0.64)}.items():
        alike = np.abs(largest - 1 / centres) < 1e-9
        reached = phi[alike & (stable == 1)]
        assert reached.min() < low and reached.max() > high
