"""Settings of JAX that a process may have changed: a named error, or correct work."""

import contextlib

import jax
import numpy as np
import pytest

from neg.breakpoints.results import threshold_gradient
from neg.breakpoints.thresholds import thresholds
from neg.core.errors import ConvergenceError, SettingsError
from neg.diagrams.diagram import diagram
from neg.models.core_periphery import CorePeriphery
from neg.search.equilibria import equilibria
from neg.solvers.dynamics import paths
from neg.solvers.long_run import equilibrium_at, long_run
from neg.solvers.short_run import short_run
from neg.solvers.verdict import stability

MODEL = CorePeriphery(sigma=5.0, mu=0.4, tau=1.7)
SOLVERS = {
    "short_run": lambda: short_run(MODEL, [0.6, 0.4]),
    "long_run": lambda: long_run(MODEL, [0.9, 0.1]),
    "equilibrium_at": lambda: equilibrium_at(MODEL, [0.5, 0.5], [True, True]),
    "stability": lambda: stability(MODEL, [0.5, 0.5]),
    "paths": lambda: paths(MODEL, [0.6, 0.4], [0.0, 1.0]),
}


@contextlib.contextmanager
def setting(name, value):
    before = getattr(jax.config, name)
    jax.config.update(name, value)
    try:
        yield
    finally:
        jax.config.update(name, before)


@pytest.mark.parametrize("name", SOLVERS)
def test_without_double_precision_the_error_says_so(name):
    with setting("jax_enable_x64", False), pytest.raises(SettingsError, match="jax_enable_x64"):
        SOLVERS[name]()


@pytest.mark.parametrize(
    ("name", "value"), [("jax_debug_nans", True), ("jax_numpy_dtype_promotion", "strict")]
)
def test_strict_settings_change_nothing(name, value):
    usual = long_run(MODEL, [0.9, 0.1])
    with setting(name, value):
        found = long_run(MODEL, [0.9, 0.1])
        short_run(MODEL, [0.6, 0.4])
    np.testing.assert_array_equal(found.x, usual.x)
    assert found.stable and float(found.residual) == float(usual.residual)


@pytest.mark.parametrize(
    ("name", "value"), [("jax_debug_nans", True), ("jax_numpy_dtype_promotion", "strict")]
)
def test_searches_run_under_strict_settings(name, value):
    with setting(name, value):
        assert len(equilibria(MODEL).stable) == 3
        found = thresholds(MODEL)
        assert set(threshold_gradient(found.of_kind("break")[0], ("mu",))) == {"mu"}
        assert diagram(MODEL, "tau", 1.6, 1.8).branches


def test_a_failure_keeps_its_name_where_not_a_number_stops_a_process():
    with setting("jax_debug_nans", True), pytest.raises(ConvergenceError, match="max_steps"):
        short_run(MODEL, [0.6, 0.4], max_steps=1, tolerance=0.0)
