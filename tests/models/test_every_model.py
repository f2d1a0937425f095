"""What holds in every model: names, relabelling, adding up, limits, finite derivatives."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from model_tools import clear, payoffs

from neg.core.errors import InvalidParameterError, UnknownNameError
from neg.economy.ledger import imbalances
from neg.models import get_model
from neg.places.layouts import from_distance
from neg.solvers.long_run import long_run
from neg.solvers.system import flat_prices, market, payoff

MODELS = [
    "allen-arkolakis",
    "constructed-capital",
    "core-periphery",
    "footloose-capital",
    "footloose-entrepreneur",
    "helpman",
    "ottaviano-tabuchi-thisse",
    "pflueger",
    "puga",
    "puga-immobile",
    "urban-costs",
    "vertical-linkages",
]
DISTANCE = np.array([[0.0, 1.0, 2.0], [1.3, 0.0, 0.7], [1.8, 0.6, 0.0]])
ORDER = np.array([2, 0, 1])


def build(name, distance=DISTANCE, **values):
    return get_model(name)(geography=from_distance(distance), **values)


def random_state(model, seed=0):
    weights = np.random.default_rng(seed).uniform(0.2, 1.0, model.groups.cells)
    total = np.asarray(model.groups.total(jnp.asarray(weights)))
    index = np.asarray(model.groups.index)
    return weights * np.asarray(model.groups.mass)[index] / total[index]


@pytest.mark.parametrize("name", MODELS)
def test_relabelling_places_permutes_payoffs(name):
    model = build(name)
    twin = build(name, DISTANCE[np.ix_(ORDER, ORDER)])
    x = random_state(model)
    cells = np.arange(len(x)).reshape(3, -1)[ORDER].ravel()
    np.testing.assert_allclose(payoffs(twin, x[cells]), payoffs(model, x)[cells], atol=1e-11)


@pytest.mark.parametrize("name", MODELS)
def test_payoffs_and_slopes_are_finite_at_corners(name):
    """A first entrant's payoff must be a number; so must every derivative that solvers take."""
    model = build(name)
    x = model.agglomerated(1)
    assert np.all(np.asarray(model.groups.total(x)) == pytest.approx(np.asarray(model.groups.mass)))
    _, value, slope = clear(model, x)
    assert np.all(np.isfinite(value)) and np.all(np.isfinite(slope))
    assert value.dtype == np.float64


@eqx.filter_jit
def _sensitivity(model, p, x):
    def total(model):
        return jnp.sum(market(model, p, x)) + jnp.sum(payoff(model, p, x))

    return eqx.filter_grad(total)(model)


@pytest.mark.parametrize("name", MODELS)
def test_derivatives_with_respect_to_parameters_are_finite_at_corners(name):
    model = build(name)
    x = model.agglomerated(0)
    gradient = _sensitivity(model, jnp.asarray(clear(model, x)[0]), x)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(gradient))
    for parameter in model.parameters():
        assert np.shape(getattr(gradient, parameter)) == ()


@pytest.mark.parametrize(
    "name", sorted(set(MODELS) - {"helpman", "urban-costs", "allen-arkolakis"})
)
def test_places_pay_the_same_with_free_trade(name):
    model = build(name, tau=0.0 if name == "ottaviano-tabuchi-thisse" else 1.0)
    x = random_state(model)
    value = payoffs(model, x).reshape(3, -1)[:, -1]  # industry, where cells are sectors too
    if name == "footloose-capital":
        assert np.ptp(payoffs(model.with_(share=0.6), x)) < 1e-12
    if name.startswith("puga") or name == "vertical-linkages":
        pass  # each place's industrial wage is the same: they sell to one market
    assert np.ptp(value) < 1e-10


@pytest.mark.parametrize("name", ["helpman", "urban-costs", "allen-arkolakis"])
def test_only_crowding_differs_with_free_trade(name):
    model = build(name, tau=1.0)
    x = random_state(model)
    value = payoffs(model, x)
    crowding = {
        "helpman": lambda m: -(1 - m.a) * np.log(x),
        "urban-costs": lambda m: np.log(1 - m.theta * x / 2),
        "allen-arkolakis": lambda m: (m.beta + m.alpha * (m.sigma - 1) / m.sigma) * np.log(x),
    }[name](model)
    if name == "allen-arkolakis":  # goods of small places are scarce, and so dear
        crowding = crowding - np.log(x) / model.sigma
    assert np.ptp(value - np.asarray(crowding)) < 1e-10


def test_helpman_in_autarky():
    model = build("helpman", tau=1e4)
    x = random_state(model)
    wage = np.log(x) / (model.sigma - 1)  # variety at home is all that counts
    expected = model.a * np.asarray(wage) - (1 - model.a) * np.log(x)
    assert np.ptp(payoffs(model, x) - np.asarray(expected)) < 1e-6


def outcomes(model, x):
    p = jnp.asarray(clear(model, x)[0])
    prices = flat_prices(model, jnp.asarray(x))[1](p)
    return {k: np.asarray(v) for k, v in model.outcomes(prices, jnp.asarray(x)).items()}


@pytest.mark.parametrize("name", ["helpman", "urban-costs", "allen-arkolakis"])
def test_world_wage_income_is_the_numeraire(name):
    model = build(name)
    x = random_state(model)
    found = outcomes(model, x)
    labour = x * (1 - np.asarray(model.theta) * x / 2) if name == "urban-costs" else x
    assert np.sum(labour * found["wage"]) == pytest.approx(1.0, abs=1e-11)


def test_industry_earns_what_is_spent_on_it():
    """Walras' law: factor income of industry equals consumers' spending on it."""
    for name, share in (("vertical-linkages", "mu"), ("puga", "gamma"), ("puga-immobile", "gamma")):
        model = build(name)
        x = random_state(model)
        found = outcomes(model, x)
        earned = np.sum(x.reshape(3, 2)[:, 1] * found["wage"])
        spent = float(model.get(share)) * np.sum(found["income"])
        assert earned == pytest.approx(spent, rel=1e-10)
    for name in ("core-periphery", "footloose-entrepreneur"):
        model = build(name)
        x = random_state(model)
        found = outcomes(model, x)
        weight = model.mu if name == "core-periphery" else 1.0
        profit = model.mu if name == "core-periphery" else model.mu / model.sigma
        earned = np.sum(weight * x * found["wage"])
        assert earned == pytest.approx(float(profit) * np.sum(found["income"]), rel=1e-10)


@pytest.mark.parametrize("name", MODELS)
def test_outcomes_have_one_value_per_place_or_cell(name):
    model = build(name)
    x = random_state(model)
    found = outcomes(model, x)
    assert {"wage", "price_index", "income", "industry_share", "payoff"} <= set(found) | {"income"}
    assert all(np.all(np.isfinite(value)) for value in found.values())
    assert np.sum(found["industry_share"]) == pytest.approx(1.0)
    assert found["payoff"].shape == (model.groups.cells,) == (len(model.cell_labels),)


@eqx.filter_jit
def _book(model, p, x):
    return model.ledger(flat_prices(model, x)[1](p), x)


@pytest.mark.parametrize("name", MODELS)
def test_every_account_of_the_ledger_balances_after_any_change(name):
    model = build(name)
    # Capital that is built yields what it costs in steady states only, such as this corner.
    x = model.agglomerated(1) if name == "constructed-capital" else random_state(model, seed=3)
    changes = [
        {},
        *({k: 0.97 * model.value(k)} for k, s in model.parameters().items() if s.meaning),
    ]
    assert len(changes) > 2
    for change in changes:
        changed = model.with_(**change)
        share = np.asarray(x) * np.asarray(changed.groups.mass[0] / model.groups.mass[0])
        p = jnp.asarray(clear(changed, share)[0])
        book = _book(changed, p, share)
        assert all(flow.shape == (3, 3) for flow in book.values())
        off = {k: v for k, v in imbalances(book).items() if not v <= 1e-12}
        assert {"firms", "people"} <= set(imbalances(book)) and off == {}, change
    # At other prices it does not; with linear demand rewards are what sales leave, at any prices.
    if p.size and name != "ottaviano-tabuchi-thisse":
        elsewhere = _book(model, p + jnp.linspace(0.0, 0.5, p.size), x)
        assert max(imbalances(elsewhere).values()) > 1e-3


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_named_checked_and_replaced(name):
    model = get_model(name)()
    for key, spec in model.parameters().items():
        assert spec.meaning and float(model.get(key)) == pytest.approx(spec.default)
        if spec.low is not None:
            with pytest.raises(InvalidParameterError, match=key):
                model.with_(**{key: spec.low - 0.5})
    if "phi" in model.aliases:
        assert float(model.with_(phi=0.3).get("phi")) == pytest.approx(0.3)
    with pytest.raises(UnknownNameError, match="nonsense"):
        model.with_(nonsense=1.0)
    assert model.source and type(model).__doc__


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_long_run_reaches_a_stable_equilibrium(name):
    for model in (get_model(name)(), build(name)):
        found = long_run(model)
        assert found.stable
        assert float(found.residual) < 1e-9
