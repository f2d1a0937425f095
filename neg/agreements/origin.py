"""Content and origin: what of a good is made in the zone, by the economy's own input shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from neg.agreements.agreement import Agreement
from neg.agreements.pairs import by_pair
from neg.core.checks import is_concrete
from neg.economy.general.bought import Inputs
from neg.solvers.system import stop

_CAP = 20_000
_STILL = 1e-15
_NOBODY = 1e-3
"""Share of firms below which a rule is said to be met by nobody."""


def shape_of(agreement: Agreement, sectors: int) -> tuple[int, ...]:
    """Shape of its contents: by member, by member sold to where only that one's inputs count."""
    size = len(agreement.zone)
    own = (size, size) if agreement.cumulation == "bilateral" else (size,)
    return (*own, sectors)


def content(
    agreement: Agreement, place: Sequence[int], inputs: Inputs, before: Array, origin: Array
) -> Array:
    """Regional value content of what members make, given that of what they use.

        r[i,s] = 1 - sum_mk a[m,k,i,s] (1 - q)
        q = r[i,k] for inputs from home (the chain is traced), 0 from outside what counts,
        o of the maker for inputs of members, or o + (1 - o) r with full cumulation

    ``none`` counts home alone, ``bilateral`` the buyer's inputs too, ``diagonal`` and ``full`` all
    members'. Same shape as ``before``: ``[member, sector]``, or with the buyer in between.

    Args:
        agreement: the rule and its cumulation.
        place: number of each member's place.
        inputs: what is used.
        before: content of what is used.
        origin: share of it that originates.
    """
    here = np.asarray(place)
    size = len(here)
    bought = inputs.bought[:, here]  # [place, member, input, use]
    every = jnp.sum(bought, axis=0)
    among = bought[here]  # [maker, member, input, use]
    used = inputs.used[here][..., None]  # [member, input, sector, 1]
    use = np.asarray(inputs.use)
    home = jnp.eye(size, dtype=bool)[..., None]
    if agreement.cumulation == "bilateral":
        at_home = among[np.arange(size), np.arange(size)]  # [member, input, use]
        sent = jnp.swapaxes(origin, 0, 1)  # [member, maker: the buyer, input], sold to the member
        mine = at_home[:, None] * before[..., None]
        theirs = jnp.swapaxes(among, 0, 1) * jnp.where(home, 0.0, sent)[..., None]
        outside = every[:, None] - mine - theirs  # [member, buyer, input, use]
        foreign = jnp.sum(used[:, None, ..., 0] * outside[..., use], axis=2)
        return jnp.where(home, 1.0, 1.0 - foreign)  # nobody exports to herself: pinned
    counted = jnp.zeros_like(before)
    if agreement.cumulation == "diagonal":
        counted = origin
    elif agreement.cumulation == "full":
        counted = origin + (1.0 - origin) * before
    q = jnp.where(home, before[:, None], counted[:, None])  # [maker, member, input]
    outside = every - jnp.sum(among * q[..., None], axis=0)
    return 1.0 - jnp.sum(used[..., 0] * outside[..., use], axis=1)


def fixed_point(
    agreement: Agreement, place: Sequence[int], inputs: Inputs, *, greatest: bool = True
) -> Array:
    """The greatest fixed point of contents at given input shares, or the least.

    Contents and origin start at one and fall monotonely (or from zero and rise), as more content
    of inputs never lowers that of what is made of them. No derivative.
    """
    agreement, inputs = stop((agreement, inputs))
    shape = shape_of(agreement, inputs.used.shape[2])
    one = jnp.ones(shape)
    state = (one if greatest else jnp.zeros(shape), jnp.asarray(jnp.inf), jnp.asarray(0))
    first = one if greatest else jnp.zeros(shape)

    def step(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        r, _, n = carry
        # The first step takes origin as it stands at the start: all, or none.
        o = jnp.where(n == 0, first, agreement.origin(r))
        new = content(agreement, place, inputs, r, o)
        return new, jnp.max(jnp.abs(new - r)), n + 1

    def goes_on(carry: tuple[Array, Array, Array]) -> Array:
        return (carry[1] > _STILL) & (carry[2] < _CAP)

    found, moved, _ = jax.lax.while_loop(goes_on, step, state)
    return jnp.where(moved <= 1e-12, found, jnp.nan)


def inputs_of_table(table: Any, uses: str = "separate", duty: Any = 0.0) -> Inputs:
    """Input shares of an input-output table: flows of inputs before duty over output.

    Every industry has its own mix of origins, or all uses the one ``common`` to them. A common mix
    is one of what is paid, with the ``duty [origin, destination, sector]`` of the table's year.
    """
    flows = np.asarray(table.intermediate)  # [origin, input, place, industry]
    output = np.where(table.output > 0, table.output, 1.0)
    over = 1.0 + np.broadcast_to(duty, np.shape(table.flows)).transpose(0, 2, 1)[..., None]
    paid = (flows * over).sum(axis=0)
    mixed = flows if uses == "separate" else np.asarray(table.flows).transpose(0, 2, 1)[..., None]
    total = (mixed * over).sum(axis=0)
    share = np.divide(mixed, total, out=np.zeros_like(mixed), where=total > 0)
    used = paid.transpose(1, 0, 2) / output[:, None, :]
    bought = jnp.asarray(share.transpose(0, 2, 1, 3))
    classes = range(flows.shape[3]) if uses == "separate" else (0,) * flows.shape[3]
    return Inputs(bought, jnp.asarray(used), tuple(classes))


def unmet(contents: Mapping[str, tuple[Agreement, Array]]) -> tuple[str, ...]:
    """Rules that no good of a member meets at its agreement's contents, in sentences."""
    if not is_concrete(tuple(contents.values())):
        return ()
    found = []
    for name, (one, r) in contents.items():
        seen = by_pair(one, r)
        if float(np.max(np.asarray(one.origin(seen)), initial=0.0)) < _NOBODY:
            found.append(
                f"no one can meet the rule of origin of agreement {name!r}: it asks for a content "
                f"of {float(np.asarray(one.value('content'))):.3g}, and the highest is "
                f"{float(np.max(np.asarray(seen), initial=0.0)):.3g}"
            )
    return tuple(found)
