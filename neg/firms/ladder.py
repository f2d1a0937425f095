"""The ladder: firms that enter at the bottom, climb one rung at a time and leave from each."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.checks import check_range
from neg.core.errors import InvalidShapeError


class Ladder(eqx.Module):
    """Rungs 0..T, upward rates and exit rates; build it with :func:`ladder`.

        dm_0 / dt = births - (up_0 + out_0) m_0
        dm_e / dt = up_(e-1) m_(e-1) - (up_e + out_e) m_e,     up_T = 0

    Rates are per unit of time, masses in firms.
    """

    up: Float[Array, " rung"]
    out: Float[Array, " rung"]
    births: Float[Array, ""]

    def masses(self) -> Float[Array, " rung"]:
        """Firms on each rung at rest: ``m_e = m_(e-1) up_(e-1) / (up_e + out_e)``."""
        stay = self.up + self.out
        climb = jnp.concatenate([self.births[None], self.up[:-1]]) / stay
        return jnp.cumprod(climb)

    def shares(self) -> Float[Array, " rung"]:
        """Share of firms on each rung at rest."""
        mass = self.masses()
        return mass / jnp.sum(mass)

    def lives(self) -> Float[Array, " rung"]:
        """Expected time until exit: ``T_e = (1 + up_e T_(e+1)) / (up_e + out_e)``."""
        count = self.up.shape[0]
        stay = self.up + self.out
        above = jnp.zeros(())
        found = []
        for rung in reversed(range(count)):
            above = (1.0 + self.up[rung] * above) / stay[rung]
            found.append(above)
        return jnp.stack(found[::-1])

    def change(self, mass: Float[Array, "*batch rung"]) -> Float[Array, "*batch rung"]:
        """Firms gained by each rung in a unit of time."""
        moved = self.up * mass
        first = jnp.broadcast_to(self.births, moved[..., :1].shape)
        arriving = jnp.concatenate([first, moved[..., :-1]], axis=-1)
        return arriving - (self.up + self.out) * mass


def ladder(up: Any, out: Any, births: Any = 1.0) -> Ladder:
    """The ladder with these rates.

    Args:
        up: rate at which firms of each rung but the highest climb ``[rungs - 1]``, 1 / time.
        out: rate at which they leave for good ``[rungs]``, 1 / time; positive.
        births: firms that enter at the lowest rung in a unit of time.

    Raises :class:`neg.core.errors.InvalidShapeError` unless ``up`` is one shorter than ``out``,
    :class:`neg.core.errors.InvalidParameterError` for a negative rate. Tiers of a chain whose
    exit risk falls with the tier (``tier_ladder``):

    >>> tiers = ladder([0.25, 0.12, 0.06], [0.2, 0.12, 0.07, 0.03])
    >>> [round(float(life), 3) for life in tiers.lives()]
    [10.947, 15.705, 23.077, 33.333]
    """
    up, out = jnp.asarray(up, dtype=float), jnp.asarray(out, dtype=float)
    if out.ndim != 1 or up.shape != (out.shape[0] - 1,):
        raise InvalidShapeError(
            f"up has shape {up.shape}; must be one shorter than out, ({out.size - 1},)"
        )
    check_range("up", up, 0.0)
    check_range("out", out, 0.0, low_open=True)
    check_range("births", births, 0.0)
    return Ladder(jnp.append(up, 0.0), out, jnp.asarray(births, dtype=float))
