"""Sectors of a table split into blocks: adding up, the table as equilibrium, a second route."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from economies import random_table

from neg import data, general_economy, short_run
from neg.accounting import own_table
from neg.analysis import calibrate
from neg.core.errors import InvalidDataError, InvalidParameterError, NegError
from neg.data.aggregate import aggregate
from neg.parts import Learning

BLOCKS = ("castings", "parts", "assembly")
SPLIT = {"own_share": [1.0, 0.6, 0.5], "parts": 0.2, "value_added": [0.8, 1.2, 1.1]}
ABROAD = ~np.eye(3, dtype=bool)[:, :, None]
DUTY = np.random.default_rng(5).uniform(0.0, 0.25, (3, 3, 5)) * ABROAD
NAMES = ("intermediate", "final", "value_added", "net_taxes_industry", "net_taxes_final")


def table(tariffs=False, seed=8):
    return random_table(seed=seed, tariffs=tariffs)


def with_stocks():
    plain = table()
    final = plain.final.copy()
    final[0, 1, 1, 0] = -0.05
    output = plain.intermediate.sum(axis=(2, 3)) + final.sum(axis=(2, 3))
    spent = plain.intermediate.sum(axis=(0, 1)) + plain.net_taxes_industry
    return plain.replace(final=final, value_added=output - spent)


@pytest.mark.parametrize("made", [table(), table(tariffs=True, seed=9), with_stocks()])
def test_blocks_and_rest_add_up_to_the_sector(made):
    found = data.split_chain(made, "s1", BLOCKS, **SPLIT)
    assert found.sectors == ("s0", *BLOCKS, "other s1")
    whole = aggregate(found, {}, {"s1": [*BLOCKS, "other s1"]})
    for name in NAMES:
        assert getattr(whole, name) == pytest.approx(getattr(made, name), rel=1e-13, abs=1e-13)
    if made.tariff is not None:
        assert whole.tariff == pytest.approx(made.tariff, rel=1e-13)
    assert abs(found.imbalance).max() < 1e-12 * found.output.max()
    # A block sells to the next one only, and the share of what comes before is the same everywhere.
    duty = np.zeros((3, 3, 5)) if found.tariff is None else found.tariff
    for n, own in ((1, 0.6), (2, 0.5)):
        others = np.delete(found.intermediate[:, n], n + 1, axis=2)
        assert others.max() == 0 and found.final[:, n].max() == 0
        paid = (found.intermediate[:, n, :, n + 1] * (1.0 + duty[..., n])).sum(axis=0)
        assert paid / found.output[:, n + 1] == pytest.approx(np.full(3, 1.0 - own), rel=1e-12)
    assert found.final[:, 3].min() >= 0
    # Value added over own inputs, relative to the rest of the sector.
    revenue = found.output[:, 1:] * np.array([1.0, 0.6, 0.5, 1.0])
    share = found.value_added[:, 1:] / revenue
    assert share[:, :3] / share[:, 3:] == pytest.approx(np.tile([0.8, 1.2, 1.1], (3, 1)))
    last = (found.intermediate[:, 2, :, 3] * (1.0 + duty[..., 3])).sum()
    inside = made.intermediate[:, 1, :, 1] * (1.0 + duty[..., 3])
    assert last == pytest.approx(0.2 * inside.sum(), rel=1e-12)


def change(model, **edits):
    """Changes of welfare and trade between equilibria."""
    before, after = short_run(model).outcomes, short_run(model.with_(**edits)).outcomes
    return [np.asarray(after[name] / before[name]) for name in ("welfare", "income")]


@eqx.filter_jit
def at_one(model, income):
    """Largest market residual and outcomes at prices of one and the table's incomes."""
    x = model.initial_distribution()
    ones = {"wage": jnp.zeros(model.shape), "cost": jnp.zeros(model.shape)}
    prices = model.initial_prices(x) | ones | {"income": jnp.log(income)}
    residual = [jnp.ravel(r) for r in model.market_residual(prices, x).values()]
    return jnp.max(jnp.abs(jnp.concatenate(residual))), model.outcomes(prices, x)


@pytest.mark.parametrize("case", ["layers", "tariffs", "stocks"])
def test_the_table_is_the_equilibrium_at_prices_of_one(case):
    made = {"tariffs": table(tariffs=True, seed=9), "stocks": with_stocks()}.get(case, table())
    layered = case == "layers"
    layers = {"freight": (0.1, "resource"), "duty": (DUTY, "tariff")} if layered else {}
    given = {"tariff": DUTY[..., 1:4]} if layered else {}
    found = data.split_chain(made, "s1", BLOCKS, **SPLIT, **given)
    model = calibrate(
        found,
        theta=4.0,
        alpha=[0.0, 0.4, 0.5, 0.6, 0.3],
        layers=layers,
        parts=[Learning()],
        uses="common",
        land_share=0.1,
        chains=[BLOCKS],
        draws={"layers": "chain", "tariffs": "value-added", "stocks": "stage"}[case],
    )
    income = made.final.sum(axis=(0, 1, 3)) + made.net_taxes_final.sum(axis=1)
    residual, out = at_one(model, income)
    assert residual < 1e-12
    np.testing.assert_allclose(out["trade"], found.flows, rtol=1e-12, atol=1e-14)
    own = np.array([1.0, 1.0, 0.6, 0.5, 1.0])
    np.testing.assert_allclose(out["output"], own * found.output, rtol=1e-12)
    np.testing.assert_allclose(out["unit_cost"], 1.0, rtol=1e-12)


def random_chain():
    rng = np.random.default_rng(4)
    sectors = ("food", "parts", "assembly")
    return general_economy(
        places=("a", "b", "c"),
        sectors=sectors,
        employment=0.5 + rng.random((3, 3)),
        theta=4.0,
        alpha=[0.0, 0.4, 0.3],
        chains=[sectors[1:]],
        own_share=[1.0, 1.0, 0.5],
        tau=np.where(ABROAD, 1.2 + 0.4 * rng.random((3, 3, 3)), 1.0),
        tariff=0.1,
        productivity=0.6 + rng.random((3, 3)),
        input_share=[[0.1, 0.2, 0.1], [0.0] * 3, [0.2, 0.1, 0.2]],
        final_share=[0.4, 0.0, 0.6],
        numeraire="a",
    )


@pytest.mark.slow
def test_a_model_and_the_calibration_to_its_own_table_change_alike():
    """Exact hat algebra: all that matters of a chain economy is in its table."""
    model = random_chain()
    solved = short_run(model)
    made = own_table(solved).replace(tariff=np.asarray(model.tariff))
    again = calibrate(
        made,
        theta=4.0,
        alpha=[0.0, 0.4, 0.3],
        uses="common",
        chains=[("parts", "assembly")],
        deficit_rule="world-share",
    )
    assert np.asarray(again.own_share) == pytest.approx([1.0, 1.0, 0.5], rel=1e-10)
    dearer = {"tau": np.asarray(model.tau) * np.where(ABROAD, [1.0, 1.15, 1.05], 1.0)}
    once = {"tau": np.asarray(again.tau) * np.where(ABROAD, [1.0, 1.15, 1.05], 1.0)}
    for ours, theirs in zip(change(again, **once), change(model, **dearer), strict=True):
        # Incomes in units of the world's: the numeraires of the two differ.
        assert ours / ours[0] == pytest.approx(theirs / theirs[0], rel=1e-9)
    ours, theirs = change(again, **once)[0], change(model, **dearer)[0]
    assert ours == pytest.approx(theirs, rel=1e-9) and abs(ours - 1.0).max() > 1e-3


@pytest.mark.slow
def test_a_chain_of_one_block_of_a_table_is_the_ordinary_sector():
    made = table(tariffs=True, seed=9)
    given = {"theta": 4.0, "alpha": [0.2, 0.5], "uses": "common"}
    plain = calibrate(made, **given)
    single = calibrate(made, chains=[("s1",)], **given)
    dearer = {"tau": np.where(ABROAD, 1.2, np.ones((3, 3, 2)))}
    for ours, theirs in zip(change(single, **dearer), change(plain, **dearer), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-10)


def test_what_is_no_chain_is_named():
    made = table()
    with pytest.raises(NegError, match="sector to be split"):
        data.split_chain(made, "steel", BLOCKS, **SPLIT)
    with pytest.raises(InvalidParameterError, match="must be two or more"):
        data.split_chain(made, "s1", ["one"], [1.0], parts=0.2)
    with pytest.raises(InvalidParameterError, match="must be 1 in the first block"):
        data.split_chain(made, "s1", ("p", "a"), [0.5, 0.5], parts=0.2)
    with pytest.raises(NegError, match="own_share has shape"):
        data.split_chain(made, "s1", ("p", "a"), [1.0], parts=0.2)
    with pytest.raises(InvalidDataError, match="must be at most"):
        data.split_chain(made, "s1", ("p", "a"), [1.0, 0.95], parts=1.0)
    with pytest.raises(InvalidDataError, match="would be .* of its own costs"):
        data.split_chain(made, "s1", ("p", "a"), [1.0, 0.5], parts=0.2, value_added=[1.0, 50.0])
    with pytest.raises(InvalidDataError, match="sells .* to others than 's1'"):
        calibrate(made, uses="common", chains=[("s0", "s1")])
    found = data.split_chain(made, "s1", BLOCKS, **SPLIT)
    with pytest.raises(InvalidDataError, match="must be 'common'"):
        calibrate(found, chains=[BLOCKS])
    with pytest.raises(NegError, match="block of a chain"):
        calibrate(found, uses="common", chains=[("parts", "engines")])
    with pytest.raises(InvalidDataError, match="duties on what it buys included"):
        calibrate(found, uses="common", chains=[BLOCKS], layers={"duty": (DUTY, "tariff")})


def test_the_most_parts_that_a_table_has_room_for_are_allowed():
    made = table()
    with pytest.raises(InvalidDataError) as error:
        data.split_chain(made, "s1", ("p", "a"), [1.0, 0.9], parts=1.0)
    most = float(str(error.value).split("at most ")[1].split(",")[0])
    found = data.split_chain(made, "s1", ("p", "a"), [1.0, 0.9], parts=most * (1 - 1e-4))
    assert found.intermediate.min() >= 0
    with pytest.raises(InvalidDataError):
        data.split_chain(made, "s1", ("p", "a"), [1.0, 0.9], parts=most * 1.001)
