"""Every mechanism of production in every use: a scenario file, a diagram, a policy.

One small economy, written as a file; a row is a part, what it says in the file, and its lever.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from neg import diagram
from neg.analysis.compare import solve
from neg.diagrams.diagram import NOTHING
from neg.economy.lever import Lever
from neg.scenario_files import parse_scenario, policy_scenario, solve_scenario
from neg.scenario_files.baseline import build_economy

WORLD = """schema = 1
name = "two"

[economy]
theta = { parts = 5.0, assembly = 5.0, goods = 3.0 }
alpha = { parts = 0.0, assembly = 0.0, goods = 1.0 }
mobility = "sectors"

[world]
places = ["north", "south"]
sectors = ["parts", "assembly", "goods"]
employment = { north = 0.3, south = 0.3 }
productivity = { north = { parts = 1.3, assembly = 1.1, goods = 1.1 }, south = 1.0 }
final_share = { parts = 0.0, assembly = 0.0, goods = 1.0 }

[world.input_share.goods]
assembly = 0.7

[world.trade_cost]
between = { parts = 1.15, assembly = 1.3, goods = 1.6 }

[[chain]]
blocks = ["parts", "assembly"]
own_share = [1.0, 0.5]
"""
PARTS = {
    "chain": "",
    "fragmentation": 'sectors = ["goods"]\nparameters = { set_up = 2.0 }',
    "boundary": "parameters = { governance = 0.1, contract = 0.2,"
    " institutions = { north = 0.9, south = 0.3 } }",
    "ownership": 'sectors = ["goods"]\nparameters = { set_up = 0.5, integration = 0.2,'
    " contracts = 0.5 }",
    "learning": "parameters = { lam = 0.2, gamma = 0.1 }",
    "efficiency": "parameters = { level = 1.2 }",
}
HOST = """schema = 1
name = "two"

[model]
name = "take-off"
parameters = { zone = 0.1 }
start = { learnt = 0.9, "not learnt" = 0.1 }

[[part]]
name = "plants"
"""
LEVERS = {  # path, operation, ends; the first end is better for the south
    "chain": ("tau", "times", 0.95, 1.0),
    "fragmentation": ("fragmentation.set_up", "times", 0.5, 1.0),
    "boundary": ("boundary.contract", "times", 0.5, 1.0),
    "ownership": ("ownership.contracts", "set", 1.0, 0.5),
    "learning": ("learning.h", "times", 1.5, 1.0),
    "efficiency": ("efficiency.level", "times", 1.1, 1.0),
    "take-off": ("zone", "set", 0.0, 0.1),
}
EDITS = {"times": "factor", "set": "value"}


def place(name: str) -> str:
    """Where the lever is to help."""
    return "host" if name == "take-off" else "south"


def text(name: str) -> str:
    if name == "take-off":
        return HOST
    part = f'\n[[part]]\nname = "{name}"\n{PARTS[name]}\n' if PARTS[name] else ""
    return WORLD + part


def selected(name: str) -> dict[str, str]:
    south = {"places": "south"}
    only = {"chain": {"sectors": "parts"}, "learning": south, "efficiency": south}
    return only.get(name, {})


@pytest.fixture(scope="module", params=list(LEVERS))
def mechanism(request):
    return request.param


@pytest.mark.slow
def test_in_a_scenario_file(mechanism):
    path, operation, better, _ = LEVERS[mechanism]
    where = "".join(f'{axis} = ["{one}"]\n' for axis, one in selected(mechanism).items())
    edit = f'\n[[edit.parameter]]\npath = "{path}"\n'
    edit += f"{EDITS[operation]} = {better}\n{where}"
    result = solve_scenario(parse_scenario(text(mechanism) + edit))
    assert result.converged
    name = "welfare" if mechanism == "take-off" else "real_income"
    gain = result.dataset[f"{name}_change"].sel(place=place(mechanism), scenario="two")
    assert float(gain) > 1e-4


@pytest.mark.slow
def test_in_a_diagram(mechanism):
    path, operation, *ends = LEVERS[mechanism]
    given = {axis: (one,) for axis, one in selected(mechanism).items()}
    economy = build_economy(parse_scenario(text(mechanism)))
    found = diagram(economy, Lever(path, operation, **given), min(ends), max(ends), search=NOTHING)
    moved = [np.ptp(np.asarray(branch.x), axis=0).max() for branch in found.branches]
    assert np.isfinite(moved).all() and max(moved) > 1e-5  # industry goes by the lever


@pytest.mark.slow
def test_in_a_policy(mechanism):
    path, operation, better, plain = LEVERS[mechanism]
    where = "".join(f'{axis} = ["{one}"]\n' for axis, one in selected(mechanism).items())
    policy = f"""
[policy]
budget = 0.02
objective = {{ kind = "real-income", places = ["{place(mechanism)}"] }}

[policy.levers.it]
path = "{path}"
operation = "{operation}"
{where}low = {min(better, plain)}
high = {max(better, plain)}

[policy.costs]
it = {0.02 / (0.5 * abs(better - plain))}
"""
    file = text(mechanism).replace('mobility = "sectors"', 'mobility = "immobile"')
    result = policy_scenario(parse_scenario(file + policy))
    assert result.dataset.attrs["status"] == "converged"
    value = float(result.found[0].values["it"])
    # The budget is half of what the whole reach would cost.
    assert value == pytest.approx(0.5 * (better + plain), rel=1e-6)
    economy = build_economy(parse_scenario(file))
    given = {axis: (one,) for axis, one in selected(mechanism).items()}
    after = Lever(path, operation, **given).put(economy, value)
    gain = [jnp.log(solve(one).outcomes["consumption"][-1]) for one in (after, economy)]
    assert float(gain[0] - gain[1]) > 1e-4
