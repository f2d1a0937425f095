"""Checks see cases of a sweep that cannot be, edits that do nothing, and layers that can move."""

from __future__ import annotations

import numpy as np
import pytest
from small_network import SAME, TEXT

from neg.core.errors import InvalidParameterError, SpectralRadiusError, UnknownNameError
from neg.scenario_files import check_scenario, parse_scenario, sweep_scenario
from neg.scenario_files.resolve import resolve
from neg.scenario_files.trying import ends

BORDER = '[[edit.border]]\nbetween = ["AA", "BB"]\n'
SWEPT = '[sweep]\n"edit.border.0.hours_factor" = '
PACT = """
[tariff]
mfn_rate = 0.1
[[agreement]]
name = "pact"
members = ["A", "B"]
rule = { content = 0.4, width = 0.05 }
[[edit.agreement]]
"""
REPLACED = 'action = "replace"\nname = "pact"\n'


def test_cases_at_the_ends_of_a_sweep():
    points = [{"a": a, "b": b} for a in (2.0, 1.0, 3.0) for b in ("x", "y")]
    chosen = ends(points)
    assert chosen[0] == points[0] and len(chosen) == 4
    assert {one["a"] for one in chosen} == {1.0, 2.0, 3.0} and {"x", "y"} == {
        one["b"] for one in chosen
    }
    assert ends([]) == [] and ends([{}]) == [{}]


@pytest.mark.parametrize("use", [check_scenario, sweep_scenario])
def test_a_value_of_a_sweep_that_cannot_be_is_named_before_a_solve(use):
    text = TEXT + BORDER + "hours_factor = 0.5\n"
    with pytest.raises(InvalidParameterError, match="edit.border.0.hours_factor"):
        use(parse_scenario(text + SWEPT + "[1.0, -0.5, 0.5]\n"))
    with pytest.raises(SpectralRadiusError):
        use(
            parse_scenario(
                TEXT.replace('"least"', '"smooth"') + '[sweep]\n"network.dispersion" = [0.005, 9]\n'
            )
        )


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ('"agreement.0.rule.contnt" = [0.3]', "contnt"),
        ('"agreement.0.rule.content" = [40.0]', "40"),
    ],
)
def test_a_term_of_an_agreement_that_is_swept_is_checked(folder, values, told):
    text = (folder / "small.toml").read_text().partition("[[edit")[0]
    text += PACT.partition("[[edit")[0] + f"[sweep]\n{values}\n"
    with pytest.raises((InvalidParameterError, UnknownNameError), match=told):
        check_scenario(parse_scenario(text), folder=folder)


def test_a_case_of_a_sweep_that_no_goods_can_reach_is_told():
    edit = '[[edit.parameter]]\npath = "network.theta"\nvalue = 200.0\n'
    text = SAME.replace('"least"', '"smooth"') + edit
    found = check_scenario(
        parse_scenario(text + '[sweep]\n"edit.parameter.0.value" = [200.0, 1]\n')
    )
    assert len(found) == 1 and "edit.parameter.0.value = 1" in found[0]
    assert "no equilibrium: theta = 1 " in found[0]


@pytest.mark.parametrize(
    ("edits", "told"),
    [
        (
            BORDER + "hours = 5.0\n" + BORDER + "hours = 7.0\n",
            ["edit.border.0.hours is lost: edit.border.1.hours sets the same to its own value"],
        ),
        (
            BORDER + "hours_factor = 0.5\n" + BORDER + "hours_factor = 2.0\n",
            ["the scenario changes nothing"],
        ),
        (
            BORDER + "hours = 5.0\n" + BORDER + "hours_factor = 2.0\n",
            ["the scenario changes nothing"],
        ),
        (BORDER + "hours_factor = 0.5\n" + SWEPT + "[1.0, 0.5]\n", []),
        (
            BORDER.replace("BB", "CC") + "hours_factor = 0.5\n" + SWEPT + "[1.0, 0.5]\n",
            ["edit.border.0.hours_factor changes nothing", "the scenario changes nothing"],
        ),
    ],
)
def test_edits_that_are_lost_or_do_nothing_are_told(edits, told):
    text = TEXT.replace('["AA", "CC"]\nusd = 100.0\nhours = 10.0', '["AA", "CC"]\nusd = 100.0')
    assert check_scenario(parse_scenario(text + edits)) == told


@pytest.mark.parametrize(
    ("edit", "same"),
    [
        (REPLACED + 'members = ["B", "A"]\nrule = { content = 0.4 }\nservices_depth = 0.0\n', True),
        (REPLACED + 'members = ["B", "A"]\nrule = { content = 0.5 }\n', False),
        (REPLACED + 'members = ["B", "C"]\nrule = { content = 0.4 }\n', False),
        ('action = "remove"\nnames = ["pact"]\n', False),
    ],
)
def test_edits_of_agreements_and_others_are_each_told(folder, edit, same):
    text = (folder / "small.toml").read_text().partition("[[edit")[0]
    idle = '[[edit.layer]]\nlayer = "border"\nfactor = 1.0\n'
    found = check_scenario(parse_scenario(text + idle + PACT + edit), folder=folder)
    assert "edit.layer.0.factor changes nothing" in found
    assert ("edits of agreements change nothing" in found) == same
    assert ("the scenario changes nothing" in found) == same


def test_a_depth_without_barriers_is_told_and_barriers_stand_at_the_baseline(folder):
    text = (folder / "small.toml").read_text().partition("[[edit")[0]
    text += PACT.replace("members", "services_depth = 0.25\nmembers").partition("[[edit")[0]
    found = check_scenario(parse_scenario(text), folder=folder)
    assert any("services_depth = 0.25 of agreement 'pact'" in one for one in found)
    text = text.replace("mfn_rate = 0.1", "mfn_rate = 0.1\nntm_rate = 0.04")
    file = parse_scenario(text)
    assert not any("services_depth" in one for one in check_scenario(file, folder=folder))
    ntm = np.asarray(resolve(file, folder).baseline.part("agreements").ntm)[..., 0]
    np.testing.assert_array_equal(ntm, 0.04 * (1 - np.eye(3)))


def test_registered_layers_move_by_a_factor_or_say_what_moves_them():
    parts = (
        '[[part]]\nname = "time"\nparameters = { hours = 20.0 }\n[[part]]\nname = "exchange_risk"\n'
    )
    text = TEXT + parts
    half = resolve(parse_scenario(text + '[[edit.layer]]\nlayer = "time"\nfactor = 0.5\n'))
    hours = np.asarray(half.edited.value("time.hours"))
    np.testing.assert_array_equal(hours[~np.eye(3, dtype=bool)], 10.0)
    for layer, change, told in (
        ("time", "cost", "edit.parameter moves time.hours, time.daily, and edit.layer by a factor"),
        ("network", "factor", "edit.parameter moves network."),
        ("exchange_risk", "factor", "edit.parameter moves exchange_risk."),
    ):
        edit = f'[[edit.layer]]\nlayer = "{layer}"\n{change} = 0.5\n'
        with pytest.raises(InvalidParameterError, match=f"edit.layer.0.{change} .*{told}"):
            resolve(parse_scenario(text + edit))
    with pytest.raises(UnknownNameError, match="'tim'; allowed: time$"):
        resolve(parse_scenario(text + '[[edit.layer]]\nlayer = "tim"\nfactor = 0.5\n'))
