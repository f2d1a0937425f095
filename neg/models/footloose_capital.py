"""Footloose capital: capital goes where it earns most, its owners stay; the home-market effect."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.checks import check_range, check_shape
from neg.economy.ledger import Ledger, at_home, to_origins
from neg.economy.model import FREENESS, Alias, Parameter, Prices, SpatialModel, as_float, parameter


def _as_optional(value: object) -> Array | None:
    return None if value is None else as_float(value)


class FootlooseCapital(SpatialModel):
    """Martin and Rogers' model: capital moves, income is spent where its owners live.

    With ``x`` the distribution of capital (sum one), ``s_j`` the share of world spending in place
    j, and labour of mass one, capital ownership being spread like labour,

        D_j = sum_k x_k tau_kj^(1-sigma)                            competition in market j
        pi_i = (mu / sigma) E sum_j tau_ij^(1-sigma) s_j / D_j      reward of capital
        E = 1 / (1 - mu / sigma)                                    world spending
        V_i = log pi_i                                              log reward

    ``share`` is ``s`` of place 0; the others divide the rest in proportion to ``sizes`` (even
    without). Where no share is given it follows ``sizes``, and with neither places are alike.

    Leaves out: any feedback of location on spending, so that there is no circular causality.

    Source: Martin and Rogers (1995), Journal of International Economics 39(3-4); Baldwin and
    others (2003), Economic Geography and Public Policy, ch. 3.

    >>> model = FootlooseCapital(sizes=[3.0, 1.0], phi=0.2)
    >>> float(model.share)
    0.75
    >>> # Capital earns the same everywhere at the home-market share (s - phi (1 - s)) / (1 - phi).
    >>> x = jnp.array([0.75 - 0.2 * 0.25, 0.25 - 0.2 * 0.75]) / 0.8
    >>> bool(abs(jnp.diff(model.payoff({}, x))[0]) < 1e-12)
    True
    """

    name: ClassVar[str] = "footloose-capital"
    source: ClassVar[str] = "Martin and Rogers 1995; Baldwin and others 2003, ch. 3"
    aliases: ClassVar[dict[str, Alias]] = {"phi": FREENESS}

    sigma: Float[Array, ""] = parameter(
        5.0, "elasticity of substitution between varieties", low=1.0, low_open=True
    )
    mu: Float[Array, ""] = parameter(
        0.4, "expenditure share of manufactures", low=0.0, high=1.0, low_open=True, high_open=True
    )
    share: Float[Array, ""] = eqx.field(
        default=None,
        converter=_as_optional,
        metadata={
            "neg": Parameter("", "share of world spending in place 0", 0.5, 0.0, 1.0, True, True)
        },
    )
    sizes: Float[Array, " place"] | None = eqx.field(default=None, converter=_as_optional)
    share_follows: bool = eqx.field(default=False, static=True, kw_only=True, repr=False)
    """Whether no share was given, so that it follows ``sizes`` and the number of places."""

    def __post_init__(self) -> None:
        if self.sizes is not None:
            check_shape("sizes", self.sizes, (self.places,))
            check_range("sizes", self.sizes, 0.0, low_open=True)
        if self.share is None:
            sizes = self._sizes
            self.share = sizes[0] / jnp.sum(sizes)
            self.share_follows = True

    def with_(self, **values: Any) -> Self:
        """As for any model; a share that follows what it was derived from goes on doing so."""
        if "share" in values:
            values["share_follows"] = values["share"] is None
        elif self.share_follows and {"sizes", "geography"} & set(values):
            values["share"] = None
        return super().with_(**values)

    @property
    def _sizes(self) -> Float[Array, " place"]:
        return jnp.ones(self.places) if self.sizes is None else jnp.asarray(self.sizes)

    @property
    def spending(self) -> Float[Array, " place"]:
        """Share of each place in world spending."""
        sizes = self._sizes
        rest = sizes[1:] * (1.0 - self.share) / jnp.sum(sizes[1:])
        return jnp.concatenate([jnp.reshape(self.share, (1,)), rest])

    def initial_prices(self, x: Float[Array, " place"]) -> Prices:
        """No price is left to find."""
        return {}

    def market_residual(self, prices: Prices, x: Float[Array, " place"]) -> Prices:
        """No market is left to clear."""
        return {}

    def competition(self, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Number of firms that reach each market, weighted by freeness."""
        return x @ self.freeness(self.sigma - 1.0)

    def payoff(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log reward of capital."""
        demand = self.freeness(self.sigma - 1.0) @ (self.spending / self.competition(x))
        return jnp.log(self.mu / (self.sigma - self.mu) * demand)

    def ledger(self, prices: Prices, x: Float[Array, " place"]) -> Ledger:
        """Rewards go to the owners of capital, who live where spending is; wages stay."""
        labour, profit = self.spending, x * jnp.exp(self.payoff(prices, x))
        income = labour / (1.0 - self.mu / self.sigma)
        reach = x[:, None] * self.freeness(self.sigma - 1.0)
        farms = labour - (self.sigma - 1.0) * profit
        return {
            ("firms", "people", "wages"): at_home(labour),
            ("firms", "people", "rewards of capital"): profit[:, None] * self.spending,
            ("people", "firms", "consumption"): to_origins(self.mu * income, reach),
            ("people", "exchange", "homogeneous good"): at_home((1.0 - self.mu) * income),
            ("exchange", "firms", "homogeneous good"): at_home(farms),
        }

    def outcomes(self, prices: Prices, x: Float[Array, " place"]) -> dict[str, Array]:
        """Reward, price index, spending, log reward and share of industry of each place."""
        return {
            "wage": jnp.exp(self.payoff(prices, x)),
            "price_index": self.competition(x) ** (1.0 / (1.0 - self.sigma)),
            "income": self.spending / (1.0 - self.mu / self.sigma),
            "industry_share": x,
            "payoff": self.payoff(prices, x),
        }
