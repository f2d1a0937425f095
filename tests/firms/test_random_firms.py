"""Economies drawn at random: every outcome's derivative in every parameter of firms, none NaN."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg import compose, general_economy
from neg.economy.lever import Lever
from neg.firms import (
    Clusters,
    FinancedSelection,
    Selection,
    TierPolicy,
    Tiers,
    WaysIn,
    WorkingCapital,
)
from neg.menus import LogNormal
from neg.solvers.short_run import short_run

GOODS = ("goods",)
DRAWS = 2
STEP = 1e-6


def economy(rng, theta, corner):
    """Three places; perhaps one where nobody makes goods, or a market that nobody sells to."""
    people, taste = rng.uniform(0.3, 1.5, (3, 2)), np.ones((3, 3, 2))
    if corner == "empty":
        people[2, 0] = 0.0
    if corner == "closed":
        taste[0, 1, 0] = 0.0
    return general_economy(
        places=["a", "b", "c"],
        sectors=["goods", "services"],
        employment=people,
        theta=[theta, 4.0],
        alpha=[1.0, 0.0],
        tau=1.0 + rng.uniform(0.1, 0.6, (3, 3)) * (1.0 - np.eye(3)),
        taste=taste,
        tariff=0.05,
        input_share=[[0.2, 0.1], [0.1, 0.1]],
    )


def selection(rng, kind=Selection, **given):
    u = rng.uniform
    common = {"fixed": u(0.5, 1.7, (3, 3, 2)), "entry": u(0.6, 1.4, 3), "sectors": GOODS}
    common |= {"limit": u(2.0, 8.0), "premium": u(0.0, 0.3), "recognition": u(0.0, 0.3)}
    return kind().with_(**(common | given))


def loans(rng, **given):
    u = rng.uniform
    terms = {"interest": u(0.0, 0.06), "monitoring": u(0.0, 0.03), "repaid": u(0.8, 0.95)}
    terms |= {"guarantee": u(0.0, 0.9), "hazard": u(0.0, 0.1), "subsidy": u(0.0, 0.03)}
    terms |= {"cap": u(0.26, 0.4), "pledge": u(0.05, 0.4), "collateral": u(0.05, 0.5)}
    terms |= {"platform": u(0.0, 0.02, 3), "information": u(0.0, 0.02, 3)}
    return selection(rng, FinancedSelection, **(terms | given))


def capital(rng, **given):
    u = rng.uniform
    common = {"subsidy": u(0.0, 0.5, 3), "repaid": u(0.7, 0.95), "default": u(0.0, 0.1)}
    return WorkingCapital().with_(**(common | given))


def clusters(rng, members):
    u = rng.uniform
    fee = {"fee": u(0.0, 0.4), "cut": u(0.1, 0.6), "support": u(0.0, 0.8)}
    return Clusters(members=members, **fee)


def tiers(rng):
    u = rng.uniform
    shares = {n: u(0.0, 0.5, 3) for n in ("sharing", "harmonised", "recognised")}
    return Tiers(sectors=GOODS, policy=TierPolicy(training=u(0.0, 0.05, 3), **shares))


SETS = {
    "loans": (
        lambda r: [
            loans(r),
            capital(r, guarantee=r.uniform(0.0, 0.9, 3), hazard=r.uniform(0.0, 0.1)),
            WaysIn(process="contacts", lift=r.uniform(0.8, 1.3, 3)),
            clusters(r, "managed"),
        ],
        4.5,
    ),
    "loans under a law": (lambda r: [loans(r, law=LogNormal(0.0, r.uniform(0.5, 0.8)))], 3.0),
    "law": (
        lambda r: [
            selection(r, law=LogNormal(0.0, r.uniform(0.4, 0.8))),
            WaysIn(process="stages", lift=r.uniform(0.8, 2.5, 3)),
            clusters(r, "open"),
        ],
        3.0,
    ),
    "destination": (
        lambda r: [
            selection(r, destination=r.uniform(0.0, 1.0)),
            WaysIn(process="born global", lift=r.uniform(0.8, 1.5, 3)),
            capital(r, terms="letter of credit", letter_subsidy=r.uniform(0.0, 0.5, 3)),
        ],
        4.5,
    ),
    "tiers": (lambda r: [tiers(r), capital(r, finance="supply chain")], 4.5),
}


def levers_of(model):
    """One for every parameter of the parts that has a value, and two of the economy."""
    own = [f"{p.label}.{n}" for p in model.parts for n in p.parameters() if p.value(n) is not None]
    for name in [*own, "tau", "productivity"]:
        scale = float(np.max(np.abs(model.value(name))))
        yield Lever(name, "times" if scale > 0 else "plus")


@pytest.mark.slow  # a compilation of many derivatives for each
@pytest.mark.parametrize("name", SETS)
def test_derivatives_of_random_economies(name):
    make, theta = SETS[name]
    rng = np.random.default_rng(7)
    start = compose(economy(rng, theta, ""), make(rng))
    levers = list(levers_of(start))
    at = jnp.array([float(lever.start(start)) for lever in levers])

    def outcomes(model, values):
        for lever, value in zip(levers, values, strict=True):
            model = lever.put(model, value)
        return short_run(model, throw=False).outcomes

    value, slopes = jax.jit(outcomes), jax.jit(jax.jacfwd(outcomes, argnums=1))
    for draw in range(3 * DRAWS):
        corner = ("", "empty", "closed")[draw % 3]
        model = compose(economy(rng, theta, corner), make(rng))
        found = {key: np.asarray(slope) for key, slope in slopes(model, at).items()}
        for k, lever in enumerate(levers):
            high, low = value(model, at.at[k].add(STEP)), value(model, at.at[k].add(-STEP))
            for key, slope in found.items():
                ends = np.asarray(high[key]), np.asarray(low[key])
                some = np.isfinite(ends[0])  # but for cut-offs of closed markets
                assert (some | (key.endswith(("cutoff", "threshold")))).all(), (corner, key)
                numeric = (ends[0][some] - ends[1][some]) / (2.0 * STEP)
                allowed = 1e-5 * (1.0 + np.abs(numeric).max(initial=0.0))
                seen = slope[..., k][some]
                assert np.isfinite(seen).all(), (draw, corner, lever.path, key)
                worst = np.abs(seen - numeric).max(initial=0.0)
                assert worst < allowed, (draw, corner, lever.path, key, worst)
