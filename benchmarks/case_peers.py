"""``gegravity`` and ``puremacro``, in an environment of their own, on the same numbers.

    python -m venv benchmarks/peers/.venv
    benchmarks/peers/.venv/bin/pip install -r benchmarks/peers/requirements.txt

Without that environment there are no cases. What gegravity calls full general equilibrium holds the
shares of countries in output and spending; ours is told to do the same. Its sample data are read
from ``benchmarks/peers/sample_data_set.dlm`` if they are there: the file lies in the folder
``examples`` of the package's repository, not in the package, and is not ours to hand on. Data of
the same form are always made.
"""

from __future__ import annotations

import sys
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import Array, Float

from benchmarks._peer import HERE, PYTHON, Peer
from benchmarks._timing import Pair
from neg.economy.general.build import general_economy
from neg.economy.model import Groups, Model, Prices
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run

SIGMA = 5.0
SAMPLE = HERE / "sample_data_set.dlm"
# Coefficients that the package's documentation gives for its sample data.
COEFFICIENTS = {
    "lndist": -0.3764,
    "contiguity": 0.8850,
    "pta": 0.4823,
    "common_language": 0.0392,
    "international": -3.4224,
}


def cases() -> list[Pair]:
    """Gravity on 30 countries and on 200, where the peer may fail; tariffs with links."""
    if not PYTHON.exists():
        print(f"no peers: {PYTHON} is missing; see {__file__}", file=sys.stderr)
        return []
    found = [gravity("30 countries, made up", *_made_up(30), repeats=5)]
    if SAMPLE.exists():
        found.append(gravity("30 countries, sample data", *_sample(), repeats=5))
    return [
        *found,
        gravity("200 countries, made up", *_made_up(200), repeats=1),
        tariffs(12, 6),
    ]


class Shares(Model):
    """Multilateral resistance at given shares in output ``y`` and in spending ``e``.

        reach_j = sum_i y_i q_i K_ij,   1 / q_i = sum_j K_ij e_j / reach_j,   reach_last = 1

    Source: Anderson and van Wincoop (2003), American Economic Review 93(1).
    """

    kernel: Float[Array, "origin destination"]
    output: Float[Array, " place"]
    spending: Float[Array, " place"]

    @property
    def groups(self) -> Groups:
        """Nobody moves."""
        return Groups(jnp.arange(len(self.output)), jnp.ones(len(self.output)))

    def initial_prices(self, x: Array) -> Prices:
        """Outward resistance of the size that makes the last importer's one."""
        return {"outward": jnp.zeros_like(x) - jnp.log(self.output @ self.kernel[:, -1])}

    def market_residual(self, prices: Prices, x: Array) -> Prices:
        """Log excess of sales over output; the normalisation is taken from every market."""
        reach = (self.output * jnp.exp(prices["outward"])) @ self.kernel
        sales = jnp.log(self.kernel @ (self.spending / reach)) + prices["outward"]
        return {"outward": -sales - jnp.log(reach[-1])}

    def payoff(self, prices: Prices, x: Array) -> Array:
        """Nobody chooses."""
        return jnp.zeros_like(x)


@eqx.filter_jit
def _prices(before: Array, after: Array, output: Array, spending: Array) -> Any:
    """Change of factory-gate prices, and the residuals of both solves."""
    old, new = (
        short_run(Shares(kernel, output, spending), method="matrix-free")
        for kernel in (before, after)
    )
    change = new.prices["outward"] - old.prices["outward"]
    return jnp.exp(change / (1.0 - SIGMA)), jnp.maximum(old.residual, new.residual)


def gravity(name: str, costs: Any, after: Any, output: Any, spending: Any, repeats: int) -> Pair:
    """Baseline and counterfactual from log trade costs; where the peer fails, ours must not."""
    peer = Peer(
        "gegravity",
        before=costs,
        after=after,
        output=output,
        spending=spending,
        sigma=SIGMA,
        rescale=10.0,
    )
    given = (
        jnp.exp(costs),
        jnp.exp(after),
        jnp.asarray(output / output.sum()),
        jnp.asarray(spending / spending.sum()),
    )

    def agree(ours: Any, theirs: dict[str, Any]) -> None:
        assert float(ours[1]) <= 1e-10 and np.all(np.isfinite(ours[0]))
        if "failure" in theirs:
            print(f"{name}: gegravity {theirs['failure']}", file=sys.stderr)
        else:
            np.testing.assert_allclose(ours[0], theirs["price"], rtol=1e-6)

    return Pair(f"gravity, {name}", lambda: _prices(*given), peer, agree, "gegravity", repeats)


def _made_up(places: int) -> tuple[Any, Any, Any, Any]:
    rng = np.random.default_rng(4)
    distance = 9.0 + rng.uniform(-2.5, 0.8, (places, places))
    distance = np.where(np.eye(places, dtype=bool), 6.0, (distance + distance.T) / 2)
    agreement = np.triu(rng.uniform(size=(places, places)) < 0.4, 1)
    costs = -0.3764 * distance - 3.4224 * ~np.eye(places, dtype=bool)
    costs = costs + 0.4823 * (agreement | agreement.T)
    after = costs.copy()
    after[[0, 1], [1, 0]] += 0.4823
    output = np.exp(rng.normal(12.5, 1.0, places))
    return costs, after, output, output * np.exp(rng.normal(0.0, 0.05, places))


def _sample() -> tuple[Any, Any, Any, Any]:
    """The sample data, and what an agreement between Canada and Japan would do to costs."""
    frame = pd.read_csv(SAMPLE).sort_values(["exporter", "importer"])
    places = sorted(frame["exporter"].unique())
    changed = frame.copy()
    pair = {"CAN", "JPN"}
    joined = [{a, b} == pair for a, b in zip(frame["exporter"], frame["importer"], strict=True)]
    changed.loc[joined, "pta"] = 1
    before, after = (
        sum(value * data[key] for key, value in COEFFICIENTS.items())
        .to_numpy()
        .reshape(len(places), len(places))
        for data in (frame, changed)
    )
    output = frame.groupby("exporter")["Y"].first().loc[places].to_numpy(dtype=float)
    spending = frame.groupby("importer")["E"].first().loc[places].to_numpy(dtype=float)
    return before, after, output, spending


def tariffs(places: int, sectors: int) -> Pair:
    """All tariffs fall to zero in a Caliendo-Parro economy; wages relative to their mean."""
    rng = np.random.default_rng(5)
    off = ~np.eye(places, dtype=bool)[:, :, None]
    links = rng.uniform(0.5, 1.5, (places, sectors, sectors))
    before = general_economy(
        places=[f"c{i}" for i in range(places)],
        sectors=[f"s{k}" for k in range(sectors)],
        employment=np.exp(rng.normal(0, 0.5, (places, 1))) * np.ones(sectors),
        theta=rng.uniform(3, 8, sectors),
        tau=1 + rng.uniform(0.2, 1.0, (places, places, sectors)) * off,
        tariff=rng.uniform(0, 0.2, (places, places, sectors)) * off,
        input_share=0.5 * links / links.sum(axis=1, keepdims=True),
        mobility="sectors",
    )
    start = _in_sectors(before)
    after = before.with_(tariff=jnp.zeros_like(before.tariff))
    table = start.outcomes
    gross = (1.0 + np.asarray(before.tariff)).transpose(2, 1, 0)
    bought = np.asarray(table["trade"]).transpose(2, 1, 0) * gross  # [sector, importer, exporter]
    peer = Peer(
        "puremacro",
        trade_shares=bought / bought.sum(axis=2, keepdims=True),
        gamma_va=before.labour_share,
        gamma_io=np.asarray(before.input_share).transpose(0, 2, 1),
        alpha=np.asarray(before.final_share)[:, :, 0],
        theta=before.theta,
        labor_income=np.sum(np.asarray(table["output"] * before.labour_share), axis=1),
        tariffs=gross,
        after=np.ones_like(gross),
        tolerance=1e-9,
        steps=3000,
    )

    def agree(ours: Any, theirs: dict[str, Any]) -> None:
        assert float(ours.residual) <= 1e-10
        if "failure" in theirs:
            print(f"puremacro {theirs['failure']}", file=sys.stderr)
        change = np.asarray(_mean_wage(ours) / _mean_wage(start))
        theirs_change = np.asarray(theirs["wage"])
        np.testing.assert_allclose(
            change / change.mean(), theirs_change / theirs_change.mean(), rtol=1e-6
        )

    return Pair(
        f"{places} x {sectors}, links, tariffs to zero",
        lambda: _in_sectors(after),
        peer,
        agree,
        "puremacro",
        repeats=1,
        note="the peer's cost per iteration grows with the square of places times sectors",
    )


def _in_sectors(model: Any) -> Any:
    x = model.initial_distribution()
    return equilibrium_at(model, x, jnp.ones(x.shape, bool), method="matrix-free")


def _mean_wage(found: Any) -> Array:
    return jax.block_until_ready(found.outcomes["mean_wage"])
