"""The general economy: places times sectors, input-output links, scale, tariffs, land, deficits."""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from neg.core.status import Status
from neg.economy import connected
from neg.economy import general_equations as equations
from neg.economy import general_people as people
from neg.economy.general_checks import DEFICIT_RULES, REBATES, RENT_RULES, check_economy
from neg.economy.general_outcomes import outcomes
from neg.economy.model import Alias, Groups, Model, Prices

__all__ = ["DEFICIT_RULES", "REBATES", "RENT_RULES", "GeneralEconomy"]


def _as_float(value: Any) -> Array:
    return jnp.asarray(value, dtype=float)


def _if_given(value: Any) -> Array | None:
    return None if value is None else _as_float(value)


def _put_scale(model: Any, value: Any) -> Any:
    return model.with_(alpha=jnp.where(model.homogeneous_mask, 0.0, value))


class GeneralEconomy(Model):
    """Many places and sectors in one economy, of which the canonical models are corners.

    Shapes: N places, S sectors, U classes of use (one class, or one for each buying industry and
    kind of final demand), F kinds of final demand. Money is in units of the numeraire.

        c_is = w_is^gL r_i^gH prod_k P_iks^g_iks                              unit cost
        Y_is = w_is L_is / gL_is                                              revenue
        S_is = A_is (Y_is / (c_is Q_is))^alpha_s c_is^-theta_s                supply
        P_jsu^-theta_s = sum_i S_is K_ijsu                                    price index
        K_ijsu = D_ijsu (tau_ijs (1 + t_ijs) (1 + e_ijs))^-theta_s            freeness
        X_ijsu = S_is K_ijsu P_jsu^theta_s E_jsu                              spending
        E_jsu = sum g_jsk Y_jk + sum beta_jsf (I_j - stock changes)   over k and f of class u
        Y_is = sum_ju X_ijsu / ((1 + t_ijs) (1 + e_ijs)) + c_is sum_j Z_isj   goods market
        I_j = wages + rents + production, final, import and export taxes + deficit
        r_i H_i = h_i I_i + sum_s gH_is Y_is                                  land
        V_is = log(w_is I_i / wages_i) - sum beta log P - h log r + log B - delta log density

    Blocks that are off unless given:

        labour_is = L_is h_is,   h_is = (w_is / P_i)^psi_i        hours, in place of people in Y, S
        V_is = log(w_is h_is (I_i / wages_i - psi_i / (1 + psi_i))) - ...       utility of both
        V_m = V_is - k_m - nu log(n_gi / m_g) - eta log(x_m / n_gi)      of cell m = (g, i, s)

    with ``P_i`` the consumer index, ``x_m`` people of group g in place i and sector s, ``n_gi``
    those in any sector of the place, ``m_g`` all of the group, and ``k_m`` the cost of moving. The
    last line is the payoff of the marginal person where tastes for places (dispersion ``nu``) and
    then for sectors (``eta``) are drawn from nested Frechet distributions, so that equal payoffs
    are the choice probabilities

        x_m / n_gi ~ exp((V_is - k_m) / eta)
        n_gi / m_g ~ (sum_m exp((V_is - k_m) / eta))^(eta / nu)

    ``alpha = 1``, ``theta = sigma - 1`` is Dixit-Stiglitz with free entry; ``alpha = 0`` is
    Armington or Eaton-Kortum. The revenue condition is divided by the cell's own output, so that
    at ``alpha = 1`` the wage that a first firm could pay in an empty cell is finite and known.
    Without a homogeneous good, the world average wage (or the wage of ``numeraire``, a place) is
    one; it is pinned inside the residual by Walras' law: the log of the numeraire is taken from
    every goods market, which can only hold if it is zero. Transfers (rents, taxes, deficits)
    reach people in proportion to wages, or equally per head of the place (``rebate``:
    ``lump-sum``; ``I_i / wages_i`` then is ``1 + (I_i - wages_i) / (L_i w_is h_is)``). Left out:
    dynamics, profits, unemployment.

    Sources: Krugman (1991); Krugman and Venables (1995); Puga (1999); Caliendo and Parro (2015);
    Kucheryavyy, Lyn and Rodriguez-Clare (2024), "Grounded by Gravity"; Allen and Arkolakis (2014);
    hours: Greenwood, Hercowitz and Huffman (1988), American Economic Review 78(3); tastes and
    moving costs: Tombe and Zhu (2019), American Economic Review 109(5); Redding (2016), Journal of
    International Economics 101.
    """

    aliases: ClassVar[dict[str, Alias]] = {
        "scale": Alias(
            "scale elasticity alpha of every differentiated sector",
            lambda model: jnp.max(model.alpha),
            _put_scale,
            0.0,
            1.0,
        )
    }

    employment: Float[Array, "place sector"] = eqx.field(
        converter=_as_float
    )  # L at the start; where it cannot move
    labour_share: Float[Array, "place sector"] = eqx.field(converter=_as_float)  # gL
    land_share: Float[Array, "place sector"] = eqx.field(converter=_as_float)  # gH
    tax_share: Float[Array, "place sector"] = eqx.field(
        converter=_as_float
    )  # production taxes over output
    input_share: Float[Array, "place input sector"] = eqx.field(converter=_as_float)  # g
    final_share: Float[Array, "place sector kind"] = eqx.field(
        converter=_as_float
    )  # beta, of spendable income
    final_tax: Float[Array, " place"] = eqx.field(converter=_as_float)  # share of spendable income
    housing_share: Float[Array, " place"] = eqx.field(converter=_as_float)  # h
    theta: Float[Array, " sector"] = eqx.field(converter=_as_float)
    alpha: Float[Array, " sector"] = eqx.field(converter=_as_float)
    productivity: Float[Array, "place sector"] = eqx.field(converter=_as_float)  # A
    reference: Float[Array, "place sector"] = eqx.field(converter=_as_float)  # Q
    taste: Float[Array, "origin destination sector use"] = eqx.field(converter=_as_float)  # D
    tau: Float[Array, "origin destination sector"] = eqx.field(converter=_as_float)
    tariff: Float[Array, "origin destination sector"] = eqx.field(converter=_as_float)  # t
    export_tax: Float[Array, "origin destination sector"] = eqx.field(converter=_as_float)  # e
    # Z: quantities taken from (or, negative, returned by) stocks, valued at unit cost.
    stock_change: Float[Array, "place sector destination"] | None = eqx.field(converter=_if_given)
    deficit: Float[Array, " place"] = eqx.field(converter=_as_float)
    land: Float[Array, " place"] = eqx.field(converter=_as_float)  # H
    amenity: Float[Array, " place"] = eqx.field(converter=_as_float)  # B
    amenity_density: Float[Array, ""] = eqx.field(converter=_as_float)  # delta
    productivity_density: Float[Array, ""] = eqx.field(converter=_as_float)
    # Flat (place, sector) index of every cell, its mobility group, and the number of the pair
    # (group, place) to which it belongs.
    cell: Int[Array, " cell"] = eqx.field(converter=jnp.asarray)
    group: Int[Array, " cell"] = eqx.field(converter=jnp.asarray)
    nest: Int[Array, " cell"] = eqx.field(converter=jnp.asarray)
    places: tuple[str, ...] = eqx.field(static=True)
    sectors: tuple[str, ...] = eqx.field(static=True)
    kinds: tuple[str, ...] = eqx.field(static=True)
    group_names: tuple[str, ...] = eqx.field(static=True)
    industry_use: tuple[int, ...] = eqx.field(static=True)
    final_use: tuple[int, ...] = eqx.field(static=True)
    homogeneous: tuple[bool, ...] = eqx.field(static=True)
    deficit_rule: str = eqx.field(static=True, default="fixed")
    rent_rule: str = eqx.field(static=True, default="local")
    # Pool of every place: rents that are not local are shared among the places of one pool.
    rent_pool: tuple[int, ...] = eqx.field(static=True, default=())
    numeraire: str = eqx.field(static=True, default="world")
    rebate: str = eqx.field(static=True, default="proportional")
    # Place that the people of every group come from, -1 where groups have no origin.
    group_origin: tuple[int, ...] = eqx.field(static=True, default=())
    # Place of every cell, known also where the cells themselves are traced.
    cell_place: tuple[int, ...] = eqx.field(static=True, default=())
    # Blocks that are off where nothing is given.
    labour_supply: Float[Array, " place"] | None = eqx.field(converter=_if_given, default=None)
    origin_share: Float[Array, " cell"] | None = eqx.field(converter=_if_given, default=None)
    moving_cost: Float[Array, " cell"] | None = eqx.field(converter=_if_given, default=None)
    place_taste: Float[Array, ""] | None = eqx.field(converter=_if_given, default=None)
    sector_taste: Float[Array, ""] | None = eqx.field(converter=_if_given, default=None)

    # Shapes and groups ----------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, int]:
        """Number of places and sectors."""
        return len(self.places), len(self.sectors)

    @property
    def active(self) -> Bool[Array, "place sector"]:
        """Which cells can produce at all."""
        return self.productivity > 0

    @property
    def homogeneous_mask(self) -> Bool[Array, " sector"]:
        """Which sectors make the freely traded homogeneous good of price one."""
        return jnp.asarray(self.homogeneous)

    @property
    def groups(self) -> Groups:
        """Mobility groups over the active cells; their masses are those of ``employment``."""
        x = self.initial_distribution()
        mass = jnp.zeros(len(self.group_names)).at[self.group].add(x)
        return Groups(self.group, mass)

    @property
    def cell_labels(self) -> tuple[str, ...]:
        """``place:sector`` of every cell, and whose it is where several groups share one."""
        names = [f"{place}:{sector}" for place in self.places for sector in self.sectors]
        labels = tuple(names[i] for i in np.asarray(self.cell))
        if self.origin_share is None:
            return labels
        owners = [self.group_names[g] for g in np.asarray(self.group)]
        return tuple(f"{name} {owner}" for name, owner in zip(labels, owners, strict=True))

    @property
    def cell_places(self) -> np.ndarray:
        """The place that the workers of each cell crowd, whatever their sector and origin."""
        return np.asarray(self.cell_place, dtype=int)

    def initial_distribution(self) -> Float[Array, " cell"]:
        """Observed employment, split by group where several groups share a place and sector."""
        people = self.employment.reshape(-1)[self.cell]
        return people if self.origin_share is None else people * self.origin_share

    def employment_of(self, x: Float[Array, " cell"]) -> Float[Array, "place sector"]:
        """Employment by place and sector of a distribution over cells."""
        places, sectors = self.shape
        return jnp.zeros(places * sectors).at[self.cell].add(x).reshape(places, sectors)

    # The protocol ---------------------------------------------------------------------------

    def initial_prices(self, x: Float[Array, " cell"]) -> Prices:
        """Wages and costs of one; incomes that spending at these adds up to, but for tariffs."""
        earned = jnp.sum(self.employment_of(x) / self.labour_share * _earned(self), axis=1)
        earned = jnp.maximum(earned, 1e-12)
        stock = 0.0 if self.stock_change is None else jnp.sum(self.stock_change, axis=(0, 1))
        kept = 1.0 - self.housing_share - self.final_tax
        # Where deficits are so negative that this leaves little, some income is a better start.
        spendable = jnp.maximum((earned + self.deficit - stock) / kept, 0.1 * earned / kept)
        start = {
            "wage": jnp.zeros(self.shape),
            "cost": jnp.zeros(self.shape),
            "income": jnp.log(jnp.maximum(spendable + stock, 0.1 * earned)),
        }
        if self.labour_supply is not None:
            start["index"] = jnp.zeros(len(self.places))
        return start

    def market_residual(self, prices: Prices, x: Float[Array, " cell"]) -> Prices:
        """Unit cost, goods market and income conditions, each a log ratio."""
        return equations.residual(self, self.flows(prices, x), prices)

    def relaxation(
        self, gap: Float[Array, " cell"] | None, residual: Prices, x: Float[Array, " cell"]
    ) -> tuple[Float[Array, " cell"], Prices]:
        """Changes of log distribution and log prices by one damped iteration."""
        return people.relaxation(self, gap, residual, x)

    def payoff(self, prices: Prices, x: Float[Array, " cell"]) -> Float[Array, " cell"]:
        """Log real income in each cell, less the cost of moving there and the marginal taste."""
        return people.payoff(self, self.flows(prices, x), prices, x)

    def evaluate(
        self, prices: Prices, x: Float[Array, " cell"]
    ) -> tuple[Prices, Float[Array, " cell"]]:
        """Market residual and payoff from one evaluation of the flows."""
        flows = self.flows(prices, x)
        return equations.residual(self, flows, prices), people.payoff(self, flows, prices, x)

    def flows(self, prices: Prices, x: Float[Array, " cell"]) -> equations.Flows:
        """Everything that is bought and sold at given log prices and distribution."""
        return equations.flows(self, prices, self.employment_of(x))

    def outcomes(self, prices: Prices, x: Float[Array, " cell"]) -> dict[str, Array]:
        """Outcomes by place, sector and pair; see ``docs/notation.md`` for symbols and units."""
        return outcomes(self, self.flows(prices, x), prices, x)

    # What stands in the way of an equilibrium ------------------------------------------------

    def obstacle(self) -> tuple[Status, str] | None:
        """Blocks that no trade ties together, and deficits that cannot be paid across them."""
        return connected.obstacle(self)

    def eased(self, share: Float[Array, ""]) -> GeneralEconomy:
        """The same economy with deficits a ``share`` of what they are."""
        return eqx.tree_at(lambda e: e.deficit, self, self.deficit * share)

    def impasse(self, prices: Prices, x: Float[Array, " cell"]) -> str:
        """The place whose income transfers bring to nothing, where there is one."""
        return connected.impasse(self, prices, x)

    # Checks ---------------------------------------------------------------------------------

    def __check_init__(self) -> None:
        check_economy(self)


def _earned(model: GeneralEconomy) -> Array:
    """Share of output that becomes income where it is produced."""
    share = model.labour_share + model.land_share + model.tax_share
    return jnp.where(model.active, share, 0.0)
