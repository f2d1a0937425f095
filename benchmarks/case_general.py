"""The general economy on the 2020 table (21 regions, 11 sectors) against ``scipy.optimize.root``.

Labour chooses its sector; trade becomes five per cent cheaper. The peer gets the same equations,
compiled, and the same start. Then: what the gradient of one outcome with respect to all parameters
costs on top of the solve that it needs.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import root

from benchmarks._timing import Pair
from neg import data
from neg.analysis import calibrate
from neg.economy.general import GeneralEconomy
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run
from neg.solvers.system import Unknowns, flat_prices, long_run_residual, pack, payoff

CHEAPER = 0.95


def cases() -> list[Pair]:
    """Solves at two scale elasticities, by our two methods; gradients, labour mobile or not."""
    return [
        *(_solve(alpha, method) for alpha in (0.0, 0.5) for method in ("matrix-free", "dense")),
        *(_gradient(mobility) for mobility in ("immobile", "sectors")),
    ]


def _economy(alpha: float, mobility: str) -> GeneralEconomy:
    economy = calibrate(data.load_icio(), theta=4.0, alpha=alpha, uses="common", mobility=mobility)
    abroad = ~np.eye(len(economy.places), dtype=bool)[:, :, None]
    return economy.with_(tau=jnp.where(abroad, CHEAPER, 1.0) * economy.tau)


def _solve(alpha: float, method: str) -> Pair:
    economy = _economy(alpha, "sectors")
    x, used = economy.initial_distribution(), jnp.ones(economy.groups.cells, dtype=bool)
    flat = flat_prices(economy, x)[0]
    pay = payoff(economy, flat, x)
    earned = economy.groups.total(x * pay) / economy.groups.mass
    start = np.asarray(pack(Unknowns(jnp.log(x / economy.groups.cell_mass), flat, earned)))
    compiled = jax.jit(long_run_residual)

    def residual(z: np.ndarray) -> np.ndarray:
        return np.asarray(compiled(z, (economy, used)))

    def agree(ours: Any, peer: Any) -> None:
        assert float(ours.residual) < 1e-10 and np.max(np.abs(residual(peer.x))) < 1e-8
        share = np.asarray(ours.x / economy.groups.cell_mass)
        np.testing.assert_allclose(np.exp(peer.x[: len(share)]), share, atol=1e-7)

    return Pair(
        f"labour mobile, scale {alpha:g}, {len(start)} unknowns, {method}",
        lambda: equilibrium_at(economy, x, used, method=method),
        lambda: root(residual, start, method="hybr", options={"xtol": 1e-12}),
        agree,
        "scipy hybr",
        repeats=3,
        note="the peer's residual is ours, compiled; it takes its own derivatives"
        + ("; ours also finds condition and stability" if method == "dense" else ""),
    )


def _gradient(mobility: str) -> Pair:
    economy = _economy(0.5, mobility)
    x, used = economy.initial_distribution(), jnp.ones(economy.groups.cells, dtype=bool)

    def welfare(economy: GeneralEconomy) -> Any:
        if mobility == "immobile":
            solution: Any = short_run(economy, x)
        else:
            solution = equilibrium_at(economy, x, used)
        return jnp.sum(jnp.log(solution.outcomes["welfare"]))

    value, both = eqx.filter_jit(welfare), eqx.filter_jit(eqx.filter_value_and_grad(welfare))

    def agree(ours: Any, with_gradient: Any) -> None:
        assert abs(float(ours) - float(with_gradient[0])) < 1e-9
        leaves = jax.tree.leaves(eqx.filter(with_gradient[1], eqx.is_inexact_array))
        assert all(np.all(np.isfinite(leaf)) for leaf in leaves)

    return Pair(
        f"solve and gradient over solve, labour {mobility}",
        lambda: value(economy),
        lambda: both(economy),
        agree,
        "with gradient",
        repeats=5,
        note="gradient of one number with respect to every parameter array",
    )
