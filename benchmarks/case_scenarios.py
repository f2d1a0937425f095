"""Ten thousand scenarios of a 16-country economy, solved together, against a loop over scipy.

The 2020 table merged to one good, 15 economies around East Asia and the rest of the world; every
scenario moves three trade costs. The peer gets the same equations, compiled once for all scenarios
(a scenario is three numbers to it), and the same start; it takes its own derivatives. It solves
every ``EACH``-th scenario, one after the other, and its time is multiplied by ``EACH``.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from scipy.optimize import root

from benchmarks._timing import Pair
from neg import Lever, data
from neg.analysis import calibrate
from neg.data.aggregate import aggregate, select
from neg.scenario_files import solve_many
from neg.solvers.system import flat_prices, market

COUNT, EACH = 10_000, 20
LEVERS = (
    Lever("border.cost", "times", among=("SGP", "MYS", "THA", "VNM")),
    Lever("border.cost", "times", origins=("CHN",)),
    Lever("border.cost", "times", destinations=("JPN", "KOR")),
)


def cases() -> list[Pair]:
    """Ten thousand scenarios."""
    table = aggregate(data.load_icio(), {}, {"all": data.load_icio().sectors})
    table = select(table, [place for place in data.ASEAN_PLUS_SIX if place != "BRN"])
    economy = calibrate(table, uses="common", layers={"border": (0.0, "resource")})
    values = np.random.default_rng(0).uniform(0.9, 1.15, (COUNT, len(LEVERS)))
    puts = [(lever, column) for column, lever in enumerate(LEVERS)]
    x = economy.initial_distribution()
    start, unravel = flat_prices(economy, x)

    def gap(p: Any, row: Any) -> Any:
        changed = economy
        for lever, column in puts:
            changed = lever.put(changed, row[column])
        return market(changed, p, x)

    compiled = jax.jit(gap)

    def ours() -> np.ndarray:
        found = solve_many(economy, puts, values, ["income"])
        assert (found["status"] == 0).all()
        return found["income"]

    def peer() -> np.ndarray:
        found = []
        for row in values[::EACH]:
            solved = root(
                lambda p, row=row: np.asarray(compiled(p, row)), np.asarray(start), tol=1e-12
            )
            found.append(np.exp(np.asarray(unravel(solved.x)["income"])))
        return np.array(found)

    def agree(one: Any, other: Any) -> None:
        np.testing.assert_allclose(one[::EACH], other, rtol=1e-7)

    name = f"{COUNT} scenarios of {len(table.places)} economies"
    note = f"the peer solves one scenario in {EACH}; its time is that times {EACH}"
    return [
        Pair(name, ours, peer, agree, "scipy hybr, loop", repeats=3, peer_sample=EACH, note=note)
    ]
