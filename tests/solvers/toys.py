"""Tiny economies with known branches: two or three cells, no prices, one parameter ``rate``.

With two cells and ``s = x_0 - x_1`` a toy is its payoff difference, a polynomial in ``s`` and
``rate``: equilibria are its zeros, stable where it falls in ``s``.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp

from neg.economy.model import Groups, Model, parameter


class Toy(Model):
    """Payoff difference ``terms @ (1, s, s^2, s^3, rate, rate s, rate^2) - shift``."""

    terms: Any = eqx.field(default=(0.0,) * 7, converter=lambda v: jnp.asarray(v, dtype=float))
    rate: Any = parameter(0.5, "what moves")
    shift: Any = parameter(0.0, "what else moves")

    @property
    def groups(self):
        return Groups.single(2)

    def initial_prices(self, x):
        return {}

    def market_residual(self, prices, x):
        return {}

    def gain(self, s):
        rate = self.rate
        powers = jnp.stack([jnp.ones_like(s), s, s**2, s**3, rate, rate * s, rate**2])
        return self.terms @ powers - self.shift

    def payoff(self, prices, x):
        half = 0.5 * self.gain(x[0] - x[1])
        return jnp.stack([half, -half])


class Cliff(Toy):
    """s = sqrt(1/2 - rate), and nothing beyond."""

    def gain(self, s):
        return jnp.sqrt(0.5 - self.rate) - s


class Three(Toy):
    """Three alike cells: (a, a, b) with rate = a^2 + a b + b^2; breaks at rate = 1/3, twice."""

    @property
    def groups(self):
        return Groups.single(3)

    def payoff(self, prices, x):
        return self.rate * x - x**3


def pitchfork(**values):
    """s = 0 and s = +-sqrt(rate), the outer branches stable."""
    return Toy((0, 0, 0, -1, 0, 1, 0), **values)


def subcritical(**values):
    """s = 0 and s = +-sqrt(-rate), the outer branches unstable."""
    return Toy((0, 0, 0, 1, 0, 1, 0), **values)


def fold(**values):
    """s = 0.1 +- sqrt(rate - shift)."""
    return Toy((-0.01, 0.2, -1, 0, 1, 0, 0), **values)


def transcritical(**values):
    """s = 0.2 and s = 0.2 + rate."""
    return Toy((-0.04, 0.4, -1, 0, -0.2, 1, 0), **values)


def circle(**values):
    """s^2 + rate^2 = 1/4: a closed loop."""
    return Toy((0.25, 0, -1, 0, 0, 0, -1), **values)


def pair(s):
    """The distribution over two cells that differ by ``s``."""
    return [(1 + s) / 2, (1 - s) / 2]
