"""Agreements as data: the noodle bowl counted, schedules, plain data read, what is refused."""

import itertools

import numpy as np
import pytest

from neg.agreements import (
    Agreement,
    FixedCost,
    LogNormalCost,
    PhaseIn,
    bilaterals,
    covered,
    hub_and_spokes,
    phase_in,
    read_agreements,
    uncovered,
)
from neg.core.errors import InvalidParameterError, UnknownNameError
from neg.data import ASEAN, ASEAN_PLUS_SIX

SECTORS = ("agriculture", "industry")
CEPEA = {
    "name": "CEPEA",
    "members": ["ASEAN", "CHN", "JPN", "KOR", "IND", "AUS", "NZL"],
    "exclude_sectors": ["agriculture"],
    "preferential_rate": 0.0,
    "phase_in": {"start": 2021, "years": 10},
    "rule": {"content": 0.40, "width": 0.05, "cumulation": "diagonal"},
    "compliance": {"distribution": "lognormal", "median": 0.03, "sd": 0.7},
    "services_depth": 0.25,
}


def test_the_noodle_bowl_covers_105_of_120_pairs():
    bowl = hub_and_spokes()
    counted = {one.name: len(covered([one])) for one in bowl}
    partners = {f"ASEAN-{name}": 10 for name in ("CHN", "JPN", "KOR", "IND")}
    assert counted == {"ASEAN": 45} | partners | {"ASEAN-AUS-NZL": 20}
    assert len(covered(bowl)) == 105
    assert len(covered(bilaterals(ASEAN_PLUS_SIX))) == 120
    left = {frozenset(pair) for pair in uncovered(bowl)}
    six = ("CHN", "JPN", "KOR", "IND", "AUS", "NZL")
    assert left == {frozenset(pair) for pair in itertools.combinations(six, 2)}
    assert len(uncovered(bowl)) == 15
    assert uncovered([Agreement("sixteen", ("ASEAN_PLUS_SIX",))]) == []
    spoke = bowl[1]
    assert ("CHN", "VNM") in spoke.pairs and ("THA", "VNM") not in spoke.pairs
    assert set(spoke.zone) == {*ASEAN, "CHN"}


def test_a_schedule_says_what_is_kept_by_year():
    one = Agreement("A", ("x", "y"), phase_in=PhaseIn(schedule=phase_in(10), start=2021))
    kept = [float(one.in_year(year).phase_in.kept) for year in (2000, 2021, 2026, 2031, 2050)]
    np.testing.assert_allclose(kept, [1.0, 1.0, 0.5, 0.0, 0.0])
    listed = Agreement("A", ("x", "y"), phase_in=PhaseIn(schedule=(0.8, 0.3), start=2020))
    assert [float(listed.in_year(y).phase_in.kept) for y in (2019, 2020, 2021)] == [1.0, 0.8, 0.3]
    np.testing.assert_allclose(one.in_year(2026).duty(np.array([0.1])), 0.05)
    # A margin is a ratio of one plus duties; no preference raises a duty.
    margin = Agreement("A", ("x", "y"), margin=0.04)
    np.testing.assert_allclose(1.1 / (1 + margin.duty(np.array([0.1]))), 1.04)
    np.testing.assert_allclose(margin.duty(np.array([0.02])), 0.0, atol=1e-15)
    assert float(Agreement("A", ("x", "y"), 0.2).duty(np.array([0.1]))[0]) == pytest.approx(0.1)


def test_plain_data_is_read():
    part = read_agreements([CEPEA], SECTORS, year=2026, mfn=0.1, nu=0.0)
    one = part["CEPEA"]
    assert len(one.members) == 16 and one.rule.cumulation == "diagonal"
    np.testing.assert_allclose(one.lines.share(SECTORS), [0.0, 1.0])
    assert float(one.phase_in.kept) == 0.5 and float(one.depth) == 0.25
    assert float(one.rule.content) == 0.4
    assert isinstance(part.compliance, LogNormalCost) and float(part.compliance.sd) == 0.7
    by_sector = {"name": "B", "members": ["THA", "VNM"], "margin": {"industry": 0.05}}
    by_sector |= {"coverage": {"agriculture": 0.2}}
    by_sector |= {"compliance": {"distribution": "fixed", "highest": 0.2, "zeta": 1.4}}
    part = read_agreements([by_sector], SECTORS)
    np.testing.assert_allclose(part["B"].margin, [0.0, 0.05])
    np.testing.assert_allclose(part["B"].lines.coverage, [0.2, 1.0])
    assert isinstance(part.compliance, FixedCost) and float(part.compliance.zeta) == 1.4


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"memebrs": []}, InvalidParameterError, "'CEPEA': memebrs: is no key .*'members'"),
        (
            {"rule": {"content": 0.4, "cumulaton": "full"}},
            *(InvalidParameterError, "rule.cumulaton: is no key .*did you mean 'cumulation'"),
        ),
        ({"preferential_rate": "0.05"}, InvalidParameterError, r"preferential_rate.*not '0.05'"),
        ({"preferential_rate": True}, InvalidParameterError, "preferential_rate.*not True"),
        ({"members": ["JPN"]}, InvalidParameterError, r"'CEPEA' holds between nobody.*\['JPN'\]"),
        (
            {"compliance": {"median": 0.03, "zeta": 1.5}},
            *(InvalidParameterError, "zeta = 1.5 is no parameter of a lognormal.*median, sd"),
        ),
        (
            {"compliance": {"distribution": "fixed", "highest": 0.2, "sd": 0.8}},
            *(InvalidParameterError, "sd = 0.8 is no parameter of a fixed.*highest, zeta"),
        ),
        (
            {"compliance": {"distribution": "uniform", "highest": 0.1, "sd": 0.8}},
            *(InvalidParameterError, "sd = 0.8 is no parameter of a uniform"),
        ),
        ({"rule": {"content": 0.4, "cumulation": "x"}}, InvalidParameterError, "rule.cumulation"),
        ({"rule": {"content": 1.4}}, InvalidParameterError, r"content = 1.4 .*\[0, 1\]"),
        ({"coverage": 1.4}, InvalidParameterError, r"coverage = 1.4 .*\[0, 1\]"),
        ({"coverage": {"cars": 0.1}}, UnknownNameError, "coverage of agreement 'CEPEA': 'cars'"),
        ({"margin": 0.1}, InvalidParameterError, "gives preferential_rate and margin"),
        ({"phase_in": {"start": 2021}}, InvalidParameterError, "exactly one of years and kept"),
        (
            {"compliance": {"distribution": "uniform", "median": 0.1}},
            *(InvalidParameterError, "given by its highest, not by"),
        ),
    ],
)
def test_bad_data_is_named(change, error, words):
    with pytest.raises(error, match=words):
        read_agreements([CEPEA | change], SECTORS)


def test_an_unknown_key_comes_before_the_one_it_stands_for():
    with pytest.raises(InvalidParameterError, match="member: is no key .*did you mean 'members'"):
        read_agreements([{"name": "A", "member": ["THA", "VNM"]}], SECTORS)


def test_groups_stand_among_members():
    part = read_agreements([{"name": "A", "members": ["EAST_ASIA", "AUS"]}], SECTORS)
    assert len(part["A"].members) == 15


def test_firms_draw_once_for_all_agreements():
    other = CEPEA | {"name": "B", "compliance": {"distribution": "uniform", "highest": 0.1}}
    with pytest.raises(InvalidParameterError, match="different distributions"):
        read_agreements([CEPEA, other], SECTORS)
