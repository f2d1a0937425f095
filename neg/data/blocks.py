r"""Split a sector of a table into the blocks of a value chain and what stands in no chain.

What sector m of place k buys from sector m of place i, :math:`Z_{ik}`, is parts, or material. A
share ``parts`` of it is what the last block K of the chain buys; with one mix of origins
:math:`\mu_{ik} = Z_{ik} (1 + t_{ik}) / \sum_i Z_{ik} (1 + t_{ik})` at buyers' prices,

.. math::
    (1 - a_K) G^K_k = parts \sum_i Z_{ik} (1 + t_{ik}), \qquad
    T^n_{ik} (1 + t_{ik}) = \mu_{ik} (1 - a_{n+1}) G^{n+1}_k, \qquad G^n_i = \sum_k T^n_{ik}

:math:`G^n` is what leaves block n, :math:`a_n` the share of its own inputs in it, :math:`T^n` the
sales of block n to block n + 1. Block K sells to all but sector m, in the mix of destinations and
uses of its place; the rest of the sector sells the rest, parts that are material included. Sums
over blocks and rest are the table's entries, exactly.

Source: the definition of vertical links by sales within a sector follows Hummels, Ishii and Yi
(2001), Journal of International Economics 54(1); tables by processing regime, Koopman, Wang and
Wei (2012), Journal of Development Economics 99(1), hold what this split assumes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from neg.core.checks import check_labels, check_range, check_shape
from neg.core.errors import InvalidDataError, InvalidParameterError, unknown_name
from neg.data.accounts import Accounts

T = TypeVar("T", bound=Accounts)


def split_chain(
    table: T,
    sector: str,
    blocks: Sequence[str],
    own_share: Any,
    *,
    parts: float,
    value_added: Any = 1.0,
    rest: str = "",
    tariff: Any = None,
) -> T:
    """The table with ``sector`` in K blocks that sell to one another, and the rest of it.

    Args:
        table: a balanced table; merging the new sectors gives it back.
        sector: the one that is split.
        blocks: names of the blocks, in order; two at least.
        own_share: ``[block]`` share of own inputs in what leaves a block; the first is 1.
        parts: share of what the sector buys from itself that the last block buys as parts.
        value_added: ``[block]`` value added in own inputs, over that in the rest of the sector.
        rest: name of the rest, by default ``other SECTOR``.
        tariff: rates on the sector's goods ``[origin, destination]``, or of each block
            ``[origin, destination, block]``, where not the table's own: those of layers that the
            economy will hold.

    Assumed: one share of parts everywhere, one mix of origins of parts and materials, one mix of
    destinations of what the last block and the rest sell, and, apart from value added, one mix of
    other inputs and taxes. Negative sales (stocks used up) are of the rest.

    Raises :class:`neg.core.errors.InvalidDataError` where the table has no room for so many parts,
    with the most for which it has.

    >>> from neg import data
    >>> blocks = ("parts", "assembly")
    >>> table = data.split_chain(data.load_icio(), "manufacturing", blocks, [1.0, 0.5], parts=0.4)
    >>> table.sectors[:4]
    ('food_primary', 'parts', 'assembly', 'other manufacturing')
    """
    blocks, rest = tuple(blocks), rest or f"other {sector}"
    if sector not in table.sectors:
        raise unknown_name("sector to be split", sector, table.sectors)
    if len(blocks) < 2:
        raise InvalidParameterError(f"blocks = {list(blocks)} must be two or more")
    at = table.sectors.index(sector)
    own, level = (
        np.broadcast_to(np.asarray(value, dtype=float), np.shape(value) or (len(blocks),))
        for value in (own_share, value_added)
    )
    for name, value in (("own_share", own), ("value_added", level)):
        check_shape(name, value, (len(blocks),))
    check_range("own_share", own, 0.0, 1.0, low_open=True)
    if own[0] != 1.0 or (own[1:] == 1.0).any():
        raise InvalidParameterError(
            f"own_share = {own.tolist()} is not allowed; must be 1 in the first block, which buys "
            "from none, and less in the others"
        )
    check_range("parts", parts, 0.0, 1.0, low_open=True)
    check_range("value_added", level, 0.0, low_open=True)
    sectors = (*table.sectors[:at], *blocks, rest, *table.sectors[at + 1 :])
    check_labels("sectors with blocks", sectors)
    duty = _duty(table, at, tariff, len(blocks))
    sold = _along(table.intermediate[:, at, :, at], own, parts, duty)
    gross = _gross(sold, own, duty)
    return _table(table, at, sectors, sold, gross, own, level, duty, parts)


def _duty(table: Accounts, at: int, given: Any, many: int) -> np.ndarray:
    """Rates on every link, ``[link, origin, destination]``."""
    n = len(table.places)
    if given is None:
        given = np.zeros((n, n)) if table.tariff is None else table.tariff[..., at]
    duty = np.asarray(given, dtype=float)
    duty = np.repeat(duty[..., None], many, axis=2) if duty.ndim == 2 else duty
    check_shape("tariff", duty, (n, n, many))
    check_range("tariff", duty, -1.0, low_open=True)
    return np.moveaxis(duty, 2, 0)[:-1]


def _along(inside: np.ndarray, own: np.ndarray, parts: float, duty: np.ndarray) -> np.ndarray:
    """Sales of every block but the last to the next, ``[block, origin, destination]``."""
    bought, found = None, []
    for share, rate in zip(own[-2::-1], duty[::-1], strict=True):
        paid = inside * (1.0 + rate)
        total = paid.sum(axis=0)
        mix = np.divide(paid, total, out=np.zeros_like(paid), where=total > 0)
        bought = parts * total if bought is None else bought
        found.append(mix * bought / (1.0 + rate))
        bought = (1.0 - share) * found[-1].sum(axis=1)
    return np.stack(found[::-1])


def _gross(sold: np.ndarray, own: np.ndarray, duty: np.ndarray) -> np.ndarray:
    """What leaves each block, ``[place, block]``."""
    last = (sold[-1] * (1.0 + duty[-1])).sum(axis=0) / (1.0 - own[-1])
    return np.stack([*sold.sum(axis=2), last], axis=1)


def _table(
    table: T,
    at: int,
    sectors: tuple[str, ...],
    sold: np.ndarray,
    gross: np.ndarray,
    own: np.ndarray,
    level: np.ndarray,
    duty: np.ndarray,
    parts: float,
) -> T:
    many, size = len(own) + 1, len(table.sectors)
    where = slice(at, at + many)
    keep = np.r_[0:at, at + many : size + many - 1]
    old = np.r_[0:at, at + 1 : size]

    # Sales: links, then what the last block and the rest sell, to the old sectors.
    inside = table.intermediate[:, at, :, at]
    left = np.maximum(inside - sold.sum(axis=0), 0.0)
    others = table.intermediate[:, at][..., old]
    outside = np.concatenate([others, table.final[:, at]], axis=2)  # [origin, destination, use]
    room = np.maximum(outside, 0.0).sum(axis=(1, 2))
    share = np.divide(gross[:, -1], room, out=np.zeros_like(room), where=room > 0)
    _check_room(table, sold.sum(axis=0), inside, gross[:, -1], room, parts)
    finished = np.maximum(outside, 0.0) * share[:, None, None]
    remaining = outside - finished

    # Costs: value added by block, the rest of own costs in one mix.
    output = table.output[:, at]
    rest = output - gross.sum(axis=1)
    revenue = np.concatenate([own * gross, rest[:, None]], axis=1)  # of own inputs
    weight = np.append(level, 1.0) * revenue
    total = weight.sum(axis=1, keepdims=True)
    earned = table.value_added[:, [at]] * np.divide(weight, total, where=total > 0, out=0 * weight)
    cost = revenue - earned
    if (wrong := cost < -1e-12 * output[:, None]).any():
        i, b = np.argwhere(wrong)[0]
        raise InvalidDataError(
            f"value added of {table.places[i]}:{sectors[at + b]} would be "
            f"{earned[i, b] / revenue[i, b]:.3g} of its own costs; must be at most 1: value_added "
            "must differ less between blocks"
        )
    spent = cost.sum(axis=1, keepdims=True)
    bought = np.divide(cost, spent, out=np.zeros_like(cost), where=spent > 0)  # [place, block]

    shape = (len(table.places), len(sectors), len(table.places), len(sectors))
    intermediate = np.zeros(shape)
    intermediate[:, keep[:, None], :, keep] = table.intermediate[:, old[:, None], :, old]
    intermediate[:, keep, :, where] = table.intermediate[..., at][:, old, :, None] * bought
    intermediate[:, at + many - 1, :, where] = left[..., None] * bought
    for n, link in enumerate(sold):
        intermediate[:, at + n, :, at + n + 1] = link
    intermediate[:, at + many - 2, :, keep] = np.moveaxis(finished[..., : len(old)], 2, 0)
    intermediate[:, at + many - 1, :, keep] = np.moveaxis(remaining[..., : len(old)], 2, 0)
    final = np.zeros((*shape[:3], len(table.uses)))
    final[:, keep] = table.final[:, old]
    final[:, at + many - 2] = finished[..., len(old) :]
    final[:, at + many - 1] = remaining[..., len(old) :]

    customs = (sold * duty).sum(axis=1).T  # on links, paid by the next block [place, link]
    paid = (table.net_taxes_industry[:, at] - customs.sum(axis=1))[:, None] * bought
    paid[:, 1 : many - 1] += customs
    columns: dict[str, Any] = {}
    for name, new in (("net_taxes_industry", paid), ("value_added", earned)):
        columns[name] = np.zeros((len(table.places), len(sectors)))
        columns[name][:, keep], columns[name][:, where] = getattr(table, name)[:, old], new
    if table.tariff is not None:
        columns["tariff"] = np.repeat(
            table.tariff, np.where(np.arange(size) == at, many, 1), axis=2
        )
    return table.replace(
        f"{table.sectors[at]} split into {', '.join(sectors[where])}: {100 * parts:g} % of its "
        "sales to itself are parts",
        sectors=sectors,
        intermediate=intermediate,
        final=final,
        **columns,
    )


def _check_room(
    table: Accounts,
    links: np.ndarray,
    inside: np.ndarray,
    last: np.ndarray,
    room: np.ndarray,
    parts: float,
) -> None:
    """Raise where a place would sell more along the chain than the table says."""
    used = np.divide(links, inside, out=np.zeros_like(links), where=inside > 0).max(axis=1)
    for what, ratio in (
        ("sells its own sector", used),
        ("sells others", np.divide(last, room, out=np.full_like(last, 0.0), where=room > 0)),
    ):
        ratio = np.where((what == "sells others") & (room <= 0) & (last > 0), np.inf, ratio)
        if ratio.max() > 1.0 + 1e-12:
            place = table.places[int(np.argmax(ratio))]
            raise InvalidDataError(
                f"parts = {parts:g} is not allowed: the chain would hold {ratio.max():.4g} times "
                f"what {place} {what}; must be at most {parts / ratio.max():.4g}"
            )
