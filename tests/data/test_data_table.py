"""The table: identities, refusals, aggregation, labels."""

import numpy as np
import pytest

from neg.core.errors import (
    InvalidDataError,
    InvalidParameterError,
    InvalidShapeError,
    LabelMismatchError,
    UnknownNameError,
)
from neg.data import Table, from_flows, load_icio, merge_small, read_pairs


def make(**changes):
    """A small balanced table: three places, two sectors, two final uses, with taxes and tariffs."""
    rng = np.random.default_rng(3)
    n, S, F = 3, 2, 2
    intermediate, final = rng.uniform(0, 2, (n, S, n, S)), rng.uniform(5, 9, (n, S, n, F))
    taxes = rng.uniform(-0.2, 0.5, (n, S))
    output = intermediate.sum((2, 3)) + final.sum((2, 3))
    fields = {
        "places": ("A", "B", "C"),
        "sectors": ("x", "y"),
        "uses": ("eat", "store"),
        "intermediate": intermediate,
        "final": final,
        "net_taxes_industry": taxes,
        "net_taxes_final": rng.uniform(0, 1, (n, F)),
        "value_added": output - intermediate.sum((0, 1)) - taxes,
        "tariff": rng.uniform(0, 0.2, (n, n, S)),
        "year": 2020,
        "source": "made up",
    }
    return Table(**(fields | changes))


def changed(name, index, value):
    array = np.array(getattr(make(), name))
    array[index] = value
    return {name: array}


def test_identities():
    table = make()
    np.testing.assert_allclose(table.imbalance, 0, atol=1e-12)
    np.testing.assert_allclose(table.flows.sum(1), table.output, rtol=1e-14)
    spent = table.inputs.sum(2) + table.final_use
    np.testing.assert_allclose(table.flows.sum(0), spent, rtol=1e-14)
    np.testing.assert_allclose(table.deficit.sum(), 0, atol=1e-12)
    assert table.flows[0, 1, 1] == pytest.approx(
        table.intermediate[0, 1, 1].sum() + table.final[0, 1, 1].sum()
    )
    assert table.inputs[2, 0, 1] == pytest.approx(table.intermediate[:, 0, 2, 1].sum())


def test_a_table_shows_its_size_not_its_arrays():
    assert repr(make()).startswith("Table(3 places x 2 sectors, 2 uses, year=2020")


def test_arrays_are_private_and_read_only():
    mine = np.array(make().final)
    table = make(final=mine)
    mine[:] = -1
    assert table.final.min() > 0
    with pytest.raises(ValueError, match="read-only"):
        table.final[0] = 0


BAD = {
    "nan": (changed("intermediate", (0, 1, 2, 0), np.nan), "origin=A, sector=y, destination=C"),
    "infinite": (changed("value_added", (1, 0), np.inf), "value_added.destination=B"),
    "negative flow": (changed("intermediate", (2, 0, 1, 1), -1.0), "industry=y. = -1 .*>= 0"),
    "no output": (
        {
            "intermediate": np.where(
                np.arange(3)[:, None, None, None] == 1, 0, make().intermediate
            ),
            "final": np.where(np.arange(3)[:, None, None, None] == 1, 0, make().final),
        },
        "place 'B' has no output",
    ),
    "negative output": (changed("final", (0, 0, 0, 1), -900.0), "output.origin=A, sector=x"),
    "no value added": (changed("value_added", (2, 1), 0.0), "value_added.*> 0 where output"),
    "unbalanced": (changed("value_added", (2, 1), 99.0), "row and column of C:y do not balance"),
    "tariff": (
        changed("tariff", (0, 1, 1), -1.0),
        "tariff.origin=A, destination=B, sector=y.*> -1",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_values_are_refused_by_name(case):
    changes, message = BAD[case]
    with pytest.raises(InvalidDataError, match=message):
        make(**changes)


def test_bad_labels_shapes_and_tolerance_are_refused():
    with pytest.raises(LabelMismatchError, match="places holds the label 'A' twice"):
        make(places=("A", "B", "A"))
    with pytest.raises(InvalidShapeError, match="must be"):
        make(sectors=("x", "y", "z"))
    with pytest.raises(InvalidShapeError, match="tariff"):
        make(tariff=np.zeros((3, 3)))
    with pytest.raises(InvalidParameterError, match="balance_tolerance"):
        make(balance_tolerance=0)


def test_negative_inventories_are_kept_and_noted():
    table = make()
    final, value_added = np.array(table.final), np.array(table.value_added)
    drop = final[0, 0, 1, 1] + 4.0
    final[0, 0, 1, 1] -= drop
    value_added[0, 0] -= drop
    table = make(final=final, value_added=value_added)
    assert table.final.min() == pytest.approx(-4.0)
    assert table.notes == ("1 negative final flows kept, -4 million USD in all",)


def test_balanced_moves_rounding_into_value_added():
    exact = make()
    rounded = make(value_added=exact.value_added.round(2))
    assert np.abs(rounded.imbalance).max() > 1e-4
    balanced = rounded.balanced()
    np.testing.assert_allclose(balanced.imbalance, 0, atol=1e-12)
    assert "value added is the residual" in balanced.notes[-1]
    assert exact.balanced().notes == exact.notes


def test_aggregate_preserves_totals_balance_and_tariff_revenue():
    table = make()
    small = table.aggregate(places={"AC": ["A", "C"]}, sectors={"all": ["x", "y"]})
    assert (small.places, small.sectors) == (("AC", "B"), ("all",))
    np.testing.assert_allclose(small.imbalance, 0, atol=1e-12)
    np.testing.assert_allclose(small.output.sum(), table.output.sum())
    np.testing.assert_allclose(small.flows[0, 1, 0], table.flows[[0, 2], 1].sum())
    np.testing.assert_allclose(
        (small.tariff * small.flows).sum(), (table.tariff * table.flows).sum()
    )
    np.testing.assert_allclose(small.net_taxes_final[0], table.net_taxes_final[[0, 2]].sum(0))
    assert "AC = A + C" in small.notes[-1]


def test_aggregate_in_two_steps_equals_one():
    table = load_icio()
    twice = table.aggregate(places={"X": ["LAO", "KHM"]}).aggregate(places={"X": ["X", "MMR"]})
    once = table.aggregate(places={"X": ["LAO", "KHM", "MMR"]})
    order = [twice.places.index(place) for place in once.places]
    np.testing.assert_allclose(twice.flows[order][:, order], once.flows, rtol=1e-13)


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        ({"N": ["A", "Z"]}, UnknownNameError, "unknown place 'Z'; allowed: A, B, C"),
        ({"N": ["A"], "M": ["A", "B"]}, LabelMismatchError, "'A' is in 'N' and again in 'M'"),
        ({"C": ["A", "B"]}, LabelMismatchError, "'C' of a group is the name of a place outside"),
        ({"N": []}, LabelMismatchError, "non-empty"),
        ({"N": "AB"}, LabelMismatchError, "non-empty list"),
    ],
)
def test_bad_groups_are_refused(groups, error, message):
    with pytest.raises(error, match=message):
        make().aggregate(places=groups)


def test_select_keeps_order_and_merges_the_rest():
    table = make()
    kept = table.select(["C", "A"], rest="other")
    assert kept.places == ("C", "A", "other")
    np.testing.assert_allclose(kept.flows[0, 1], table.flows[2, 0])
    np.testing.assert_allclose(kept.tariff[1, 0], table.tariff[0, 2])
    np.testing.assert_allclose(kept.imbalance, 0, atol=1e-12)
    assert table.select(["A", "B", "C"]).places == table.places
    with pytest.raises(UnknownNameError):
        table.select(["Q"])


def test_xarray_is_labelled_with_units():
    dataset = make().to_xarray()
    assert dataset.attrs["unit"] == "million USD"
    assert dataset.attrs["year"] == 2020
    picked = dataset["intermediate"].sel(origin="B", sector="y", destination="C", industry="x")
    assert float(picked) == make().intermediate[1, 1, 2, 0]
    assert dataset["tariff"].attrs["unit"] == "1"
    assert float(dataset["flows"].sel(origin="A").sum()) == pytest.approx(make().output[0].sum())


def test_merge_small_reports_whom():
    table = load_icio()
    merged = merge_small(table, 1e-3)
    gone = set(table.places) - set(merged.places)
    assert gone == {"BRN", "KHM", "LAO"}
    assert all(place in merged.notes[-1] for place in gone)
    np.testing.assert_allclose(merged.output.sum(), table.output.sum())
    assert merge_small(table, 0.0) is table


def test_table_from_bilateral_flows(fixtures):
    flows = read_pairs(fixtures / "pairs.csv", unit="million USD")
    table = from_flows(flows["flows"], flows["tariff"])
    np.testing.assert_array_equal(table.flows, flows["flows"])
    np.testing.assert_array_equal(table.tariff, flows["tariff"])
    np.testing.assert_allclose(table.value_added, table.output)
    one = from_flows(flows["flows"].sel(sector="goods", drop=True))
    assert one.sectors == ("all",)
