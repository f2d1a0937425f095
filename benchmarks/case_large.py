"""Thousands of places: localised trade among mobile people, and regions times sectors.

The peer of the first is written down apart, in numpy: the same conditions as one undamped step and
scipy's spectral residual method on it, the strongest of scipy's that needs no matrix. Nobody else's
method solves the second; its measure is the machine: the kernel products that the solve took,
by numpy, one after another.
"""

from __future__ import annotations

import resource
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.optimize import root

from benchmarks._timing import Pair
from neg.economy.general import Mobility
from neg.economy.general.build import general_economy
from neg.models.helpman import Helpman
from neg.places.layouts import Geography
from neg.solvers.long_run import equilibrium_at

KAPPA, SIGMA, GOODS = 40.0, 5.0, 0.75
MEMORY = 12.0  # GiB that the large economy may take at its peak


def cases() -> list[Pair]:
    """Mobile people: trade that reaches a fortieth of the map; seven sectors in many regions."""
    return [localised(5000), regions(3000)]


def localised(places: int) -> Pair:
    """Freeness ``exp(-kappa distance)`` with asymmetric noise on the unit square, and housing.

    Ours must be within 1e-8 of the equilibrium in every log unknown: the next Newton step says so.
    """
    kernel = _local_kernel(places)
    iceberg = kernel ** (-1.0 / (SIGMA - 1.0))
    model = Helpman(sigma=SIGMA, a=GOODS, tau=np.e, geography=Geography.from_iceberg(iceberg))
    x, used = model.initial_distribution(), jnp.ones(places, bool)

    def peer() -> Any:
        start = np.concatenate([np.zeros(places), np.full(places, -np.log(places))])
        options = {"fatol": 1e-10, "maxfev": 3000}
        return root(lambda z: _step(z, kernel), start, method="df-sane", options=options)

    def agree(ours: Any, theirs: Any) -> None:
        assert float(ours.residual) <= 1e-10 and float(ours.error) <= 1e-8
        np.testing.assert_allclose(np.exp(theirs.x[places:]), ours.x, rtol=1e-5)
        np.testing.assert_allclose(theirs.x[:places], ours.prices["wage"], atol=1e-5)

    return Pair(
        f"{places} places, kappa {KAPPA:g}, mobile people",
        lambda: equilibrium_at(model, x, used, method="matrix-free"),
        peer,
        agree,
        peer_name="scipy df-sane",
        repeats=2,
        note="ours: error (the next Newton step) at most 1e-8; the peer holds its kernel ready",
    )


def _local_kernel(places: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    where = rng.uniform(size=(places, 2))
    square = (where**2).sum(axis=1)
    distance = np.sqrt(np.maximum(square[:, None] + square - 2 * where @ where.T, 0.0))
    noise = rng.uniform(size=(places, places))
    np.fill_diagonal(distance, 0.0)
    np.fill_diagonal(noise, 0.0)
    return np.exp(-KAPPA * distance) * (1.0 - 0.1 * noise)


def _step(z: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """One undamped step of log wages and log people, each place on its own."""
    wage, people = np.split(z, 2)
    people = people - np.log(np.exp(people).sum())
    reach = np.exp(people + (1.0 - SIGMA) * wage) @ kernel
    sales = np.log(kernel @ (np.exp(people + wage) / reach))
    change = (sales - np.log(np.exp(people + wage).sum())) / SIGMA - wage
    utility = GOODS * (wage + np.log(reach) / (SIGMA - 1.0)) - (1.0 - GOODS) * people
    gap = utility - np.exp(people) @ utility
    moved = (gap + GOODS * change) / (1.0 - GOODS) - np.log(np.exp(z[len(wage) :]).sum())
    return np.concatenate([change, moved])


def regions(places: int, sectors: int = 7, areas: int = 18) -> Pair:
    """Workers choose region and sector within their country; links, housing, moderate scale."""
    model = region_map(places, sectors, areas)
    x = model.initial_distribution()
    used = jnp.ones(x.shape, bool)
    steps: list[int] = []

    def ours() -> Any:
        found = equilibrium_at(model, x, used, method="matrix-free")
        steps.append(int(found.steps))
        return found

    def agree(ours: Any, _: float) -> None:
        assert float(ours.residual) <= 1e-10
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        assert peak <= MEMORY, f"{peak:.1f} GiB at the peak of this process"

    return Pair(
        f"{places} x {sectors}, links, labour mobile",
        ours,
        lambda: products(steps[-1], sectors, places),
        agree,
        peer_name="its products alone",
        repeats=1,
        note=f"peak memory at most {MEMORY:g} GiB; the peer multiplies as often, and does no more",
    )


def products(steps: int, sectors: int, places: int) -> float:
    """What so many steps multiply, by numpy: kernels of every sector, arriving and leaving."""
    kernel, total = np.ones((sectors, places, places)), 0.0
    for _ in range(2 * steps):
        total += sum((matrix @ matrix[0])[0] for matrix in kernel)
    return total


def region_map(places: int, sectors: int, areas: int) -> Any:
    """Regions scattered over countries, with trade costs that grow with distance."""
    rng = np.random.default_rng(0)
    where = rng.uniform(size=(places, 2))
    distance = np.hypot(*(where[:, None] - where[None]).transpose(2, 0, 1))
    links = rng.uniform(0.5, 1.5, (sectors, sectors))
    member = np.argmin(distance[:, rng.choice(places, areas, replace=False)], axis=1)
    names = [f"r{i}" for i in range(places)]
    return general_economy(
        places=names,
        sectors=[f"s{k}" for k in range(sectors)],
        employment=np.exp(rng.normal(0, 0.7, (places, 1)) + rng.normal(0, 0.3, (places, sectors))),
        theta=rng.uniform(3, 8, sectors),
        alpha=0.3,
        tau=1.0 + 1.5 * distance,
        productivity=np.exp(rng.normal(0, 0.5, (places, sectors))),
        input_share=0.4 * links / links.sum(axis=0),
        housing_share=0.3,
        land=np.exp(rng.normal(0, 0.5, places)),
        mobility=Mobility(
            "free",
            {f"a{k}": [names[i] for i in np.flatnonzero(member == k)] for k in range(areas)},
        ),
    )
