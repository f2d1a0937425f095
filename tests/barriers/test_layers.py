"""Trade-cost layers: each alone, together, and edited."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg.barriers.layer import KINDS, freight_rate, trade_costs
from neg.core.errors import (
    InvalidDataError,
    InvalidParameterError,
    InvalidShapeError,
    UnknownNameError,
)

PLACES, SECTORS = ("a", "b", "c"), ("food", "steel")
RNG = np.random.default_rng(1)
ABROAD = ~np.eye(3, dtype=bool)[:, :, None] & np.ones((3, 3, 2), dtype=bool)
RATE = RNG.uniform(0.05, 0.4, (3, 3, 2))


def layers(**given):
    return trade_costs(PLACES, SECTORS, given)


# One layer, several layers ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_alone_acts_where_its_kind_says(kind):
    costs = layers(only=(RATE, kind))
    acts = {
        "tau": (costs.tau - 1, ("resource", "risk")),
        "tariff": (costs.tariff, ("tariff",)),
        "export_tax": (costs.export_tax, ("export-tax",)),
    }
    for value, kinds in acts.values():
        np.testing.assert_allclose(value, RATE if kind in kinds else 0.0, atol=1e-15)
    np.testing.assert_allclose(costs.buyer_factor, 1 + RATE, rtol=1e-14)


def test_no_layer_is_no_cost():
    costs = layers()
    np.testing.assert_array_equal(costs.buyer_factor, np.ones((3, 3, 2)))
    np.testing.assert_array_equal(costs.tariff, np.zeros((3, 3, 2)))


def test_layers_multiply():
    rates = {name: RNG.uniform(-0.1, 0.5, (3, 3, 2)) for name in "stuvw"}
    kinds = ("resource", "risk", "tariff", "tariff", "export-tax")
    pairs = zip(rates, kinds, strict=True)
    costs = layers(**{name: (rates[name], kind) for name, kind in pairs})
    factor = {name: 1 + rate for name, rate in rates.items()}
    np.testing.assert_allclose(costs.tau, factor["s"] * factor["t"], rtol=1e-14)
    np.testing.assert_allclose(costs.tariff, factor["u"] * factor["v"] - 1, rtol=1e-13)
    np.testing.assert_allclose(costs.export_tax, rates["w"], rtol=1e-13)
    product = np.prod(list(factor.values()), axis=0)
    np.testing.assert_allclose(costs.buyer_factor, product, rtol=1e-14)


def test_numbers_and_matrices_hold_for_every_sector():
    costs = layers(flat=(0.1, "resource"), pair=(RATE[..., 0], "tariff"))
    np.testing.assert_allclose(costs.tau, np.full((3, 3, 2), 1.1))
    np.testing.assert_allclose(costs.tariff, np.repeat(RATE[..., :1], 2, axis=2), rtol=1e-14)


# Edits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"factor": 0.9}, 0.9 * RATE),
        ({"rate": 0.07}, np.full_like(RATE, 0.07)),
        ({"cost": 0.95}, (1 + RATE) * 0.95 - 1),
    ],
)
def test_ways_to_change_a_rate(how, expected):
    costs = layers(border=(RATE, "resource"), duty=(RATE, "tariff"))
    changed = costs.change("border", **how)
    np.testing.assert_allclose(changed.tau - 1, np.where(ABROAD, expected, RATE), atol=1e-14)
    np.testing.assert_array_equal(changed.tariff, costs.tariff)  # other layers stay
    np.testing.assert_allclose(costs.tau - 1, RATE, atol=1e-14)  # and so does the original
    everywhere = costs.change("border", **how, abroad_only=False)
    np.testing.assert_allclose(everywhere.tau - 1, expected, atol=1e-14)


@pytest.mark.parametrize(
    ("where", "pairs"),
    [
        ({"among": ["a", "b"]}, ["ab", "ba"]),
        ({"origins": ["a"]}, ["ab", "ac"]),
        ({"destinations": ["a"]}, ["ba", "ca"]),
        ({"origins": ["a", "b"], "destinations": ["b", "c"]}, ["ab", "ac", "bc"]),
        ({"among": ["a", "b"], "abroad_only": False}, ["aa", "ab", "ba", "bb"]),
        ({"origins": []}, []),
    ],
)
@pytest.mark.parametrize("sectors", [None, ["steel"]])
def test_where_a_change_applies(where, pairs, sectors):
    changed = layers(border=(0.0, "resource")).change("border", rate=1.0, sectors=sectors, **where)
    found = {
        (PLACES[i] + PLACES[j], SECTORS[s]) for i, j, s in np.argwhere(np.asarray(changed.tau) > 1)
    }
    assert found == {(pair, sector) for pair in pairs for sector in sectors or SECTORS}


def test_changes_follow_one_another():
    costs = layers(border=(RATE, "resource"), duty=(RATE, "tariff"))
    both = costs.change("border", factor=0.5).change("duty", rate=0.0)
    other = costs.change("duty", rate=0.0).change("border", factor=0.5)
    np.testing.assert_array_equal(both.buyer_factor, other.buyer_factor)
    twice = costs.change("border", cost=0.9).change("border", cost=0.8)
    once = costs.change("border", cost=0.72)
    np.testing.assert_allclose(twice.tau, once.tau, rtol=1e-14)
    last = costs.change("border", rate=0.3).change("border", rate=0.1, among=["a", "b"])
    assert float(last.tau[0, 1, 0]) == pytest.approx(1.1)
    assert float(last.tau[0, 2, 0]) == pytest.approx(1.3)


def test_a_change_is_differentiable():
    costs = layers(border=(RATE, "resource"))

    def total(factor):
        return jnp.sum(jnp.log(costs.change("border", factor=factor).tau))

    exact = np.sum(np.where(ABROAD, RATE / (1 + 0.5 * RATE), 0.0))
    assert float(jax.grad(total)(0.5)) == pytest.approx(exact, rel=1e-12)


# Freight ----------------------------------------------------------------------------------------


def test_freight_rises_with_distance_and_is_zero_at_home():
    km = np.array([[5.0, 1000.0, 4000.0], [1000.0, 5.0, 2000.0], [4000.0, 2000.0, 5.0]])
    rate = freight_rate(km, at=0.1, reference_km=1000.0, power=0.5)
    np.testing.assert_allclose(rate[0], [0.0, 0.1, 0.2], rtol=1e-14)
    np.testing.assert_array_equal(np.diag(rate), 0.0)


# Bad input --------------------------------------------------------------------------------------

KNOWN = layers(border=(0.1, "resource"))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: KNOWN.change("tolls", factor=0.9),
            *(UnknownNameError, "unknown layer 'tolls'; allowed: border"),
        ),
        (
            lambda: KNOWN.change("border", factor=0.9, among=["a", "x"]),
            *(UnknownNameError, "'x'; allowed: a, b, c"),
        ),
        (
            lambda: KNOWN.change("border", factor=0.9, origins=["x"]),
            *(UnknownNameError, "unknown origin 'x'; allowed: a, b, c"),
        ),
        (
            lambda: KNOWN.change("border", factor=0.9, destinations=["x"]),
            *(UnknownNameError, "unknown destination 'x'; allowed: a, b, c"),
        ),
        (
            lambda: KNOWN.change("border", factor=0.9, sectors=["x"]),
            *(UnknownNameError, "unknown sector 'x'; allowed: food, steel"),
        ),
        (
            lambda: KNOWN.change("border"),
            *(InvalidParameterError, "gives nothing; must give exactly one"),
        ),
        (
            lambda: KNOWN.change("border", factor=0.9, rate=0.1),
            *(InvalidParameterError, r"gives \['factor', 'rate'\]; must give exactly one"),
        ),
        (
            lambda: KNOWN.change("border", factor=0.9, among=["a"], origins=["b"]),
            *(InvalidParameterError, "either among or origins and destinations"),
        ),
        (
            lambda: KNOWN.change("border", factor=-0.5),
            *(InvalidParameterError, r"factor = -0.5 .*\[0, inf\)"),
        ),
        (
            lambda: KNOWN.change("border", cost=0.0),
            *(InvalidParameterError, r"cost = 0 .*\(0, inf\)"),
        ),
        (
            lambda: KNOWN.change("border", rate=-1.0),
            *(InvalidParameterError, r"rate.* = -1 .*\(-1, inf\)"),
        ),
        (
            lambda: KNOWN.change("border", rate=np.nan),
            *(InvalidDataError, "rate.* = nan .*finite"),
        ),
        (
            lambda: layers(border=(0.1, "toll")),
            *(UnknownNameError, "kind 'toll'; allowed: resource, risk, tariff, export-tax"),
        ),
        (
            lambda: layers(border=(np.zeros((3, 3, 3)), "resource")),
            *(InvalidShapeError, r"layer 'border'.* \(3, 3, 3\); must be \(3, 3, 2\)"),
        ),
        (
            lambda: layers(border=(np.zeros((2, 3)), "resource")),
            *(InvalidShapeError, r"layer 'border'.* must be \(3, 3, 2\)"),
        ),
        (
            lambda: layers(border=(np.zeros(3), "resource")),
            *(InvalidShapeError, r"layer 'border'.* \(3,\); must be \(3, 3, 2\)"),
        ),
        (
            lambda: freight_rate([[-1.0]], at=0.1, reference_km=1.0, power=1.0),
            *(InvalidParameterError, r"distance_km\[0, 0\] = -1"),
        ),
        (
            lambda: freight_rate([[1.0]], at=0.1, reference_km=0.0, power=1.0),
            *(InvalidParameterError, "reference_km = 0"),
        ),
    ],
)
def test_bad_input_is_refused_by_name(call, error, words):
    with pytest.raises(error, match=words):
        call()
