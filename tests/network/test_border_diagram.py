"""Where industry locates as a border opens: a diagram over its hours, on a canonical model."""

import numpy as np
import pytest

from neg import Lever, compose, diagram, get_model
from neg.diagrams.diagram import NOTHING
from neg.network import Carriage, network
from neg.places.layouts import Geography

HOURS = (120.0, 1000.0)
ROAD = {"road": {"usd_per_km": 1.0, "kmh": 40.0}}


@pytest.mark.slow
def test_breaks_over_border_hours_are_those_over_trade_costs():
    """Core and periphery across a border: the even state breaks where tau says it does."""
    net = network(
        {"a": "A", "b": "B"},
        [("a", "b", "road", 400)],
        modes=ROAD,
        borders=[{"usd": 0.0, "hours": 100.0}],
    )
    part = Carriage.on(net, shipment=30_000.0, daily=0.02)
    flat = Geography(np.zeros((2, 2)), np.zeros((2, 2)), ("a", "b"))
    model = get_model("core-periphery")
    economy = compose(model(geography=flat), [part])
    lever = Lever("network.border_hours", "set", borders="A-B")
    found = diagram(economy, lever, *HOURS, search=NOTHING)
    road = 400.0 / 30_000.0 + 0.02 * 10.0 / 24.0

    def tau(hours):
        return np.exp(road + 0.02 * hours / 24.0)

    known = diagram(model(), "tau", tau(HOURS[0]), tau(HOURS[1]), search=NOTHING)
    mine, theirs = points(found), points(known)
    assert [kind for kind, _ in mine] == [kind for kind, _ in theirs] and len(mine) >= 2
    np.testing.assert_allclose(
        [tau(value) for _, value in mine], [value for _, value in theirs], rtol=1e-6
    )


def points(found):
    """Kinds and parameter values of special points, each place once."""
    return sorted({(one.kind, round(float(one.parameter), 9)) for _, one in found.special})
