"""Files say what they mean: round trips, unknown keys with the nearest one, values named."""

from __future__ import annotations

import tomllib

import pytest

from neg.core.errors import InvalidDataError, InvalidParameterError, UnknownNameError
from neg.scenario_files import parse_scenario, read_scenario, shipped, to_toml, write_scenario
from neg.scenario_files.plausible import implausible
from neg.scenario_files.points import case_key, fingerprint, points_of
from neg.scenario_files.reading import FILES

HEAD = 'schema = 1\nname = "x"\n'
NAMES = sorted(path.stem for path in FILES.glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_round_trips_and_says_what_it_assumes(name, tmp_path):
    scenario = read_scenario(name)
    assert scenario.name == name and scenario.assumptions and scenario.description
    text = to_toml(scenario)
    assert parse_scenario(text) == scenario
    assert to_toml(parse_scenario(text)) == text
    # What the file says, key by key, is what is kept.
    assert scenario.data() == tomllib.loads((FILES / f"{name}.toml").read_text())
    assert read_scenario(write_scenario(scenario, tmp_path / "copy.toml")) == scenario


def test_the_files_of_the_specification_are_there():
    assert len(shipped()) >= 12
    assert {"afta", "one-for-16", "full-cumulation", "customs-half", "customs-clmv"} <= set(NAMES)
    assert {"paperless", "bangkok-hanoi-truck", "trucking-standard", "port-closes"} <= set(NAMES)
    assert {"mekong-corridor", "fuel-doubles", "currency-swaps", "tariff-war"} <= set(NAMES)


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        (HEAD + "[economy]\nteta = 3.0", UnknownNameError, r"economy.teta .*'theta'"),
        (
            HEAD + '[[edit.border]]\neconomies = ["A"]\nhour_factor = 0.5',
            UnknownNameError,
            r"f.toml: edit.border.0.hour_factor .*'hours_factor'",
        ),
        (
            HEAD + '[network]\nlink = [{ from = "a", to = "b", kms = 1.0 }]',
            UnknownNameError,
            r"network.link.0.kms .*'km'",
        ),
        ('schema = 2\nname = "x"', InvalidParameterError, "schema must be 1"),
        ('name = "x"', InvalidParameterError, "schema must be 1"),
        (HEAD + '[economy]\ntheta = "4"', InvalidParameterError, "economy.theta '4'"),
        (HEAD + "[economy]\ntheta = inf", InvalidParameterError, "finite"),
        (
            HEAD + '[[edit.border]]\neconomies = ["A"]\nhours = 1.0\nfee_usd = 2.0',
            InvalidParameterError,
            "exactly one of",
        ),
        (HEAD + "[[edit.border]]\nhours = 1.0", InvalidParameterError, "between and economies"),
        (HEAD + "[sweep]\na = []", InvalidParameterError, "empty"),
        # Units: a number is a number, without one; the unit is in the key.
        (
            HEAD + '[[border]]\neconomy = "A"\nimport_hours = "90 min"',
            *(InvalidParameterError, r"border.0.import_hours .*number"),
        ),
        (
            HEAD + '[[border]]\neconomy = "A"\nimport_minutes = 90.0',
            *(UnknownNameError, r"border.0.import_minutes"),
        ),
        (HEAD + "[shipment]\nweight_kg = 1.0", UnknownNameError, r"shipment.weight_kg"),
        (HEAD + '[tariff]\nmfn_rate = "19.5 %"', InvalidParameterError, r"tariff.mfn_rate"),
        (HEAD + '[economy]\nsolve = "long"', InvalidParameterError, "somebody must"),
        ('schema = 1\nname = "../up"', InvalidParameterError, "name"),
        ("schema = ", InvalidDataError, "TOML"),
    ],
)
def test_what_is_wrong_is_named(text, error, told):
    with pytest.raises(error, match=told):
        parse_scenario(text, "f.toml")


@pytest.mark.parametrize(
    ("text", "path", "value", "words"),
    [
        ("[tariff]\nmfn_rate = {}", "tariff.mfn_rate", 19.5, "0.195 is 19.5 %"),
        ("[tariff]\nmfn_rate = {{ goods = {} }}", "tariff.mfn_rate.goods", 8.0, "shares"),
        ('[[layer]]\nname = "b"\nrate = {}', "layer.0.rate", 12.0, "shares"),
        ('[[border]]\neconomy = "A"\nimport_hours = {}', "border.0.import_hours", 8640.0, "hours"),
        ("[shipment]\nvalue_usd = {}", "shipment.value_usd", 30.0, "USD a shipment"),
        ("[shipment]\ntime_cost_per_day = {}", "shipment.time_cost_per_day", 1.3, "a day"),
        (
            '[network]\n[[network.link]]\nfrom = "A"\nto = "B"\nkm = {}',
            *("network.link.0.km", 760000.0, "in km"),
        ),
        (
            '[network]\n[[network.mode]]\nname = "road"\nkmh = {}',
            *("network.mode.0.kmh", 0.9, "km an hour"),
        ),
        (
            '[[agreement]]\nname = "pact"\nmembers = ["A", "B"]\npreferential_rate = {}',
            *("agreement.0.preferential_rate", 5.0, "shares"),
        ),
        (
            '[[agreement]]\nname = "pact"\nmembers = ["A", "B"]\nmargin = {}',
            *("agreement.0.margin", 5.0, "shares"),
        ),
        (
            '[[agreement]]\nname = "pact"\nmembers = ["A"]\ncompliance = {{ median = {} }}',
            *("agreement.0.compliance.median", 3.0, "0.03 is 3 %"),
        ),
        ("[tariff]\nntm_rate = {}", "tariff.ntm_rate", 8.0, "shares"),
        (
            '[[edit.border]]\neconomies = ["A"]\nhours_factor = {}',
            *("edit.border.0.hours_factor", 50.0, "0.5 is half"),
        ),
        (
            '[[edit.layer]]\nlayer = "b"\nfactor = {}',
            *("edit.layer.0.factor", 50.0, "0.5 is half"),
        ),
        (
            '[sweep]\n"edit.link.0.time_factor" = {{ from = {}, to = 1.0, steps = 50 }}',
            *("sweep.edit.link.0.time_factor.from", 50.0, "0.5 is half"),
        ),
        (
            '[sweep]\ncases = [{{ "edit.border.0.fee_factor" = {} }}]',
            *("sweep.cases.0.edit.border.0.fee_factor", 50.0, "0.5 is half"),
        ),
    ],
)
def test_a_number_in_another_unit_is_asked_about(text, path, value, words):
    """One sentence that names the key, the value and the unit; a hundredth of it raises none."""
    found = implausible(parse_scenario(HEAD + text.format(value)))
    assert len(found) == 1 and found[0].startswith(f"{path} = {value:g} ") and words in found[0]
    usual = value * 1000.0 if value in (30.0, 0.9) else value / 100.0
    assert not implausible(parse_scenario(HEAD + text.format(usual)))


def test_shipped_files_are_in_their_units():
    assert [implausible(read_scenario(name)) for name in NAMES] == [[]] * len(NAMES)


def test_a_name_that_is_not_shipped():
    with pytest.raises(UnknownNameError, match="did you mean 'customs-half'"):
        read_scenario("custom-half")


def test_a_file_executes_nothing(tmp_path):
    mark = tmp_path / "ran"
    for value in (f"__import__('os').mkdir('{mark}')", "os.system", "neg.cli:main"):
        with pytest.raises((InvalidParameterError, UnknownNameError)):
            parse_scenario(HEAD + f'[economy]\ntheta = "{value}"')
    assert not mark.exists()


def test_points_of_grids_and_lists():
    grid = parse_scenario(
        HEAD + '[sweep]\n"economy.theta" = [4.0, 5.0]\n"economy.alpha" = { from = 0, to = 0.3, '
        "steps = 4 }"
    )
    points = points_of(grid)
    assert len(points) == 8 and points[1] == {"economy.theta": 4.0, "economy.alpha": 0.1}
    assert points[-1] == {"economy.theta": 5.0, "economy.alpha": 0.3}
    listed = parse_scenario(
        HEAD + '[sweep]\ncases = [{ "economy.theta" = 4.0 }, { "economy.theta" = 6.0 }]'
    )
    assert points_of(listed) == [{"economy.theta": 4.0}, {"economy.theta": 6.0}]
    assert points_of(parse_scenario(HEAD)) == [{}]


def test_a_key_is_of_the_numbers_and_not_of_words():
    one = parse_scenario(HEAD + "[economy]\ntheta = 4.0")
    other = parse_scenario('schema = 1\nname = "y"\ndescription = "d"\n[economy]\ntheta = 5.0')
    base, there = fingerprint(one), fingerprint(other)
    assert case_key(base, {"economy.theta": 5.0}) == case_key(there, {})
    assert case_key(base, {}) != case_key(there, {})
