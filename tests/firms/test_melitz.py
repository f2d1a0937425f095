"""Melitz in many places and in the general economy: oracles, twins, limits, simulation."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg import compose, general_economy, long_run, short_run
from neg.core.errors import InvalidParameterError, UnknownNameError
from neg.economy.ledger import largest_imbalance
from neg.firms import (
    Clusters,
    Credit,
    Melitz,
    Selection,
    WaysIn,
    WorkingCapital,
    size_distribution,
)
from neg.menus import LogNormal, Pareto
from neg.models.core_periphery import CorePeriphery
from neg.parts import Tastes

WORKERS, ENTRY = [1.0, 2.0], [1.0, 1.2]
FIXED, TAU = [[0.5, 0.8], [0.9, 0.6]], [[1.0, 1.3], [1.25, 1.0]]


def melitz(**changes):
    given = {"workers": WORKERS, "fixed": FIXED, "entry": ENTRY, "tau": TAU, "limit": 6.0}
    return Melitz(**(given | {"productivity": Pareto(4.5)} | changes))


def economy(theta=4.5, **changes):
    given = {"employment": [[1.0], [2.0]], "alpha": 1.0, "tau": TAU}
    given["productivity"] = [[1.0], [1 / 1.2]]
    return general_economy(places=["a", "b"], sectors=["goods"], theta=theta, **(given | changes))


@pytest.fixture(scope="module")
def pareto():
    return short_run(melitz())


def test_pareto_oracle(pareto):
    found = pareto.outcomes
    expected = {
        "wage": [1.0, 1.0147000661294796],
        "price_index": [1.5532117960420693, 1.387977279289055],
        "real_wage": [0.6438271989359232, 0.7310638879112098],
        "entrants": [0.16666666666666666, 0.2777777777777778],
        "cutoff": [
            [1.081561920578965, 1.4535405879998036],
            [1.6768819420048777, 1.035828406811737],
        ],
        "firms": [
            [0.11711634280876172, 0.030968952411190614],
            [0.02712915729259784, 0.237084041838881],
        ],
        "trade_share": [
            [0.7026980568525704, 0.14649744938002845],
            [0.2973019431474297, 0.8535025506199715],
        ],
    }
    for name, value in expected.items():
        assert np.asarray(found[name]) == pytest.approx(np.asarray(value), rel=1e-12), name
    assert found["extensive_elasticity"] == pytest.approx(np.full((2, 2), 1.5), rel=1e-12)
    own = jnp.diagonal(found["trade_share"]) ** (-1 / 4.5)
    assert own == pytest.approx([1.081561920578965, 1.035828406811737], rel=1e-12)


def test_gains_against_autarky(pareto):
    closed = short_run(melitz(tau=[[1.0, 60.0], [60.0, 1.0]])).outcomes
    gains = pareto.outcomes["real_wage"] / closed["real_wage"]
    assert gains == pytest.approx([1.081561920578965, 1.035828406811737], rel=1e-6)


def test_log_normal_oracle_and_population():
    given = {"workers": [10.0, 10.0], "fixed": [[0.5, 0.6], [0.6, 0.5]], "entry": 1.0}
    model = Melitz(**given, tau=[[1.0, 1.4], [1.4, 1.0]], productivity=LogNormal(0.0, 0.8))
    found = short_run(model).outcomes
    assert found["cutoff"][0] == pytest.approx([2.131730010312046, 3.171421627698564], rel=1e-11)
    assert found["entrants"][0] == pytest.approx(2.2109313330587415, rel=1e-11)
    assert found["price_index"][0] == pytest.approx(0.36577711987518136, rel=1e-11)
    assert found["real_wage"][0] == pytest.approx(2.73390528183185, rel=1e-11)
    active = [0.1720316240850308, 0.07454898566897449]
    assert found["participation"][0] == pytest.approx(active, rel=1e-11)
    assert found["trade_share"][1, 0] == pytest.approx(0.24619640560175976, rel=1e-11)
    local = 3.0 + found["extensive_elasticity"][0, 1]
    assert local == pytest.approx(3.3796143342350007, rel=1e-10)


LIMITS = (3.0, 6.0, 12.0, 50.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "law",
    [Pareto(6.0), pytest.param(LogNormal(0.1, 0.45), marks=pytest.mark.slow)],
    ids=["pareto", "log-normal"],
)
def test_shares_of_small_firms_are_those_of_a_million_firms(law):
    model = melitz(productivity=law, premium=0.15)
    solved = short_run(model)
    sales, found = model.sales(solved.prices), solved.outcomes
    spread = size_distribution(solved, LIMITS)
    x = np.asarray(model.size.draw(jax.random.key(5), 1_000_000))
    for i in range(2):
        cut, labour, overhead, revenue = (np.asarray(part)[i] for part in sales)
        inside = x > cut.min()
        scale = (x / cut.min()) ** -0.15
        serves = x[:, None] > cut
        heads = serves @ overhead + (serves @ labour) * x * scale
        sold = serves * revenue * x[:, None]
        small = inside & (heads <= 6.0)
        per_worker = sold.sum(axis=1)[inside & ~small].sum() / heads[inside & ~small].sum()
        per_worker /= sold.sum(axis=1)[small].sum() / heads[small].sum()
        assert per_worker == pytest.approx(float(found["productivity_gap"][i]), rel=0.02)
        for k, limit in enumerate(LIMITS):
            share = (inside & (heads <= limit)).sum() / inside.sum()
            assert share == pytest.approx(
                float(spread["enterprises"][k, i]), abs=5 / np.sqrt(inside.sum())
            )
        assert small.sum() / inside.sum() == pytest.approx(
            float(found["small_enterprises"][i]), abs=5 / np.sqrt(inside.sum())
        )
        for name, weight in (
            ("small_jobs", heads),
            ("small_value_added", sold.sum(axis=1)),
            ("small_exports", sold[:, 1 - i]),
        ):
            share = weight[small].sum() / weight.sum()
            error = np.sqrt(((weight * (small - share)) ** 2).sum()) / weight.sum()
            assert share == pytest.approx(float(found[name][i]), abs=5 * error + 1e-12), name


def test_gradients_and_signs(pareto):
    def entry_cutoff(cost):
        model = melitz(tau=jnp.asarray([[1.0, 1.3], [1.25, 1.0]]) ** cost)
        return jnp.log(short_run(model).outcomes["cutoff"][0, 0])

    numeric = (entry_cutoff(1.0 + 1e-5) - entry_cutoff(1.0 - 1e-5)) / 2e-5
    assert jax.grad(entry_cutoff)(1.0) == pytest.approx(float(numeric), rel=1e-7)
    assert numeric < 0  # cheaper trade raises the domestic cut-off: the smallest firms leave


def test_bad_input_is_named():
    with pytest.raises(InvalidParameterError, match="kappa = 2.5"):
        melitz(productivity=Pareto(2.5))
    with pytest.raises(InvalidParameterError, match="premium"):
        melitz(premium=1.0)
    with pytest.raises(InvalidParameterError, match="alpha = 0.5"):
        compose(economy(alpha=0.5), [Selection()])
    with pytest.raises(InvalidParameterError, match="theta = 2"):
        compose(economy(theta=2.0), [Selection()])
    with pytest.raises(UnknownNameError, match="cars"):
        compose(economy(), [Selection(sectors=("cars",))])
    with pytest.raises(InvalidParameterError, match="firms of the economy do not differ"):
        size_distribution(short_run(CorePeriphery()), [1.0])
    solved = short_run(melitz())
    with pytest.raises(InvalidParameterError, match="must rise"):
        size_distribution(solved, [2.0, 1.0])
    with pytest.raises(InvalidParameterError, match="limits"):
        size_distribution(solved, [0.0, 1.0])


@pytest.mark.slow
@pytest.mark.parametrize("destination", [0.0, 0.4, 1.0])
def test_the_part_makes_the_general_economy_melitz(destination):
    firms = Selection(fixed=FIXED, entry=ENTRY, destination=destination, limit=6.0)
    twin = compose(economy(), [firms])
    solved = short_run(twin)
    plain = melitz(destination=destination)
    found, own = solved.outcomes, short_run(plain).outcomes
    wage = found["wage"][:, 0]
    assert wage / wage[0] == pytest.approx(np.asarray(own["wage"]), rel=1e-10)
    names = ["entrants", "firms", "cutoff", "participation", "small_enterprises", "small_jobs"]
    both = [size_distribution(one, [5.0, 6.0, 40.0]) for one in (solved, short_run(plain))]
    for name, value in both[1].items():
        assert both[0][name][..., 0].values == pytest.approx(value.values, rel=1e-9), name
    for name in [*names, "small_value_added", "small_exports", "productivity_gap"]:
        here = np.asarray(found[f"selection.{name}"])[..., 0]
        assert here == pytest.approx(np.asarray(own[name]), rel=1e-9), name
    assert found["trade_balance"] == pytest.approx(0.0, abs=1e-12)
    assert largest_imbalance(solved.ledger) <= 1e-12
    assert largest_imbalance(short_run(plain).ledger) <= 1e-12


@pytest.mark.slow
def test_firms_alike_in_effect_are_no_part_at_all():
    plain = short_run(economy(theta=3.0)).outcomes
    with_part = short_run(compose(economy(theta=3.0), [Selection(fixed=FIXED)])).outcomes
    for name in ("wage", "price_index", "trade", "income"):
        assert with_part[name] == pytest.approx(np.asarray(plain[name]), rel=1e-14), name


@pytest.mark.slow
def test_thresholds_of_one_change_nothing_and_credit_raises_entry():
    def found(threshold):
        firms = Selection(fixed=FIXED, entry=ENTRY, threshold=threshold)
        return short_run(compose(economy(), [firms])).outcomes

    plain, credit = found(1.0), float(Credit().loan(1.0, 0.8).effective)
    free = short_run(melitz()).outcomes
    assert plain["wage"][1, 0] / plain["wage"][0, 0] == pytest.approx(float(free["wage"][1]))
    tight = found(jnp.array([[1.0, credit], [credit, 1.0]]))
    assert tight["selection.firms"][0, 1, 0] < plain["selection.firms"][0, 1, 0]
    assert (tight["selection.entrants"] > plain["selection.entrants"]).all()
    # Everybody held back alike: trade as before, fewer firms, each larger.
    even = found(credit)
    share = np.asarray(even["trade"] / jnp.sum(even["trade"], axis=0))
    assert share == pytest.approx(np.asarray(plain["trade"] / jnp.sum(plain["trade"], axis=0)))


@pytest.fixture(scope="module")
def crowd():
    """Two sectors with inputs, mobile workers with tastes, firms that differ in one sector."""
    base = general_economy(
        places=["a", "b", "c"],
        sectors=["goods", "services"],
        employment=[[0.5, 0.5], [0.4, 0.5], [0.3, 0.4]],
        theta=[5.0, 4.0],
        alpha=[1.0, 0.0],
        tau=1.0 + 0.4 * (1.0 - np.eye(3)),
        input_share=[[0.2, 0.1], [0.1, 0.1]],
        mobility="free",
    )
    firms = Selection(fixed=1.0 + 0.5 * (1.0 - np.eye(3)), sectors=("goods",))
    layers = [WorkingCapital(), WaysIn(process="stages"), Clusters(members="managed")]
    return compose(base, [firms, Tastes(0.5), *layers])


@pytest.mark.slow  # all parts of firms in one long run
def test_parts_of_firms_compose(crowd):
    solved = long_run(crowd, crowd.initial_distribution())
    found = solved.outcomes
    for name in ("small_exports", "small_jobs", "entrants", "firms"):
        assert np.isfinite(found[f"selection.{name}"]).all(), name
    assert (found["selection.entrants"][:, 0] > 0).all()


@pytest.mark.parametrize(
    "free", [{"days": 0.0}, {"riskless": 0.0, "repaid": 1.0}], ids=["no time", "no cost"]
)
def test_parts_switched_off_leave_the_economy(free):
    plain = short_run(economy(theta=3.0)).outcomes
    parts = [WorkingCapital(**free), WaysIn(weight=0.0), Clusters(weight=0.0)]
    off = short_run(compose(economy(theta=3.0), parts)).outcomes
    for name in ("wage", "price_index", "trade"):
        assert np.asarray(off[name]) == pytest.approx(np.asarray(plain[name]), rel=1e-12), name


@pytest.mark.slow
@pytest.mark.parametrize("process", ["stages", "contacts", "born global"])
def test_ways_in_rest_at_their_distribution(process):
    part = WaysIn(process=process)
    rest = {"stages": part.stages.mean(), "contacts": part.contacts.mean()}
    rest["born global"] = part.born.share() * part.born.markets
    found = short_run(compose(CorePeriphery(tau=1.5), [part]), [0.6, 0.4]).outcomes
    assert found["ways_in.reach"] == pytest.approx(np.full(2, float(rest[process])), rel=1e-10)
