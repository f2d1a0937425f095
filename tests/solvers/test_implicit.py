"""The implicit rule: first and second derivatives, both modes, and NaN where there is none."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg.core.status import Status
from neg.solvers.implicit import SINGULAR_BELOW, implicit_solution, reciprocal_condition
from neg.solvers.newton import newton

A = jnp.array([[2.0, 0.3, -0.2], [0.1, 1.5, 0.4], [0.3, -0.1, 1.8]])


def equations(z, args):
    """Three coupled cubic equations; ``args`` is a tree with a matrix and a vector."""
    return args["matrix"] @ z + 0.1 * z**3 - jnp.sin(args["vector"])


def solved(args, ok=True):
    root = newton(equations, jnp.zeros(3), jax.lax.stop_gradient(args))
    regular = reciprocal_condition(root.jacobian) > SINGULAR_BELOW
    good = (root.status == Status.CONVERGED) & ok
    return implicit_solution(root.z, args, good, regular, residual=equations)


def objective(vector, ok=True):
    z = solved({"matrix": A, "vector": vector}, ok)
    return z[0] * z[1] + jnp.exp(z[2])


VECTOR = jnp.array([0.4, -0.7, 1.1])


def differences(function, at, h):
    """Central differences of fourth order along each axis."""
    rows = []
    for e in np.eye(len(at)):
        near = function(at + h * e) - function(at - h * e)
        far = function(at + 2 * h * e) - function(at - 2 * h * e)
        rows.append((8 * near - far) / (12 * h))
    return np.array(rows)


def test_first_derivatives_in_both_modes_equal_differences():
    value = jax.jit(objective)
    expected = differences(value, VECTOR, 1e-3)
    np.testing.assert_allclose(jax.jit(jax.grad(objective))(VECTOR), expected, rtol=1e-9)
    np.testing.assert_allclose(jax.jit(jax.jacfwd(objective))(VECTOR), expected, rtol=1e-9)


def test_derivatives_with_respect_to_every_part_of_the_arguments():
    args = {"matrix": A, "vector": VECTOR}
    total = jax.jit(lambda args: jnp.sum(solved(args)))
    gradient = jax.jit(jax.grad(lambda args: jnp.sum(solved(args))))(args)
    assert gradient["matrix"].shape == (3, 3)
    entry = np.zeros((3, 3))
    entry[1, 2] = h = 1e-4
    up, down = ({**args, "matrix": A + sign * entry} for sign in (1, -1))
    difference = (total(up) - total(down)) / (2 * h)
    assert float(gradient["matrix"][1, 2]) == pytest.approx(float(difference), rel=1e-6)


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(jax.hessian(objective), id="forward over reverse"),
        pytest.param(jax.jacrev(jax.jacrev(objective)), id="reverse over reverse"),
    ],
)
def test_second_derivatives_equal_differences_of_first(second):
    hessian = jax.jit(second)(VECTOR)
    expected = differences(jax.jit(jax.grad(objective)), VECTOR, 1e-3)
    np.testing.assert_allclose(hessian, expected, rtol=1e-8)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-12)


@pytest.mark.parametrize("mode", [jax.jacfwd, jax.jacrev], ids=["forward", "reverse"])
def test_a_failed_solve_has_nan_value_and_nan_derivative(mode):
    value = jax.jit(lambda v: objective(v, ok=False))
    assert np.isnan(value(VECTOR))
    assert np.isnan(jax.jit(mode(lambda v: objective(v, ok=False)))(VECTOR)).all()
    assert np.isfinite(jax.jit(mode(objective))(VECTOR)).all()


def fold(z, a):
    """z^2 = a: two solutions, which meet at a = 0."""
    return z**2 - a


def lower(a):
    root = newton(fold, jnp.array([-1.0]), jax.lax.stop_gradient(a))
    regular = reciprocal_condition(root.jacobian) > SINGULAR_BELOW
    return implicit_solution(root.z, a, root.status == 0, regular, residual=fold)[0]


def pair(z, args):
    """A well-scaled equation beside one whose slope ``a`` vanishes."""
    a, b = args
    return jnp.array([a * z[0], z[1] - b])


@pytest.mark.parametrize("mode", [jax.jacfwd, jax.jacrev], ids=["forward", "reverse"])
def test_no_derivative_where_the_linear_system_is_singular(mode):
    def value(args):
        jacobian = jax.jacfwd(pair)(jnp.zeros(2), args)
        regular = reciprocal_condition(jacobian) > SINGULAR_BELOW
        z = jnp.array([0.0, args[1]])
        z = implicit_solution(jax.lax.stop_gradient(z), args, True, regular, residual=pair)
        return jnp.sum(z)

    value, slope = jax.jit(value), jax.jit(mode(value))
    singular = (jnp.asarray(0.1 * SINGULAR_BELOW), jnp.asarray(0.3))
    assert float(value(singular)) == 0.3  # the solution is known, its derivative is not
    assert all(np.isnan(d) for d in slope(singular))
    regular = (jnp.asarray(10 * SINGULAR_BELOW), jnp.asarray(0.3))
    assert [float(d) for d in slope(regular)] == [0.0, 1.0]


def test_derivative_along_one_branch_towards_a_fold():
    slope = jax.jit(jax.grad(lower))
    for a in (1.0, 1e-2, 1e-4):
        assert float(slope(jnp.asarray(a))) == pytest.approx(-0.5 / np.sqrt(a), rel=1e-6)


def test_arguments_without_derivative_are_allowed():
    def value(scale):
        args = {"matrix": A * scale, "vector": VECTOR, "count": 3, "name": "economy"}
        return jnp.sum(eqx.filter_jit(solved)({k: args[k] for k in ("matrix", "vector")}))

    assert np.isfinite(jax.grad(value)(1.0))
    z = implicit_solution(jnp.ones(3), {"name": "x"}, True, True, residual=equations)
    np.testing.assert_array_equal(z, jnp.ones(3))


def test_reciprocal_condition():
    assert float(reciprocal_condition(jnp.eye(4))) == 1.0
    assert float(reciprocal_condition(jnp.ones((3, 3)))) < 1e-15
    assert float(reciprocal_condition(jnp.full((2, 2), jnp.nan))) == 0.0
    matrix = np.asarray(A)
    expected = 1 / (np.linalg.norm(matrix, 1) * np.linalg.norm(np.linalg.inv(matrix), 1))
    assert float(reciprocal_condition(A)) == pytest.approx(expected, rel=1e-12)
