"""Random economies whose every equilibrium is checked anew and every label simulated.

Run as a script for the full count: ``python tests/search/random_economies.py 300``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np

from neg.models.core_periphery import CorePeriphery
from neg.models.footloose_entrepreneur import FootlooseEntrepreneur
from neg.models.vertical_linkages import VerticalLinkages
from neg.places.layouts import from_distance
from neg.search.equilibria import equilibria
from neg.solvers.dynamics import paths
from neg.solvers.short_run import short_run

PUSH = 1e-4
CLEAR = 2e-3
"""Growth rates smaller than this are too slow to be seen in a simulation."""


@dataclass
class Tally:
    """How many economies, equilibria and labels were tried, and what disagreed."""

    economies: int = 0
    equilibria: int = 0
    labels: int = 0
    too_slow: int = 0
    undecided: int = 0
    wrong_labels: list[str] = field(default_factory=list)
    not_equilibria: list[str] = field(default_factory=list)
    wrong_index: list[str] = field(default_factory=list)
    even: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.economies} economies, {self.equilibria} equilibria: "
            f"{len(self.not_equilibria)} violate complementarity; "
            f"{self.labels} stability labels simulated, {len(self.wrong_labels)} disagree "
            f"({self.too_slow} too slow to simulate, {self.undecided} undecided); "
            f"{len(self.wrong_index)} index sums other than one, {len(self.even)} even counts"
        )


def economy(generator: np.random.Generator, kinds: tuple[int, ...] = (0, 0, 1, 1, 2)) -> Any:
    """A model with two or three places at asymmetric distances and random parameters.

    ``kinds`` are drawn from: core-periphery, footloose entrepreneur, vertical linkages.
    """
    kind = int(generator.choice(kinds))
    places = 2 if kind == 2 else int(generator.choice([2, 3]))
    distance = generator.uniform(0.6, 1.4, size=(places, places)) * (1 - np.eye(places))
    shared: dict[str, Any] = {
        "geography": from_distance(distance),
        "tau": generator.uniform(1.1, 2.4),
        "sigma": generator.uniform(3.0, 7.0),
    }
    if kind == 0:
        return CorePeriphery(mu=generator.uniform(0.15, 0.6), **shared)
    if kind == 1:
        return FootlooseEntrepreneur(mu=generator.uniform(0.2, 0.8), **shared)
    alpha, mu = generator.uniform(0.2, 0.6), generator.uniform(0.15, 0.45)
    return VerticalLinkages(alpha=alpha, mu=mu, **shared)


def examine(model: Any, tally: Tally, generator: np.random.Generator) -> None:
    """Search one economy and hold every result against an independent check."""
    found = equilibria(model, starts=12)
    words = f"{model.name} {[float(model.get(n)) for n in model.parameters()]}"
    tally.economies += 1
    tally.equilibria += len(found)
    if found.completeness.index_sum not in (1, None):
        tally.wrong_index.append(words)
    if found.completeness.index_sum is not None and len(found) % 2 == 0:
        tally.even.append(words)
    index = np.asarray(model.groups.index)
    for point in found.points:
        x = np.asarray(point.x)
        payoff = np.asarray(short_run(model, x).payoff)
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


def returns(model: Any, x: np.ndarray, growth: float, generator: np.random.Generator) -> bool:
    """Whether replicator paths from four mixed distributions nearby come back."""
    mass = np.asarray(model.groups.cell_mass)
    index = np.asarray(model.groups.index)
    starts = []
    for _ in range(4):
        mixed = (1 - PUSH) * x / mass + PUSH * generator.dirichlet(np.ones(len(x))) * len(x) / 2
        total = np.bincount(index, mixed)[index]
        starts.append(mass * mixed / total)
    # Long enough for the fastest growing mode to pass from 1e-4 to 1, or to fade by e^-6.
    time = 25.0 / abs(growth)
    moved = paths(model, jnp.asarray(np.array(starts)), [0.0, time], tolerance=1e-9)["x"].values
    before = np.abs((moved[:, 0] - x) / mass).max(axis=1)
    after = np.abs((moved[:, 1] - x) / mass).max(axis=1)
    return bool((after < 0.2 * before).all())


def run(count: int, seed: int = 0, kinds: tuple[int, ...] = (0, 0, 1, 1, 2)) -> Tally:
    """Examine so many economies."""
    tally = Tally()
    generator = np.random.default_rng(seed)
    for _ in range(count):
        examine(economy(generator, kinds), tally, generator)
    return tally


if __name__ == "__main__":
    result = run(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
    print(result)  # noqa: T201
    for line in [*result.wrong_labels, *result.not_equilibria, *result.wrong_index, *result.even]:
        print("  ", line)  # noqa: T201
