"""Gravity recovers what made the data, whatever the labels, units and order of rows."""

import itertools

import numpy as np
import pandas as pd
import pytest

from neg.core.errors import InvalidDataError, UnknownNameError
from neg.estimation import ppml

PLACES = [f"p{i}" for i in range(9)]


def pairs(seed=0, noise=0.0):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(itertools.product(PLACES, PLACES), columns=["origin", "destination"])
    at = dict(zip(PLACES, rng.normal(size=(9, 2)), strict=True))
    far = [np.linalg.norm(at[o] - at[d]) for o, d in table.to_numpy()]
    table["distance"], table["border"] = far, (table.origin != table.destination).astype(float)
    out, into = (dict(zip(PLACES, rng.normal(size=9), strict=True)) for _ in range(2))
    mean = -0.8 * table.distance - 0.5 * table.border
    mean = np.exp(mean + table.origin.map(out) + table.destination.map(into))
    table["flow"] = mean * rng.gamma(1 / noise**2, noise**2, len(table)) if noise else mean
    return table


def test_exact_data_give_back_the_coefficients():
    found = ppml(pairs(), "flow", ["distance", "border"])
    assert found.coefficients["distance"] == pytest.approx(-0.8, abs=1e-8)
    assert found.coefficients["border"] == pytest.approx(-0.5, abs=1e-8)
    assert found.elasticity_to_cost("distance", 4.0) == pytest.approx(0.2, abs=1e-8)
    np.testing.assert_allclose(found.fitted, pairs()["flow"], rtol=1e-7)


def test_first_order_conditions_hold_and_totals_are_reproduced():
    """With effects of origins and destinations the fitted totals of each are the observed ones."""
    table = pairs(1, noise=0.5)
    found = ppml(table, "flow", ["distance", "border"])
    table["fitted"] = found.fitted
    for side in ("origin", "destination"):
        total = table.groupby(side)[["flow", "fitted"]].sum()
        np.testing.assert_allclose(total.flow, total.fitted, rtol=1e-8)
    assert found.score <= 1e-10


def test_the_formula_of_the_normal_equations_is_a_second_route():
    """A dense Newton method on the likelihood, written out, gives the same numbers."""
    table = pairs(2, noise=0.7)
    found = ppml(table, "flow", ["distance", "border"])
    dummies = [pd.get_dummies(table.origin), pd.get_dummies(table.destination).iloc[:, 1:]]
    x = np.column_stack([table[["distance", "border"]], *dummies]).astype(float)
    y, b = table.flow.to_numpy(), np.zeros(x.shape[1])
    b[2:11] = np.log(y.mean())
    for _ in range(50):
        mu = np.exp(x @ b)
        b = b + np.linalg.solve(x.T @ (mu[:, None] * x), x.T @ (y - mu))
    np.testing.assert_allclose(found.coefficients, b[:2], atol=1e-8)
    bread = np.linalg.inv(x.T @ (mu[:, None] * x))
    meat = x.T @ (((y - mu) ** 2)[:, None] * x)
    np.testing.assert_allclose(found.covariance, (bread @ meat @ bread)[:2, :2], rtol=1e-6)


def test_units_order_and_zeros_of_silent_places_change_nothing():
    table = pairs(3, noise=0.5)
    first = ppml(table, "flow", ["distance", "border"])
    other = table.sample(frac=1.0, random_state=1).assign(flow=lambda t: 1e6 * t.flow)
    other["distance"] *= 1e3
    second = ppml(other, "flow", ["border", "distance"])
    assert second.coefficients["distance"] * 1e3 == pytest.approx(first.coefficients["distance"])
    assert second.standard_errors["border"] == pytest.approx(first.standard_errors["border"])
    silent = pd.DataFrame({"origin": "q", "destination": PLACES, "flow": 0.0, "border": 1.0})
    third = ppml(pd.concat([table, silent.assign(distance=2.0)]), "flow", ["distance", "border"])
    assert third.separated == 9
    np.testing.assert_allclose(third.coefficients, first.coefficients, atol=1e-8)


def test_effects_of_combinations_and_clusters():
    table = pd.concat([pairs(4, 0.3).assign(year=2000), pairs(5, 0.3).assign(year=2001)])
    kinds = [("origin", "year"), ("destination", "year")]
    found = ppml(table, "flow", ["distance", "border"], effects=kinds, cluster="origin")
    assert abs(found.coefficients["distance"] + 0.8) < 0.3
    assert (found.standard_errors > 0).all()


def test_what_cannot_be_estimated_is_refused_by_name():
    table = pairs()
    with pytest.raises(UnknownNameError, match="speed"):
        ppml(table, "flow", ["speed"])
    with pytest.raises(InvalidDataError, match="'big'.*spanned"):
        ppml(table.assign(big=(table.origin == "p1") * 1.0), "flow", ["distance", "big"])
    with pytest.raises(InvalidDataError, match="row 4"):
        ppml(table.assign(flow=table.flow.where(table.index != 4, -1.0)), "flow", ["distance"])
    with pytest.raises(InvalidDataError, match="must be a number"):
        ppml(table.assign(distance=table.distance.where(table.index != 4)), "flow", ["distance"])
