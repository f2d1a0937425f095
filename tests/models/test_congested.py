"""Blocks: each against a limit or a closed form, alone and together, reached by name."""

import jax.numpy as jnp
import numpy as np
import pytest
from model_tools import clear, growth, payoffs, settle, threshold

from neg.core.errors import (
    InvalidParameterError,
    LabelMismatchError,
    UnknownNameError,
)
from neg.economy.composed import Economy, compose
from neg.economy.model import Model
from neg.models.allen_arkolakis import AllenArkolakis
from neg.models.core_periphery import CorePeriphery
from neg.models.footloose_entrepreneur import FootlooseEntrepreneur
from neg.models.helpman import Helpman
from neg.models.ottaviano_tabuchi_thisse import OttavianoTabuchiThisse
from neg.models.pflueger import Pflueger
from neg.models.vertical_linkages import VerticalLinkages
from neg.parts import Density, Land, Part, Pollution, Tastes, Traffic, Wages, switched_on
from neg.places.layouts import from_distance
from neg.solvers.short_run import short_run

OFF = [Land(h=0.0), Wages(omega=0.0), Density(delta=0.0), Traffic(slope=0.0), Pollution(damage=0.0)]
OFF.append(Tastes(kappa=0.0))
ALL = [Land(), Wages(), Density(), Traffic(), Pollution(reach=0.3), Tastes()]
UNEVEN = [0.7, 0.3]


def test_every_block_is_known_by_its_label_and_has_a_lever():
    assert {type(block) for block in ALL} <= set(Part.registry.values())
    for block in ALL:
        assert block.lever in block.parameters() and block.source


@pytest.mark.parametrize("base", [CorePeriphery(), Pflueger()])
def test_blocks_of_no_strength_change_nothing(base):
    np.testing.assert_allclose(payoffs(compose(base, OFF), UNEVEN), payoffs(base, UNEVEN))


def test_land_in_fixed_supply_is_helpmans_housing():
    a, sigma = 0.8, 4.0
    plain = AllenArkolakis(alpha=1 / (sigma - 1), beta=0.0, sigma=sigma)
    model = compose(plain, [Land(h=1 - a, farm_rent=0.0)])
    helpman = Helpman(a=a, sigma=sigma)
    difference = payoffs(model, UNEVEN) - payoffs(helpman, UNEVEN) / a
    assert np.ptp(difference) < 1e-11
    chi = (1 - a) * sigma * (sigma - 1) / (a * (2 * sigma - 1) - (1 - a) * (sigma - 1) ** 2)
    found = threshold(model, "phi", 0.05, 0.8)
    assert found == pytest.approx((1 - chi) / (1 + chi), rel=1e-8)


def test_density_without_residents_is_a_negative_amenity_elasticity():
    plain = AllenArkolakis(beta=0.0)
    model = compose(plain, [Density(delta=0.05, residents=0.0)])
    twin = payoffs(AllenArkolakis(beta=-0.05), UNEVEN)
    np.testing.assert_allclose(payoffs(model, UNEVEN), twin, atol=1e-12)


@pytest.mark.parametrize(
    ("block", "force"),
    [
        (Land(h=0.2, supply=0.7, farm_rent=0.4), 0.25 * 0.5 / (0.7 * 0.4 + 0.5)),
        (Wages(omega=0.3, pool=0.6), 0.3 * 0.5 / 1.1),
        (Density(delta=0.2, residents=0.8), 0.2 * 0.5 / 1.3),
        (Pollution(damage=0.4, abatement=0.25, reach=0.3), 0.4 * 0.75 * 0.5 * (1 - 0.3)),
        (Tastes(kappa=0.07), 0.07),
    ],
)
def test_force_of_a_block_at_the_symmetric_state(block, force):
    """Growth of the odd pattern falls by the block's own slope there: ``- x dv/dx``."""
    for base in (FootlooseEntrepreneur(tau=1.05), Pflueger(tau=1.2)):
        model = compose(base, [block])
        assert growth(model) == pytest.approx(growth(base) - force, abs=1e-12)


def test_tastes_turn_equal_payoffs_into_choice_probabilities():
    base, kappa = CorePeriphery(tau=1.3), 0.02
    x, _ = settle(compose(base, [Tastes(kappa=kappa)]), [0.9, 0.1])
    value = payoffs(base, x)
    weight = np.exp((value - value.max()) / kappa)
    assert x[0] > 0.8
    np.testing.assert_allclose(x, weight / weight.sum(), rtol=1e-8)


@pytest.mark.parametrize("base", [CorePeriphery(), OttavianoTabuchiThisse(tau=0.1)])
def test_traffic_lengthens_trips(base):
    traffic = Traffic(slope=0.5, power=2.0, capacity=0.8)
    model = compose(base, [traffic])
    x = np.asarray(UNEVEN) * float(base.groups.mass[0])
    volume = x.sum() / 2
    factor = 1 + 0.5 * (volume / 0.8) ** 2
    twin = base.with_(geography=from_distance([[0.0, factor], [factor, 0.0]]))
    np.testing.assert_allclose(payoffs(model, x), payoffs(twin, x), rtol=1e-12)


def test_traffic_keeps_trade_costly_between_large_places():
    """Among three places the volume depends on who is where, and so do payoffs and slopes."""
    distance = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    base = CorePeriphery(tau=1.5, geography=from_distance(distance))
    model = compose(base, [Traffic(slope=2.0, power=2.0)])
    x = np.array([0.5, 0.3, 0.2])
    volume = (x[:, None] + x[None, :]) / 2
    twin = base.with_(geography=from_distance(distance * (1 + 2 * (volume / 0.5) ** 2)))
    np.testing.assert_allclose(payoffs(model, x), payoffs(twin, x), rtol=1e-12)
    step = np.array([1e-5, -1e-5, 0.0])
    slope = (payoffs(model, x + step) - payoffs(model, x - step)) / 2
    np.testing.assert_allclose(clear(model, x)[2] @ step, slope, rtol=1e-6)
    wide = model.with_(**{"traffic.capacity": 1e6})
    np.testing.assert_allclose(payoffs(wide, x), payoffs(base, x), rtol=1e-9)


def test_land_bends_the_fall_in_trade_cost_into_a_bell():
    model = compose(CorePeriphery(), [Land(h=0.05)])
    first = threshold(model, "phi", 0.02, 0.5)
    second = threshold(model, "phi", 0.5, 0.999)
    assert growth(model.with_(phi=(first + second) / 2)) > 0 > growth(model.with_(phi=0.999))
    more = model.with_(**{"land.supply": 2.0})
    assert threshold(more, "phi", 0.02, 0.5) < first
    assert threshold(more, "phi", 0.5, 0.9999) > second


def test_thresholds_in_parameters_of_blocks():
    base = CorePeriphery(tau=1.4)
    model = compose(base, [Tastes()])
    assert threshold(model, "tastes.kappa", 0.0, 1.0) == pytest.approx(growth(base), rel=1e-8)
    model = compose(base, [Land(h=0.3)])
    supply = threshold(model, "land.supply", 0.05, 50.0)
    weight = 0.3 / 0.7 * 0.5 / (supply + 0.5)
    assert weight == pytest.approx(growth(base), rel=1e-8)


def test_abatement_is_paid_for():
    model = compose(Pflueger(), [Pollution(damage=0.0, abatement=0.5, cost=0.8)])
    np.testing.assert_allclose(payoffs(Pflueger(), UNEVEN) - payoffs(model, UNEVEN), 0.1)


def test_blocks_crowd_industry_and_not_farms():
    base = VerticalLinkages(tau=1.4)
    x = np.array([0.3, 0.2, 0.4, 0.1])
    taken = payoffs(compose(base, [Wages(omega=0.2, pool=0.5)]), x) - payoffs(base, x)
    np.testing.assert_allclose(taken, [0, -0.2 * np.log(1.4), 0, -0.2 * np.log(1.2)], atol=1e-12)


def test_all_blocks_together():
    distance = np.array([[0.0, 1.0, 2.0], [1.3, 0.0, 0.7], [1.8, 0.6, 0.0]])
    order = np.array([2, 0, 1])
    here, there = distance, distance[np.ix_(order, order)]
    model, twin = (compose(CorePeriphery(geography=from_distance(d)), ALL) for d in (here, there))
    x = np.array([0.5, 0.2, 0.3])
    np.testing.assert_allclose(payoffs(twin, x[order]), payoffs(model, x)[order], atol=1e-11)
    _, value, slope = clear(model, model.agglomerated(1))
    assert np.all(np.isfinite(value)) and np.all(np.isfinite(slope))
    names = {"land.rent", "wages.premium", "density.density", "traffic.delay"}
    found = short_run(model, jnp.asarray(x)).outcomes
    assert names | {"pollution.concentration", "wage"} <= set(found)
    np.testing.assert_allclose(found["land.rent"], 1.0 + x)
    np.testing.assert_allclose(found["payoff"], payoffs(model, x), atol=1e-10)


def test_parameters_are_reached_by_name():
    model = switched_on(CorePeriphery(), {"land.h": 0.2, "tastes.kappa": 0.1})
    assert isinstance(model, Economy)
    assert float(model.get("land.h")) == 0.2 and float(model.get("sigma")) == 5.0
    moved = model.with_(phi=0.3, **{"land.supply": 2.0})
    assert float(moved.get("phi")) == pytest.approx(0.3)
    assert float(moved.get("land.supply")) == 2.0 and float(moved.get("land.h")) == 0.2
    assert model.parameters()["tastes.kappa"].name == "tastes.kappa"
    assert {"tau", "mu", "land.farm_rent"} <= set(model.parameters())
    assert switched_on(CorePeriphery(), ["traffic"]).get("traffic.power") == 4.0
    assert isinstance(switched_on(CorePeriphery(), {}), CorePeriphery)


def test_wrong_blocks_are_refused():
    model = compose(CorePeriphery(), [Land()])
    with pytest.raises(UnknownNameError, match=r"land\.nonsense"):
        model.get("land.nonsense")
    with pytest.raises(UnknownNameError, match="part 'tastes'"):
        model.with_(**{"tastes.kappa": 1.0})
    with pytest.raises(InvalidParameterError, match="supply"):
        model.with_(**{"land.supply": -1.0})
    with pytest.raises(LabelMismatchError, match="land"):
        compose(CorePeriphery(), [Land(), Land()])
    with pytest.raises(UnknownNameError, match="swamp"):
        switched_on(CorePeriphery(), {"swamp.depth": 1.0})


def test_traffic_needs_a_geography():
    class Fixed(Model):
        groups = CorePeriphery().groups

        def initial_prices(self, x):
            return {}

        def market_residual(self, prices, x):
            return {}

        def payoff(self, prices, x):
            return -x

    assert growth(compose(Fixed(), [Pollution(damage=1.0)])) == pytest.approx(-1.0)
    with pytest.raises(InvalidParameterError, match="traffic"):
        compose(Fixed(), [Traffic()])
