"""Firms that differ in canonical models: the economy that the error says to write, and its twin."""

from __future__ import annotations

import re

import numpy as np
import pytest

from neg import compose, get_model, short_run
from neg.core.errors import InvalidParameterError
from neg.economy.general.build import general_economy
from neg.firms import Selection
from neg.menus import Pareto
from neg.places.layouts import Geography

TAU = np.array([[1.0, 1.6], [1.5, 1.0]])
X = {
    "core-periphery": np.array([0.7, 0.3]),
    "helpman": np.array([0.6, 0.4]),
    "vertical-linkages": np.array([0.3, 0.2, 0.4, 0.1]),
    "puga-immobile": np.array([0.2, 0.3, 0.35, 0.15]),
}


def canonical(name):
    geography = Geography.from_iceberg(TAU, names=("a", "b"))
    return get_model(name)(geography=geography, tau=np.e)


def written(name, kappa, **changes):
    """The economy of the error's text, and the part that it asks for."""
    model = canonical(name)
    with pytest.raises(InvalidParameterError, match="general economy, where fixed costs") as error:
        compose(model, [Selection()])
    code = re.search(
        r"write (general_economy\(.*?\))(?: with| \(rent|, n places)", str(error.value)
    )
    part = re.search(r"Selection\(sectors=.*?,\)\)", str(error.value))
    names = {"general_economy": general_economy, "Selection": Selection, "kappa": kappa}
    names |= {"places": ["a", "b"], "tau": TAU, "n": 2}
    names["x"] = X[name] if X[name].size == 2 else X[name].reshape(2, 2)
    of_model = {"mu": "mu", "a": "a", "farm": "farm_labour_share", "share": "input_share"}
    of_model["spent"] = "industry_share"
    names |= {k: float(getattr(model, v)) for k, v in of_model.items() if hasattr(model, v)}
    base = eval(code.group(1), names)
    firms = eval(part.group(0), names)
    return compose(base, [firms.with_(sigma=float(model.sigma), **changes)])


@pytest.mark.parametrize("name", X)
def test_the_error_names_an_economy_to_write(name):
    twin = written(name, float(canonical(name).sigma) + 0.5)
    assert twin.places == ("a", "b") and twin.part("selection").sectors == (twin.sectors[-1],)


@pytest.mark.slow  # two economies each
@pytest.mark.parametrize("name", X)
def test_the_economy_that_the_error_names_is_the_canonical_model(name):
    """Firms that are alike in effect: kappa = sigma - 1."""
    canon = canonical(name)
    twin = written(name, float(canon.sigma) - 1.0)
    ours, theirs = short_run(twin).outcomes, short_run(canon, X[name]).outcomes
    at = -1  # industry, or the one sector
    assert ours["wage"][:, at] == pytest.approx(np.asarray(theirs["wage"]), rel=1e-10)
    index = np.asarray(theirs["price_index"])
    assert ours["price_index"][:, at, 0] == pytest.approx(index, rel=1e-10)


@pytest.mark.slow  # two economies
@pytest.mark.parametrize("name", ["core-periphery", "vertical-linkages"])
def test_firms_that_differ_there(name):
    """Chaney's kernel in closed form, and the cut-offs under the same Pareto law."""
    sigma = float(canonical(name).sigma)
    kappa, dear = sigma + 0.5, np.array([[2.0, 4.0], [5.0, 2.5]])[..., None] * np.ones(2)
    closed = written(name, kappa, fixed=dear)
    # The law makes the rest of the elasticity: theta = sigma - 1 there.
    law = written(name, sigma - 1.0, fixed=dear)
    part = Selection(law=Pareto(kappa), fixed=dear, sigma=sigma, sectors=("industry",))
    one = short_run(closed).outcomes
    other = short_run(compose(law.base, [part])).outcomes
    for key in ("wage", "trade", "income"):
        assert other[key] == pytest.approx(np.asarray(one[key]), rel=1e-8, abs=1e-12), key
    found, expected = (np.asarray(o["selection.participation"])[..., 1] for o in (other, one))
    assert found == pytest.approx(expected, rel=1e-7)
    # What is spent on entry: where firms buy each other's goods, the two routes measure these in
    # units of their own, and with them the bundles that entry costs.
    found, expected = (
        np.asarray(o["selection.entrants"] * o["unit_cost"])[:, 1] for o in (other, one)
    )
    assert found == pytest.approx(expected, rel=1e-7)
    assert (np.asarray(one["selection.participation"])[..., 1] < 1.0).all()


@pytest.mark.parametrize("name", ["pflueger", "footloose-capital", "allen-arkolakis"])
def test_models_without_such_firms_say_so(name):
    with pytest.raises(InvalidParameterError, match="no entry have no such twin"):
        compose(get_model(name)(), [Selection()])
