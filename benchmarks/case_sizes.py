"""Large economies: ours against scipy's root finders on the same residual, and gradients."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import root

from benchmarks._timing import Pair
from neg.analysis import calibrate
from neg.data.table import Table
from neg.economy.general.build import general_economy
from neg.models.commuting import Commuting
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run
from neg.solvers.system import flat_prices, market


def cases() -> list[Pair]:
    """Sizes that a working economist brings: a trade model, an input-output model, a region map."""
    world, table = world_tariffs(), input_output()
    return [
        against_scipy("194 countries, tariffs with revenue", world, "hybr", repeats=3),
        against_scipy("31 x 40, links, tariffs to zero", table, "krylov", repeats=3),
        mobile("31 x 40, links, workers choose sectors", table),
        against_scipy("77 x 11 table, common mix of origins", cheaper("common"), "krylov", 3),
        mobile("77 x 11 table, own mix of every use", cheaper("separate")),
        commuting(402),
        gradient("194 countries, gradient in all costs", world),
    ]


def world_tariffs(places: int = 194) -> Any:
    """One Armington sector with tariffs whose revenue is spent."""
    rng = np.random.default_rng(0)
    off = ~np.eye(places, dtype=bool)
    return general_economy(
        places=[f"c{i}" for i in range(places)],
        sectors=["goods"],
        employment=np.exp(rng.normal(0, 1.5, (places, 1))),
        theta=5.0,
        tau=1 + rng.uniform(0.5, 3, (places, places)) * off,
        tariff=rng.uniform(0, 0.2, (places, places)) * off,
        productivity=np.exp(rng.normal(0, 1, (places, 1))),
    )


def input_output(places: int = 31, sectors: int = 40) -> Any:
    """Input-output links between all sectors; tariffs have just fallen to zero."""
    rng = np.random.default_rng(1)
    off = ~np.eye(places, dtype=bool)[:, :, None]
    links = rng.uniform(0.5, 1.5, (places, sectors, sectors))
    return general_economy(
        places=[f"c{i}" for i in range(places)],
        sectors=[f"s{k}" for k in range(sectors)],
        employment=np.exp(rng.normal(0, 1.0, (places, 1)) + rng.normal(0, 0.3, (places, sectors))),
        theta=rng.uniform(3, 8, sectors),
        tau=1 + rng.uniform(0.2, 1.5, (places, places, sectors)) * off,
        input_share=0.5 * links / links.sum(axis=1, keepdims=True),
        mobility="sectors",
    )


def cheaper(uses: str, places: int = 77, sectors: int = 11) -> Any:
    """A made-up balanced table of the size of the OECD's, from which all costs fall by a tenth."""
    rng = np.random.default_rng(2)
    size = np.exp(rng.normal(0, 1.5, places))
    home = 1.0 + 20.0 * places * np.eye(places)
    mix = size[:, None] * size[None, :] * home / size.sum()
    sales = lambda kinds: (
        mix[:, None, :, None] * rng.uniform(0.2, 1.8, (places, sectors, places, kinds))
    )
    intermediate, final = 0.4 * sales(sectors) / sectors, sales(3) / 3
    output = intermediate.sum(axis=(2, 3)) + final.sum(axis=(2, 3))
    table = Table(
        places=[f"c{i}" for i in range(places)],
        sectors=[f"s{k}" for k in range(sectors)],
        uses=["consumption", "investment", "government"],
        intermediate=intermediate,
        final=final,
        value_added=output - intermediate.sum(axis=(0, 1)),
        net_taxes_industry=np.zeros((places, sectors)),
        net_taxes_final=np.zeros((places, 3)),
    )
    economy = calibrate(table, theta=5.0, uses=uses, mobility="sectors")
    abroad = ~np.eye(places, dtype=bool)[:, :, None]
    return economy.with_(tau=np.where(abroad, 0.9, 1.0) * economy.tau)


def against_scipy(name: str, model: Any, method: str, repeats: int) -> Pair:
    """The short-run equilibrium, by our matrix-free method and by scipy on the same residual."""
    x = model.initial_distribution()
    p, unravel = flat_prices(model, x)
    residual = jax.jit(lambda p: market(model, p, x))
    options = {"fatol": 1e-10, "maxiter": 500} if method == "krylov" else {}

    def peer() -> np.ndarray:
        found = root(
            lambda z: np.asarray(residual(z)),
            np.asarray(p),
            method=method,
            **({"options": options} if options else {"tol": 1e-12}),
        )
        return found.x

    def agree(ours: Any, theirs: np.ndarray) -> None:
        gap = float(np.max(np.abs(np.asarray(residual(jnp.asarray(theirs))))))
        assert float(ours.residual) <= 1e-10
        if gap <= 1e-9:  # where the peer gets there at all
            for key, value in unravel(jnp.asarray(theirs)).items():
                np.testing.assert_allclose(ours.prices[key], value, atol=1e-6)

    ours = lambda: short_run(model)
    return Pair(name, ours, peer, agree, peer_name=f"scipy {method}", repeats=repeats)


def mobile(name: str, model: Any) -> Pair:
    """Workers choose sectors too, against the same with employment fixed."""
    x = model.initial_distribution()
    used = jnp.ones(x.shape, bool)

    def agree(ours: Any, theirs: Any) -> None:
        assert float(ours.residual) <= 1e-10 and float(theirs.residual) <= 1e-10

    return Pair(
        name,
        lambda: equilibrium_at(model, x, used, method="matrix-free"),
        lambda: short_run(model),
        agree,
        peer_name="ours, immobile",
        repeats=5,
    )


def commuting(places: int) -> Pair:
    """Residences and workplaces, against scipy's Krylov solver for the wages alone."""
    rng = np.random.default_rng(0)
    where = rng.uniform(size=(places, 2))
    distance = np.linalg.norm(where[:, None] - where[None], axis=2)
    model = Commuting(
        iceberg=np.exp(0.8 * distance),
        commuting_cost=np.exp(3 * distance),
        amenity=rng.uniform(0.5, 1.5, (places, places)),
        productivity=np.exp(rng.normal(0, 0.2, places)),
        land=np.exp(rng.normal(0, 0.5, places)),
        names=tuple(f"r{i}" for i in range(places)),
    )
    used = jnp.ones(places, bool)
    found = equilibrium_at(model, model.initial_distribution(), used, method="matrix-free")
    residual = jax.jit(lambda p: market(model, p, found.x))

    def peer() -> np.ndarray:
        options = {"fatol": 1e-10, "maxiter": 500}
        start = np.zeros(places)
        step = lambda z: np.asarray(residual(z))
        return root(step, start, method="krylov", options=options).x

    def agree(ours: Any, theirs: np.ndarray) -> None:
        np.testing.assert_allclose(ours.prices["wage"], theirs, atol=1e-6)

    ours = lambda: equilibrium_at(model, found.x * 0 + 1 / places, used, method="matrix-free")
    return Pair(
        f"{places} regions with commuting",
        ours,
        peer,
        agree,
        peer_name="scipy krylov",
        repeats=5,
        note="the peer finds wages only, at the residents that ours found",
    )


def gradient(name: str, model: Any) -> Pair:
    """Value and gradient with respect to every bilateral cost, against the solve alone."""

    @eqx.filter_jit
    def value(model: Any) -> Any:
        return short_run(model).payoff[0]

    both = eqx.filter_jit(eqx.filter_value_and_grad(value))

    def agree(ours: Any, theirs: Any) -> None:
        np.testing.assert_allclose(ours[0], theirs, rtol=1e-12)
        assert np.all(np.isfinite(ours[1].tau))

    return Pair(
        name, lambda: both(model), lambda: value(model), agree, peer_name="solve alone", repeats=7
    )
