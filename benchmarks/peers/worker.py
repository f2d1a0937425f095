"""Runs in the peers' own environment: solves what it is sent, and says how long that took.

One request a line on standard input, the path of an ``.npz`` file with ``peer`` and its arrays; one
answer a line on standard output, JSON with ``seconds`` and the results, or ``failure``.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np


def gegravity(given: dict[str, Any]) -> dict[str, Any]:
    """Factory-gate prices after a change of trade costs, output and spending shares held."""
    import gegravity as ge
    import pandas as pd

    # Capitals: the package sorts its reference importer last by naming it "ZZZ_".
    names = [f"C{i:03d}" for i in range(len(given["output"]))]
    origin, destination = (index.ravel() for index in np.indices((len(names),) * 2))
    before, after = (
        pd.DataFrame(
            {
                "exporter": np.asarray(names)[origin],
                "importer": np.asarray(names)[destination],
                "year": "2006",
                "trade": 1.0,
                "Y": given["output"][origin],
                "E": given["spending"][destination],
                "cost": given[key].ravel(),
            }
        )
        for key in ("before", "after")
    )
    coefficient = pd.DataFrame([{"var": "cost", "coeff": 1.0, "ste": 1.0}])
    start = time.perf_counter()
    baseline = ge.BaselineData(
        before,
        imp_var_name="importer",
        exp_var_name="exporter",
        year_var_name="year",
        trade_var_name="trade",
        expend_var_name="E",
        output_var_name="Y",
    )
    model = ge.OneSectorGE(
        baseline,
        year="2006",
        expend_var_name="E",
        output_var_name="Y",
        cost_coeff_values=ge.CostCoeffs(
            coefficient, identifier_col="var", coeff_col="coeff", stderr_col="ste"
        ),
        cost_variables=["cost"],
        reference_importer=names[-1],
        sigma=float(given["sigma"]),
        quiet=True,
    )
    model.build_baseline(omr_rescale=float(given["rescale"]))
    changed = model.baseline_data.copy()
    changed["cost"] = (
        after.set_index(["exporter", "importer"])["cost"]
        .loc[list(zip(changed["exporter"], changed["importer"], strict=True))]
        .to_numpy()
    )
    model.define_experiment(changed)
    model.simulate()
    seconds = time.perf_counter() - start
    bad = [key for key, found in model.solver_diagnostics.items() if not found.success]
    if bad:
        return {"seconds": seconds, "failure": f"not converged: {', '.join(bad)}"}
    prices = model.factory_gate_prices.iloc[:, 0].loc[names]
    return {"seconds": seconds, "price": prices.tolist()}


def puremacro(given: dict[str, Any]) -> dict[str, Any]:
    """Wages after tariffs change, by a Caliendo-Parro model with input-output links."""
    from puremacro.trade.caliendo_parro import CaliendoParroModel

    start = time.perf_counter()
    names = ("trade_shares", "gamma_va", "gamma_io", "alpha", "theta", "labor_income", "tariffs")
    model = CaliendoParroModel(**{name: given[name] for name in names})
    found = model.solve_counterfactual(
        tariffs_new=given["after"], tol=float(given["tolerance"]), max_iter=int(given["steps"])
    )
    seconds = time.perf_counter() - start
    answer = {"seconds": seconds, "wage": found.w_hat.tolist()}
    return answer if found.converged else answer | {"failure": "not converged"}


PEERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "gegravity": gegravity,
    "puremacro": puremacro,
}


def main() -> None:
    """Answer until there are no more requests."""
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        with np.load(line.strip()) as file:
            given = dict(file)
        try:
            with contextlib.redirect_stdout(sys.stderr):
                answer = PEERS[str(given.pop("peer"))](given)
        except Exception as error:  # a peer may fail in any way: that is a result here
            answer = {"seconds": float("nan"), "failure": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
