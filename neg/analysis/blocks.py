"""Sectors of a table that are blocks of chains: who buys from whom, how much value each adds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neg.core.errors import InvalidDataError, unknown_name
from neg.data.table import Table

_CLOSE = 1e-8
"""How far the share of own inputs in a block may differ between places, of itself."""


def links(table: Table, chains: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """Numbers of the sectors before and after each link.

    Raises a named error for a block that is no sector, or that sells to others than the next.
    """
    found = []
    for chain in chains:
        for name in chain:
            if name not in table.sectors:
                raise unknown_name("block of a chain", name, table.sectors)
        where = [table.sectors.index(name) for name in chain]
        found += list(zip(where[:-1], where[1:], strict=True))
    for before, after in found:
        sold = table.intermediate[:, before].copy()
        sold[..., after] = 0.0
        other = sold.sum() + np.abs(table.final[:, before]).sum()
        if other > _CLOSE * table.output[:, before].sum():
            raise InvalidDataError(
                f"{table.sectors[before]!r} sells {other:g} to others than {table.sectors[after]!r}"
                "; must be nothing: a block sells to the next block of its chain only (see "
                "neg.data.split_chain)"
            )
    return found


def own_shares(
    table: Table, steps: Sequence[tuple[int, int]], paid: np.ndarray, *, exact: bool = True
) -> np.ndarray:
    """Share of own inputs in what leaves each sector: one where no link arrives.

    ``paid`` is intermediate sales at buyers' prices. Raises a named error where the share is not
    the same in every place, unless it is to be near only.
    """
    own = np.ones(len(table.sectors))
    for before, after in steps:
        output = table.output[:, after]
        some = output > 0
        share = 1.0 - paid[:, before, :, after].sum(axis=0)[some] / output[some]
        own[after] = share @ output[some] / output.sum()
        if exact and (gap := np.abs(share - own[after])).max() > _CLOSE * own[after]:
            k = int(np.argmax(gap))
            place = np.asarray(table.places)[some][k]
            raise InvalidDataError(
                f"own inputs are {share[k]:.6g} of what {place}:{table.sectors[after]} sells and "
                f"{own[after]:.6g} on average; must be the same in every place, duties on what it "
                "buys included (neg.data.split_chain makes such blocks; give it the tariff)"
            )
    return own
