"""Elasticities of thresholds agree with thresholds searched anew, and with closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from experiments import threshold_sensitivity


@pytest.mark.slow
def test_elasticities_of_pfluegers_break_point():
    config = {**threshold_sensitivity.CONFIG, **threshold_sensitivity.SMOKE}
    record = threshold_sensitivity.run(config, lambda *_: None)
    assert record.attrs["status"] == "converged"
    np.testing.assert_allclose(
        record["elasticity"], record["searched_elasticity"], rtol=1e-4, atol=1e-8
    )

    def log_tau(sigma: float, rho: float) -> float:
        """Pflüger (2004): phi_B as in his proposition, tau = phi ** (1 / (1 - sigma))."""
        top, bottom = 2 * rho * (sigma - 1) - sigma, 2 * rho * (sigma - 1) + 3 * sigma - 2
        return np.log(top / bottom) / (1 - sigma)

    step = 1e-6
    expected = {
        "sigma": 6.0 * (log_tau(6 + step, 1.0) - log_tau(6 - step, 1.0)) / (2 * step),
        "rho_L": (log_tau(6.0, 1 + step) - log_tau(6.0, 1 - step)) / (2 * step),
        "mu": 0.0,
    }
    at_break = [str(label).startswith("break") for label in record["label"].values]
    for row in record.isel(row=np.flatnonzero(at_break))["row"].values:
        one = record.sel(row=row)
        parameter = str(one["parameter"].values)
        assert float(one["elasticity"]) == pytest.approx(expected[parameter], rel=1e-6, abs=1e-9)
