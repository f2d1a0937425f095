"""Random economies whose every equilibrium is checked anew and every label simulated.

Run as a script for the full count: ``python tests/search/random_economies.py 300``.
"""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import root

from neg.economy.composed import compose
from neg.models.allen_arkolakis import AllenArkolakis
from neg.models.core_periphery import CorePeriphery
from neg.models.footloose_entrepreneur import FootlooseEntrepreneur
from neg.models.helpman import Helpman
from neg.models.vertical_linkages import VerticalLinkages
from neg.parts.density import Density
from neg.parts.land import Land
from neg.parts.tastes import Tastes
from neg.places.layouts import from_distance
from neg.search.equilibria import equilibria
from neg.solvers.long_run import long_run
from neg.solvers.newton import newton
from neg.solvers.short_run import market_system
from neg.solvers.system import flat_prices, payoff

PUSH = 1e-3
"""Size of the deviations of log shares in simulations."""
ENTRY = 1e-6
"""Share at which cells that are empty are entered in simulations."""
CLEAR = 2e-3
"""Growth rates smaller than this are too slow to be seen in a simulation."""
SMALLEST = -600.0
"""Log shares below this are not sought by brute force."""

BOUNDED = (0, 0, 1, 1, 2)
UNBOUNDED = (3, 3, 4, 4, 5, 6, 7)


@dataclass
class Tally:
    """How many economies, equilibria and labels were tried, and what disagreed."""

    economies: int = 0
    equilibria: int = 0
    tiny: int = 0
    labels: int = 0
    too_slow: int = 0
    undecided: int = 0
    certified: int = 0
    reached: int = 0
    brute: int = 0
    wrong_labels: list[str] = field(default_factory=list)
    not_equilibria: list[str] = field(default_factory=list)
    wrong_index: list[str] = field(default_factory=list)
    even: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.economies} economies ({self.certified} certified), {self.equilibria} "
            f"equilibria, {self.tiny} with a share below 1e-6: "
            f"{len(self.not_equilibria)} violate complementarity; "
            f"{self.labels} stability labels simulated, {len(self.wrong_labels)} disagree "
            f"({self.too_slow} too slow to simulate, {self.undecided} undecided); "
            f"{len(self.wrong_index)} index sums other than one, {len(self.even)} even counts; "
            f"{len(self.missed)} missed of those that {self.reached} paths and {self.brute} "
            "starts of brute force reach"
        )

    @property
    def faults(self) -> list[str]:
        """Whatever must not be."""
        lists = (self.wrong_labels, self.not_equilibria, self.wrong_index, self.even, self.missed)
        return list(itertools.chain(*lists))


def economy(
    generator: np.random.Generator,
    kinds: tuple[int, ...] = BOUNDED,
    sizes: tuple[int, ...] = (2, 3),
) -> Any:
    """A model with two or three places at asymmetric distances and random parameters.

    ``kinds`` are drawn from: core-periphery, footloose entrepreneur, vertical linkages; with
    dispersion that has no bound at the corners Helpman's rents, amenities, and core-periphery with
    land without a floor, with tastes, with density.
    """
    kind = int(generator.choice(kinds))
    places = 2 if kind == 2 else int(generator.choice(sizes))
    distance = generator.uniform(0.6, 1.4, size=(places, places)) * (1 - np.eye(places))
    shared: dict[str, Any] = {
        "geography": from_distance(distance),
        "tau": generator.uniform(1.1, 2.4),
        "sigma": generator.uniform(3.0, 7.0),
    }
    if kind == 1:
        return FootlooseEntrepreneur(mu=generator.uniform(0.2, 0.8), **shared)
    if kind == 2:
        alpha, mu = generator.uniform(0.2, 0.6), generator.uniform(0.15, 0.45)
        return VerticalLinkages(alpha=alpha, mu=mu, **shared)
    if kind in (3, 4):
        shared |= {"tau": np.exp(generator.uniform(0.1, 2.5)), "sigma": generator.uniform(1.4, 6.0)}
    if kind == 3:
        rents = ("local", "pooled")[int(generator.integers(2))]
        return Helpman(a=generator.uniform(0.5, 0.98), rents=rents, **shared)
    if kind == 4:
        alpha, beta = generator.uniform(0.0, 0.4), generator.uniform(-0.4, 0.02)
        return AllenArkolakis(alpha=alpha, beta=beta, **shared)
    model = CorePeriphery(mu=generator.uniform(0.15, 0.6), **shared)
    strength = 10 ** generator.uniform(-2.5, -0.7)
    parts: dict[int, Any] = {
        5: Land(h=strength, farm_rent=0.0),
        6: Tastes(kappa=strength),
        7: Density(delta=strength, residents=0.0),
    }
    return compose(model, [parts[kind]]) if kind in parts else model


def describe(model: Any) -> str:
    """The model and its parameters."""
    given = [name for name in model.parameters() if model.value(name) is not None]
    values = {name: np.round(model.get(name), 4).tolist() for name in given}
    return f"{model.name or type(model).__name__} {model.groups.cells} cells {values}"


@eqx.filter_jit
def _payoff(model: Any, x: Any) -> Any:
    p = newton(market_system, flat_prices(model, x)[0], (model, x))
    return jnp.where(p.residual < 1e-9, payoff(model, p.z, x), jnp.nan)


def payoffs(model: Any, x: np.ndarray) -> np.ndarray:
    """Payoff of every cell at cleared markets."""
    return np.asarray(_payoff(model, jnp.asarray(x)))


def examine(model: Any, tally: Tally, generator: np.random.Generator, starts: int) -> None:
    """Search one economy and hold every result against an independent check."""
    found = equilibria(model, starts=12)
    words = describe(model)
    tally.economies += 1
    tally.equilibria += len(found)
    tally.certified += found.completeness.certified
    tally.doubts += [f"{words}: {doubt}" for doubt in found.completeness.doubts]
    whole = found.completeness.index_sum is not None and not found.completeness.beyond
    if whole and found.completeness.index_sum != 1:
        tally.wrong_index.append(f"{words}: {found.completeness.index_sum}")
    if whole and len(found) % 2 == 0:
        tally.even.append(words)
    index = np.asarray(model.groups.index)
    for point in found.points:
        x = np.asarray(point.x)
        tally.tiny += bool((x[x > 0] < 1e-6).any())
        payoff = payoffs(model, x)
        best = np.array([payoff[index == g].max() for g in range(model.groups.count)])[index]
        if np.abs((best - payoff)[x > 0]).max() > 1e-8:
            tally.not_equilibria.append(f"{words} at {x}")
        if point.stable is None:
            tally.undecided += 1
        elif abs(float(point.growth)) < CLEAR:
            tally.too_slow += 1
        else:
            tally.labels += 1
            if returns(model, x, float(point.growth), generator) != point.stable:
                tally.wrong_labels.append(f"{words} at {x}: labelled {point.stable}")
    for x in itertools.chain(
        reached(model, generator, starts, tally), brute(model, generator, starts, tally)
    ):
        if not any(alike(x, np.asarray(point.x)) for point in found.points):
            tally.missed.append(f"{words} at {x}")


def alike(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether two distributions are the same equilibrium, in logs where cells are used."""
    if ((x > 0) != (y > 0)).any():
        return False
    return bool(np.abs(np.log(x[x > 0]) - np.log(y[x > 0])).max() < 1e-4)


def returns(model: Any, x: np.ndarray, growth: float, generator: np.random.Generator) -> bool:
    """Whether replicator paths from three distributions nearby come back, followed in logs."""
    mass = np.asarray(model.groups.cell_mass)
    index = np.asarray(model.groups.index)
    total = np.asarray(model.groups.mass)
    used = x > 0
    centre = np.where(used, np.log(np.where(used, x, 1.0) / mass), np.log(ENTRY))

    def distribution(y: np.ndarray) -> np.ndarray:
        z = mass * np.exp(np.maximum(y, -700.0))
        return z * (total / np.bincount(index, z))[index]

    def velocity(_: float, y: np.ndarray) -> np.ndarray:
        z = distribution(y)
        value = payoffs(model, z)
        return value - (np.bincount(index, z * value) / total)[index]

    def distance(y: np.ndarray) -> float:
        share = distribution(y) / mass
        apart = np.abs(np.log(share[used]) - centre[used]).max() / PUSH
        return max(apart, share[~used].max(initial=0.0) / ENTRY)

    for _ in range(3):
        start = centre + PUSH * generator.normal(size=len(x)) * used
        # Long enough for a deviation to grow, or fade, by a factor of e^15.
        path = solve_ivp(velocity, (0, 15.0 / abs(growth)), start, "LSODA", rtol=1e-7, atol=1e-9)
        if not path.success or distance(path.y[:, -1]) > 0.2 * distance(start):
            return False
    return True


def reached(model: Any, generator: np.random.Generator, starts: int, tally: Tally) -> Any:
    """Where the adjustment dynamics lead from starts drawn in logs."""
    tally.reached += starts
    index, mass = np.asarray(model.groups.index), np.asarray(model.groups.cell_mass)
    for _ in range(starts):
        x = np.exp(-generator.exponential(size=len(index)) * generator.choice([1.0, 5.0]))
        x = x / np.bincount(index, x)[index] * mass
        end = long_run(model, x, throw=False)
        if int(end.status) == 0:
            yield np.asarray(end.x)


def brute(model: Any, generator: np.random.Generator, starts: int, tally: Tally) -> Any:
    """Equilibria by scipy's root finder on payoff gaps, from starts drawn in logs.

    One group of people only; every set of used cells. No derivative, face or start of the library.
    """
    if model.groups.count > 1:
        return
    cells = model.groups.cells
    for used in _sets(cells):
        inside = np.array(used)
        for _ in range(starts if len(used) > 1 else 1):
            tally.brute += 1
            depth = generator.choice([2.0, 10.0, 40.0, 150.0])
            u = -depth * generator.uniform(size=len(used) - 1) * generator.choice([-1, 1])
            gap = functools.partial(_gap, model, inside, payoffs)
            if len(used) > 1:
                with np.errstate(all="ignore"):
                    end = root(gap, u, method="hybr", tol=1e-13)
                u = end.x
                if not np.abs(gap(u)).max() < 1e-10:
                    continue
            x = _spread(u, inside, cells)
            value = payoffs(model, x)
            good = np.log(x[inside]).min() > SMALLEST if (x[inside] > 0).all() else False
            empty = x == 0
            if good and not (value[empty] > value[inside[0]] + 1e-10).any():
                yield x


def _sets(cells: int) -> list[tuple[int, ...]]:
    sizes = range(1, cells + 1)
    return [c for size in sizes for c in itertools.combinations(range(cells), size)]


def _spread(u: np.ndarray, inside: np.ndarray, cells: int) -> np.ndarray:
    logs = np.concatenate([[0.0], u])
    share = np.exp(logs - logs.max())
    x = np.zeros(cells)
    x[inside] = share / share.sum()
    return x


def _gap(model: Any, inside: np.ndarray, value: Callable, u: np.ndarray) -> np.ndarray:
    if not np.abs(u).max() < 690:
        return np.full(len(u), np.nan)
    paid = value(model, _spread(u, inside, model.groups.cells))[inside]
    return paid[1:] - paid[0]


def run(
    count: int,
    seed: int = 0,
    kinds: tuple[int, ...] = BOUNDED,
    *,
    sizes: tuple[int, ...] = (2, 3),
    starts: int = 6,
) -> Tally:
    """Examine so many economies, each with ``starts`` paths and starts of brute force."""
    tally = Tally()
    generator = np.random.default_rng(seed)
    for _ in range(count):
        examine(economy(generator, kinds, sizes), tally, generator, starts)
    return tally


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    for drawn in (UNBOUNDED, BOUNDED):
        result = run(number, first, drawn)
        print(result)  # noqa: T201
        for line in [*result.faults, *result.doubts]:
            print("  ", line)  # noqa: T201
