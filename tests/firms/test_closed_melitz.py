"""Melitz, Pareto and Chaney in closed form over ranges, alone and in the general economy."""

from __future__ import annotations

import numpy as np
import pytest

from neg import compose, general_economy, short_run
from neg.economy.lever import Lever
from neg.estimation import maximise
from neg.firms import Melitz, Selection
from neg.menus import Pareto

# sigma, kappa, tau, fixed at home, fixed abroad, entry
RANGE = [
    (4.0, 4.5, 1.3, 2.0, 2.5, 1.0),
    (3.0, 2.4, 1.8, 1.0, 1.0, 0.2),
    (6.0, 7.5, 1.1, 3.0, 5.0, 0.7),
    (4.0, 3.2, 2.5, 0.8, 0.6, 0.05),
    (2.5, 4.0, 1.5, 6.0, 9.0, 1.0),
]


def closed(sigma, kappa, tau, home, abroad, entry):
    """Two equal places: cut-offs, entrants per worker, import share."""
    gap = kappa - sigma + 1.0
    open_by = tau**-kappa * (abroad / home) ** (1.0 - kappa / (sigma - 1.0))
    at_home = (home / entry * (sigma - 1.0) / gap * (1.0 + open_by)) ** (1.0 / kappa)
    exports = at_home * tau * (abroad / home) ** (1.0 / (sigma - 1.0))
    entrants = (sigma - 1.0) / (kappa * sigma * entry)
    return at_home, exports, entrants, open_by / (1.0 + open_by)


@pytest.mark.slow
@pytest.mark.parametrize("given", RANGE)
def test_two_equal_places(given):
    sigma, kappa, tau, home, abroad, entry = given
    at_home, exports, entrants, imported = closed(*given)
    assert at_home > 1.0 and exports > 1.0
    fixed, iceberg = [[home, abroad], [abroad, home]], [[1.0, tau], [tau, 1.0]]
    alone = short_run(
        Melitz(
            workers=[1.0, 1.0],
            fixed=fixed,
            entry=entry,
            tau=iceberg,
            sigma=sigma,
            productivity=Pareto(kappa),
        )
    ).outcomes
    base = general_economy(
        places=["a", "b"],
        sectors=["goods"],
        employment=[[1.0], [1.0]],
        alpha=1.0,
        theta=kappa,
        tau=iceberg,
    )
    firms = Selection(fixed=fixed, entry=entry, sigma=sigma)
    part = short_run(compose(base, [firms])).outcomes
    share = part["trade"][:, :, 0] / part["trade"][:, :, 0].sum(axis=0)
    for cut, count, serves, traded in (
        (alone["cutoff"], alone["entrants"], alone["participation"], alone["trade_share"]),
        (
            part["selection.cutoff"][..., 0],
            part["selection.entrants"][:, 0],
            part["selection.participation"][..., 0],
            share,
        ),
    ):
        assert cut[0] == pytest.approx([at_home, exports], rel=1e-9)
        assert count == pytest.approx([entrants, entrants], rel=1e-9)
        assert serves[1] == pytest.approx([exports**-kappa, at_home**-kappa], rel=1e-8)
        assert traded[1, 0] == pytest.approx(imported, rel=1e-9)
    extensive = np.asarray(alone["extensive_elasticity"])
    assert extensive == pytest.approx(np.full((2, 2), kappa - sigma + 1.0), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("sigma", "kappa"), [(4.0, 4.5), (3.0, 6.0)])
def test_the_trade_elasticity_is_kappa_and_most_of_it_firms(sigma, kappa):
    """Odds of imports over own sales react by kappa, their number by as much: mean sales do not."""
    base = general_economy(
        places=["a", "b"], sectors=["goods"], employment=[[1.0], [1.0]], alpha=1.0, theta=kappa
    )
    found = []
    for tau in (1.4, 1.4 * np.exp(0.01)):
        here = base.with_(tau=[[1.0, tau], [tau, 1.0]])
        firms = Selection(fixed=[[5.0, 6.0], [6.0, 5.0]], entry=0.5, sigma=sigma)
        found.append(short_run(compose(here, [firms])).outcomes)

    def change(read):
        return float(np.log(read(found[1])) - np.log(read(found[0]))) / 0.01

    assert change(lambda out: out["trade"][0, 1, 0] / out["trade"][1, 1, 0]) == pytest.approx(
        -kappa
    )
    number = change(lambda out: out["selection.firms"][0, 1, 0] / out["selection.firms"][1, 1, 0])
    assert number == pytest.approx(-kappa)
    cut = change(lambda out: out["selection.cutoff"][0, 1, 0] / out["selection.cutoff"][1, 1, 0])
    assert cut == pytest.approx(1.0)  # the intensive margin is offset by small firms that leave


@pytest.mark.slow
def test_small_firms_share_of_jobs_as_the_aim_of_a_policy():
    """Costs of exporting that keep most jobs in small firms: at the end where they are highest."""
    base = general_economy(
        places=["a", "b"],
        sectors=["goods"],
        employment=[[1.0], [1.0]],
        alpha=1.0,
        theta=4.5,
        tau=[[1.0, 1.3], [1.3, 1.0]],
    )
    firms = Selection(fixed=[[0.5, 0.8], [0.8, 0.5]], entry=[0.2, 0.2], limit=5.0)
    model = compose(base, [firms])
    lever = Lever("tau", "times")

    def jobs(outcomes):
        return outcomes["selection.small_jobs"][0, 0]

    best = maximise(model, {"tau": (lever, 1.0, 1.2)}, jobs)
    ends = [float(jobs(short_run(lever.put(model, v)).outcomes)) for v in (1.0, 1.1, 1.2)]
    assert ends[0] < ends[1] < ends[2]
    assert best.values["tau"] == pytest.approx(1.2, abs=1e-6)
    assert best.objective == pytest.approx(ends[2], rel=1e-9)
