"""Nothing is written twice: bills are derivatives of costs, trade shares of price indices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from economies import random_table

from neg.analysis import calibrate
from neg.economy.general.outcomes import trade
from neg.solvers.short_run import short_run

RNG = np.random.default_rng(5)
TABLE = random_table(seed=4)


@pytest.fixture(scope="module", params=["common", "separate"])
def model(request):
    """Links, taxes, land, housing, and classes of use."""
    base = calibrate(TABLE, theta=[4.0, 6.0], alpha=[0.0, 0.4], uses=request.param)
    return base.with_(
        land_share=0.07,
        labour_share=base.labour_share - 0.07,
        housing_share=0.12,
        final_share=base.final_share - 0.12 / 2,
    )


def test_payments_are_derivatives_of_unit_cost(model):
    """Shephard's lemma, with what is left of revenue after production taxes."""
    technology, uses = model.technology, model.taste.shape[3]
    revenue = jnp.asarray(RNG.uniform(0.5, 2.0, (3, 2)))
    prices = (
        jnp.asarray(RNG.normal(size=(3, 2))),
        jnp.asarray(RNG.normal(size=3)),
        jnp.asarray(RNG.normal(size=(3, 2, uses))),
    )

    def cost(wage, rent, index):
        left = revenue * (1.0 - technology.tax_share)
        return jnp.sum(left * technology.log_unit_cost(wage, rent, index))

    exact = jax.grad(cost, argnums=(0, 1, 2))(*prices)
    bills = technology.bills(revenue, uses)
    for paid, slope in zip(bills, exact, strict=True):
        np.testing.assert_allclose(paid, slope, rtol=1e-13, atol=1e-15)
    # And they are the shares that the technology states.
    np.testing.assert_allclose(bills[0], technology.labour_share * revenue, rtol=1e-13)
    np.testing.assert_allclose(bills[1], (technology.land_share * revenue).sum(axis=1), rtol=1e-13)
    by_use = np.zeros((3, 2, uses))
    for industry, use in enumerate(technology.industry_use):
        by_use[:, :, use] += technology.input_share[:, :, industry] * revenue[:, None, industry]
    np.testing.assert_allclose(bills[2], by_use, rtol=1e-13)
    taxes = np.asarray(technology.tax_share * revenue).sum()
    assert float(sum(b.sum() for b in bills)) + taxes == pytest.approx(float(revenue.sum()))


def test_spending_is_the_derivative_of_expenditure(model):
    """Roy's identity, with what is left of income after final taxes."""
    household, uses = model.household, model.taste.shape[3]
    income = jnp.asarray(RNG.uniform(0.5, 2.0, 3))
    prices = jnp.asarray(RNG.normal(size=(3, 2, uses))), jnp.asarray(RNG.normal(size=3))

    def expenditure(index, rent):
        left = income * (1.0 - household.final_tax)
        return jnp.sum(left * household.log_expenditure(index, rent))

    exact = jax.grad(expenditure, argnums=(0, 1))(*prices)
    goods, housing = household.bills(income, uses)
    np.testing.assert_allclose(goods, exact[0], rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(housing, exact[1], rtol=1e-13)
    np.testing.assert_allclose(housing, 0.12 * income, rtol=1e-13)
    by_use = np.zeros((3, 2, uses))
    for kind, use in enumerate(household.final_use):
        by_use[:, :, use] += household.final_share[:, :, kind] * income[:, None]
    np.testing.assert_allclose(goods, by_use, rtol=1e-13)
    spent = goods.sum(axis=(1, 2)) + housing + household.final_tax * income
    np.testing.assert_allclose(spent, income, rtol=1e-12)


@pytest.mark.slow
def test_shares_of_origins_are_derivatives_of_price_indices(model):
    """With respect to the cost of each delivery; to unit cost by 1 + alpha / theta as much.

    Unit cost moves supply twice where scale counts: as a price, and through the firms that a
    given revenue makes.
    """
    found = short_run(model)
    bought = trade(model.market, model.flows(found.prices, found.x))
    total = jnp.sum(bought, axis=0)
    share = np.asarray(bought / jnp.where(total > 0, total, 1.0))  # [origin, destination, s, use]

    def by_cost(cost):
        return model.flows(found.prices | {"cost": cost}, found.x).log_index

    slope = np.asarray(jax.jacfwd(by_cost)(found.prices["cost"]))  # [j, s, use, origin, sector]
    steep = 1.0 + np.asarray(model.alpha / model.theta)
    for s in range(2):
        expected = steep[s] * share[:, :, s].transpose(1, 2, 0)
        np.testing.assert_allclose(slope[:, s, :, :, s], expected, rtol=1e-11)
        assert not np.any(slope[:, s, :, :, 1 - s])

    def by_delivery(log_tau):
        moved = model.with_(tau=jnp.exp(log_tau))
        return moved.flows(found.prices, found.x).log_index

    slope = np.asarray(jax.jacfwd(by_delivery)(jnp.log(model.tau)))  # [j, s, use, i, j, s]
    for j in range(3):
        for s in range(2):
            np.testing.assert_allclose(slope[j, s, :, :, j, s].T, share[:, j, s], rtol=1e-11)
