"""The two small economies in which agreements were computed apart from this library."""

from __future__ import annotations

import json
from pathlib import Path

import equinox as eqx
import numpy as np
import pytest

from neg import general_economy
from neg.agreements import Agreements
from neg.analysis import solve

KNOWN = json.loads((Path(__file__).parent / "known.json").read_text())


@eqx.filter_jit
def outcomes(solution):
    return solution.outcomes


class Small:
    """One of the economies: built with agreements, solved, compared with what is known."""

    def __init__(self, name):
        self.known = KNOWN[name]
        self.given = {key: np.asarray(value) for key, value in self.known["parameters"].items()}
        self.places = tuple(str(place) for place in range(len(self.given["L"])))

    def economy(self, agreements=(), *, workers="sectors", **terms):
        """Workers choose their sector, as in the numbers known, unless told otherwise."""
        given = self.given
        terms = {"mfn": given["tM"]} | terms
        return general_economy(
            places=self.places,
            sectors=("a", "b"),
            employment=given["L"][:, None] * np.ones(2) / 2,
            theta=given["theta"],
            productivity=given["T"],
            tau=given["tau"],
            labour_share=given["gL"],
            input_share=given["g"],
            final_share=given["beta"],
            mobility=workers,
            parts=[Agreements(agreements, **terms)],
        )

    def check(self, solution, case, *, rtol=1e-8):
        """Every number known of a case, money in units of the world's wages."""
        known = self.known["results"][case]
        found = {name: np.asarray(value) for name, value in outcomes(solution).items()}
        world = float((found["wage"][:, 0] * self.given["L"]).sum())
        base = np.asarray(self.known["results"]["mfn"]["log_real_income"])
        income = np.log(found["consumption"] / self.given["L"])
        close = {"rtol": rtol, "atol": 1e-11}
        if case == "mfn":
            np.testing.assert_allclose(income, base, **close)
            np.testing.assert_allclose(found["output"] / world, known["output"], **close)
        else:
            change = np.asarray(known["real_income_change_percent"])
            np.testing.assert_allclose(100 * np.expm1(income - base), change, **close)
            burnt = found["agreements.compliance"].sum(axis=(0, 2)) / world
            np.testing.assert_allclose(burnt, known["compliance_burnt"], **close)
            revenue = known["tariff_revenue"]
            np.testing.assert_allclose(found["tariff_revenue"] / world, revenue, **close)
        np.testing.assert_allclose(found["wage"][:, 0] / world, known["wage"], **close)
        np.testing.assert_allclose(found["income"] / world, known["income"], **close)
        pairs = {"utilisation_count": "use_count", "utilisation_value": "use_value"}
        rules = {"origin_share_meeting_rule": "origin", "regional_value_content": "content"}
        for key, ending in (pairs | rules).items():
            ends = "." + ending if key in pairs else "_" + ending
            array = sum(value for name, value in found.items() if name.endswith(ends))
            for pair, value in known.get(key, {}).items():
                if np.ndim(array):  # without a rule there is no content
                    i, j = map(int, pair.split("-"))
                    np.testing.assert_allclose(array[i, j], value, **close)

    def solved(self, agreements=(), **terms):
        return solve(self.economy(agreements, **terms))


@pytest.fixture(scope="session")
def three():
    return Small("agreement_3x2")


@pytest.fixture(scope="session")
def four():
    return Small("cumulation_4x2")
