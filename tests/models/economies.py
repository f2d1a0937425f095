"""Random small tables and economies for tests, made without the library's solvers."""

from __future__ import annotations

import numpy as np

from neg.data.table import Table

FLOWS = """exporter,importer,sector,value
A,A,goods,80
A,B,goods,12
A,C,goods,8
B,A,goods,10
B,B,goods,60
B,C,goods,6
C,A,goods,9
C,B,goods,7
C,C,goods,40
"""
"""Sales of one good between three places, as a file of pairs."""


def random_table(
    places: int = 3, sectors: int = 2, seed: int = 0, *, tariffs: bool = True
) -> Table:
    """A table with every flow positive, home biased, with taxes, deficits and (maybe) tariffs.

    Output is what is sold, value added what inputs and taxes leave of it: any flows make a table.
    """
    rng = np.random.default_rng(seed)
    n, s = places, sectors
    home = np.where(np.eye(n, dtype=bool), 1.0, 0.25)
    inputs = 0.35 * rng.uniform(0.5, 1.5, (n, s, n, s)) * home[:, None, :, None] / s
    final = rng.uniform(0.5, 1.5, (n, s, n, 1)) * home[:, None, :, None]
    output = inputs.sum(axis=(2, 3)) + final.sum(axis=(2, 3))
    tariff = rng.uniform(0.0, 0.3, (n, n, s)) * ~np.eye(n, dtype=bool)[:, :, None]
    duty = (inputs * tariff.transpose(0, 2, 1)[..., None]).sum(axis=(0, 1)) if tariffs else 0.0
    taxes = duty + 0.03 * output
    return Table(
        places=[f"p{i}" for i in range(n)],
        sectors=[f"s{i}" for i in range(s)],
        uses=["final"],
        intermediate=inputs,
        final=final,
        value_added=output - inputs.sum(axis=(0, 1)) - taxes,
        net_taxes_industry=taxes,
        # Taxes of final users hold the duties that they pay, and a little more.
        net_taxes_final=0.02 * final.sum(axis=(0, 1))
        + (final * tariff.transpose(0, 2, 1)[..., None]).sum(axis=(0, 1)) * tariffs,
        tariff=tariff if tariffs else None,
        unit="money",
        source="random",
    )
