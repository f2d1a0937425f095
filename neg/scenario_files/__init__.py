"""Scenario files: an economy, what stands between places, edits and sweeps, as TOML.

Three lines from a file to a folder of results, labelled, with figures and a report:

    from neg.scenario_files import read_scenario, solve_scenario

    result = solve_scenario(read_scenario("customs-half"))
    result.write("customs")

A file is data: it names what the library has, and executes nothing.
"""

from neg.core.rooms import furnish

_OFFERED = {
    "ScenarioFile": "schema",
    "read_scenario": "reading",
    "parse_scenario": "reading",
    "write_scenario": "reading",
    "to_toml": "reading",
    "shipped": "reading",
    "check_scenario": "checking",
    "solve_scenario": "solving",
    "compare_scenarios": "solving",
    "sweep_scenario": "sweeping",
    "fit_scenario": "finding",
    "policy_scenario": "finding",
    "solve_many": "batch",
    "Solved": "result",
}

__all__, __getattr__, __dir__ = furnish(__name__, __path__, _OFFERED)
