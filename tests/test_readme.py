"""What README.md prints is what runs: the new model, the ten lines, the commands."""

from __future__ import annotations

import ast
import importlib
import re
import sys
import types
from pathlib import Path

import jax
import numpy as np
import pytest
from scipy.optimize import brentq

import neg
from neg.cli import _parser
from neg.cli.build import build_model
from neg.data import RCEP, load_icio
from neg.economy.model import Model

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
SHELL = [line for language, text in BLOCKS if language == "sh" for line in text.splitlines()]


def marked(name: str) -> str:
    """The Python block that follows the mark of this name."""
    return re.search(rf"<!-- {name} -->\n```python\n(.*?)```", README, flags=re.DOTALL).group(1)


def execute(code: str) -> dict:
    """Run a block as a module of its own; what it defines."""
    module = types.ModuleType("readme")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "readme", module)  # where classes look for their module
        exec(compile(code, "README.md", "exec"), module.__dict__)
    return vars(module)


# A new model ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crowded():
    """What the block defines; the registry of models forgets it afterwards."""
    before = dict(Model.registry)
    yield execute(marked("new-model"))
    Model.registry.clear()
    Model.registry.update(before)


def test_a_new_model_takes_at_most_forty_lines():
    lines = [line for line in marked("new-model").splitlines() if line.strip()]
    assert 15 < len(lines) <= 40


def test_the_new_model_is_known_by_its_name(crowded):
    assert neg.get_model("crowded-places") is crowded["CrowdedPlaces"]


def test_crowding_spreads_people_evenly(crowded):
    spread = crowded["spread"]
    np.testing.assert_allclose(spread.x, [0.5, 0.5], atol=1e-9)
    assert spread.stable and float(spread.residual) < 1e-10


def gap(sigma, delta, tau, x):
    """Payoff difference between two places, from the model's equations by bisection alone."""
    phi = tau ** (1 - sigma)

    def wages(ratio):  # of place 0 to place 1, at an average wage of one
        other = 1 / (x * ratio + 1 - x)
        return np.array([ratio * other, other])

    def index(w):
        supply = np.array([x, 1 - x]) * w ** (1 - sigma)
        return (supply + phi * supply[::-1]) ** (1 / (1 - sigma))

    def excess(ratio):
        w = wages(ratio)
        market = np.array([x, 1 - x]) * w * index(w) ** (sigma - 1)
        demand = market + phi * market[::-1]
        return np.log(demand[0] / demand[1]) - sigma * np.log(ratio)

    ratio = brentq(excess, 0.05, 20.0, xtol=1e-15, rtol=1e-14)
    p = index(wages(ratio))
    return np.log(ratio) - np.log(p[0] / p[1]) - delta * np.log(x / (1 - x))


@pytest.mark.slow
@pytest.mark.parametrize("delta", [0.2, 0.3])
def test_break_point_of_the_new_model(crowded, delta):
    """Z (2 sigma - 1) = delta (sigma - 1) (sigma + (sigma - 1) Z), Z = (1 - phi) / (1 + phi)."""
    model = crowded["CrowdedPlaces"](delta=delta)
    sigma = float(model.sigma)
    z = delta * sigma * (sigma - 1) / (2 * sigma - 1 - delta * (sigma - 1) ** 2)
    phi = (1 - z) / (1 + z)
    searched = neg.thresholds(model)
    assert searched.of_kind("sustain") == ()  # crowding has no limit, so no corner is one
    assert "gains without bound" in searched.missing["sustain"]
    found = searched.of_kind("break")
    assert [point.value for point in found] == pytest.approx([phi ** (1 / (1 - sigma))], rel=1e-8)
    # And from the equations themselves, solved by bisection: where small deviations neither pay
    # nor cost.
    h = 1e-4
    slope = lambda tau: gap(sigma, delta, tau, 0.5 + h) / h
    assert found[0].value == pytest.approx(brentq(slope, 1.05, 3.0, xtol=1e-12), rel=1e-6)
    assert found[0].below == "stable"


@pytest.mark.slow
def test_all_equilibria_of_the_new_model(crowded):
    """Beyond the break point: the even split, unstable, and two mirror images that solve it."""
    model = crowded["CrowdedPlaces"](delta=0.2, tau=1.6)
    found = neg.equilibria(model)
    shares = sorted(float(point.x[0]) for point in found.points)
    assert [point.stable for point in sorted(found.points, key=lambda p: float(p.x[0]))] == [
        *(True, False, True)
    ]
    expected = brentq(lambda x: gap(4.0, 0.2, 1.6, x), 0.51, 1 - 1e-9, xtol=1e-15)
    assert shares == pytest.approx([1 - expected, 0.5, expected], abs=1e-9)


# A new part and a new layer -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def composed():
    """What the three blocks define, run one after the other as the README prints them."""
    return execute("\n".join(marked(name) for name in ("new-part", "new-layer", "compose")))


def test_a_new_mechanism_takes_thirty_lines_and_a_layer_fifteen():
    for name, most in (("new-part", 30), ("new-layer", 15)):
        assert len([line for line in marked(name).splitlines() if line.strip()]) <= most


def test_the_new_part_and_layer_work_in_a_diagram_a_scenario_and_a_gradient(composed):
    world, result = composed["world"], composed["result"]
    assert float(world.get("public.cost")) == 0.02 and float(world.get("customs.hours")) == 24.0
    assert len(composed["branches"].branches) >= 1
    wage = float(result["wage"].sel(scenario="fast")[0])
    slower = composed["compare"](
        world,
        [composed["scenario"]({"name": "s", "edits": [{"path": "customs.hours", "plus": 0.5}]})],
    )
    ahead = float(slower["wage"].sel(scenario="s")[0])
    base = float(slower["wage"].sel(scenario="baseline")[0])
    assert float(composed["pull"]) == pytest.approx(np.log(ahead / base) / 0.5, rel=1e-2, abs=1e-12)
    assert wage == pytest.approx(base, rel=1e-9) or wage != base
    tax = result["public.tax"].sel(scenario="baseline").values
    np.testing.assert_allclose(tax, 0.02 / (0.2 + np.array([0.5, 0.5])), rtol=1e-6)


@pytest.mark.slow
def test_public_goods_gather_people(composed):
    """The force of the part at the even split: cost x / (pool + x)^2, added to the growth rate."""
    plain = neg.get_model("core-periphery")(tau=2.5)
    goods = neg.compose(plain, [composed["PublicGoods"]()])
    even = [0.5, 0.5]
    growth = [float(neg.long_run(m, even).growth) for m in (goods, plain)]
    assert growth[0] - growth[1] == pytest.approx(0.02 * 0.5 / 0.7**2, rel=1e-9)


# Ten lines --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ten_lines():
    return next(code for code in PYTHON if "compare(economy, [scenario(cheaper)])" in code)


def test_ten_lines_are_ten_statements(ten_lines):
    statements = [s for s in ast.parse(ten_lines).body if not isinstance(s, ast.ImportFrom)]
    assert len(statements) <= 10


@pytest.mark.slow  # compiles the economy of 21 places and 11 sectors
def test_ten_lines_print_what_they_claim(ten_lines, capsys):
    namespace = execute(ten_lines)
    printed = capsys.readouterr().out.splitlines()
    claims = re.findall(r"^print\(.*?\)  # (\[.*?\])", ten_lines, flags=re.MULTILINE)
    assert claims and printed[: len(claims)] == claims
    model = namespace["model"]

    def pay(tau):
        """Log real wage in the empty place when all are in the other, where the wage is one."""
        phi, mu, sigma = tau**-4.0, 0.4, 5.0
        wage = ((1 + mu) / 2 * phi + (1 - mu) / 2 / phi) ** (1 / sigma)
        return np.log(wage) - mu * np.log(tau)

    h = 1e-5
    assert float(printed[1]) == pytest.approx((pay(1.7 + h) - pay(1.7 - h)) / (2 * h), rel=1e-6)
    assert float(model.tau) == 1.7
    result = namespace["result"]
    change = result.welfare_change.sel(scenario="RCEP").to_series()
    assert list(change.index) == list(load_icio().places)
    assert (change[list(RCEP)] > 0).all()
    assert change[list(RCEP)].min() > change.drop(list(RCEP)).abs().max() * 0.5
    assert result.attrs["status"] == "converged"
    assert jax.config.jax_enable_x64


# Other code, commands, files --------------------------------------------------------------------


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_every_python_block_is_python_and_imports_what_exists(code):
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            assert [a.name for a in node.names if not hasattr(module, a.name)] == []


def test_the_example_with_own_data_runs(tmp_path, monkeypatch):
    """On a file of the columns that its comment names."""
    code = next(code for code in PYTHON if 'read_pairs("flows.csv")' in code)
    columns = re.search(r"read_pairs\(.*#\s*([\w, ]+)\[", code).group(1).split(", ")
    assert columns == ["exporter", "importer", "sector", "value"]
    pairs = [(i, j, s) for i in "AB" for j in "AB" for s in ("food", "steel")]
    rows = [f"{i},{j},{s},{5.0 if i == j else 1.0}" for i, j, s in pairs]
    (tmp_path / "flows.csv").write_text("\n".join([",".join(columns), *rows]) + "\n")
    monkeypatch.chdir(tmp_path)
    economy = execute(code)["economy"]
    assert economy.places == ("A", "B") and economy.sectors == ("food", "steel")


def test_the_two_commands_are_single_lines_that_install_and_run():
    commands = [line for line in SHELL if "pip install" in line]
    assert len(commands) == 2
    assert commands[0].endswith("python -m experiments main") and "-e ." in commands[0]
    assert commands[1].endswith("python -m pytest") and "'.[test]'" in commands[1]
    assert all("-c constraints.txt" in line for line in commands)


@pytest.mark.parametrize("line", [line for line in SHELL if line.startswith("neg ")])
def test_shell_commands_are_read_by_the_command_line(line):
    options, extra = _parser().parse_known_args(line.partition(" #")[0].split()[1:])
    assert all("=" in text for text in extra)
    if hasattr(options, "assignments"):
        build_model(options.model, [*options.assignments, *extra])  # refuses what it does not know


def test_every_link_leads_to_a_file():
    root = Path(__file__).resolve().parents[1]
    links = re.findall(r"\]\(([^)#]+)\)", README)
    missing = [link for link in links if "://" not in link and not (root / link).exists()]
    assert links and not missing


def test_nothing_is_left_to_fill_in():
    assert not re.search(r"\b(TODO|FIXME|XXX|[A-Z]{2,}TABLE)\b", README)
