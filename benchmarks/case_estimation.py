"""Equilibrium solves to calibrate: with gradients, and without; what a gradient costs in solves.

``counts()`` solves one problem (log border costs of pairs and productivities of places of a small
economy that make trade shares and wages what they are at known values) with 2, 5 and 10 unknowns,
from the same start until the same loss, by Levenberg-Marquardt with exact gradients, by Nelder and
Mead (scipy) and, where the package ``cma`` is installed (``pip install neg[bench]``), by CMA-ES. An
evaluation with its derivatives counts as one solve; ``gradients()`` says what it adds: the time of
the gradient in 10 to all pair-wise trade costs over that of the solve.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

from benchmarks._timing import Pair
from neg.analysis import gradient
from neg.core.compilation import quick_jit
from neg.economy.general.build import general_economy
from neg.economy.lever import Lever
from neg.estimation import fit
from neg.estimation.levers import in_hands
from neg.solvers.short_run import short_run

LOSS = 1e-10
"""Sum of squared gaps at which a calibration counts as done, for every method."""


def problem(unknowns: int, places: int = 8, seed: int = 0) -> tuple[Any, dict, Any, np.ndarray]:
    """An economy, its unknown levers, moments that tell them apart, and the truth."""
    rng = np.random.default_rng(seed)
    names = [f"p{k}" for k in range(places)]
    economy = general_economy(
        places=names,
        sectors=["goods"],
        employment=rng.uniform(0.5, 2.0, (places, 1)),
        theta=4.0,
        tau=1.0 + rng.uniform(0.2, 0.6, (places, places)) * (1 - np.eye(places)),
    )
    levers = {}
    for k in range(unknowns):
        name = names[(k // 2) % places]
        levers[f"u{k}"] = (
            (Lever("tau", "times", destinations=name), 0.7, 1.6)
            if k % 2
            else (Lever("productivity", "times", places=name), 0.3, 3.0)
        )
    truth = np.where(np.arange(unknowns) % 2, 1.1, 1.3) + rng.uniform(-0.05, 0.05, unknowns)
    return economy, levers, _moments, truth


def _moments(out: dict) -> dict:
    trade = out["trade"][..., 0]
    return {"home": jnp.log(jnp.diag(trade)), "wage": jnp.log(out["wage"][:, 0])}


@quick_jit
def _gap(v: Any, economy: Any, point: Any, target: Any) -> Any:
    """Sum of squared gaps at one point, each solve from scratch."""
    here = point.put(economy, {name: v[k] for k, name in enumerate(point.names)})
    out = _moments(short_run(here, throw=False).outcomes)
    return jnp.sum((jnp.concatenate([out["home"], out["wage"]]) - target) ** 2)


def counts(sizes: tuple[int, ...] = (2, 5, 10), most: int = 40_000) -> dict[str, dict[int, int]]:
    """Solves until the loss is at most :data:`LOSS`, by method and number of unknowns."""
    found: dict[str, dict[int, int]] = {"gradients": {}, "Nelder-Mead": {}}
    for size in sizes:
        economy, levers, moments, truth = problem(size)
        at = economy
        for (lever, _, _), value in zip(levers.values(), truth, strict=True):
            at = lever.put(at, value)
        aims = moments(short_run(at).outcomes)
        done = fit(economy, levers, moments, aims, tolerance=1e-6)
        assert done.loss <= LOSS
        found["gradients"][size] = done.solves
        target = jnp.concatenate([aims["home"], aims["wage"]])
        count = 0

        point = in_hands(economy, levers, inside=True)

        class Done(Exception):
            pass

        def loss(v: np.ndarray, given: Any = (economy, point, target)) -> float:
            nonlocal count
            count += 1
            value = float(_gap(jnp.asarray(v), *given))
            if value <= LOSS or count >= most:
                raise Done
            return value if np.isfinite(value) else 1e6

        try:
            options = {"maxfev": most, "xatol": 0.0, "fatol": 0.0, "adaptive": True}
            minimize(loss, np.ones(size), method="Nelder-Mead", options=options)
        except Done:
            pass
        found["Nelder-Mead"][size] = count
        try:
            import cma
        except ImportError:
            continue
        count = 0
        with contextlib.suppress(Done):
            cma.fmin(loss, np.ones(size), 0.1, {"verbose": -9, "maxfevals": most})
        found.setdefault("CMA-ES", {})[size] = count
    return found


def gradients(places: int = 40, sizes: tuple[int, ...] = (10, 100, 1000)) -> dict[int, float]:
    """Time of a solve and its gradient less that of the solve, over that of the solve."""
    economy = problem(2, places)[0]
    names = list(economy.places)
    solve = lambda: short_run(economy).prices["wage"]
    found = {}
    for size in (*sizes, places * (places - 1)):
        lever = pairs(names, size)
        ratio = _ratio(lambda lever=lever: gradient(economy, _welfare, lever), solve)
        found[size] = ratio - 1.0
    return found


def pairs(names: list[str], size: int) -> Lever:
    """A lever on about so many pair-wise costs: all of them, or those of some with some others."""
    count = len(names)
    if size >= count * (count - 1):
        return Lever("tau", "times")
    rows = -(-size // (count - 1))
    return Lever(
        "tau", "times", origins=names[:rows], destinations=names[-max(1, round(size / rows)) :]
    )


def _welfare(out: dict) -> Any:
    return jnp.log(out["welfare"][0])


def _ratio(ours: Any, peer: Any, repeats: int = 25) -> float:
    """Median over turns of the time of one call over that of the other, next to it."""
    jax.block_until_ready((ours(), peer()))
    ratios = []
    for _ in range(repeats):
        times = []
        for call in (ours, peer):
            start = time.process_time()
            jax.block_until_ready(call())
            times.append(time.process_time() - start)
        ratios.append(times[0] / times[1])
    return float(np.median(ratios))


def cases() -> list[Pair]:
    """The gradient of one outcome in all pair-wise trade costs, beside the solve alone.

    The counts of solves are no times: ``python -m benchmarks.case_estimation`` prints them.
    """
    economy = problem(2, 40)[0]
    lever = Lever("tau", "times")

    def agree(slope: Any, wage: Any) -> None:
        assert np.isfinite(slope).sum() == 40 * 39 and np.isfinite(wage).all()

    return [
        Pair(
            "gradient in 1,560 trade costs, 40 places",
            ours=lambda: np.asarray(gradient(economy, _welfare, lever)),
            peer=lambda: short_run(economy).prices["wage"],
            agree=agree,
            peer_name="the solve alone",
            repeats=5,
        )
    ]


if __name__ == "__main__":
    print(counts())
    print(gradients())
