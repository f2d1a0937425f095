"""Chains of a file on a table: sectors split into blocks, with the duties that layers hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neg.analysis.baseline import duties
from neg.core.errors import InvalidDataError
from neg.data.blocks import split_chain
from neg.data.table import Table
from neg.economy.part import Part
from neg.scenario_files.described import same_draws
from neg.scenario_files.world import ChainSection

_ROUNDS = 20


def with_blocks(table: Table, chains: Sequence[ChainSection], parts: Sequence[Part] = ()) -> Table:
    """The table with the sectors of all chains in blocks.

    ``parts`` are those of the economy: what a block buys from the one before is one share of its
    output with duties paid, so that the split must know them. Duties that hang on the table itself
    (of agreements) are found by repetition.
    """
    found = _split(table, chains)
    if not chains or not parts:
        return found
    names, order = found.sectors, [tuple(chain.blocks) for chain in chains]
    duty = np.zeros(0)
    for _ in range(_ROUNDS):
        before, duty = duty, duties(found, parts, chains=order, draws=same_draws(chains))
        if not duty.any() or np.array_equal(before, duty):
            return found
        found = _split(table, chains, duty, names)
    raise InvalidDataError(
        f"duties on blocks are not the same after {_ROUNDS} rounds: they hang on the split of the "
        "table itself; must be given as a [[layer]]"
    )


def _split(
    table: Table,
    chains: Sequence[ChainSection],
    duty: np.ndarray | None = None,
    names: Sequence[str] = (),
) -> Table:
    for number, chain in enumerate(chains):
        if chain.sector is None or chain.parts is None:
            missing = "sector" if chain.sector is None else "parts"
            raise InvalidDataError(
                f"chain.{number}.{missing} is not given; must be, where the sector of a table is "
                "split into blocks"
            )
        rates = None
        if duty is not None:
            rates = duty[..., [list(names).index(block) for block in chain.blocks]]
        table = split_chain(
            table,
            chain.sector,
            chain.blocks,
            chain.own_share,
            parts=chain.parts,
            value_added=1.0 if chain.value_added is None else chain.value_added,
            rest=chain.rest or "",
            tariff=rates,
        )
    return table
