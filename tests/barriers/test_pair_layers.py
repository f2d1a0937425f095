"""Layers given by pair: what each costs, what a pair's cost is made of, switched off, moved."""

import jax.numpy as jnp
import numpy as np
import pytest

from neg import Lever, compose, general_economy, get_model, short_run
from neg.analysis import gradient
from neg.barriers import (
    DAILY,
    NTM,
    BorderFee,
    BorderTime,
    ExchangeRisk,
    FixedFrictions,
    Freight,
    Layer,
    PairLayer,
    ServiceLink,
    Time,
    different,
    shares,
    swap,
    trade_cost_layers,
)
from neg.core.errors import InvalidParameterError, LabelMismatchError, UnknownNameError
from neg.parts import Traffic

PLACES = ("a", "b", "c")

# What the reference case holds: two pairs of places, computed apart from this library.
CASES = [
    (
        {"value": 30000.0, "money": 1770.0, "hours": 57.75, "daily": 0.01, "fee": 550.0}
        | {"clearance": 24.0, "ntm": 0.03, "fx": 0.01, "fixed": 0.02, "tariff": 0.08},
        {"tau": 1.1861438623989338, "buyer_factor": 1.2810353713908484}
        | {"burnt_share": 0.1569319441762017, "duty_share": 0.07407407407407407},
        {"freight": 0.06077524074015901, "time": 0.024354338036098405}
        | {"border_fee": 0.01850242061948564, "border_time": 0.010050167084168058}
        | {"ntm": 0.03, "exchange_risk": 0.01, "language": 0.02},
        {"freight": 0.23822152543969374, "time": 0.09715602467614629}
        | {"border_fee": 0.0740236378484924, "border_time": 0.04037652973554132}
        | {"ntm": 0.11934818576527027, "exchange_risk": 0.04017598295714153}
        | {"language": 0.07995613698660423, "tariff": 0.31074197659111036},
    ),
    (
        {"value": 60000.0, "money": 900.0, "hours": 240.0, "daily": 0.006, "fee": 200.0}
        | {"clearance": 60.0, "ntm": 0.0, "fx": 0.015, "fixed": 0.04, "tariff": 0.0},
        {"tau": 1.1588668323187556, "buyer_factor": 1.1588668323187556}
        | {"burnt_share": 0.13708808284803686, "duty_share": 0.0},
        {"freight": 0.015113064615718978, "time": 0.06183654654535962}
        | {"border_fee": 0.0033388950668758596, "border_time": 0.015113064615718978}
        | {"ntm": 0.0, "exchange_risk": 0.015, "language": 0.04},
        {"freight": 0.10173446479961774, "time": 0.406937859198471}
        | {"border_fee": 0.0226076588443595, "border_time": 0.10173446479961774}
        | {"ntm": 0.0, "exchange_risk": 0.100979001577375}
        | {"language": 0.26600655078056007, "tariff": 0.0},
    ),
]


def layers(given):
    """All layers of a case, in one list."""
    return [
        Freight(given["money"], given["value"]),
        Time(given["hours"], given["daily"]),
        BorderFee(given["fee"], given["value"]),
        BorderTime(given["clearance"], given["daily"]),
        NTM(given["ntm"]),
        ExchangeRisk(given["fx"]),
        FixedFrictions(given["fixed"]),
        Layer("tariff", given["tariff"], kind="tariff"),
    ]


def economy(parts, **given):
    return general_economy(
        places=PLACES,
        sectors=("food", "steel"),
        employment=1.0,
        theta=4.0,
        parts=parts,
        **given,
    )


@pytest.mark.parametrize("case", CASES)
def test_layers_compose_to_the_totals(case):
    given, totals, rates, parts = case
    world = economy(layers(given))
    for layer in world.parts[:-1]:
        np.testing.assert_allclose(layer.rate(3, 2)[0, 1], rates[layer.label], rtol=1e-13)
        np.testing.assert_array_equal(np.diagonal(layer.rate(3, 2)), 0.0)
    made = trade_cost_layers(world)
    found = shares(made).sel(origin="a", destination="b", sector="steel")
    for name, value in totals.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12, atol=1e-16)
    for name, value in parts.items():
        np.testing.assert_allclose(found["log_share"].sel(layer=name), value, rtol=1e-12)
    np.testing.assert_allclose(found["log_share"].sum("layer"), 1.0, rtol=1e-13)
    x = world.initial_distribution()
    market = world.bent_at(world.initial_prices(x), x).market
    np.testing.assert_allclose(market.tau[0, 1], totals["tau"], rtol=1e-13)
    np.testing.assert_allclose(market.tau * market.wedge, np.exp(made.sum("layer")), rtol=1e-14)


def test_order_is_irrelevant_and_nothing_is_nothing():
    parts = layers(CASES[0][0])
    one, other = (trade_cost_layers(economy(given)).sum("layer") for given in (parts, parts[::-1]))
    np.testing.assert_allclose(one, other, rtol=1e-15)
    for number, part in enumerate(parts):
        off = {"exchange_risk": "premium", "tariff": "rate"}.get(part.label, part.lever)
        zero = [*parts[:number], part.with_(**{off: 0.0}), *parts[number + 1 :]]
        removed = [*parts[:number], *parts[number + 1 :]]
        one, other = (trade_cost_layers(economy(given)).sum("layer") for given in (zero, removed))
        np.testing.assert_array_equal(one, other)
    assert trade_cost_layers(economy([])).sizes["layer"] == 0


def test_every_layer_is_registered_with_kind_and_units():
    wanted = {"freight", "time", "border_fee", "border_time", "ntm", "exchange_risk", "language"}
    assert wanted | {"service_link"} <= set(PairLayer.layers)
    for label, layer in PairLayer.layers.items():
        if layer.__module__.startswith("neg.barriers"):
            made = layer()
            assert made.label == label and made.units and made.words
            assert made.kind in ("resource", "risk", "tariff")
            assert made.rate(2, 3).shape == (2, 2, 3)
            world = economy([made])  # each of its parameters is read and moved by name
            for name in made.parameters():
                path = f"{label}.{name}"
                value = 0.0 if made.value(name) is None else world.get(path)
                assert float(world.with_(**{path: value}).get(path)) == float(value)
    assert BorderFee(10.0, paid_to="destination").kind == "tariff"


def test_time_differs_by_sector_and_pair():
    hours = np.array([[0.0, 24.0, 48.0], [24.0, 0.0, 72.0], [48.0, 72.0, 0.0]])
    daily = np.array([DAILY["primary"], DAILY["machinery"]])
    rate = Time(hours, daily).rate(3, 2)
    np.testing.assert_allclose(rate, np.expm1(hours[..., None] / 24.0 * daily), rtol=1e-13)
    # Hours of two legs add, so that rates multiply: no cost arises or is lost at the joint.
    np.testing.assert_allclose((1 + rate[0, 1]) * (1 + rate[0, 2]), 1 + rate[1, 2], rtol=1e-13)


def test_a_swap_removes_the_premium_of_its_pairs():
    coverage = swap(PLACES, 0.75, ("a", "c"))
    risk = ExchangeRisk(0.0, coverage=coverage, volatility=0.1, aversion=4.0)
    rate = np.asarray(risk.rate(3, 1))[..., 0]
    np.testing.assert_allclose(rate[0, 1], 4.0 * 0.01 / 2.0, rtol=1e-13)
    np.testing.assert_allclose(rate[0, 2], 0.25 * rate[0, 1], rtol=1e-13)
    union = ExchangeRisk(0.01, coverage=swap(PLACES, 1.0, ("a", "b"), ("b", "c")))
    np.testing.assert_array_equal(union.rate(3, 1)[..., 0] > 0, swap(PLACES, 1.0, ("a", "c")) > 0)
    with pytest.raises(UnknownNameError, match="swap arrangement 'd'; allowed: a, b, c"):
        swap(PLACES, 0.5, ("a", "d"))
    with pytest.raises(InvalidParameterError, match=r"coverage = 1.5 .*\[0, 1\]"):
        swap(PLACES, 1.5, ("a", "b"))


def test_frictions_and_service_links():
    speaks = {"a": ["en"], "b": ["en", "zh"], "c": ["zh"]}
    rate = FixedFrictions(0.07, different(PLACES, speaks)).rate(3, 1)[..., 0]
    np.testing.assert_allclose(rate[0], [0.0, 0.0, 0.07], rtol=1e-13)
    with pytest.raises(LabelMismatchError, match=r"traits of \['c'\]"):
        different(PLACES, {"a": ["en"], "b": ["en"]})
    link = ServiceLink(0.02, fixed=300.0, worth=30_000.0, crossings=jnp.array([1.0, 3.0]))
    np.testing.assert_allclose(link.rate(2, 2)[0, 1], [0.03, 1.03**3 - 1.0], rtol=1e-13)


def test_a_fee_is_burnt_or_revenue():
    for to, revenue in (("nobody", False), ("destination", True)):
        world = economy([BorderFee(1500.0, paid_to=to)])
        x = world.initial_distribution()
        seen = world.bent_at(world.initial_prices(x), x).market
        fee = np.expm1(0.05)
        assert float(seen.tariff[0, 1, 0]) == pytest.approx(fee * revenue)
        assert float(seen.tau[0, 1, 0]) == pytest.approx(1.0 + fee * (not revenue))
    # Collected, as the ledger of the economy says.
    assert (np.asarray(world.flows(world.initial_prices(x), x).tariff_revenue) > 0).all()


def test_layers_stand_on_canonical_models_and_with_traffic():
    """Combined: core-periphery, traffic (whose delays multiply), an own layer, time, risk."""
    model = get_model("core-periphery")(tau=1.6)
    world = compose(model, [Time(24.0, jnp.array([0.01])), ExchangeRisk(), Traffic()])
    plain = compose(model, [Time(0.0), ExchangeRisk(0.0)])
    np.testing.assert_array_equal(short_run(plain).payoff, short_run(model).payoff)
    made = trade_cost_layers(world)
    assert list(made["layer"].values) == ["iceberg", "time", "exchange_risk", "delays"]
    x = world.initial_distribution()
    seen = world.bent_at(world.initial_prices(x), x)
    np.testing.assert_allclose(np.exp(made.sum("layer"))[..., 0], seen.iceberg, rtol=1e-14)


@pytest.mark.slow
def test_a_layer_is_a_lever_and_has_a_gradient():
    world = economy([Time(48.0), NTM(0.05)])
    welfare = lambda out: jnp.sum(jnp.log(out["consumption"]))  # noqa: E731
    slope = gradient(world, welfare, Lever("time.hours")).values

    def at(hours):
        moved = Lever("time.hours", "set", origins="a", destinations="b").put(world, hours)
        return float(welfare(short_run(moved).outcomes))

    assert slope[0, 1] == pytest.approx((at(49.0) - at(47.0)) / 2.0, rel=1e-4)
    fast = Lever("time.hours", "times", origins="a", destinations="b").put(world, 0.5)
    np.testing.assert_allclose(np.asarray(fast.value("time.hours"))[0, 1], 24.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Time(-1.0), r"hours = -1 .*\[0, inf\)"),
        (lambda: Freight(10.0, 0.0), r"worth = 0 .*\(0, inf\)"),
        (lambda: ExchangeRisk(coverage=1.2), r"coverage = 1.2 .*\[0, 1\]"),
        (lambda: NTM(-0.1), r"size = -0.1 .*\[0, inf\)"),
    ],
)
def test_bad_layers_are_refused_by_name(make, words):
    with pytest.raises(InvalidParameterError, match=words):
        make()
