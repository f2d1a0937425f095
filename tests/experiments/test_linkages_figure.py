"""Numbers of the figure of linkages by another route."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from linked_by_hand import by_hand

from experiments import linkages
from neg.core import records

FIGURES = Path(__file__).resolve().parents[2] / "figures"
CONFIG = linkages.CONFIG
PEOPLE, TAU = np.ones(2), np.array([[1.0, CONFIG["tau"]], [CONFIG["tau"], 1.0]])


def state(part, owner, points=60_001):
    return by_hand(part, owner, PEOPLE, TAU, CONFIG["sigma"], points)[0]


@pytest.mark.slow
def test_the_figure_by_another_route():
    """Gains of real income at the coordination of the bars, sharing from the budget."""
    record = records.read_record(FIGURES / "linkages.nc")
    bars = record["value"].isel(coordination=-1).sel(what="real income")
    seen = linkages.world(CONFIG)
    peers = seen.peers.part("horizontal").with_(coordination=CONFIG["base"])
    managed = peers.with_(fee=CONFIG["fee"], cut=CONFIG["cut"], support=np.array([1.0, 0.0]))
    alone = state(peers.with_(distance=np.full(2, linkages.ALONE)), None)
    paid = state(managed, None, points=800_001)
    gain = paid.consumption[0] / alone.consumption[0]
    expected = float(bars.sel(form="manager paid") / bars.sel(form="alone"))
    assert gain == pytest.approx(expected, rel=1e-5)
    budget, share = paid.granted[0], 0.05  # in wages of the second place
    price = paid.consumption[0] * paid.index[0]
    assert budget / price == pytest.approx(
        float(record["value"].isel(coordination=-1).sel(what="budget", form="manager paid")),
        rel=4e-4,  # two steps of the grid, as shares of firms jump at cut-offs
    )
    for form, place, owner in (("hub", None, None), ("hub abroad", "abroad", 1)):
        part = seen.hubs["home" if place is None else place].part("vertical")
        for _ in range(4):
            found = state(part.with_(sharing=np.array([share, 0.0])), owner)
            # The record has money in units of the mean wage of the world.
            mean = found.wage.mean() / paid.wage.mean()
            share = share * budget * mean / found.granted[0]
        gain = found.consumption[0] / alone.consumption[0]
        expected = float(bars.sel(form=form) / bars.sel(form="alone"))
        assert gain == pytest.approx(expected, rel=1e-5), form
