"""A thousand cities of East Asia, five sectors, people mobile: calibrated and solved.

The baseline is made from the table and the network, which is there: routes of every pair, flows
that add up to the table, productivity, amenity, the equilibrium and its growth rate. Nobody else
does that; its measure is the machine: the kernel products that the solve from prices of one took,
by numpy, one after another.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from benchmarks._timing import Pair
from benchmarks.case_large import products
from benchmarks.case_network import forget
from neg.east_asia import Where, city_economy
from neg.solvers.long_run import equilibrium_at

MOST, MERGED = 220, 35.0
"""Cities per economy at most, and km within which they are merged, for about a thousand places."""


def cases() -> list[Pair]:
    """The baseline, and its equilibrium found from prices of one."""
    return pairs(MOST, MERGED)


def pairs(most: int, merge_km: float) -> list[Pair]:
    """Ours must return the people and wages from which it was inverted."""
    cities = city_economy(Where(most=most, merge_km=merge_km))
    economy = cities.economy
    x = economy.initial_distribution()
    used = jnp.ones(x.shape, bool)
    places, sectors = economy.shape
    steps: list[int] = []

    def baseline() -> Any:
        forget()
        return city_economy(Where(most=most, merge_km=merge_km)).solve()

    def afar() -> Any:
        forget()
        found = equilibrium_at(economy, x, used, method="matrix-free")
        steps.append(int(found.steps))
        return found

    def agree(found: Any, _: float) -> None:
        assert float(found.residual) <= 1e-9 and cities.misfit(found) <= 1e-8

    name = f"{places} cities x {sectors} sectors, labour mobile"
    peer = lambda: products(steps[-1], sectors, places)
    return [
        Pair(
            f"{name}, from prices of one",
            afar,
            peer,
            agree,
            peer_name="its products alone",
            repeats=2,
            note="ours finds the routes of every pair and the growth rate too; the peer multiplies",
        ),
        Pair(
            f"{name}, inverted and solved",
            baseline,
            peer,
            agree,
            peer_name="products of the solve above",
            repeats=2,
            note="ours from table and network: routes, fit of flows, amenity, equilibrium, growth",
        ),
    ]
