"""How programs are compiled: settings of JAX that the library needs, and that save time."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp

from neg.core.errors import SettingsError
from neg.core.memory_maps import make_room

P = ParamSpec("P")
R = TypeVar("R")

_TESTED = "0.10."
_OLDER = {"xla_cpu_use_fusion_emitters": False}
_LOOPS_AS_WRITTEN = {
    "xla_disable_hlo_passes": "while-loop-invariant-code-motion,simplify-while-loops",
    "xla_cpu_parallel_codegen_split_count": 4,  # of 32: every part costs a copy of the whole
}


def compile_quickly() -> None:
    """Ask for the older code generator, which needs about half the time to compile.

    Long computations run a little slower with it, so it is for scripts and the command line, never
    set on import. Only versions of jaxlib that were tested are asked, since a newer one may refuse
    the flag; flags that the user has set stay. To be called before the first solve.
    """
    if metadata.version("jaxlib").startswith(_TESTED):
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false")


def quick_jit(function: Any) -> Any:
    """``eqx.filter_jit`` that compiles a program of many small operations in half the time.

    Solves and gradients through them are hundreds of small operations in loops: the older code
    generator and light optimisation compile them in half the time, and they run no slower
    (``benchmarks/case_start.py``). Options of the compiler belong to outermost programs only:
    inside another transformation the function is compiled as that is.
    """
    return _jit_with(function, _OLDER | {"xla_backend_optimization_level": 1})


def plain_jit(function: Any) -> Any:
    """``eqx.filter_jit`` without optimisation, for what runs once or twice after each solve.

    Outcomes and payoffs are hundreds of small operations without a loop: operation by operation
    they take half a second, compiled in full several; compiled plainly a fraction of one. Loops
    are left as they are written: what does not change in them has been taken out already
    (:func:`neg.solvers.hoist.hoist`), and looking for it takes a third of the time to compile.
    """
    return _jit_with(function, _OLDER | {"xla_backend_optimization_level": 0} | _LOOPS_AS_WRITTEN)


class LooksAhead(ABC):
    """What has work for the host that compiled code would have to call back for."""

    @abstractmethod
    def ahead(self) -> Any:
        """The same with that work done."""

    @abstractmethod
    def behind(self) -> Any:
        """The same without what the work has found."""


def _looks(node: Any) -> bool:
    return isinstance(node, LooksAhead)


def _look(tree: Any, way: str) -> Any:
    turn = lambda node: getattr(node, way)() if _looks(node) else node
    return jax.tree.map(turn, tree, is_leaf=_looks)


@contextlib.contextmanager
def _nothing_collected() -> Iterator[None]:
    """Without the collector of cycles: tracing makes a million objects, and nearly all stay."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _jit_with(function: Any, options: dict[str, Any]) -> Any:
    jit: Any = eqx.filter_jit  # takes the settings of jax.jit, which its types do not say
    usual = jit(function)
    if not metadata.version("jaxlib").startswith(_TESTED):
        return usual
    asked = os.environ.get("XLA_FLAGS", "")  # flags that the user has set stay
    options = {name: value for name, value in options.items() if name not in asked}
    quick = jit(function, compiler_options=options) if options else usual

    @functools.wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        leaves = jax.tree.leaves((given, named))
        # Inside a program that is being traced even constants are traced.
        traced = isinstance(jnp.zeros(()), jax.core.Tracer)
        if not traced:
            make_room()
        if traced or any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
            return usual(*given, **named)
        if not any(_looks(node) for node in jax.tree.leaves((given, named), is_leaf=_looks)):
            with _nothing_collected():
                return quick(*given, **named)
        given, named = _look((given, named), "ahead")
        with _nothing_collected():
            found = quick(*given, **named)
        return _look(found, "behind")

    call._cached = quick._cached  # type: ignore[attr-defined]  # what counts compilations reads
    return call


def keep_compiled() -> None:
    """Keep compiled programs in the user's cache folder, unless a folder is named already."""
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = Path(base) / "neg" / "compiled"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


def own_settings(function: Callable[P, R]) -> Callable[P, R]:
    """The public function under the settings that solvers need, whatever the process has set.

    Solvers hold what is not yet known as not a number, and mix whole numbers with floats, so that
    JAX is not to stop there. Raises :class:`neg.core.errors.SettingsError` without double
    precision: arrays that were made in it keep it, new ones would not.
    """

    @functools.wraps(function)
    def under(*args: P.args, **kwargs: P.kwargs) -> R:
        with _settings():
            return function(*args, **kwargs)

    return under


@contextlib.contextmanager
def _settings() -> Iterator[None]:
    config: Any = jax.config
    if not config.jax_enable_x64:
        raise SettingsError(
            "double precision was switched off after the library was loaded; must be on: "
            "jax.config.update('jax_enable_x64', True)"
        )
    with contextlib.ExitStack() as stack:
        # Only what differs: another setting, even the same value, may be another program.
        if config.jax_debug_nans:
            stack.enter_context(jax.debug_nans(False))
        if config.jax_debug_infs:
            stack.enter_context(jax.debug_infs(False))
        if config.jax_numpy_dtype_promotion != "standard":
            stack.enter_context(jax.numpy_dtype_promotion("standard"))
        yield
