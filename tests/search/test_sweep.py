"""Equilibria of two places over a range of a parameter."""

from __future__ import annotations

import numpy as np
import pytest

from neg.core.errors import InvalidParameterError, InvalidShapeError
from neg.models.core_periphery import CorePeriphery
from neg.models.helpman import Helpman
from neg.models.pflueger import Pflueger
from neg.places.layouts import equidistant
from neg.search.equilibria import equilibria
from neg.search.sweep import sweep
from neg.solvers.long_run import long_run


def test_sweep_agrees_with_the_search_at_single_values():
    model = CorePeriphery(sigma=5.0, mu=0.4)
    values = np.linspace(1.4, 2.0, 25)
    found = sweep(model, "tau", values)
    for position in (0, 12, 24):
        alone = equilibria(model.with_(tau=values[position]))
        shares = np.sort([float(point.x[0]) for point in alone.points])
        np.testing.assert_allclose(np.sort(found.at(position)[:, 0]), shares, atol=1e-9)
        mine = dict(
            zip(
                found.at(position)[:, 0].round(6),
                found.stable[found.owner == position],
                strict=True,
            )
        )
        for point in alone.points:
            assert mine[round(float(point.x[0]), 6)] == point.stable
    counts = np.bincount(found.owner)
    between = (values > 1.626577) & (values < 1.807313)
    np.testing.assert_array_equal(counts, np.where(between, 5, np.where(values < 1.7, 3, 1)))
    assert found.to_dataset().sizes == {"equilibrium": counts.sum(), "cell": 2}


def test_partial_agglomeration_is_found_in_an_alias():
    found = sweep(Pflueger(sigma=6.0, rho_L=1.0), "phi", np.linspace(0.1, 0.3, 21))
    partial = (found.x[:, 0] > 0.51) & (found.x[:, 0] < 0.999)
    assert partial.any() and (found.stable[partial] == 1.0).all()
    inside = found.values[found.owner[partial]]
    assert inside.min() > 0.153846 and inside.max() < 0.2338729


def test_shares_beside_a_corner_are_found_along_the_sweep():
    """Helpman's rents have no floor: at tau 6 the small place keeps 2e-12 of the people."""
    values = np.array([2.0, 6.0, 20.0])
    found = sweep(Helpman(sigma=3.0, a=0.9), "tau", values)
    assert [len(found.at(k)) for k in range(3)] == [3, 3, 3]
    small = np.array([found.at(k)[:, 0].min() for k in range(3)])
    assert small[1] == pytest.approx(2.1268e-12, rel=1e-4) and small[2] < 1e-19
    for k, value in enumerate(values):
        reached = long_run(Helpman(sigma=3.0, a=0.9, tau=value), [0.1, 0.9])
        assert np.log(small[k]) == pytest.approx(np.log(float(reached.x[0])), abs=1e-8)


def test_bad_input_is_named():
    with pytest.raises(InvalidShapeError, match="2 degrees of freedom"):
        sweep(CorePeriphery(geography=equidistant(3)), "tau", [1.5])
    with pytest.raises(InvalidParameterError, match="tau"):
        sweep(CorePeriphery(), "tau", [0.5, 2.0])
