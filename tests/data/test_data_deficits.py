"""Tables without trade deficits: balanced to rounding, nearest in their class, or refused."""

import numpy as np
import pytest

from neg.analysis import calibrate
from neg.core.errors import InvalidDataError
from neg.data import Table, load_icio
from neg.data.rebalance import biproportional


@pytest.fixture(scope="module")
def tables():
    table = load_icio()
    return table, table.without_deficits()


def test_trade_and_every_column_balance(tables):
    table, purged = tables
    world = table.output.sum()
    assert np.abs(table.deficit).max() > 1e-3 * world
    assert np.abs(purged.deficit).max() < 1e-13 * world
    np.testing.assert_allclose(purged.imbalance / purged.output, 0, atol=1e-12)
    assert any("trade deficits (up to 633519 million USD" in note for note in purged.notes)


def test_outputs_value_added_and_taxes_on_industries_stay(tables):
    table, purged = tables
    np.testing.assert_allclose(purged.output, table.output, rtol=1e-12)
    np.testing.assert_array_equal(purged.value_added, table.value_added)
    np.testing.assert_array_equal(purged.net_taxes_industry, table.net_taxes_industry)
    for j in (0, 5):
        shares = [np.maximum(t.final[:, :, j], 0).sum((0, 1)) for t in (table, purged)]
        np.testing.assert_allclose(*(s / s.sum() for s in shares), rtol=1e-12)
    negative = table.final < 0
    np.testing.assert_array_equal(purged.final[negative], table.final[negative])


def test_sales_change_by_a_factor_of_the_seller_times_one_of_the_buyer(tables):
    table, purged = tables
    one = table.sectors.index("manufacturing")
    some = [table.places.index(place) for place in ("CHN", "JPN", "KOR", "THA", "USA")]
    at = np.ix_(some, [one], some, [one])
    ratio = np.log(purged.intermediate[at] / table.intermediate[at])[:, 0, :, 0]
    assert np.abs(ratio).max() > 1e-2
    double = ratio - ratio[:1] - ratio[:, :1] + ratio[0, 0]
    np.testing.assert_allclose(double, 0, atol=1e-9)


def test_a_table_without_deficits_stays_as_it_is(tables):
    _, purged = tables
    again = purged.without_deficits()
    np.testing.assert_allclose(again.flows, purged.flows, rtol=1e-9)


def test_calibration_takes_it_with_the_deficit_rule_zero(tables):
    table, purged = tables
    economy = calibrate(purged, deficit_rule="zero")
    assert not np.asarray(economy.deficit).any()
    np.testing.assert_allclose(np.asarray(economy.reference), table.output, rtol=1e-12)


def simple(flows):
    flows = np.array(flows, dtype=float)
    n = len(flows)
    return Table(
        places=tuple("ABCDE"[:n]),
        sectors=("all",),
        uses=("all",),
        intermediate=np.zeros((n, 1, n, 1)),
        final=flows[:, None, :, None],
        value_added=flows.sum(1)[:, None],
        net_taxes_industry=np.zeros((n, 1)),
        net_taxes_final=np.zeros((n, 1)),
    )


def test_two_places_in_closed_form():
    """With two places and margins given, the odds ratio of the flows pins them."""
    table = simple([[60, 20], [10, 90]])
    flows = table.without_deficits().flows[..., 0]
    np.testing.assert_allclose(flows.sum(0), flows.sum(1), rtol=1e-12)
    np.testing.assert_allclose(flows.sum(1), [80, 100], rtol=1e-12)
    odds = [f[0, 0] * f[1, 1] / f[0, 1] / f[1, 0] for f in (flows, table.flows[..., 0])]
    assert odds[0] == pytest.approx(odds[1], rel=1e-10)


def test_blocks_without_trade_between_them_are_solved_and_one_way_trade_refused():
    blocks = np.zeros((4, 4))
    blocks[:2, :2], blocks[2:, 2:] = [[60, 20], [10, 90]], [[5, 2], [1, 7]]
    purged = simple(blocks).without_deficits()
    np.testing.assert_allclose(purged.deficit, 0, atol=1e-9)
    one_way = [[50, 10, 0], [0, 40, 5], [0, 0, 30]]
    with pytest.raises(InvalidDataError, match="largest imbalance is that of 'A', -10 .*merge it"):
        simple(one_way).without_deficits()


@pytest.mark.parametrize("seed", range(4))
def test_sums_are_met_where_sizes_and_links_differ_widely(seed):
    rng = np.random.default_rng(seed)
    start = np.exp(rng.normal(0, 4, (12, 15))) * (rng.random((12, 15)) > 0.5)
    start[:, 0], start[0] = 1e-6, 1e-3
    target = start * np.exp(rng.normal(0, 2, 12))[:, None] * np.exp(rng.normal(0, 2, 15))
    found = biproportional(start, target.sum(1), target.sum(0))
    np.testing.assert_allclose(found, target, rtol=1e-7)
