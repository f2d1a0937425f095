"""Trade-cost layers: each alone, together, and edited."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from neg.analysis import scenario
from neg.barriers import Layer, layers_of
from neg.barriers.layer import KINDS, freight_rate, trade_costs
from neg.core.errors import (
    InvalidParameterError,
    InvalidShapeError,
    LabelMismatchError,
    UnknownNameError,
)
from neg.economy.general import general_economy

PLACES, SECTORS = ("a", "b", "c"), ("food", "steel")
RNG = np.random.default_rng(1)
ABROAD = ~np.eye(3, dtype=bool)[:, :, None] & np.ones((3, 3, 2), dtype=bool)
RATE = RNG.uniform(0.05, 0.4, (3, 3, 2))


def layers(**given):
    """An economy with layers and nothing else that costs anything."""
    return general_economy(
        places=PLACES,
        sectors=SECTORS,
        employment=1.0,
        theta=5.0,
        parts=trade_costs(PLACES, SECTORS, given),
    )


def market(economy):
    """The market as the layers leave it."""
    x = economy.initial_distribution()
    return economy.bent_at(economy.initial_prices(x), x).market


def factor(economy):
    """What buyers pay over what a delivery costs at the gate, export taxes not counted."""
    seen = market(economy)
    return np.asarray(seen.tau * seen.wedge)


def change(economy, layer, **edit):
    """The economy after one edit of one layer."""
    return scenario({"name": "s", "edits": [{"layer": layer, **edit}]}).apply(economy)


# One layer, several layers ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_alone_acts_where_its_kind_says(kind):
    seen = market(layers(only=(RATE, kind)))
    acts = {
        "tau": (seen.tau - 1, ("resource", "risk")),
        "tariff": (seen.tariff, ("tariff",)),
        "export_tax": (seen.export_tax, ("export-tax",)),
    }
    for value, kinds in acts.values():
        np.testing.assert_allclose(value, RATE if kind in kinds else 0.0, atol=1e-15)
    np.testing.assert_allclose(seen.tau * seen.wedge, 1 + RATE, rtol=1e-14)


def test_no_layer_is_no_cost():
    economy = layers()
    np.testing.assert_array_equal(factor(economy), np.ones((3, 3, 2)))
    np.testing.assert_array_equal(market(economy).tariff, np.zeros((3, 3, 2)))
    assert layers_of(economy) == ()


def test_layers_multiply():
    rates = {name: RNG.uniform(-0.1, 0.5, (3, 3, 2)) for name in "stuvw"}
    kinds = ("resource", "risk", "tariff", "tariff", "export-tax")
    pairs = zip(rates, kinds, strict=True)
    economy = layers(**{name: (rates[name], kind) for name, kind in pairs})
    assert [layer.label for layer in layers_of(economy)] == list("stuvw")
    seen, by = market(economy), {name: 1 + rate for name, rate in rates.items()}
    np.testing.assert_allclose(seen.tau, by["s"] * by["t"], rtol=1e-14)
    np.testing.assert_allclose(seen.tariff, by["u"] * by["v"] - 1, rtol=1e-13)
    np.testing.assert_allclose(seen.export_tax, rates["w"], rtol=1e-13)
    np.testing.assert_allclose(factor(economy), np.prod(list(by.values()), axis=0), rtol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_levied_abroad_only_and_matrices_as_they_are(kind):
    for rate, expected in (
        (0.1, 0.1 * ABROAD),
        ([0.1, 0.2], np.array([0.1, 0.2]) * ABROAD),
        (RATE[..., 0], np.repeat(RATE[..., :1], 2, axis=2)),
        (RATE, RATE),
    ):
        np.testing.assert_allclose(factor(layers(only=(rate, kind))), 1 + expected, rtol=1e-14)
    plain = layers()
    for parts in ([Layer("only", 0.1, kind=kind)], [Layer("only", 0.1 * ABROAD, kind=kind)]):
        np.testing.assert_allclose(factor(plain_with(plain, parts)), 1 + 0.1 * ABROAD, rtol=1e-14)


def plain_with(plain, parts):
    return general_economy(
        places=plain.places, sectors=plain.sectors, employment=1.0, theta=5.0, parts=parts
    )


@pytest.mark.parametrize("name", ["tariff", "export_tax"])
def test_numbers_of_the_economy_itself_are_levied_abroad_only(name):
    """In the builder and after it, one number or one a sector; a matrix is taken as it is."""
    given = {"places": PLACES, "sectors": SECTORS, "employment": 1.0, "theta": 5.0}
    for rate, expected in (
        (0.1, 0.1 * ABROAD),
        ([0.1, 0.2], np.array([0.1, 0.2]) * ABROAD),
        (RATE[..., 0], np.repeat(RATE[..., :1], 2, axis=2)),
    ):
        built = general_economy(**given, **{name: rate})
        changed = general_economy(**given).with_(**{name: rate})
        for economy in (built, changed):
            np.testing.assert_array_equal(getattr(economy, name), expected)


@pytest.mark.parametrize(
    "given",
    [
        {"theta": 7.0},
        {"tau": 1.0 + RATE[..., 0]},
        {"tau": [1.1, 1.2]},
        {"productivity": 2.0},
        {"productivity": [1.0, 3.0]},
        {"land": 2.0},
        {"alpha": 0.5},
        {"export_tax": RATE[..., 0]},
    ],
    ids=str,
)
def test_numbers_are_spread_alike_in_the_builder_and_after_it(given):
    """A number, one a sector, or one a pair, for every parameter of the economy."""
    base = {"places": PLACES, "sectors": SECTORS, "employment": 1.0, "theta": 5.0}
    built, changed = general_economy(**base | given), general_economy(**base).with_(**given)
    for name in given:
        np.testing.assert_array_equal(getattr(changed, name), getattr(built, name))


def test_rates_with_labels_are_read_by_their_labels():
    order, sectors = ["c", "a", "b"], ["steel", "food"]
    named = xr.DataArray(
        RATE,
        coords={"origin": list(PLACES), "destination": list(PLACES), "sector": list(SECTORS)},
    )
    moved = named.sel(origin=order, destination=order[::-1], sector=sectors)
    moved = moved.transpose("sector", "destination", "origin")
    np.testing.assert_allclose(factor(layers(only=(moved, "tariff"))), 1 + RATE, rtol=1e-14)
    one_sector = named.sel(sector="food", drop=True).sel(origin=order)
    expected = 1 + np.repeat(RATE[..., :1], 2, axis=2)
    np.testing.assert_allclose(factor(layers(only=(one_sector, "risk"))), expected, rtol=1e-14)
    with pytest.raises(LabelMismatchError, match=r"origin of rate of layer 'only'.*'d'"):
        layers(only=(named.assign_coords(origin=["a", "b", "d"]), "tariff"))
    with pytest.raises(LabelMismatchError, match="DataArray has labels, which nobody would read"):
        Layer("only", named)


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
    changed = change(costs, "border", **how)
    tau = np.asarray(market(changed).tau)
    np.testing.assert_allclose(tau - 1, np.where(ABROAD, expected, RATE), atol=1e-14)
    np.testing.assert_array_equal(market(changed).tariff, market(costs).tariff)  # others stay
    np.testing.assert_allclose(market(costs).tau - 1, RATE, atol=1e-14)  # and the original
    everywhere = change(costs, "border", **how, abroad_only=False)
    np.testing.assert_allclose(market(everywhere).tau - 1, expected, atol=1e-14)


@pytest.mark.parametrize(
    ("where", "pairs"),
    [
        ({"among": ["a", "b"]}, ["ab", "ba"]),
        ({"origins": ["a"]}, ["ab", "ac"]),
        ({"destinations": ["a"]}, ["ba", "ca"]),
        ({"origins": ["a", "b"], "destinations": ["b", "c"]}, ["ab", "ac", "bc"]),
        ({"among": ["a", "b"], "abroad_only": False}, ["aa", "ab", "ba", "bb"]),
    ],
)
@pytest.mark.parametrize("sectors", [None, ["steel"]])
def test_where_a_change_applies(where, pairs, sectors):
    changed = change(layers(border=(0.0, "resource")), "border", rate=1.0, sectors=sectors, **where)
    tau = np.asarray(market(changed).tau)
    found = {(PLACES[i] + PLACES[j], SECTORS[s]) for i, j, s in np.argwhere(tau > 1)}
    assert found == {(pair, sector) for pair in pairs for sector in sectors or SECTORS}


def test_changes_follow_one_another():
    costs = layers(border=(RATE, "resource"), duty=(RATE, "tariff"))
    both = change(change(costs, "border", factor=0.5), "duty", rate=0.0)
    other = change(change(costs, "duty", rate=0.0), "border", factor=0.5)
    np.testing.assert_array_equal(factor(both), factor(other))
    twice = change(change(costs, "border", cost=0.9), "border", cost=0.8)
    once = change(costs, "border", cost=0.72)
    np.testing.assert_allclose(factor(twice), factor(once), rtol=1e-14)
    last = change(change(costs, "border", rate=0.3), "border", rate=0.1, among=["a", "b"])
    assert float(market(last).tau[0, 1, 0]) == pytest.approx(1.1)
    assert float(market(last).tau[0, 2, 0]) == pytest.approx(1.3)


def test_a_change_may_be_a_whole_array():
    costs = layers(duty=(RATE, "tariff"))
    new = RNG.uniform(0.0, 0.2, (3, 3, 2))
    changed = np.asarray(market(change(costs, "duty", rate=new)).tariff)
    np.testing.assert_allclose(changed, np.where(ABROAD, new, RATE), rtol=1e-13)
    changed = market(change(costs, "duty", factor=new, abroad_only=False)).tariff
    np.testing.assert_allclose(changed, new * RATE, rtol=1e-12)


def test_a_change_is_differentiable():
    costs = layers(border=(RATE, "resource"))

    def total(factor):
        return jnp.sum(jnp.log(market(change(costs, "border", factor=factor)).tau))

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
    ("edit", "error", "words"),
    [
        ({"layer": "tolls", "factor": 0.9}, UnknownNameError, "layer 'tolls'; allowed: border"),
        ({"factor": 0.9, "among": ["a", "x"]}, UnknownNameError, "'x'; allowed: a, b, c"),
        ({"factor": 0.9, "origins": ["x"]}, UnknownNameError, "unknown origin 'x'; allowed: a"),
        (
            {"factor": 0.9, "destinations": ["x"]},
            *(UnknownNameError, "unknown destination 'x'; allowed: a, b, c"),
        ),
        (
            {"factor": 0.9, "sectors": ["x"]},
            *(UnknownNameError, "unknown sector 'x'; allowed: food, steel"),
        ),
        ({}, InvalidParameterError, "gives no change; must give exactly one"),
        (
            {"factor": 0.9, "rate": 0.1},
            *(InvalidParameterError, r"gives \['factor', 'rate'\]; must give exactly one"),
        ),
        (
            {"factor": 0.9, "among": ["a"], "origins": ["b"]},
            *(InvalidParameterError, "gives among and origins, destinations or places"),
        ),
        ({"rate": 0.9, "origins": []}, InvalidParameterError, "origins .*is empty"),
        ({"rate": 0.9, "sectors": []}, InvalidParameterError, "sectors .*is empty"),
        ({"rate": 0.9, "among": ["a"]}, InvalidParameterError, "selects nothing; .*abroad_only"),
        ({"factor": -0.5}, InvalidParameterError, r"factor.* = -0.5 .*\[0, inf\)"),
        ({"cost": 0.0}, InvalidParameterError, r"cost.* = 0 .*\(0, inf\)"),
        ({"rate": -1.0}, InvalidParameterError, r"rate.* = -1 .*\(-1, inf\)"),
        ({"rate": np.nan}, InvalidParameterError, "rate.* = nan .*finite"),
        ({"rate": "much"}, InvalidParameterError, "rate: .*'much'; must be a number"),
        ({"rate": np.zeros((2, 3))}, InvalidShapeError, r"border.rate .*\(2, 3.*\(3, 3, 2\)"),
    ],
)
def test_bad_edits_are_refused_by_name(edit, error, words):
    with pytest.raises(error, match=words):
        change(KNOWN, **{"layer": "border"} | edit)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
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
            *(InvalidShapeError, r"layer 'border'.* \(2, 3\); must be \(3, 3\)"),
        ),
        (
            lambda: layers(border=(np.zeros(3), "resource")),
            *(InvalidShapeError, r"layer 'border'.* \(3,\); must be \(2,\)"),
        ),
        (
            lambda: layers(border=(-1.0, "resource")),
            *(InvalidParameterError, r"rate.* = -1 .*\(-1, inf\)"),
        ),
        (
            lambda: trade_costs(PLACES, SECTORS, {"bor.der": (0.1, "resource")}),
            *(InvalidParameterError, "label 'bor.der' .*without a dot"),
        ),
        (
            lambda: plain_with(layers(), [Layer("a", 0.1), Layer("a", 0.2)]),
            *(LabelMismatchError, "parts holds the label 'a' twice"),
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
def test_bad_layers_are_refused_by_name(call, error, words):
    with pytest.raises(error, match=words):
        call()
