"""All equilibria of two places over a whole range of a parameter, certified, in one batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np

from neg.core.compilation import own_settings
from neg.core.errors import InvalidShapeError
from neg.economy.model import Model
from neg.search.certify import Sampler, search_line
from neg.search.faces import dimension, face_of
from neg.solvers.long_run import STABILITY_TOLERANCE


@dataclass(frozen=True)
class Sweep:
    """Equilibria at each of ``values``: rows of ``x`` belong to ``values[owner]``.

    ``growth`` is the growth rate of a small deviation under the replicator dynamics.
    ``undecided`` has rows (position in ``values``, log odds from, to): pieces shorter than the
    resolution that the certificate left open. ``uncleared`` is the share below which markets did
    not clear somewhere (zero if they always did).
    """

    model: Model = field(repr=False)
    parameter: str
    values: np.ndarray
    owner: np.ndarray
    x: np.ndarray
    growth: np.ndarray
    undecided: np.ndarray
    uncleared: float

    @property
    def stable(self) -> np.ndarray:
        """1.0 where deviations die out, 0.0 where they grow, NaN where it cannot be told."""
        told = np.abs(self.growth) > STABILITY_TOLERANCE
        return np.where(told, (self.growth < 0).astype(float), np.nan)

    def at(self, position: int) -> np.ndarray:
        """The equilibria at one of the values, one a row."""
        return self.x[self.owner == position]

    def to_dataset(self) -> Any:
        """Equilibria as a labelled data set over (equilibrium, cell)."""
        import xarray as xr

        row = np.arange(len(self.owner))
        cells = list(self.model.cell_labels)
        return xr.Dataset(
            {
                "x": (("equilibrium", "cell"), self.x, {"units": "1"}),
                "growth": ("equilibrium", self.growth, {"units": "1"}),
                "stable": ("equilibrium", self.stable, {"units": "1"}),
                self.parameter: ("equilibrium", self.values[self.owner], {"units": "1"}),
            },
            coords={"equilibrium": row, "cell": cells},
        )


@own_settings
def sweep(model: Model, parameter: str, values: Any, *, cells: int = 100) -> Sweep:
    """All equilibria of a model of two cells at every value of a parameter or alias.

    The payoff gap is sampled on ``cells`` intervals at every value and refined until each is
    decided (see :mod:`neg.search.certify`); the corners are checked by their payoff gap. Raises
    :class:`neg.core.errors.InvalidShapeError` for a model with more than one degree of freedom.
    """
    everywhere = np.ones(model.groups.cells, dtype=bool)
    if dimension(model, everywhere) != 1:
        raise InvalidShapeError(
            f"model has {dimension(model, everywhere)} degrees of freedom; must have one: "
            "use equilibria"
        )
    values = np.asarray(values, dtype=float)
    model.with_(**{parameter: values.min()}), model.with_(**{parameter: values.max()})  # in range
    face = face_of(model, everywhere)
    line = search_line(model, face, parameter=parameter, values=values, cells=cells)
    sample = Sampler(model, parameter, face, values)
    owner = np.arange(len(values))
    ends = [np.full((len(values), 1), end) for end in (np.inf, -np.inf)]
    first, second = (sample(owner, end)[0][:, 0] for end in ends)
    corner = np.concatenate([owner[first >= 0], owner[second <= 0]])
    u = np.concatenate([np.full((first >= 0).sum(), np.inf), np.full((second <= 0).sum(), -np.inf)])
    growth = np.concatenate([-first[first >= 0], second[second <= 0]])
    owners = np.concatenate([line.owner, corner])
    odds = np.concatenate([line.u, u])
    order = np.lexsort((odds, owners))
    x = _distributions(model, face, odds[order])
    return Sweep(
        model,
        parameter,
        values,
        owners[order],
        x,
        np.concatenate([line.slope, growth])[order],
        line.undecided,
        float(np.exp(-line.uncleared)),
    )


def _distributions(model: Model, face: Any, u: np.ndarray) -> np.ndarray:
    """Distributions at log odds of the one split of the face."""
    with np.errstate(over="ignore"):
        up, down = 1.0 / (1.0 + np.exp(-u)), 1.0 / (1.0 + np.exp(u))
    first, second = np.asarray(face.first[0]), np.asarray(face.second[0])
    still = 1.0 - first - second
    share = up[:, None] * first + down[:, None] * second + still
    return share * np.asarray(jnp.where(face.used, face.mass, 0.0))
