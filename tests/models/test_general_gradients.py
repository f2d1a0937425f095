"""Gradients of the general economy with respect to every parameter array."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from economies import random_table

from neg.analysis.baseline import calibrate
from neg.core.errors import InvalidDataError
from neg.parts import Density, Spillovers
from neg.solvers.short_run import short_run
from neg.solvers.system import flat_prices, market

RNG = np.random.default_rng(5)
OFF = ~np.eye(3, dtype=bool)[:, :, None]


def economy():
    parts = [Density(delta=0.1, residents=0.0), Spillovers(rho=0.05)]
    model = calibrate(
        random_table(seed=2), theta=[4.0, 6.0], alpha=[0.1, 0.4], uses="common", parts=parts
    )
    area = np.array([1.0, 2.0, 0.5])
    return model.with_(
        tau=RNG.uniform(0.9, 1.2, (3, 3, 2)),
        tariff=RNG.uniform(0.05, 0.3, (3, 3, 2)) * OFF,
        export_tax=RNG.uniform(0.01, 0.1, (3, 3, 2)) * OFF,
        housing_share=np.full(3, 0.1),
        final_share=0.9 * model.final_share - 0.1 * model.final_tax[:, None, None] / 2,
        land=area,
        **{"density.area": area, "spillovers.area": area},
    )


MODEL = economy()


def solved(model):
    """Real income of a worker in the first cell, when markets clear."""
    return short_run(model).payoff[0]


def unrolled(model):
    """The same by eight plain Newton steps that the derivative runs through."""
    x = model.initial_distribution()
    p, unravel = flat_prices(model, x)
    p = jax.lax.stop_gradient(p)
    for _ in range(8):
        jacobian = jax.jacfwd(lambda q: market(model, q, x))(p)
        p = p - jnp.linalg.solve(jacobian, market(model, p, x))
    return model.payoff(unravel(p), x)[0]


gradient = eqx.filter_jit(eqx.filter_grad(solved))(MODEL)

OF_PARTS = ("density.delta", "density.area", "spillovers.rho", "spillovers.area")
FREE = (
    "employment",
    "theta",
    "alpha",
    "productivity",
    "reference",
    "taste",
    "tau",
    "tariff",
    "export_tax",
    "land",
    "amenity",
)


def moved(name: str, direction: np.ndarray, size: float):
    return MODEL.with_(**{name: MODEL.value(name) + size * direction})


def check(name: str, direction: np.ndarray, h: float = 1e-5) -> None:
    up, down = solved(moved(name, direction, h)), solved(moved(name, direction, -h))
    difference = float(up - down) / (2 * h)
    exact = float(jnp.sum(gradient.value(name) * direction))
    assert exact == pytest.approx(difference, rel=1e-6, abs=1e-9), name


@pytest.mark.parametrize("name", [*FREE, *OF_PARTS])
def test_gradient_equals_central_differences(name):
    value = np.asarray(MODEL.value(name))
    mask = OFF if name in ("tariff", "export_tax") else 1.0
    check(name, RNG.uniform(-1, 1, value.shape) * mask)
    if value.ndim:  # and one single entry
        entry = np.zeros(value.shape)
        entry[(0, 1, 1, 0)[: value.ndim] if value.ndim != 1 else (1,)] = 1.0
        check(name, entry)


def test_gradient_with_respect_to_shares_and_deficits_keeps_their_sums():
    deficit = np.array([1.0, -0.4, -0.6])
    check("deficit", deficit)
    # From labour to an input, and from one final good to another: sums stay one.
    labour, inputs = np.zeros((3, 2)), np.zeros((3, 2, 2))
    labour[1, 0], inputs[1, 1, 0] = 1.0, -1.0
    h = 1e-5

    def at(size):
        return solved(
            MODEL.with_(
                labour_share=MODEL.labour_share + size * labour,
                input_share=MODEL.input_share + size * inputs,
            )
        )

    exact = float(gradient.labour_share[1, 0] - gradient.input_share[1, 1, 0])
    assert exact == pytest.approx(float(at(h) - at(-h)) / (2 * h), rel=1e-6)
    final = np.zeros((3, 2, 1))
    final[2, 0, 0], final[2, 1, 0] = 1.0, -1.0
    check("final_share", final)


@pytest.mark.slow
def test_gradient_equals_that_of_an_unrolled_solver():
    other = eqx.filter_jit(eqx.filter_grad(unrolled))(MODEL)
    ours, theirs = (
        jax.tree.leaves(eqx.filter(tree, eqx.is_inexact_array)) for tree in (gradient, other)
    )
    assert len(ours) == len(theirs) > 15
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)


def test_gradient_with_respect_to_numbers_of_an_inactive_cell_is_finite():
    """Nobody is left in the cell: people where nothing can be made are refused by name."""
    none = {name: np.asarray(MODEL.value(name)).copy() for name in ("productivity", "employment")}
    none["productivity"][1, 0] = none["employment"][1, 0] = 0.0
    with pytest.raises(InvalidDataError, match=r"employment of p1:s0 is .* productivity is zero"):
        MODEL.with_(productivity=none["productivity"])
    silent = MODEL.with_(**none)
    found = eqx.filter_jit(eqx.filter_grad(solved))(silent)
    for leaf in jax.tree.leaves(eqx.filter(found, eqx.is_inexact_array)):
        assert np.all(np.isfinite(leaf))
