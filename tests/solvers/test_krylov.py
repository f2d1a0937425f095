"""Matrix-free solvers: against dense ones, on hard systems, and their derivatives."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg.core.errors import ConvergenceError, UnknownNameError
from neg.core.status import Status
from neg.economy.general.build import general_economy
from neg.solvers.hoist import hoist
from neg.solvers.krylov import gmres, implicit_matrix_free, newton_krylov
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run


def economy(places=4, mobility="sectors", alpha=0.2, seed=3, housing=0.0):
    rng = np.random.default_rng(seed)
    off = ~np.eye(places, dtype=bool)[:, :, None]
    deficit = rng.uniform(-0.1, 0.1, places) * (housing == 0)
    return general_economy(
        places=[f"p{i}" for i in range(places)],
        sectors=["a", "b"],
        employment=rng.uniform(0.5, 2.0, (places, 2)),
        theta=[4.0, 6.0],
        alpha=alpha,
        tau=1 + rng.uniform(0.2, 1.0, (places, places, 2)) * off,
        tariff=rng.uniform(0, 0.3, (places, places, 2)) * off,
        productivity=rng.uniform(0.5, 2.0, (places, 2)),
        input_share=[[0.2, 0.1], [0.1, 0.3]],
        deficit=deficit - deficit.mean(),
        housing_share=housing,
        mobility=mobility,
    )


def test_gmres_solves_and_says_how_well():
    rng = np.random.default_rng(0)
    matrix = jnp.asarray(np.eye(60) + 0.1 * rng.standard_normal((60, 60)))
    right = jnp.asarray(rng.standard_normal(60))
    u, gap = gmres(lambda v: matrix @ v, right, tolerance=1e-13, memory=20, restarts=20)
    np.testing.assert_allclose(u, np.linalg.solve(matrix, right), rtol=1e-9)
    assert gap <= 1e-13
    _, gap = gmres(lambda v: matrix @ v, right, tolerance=1e-13, memory=3, restarts=1)
    assert gap > 1e-3  # too few vectors, and it shows
    u, gap = gmres(lambda v: matrix @ v, jnp.zeros(60))
    assert gap == 0 and not jnp.any(u)


def test_newton_krylov_needs_no_contraction():
    """Broyden's tridiagonal function, whose plain iteration diverges."""

    def step(z):
        left, right = jnp.pad(z, 1)[:-2], jnp.pad(z, 1)[2:]
        value = (3 - 2 * z) * z - left - 2 * right + 1
        return value, jnp.max(jnp.abs(value))

    root = newton_krylov(step, -jnp.ones(200), tolerance=1e-12)
    assert root.status == Status.CONVERGED
    assert step(root.z)[1] <= 1e-12
    assert root.error < 1e-10


@pytest.mark.parametrize(
    ("function", "status"),
    [
        (lambda z: z**2 + 1.0, Status.STALLED),  # no root
        (lambda z: jnp.log(z - 2.0), Status.NON_FINITE),  # not defined at the start
    ],
)
def test_failures_have_names(function, status):
    def step(z):
        value = function(z)
        return value, jnp.max(jnp.abs(value))

    root = newton_krylov(step, jnp.full(3, 0.5))
    assert root.status == status


def test_hoisting_changes_nothing_and_leaves_little():
    kernel = jnp.asarray(np.random.default_rng(1).uniform(1, 2, (50, 50)))

    def function(z):
        power = jnp.exp(-3.0 * jnp.log(kernel))
        return {"a": power @ z, "b": jnp.sum(jnp.where(z > 0, z, 0.0))}

    z = jnp.linspace(-1.0, 1.0, 50)
    fast = hoist(function, z)
    for name, value in function(z).items():
        np.testing.assert_array_equal(fast(z)[name], value)
    np.testing.assert_allclose(
        jax.jacfwd(lambda z: fast(z)["a"])(z), jax.jacfwd(lambda z: function(z)["a"])(z)
    )
    assert "exp" in str(jax.make_jaxpr(function)(z))
    assert "exp" not in str(jax.make_jaxpr(fast)(z))


def test_what_is_asked_for_twice_is_computed_once():
    kernel = jnp.asarray(np.random.default_rng(1).uniform(1, 2, (50, 50)))

    def function(z):
        powers = [jnp.exp(-3.0 * jnp.log(kernel)) for _ in range(2)]
        return sum(power @ jnp.exp(z) for power in powers) + kernel @ jnp.exp(z)

    z = jnp.linspace(-1.0, 1.0, 50)
    fast = hoist(function, z)
    np.testing.assert_array_equal(fast(z), function(z))
    assert str(jax.make_jaxpr(function)(z)).count("dot_general") == 3
    assert str(jax.make_jaxpr(fast)(z)).count("dot_general") == 2


def test_short_run_is_that_of_the_dense_method():
    model = economy()
    dense, free = short_run(model, method="dense"), short_run(model, method="matrix-free")
    for name, value in dense.prices.items():
        np.testing.assert_allclose(free.prices[name], value, atol=1e-11)
    assert free.error < 1e-9 and free.residual < 1e-11


@pytest.mark.slow
@pytest.mark.parametrize(
    "mobility",
    [*(pytest.param(rule, marks=pytest.mark.slow) for rule in ("sectors", "places")), "free"],
)
def test_equilibrium_is_that_of_the_dense_method(mobility):
    model = economy(mobility=mobility, housing=0.0 if mobility == "sectors" else 0.4)
    x, used = model.initial_distribution(), jnp.ones(8, bool)
    dense = equilibrium_at(model, x, used, method="dense")
    free = equilibrium_at(model, x, used, method="matrix-free")
    np.testing.assert_allclose(free.x, dense.x, rtol=1e-9)
    np.testing.assert_allclose(free.payoff, dense.payoff, atol=1e-9)
    np.testing.assert_allclose(free.value, dense.value, atol=1e-9)
    assert free.stability is dense.stability
    assert float(free.growth) == pytest.approx(float(dense.growth), rel=1e-7)


@pytest.mark.slow
def test_empty_cells_stay_empty_and_are_checked():
    model = economy(mobility="sectors", alpha=[1.0, 0.2])
    x = model.initial_distribution().at[0].set(0.0)
    x = x.at[1].set(model.groups.mass[0])
    used = x > 0
    free = equilibrium_at(model, x, used, method="matrix-free", throw=False)
    dense = equilibrium_at(model, x, used, method="dense", throw=False)
    assert free.x[0] == 0 or np.isnan(free.x[0])
    assert free.status == dense.status == Status.NOT_EQUILIBRIUM


@pytest.mark.slow
@pytest.mark.parametrize("which", ["short", "long"])
def test_gradients_are_those_of_the_dense_method(which):
    model = economy()
    x, used = model.initial_distribution(), jnp.ones(8, bool)

    @eqx.filter_jit
    @eqx.filter_grad
    def gradient(model, method):
        if which == "short":
            return short_run(model, method=method).payoff[1]
        return equilibrium_at(model, x, used, method=method).value[1]

    dense, free = gradient(model, "dense"), gradient(model, "matrix-free")
    for a, b in zip(jax.tree.leaves(dense), jax.tree.leaves(free), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-7, atol=1e-9)
    assert float(jnp.max(jnp.abs(dense.tau))) > 0.01


@pytest.mark.slow
def test_forward_derivative():
    model = economy()

    def income(size):
        raised = eqx.tree_at(lambda m: m.tariff, model, model.tariff * size)
        return short_run(raised, method="matrix-free").payoff[0]

    one, h = jnp.asarray(1.0), 1e-5
    _, slope = jax.jvp(income, (one,), (one,))
    assert slope == pytest.approx(float(income(1 + h) - income(1 - h)) / (2 * h), rel=1e-6)


@pytest.mark.slow
def test_no_derivative_without_a_solution_or_where_it_does_not_exist():
    model = economy()

    def payoff(size):
        raised = eqx.tree_at(lambda m: m.tau, model, model.tau * size)
        return short_run(raised, method="matrix-free", max_steps=1, tolerance=0.0, throw=False)

    assert payoff(1.0).status != Status.CONVERGED
    assert np.all(np.isnan(payoff(1.0).payoff))
    assert np.isnan(jax.grad(lambda s: payoff(s).payoff[0])(1.0))

    def fold(z, a):  # z^2 = a has no derivative at a = 0
        return z**2 - a

    def solution(a):
        return implicit_matrix_free(jnp.zeros(2), a, True, step=fold)[0]

    assert np.isnan(jax.grad(solution)(0.0))


def test_a_failed_solve_raises_and_an_unknown_method_is_refused():
    with pytest.raises(ConvergenceError):
        short_run(economy(), method="matrix-free", max_steps=1, tolerance=0.0)
    with pytest.raises(UnknownNameError, match="method"):
        short_run(economy(), method="quick")
