"""Commuting: against a direct statement of the model, and its limits."""

import jax.numpy as jnp
import numpy as np
import pytest

from neg.core.errors import NegError
from neg.models.commuting import Commuting
from neg.models.helpman import Helpman
from neg.places.layouts import Geography
from neg.solvers.long_run import equilibrium_at


def region(n=6, seed=0, **changes):
    rng = np.random.default_rng(seed)
    place = rng.uniform(size=(n, 2))
    distance = np.linalg.norm(place[:, None] - place[None], axis=2)
    given = {
        "iceberg": np.exp(0.4 * distance),
        "commuting_cost": np.exp(1.2 * distance),
        "amenity": rng.uniform(0.5, 1.5, (n, n)),
        "productivity": rng.uniform(0.8, 1.2, n),
        "land": rng.uniform(0.5, 1.5, n),
        "names": tuple(f"p{i}" for i in range(n)),
    }
    return Commuting(**given | changes)


def solved(model, method="auto"):
    x = model.initial_distribution()
    return equilibrium_at(model, x, jnp.ones(x.shape, bool), method=method)


def test_equilibrium_satisfies_the_published_equations():
    model = region()
    found = solved(model)
    out = {name: np.asarray(value) for name, value in found.outcomes.items()}
    w, price, rent = out["wage"], out["price_index"], out["rent"]
    epsilon, alpha, sigma = 3.3, 0.6, 4.0
    cost = np.asarray(model.commuting_cost)
    utility = np.asarray(model.amenity) * (
        (cost * (price**alpha * rent ** (1 - alpha))[:, None]) ** -epsilon * w[None, :] ** epsilon
    )
    joint = utility / utility.sum()  # probability to live in n and work in i
    np.testing.assert_allclose(out["commuting"], joint, rtol=1e-9)
    np.testing.assert_allclose(out["residents"], joint.sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(out["workers"], joint.sum(axis=0), rtol=1e-9)
    income = (joint * w).sum(axis=1)  # total income of residents
    delivered = (w / np.asarray(model.productivity))[:, None] * np.asarray(model.iceberg)
    weight = out["workers"][:, None] * delivered ** (1 - sigma)
    share = weight / weight.sum(axis=0)
    np.testing.assert_allclose(share @ income, w * out["workers"], rtol=1e-9)
    assert (w * out["workers"]).sum() == pytest.approx(1.0, abs=1e-10)
    np.testing.assert_allclose(rent * np.asarray(model.land), (1 - alpha) * income, rtol=1e-9)
    free = solved(model, "matrix-free")
    np.testing.assert_allclose(free.x, found.x, rtol=1e-9)


def test_without_commuting_it_is_helpman_with_tastes():
    """At prohibitive commuting costs everybody works at home: Helpman's wages at the same x."""
    tau = np.exp(0.5 * (1 - np.eye(3)))
    model = region(
        n=3,
        iceberg=tau,
        commuting_cost=np.where(np.eye(3, dtype=bool), 1.0, 1e9),
        amenity=np.ones((3, 3)),
        productivity=np.ones(3),
        land=np.full(3, 1 / 3),
    )
    x = np.array([0.5, 0.3, 0.2])
    from neg.solvers.short_run import short_run

    ours = short_run(model, x)
    helpman = short_run(
        Helpman(sigma=4.0, a=0.6, tau=np.e, geography=Geography.from_iceberg(tau)), x
    )
    np.testing.assert_allclose(ours.outcomes["wage"], helpman.outcomes["wage"], rtol=1e-9)
    np.testing.assert_allclose(ours.outcomes["workers"], x, rtol=1e-9)


def test_bad_input_is_refused():
    with pytest.raises(NegError, match="land"):
        region(land=np.zeros(6))
    with pytest.raises(NegError, match="iceberg"):
        region(iceberg=np.full((6, 6), 0.5))
