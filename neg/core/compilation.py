"""How programs are compiled: settings for processes that compile much and compute little."""

from __future__ import annotations

import contextlib
import os
from importlib import metadata
from pathlib import Path

import jax

_TESTED = "0.10."


def compile_quickly() -> None:
    """Ask for the older code generator, which needs about half the time to compile.

    Long computations run a little slower with it, so it is for scripts and the command line, never
    set on import. Only versions of jaxlib that were tested are asked, since a newer one may refuse
    the flag; flags that the user has set stay. To be called before the first solve.
    """
    if metadata.version("jaxlib").startswith(_TESTED):
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false")


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
