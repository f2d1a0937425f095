"""New economic geography on a differentiable core: where industry locates, and why it moves."""

import jax as _jax

_jax.config.update("jax_enable_x64", True)

__version__ = "0.1.0"
