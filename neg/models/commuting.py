"""Commuting: people choose where to live and where to work; goods trade between both."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from neg.core.checks import check_labels, check_shape, is_concrete
from neg.core.errors import InvalidDataError
from neg.core.logs import EMPTY_LOG, log_mass
from neg.core.parameters import altered
from neg.economy.general.fill import spread
from neg.economy.ledger import Ledger, at_home, to_origins
from neg.economy.model import Groups, Model, Prices, parameter

_PAIR = ("residence", "workplace")
_NOBODY = math.log(1e-300)
"""Log share of the people in a place without jobs in reach that is said to be used: nobody, with
equations that stay regular."""


class Commuting(Model):
    """Monte, Redding and Rossi-Hansberg's regions, with residents ``x_n`` and workplaces i.

    With bilateral amenities ``B_ni`` and costs ``kappa_ni`` of commuting from n to i, icebergs
    ``tau_ni`` of goods from n to i, productivity ``A``, land ``H`` and ``N`` people,

        lambda_ni = B_ni (w_i / kappa_ni)^epsilon / sum_l B_nl (w_l / kappa_nl)^epsilon
        L_i = sum_n lambda_ni x_n,   v_n = sum_i lambda_ni w_i          workers, income per head
        P_n^(1-sigma) = sum_i L_i (w_i tau_in / A_i)^(1-sigma)          price index of goods
        w_i L_i = sum_n trade share_in v_n x_n                          goods market
        r_n H_n = (1 - alpha) v_n x_n                                   land, owned by locals who
                                                                        spend on goods at home
        V_n = 1/epsilon log sum_i B_ni (w_i / kappa_ni)^epsilon - alpha log P_n
              - (1 - alpha) log r_n - 1/epsilon log (x_n / N)

    Equal payoffs are the Frechet choice of residence: shares in proportion to the first three
    terms to the power epsilon; their common value is log expected utility, but for a constant.
    The average wage is the numeraire (``mean_wage``, which is the unit of money); its log is taken
    from every goods market, where it is zero by Walras' law. A place from which no job is in reach
    (a row of amenities that is zero) has no residents.

    ``residents`` say how many people there are and where solvers start; without them there is one
    unit of people, spread evenly. :func:`neg.analysis.calibrate_commuting` builds the economy from
    observed commuters and wages.

    Leaves out: congestion on the way, and land used by firms.

    Source: Monte, Redding and Rossi-Hansberg (2018), American Economic Review 108(12), eqs. 5-14.

    >>> from neg import short_run
    >>> far = jnp.array([[1.0, 1.5], [1.5, 1.0]])
    >>> alike = {"amenity": jnp.ones((2, 2)), "productivity": [1.0, 1.0], "land": [1.0, 1.0]}
    >>> model = Commuting(iceberg=far, commuting_cost=far, names=("A", "B"), **alike)
    >>> found = short_run(model, [0.5, 0.5])
    >>> found.outcomes["workers"].round(6).tolist()
    [0.5, 0.5]
    """

    source: ClassVar[str] = "Monte, Redding and Rossi-Hansberg 2018"
    accepts: ClassVar[frozenset[str]] = frozenset({"barrier"})

    names: tuple[str, ...] = eqx.field(static=True, converter=lambda v: tuple(map(str, v)))
    iceberg: Float[Array, "origin destination"] = parameter(
        meaning="iceberg cost of goods", low=1.0, axes=("origin", "destination"), cost=True
    )
    commuting_cost: Float[Array, "residence workplace"] = parameter(
        meaning="cost of commuting, a factor on the wage's worth",
        low=0.0,
        low_open=True,
        axes=_PAIR,
        cost=True,
    )
    amenity: Float[Array, "residence workplace"] = parameter(
        meaning="amenity of living and working there; zero where nobody commutes",
        low=0.0,
        axes=_PAIR,
    )
    productivity: Float[Array, " place"] = parameter(
        meaning="productivity of firms", low=0.0, low_open=True, axes=("place",)
    )
    land: Float[Array, " place"] = parameter(
        meaning="land for housing", low=0.0, low_open=True, axes=("place",)
    )
    residents: Float[Array, " place"] | None = parameter(
        None,
        "people by residence at the start; their sum lives somewhere",
        low=0.0,
        axes=("place",),
        unit="people",
    )
    sigma: Float[Array, ""] = parameter(
        4.0, "elasticity of substitution between varieties", low=1.0, low_open=True
    )
    alpha: Float[Array, ""] = parameter(
        0.6, "expenditure share of goods", low=0.0, high=1.0, low_open=True, high_open=True
    )
    epsilon: Float[Array, ""] = parameter(
        3.3, "elasticity of commuting (shape of tastes)", low=0.0, low_open=True
    )
    mean_wage: Float[Array, ""] = parameter(
        1.0, "average wage: the unit of money", low=0.0, low_open=True, unit="money"
    )

    def __check_init__(self) -> None:
        check_labels("names", self.names)
        n = len(self.names)
        for name, spec in self.parameters().items():
            given = getattr(self, name)
            if given is not None and spec.axes:
                check_shape(name, given, (n,) * len(spec.axes))
        if self.residents is not None and is_concrete((self.residents, self._ease)):
            stuck = (self.residents > 0) & ~self.lived_in
            if bool(jnp.any(stuck)):
                place = self.names[int(jnp.argmax(stuck))]
                raise InvalidDataError(
                    f"residents of {place!r} are {float(self.residents[jnp.argmax(stuck)]):g} and "
                    "no job is in their reach; must be zero where the row of amenities is"
                )
            if not bool(jnp.any(self.residents > 0)):
                raise InvalidDataError("residents are zero everywhere; must be positive somewhere")

    # Names and starts -------------------------------------------------------------------------

    @property
    def groups(self) -> Groups:
        """One group of people over all residences."""
        mass = 1.0 if self.residents is None else jnp.sum(self.residents)
        return Groups.single(len(self.names), mass)

    @property
    def cell_labels(self) -> tuple[str, ...]:
        """The names of the places."""
        return self.names

    @property
    def place_names(self) -> tuple[str, ...]:
        """The names of the places."""
        return self.names

    def axes_of(self, name: str, shape: tuple[int, ...]) -> tuple[str, ...] | None:
        """Matrices are of residences and workplaces, vectors of places."""
        n = len(self.names)
        return {(n,): ("place",), (n, n): _PAIR}.get(shape)

    @property
    def says(self) -> frozenset[str]:
        """Housing and commuting."""
        return frozenset({"land", "commuting"})

    @property
    def held_fixed(self) -> str:
        """What a counterfactual holds fixed."""
        return (
            "productivity, land, amenities, costs of commuting and of trade but those edited; "
            "rents stay local; numeraire: average wage"
        )

    @property
    def lived_in(self) -> Bool[Array, " place"]:
        """Places from which some job is in reach; nobody lives elsewhere."""
        return jnp.sum(self._ease, axis=1) > 0

    def initial_distribution(self) -> Float[Array, " place"]:
        """Residents at the start, or people spread evenly over places with jobs in reach."""
        if self.residents is not None:
            return self.residents
        lived_in = self.lived_in.astype(float)
        return lived_in / jnp.sum(lived_in)

    def value(self, name: str) -> Array:
        """Value of a parameter; residents as they are at the start where they are not given."""
        missing = name == "residents" and self.residents is None
        return self.initial_distribution() if missing else super().value(name)

    def with_(self, **values: Any) -> Self:
        """The same with parameters replaced: numbers for every entry, labels read."""
        labels = self.labels
        for name, spec in self.parameters().items():
            if spec.axes and values.get(name) is not None:
                axes = {axis: labels[axis] for axis in spec.axes}
                shape = tuple(len(entries) for entries in axes.values())
                values[name] = spread(name, values[name], axes, shape)
        return super().with_(**values)

    def bend(self, effects: dict[str, Array]) -> Self:
        """The model with trade in goods made dearer by layers."""
        barrier = effects.get("barrier")
        if barrier is None:
            return self
        barrier = barrier[..., 0] if barrier.ndim == 3 else barrier  # there is one sector
        return altered(self, iceberg=self.iceberg * jnp.exp(barrier))

    # Equations --------------------------------------------------------------------------------

    def initial_prices(self, x: Float[Array, " place"]) -> Prices:
        """Log wages: all the average one."""
        return {"wage": jnp.zeros_like(x) + jnp.log(self.mean_wage)}

    @property
    def _ease(self) -> Float[Array, "residence workplace"]:
        some = self.amenity > 0
        cost = jnp.exp(-self.epsilon * jnp.log(self.commuting_cost))
        return jnp.where(some, self.amenity, 0.0) * cost

    def workers(self, prices: Prices, x: Float[Array, " place"]) -> tuple[Array, Array, Array]:
        """Workers by workplace, income per resident, and log value of access to jobs.

        Where no job is in reach income is zero and access counts as one.
        """
        ease, pull = self._ease, jnp.exp(self.epsilon * prices["wage"])
        access = jnp.where(self.lived_in, ease @ pull, 1.0)
        employed = pull * ((x / access) @ ease)
        income = (ease @ (pull * jnp.exp(prices["wage"]))) / access
        return employed, income, jnp.log(access) / self.epsilon

    def _commuters(self, prices: Prices, x: Array) -> Float[Array, "residence workplace"]:
        flow = self._ease * jnp.exp(self.epsilon * prices["wage"])[None, :]
        living = jnp.where(self.lived_in, x, 0.0)
        total = jnp.where(self.lived_in, jnp.sum(flow, axis=1), 1.0)
        return (living / total)[:, None] * flow

    def _goods(self, prices: Prices, x: Float[Array, " place"]) -> tuple[Array, Array, Array]:
        theta = self.sigma - 1.0
        freeness = jnp.exp(-theta * jnp.log(self.iceberg))
        employed, income, _ = self.workers(prices, x)
        cost = jnp.exp(-theta * (prices["wage"] - jnp.log(self.productivity)))
        reach = (employed * cost) @ freeness
        access = freeness @ (x * income / reach)
        return jnp.log(reach), jnp.log(cost * access), employed

    def market_residual(self, prices: Prices, x: Float[Array, " place"]) -> Prices:
        """Log excess of sales per worker over the wage, in the numeraire."""
        _, sales, employed = self._goods(prices, x)
        average = jnp.sum(employed * jnp.exp(prices["wage"])) / jnp.sum(employed)
        return {"wage": sales - prices["wage"] - jnp.log(average / self.mean_wage)}

    def relaxation(
        self,
        gap: Float[Array, " place"] | None,
        residual: Prices,
        x: Float[Array, " place"],
        **hints: Any,
    ) -> tuple[Array, Prices]:
        """Newton's step of each place on its own, as if others stood still."""
        moved = jnp.zeros_like(x) if gap is None else gap
        wage = residual["wage"] / self.sigma
        return moved / (1.0 - self.alpha + 1.0 / self.epsilon), {"wage": wage}

    def log_rent(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log rent of land."""
        _, income, _ = self.workers(prices, x)
        return log_mass((1.0 - self.alpha) * income / self.land) + log_mass(x)

    def payoff(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log utility of the marginal resident: access to jobs, prices, rent and taste."""
        log_reach, _, _ = self._goods(prices, x)
        _, _, jobs = self.workers(prices, x)
        goods = self.alpha * log_reach / (self.sigma - 1.0)
        rent = (1.0 - self.alpha) * self.log_rent(prices, x)
        value = jobs + goods - rent - log_mass(self._share(x)) / self.epsilon
        return jnp.where(self.lived_in, value, self._nowhere(value, x))

    def _share(self, x: Float[Array, " place"]) -> Float[Array, " place"]:
        return x / self.groups.mass[0]

    def _nowhere(self, value: Array, x: Array) -> Float[Array, " place"]:
        """Payoff where no job is in reach: below all others; if used, that of a share of nobody."""
        people = jnp.where(self.lived_in, x, 0.0)
        all_people = jnp.sum(people)
        usual = jnp.sum(jnp.where(people > 0, people * jnp.where(people > 0, value, 0.0), 0.0))
        usual = usual / jnp.where(all_people > 0, all_people, 1.0)
        crowd = (_NOBODY - log_mass(self._share(x))) / self.epsilon
        return jnp.where(x > 0, usual + crowd, EMPTY_LOG)

    def ledger(self, prices: Prices, x: Float[Array, " place"]) -> Ledger:
        """Wages to where workers live, rents to owners beside them, who buy goods as they do."""
        theta, wage = self.sigma - 1.0, jnp.exp(prices["wage"])
        employed, income, _ = self.workers(prices, x)
        supply = employed * (wage / self.productivity) ** -theta
        reach = supply[:, None] * jnp.exp(-theta * jnp.log(self.iceberg))
        earned = x * income
        rent = (1.0 - self.alpha) * earned
        return {
            ("firms", "people", "wages"): (self._commuters(prices, x) * wage).T,
            ("people", "landowners", "rent of housing"): at_home(rent),
            ("people", "firms", "consumption"): to_origins(earned - rent, reach),
            ("landowners", "firms", "consumption"): to_origins(rent, reach),
        }

    def outcomes(self, prices: Prices, x: Float[Array, " place"]) -> dict[str, Array]:
        """Wage, workers, residents, income per resident, price index, rent, commuters, payoff."""
        log_reach, _, employed = self._goods(prices, x)
        _, income, _ = self.workers(prices, x)
        return {
            "wage": jnp.exp(prices["wage"]),
            "workers": employed,
            "residents": jnp.where(self.lived_in, x, 0.0),
            "residential_income": income,
            "price_index": jnp.exp(-log_reach / (self.sigma - 1.0)),
            "rent": jnp.exp(self.log_rent(prices, x)),
            "commuting": self._commuters(prices, x),
            "payoff": self.payoff(prices, x),
        }
