"""Working capital that waits for goods on a network: hours become days of interest."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from neg import compose, general_economy, short_run
from neg.barriers import Time
from neg.core.errors import InvalidParameterError
from neg.economy.lever import Lever
from neg.firms import FinanceSupport, WorkingCapital
from neg.network import Carriage, network

NET = network(
    ["a", "b", "c"],
    [("a", "b", "road", 400.0), ("b", "c", "road", 900.0)],
    modes={"road": {"usd_per_km": 1.0, "kmh": 40.0}},
)


def economy(*parts):
    base = general_economy(
        places=["a", "b", "c"],
        sectors=["goods", "services"],
        employment=[[1.0, 0.5], [1.5, 0.6], [0.8, 0.7]],
        theta=4.0,
        alpha=0.0,
    )
    return compose(base, parts)


@pytest.mark.slow  # two economies
@pytest.mark.parametrize("daily", [0.01, [0.01, 0.02]])
def test_hours_on_the_network_are_days_of_interest(daily):
    """The same as days given by hand, a shipment that differs by sector or not."""
    waiting = WorkingCapital(days=30.0, under_way="network", support=FinanceSupport(subsidy=0.2))
    found = short_run(economy(waiting, Carriage.on(NET, daily=daily))).outcomes
    hours = np.asarray(found["network.hours"])
    hours = hours if hours.ndim == 2 else hours[..., 0]
    assert hours[0] == pytest.approx([0.0, 10.0, 32.5])
    by_hand = WorkingCapital(days=30.0 + hours / 24.0, support=FinanceSupport(subsidy=0.2))
    other = short_run(economy(by_hand, Carriage.on(NET, daily=daily))).outcomes
    for name in ("wage", "trade", "welfare", "working_capital.budget"):
        assert found[name] == pytest.approx(np.asarray(other[name]), rel=1e-9), name
    assert found["working_capital.budget"].min() > 0


def test_what_makes_roads_faster_saves_interest():
    interest = (1.05 / 0.9 - 1.0) / 365.0
    model = economy(WorkingCapital(under_way="network"), Time(hours=48.0))
    lever = Lever("time.hours", "set")

    def factor(hours):
        moved = lever.put(model, hours)
        x = model.initial_distribution()
        scene = moved.scene(moved.initial_prices(x), x)
        return moved.part("working_capital").outcomes(scene)["factor"][0, 1]

    assert factor(48.0) == pytest.approx(1.0 + interest * 62.0, rel=1e-14)
    assert jax.grad(factor)(48.0) == pytest.approx(interest / 24.0, rel=1e-12)


def test_without_anything_under_way_it_is_refused():
    with pytest.raises(InvalidParameterError, match="under_way = 'network' is not allowed"):
        economy(WorkingCapital(under_way="network"))
