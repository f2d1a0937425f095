"""The bell curve: break points as in Puga's model, labels that the full spectrum confirms."""

from __future__ import annotations

import numpy as np
import pytest

from experiments import bell_curve
from neg.models.puga import PugaImmobile
from neg.solvers.long_run import equilibrium_at

CONFIG = {**bell_curve.CONFIG, **bell_curve.SMOKE}


@pytest.fixture(scope="module")
def record():
    return bell_curve.run(CONFIG, lambda *_: None)


@pytest.mark.slow
def test_layers_that_burn_break_where_pugas_iceberg_cost_does(record):
    """Freight, delay and risk are one iceberg factor; with the tariff at 2 % each breaks alike."""
    assert record.attrs["status"] == "converged"
    rates = bell_curve._rates(CONFIG)
    burnt = [
        [float(rates[name](level)) for level in record["break"].sel(layer=name).values[:2]]
        for name in ("freight", "delay", "risk")
    ]
    np.testing.assert_allclose(burnt[1:], [burnt[0]] * 2, rtol=1e-5)
    tariffs = record["break"].sel(layer="tariff").values[:2] / 100.0
    assert (tariffs < burnt[0]).all()  # a tariff also cuts what the seller gets of each sale


@pytest.mark.slow
def test_without_tariff_the_economy_is_pugas():
    """The state that is held even has Puga's break point: freeness 0.1246 and 0.6105."""
    config = {**CONFIG, "base": 0.0}
    record = bell_curve.run(config, lambda *_: None)
    tau = 1.0 + record["break"].sel(layer="freight").values[:2] / 100.0
    grid = np.sort(tau**-4.0)
    for phi, inner in ((grid[0], 1.01), (grid[1], 0.99)):
        for factor, stable in ((inner, False), (1.0 / inner, True)):
            model = PugaImmobile().with_(phi=phi * factor)
            even = equilibrium_at(model, model.initial_distribution(), [True] * 4)
            assert even.stable is stable


@pytest.mark.slow
def test_concentration_is_stable_where_it_is_drawn_so(record):
    rates = bell_curve._rates(CONFIG)
    model = bell_curve._economy(CONFIG).with_(**{"freight.rate": float(rates["freight"](30))})
    industry = 0.35
    x = [0.5 - industry, industry, 0.5, 0.0]
    found = equilibrium_at(model, x, [True, True, True, False])
    assert found.stable is True
    assert record["break"].sel(layer="freight", which=0) < 30.0
    assert record["break"].sel(layer="freight", which=1) > 30.0
