"""What a fit has learnt: against the linear formulas, and against samples of the data."""

import jax.numpy as jnp
import numpy as np
import pytest

from neg.core.errors import InvalidDataError, InvalidParameterError, UnknownNameError
from neg.estimation import bootstrap, learnt, match_moments, profile

X = np.random.default_rng(0).normal(size=(6, 2))
S = np.diag([0.1, 0.2, 0.3, 0.1, 0.2, 0.3]) ** 2 + 0.002
B = np.array([1.5, -0.5])
Y = X @ B + np.random.default_rng(1).multivariate_normal(np.zeros(6), S)


def line(v):
    return {"y": jnp.asarray(X) @ jnp.stack([v["a"], v["b"]])}


START = {"a": (0.0, -np.inf, np.inf), "b": (0.0, -9.0, 9.0)}


@pytest.fixture(scope="module")
def fitted():
    return match_moments(line, START, {"y": Y}, covariance=S)


def test_a_linear_problem_has_the_numbers_of_generalised_least_squares(fitted):
    inverse = np.linalg.inv(S)
    known = np.linalg.inv(X.T @ inverse @ X)
    b = known @ X.T @ inverse @ Y
    found = learnt(fitted)
    np.testing.assert_allclose([float(v) for v in fitted.values.values()], b, rtol=1e-7)
    np.testing.assert_allclose(found.covariance, known, rtol=1e-6)
    np.testing.assert_allclose(found.sensitivity, known @ X.T @ inverse, rtol=1e-6, atol=1e-9)
    gap = Y - X @ b
    statistic, freedom, p = found.overidentification
    assert freedom == 4 and statistic == pytest.approx(gap @ inverse @ gap, rel=1e-6) and 0 < p < 1
    assert found.unseen == 0
    ring = found.ellipse("a", "b", level=0.9)
    inside = np.einsum("pi,ij,pj->p", ring - b, np.linalg.inv(known), ring - b)
    np.testing.assert_allclose(inside, 4.605170, rtol=1e-5)


def test_with_other_weights_errors_are_those_of_the_sandwich_and_j_needs_no_best_weights():
    other = match_moments(line, START, {"y": Y}, weights={"y": np.arange(1.0, 7.0)})
    with pytest.raises(InvalidDataError, match="covariance of the moments is not known"):
        learnt(other)
    found = learnt(other, S)
    w = np.diag(np.arange(1.0, 7.0))
    h = np.linalg.inv(X.T @ w @ X) @ X.T @ w
    np.testing.assert_allclose(found.covariance, h @ S @ h.T, rtol=1e-6)
    m = np.eye(6) - X @ h
    gap = m @ Y
    statistic = gap @ np.linalg.pinv(m @ S @ m.T, rcond=1e-10) @ gap
    assert found.overidentification[0] == pytest.approx(statistic, rel=1e-6)


@pytest.mark.slow
def test_samples_and_profiles_agree_with_the_delta_method(fitted):
    found = learnt(fitted)
    many = bootstrap(fitted, 400)
    assert many.converged.all()
    np.testing.assert_allclose(many.standard_errors, found.standard_errors, rtol=0.12)
    a = float(fitted.values["a"])
    error = found.standard_errors[0]
    line_of = profile(fitted, "a", a + error * np.linspace(-3, 3, 25))
    np.testing.assert_allclose(
        line_of.loss - line_of.least, ((line_of.grid - a) / error) ** 2, atol=1e-6
    )
    np.testing.assert_allclose(line_of.interval, found.interval("a"), atol=0.02 * error)
    with pytest.raises(UnknownNameError, match="'c'"):
        profile(fitted, "c", [0.0, 1.0])


def test_directions_that_the_data_do_not_see_are_named_and_have_no_standard_error():
    def sums(v):
        return {"sum": v["a"] + v["b"], "again": 2.0 * (v["a"] + v["b"]), "c": v["c"]}

    free = (0.5, -np.inf, np.inf)
    fitted = match_moments(
        sums,
        {"a": free, "b": free, "c": free},
        {"sum": 2.0, "again": 4.0, "c": 1.0},
        covariance={"sum": 0.1, "again": 0.1, "c": 0.2},
    )
    assert fitted.rank == 2
    found = learnt(fitted)
    assert found.unseen == 1
    blind = found.directions[-1] * np.sign(found.directions[-1][0])
    np.testing.assert_allclose(blind, [np.sqrt(0.5), -np.sqrt(0.5), 0.0], atol=1e-8)
    assert np.isinf(found.standard_errors[:2]).all()
    assert found.standard_errors[2] == pytest.approx(0.2)
    with pytest.raises(InvalidDataError, match="do not bound a and b"):
        found.ellipse("a", "b")


def test_redundant_moments_and_units_do_not_matter(fitted):
    with pytest.raises(InvalidParameterError, match="singular"):
        twice = np.block([[S, S], [S, S]])
        match_moments(
            lambda v: {"y": jnp.concatenate([line(v)["y"]] * 2)},
            START,
            {"y": np.concatenate([Y, Y])},
            covariance=twice,
        )
    scale = np.array([1e3, 1.0, 1e-3, 1.0, 10.0, 1.0])
    other = match_moments(
        lambda v: {"y": scale * line({"a": v["a"] * 1e-2, "b": v["b"]})["y"]},
        {"b": START["b"], "a": (0.0, -np.inf, np.inf)},
        {"y": scale * Y},
        covariance=S * np.outer(scale, scale),
    )
    assert float(other.values["a"]) * 1e-2 == pytest.approx(float(fitted.values["a"]), rel=1e-7)
    assert float(other.values["b"]) == pytest.approx(float(fitted.values["b"]), rel=1e-7)
    first, second = learnt(fitted), learnt(other)
    assert second.overidentification[0] == pytest.approx(first.overidentification[0], rel=1e-6)
    assert second.standard_errors[1] * 1e-2 == pytest.approx(first.standard_errors[0], rel=1e-6)
