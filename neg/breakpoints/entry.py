"""Whether the first unit that enters an empty cell gains without bound: then no corner is one."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from neg.bifurcation.symmetry import cleared
from neg.economy.model import Model

_SHARES = (1e-6, 1e-8, 1e-10)
_LEAST = 1e-9
_FALL = 0.9


def unbounded_entry(model: Model, x: np.ndarray, cells: np.ndarray) -> bool:
    """Whether the payoff in one of the empty ``cells`` grows like a log as fewer are there.

    Where payoffs are bounded, what a cell pays to a share of 1e-6 of its group, to 1e-8 and to
    1e-10 differs less and less; where crowding has no limit it rises by as much each time. A cell
    that is taken to be empty only below some floor of its share behaves like the latter.
    """
    mass = np.asarray(model.groups.cell_mass)
    index = np.asarray(model.groups.index)
    for cell in cells:
        paid = []
        for share in _SHARES:
            y = np.where(index == index[cell], (1.0 - share) * x, x)
            y[cell] = share * mass[cell]
            paid.append(float(cleared(model, jnp.asarray(y))[1][cell]))
        first, second = np.diff(paid)
        if first > _LEAST and second > _FALL * first:
            return True
    return False
