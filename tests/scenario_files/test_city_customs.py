"""What stands between economies in files of cities: borders, tariffs, agreements, layers."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from merged_cities import MERGED

from neg import data
from neg.agreements import settle
from neg.barriers import Inherited
from neg.core.errors import InvalidParameterError, UnknownNameError
from neg.economy.lever import Lever
from neg.scenario_files import baseline as baselines
from neg.scenario_files import parse_scenario, read_scenario
from neg.scenario_files.resolve import resolve
from neg.scenario_files.schema import ScenarioFile
from neg.scenario_files.solving import solve_scenario
from neg.solvers.short_run import short_run

HEAD = """schema = 1
name = "there"
[output]
variables = ["real_income", "income", "agreements.effective_tariff", "agreements.use_value"]
[economy]
{economy}
deficit_rule = "spending-share"
{merged}most_places = {most}
[tariff]
mfn_rate = {{ goods = 0.08, services = 0.0 }}
[[agreement]]
name = "AFTA"
members = ["ASEAN"]
preferential_rate = 0.0
rule = {{ content = 0.40, width = 0.05, cumulation = "diagonal" }}
compliance = {{ distribution = "lognormal", median = 0.03, sd = 0.8 }}
[[border]]
economy = "MMR"
export_hours = 141.67
import_hours = 230.0
[[border]]
economy = "VNM"
export_hours = 60.0
import_hours = 60.0
export_usd = 290.0
[[border]]
economy = "SGP"
export_hours = 10.0
import_hours = 33.0
[[layer]]
name = "red_tape"
rate = {{ goods = 0.03, services = 0.1 }}
entries = [{{ origins = ["CHN"], rate = 0.05 }}]
[[part]]
name = "exchange_risk"
parameters = {{ premium = 0.01 }}
"""
EDITS = {
    "border": '[[edit.border]]\neconomies = ["MMR", "VNM"]\nlevel_of = "SGP"\n',
    "tariff": '[[edit.parameter]]\npath = "agreements.mfn"\norigins = ["CHN"]\n'
    'destinations = ["USA"]\nsectors = ["goods"]\nplus = 0.25\n',
    "agreement": '[[edit.agreement]]\naction = "replace"\nname = "AFTA"\nmembers = ["ASEAN", '
    '"CHN"]\npreferential_rate = 0.0\nrule = { content = 0.60, width = 0.05, cumulation = "full" '
    "}\n",
    "layer": '[[edit.layer]]\nlayer = "red_tape"\nfactor = 0.5\norigins = ["ASEAN"]\n',
    "swap": '[[edit.parameter]]\npath = "exchange_risk.coverage"\nvalue = 0.8\norigins = ["CHN", '
    '"KOR"]\ndestinations = ["CHN", "KOR"]\n',
}
TWO = 'places = "cities"'


def text(edits, economy=TWO, most=2):
    return HEAD.format(merged=MERGED, economy=economy, most=most) + "".join(
        EDITS[one] for one in edits
    )


@pytest.fixture(scope="module")
def cities():
    return resolve(parse_scenario(text(["border"]))).baseline


@pytest.fixture
def plain_table(monkeypatch):
    """The table without negative final flows, which cities net and economies hold as stocks."""
    loaded = baselines.load_table

    def without(scenario, folder="."):
        table = loaded(scenario, folder)
        final = np.maximum(table.final, 0.0)
        more = dataclasses.replace(table, final=final, notes=())
        return dataclasses.replace(more, value_added=more.value_added + more.imbalance)

    monkeypatch.setattr(baselines, "load_table", without)
    monkeypatch.setattr("neg.scenario_files.resolve.load_table", without)


@pytest.mark.slow
def test_one_city_an_economy_gives_the_numbers_of_economies(plain_table):
    """Every kind of edit between economies at once: changes are those of the file of economies."""
    edits = list(EDITS)
    one = solve_scenario(parse_scenario(text(edits, TWO, most=1))).dataset
    other = solve_scenario(parse_scenario(text(edits, "", most=1))).dataset
    city_of = dict(zip(one["place"].values, _economies(one), strict=True))
    for name in ("real_income_change", "income_change"):
        mine = one[name].sel(scenario="there").to_series().rename(index=city_of)
        theirs = other[name].sel(scenario="there").to_series()
        np.testing.assert_allclose(mine[theirs.index], theirs, rtol=0.0, atol=1e-9)
        assert np.abs(theirs).max() > 0.1
    for name in ("effective_tariff", "use_value"):
        mine = one[f"agreements.{name}"].values
        np.testing.assert_allclose(mine, other[f"agreements.{name}"].values, atol=1e-8)


def _economies(found):
    places = data.load_icio().places
    from neg.east_asia import city_places

    own = city_places(1)["economy"].to_dict()
    named = [own.get(str(name), str(name)) for name in found["place"].values]
    assert sorted(named) == sorted(places)
    return named


@pytest.mark.slow
def test_cities_inherit_what_their_economies_have(cities):
    parts = {part.label: part for part in cities.parts}
    lifted = {"red_tape", "exchange_risk", "clearance", "agreements"}
    assert {label for label, part in parts.items() if isinstance(part, Inherited)} == lifted
    x = cities.initial_distribution()
    scene = cities.scene(cities.initial_prices(x), x)
    names, member = list(cities.places), parts["clearance"].member
    for label in sorted(lifted):
        effects = parts[label].effects(scene)
        for value in effects.values():
            array = np.asarray(value)
            for i, j in ((0, 1), (names.index("Hanoi"), names.index("Ho Chi Minh City"))):
                assert member[i] == member[j] and not array[i, j].any() and not array[i, i].any()
            tokyo, osaka = names.index("Tokyo"), names.index("Osaka")
            np.testing.assert_array_equal(array[tokyo, 0], array[osaka, 1])
    hours = np.asarray(parts["clearance"].effects(scene)["barrier"])
    yangon, singapore = names.index("Yangon"), names.index("Singapore")
    assert hours[yangon, singapore] == pytest.approx(0.01 * (141.67 + 33.0) / 24.0)


@pytest.mark.slow
def test_the_table_is_the_baseline_with_duties_and_agreements(cities):
    """From wages of one: flows, revenue and incomes of economies are those of the table."""
    found = short_run(cities)
    out, table = found.outcomes, data.load_icio()
    member = next(part for part in cities.parts if isinstance(part, Inherited)).member
    of = np.array([[one == other for other in table.places] for one in member], dtype=float)
    trade = np.einsum("io,ijs,jd->ods", of, np.asarray(out["trade"]), of)
    flows = np.stack([table.flows[..., :2].sum(2), table.flows[..., 2:].sum(2)], axis=2)
    # Contents rest on one mix of inputs with duties, the table's on flows: a hundredth of a
    # per cent apart.
    np.testing.assert_allclose(trade / trade.sum(), flows / flows.sum(), rtol=5e-4, atol=1e-9)
    assert (np.asarray(out["tariff_revenue"]) > 0).all()


@pytest.mark.slow
def test_levers_of_economies_are_named_by_economy(cities):
    lever = Lever("clearance.import_hours", "set", places=("VNM",))
    mask = lever.mask(cities, cities.parameters()["clearance.import_hours"])
    assert mask.shape == (21,) and mask.sum() == 1
    assert cities.labels["economy"][int(mask.argmax())] == "VNM"
    with pytest.raises(UnknownNameError, match="Hanoi"):
        Lever("clearance.import_hours", "set", places=("Hanoi",)).check(cities)
    pair = Lever("agreements.mfn", "times", among=("THA", "VNM"))
    assert pair.mask(cities, cities.parameters()["agreements.mfn"])[..., 0].sum() == 2


@pytest.mark.slow
def test_a_layer_that_names_a_city_stands_between_places():
    more = text([]).replace('origins = ["CHN"], rate', 'origins = ["Hanoi"], rate')
    economy = resolve(parse_scenario(more)).baseline
    parts = {part.label: part for part in economy.parts}
    assert not isinstance(parts["red_tape"], Inherited)
    with pytest.raises(UnknownNameError, match="Hanoy"):
        resolve(parse_scenario(more.replace("Hanoi", "Hanoy")))


@pytest.mark.slow
def test_rules_of_origin_count_the_whole_economy(cities):
    """The content of a merged economy is that of its cities' sums: by hand, at any prices."""
    part = next(one for one in cities.parts if one.label == "agreements")
    x = cities.initial_distribution()
    scene = cities.scene(cities.initial_prices(x), x)
    whole = part.seen(scene).model.inputs(scene.prices, scene.x)
    own = scene.model.inputs(scene.prices, scene.x)
    seen = scene.model.flows(scene.prices, scene.x)
    paid, output = np.asarray(seen.spending)[..., 0], np.asarray(seen.revenue)
    bought, used = np.asarray(own.bought)[..., 0], np.asarray(own.used)
    here = np.array([one == "VNM" for one in part.member])
    there = np.array([one == "CHN" for one in part.member])
    v, c = part.economies.index("VNM"), part.economies.index("CHN")
    for k in range(2):
        mine = paid[here, k]
        by_hand = (bought[there][:, here, k].sum(axis=0) * mine).sum() / mine.sum()
        assert float(whole.bought[c, v, k, 0]) == pytest.approx(by_hand, rel=1e-12)
        for s in range(2):
            mean = (used[here, k, s] * output[here, s]).sum() / output[here, s].sum()
            assert float(whole.used[v, k, s]) == pytest.approx(mean, rel=1e-12)


def test_what_cannot_stand_between_economies_is_refused():
    with pytest.raises(UnknownNameError, match="economy of"):
        resolve(parse_scenario(text(["border"]).replace('economy = "MMR"', 'economy = "MRM"')))
    with pytest.raises(UnknownNameError, match="member of agreement"):
        wrong = text([]).replace('members = ["ASEAN"]', 'members = ["Hanoi", "LAO"]')
        resolve(parse_scenario(wrong))
    with pytest.raises(InvalidParameterError, match="width"):
        resolve(parse_scenario(text([]).replace("width = 0.05", "width = 0.0")))


@pytest.mark.slow
def test_gradients_through_what_cities_inherit(cities):
    lever = Lever("agreements.mfn", "times", origins=("CHN",), destinations=("VNM",))
    hours = Lever("clearance.import_hours", "times", places=("VNM",))

    @jax.jit
    def value(z):
        found = short_run(hours.put(lever.put(cities, z[0]), z[1]), throw=False)
        return jnp.log(found.outcomes["consumption"][list(cities.places).index("Hanoi")])

    z = jnp.ones(2)
    slope = jax.grad(value)(z)
    for k in range(2):
        step = 1e-4 * jnp.eye(2)[k]
        ahead, behind = value(z + step), value(z - step)
        assert float(slope[k]) == pytest.approx(float(ahead - behind) / 2e-4, rel=1e-4)
        assert float(slope[k]) != 0.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *("customs-half", "customs-clmv", "paperless", "afta", "one-for-16", "tariff-war"),
        "currency-swaps",
    ],
)
def test_shipped_files_between_economies_run_on_cities(name):
    """One place an economy, nobody moving: built, edited and solved, and something happens."""
    given = read_scenario(name).data()
    given.pop("sweep", None)
    given["economy"]["places"] = "cities"
    given["network"] = {"base": "east-asia", "most_places": 1, "carried": ["goods"]}
    given["output"] = {"variables": ["real_income"]}
    result = solve_scenario(ScenarioFile.model_validate(given))
    assert result.converged
    change = result.dataset["real_income_change"].sel(scenario=name)
    assert np.isfinite(change).all() and float(np.abs(change).max()) > 1e-3


@pytest.mark.slow
def test_contents_that_settle_step_by_step_are_those_solved_for():
    """Rules of origin count the whole economy either way; places are cities."""
    file = text([], 'places = "cities"\nmobility = "immobile"', most=1)
    economy = resolve(parse_scenario(file)).baseline
    joint, stepped = short_run(economy), settle(economy)
    for name in ("agreements.use_value", "agreements.AFTA_content", "income"):
        np.testing.assert_allclose(stepped.outcomes[name], joint.outcomes[name], rtol=1e-8)
    assert float(np.max(joint.outcomes["agreements.use_value"])) > 0.1
