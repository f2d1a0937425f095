"""Files with chains of blocks: an economy of their own, and a sector of the table in blocks."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg import compose, data, general_economy, short_run
from neg.analysis import calibrate
from neg.barriers import Layer
from neg.core.errors import InvalidDataError, InvalidParameterError, NegError, UnknownNameError
from neg.economy.lever import Lever
from neg.parts import Efficiency
from neg.production import MakeOrBuy
from neg.scenario_files import (
    check_scenario,
    fit_scenario,
    parse_scenario,
    policy_scenario,
    solve_scenario,
    sweep_scenario,
    to_toml,
)
from neg.scenario_files.baseline import build_economy
from neg.scenario_files.report import in_words

WORLD = """schema = 1
name = "two"

[economy]
theta = 5.0
alpha = { food = 0.0, parts = 0.4, assembly = 0.3 }

[world]
places = ["north", "south"]
sectors = ["food", "parts", "assembly"]
employment = { north = { food = 0.5, parts = 0.3, assembly = 0.4 }, south = 0.5 }
productivity = { north = 1.2, south = { food = 0.9, parts = 1.0, assembly = 1.1 } }
land_share = { food = 0.2, parts = 0.0, assembly = 0.1 }
final_share = { food = 0.4, parts = 0.0, assembly = 0.5 }
housing_share = 0.1
land = { north = 2.0, south = 1.0 }

[world.input_share.parts]
assembly = { north = 0.3, south = 0.2 }

[world.input_share.assembly]
food = 0.1

[world.trade_cost]
between = { food = 1.1, parts = 1.2, assembly = 1.3 }
distance = { north = { south = 1.5 } }
entries = [{ origins = ["south"], destinations = ["north"], sectors = ["food"], cost = 1.4 }]

[[chain]]
blocks = ["parts", "assembly"]
own_share = [1.0, 0.6]
"""
MORE = """
[[part]]
name = "efficiency"
parameters = { level = { north = 1.5, south = 1.0 } }

[[part]]
name = "boundary"
parameters = { governance = 0.1, contract = 0.2, institutions = { north = 0.9, south = 0.5 } }

[[layer]]
name = "duty"
kind = "tariff"
rate = 0.1
"""
EDIT = """
[[edit.parameter]]
path = "tau"
factor = 0.9
among = ["north", "south"]
sectors = ["parts"]
"""


def by_hand(**given):
    inputs = np.zeros((2, 3, 3))
    inputs[:, 2, 1], inputs[:, 0, 2] = [0.3, 0.2], 0.1
    tau = np.where(np.eye(2, dtype=bool)[..., None], 1.0, np.array([1.1, 1.2, 1.3]) ** 1.5)
    tau[1, 0, 0] = 1.4
    settings = {
        "places": ["north", "south"],
        "sectors": ["food", "parts", "assembly"],
        "employment": [[0.5, 0.3, 0.4], [0.5] * 3],
        "productivity": [[1.2] * 3, [0.9, 1.0, 1.1]],
        "land_share": [0.2, 0.0, 0.1],
        "final_share": [0.4, 0.0, 0.5],
        "housing_share": 0.1,
        "land": [2.0, 1.0],
        "input_share": inputs,
        "tau": tau,
        "theta": 5.0,
        "alpha": [0.0, 0.4, 0.3],
        "chains": [("parts", "assembly")],
        "own_share": [1.0, 1.0, 0.6],
        "deficit_rule": "world-share",
    }
    return general_economy(**settings | given)


@eqx.filter_jit
def seen(economy, prices, x):
    return economy.evaluate(prices, x), economy.outcomes(prices, x)


def same(ours, theirs, exact=1e-13):
    """Every number of two economies, and everything static."""
    (found, one), (want, two) = jax.tree.flatten(ours), jax.tree.flatten(theirs)
    assert one == two
    for number, other in zip(found, want, strict=True):
        np.testing.assert_allclose(number, other, rtol=exact, atol=exact)


def test_a_file_is_the_economy_that_python_builds():
    same(build_economy(parse_scenario(WORLD)), by_hand())
    parts = [
        Layer("duty", 0.1 * ~np.eye(2, dtype=bool)[..., None] * np.ones(3), kind="tariff"),
        Efficiency(level=[1.5, 1.0]),
        MakeOrBuy(governance=0.1, contract=0.2, institutions=[0.9, 0.5]),
    ]
    same(build_economy(parse_scenario(WORLD + MORE)), compose(by_hand(), parts))


def test_the_edit_of_a_file_is_a_lever():
    from neg.scenario_files.resolve import resolve

    found = resolve(parse_scenario(WORLD + EDIT)).edited
    lever = Lever("tau", "times", among=("north", "south"), sectors=("parts",))
    same(found, lever.put(by_hand(), 0.9))


@pytest.mark.slow
def test_a_chain_of_one_block_in_a_file_is_the_ordinary_sector():
    head = WORLD[: WORLD.index("[[chain]]")].replace(
        "parts = 0.0, assembly = 0.5", "parts = 0.2, assembly = 0.3"
    )
    one = '[[chain]]\nblocks = ["parts"]\nown_share = [1.0]\n'
    chained = build_economy(parse_scenario(head + one))
    plain = build_economy(parse_scenario(head))
    assert chained.chains.blocks == ((1,),)
    x = plain.initial_distribution()
    prices = {name: 0.1 + value for name, value in plain.initial_prices(x).items()}
    found, want = (jax.tree.leaves(seen(model, prices, x)) for model in (chained, plain))
    for number, other in zip(found, want, strict=True):
        np.testing.assert_allclose(number, other, rtol=1e-10, atol=1e-12)


def test_files_of_chains_round_trip_and_are_checked():
    text = WORLD + MORE + EDIT
    scenario = parse_scenario(text)
    assert parse_scenario(to_toml(scenario)) == scenario
    assert check_scenario(scenario) == []
    told = " ".join(in_words(scenario))
    assert "describes an economy of 2 places (north, south)" in told
    assert "Chain parts, then assembly (own shares 1, 0.6; draws by chain)." in told


def world(old, new):
    assert old in WORLD
    return WORLD.replace(old, new)


TABLE = """schema = 1
name = "three"

[economy]
keep = ["CHN", "VNM"]

[economy.merge_sectors]
services = [
  "utilities", "construction", "trade", "transport", "hospitality_ict", "finance_property",
  "business_government", "education_health", "other_services",
]

[[chain]]
sector = "manufacturing"
blocks = ["parts", "assembly"]
own_share = [1.0, 0.5]
parts = 0.4
value_added = [0.9, 1.2]

[[layer]]
name = "duty"
kind = "tariff"
entries = [{ sectors = ["parts"], rate = 0.1 }, { sectors = ["assembly"], rate = 0.2 }]
"""
LAST = "own_share = [1.0, 0.6]\n"


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        (world("land_share", "land_shares"), UnknownNameError, "world.land_shares.*'land_share'"),
        (world("blocks", "block"), UnknownNameError, "chain.0.block.*'blocks'"),
        (world("between", "betwen"), UnknownNameError, "trade_cost.betwen.*'between'"),
        (world("parts = 0.3, as", "engines = 0.3, as"), NegError, "world.employment.north"),
        (world("south = 0.5 }", "west = 0.5 }"), NegError, "place in world.employment.*'west'"),
        (world(", south = 0.5 }", " }"), InvalidParameterError, "says nothing of .'south'"),
        (
            world('["north", "south"]\nsec', '["north", "food"]\nsec'),
            InvalidDataError,
            "'food' is a place and",
        ),
        (world("[1.0, 0.6]", "[1.0]"), InvalidParameterError, "1 numbers for 2 blocks"),
        (world("[1.0, 0.6]", "[0.9, 0.6]"), InvalidParameterError, "must be 1: nothing comes"),
        (
            world('blocks = ["parts"', 'blocks = ["engines"'),
            NegError,
            "block of chain.0.*'engines'",
        ),
        (world("parts = 0.0, as", "parts = 0.1, as"), NegError, "spending shares"),
        (
            WORLD.replace(LAST, LAST + 'sector = "food"\n'),
            InvalidDataError,
            "chain.0.sector splits",
        ),
        (
            WORLD.replace(LAST, LAST + 'draws = "dice"\n'),
            InvalidParameterError,
            "chain.0.draws 'dice'",
        ),
        (world("south = 1.5 }", "west = 1.5 }"), NegError, "world.trade_cost.distance.*'west'"),
        (world("south = 1.5 }", "south = -1.5 }"), InvalidParameterError, "north.south = -1.5"),
        (
            world("distance = { north = { south = 1.5 } }", 'layout = "torus"'),
            InvalidParameterError,
            "layout 'torus'",
        ),
        (world("parts = 1.2", "parts = 0.8"), NegError, "world.trade_cost.between.* 0.8"),
        (
            world("theta = 5.0", 'theta = 5.0\ndata = "x.csv"'),
            InvalidParameterError,
            "economy.data is about a table",
        ),
        (WORLD + "[tariff]\nmfn_rate = 0.1\n", InvalidParameterError, "tariff is about a table"),
        (
            world("[world.input_share.parts]", "[world.input_share.part]"),
            NegError,
            "sector of world.input_share",
        ),
        (TABLE.replace("parts = 0.4\n", ""), InvalidDataError, "chain.0.parts is not given"),
        (
            TABLE.replace('sector = "man', 'sector = "men'),
            NegError,
            "sector to be split.*'menufacturing'",
        ),
        (TABLE.replace("parts = 0.4\n", "parts = 0.9\n"), InvalidDataError, "must be at most 0.4"),
        (
            TABLE.replace("keep =", 'uses = "separate"\nkeep ='),
            InvalidDataError,
            "must be 'common'",
        ),
    ],
)
def test_what_is_wrong_with_a_chain_is_named(text, error, told):
    with pytest.raises(error, match=told):
        build_economy(parse_scenario(text, "f.toml"))


def test_draws_are_of_one_kind():
    text = WORLD.replace('"parts", "assembly"]\nown', '"parts"]\nown').replace(
        "[1.0, 0.6]", "[1.0]"
    )
    other = '[[chain]]\nblocks = ["assembly"]\nown_share = [1.0]\ndraws = "stage"\n'
    with pytest.raises(InvalidParameterError, match="must be one kind for all"):
        build_economy(parse_scenario(text + other))


def split_by_hand(duty):
    services = [s for s in data.load_icio().sectors if s not in ("food_primary", "manufacturing")]
    whole = data.load_icio().aggregate(sectors={"services": services}).select(["CHN", "VNM"])
    return data.split_chain(
        whole,
        "manufacturing",
        ("parts", "assembly"),
        [1.0, 0.5],
        parts=0.4,
        value_added=[0.9, 1.2],
        tariff=duty,
    )


def test_a_sector_of_the_table_in_blocks_is_what_python_builds():
    """Duties of layers are known to the split; the table is the equilibrium."""
    ours = build_economy(parse_scenario(TABLE))
    abroad = ~np.eye(3, dtype=bool)[..., None]
    table = split_by_hand(abroad * np.array([0.1, 0.2]))
    rate = abroad * np.array([0.0, 0.1, 0.2, 0.0, 0.0])
    theirs = calibrate(
        table,
        theta=4.0,
        layers={"duty": (rate, "tariff")},
        uses="common",
        chains=[("parts", "assembly")],
        deficit_rule="world-share",
    )
    same(ours, theirs, exact=1e-10)
    income = table.final.sum(axis=(0, 1, 3)) + table.net_taxes_final.sum(axis=1)
    x = ours.initial_distribution()
    ones = jnp.zeros((3, 5))
    prices = {"wage": ones, "cost": ones, "income": jnp.log(income)}
    (residual, _), out = seen(ours, prices, x)
    assert max(float(jnp.abs(value).max()) for value in residual.values()) < 1e-10
    np.testing.assert_allclose(out["trade"], table.flows, rtol=1e-10, atol=1e-3)


@pytest.mark.slow
def test_a_file_is_solved_and_swept_as_python_does():
    sweep = '\n[sweep]\n"edit.parameter.0.factor" = [0.9, 1.0]\n'
    result = solve_scenario(parse_scenario(WORLD + EDIT)).dataset
    lever = Lever("tau", "times", among=("north", "south"), sectors=("parts",))
    for name, model in (("baseline", by_hand()), ("two", lever.put(by_hand(), 0.9))):
        out = short_run(model).outcomes
        ours = result.sel(scenario=name)
        assert ours["real_income"].values == pytest.approx(
            np.asarray(out["consumption"]), rel=1e-10
        )
        assert ours["trade"].values == pytest.approx(np.asarray(out["trade"]), rel=1e-10)
    swept = sweep_scenario(parse_scenario(WORLD + EDIT + sweep)).dataset
    first = swept["real_income"].isel(case=0).values
    assert first == pytest.approx(result["real_income"].sel(scenario="two").values, rel=1e-9)
    assert abs(swept["real_income_change"].isel(case=1)).max() < 1e-8


@pytest.mark.slow
def test_fit_and_policy_of_a_chain():
    lever = Lever("tau", "times", among=("north", "south"), sectors=("parts",))
    trade = np.asarray(short_run(lever.put(by_hand(), 0.9)).outcomes["trade"])
    fit = f"""
[fit.unknowns.links]
path = "tau"
operation = "times"
among = ["north", "south"]
sectors = ["parts"]
low = 0.85
high = 1.2

[fit.targets.crossing]
outcome = "trade"
origins = ["north"]
destinations = ["south"]
sectors = ["parts"]
value = {float(trade[0, 1, 1])!r}
"""
    found = fit_scenario(parse_scenario(WORLD + fit))
    assert found.dataset.attrs["status"] == "converged"
    assert float(found.found[0].values["links"]) == pytest.approx(0.9, rel=1e-6)
    policy = """
[policy]
budget = 0.02
objective = { kind = "real-income", places = ["south"] }
"""
    for name in ("parts", "assembly"):
        policy += f"""
[policy.levers.{name}]
path = "tau"
operation = "times"
among = ["north", "south"]
sectors = ["{name}"]
low = 0.85
high = 1.0
"""
    best = policy_scenario(parse_scenario(WORLD + policy))
    assert best.dataset.attrs["status"] == "converged"


TREATY = """
[tariff]
managing_cost = 0.1

[tariff.mfn_rate]
food_primary = 0.0
parts = 0.05
assembly = 0.1
"other manufacturing" = 0.0
services = 0.0

[[agreement]]
name = "pact"
members = ["CHN", "VNM"]
exclude_sectors = ["services"]
preferential_rate = 0.0
rule = { content = 0.6, width = 0.05, cumulation = "diagonal" }
compliance = { distribution = "lognormal", median = 0.03, sd = 0.8 }
"""


@pytest.mark.slow
def test_an_agreement_over_blocks_of_a_table():
    """Duties and contents of the baseline are those of the table in blocks.

    All uses have one mix of origins where there are chains, of what is paid with duties, which
    depend on contents in turn.
    """
    text = TABLE[: TABLE.index("[[layer]]")] + TREATY
    economy = build_economy(parse_scenario(text))
    x = economy.initial_distribution()
    prices = economy.initial_prices(x)
    prices |= {name: jnp.zeros_like(prices[name]) for name in ("wage", "cost")}
    (residual, _), out = seen(economy, prices, x)
    assert float(jnp.abs(residual["cost"]).max()) < 1e-10
    assert float(jnp.abs(residual["agreements.pact"]).max()) < 1e-10
    np.testing.assert_allclose(short_run(economy).outcomes["wage"], 1.0, atol=1e-9)
    parts, assembly = (economy.sectors.index(name) for name in ("parts", "assembly"))
    content = np.asarray(prices["agreements.pact"])
    # Assembly of Viet Nam holds parts from outside: its content is below that of its parts.
    assert content[1, assembly] < content[1, parts] < 1.0
    use = np.asarray(out["agreements.use_count"])
    members = [economy.places.index(name) for name in ("CHN", "VNM")]
    assert 0.0 < use[members[1], members[0], assembly] < 1.0
