"""Who uses a preference: firms compare duties saved with what compliance costs them."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.agreements.compliance import Compliance, LogNormalCost, Masses
from neg.core.checks import check_range
from neg.core.numbers import as_float

MOST_OVERLAPPING = 4
"""Agreements that one pair of places may have at a time."""


class Use(NamedTuple):
    """How the sales of a pair and sector enter, what their buyers pay, and what is burnt.

    Shares by agreement have it as their last axis. ``factor`` is what is burnt on the way: times
    ``1 + effective_tariff`` it is ``kernel ** (-1 / theta)``, what buyers pay over the gate.
    """

    kernel: Float[Array, "*shape"]  # k, demand over that without any duty
    firms: Float[Array, "*shape agreement"]  # share of firms that use each agreement
    value: Float[Array, "*shape agreement"]  # share of spending
    effective_tariff: Float[Array, "*shape"]  # duty over value before duty
    factor: Float[Array, "*shape"]  # iceberg factor of compliance and of substitution among firms
    burnt: Float[Array, "*shape agreement"]  # compliance over spending


def preference_use(
    mfn: Any,
    rate: Any,
    *,
    theta: Any,
    compliance: Compliance | None = None,
    cost: Any = 0.03,
    origin: Any = 1.0,
    coverage: Any = 1.0,
) -> Use:
    """Use of one preference by firms whose compliance costs differ.

        k = o (1+t_P)^-theta J + (1 - o F(mu)) (1+t_M)^-theta,   J = int_0^mu (1+c)^-theta dF
        mu = (1+t_M) / (1+t_P) - 1                                            margin

    A share ``coverage`` of the lines of a sector is in the agreement: kernels average over lines.

    Args:
        mfn, rate: duty without and with the preference, ad valorem; any shapes that broadcast.
        theta: trade elasticity; on a link of a chain the elasticity of demand there.
        compliance: distribution of costs over firms; default log-normal.
        cost: cost of the agreement in that distribution (median or highest), share of value.
        origin: share of firms whose good originates.
        coverage: share of lines in the agreement.

    >>> round(float(preference_use(0.1, 0.0, theta=4.0).firms[0]), 9)
    0.933833592
    """
    check_range("mfn", mfn, -1.0, low_open=True)
    check_range("rate", rate, -1.0, low_open=True)
    check_range("theta", theta, 0.0, low_open=True)
    check_range("cost", cost, 0.0)
    check_range("origin", origin, 0.0, 1.0)
    check_range("coverage", coverage, 0.0, 1.0)
    one = [as_float(v)[..., None] for v in (rate, cost, origin, coverage)]
    return overlapping_use(as_float(mfn), *one, theta=as_float(theta), compliance=compliance)


def overlapping_use(
    mfn: Any,
    rates: Any,
    costs: Any,
    origin: Any = 1.0,
    coverage: Any = 1.0,
    *,
    theta: Any,
    compliance: Compliance | None = None,
    nu: Any = 0.0,
) -> Use:
    """Use of several preferences: each firm takes the cheapest that it may, MFN included.

        price factor of g:  (1 + t_g) (1 + c_g z (1 + nu (n - 1)))            lower envelope in z

    A firm draws ``z`` once; agreements of the pair differ in rate and cost. ``n`` counts those
    with a margin on the line; managing many costs ``nu`` for each beyond the first. A firm whose
    good originates under one rule does so under every laxer one, and a line that is in the
    narrowest agreement is in the wider ones (assumptions on what is joint).

    Args:
        mfn: duty without preference, ``[...]``.
        rates, costs, origin, coverage: by agreement, ``[..., agreement]``.
        theta: trade elasticity, ``[...]``.
        compliance: distribution of ``z``; default log-normal.
        nu: cost of managing each further agreement, a share of the cost.

    >>> use = overlapping_use(0.1, [0.0, 0.03], [0.03, 0.012], theta=4.0)
    >>> [round(float(share), 4) for share in use.firms]
    [0.7466, 0.2383]
    """
    compliance = LogNormalCost() if compliance is None else compliance
    rates, costs = as_float(rates), as_float(costs)
    count = max(array.shape[-1] for array in (rates, costs))
    mfn, theta = as_float(mfn), as_float(theta)
    origin, coverage = as_float(origin), as_float(coverage)
    each = [rates, costs, jnp.atleast_1d(origin), jnp.atleast_1d(coverage)]
    shape = jnp.broadcast_shapes(mfn.shape, theta.shape, *(array.shape[:-1] for array in each))
    mfn, theta = jnp.broadcast_to(mfn, shape), jnp.broadcast_to(theta, shape)
    rates, costs, origin, coverage = (jnp.broadcast_to(a, (*shape, count)) for a in each)
    margin = (rates < mfn[..., None]) & (coverage > 0)
    many = jnp.maximum(jnp.sum(margin, axis=-1), 1) - 1
    costs = costs * (1.0 + nu * many[..., None])

    plain = jnp.exp(-theta * jnp.log1p(mfn))
    kernel, rest = plain, jnp.zeros(shape)
    shares, sales, burnt = (jnp.zeros((*shape, count)) for _ in range(3))
    for chosen in subsets(count):
        weight = usable(origin, coverage, chosen)
        for g, held in zip(
            chosen, held_by(mfn, rates, costs, chosen, theta, compliance), strict=True
        ):
            free = jnp.exp(-theta * jnp.log1p(rates[..., g]))
            gain = free * held.kernel
            shares = shares.at[..., g].add(weight * held.firms)
            sales = sales.at[..., g].add(weight * gain)
            burnt = burnt.at[..., g].add(weight * free * held.burnt / (1.0 + rates[..., g]))
            kernel = kernel + weight * (gain - plain * held.value)
            rest = rest + weight * held.value
    value = sales / kernel[..., None]
    duty = jnp.sum(value * rates / (1.0 + rates), axis=-1)
    duty = duty + (1.0 - rest) * plain / kernel * mfn / (1.0 + mfn)
    # Where nobody uses anything, the duty is MFN exactly, not to rounding.
    effective = jnp.where(rest > 0, duty / (1.0 - duty), mfn)
    paid = jnp.where(rest > 0, jnp.exp(-jnp.log(kernel) / theta), 1.0 + mfn)
    return Use(
        kernel, shares, value, effective, paid / (1.0 + effective), burnt / kernel[..., None]
    )


def subsets(count: int) -> list[tuple[int, ...]]:
    """Every set of agreements that a firm may be able to use, without the empty one."""
    return [
        chosen
        for size in range(1, count + 1)
        for chosen in itertools.combinations(range(count), size)
    ]


def usable(origin: Array, coverage: Array, chosen: tuple[int, ...]) -> Array:
    """Share of lines and firms that may use exactly these agreements.

    Both shares are nested over agreements: exactly ``S`` holds on ``min over S - max over the
    others``, where that is positive.
    """
    count = origin.shape[-1]
    others = [g for g in range(count) if g not in chosen]
    total = jnp.zeros(origin.shape[:-1])
    for size in range(len(others) + 1):
        for more in itertools.combinations(others, size):
            lines = _exactly(coverage, (*chosen, *more), [g for g in others if g not in more])
            total = total + lines * _exactly(origin, chosen, list(more))
    return total


def _exactly(share: Array, inside: tuple[int, ...], outside: list[int]) -> Array:
    least = jnp.min(share[..., np.asarray(inside)], axis=-1)
    if not outside:
        return least
    return jnp.maximum(least - jnp.max(share[..., np.asarray(outside)], axis=-1), 0.0)


def intervals(
    mfn: Array, rates: Array, costs: Array, chosen: tuple[int, ...]
) -> list[tuple[Array, Array]]:
    """Draws ``z`` at which each of the chosen agreements is the cheapest: from, to.

    Lines ``(1 + t_g) (1 + c_g z)``, of which MFN is the flat one; of equals the first is taken.
    An interval is empty where it ends before it begins.
    """
    lines = [(1.0 + mfn, jnp.zeros_like(mfn))]
    lines += [(1.0 + rates[..., g], (1.0 + rates[..., g]) * costs[..., g]) for g in chosen]
    found = []
    for g, (level, slope) in enumerate(lines[1:], start=1):
        low, high = jnp.zeros_like(mfn), jnp.full(mfn.shape, jnp.inf)
        for h, (other, steep) in enumerate(lines):
            if h == g:
                continue
            ahead, rise = other - level, slope - steep
            apart = rise != 0
            cross = ahead / jnp.where(apart, rise, 1.0)
            high = jnp.where(rise > 0, jnp.minimum(high, cross), high)
            low = jnp.where(rise < 0, jnp.maximum(low, cross), low)
            behind = (ahead < 0) | ((ahead == 0) & (h < g))
            high = jnp.where(~apart & behind, -1.0, high)
        found.append((low, high))
    return found


def held_by(
    mfn: Array,
    rates: Array,
    costs: Array,
    chosen: tuple[int, ...],
    theta: Array,
    compliance: Compliance,
) -> list[Masses]:
    """What firms that may use exactly the chosen agreements hold, for each of these."""
    found = intervals(mfn, rates, costs, chosen)
    return [
        compliance.between(low, high, costs[..., g], theta)
        for g, (low, high) in zip(chosen, found, strict=True)
    ]


def switch_draws(mfn: float, rates: Any, costs: Any) -> list[float]:
    """Draws, over which the cheapest choice changes, in the units of a cost of one.

    >>> [round(z, 6) for z in switch_draws(0.1, [0.0, 0.03], [1.0, 0.4])]
    [0.05102, 0.169903]
    """
    rates, costs = as_float(rates), as_float(costs)
    every = tuple(range(rates.shape[-1]))
    held = intervals(as_float(mfn), rates, costs, every)
    used = [(float(low), float(high)) for low, high in held if float(low) < float(high)]
    ends = {end for low, high in used for end in (low, high)}
    return sorted(end for end in ends if 0.0 < end < float("inf"))
