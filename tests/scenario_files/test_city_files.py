"""Files on the embedded network: economies through their places, and places themselves."""

from __future__ import annotations

import numpy as np
import pytest
from merged_cities import MERGED

from neg.core.errors import (
    DisconnectedPlaceError,
    InvalidDataError,
    InvalidParameterError,
    UnknownNameError,
)
from neg.network import Carriage, Gates
from neg.scenario_files import check_scenario, parse_scenario, read_scenario
from neg.scenario_files.report import in_words
from neg.scenario_files.resolve import resolve
from neg.scenario_files.solving import solve_scenario

HEAD = """schema = 1
name = "there"
[output]
variables = ["real_income", "network.hours"]
[economy]
{economy}
{merged}most_places = 2
{network}
"""
CITIES = 'places = "cities"\nmobility = "within-economies"'
BORDER = """
[[edit.border]]
between = ["THA", "LAO"]
mode = "road"
hours = 2.0
"""


def text(economy="", network="", more=""):
    return HEAD.format(merged=MERGED, economy=economy, network=network) + more


def test_a_file_of_cities_is_built_and_its_edits_bite():
    scenario = parse_scenario(text(CITIES, more=BORDER))
    found = resolve(scenario)
    economy = found.baseline
    assert {"Bangkok", "Savannakhet", "USA"} <= set(economy.places) and len(economy.places) < 40
    part = next(one for one in economy.parts if isinstance(one, Carriage))
    assert type(part) is Carriage and part.carried == ("goods",)
    (move,) = found.moves
    assert move.lever.borders == ("LAO-THA:road",)
    assert found.baseline.closure.named("deficit_rule") == "spending-share"
    words = " ".join(in_words(scenario))
    assert "Assumed: roads" in words and "GeoNames" in words


def test_economies_trade_through_their_places():
    scenario = parse_scenario(
        text(more=BORDER.replace("between", "economies").replace('["THA", "LAO"]', '["LAO"]'))
    )
    economy = resolve(scenario).baseline
    part = next(one for one in economy.parts if isinstance(one, Gates))
    gates = {}
    for place, node, weight in part.gates:
        gates.setdefault(place, {})[node] = weight
    assert len(gates) == 21 and set(gates["LAO"]) == {"Vientiane", "Savannakhet"}
    for weights in gates.values():
        assert sum(weights.values()) == pytest.approx(1.0, abs=1e-12)


def test_a_file_adds_to_the_network_and_replaces_what_has_the_same_label():
    link = 'link = [{ from = "Bangkok", to = "Vientiane", km = 500.0 }]'
    border = 'border = [{ between = ["THA", "LAO"], mode = "road", usd = 1.0, hours = 1.0 }]'
    economy = resolve(parse_scenario(text(network=f"{link}\n{border}", more=BORDER))).baseline
    part = next(one for one in economy.parts if isinstance(one, Carriage))
    labels = part.network.labels
    assert "Bangkok-Vientiane:road" in labels["link"]
    k = labels["border"].index("LAO-THA:road")
    assert float(part.network.costs.border_hours[k]) == 1.0
    assert labels["border"].count("LAO-THA:road") == 1


@pytest.mark.parametrize(
    ("economy", "network", "more", "error", "match"),
    [
        (CITIES + '\nkeep = ["THA"]', "", "", InvalidDataError, "economy.keep"),
        (CITIES + '\nuses = "separate"', "", "", InvalidDataError, "economy.uses"),
        (
            'places = "cities"\nmobility = "everywhere"',
            "",
            "",
            InvalidParameterError,
            "within-economies",
        ),
        (
            CITIES,
            'place = [{ name = "Pakse", economy = "LAO" }]',
            "",
            DisconnectedPlaceError,
            "Pakse",
        ),
        (
            "",
            'place = [{ name = "Pakse", economy = "LAO", weight = 0.5 }]\n'
            'link = [{ from = "Pakse", to = "Savannakhet", km = 250.0 }]',
            "",
            InvalidDataError,
            "people are the weights",
        ),
        (CITIES, "", BORDER.replace("LAO", "LOA"), UnknownNameError, "at a border of .* 'LOA'"),
        (
            CITIES,
            "",
            '[[edit.link]]\nfrom = "Bangkok"\nto = "Tokyo"\ntime_factor = 0.5\n',
            UnknownNameError,
            "Bangkok-Tokyo:road",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(economy, network, more, error, match):
    with pytest.raises(error, match=match):
        resolve(parse_scenario(text(economy, network, more)))


def test_cities_need_the_roads_between_them():
    bare = 'schema = 1\nname = "there"\n[economy]\nplaces = "cities"\n'
    with pytest.raises(InvalidDataError, match="base = 'east-asia'"):
        resolve(parse_scenario(bare))


@pytest.mark.slow
def test_the_shipped_file_of_cities_names_what_it_edits():
    scenario = read_scenario("mekong-cities")
    assert scenario.economy.places == "cities" and scenario.network.base == "east-asia"
    assert check_scenario(scenario) == []


@pytest.mark.slow
def test_faster_borders_help_the_places_next_to_them():
    result = solve_scenario(parse_scenario(text(CITIES, more=BORDER)))
    assert result.converged
    change = result.dataset["real_income_change"].sel(scenario="there")
    assert float(change.sel(place="Savannakhet")) > float(change.sel(place="Tokyo")) > -0.1
    hours = result.dataset["network.hours"].sel(sector="goods")
    gain = hours.sel(scenario="baseline") - hours.sel(scenario="there")
    assert float(gain.sel(origin="Bangkok", destination="Vientiane")) == pytest.approx(10.0)
    assert np.isfinite(change).all()
