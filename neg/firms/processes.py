"""Three ways in: by stages, by contacts, or born global; each with its distribution at rest."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.errors import InvalidParameterError
from neg.core.parameters import Parametric, option, parameter
from neg.firms.ladder import Ladder


class Stages(Parametric):
    """Firms enter one market after the other, and each makes the next cheaper.

        f_e = f0 exp(-learning e),     success_e = min(1, (f_e / profit)^-shape)

    with ``attempts`` tries in a unit of time and exit at rate ``exit``: a ladder over the number
    of markets served, 0 to ``markets``.

    >>> round(float(Stages().mean()), 9)
    2.072741357

    Source: Johanson and Vahlne (1977), Journal of International Business Studies 8(1). Leaves
    out: which market comes first; forgetting.
    """

    f0: Float[Array, ""] = parameter(2.0, "cost of the first market", low=0.0, low_open=True)
    learning: Float[Array, ""] = parameter(0.3, "share by which a market served cuts it", low=0.0)
    profit: Float[Array, ""] = parameter(
        1.0, "profit of a market per unit of size", low=0.0, low_open=True
    )
    attempts: Float[Array, ""] = parameter(0.5, "tries in a unit of time", low=0.0, unit="1 / time")
    exit: Float[Array, ""] = parameter(
        0.1, "exit rate of firms", low=0.0, low_open=True, unit="1 / time"
    )
    shape: Float[Array, ""] = parameter(
        1.5, "shape of the Pareto distribution of size", low=0.0, low_open=True
    )
    markets: str = option("5", "number of markets", tuple(str(n) for n in range(1, 41)))

    def costs(self) -> Float[Array, " stage"]:
        """Cost of the next market after 0, 1, ... of them."""
        return self.f0 * jnp.exp(-self.learning * jnp.arange(int(self.markets)))

    def success(self) -> Float[Array, " stage"]:
        """Share of tries that pay."""
        return jnp.minimum(1.0, (self.costs() / self.profit) ** -self.shape)

    def ladder(self) -> Ladder:
        """The ladder of firms by number of markets, one firm in all."""
        count = int(self.markets)
        up = jnp.append(self.attempts * self.success(), 0.0)
        return Ladder(up, jnp.full(count + 1, 1.0) * self.exit, self.exit)

    def shares(self) -> Float[Array, " markets"]:
        """Share of firms that serve 0, 1, ... markets."""
        return self.ladder().shares()

    def mean(self) -> Float[Array, ""]:
        """Markets that the average firm serves."""
        return jnp.sum(self.shares() * jnp.arange(int(self.markets) + 1))


class Contacts(Parametric):
    """Firms find partners at random and through the partners that they have.

        k rises by one at rate  direct + through k,   exit at rate ``exit`` > through
        p_k = p_(k-1) (direct + through (k-1)) / (direct + through k + exit)
        mean = direct / (exit - through),   at age T: (direct / through) (exp(through T) - 1)

    The tail is Pareto with exponent ``exit / through``. Raises
    :class:`neg.core.errors.InvalidParameterError` where ``exit`` does not exceed ``through``.

    >>> round(float(Contacts().mean()), 9)
    5.0

    Source: Chaney (2014), American Economic Review 104(11); Johanson and Mattsson (1988).
    Leaves out: distance between partners.
    """

    direct: Float[Array, ""] = parameter(
        0.2, "contacts found at random: fairs, matching", low=0.0, unit="1 / time"
    )
    through: Float[Array, ""] = parameter(
        0.06, "contacts found by each contact: trust, information", low=0.0, unit="1 / time"
    )
    exit: Float[Array, ""] = parameter(
        0.1, "exit rate of firms", low=0.0, low_open=True, unit="1 / time"
    )

    def __check_init__(self) -> None:
        through, leave = self.through, self.exit
        if not isinstance(through - leave, jax.core.Tracer) and bool(jnp.any(through >= leave)):
            raise InvalidParameterError(
                f"through = {float(through):g} is not allowed; must be below exit = "
                f"{float(leave):g}, or the mean number of contacts has no bound"
            )

    def mean(self) -> Float[Array, ""]:
        """Contacts of the average firm at rest."""
        return self.direct / (self.exit - self.through)

    def at_age(self, age: Any) -> Array:
        """Contacts of the average firm of an age."""
        some = self.through > 0
        safe = jnp.where(some, self.through, 1.0)
        grown = jnp.where(some, jnp.expm1(safe * age) / safe, age)
        return self.direct * grown

    def shares(self, most: int) -> Float[Array, " contacts"]:
        """Share of firms with 0, 1, ... ``most`` contacts."""
        k = jnp.arange(most + 1.0)
        found = self.direct + self.through * k
        stay = found + self.exit
        climb = jnp.concatenate([(self.exit / stay[0])[None], found[:-1] / stay[1:]])
        return jnp.exp(jnp.cumsum(jnp.log(climb)))

    @property
    def tail(self) -> Float[Array, ""]:
        """Exponent of the Pareto tail."""
        return self.exit / self.through


class BornGlobal(Parametric):
    """Firms enter all markets at birth, or none: where talent and size outweigh the cost.

        profit x y >= markets f0,     x ~ Pareto(shape), y ~ Pareto(talent)
        share = (talent c^-shape - shape c^-talent) / (talent - shape),  c = markets f0 / profit > 1

    >>> round(float(BornGlobal().share()), 9)
    0.074313525

    Source: Oviatt and McDougall (1994), Journal of International Business Studies 25(1). Leaves
    out: entry into some markets.
    """

    f0: Float[Array, ""] = parameter(2.0, "cost of one market", low=0.0, low_open=True)
    profit: Float[Array, ""] = parameter(
        1.0, "profit of a market per unit of size", low=0.0, low_open=True
    )
    shape: Float[Array, ""] = parameter(1.5, "shape of size", low=0.0, low_open=True)
    talent: Float[Array, ""] = parameter(2.5, "shape of talent", low=0.0, low_open=True)
    exit: Float[Array, ""] = parameter(
        0.1, "exit rate of firms", low=0.0, low_open=True, unit="1 / time"
    )
    markets: Float[Array, ""] = parameter(5.0, "number of markets", low=0.0, low_open=True)

    def share(self) -> Float[Array, ""]:
        """Share of firms that are global from birth."""
        log_c = jnp.maximum(jnp.log(self.markets * self.f0 / self.profit), 0.0)
        gap = self.talent - self.shape
        # (1 - exp(-gap log c)) / gap, whose limit at equal shapes is log c.
        near = jnp.abs(gap) * log_c < 1e-6
        safe = jnp.where(near, 1.0, gap)
        mixed = jnp.where(near, log_c - 0.5 * gap * log_c**2, -jnp.expm1(-safe * log_c) / safe)
        return jnp.exp(-self.shape * log_c) * (1.0 + self.shape * mixed)
