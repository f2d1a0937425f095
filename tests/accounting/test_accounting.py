"""Accounts of the 2020 table and of models: published numbers, identities, second routes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from neg import data, general_economy, short_run
from neg.accounting import (
    crossings,
    exports_by_content,
    group_trade,
    inverse,
    own_table,
    position,
    trade_by_origin,
    world_exports,
)
from neg.core.errors import UnknownNameError

WANT = json.loads((Path(__file__).parent / "table_2020.json").read_text())
REGIONS = WANT["regions"]
NAMES = {
    "HIY_VS_share": "VS_share",
    "foreign_content_share": "foreign_share",
    "DVA_share": "DVA_share",
    "DDC_share": "DDC_share",
    "VAX_ratio": "VAX_share",
    "BM_FVA_share": "FVA_share",
    "BM_FDC_share": "FDC_share",
}


@pytest.fixture(scope="module")
def table():
    return data.load_icio()


@pytest.fixture(scope="module")
def content(table):
    return exports_by_content(table)


@pytest.mark.parametrize("place", REGIONS)
def test_exports_by_content(content, place):
    found, want = content.sel(place=place), REGIONS[place]
    assert float(found.exports) == pytest.approx(want["exports"], rel=1e-12)
    for name, ours in NAMES.items():
        assert float(found[ours]) == pytest.approx(want[name], abs=1e-12), name
    for term, value in want["KWW"].items():
        assert float(found.KWW.sel(term=term)) == pytest.approx(value, abs=1e-12), term


def test_the_world(table, content):
    found, want = world_exports(table), WANT["world"]
    pairs = {
        "exports": "exports",
        "final_spending": "final_spending",
        "VS_share": "VS_share",
        "foreign_share": "foreign_content_share",
        "VAX_share": "VAX_ratio",
        "double_counted": "BM_double_counted_share",
        "KWW_double_counted": "KWW_double_counted_share",
        "intermediate_share": "intermediate_share_of_exports",
        "output_over_gdp": "output_over_gdp",
    }
    for ours, theirs in pairs.items():
        assert float(found[ours]) == pytest.approx(want[theirs], rel=1e-11), ours
    world = float(crossings(table).world)
    assert world == pytest.approx(want["crossings_per_unit_of_final_spending"], rel=1e-12)
    assert float(inverse(table).output.sum()) == pytest.approx(want["output"], rel=1e-12)


def test_positions_crossings_and_the_group(table):
    found, cross = position(table), crossings(table)
    for name, want in {
        "upstreamness_of_place": "upstreamness_by_region",
        "upstreamness_of_sector": "upstreamness_by_sector",
        "downstreamness_of_sector": "downstreamness_by_sector",
    }.items():
        axis = name.rpartition("_")[2]
        for label, value in WANT[want].items():
            assert float(found[name].sel({axis: label})) == pytest.approx(value, rel=1e-12)
    made = found.upstreamness.sel(sector="manufacturing")
    for place, value in WANT["manufacturing_upstreamness"].items():
        assert float(made.sel(place=place)) == pytest.approx(value, rel=1e-12)
    for place, value in WANT["crossings_per_unit_of_final_spending"].items():
        assert float(cross.crossings.sel(place=place)) == pytest.approx(value, rel=1e-12)
    asia = WANT["east_asia"]
    group = group_trade(table, asia["members"])
    assert float(group.gross) == pytest.approx(asia["gross_intra_trade"], rel=1e-12)
    assert float(group.value_added) == pytest.approx(asia["va_intra_trade"], rel=1e-12)
    assert float(group.value_added_over_gross) == pytest.approx(asia["va_over_gross"], rel=1e-12)
    share = asia["intra_share_of_exports_plus_imports"]
    assert float(group.intra_share) == pytest.approx(share, rel=1e-12)
    parts = asia["manufactures_used_by_manufacturing_over_intra_manufactures_trade"]
    assert float(group.parts_share) == pytest.approx(parts, rel=1e-12)
    with pytest.raises(UnknownNameError, match="'XYZ'"):
        group_trade(table, ["XYZ"])


def check_identities(table):
    """What holds on every table, by other routes than those of the functions."""
    found, content = inverse(table), exports_by_content(table)
    assert np.allclose(found.v @ found.B, 1.0, atol=1e-12)
    assert np.allclose(content.KWW.sum("term"), 1.0, atol=1e-10)
    first = content.KWW.isel(term=slice(0, 5)).sum("term")
    assert np.allclose(first, content.DVA_share, atol=1e-10)
    assert np.allclose(content.KWW.sel(term="DDC"), content.DDC_share, atol=1e-10)
    assert np.allclose(content.VS_share, content.foreign_share + content.DDC_share, atol=1e-10)
    assert np.allclose(content.VS_share, 1 - content.DVA_share, atol=1e-10)
    assert (content.VAX_share <= content.DVA_share + 1e-12).all()
    trade = trade_by_origin(table)
    assert np.allclose(trade.value_added.sum("origin"), found.final.sum(axis=0), rtol=1e-10)
    # Extraction: the world without what a place exports (Los, Timmer and de Vries).
    s = int(np.argmax(found.by_place(found.exports)))
    mine = found.place == s
    cut = np.where(mine[:, None] & ~mine[None], 0.0, found.A)
    final = np.where(mine[:, None] & (np.arange(found.shape[0]) != s), 0.0, found.final)
    output = np.linalg.solve(np.eye(len(cut)) - cut, final.sum(axis=1))
    lost = (found.v * (found.output - output))[mine].sum() / found.exports[mine].sum()
    assert float(content.DVA_share[s]) == pytest.approx(lost, abs=1e-9)
    where = position(table)
    value = (found.v * found.output).reshape(found.shape)
    final = found.final.sum(axis=1).reshape(found.shape)
    ratio = found.output.sum() / value.sum()
    assert (where.upstreamness.values * value).sum() / value.sum() == pytest.approx(ratio)
    assert (where.downstreamness.values * final).sum() / final.sum() == pytest.approx(ratio)
    spent = found.final.sum(axis=0)
    cross = crossings(table)
    total = float((cross.crossings * spent).sum()) / spent.sum()
    assert total == pytest.approx(float(cross.world), rel=1e-10)


def test_identities_of_the_data(table):
    check_identities(table)


@pytest.fixture(scope="module")
def chained():
    n, rng = 3, np.random.default_rng(5)
    tau = 1.0 + 0.4 * rng.random((n, n, 3)) * (1 - np.eye(n))[..., None]
    return general_economy(
        places=("A", "B", "C"),
        sectors=("parts", "assembly", "food"),
        employment=0.5 + rng.random((n, 3)),
        theta=5.0,
        chains=[("parts", "assembly")],
        own_share=[1.0, 0.4, 1.0],
        tau=tau,
        tariff=[0.1, 0.05, 0.2],
        export_tax=[0.02, 0.0, 0.0],
        tax_share=0.05,
        input_share=np.array([[0, 0, 0], [0.2, 0.1, 0.1], [0.1, 0.1, 0.3]]),
        final_share=[0.0, 0.6, 0.4],
    )


@pytest.mark.slow
def test_the_table_of_a_model_with_a_chain_balances_and_its_accounts_add_up(chained):
    solution = short_run(chained)
    table = own_table(solution)
    assert np.abs(table.imbalance).max() < 1e-9
    sold = np.asarray(solution.outcomes["trade"])
    assert np.allclose(table.flows, sold, rtol=1e-10)
    assert (table.intermediate[:, 0, :, [0, 2]] == 0).all()  # parts go to assembly only
    check_identities(table)
    # The chain adds value: what assembly pays for parts is the rest of its output.
    output = table.output
    own = np.asarray(solution.outcomes["output"])
    assert np.allclose(own[:, 1] / output[:, 1], 0.4, rtol=1e-9)
