"""Levers as unknowns and as instruments, on canonical models with parts and on tables."""

import jax.numpy as jnp
import numpy as np
import pytest
from economies import random_table

from neg.analysis import calibrate
from neg.barriers import Layer
from neg.core.errors import InvalidParameterError, UnknownNameError
from neg.economy.composed import compose
from neg.economy.lever import Lever
from neg.estimation import fit, maximise
from neg.models.core_periphery import CorePeriphery
from neg.parts import Land
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run

TABLE = random_table(seed=6, tariffs=False)
MODEL = calibrate(TABLE, theta=4.0, uses="common", layers={"border": (0.2, "resource")})


@pytest.mark.slow
def test_unknowns_are_recovered_from_the_outcomes_that_they_made():
    truth = Lever("border.cost", "times", among=["p0", "p1"]).put(MODEL, 0.9)
    truth = Lever("productivity", "times", places="p2").put(truth, 1.2)
    target = short_run(truth).outcomes

    def moments(out):
        return {"trade": out["trade"][0, 1].sum(), "wage": out["mean_wage"][2]}

    found = fit(
        MODEL,
        {
            "border": (Lever("border.cost", "times", among=["p0", "p1"]), 0.5, 2.0),
            "ahead": (Lever("productivity", "times", places="p2"), 0.2, 5.0),
        },
        moments,
        moments(target),
    )
    assert float(found.calibration.values["border"]) == pytest.approx(0.9, rel=1e-5)
    assert float(found.calibration.values["ahead"]) == pytest.approx(1.2, rel=1e-5)
    np.testing.assert_allclose(
        short_run(found.economy).outcomes["trade"], target["trade"], rtol=1e-5
    )


@pytest.mark.slow
def test_a_canonical_model_with_a_part_and_a_layer_is_fitted_on_its_branch():
    model = compose(CorePeriphery(tau=2.5), [Land(h=0.2), Layer("border", 0.1)])
    at = equilibrium_at(model, [0.5, 0.5], [True, True])

    def moments(out):
        return {"rent": out["land.rent"][0], "index": out["price_index"][0]}

    wanted = model.with_(**{"land.supply": 0.7, "border.rate": 0.3})
    target = moments(equilibrium_at(wanted, [0.5, 0.5], [True, True]).outcomes)
    unknowns = {"supply": ("land.supply", 0.1, 5.0), "rate": ("border.rate", 0.0, 1.0)}
    found = fit(model, unknowns, moments, target, at=at)
    assert float(found.calibration.values["supply"]) == pytest.approx(0.7, rel=1e-5)
    assert float(found.calibration.values["rate"]) == pytest.approx(0.3, rel=1e-5)


@pytest.mark.slow
def test_the_best_tariff_found_by_a_lever_is_the_optimum_of_a_search():
    lever = Lever("tariff", "set", destinations="p0")

    def welfare(out):
        return jnp.log(out["welfare"][0])

    best = maximise(MODEL, {"tariff": (lever, -0.5, 2.0)}, welfare)
    tried = np.linspace(best.values["tariff"] - 0.05, best.values["tariff"] + 0.05, 11)
    values = [float(welfare(short_run(lever.put(MODEL, t)).outcomes)) for t in tried]
    assert int(np.argmax(values)) == 5 and best.gain > 0
    assert abs(best.slope["tariff"]) < 1e-6


def test_levers_that_cannot_be_moved_are_refused():
    def nothing(out):
        return out["welfare"][0]

    with pytest.raises(UnknownNameError, match="speed"):
        maximise(MODEL, {"x": ("border.speed", 0.0, 1.0)}, nothing)
    with pytest.raises(InvalidParameterError, match=r"starts at 1.*must lie in \[2, 3\]"):
        maximise(MODEL, {"x": (Lever("border.cost", "times"), 2.0, 3.0)}, nothing)
    with pytest.raises(InvalidParameterError, match="must increase"):
        maximise(MODEL, {"x": ("border.cost", 2.0, 1.0)}, nothing)
    with pytest.raises(InvalidParameterError, match="no lever"):
        maximise(MODEL, {}, nothing)
