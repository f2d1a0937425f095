"""What the policy experiments report holds: people answer incomes, tariffs and cuts are best."""

from __future__ import annotations

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from experiments import _gallery, border_cut_budget, east_asia_policies, tariff_war
from neg import data
from neg.estimation.border_cuts import _gain
from neg.estimation.equilibrium import near
from neg.solvers.short_run import short_run


def test_tables_of_an_experiment_are_written_beside_its_figures(tmp_path):
    record = xr.Dataset(attrs={"caption": "A finding."})
    frame = pd.DataFrame({"gain": [1.5, 2.5]}, index=pd.Index(["A", "B"], name="region"))
    module = SimpleNamespace(draw=lambda _: {}, tables=lambda _: {"gains": frame})
    _gallery.draw("trial", module, record, tmp_path)
    assert "region,gain\nA,1.5\nB,2.5" in (tmp_path / "trial-gains.csv").read_text()
    assert r"\toprule" in (tmp_path / "trial-gains.tex").read_text()


def ran(module, **changes):
    return module.run({**module.CONFIG, **changes}, lambda *_: None)


@pytest.mark.slow  # compiles a long-run solve
def test_people_move_as_tastes_say_and_services_add():
    record = ran(east_asia_policies)
    assert record.attrs["status"] == "converged" and (record["growth"] < 0).all()
    members = record.sel(place=list(data.ASEAN))
    assert float(abs(record["population"].sel(people="stay")).max()) < 1e-8
    # Fréchet tastes: shares move with real income to the power of the migration elasticity.
    move = members.sel(people="move")
    taste = east_asia_policies.CONFIG["people"]["move"]
    known = taste * np.log1p(move["population"] / 100) - np.log1p(move["income"] / 100)
    np.testing.assert_allclose(known - known.mean("place"), 0.0, atol=1e-8)
    outside = record["population"].drop_sel(place=list(data.ASEAN))
    np.testing.assert_allclose(outside, 0.0, atol=1e-8)
    income = members["income"].sel(people="stay")
    assert (income.sel(scenario="services") > income.sel(scenario="goods")).all()
    frame = east_asia_policies.tables(record)["gains"]
    assert frame.shape == (21, 7) and frame.notna().all(axis=None)


@pytest.mark.slow  # compiles a gradient through the equilibrium
def test_no_bloc_gains_by_leaving_the_tariffs_of_the_war():
    record = ran(tariff_war)
    economy = tariff_war.blocs(tariff_war.CONFIG)
    rates = record["tariff"].sel(case="tariff war").values / 100.0
    abroad = ~np.eye(4, dtype=bool)

    def income(rates):
        tariff = (abroad * rates[None, :])[..., None] * np.ones(2)
        return np.asarray(short_run(economy.with_(tariff=tariff)).outcomes["welfare"])

    here = income(rates)
    change = 100.0 * (here / income(np.zeros(4)) - 1.0)
    np.testing.assert_allclose(change, record["income"].sel(case="tariff war"), rtol=1e-7)
    for bloc in range(4):
        for step in (-0.01, 0.01):
            assert income(rates + step * (np.arange(4) == bloc))[bloc] < here[bloc]
    war, together = (record["income"].sel(case=c) for c in ("tariff war", "East Asia together"))
    assert all(float(together.sel(bloc=b)) > float(war.sel(bloc=b)) for b in tariff_war.TOGETHER)


@pytest.mark.slow  # compiles a gradient through the equilibrium
def test_pairs_that_are_cut_gain_more_than_pairs_that_are_not():
    record = ran(border_cut_budget, budgets=[0.05])
    economy, small = border_cut_budget.calibrated(border_cut_budget.CONFIG)
    size = len(data.ASEAN)
    cut = np.zeros((14, 14))
    cut[:size, :size] = record["cut"].values[0] / 100.0
    inside = jnp.asarray(np.isin(small.places, data.ASEAN))
    _, slope, _, _ = _gain(jnp.asarray(cut), economy, inside, near(economy))
    weight = np.where(np.eye(size, dtype=bool), 0.0, record["trade"].values)
    weight = weight / weight.sum()
    used = weight > 0
    assert np.sum(cut[:size, :size] * weight) == pytest.approx(0.05, rel=1e-9)
    worth = np.asarray(slope)[:size, :size][used] / weight[used]
    price, cuts = float(record["shadow_price"][0]), cut[:size, :size][used]
    assert (worth[cuts > 0.0999] >= price - 1e-6).all()
    assert (worth[cuts < 0.0001] <= price + 1e-6).all()
    assert float(record["gain"][0]) > float(record["equal_gain"][0]) > 0
