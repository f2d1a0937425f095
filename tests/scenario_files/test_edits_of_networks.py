"""Edits of borders and links move what they say and nothing else; cases cut off say so."""

from __future__ import annotations

import numpy as np
import pytest
from small_network import SAME, TEXT, with_links

from neg.core.errors import DisconnectedPlaceError, InvalidParameterError, UnknownNameError
from neg.scenario_files import check_scenario, parse_scenario, solve_scenario, sweep_scenario
from neg.scenario_files.hours import joined, layers_of_hours
from neg.scenario_files.report import report
from neg.scenario_files.resolve import resolve

RAIL = 'from = "a", to = "b", mode = "rail", km = 200.0'


def border(text, said):
    return parse_scenario(f"{text}[[edit.border]]\n{said}\nhours = 1.0\n")


def link(text, said):
    return parse_scenario(f'{text}[[edit.link]]\nfrom = "a"\nto = "b"\n{said}\n')


@pytest.mark.parametrize("change", ["time_factor = 0.5", "close = true"])
def test_one_direction_of_a_link_for_both_cannot_be_edited(change):
    with pytest.raises(InvalidParameterError, match=r"two_way = false .*'a-b:road'.*both"):
        resolve(link(TEXT, f"two_way = false\n{change}"))


def test_one_direction_is_edited_where_links_are_given_one_way():
    one = with_links(TEXT, 'from = "b", to = "a", km = 300.0, two_way = false')
    one = one.replace('to = "b", km = 300.0', 'to = "b", km = 300.0, two_way = false')
    found = resolve(link(one, "two_way = false\ntime_factor = 0.5"))
    assert [move.lever.links for move in found.moves] == [("a-b:road",)]
    both = resolve(link(one, "time_factor = 0.5"))
    assert {*both.moves[0].lever.links} == {"a-b:road", "b-a:road"}


@pytest.mark.parametrize(
    ("text", "said", "error", "told"),
    [
        (TEXT, 'between = ["AA", "BB"]\nmode = "raod"', UnknownNameError, "'raod'.*road, rail"),
        (
            with_links(TEXT, RAIL),
            *('between = ["AA", "BB"]\nmode = "road"', InvalidParameterError, "rail.*each mode"),
        ),
        (
            *(TEXT, 'between = ["AA", "BB"]\nmode = "rail"'),
            *(InvalidParameterError, "no border of the network that 'rail' crosses"),
        ),
        (TEXT, 'economies = ["AA", "BX"]', UnknownNameError, "'BX'; allowed: AA, BB, CC"),
        (TEXT, 'between = ["AA", "BX"]', UnknownNameError, "'BX'"),
    ],
)
def test_an_edit_of_borders_that_would_move_another_or_none_is_refused(text, said, error, told):
    with pytest.raises(error, match=told):
        resolve(border(text, said))


def test_an_edit_by_mode_moves_the_border_of_that_mode_only():
    apart = with_links(TEXT, RAIL) + '[[network.border]]\nbetween = ["AA", "BB"]\nmode = "rail"\n'
    for mode, label in (("road", "AA-BB"), ("rail", "AA-BB:rail")):
        found = resolve(border(apart, f'between = ["AA", "BB"]\nmode = "{mode}"'))
        assert found.moves[0].lever.borders == (label,)
    rail = resolve(border(apart, 'economies = ["AA"]\nmode = "rail"'))
    assert rail.moves[0].lever.borders == ("AA-BB:rail", "AA-CC")
    everyone = resolve(border(apart.replace("AA", "THA"), 'economies = ["ASEAN"]'))
    assert len(everyone.moves[0].lever.borders) == 3


def test_sales_at_home_are_in_no_layer_of_time_and_what_is_not_solved_is_empty():
    pairs = joined(resolve(parse_scenario(SAME)).baseline)
    np.testing.assert_array_equal(pairs, ~np.eye(3, dtype=bool))
    hours = np.full((3, 3), 30.0) * pairs + 0.01 * np.eye(3)
    shares = layers_of_hours(hours, np.ones((3, 3, 2)), pairs)
    assert shares.values.tolist() == [0.0, 1.0, 0.0, 0.0]
    for missing in (np.full((3, 3), np.nan), np.where(pairs, np.inf, 0.0)):
        assert np.isnan(layers_of_hours(missing, np.ones((3, 3)), pairs)).all()
    gates = TEXT.replace('"b", economy = "BB" }', '"b", economy = "BB", weight = 0.0 }')
    on = joined(resolve(parse_scenario(gates)).baseline)
    assert on.sum() == 2 and on[0, 2] and on[2, 0]


@pytest.mark.slow
def test_a_case_that_is_cut_off_is_empty_and_says_why():
    edits = '[[edit.parameter]]\npath = "network.closed"\nlinks = ["a-b:road"]\nvalue = 1.0\n'
    shut = '[[edit.link]]\nfrom = "a"\nto = "c"\nmode = "rail"\nclose = true\n'
    swept = '[sweep]\n"edit.parameter.0.value" = [0.0, 1.0]\n'
    output = '[output]\nvariables = ["real_income", "time_layers"]\n'
    file = parse_scenario(SAME + shut + edits + swept + output)
    result = sweep_scenario(file)
    found = result.dataset
    assert found["solve_status"].values.tolist() == ["converged", "no_equilibrium"]
    assert "no route leads from 'a'" in str(found["solve_reason"].values[1])
    assert "Not solved, case 1: no route leads from 'a'" in report(result, {}, [], "md")
    for name in ("real_income", "time_layers"):
        assert np.isfinite(found[name][0]).all() and np.isnan(found[name][1]).all()
    with pytest.raises(DisconnectedPlaceError):
        solve_scenario(file)
    with pytest.raises(DisconnectedPlaceError):
        check_scenario(file)
