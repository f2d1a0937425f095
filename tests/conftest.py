"""Shared test settings: double precision, repeatable random tests, a time budget for slow ones."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator

# Tests run side by side, one process a core: more threads of linear algebra would only wait for
# each other. Read when numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
# Tests compile much and compute little. The code generator is that which dense solves, the command
# line and the experiments ask for (see neg.core.compilation); XLA_FLAGS= tests with the other one.
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=0"
)

import jax  # noqa: E402
import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402
from jaxtyping import install_import_hook  # noqa: E402

# Shapes and types that signatures state are checked at every call.
# The hook stays, as rooms are imported when they are first used.
install_import_hook("neg", "shapes.checked")

import neg  # noqa: E402, F401  (switches double precision on before any array is made)
from neg.core.memory_maps import make_room  # noqa: E402

# Workers side by side share what they compile, in a folder that lives as long as the run. A single
# process compiles what it runs, unless a cache folder is named on purpose (as in .ci/run).
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    jax.config.update("jax_enable_compilation_cache", False)

# The first example pays for compilation, so no deadline per example; the same examples every time.
settings.register_profile(
    "neg", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("neg")

_START = time.monotonic()


def pytest_configure(config: pytest.Config) -> None:
    leads = not hasattr(config, "workerinput") and config.getoption("numprocesses", None)
    if leads and "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        folder = tempfile.TemporaryDirectory(prefix="neg-tests-")
        config.add_cleanup(folder.cleanup)
        os.environ["JAX_COMPILATION_CACHE_DIR"] = folder.name
        os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--budget",
        type=float,
        default=float("inf"),
        metavar="SECONDS",
        help="skip the tests that would start later than this",
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    budget = item.config.getoption("--budget")
    if time.monotonic() - _START > budget:
        pytest.skip(f"time budget of {budget:g} s used up")


@pytest.fixture(autouse=True)
def _stays_in_double_precision() -> Iterator[None]:
    """A test that switches double precision off fails, instead of the tests that follow it."""
    yield
    assert jax.config.jax_enable_x64


@pytest.fixture(autouse=True, scope="module")
def _compiled_programs_do_not_pile_up() -> Iterator[None]:
    """Economies of one file are of little use to the next: memory is."""
    yield
    make_room(full=0.3, every=1)


@pytest.fixture
def hears_ctrl_c() -> Iterator[None]:
    """Ctrl-C arrives, also in processes started meanwhile: work in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
