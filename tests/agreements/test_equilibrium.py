"""Agreements in equilibrium: known numbers, limits, ledger, levers, gradients, bad input."""

import itertools
import warnings
from contextlib import nullcontext

import jax.numpy as jnp
import numpy as np
import pytest

from neg import Lever, compose, general_economy, get_model, short_run
from neg.agreements import (
    Agreement,
    Agreements,
    AgreementWarning,
    Lines,
    LogNormalCost,
    PhaseIn,
    RuleOfOrigin,
    bilaterals,
    origin_gap,
    preference_use,
    review,
    settle,
)
from neg.agreements.origin import fixed_point
from neg.analysis import gradient
from neg.core.errors import InvalidDataError, InvalidParameterError, UnknownNameError
from neg.core.status import Status
from neg.economy.ledger import largest_imbalance
from neg.economy.scene import Scene
from neg.parts import Hours

PAIR, TRIO = ("0", "1"), ("0", "1", "2")


@pytest.fixture(scope="module")
def world(three):
    """An economy with one agreement between two of three; nobody moves: cheap to solve."""
    rule = Agreement("A", PAIR, 0.01, lines=Lines([0.8, 1.0]), rule=RuleOfOrigin(0.8))
    return three.economy([rule], workers="immobile")


@pytest.fixture(scope="module")
def solved(world):
    return short_run(world)


# Known numbers ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_agreement_among_three_countries(three):
    """Before it, with a rule that is met, one that binds, and for one sector only."""
    ordinary = Agreement("A", PAIR, lines=Lines([1.0, 1.0]), rule=RuleOfOrigin(0.55))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AgreementWarning)
        three.check(three.solved([ordinary.with_(kept=1.0)]), "mfn")
    for case, change in {
        "fta_rule_diagonal": {},
        "fta_rule_binding_smooth": {"content": 0.82},
        "fta_sector0_only": {"coverage": [1.0, 0.0]},
    }.items():
        solution = three.solved([ordinary.with_(**change)])
        three.check(solution, case)
    gap = origin_gap(solution)["A"]
    assert max(gap) < 1e-12


@pytest.mark.slow  # each compiles a long-run solve
@pytest.mark.parametrize(
    ("case", "terms"),
    {
        "fta_free": {"cost": 0.0},
        "fta_compliance_no_rule": {},
        "fta_rule_none": {"rule": RuleOfOrigin(0.55, cumulation="none")},
        "fta_rule_full": {"rule": RuleOfOrigin(0.55, cumulation="full")},
    }.items(),
)
def test_rules_of_one_agreement(three, case, terms):
    three.check(three.solved([Agreement("A", PAIR, **terms)]), case)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "content", "cumulation"),
    [
        ("fta_rule_unreachable", 0.995, "full"),  # its known contents are those of full cumulation
        ("fta_rule_binding_sharp", 0.82, "diagonal"),
        ("fta_rule_diagonal_sharp", 0.55, "diagonal"),
    ],
)
def test_sharp_rules(three, case, content, cumulation):
    sharp = Agreement("A", PAIR, rule=RuleOfOrigin(content, cumulation=cumulation))
    economy = three.economy([sharp])  # composed smooth: contents are held before it is sharp
    ones = (jnp.ones((2, 2)),)
    part = economy.parts[0].with_(held=ones, **{"A.width": 0.0})
    missed = case != "fta_rule_diagonal_sharp"
    said = pytest.warns(AgreementWarning, match="no one can meet") if missed else nullcontext()
    with said:
        solution = settle(economy.with_(parts=(part,)))
    three.check(solution, case)
    if missed:
        with pytest.warns(AgreementWarning, match="no one can meet the rule"):
            review(solution)


@pytest.mark.slow
def test_a_sharp_rule_is_met_by_all_or_by_nobody(three):
    """Met by all: no rule at all. Out of reach: MFN exactly, and a warning says so."""
    sharp = Agreement("A", PAIR, rule=RuleOfOrigin(0.55))
    economy = three.economy([sharp], workers="immobile")
    part = economy.parts[0].with_(held=(jnp.ones((2, 2)),), **{"A.width": 0.0})
    economy = economy.with_(parts=(part,))
    met = settle(economy)
    assert int(met.status) == Status.CONVERGED
    none = short_run(economy.with_(**{"agreements.A.content": 0.0}))
    np.testing.assert_allclose(met.outcomes["income"], none.outcomes["income"], rtol=1e-12)
    with pytest.warns(AgreementWarning, match="no one can meet"):
        missed = settle(economy.with_(**{"agreements.A.content": 0.995}))
    mfn = short_run(economy.with_(**{"agreements.A.kept": 1.0}))
    np.testing.assert_allclose(missed.outcomes["income"], mfn.outcomes["income"], rtol=1e-12)
    np.testing.assert_array_equal(
        missed.outcomes["agreements.effective_tariff"], missed.model.value("agreements.mfn")
    )
    assert np.abs(met.outcomes["income"] - mfn.outcomes["income"]).max() > 1e-4
    with pytest.warns(AgreementWarning, match="no one can meet"):  # held contents: when composed
        compose(economy.base, [part.with_(**{"A.content": 0.995}, held=(jnp.full((2, 2), 0.9),))])


@pytest.mark.slow
def test_cumulation_among_three_of_four_countries(four):
    for cumulation in ("none", "bilateral", "diagonal", "full"):
        one = Agreement("A", TRIO, rule=RuleOfOrigin(0.6, cumulation=cumulation))
        four.check(four.solved([one]), f"one_{cumulation}")
        if cumulation in ("diagonal", "full"):
            case = f"one_{cumulation}_no_compliance"
            four.check(four.solved([one.with_(cost=0.0)]), case)
    four.check(four.solved([one.with_(cost=0.015)]), "one_full_half_cost")


@pytest.mark.slow
def test_a_bowl_of_bilaterals_is_one_agreement_with_bilateral_cumulation(four):
    bowl = bilaterals(TRIO, rule=RuleOfOrigin(0.6, cumulation="bilateral"))
    four.check(four.solved(bowl, nu=0.0), "bowl_bilaterals")
    four.check(four.solved(bowl), "one_bilateral")  # nobody has two: managing many costs nothing
    free = [one.with_(cost=0.0) for one in bowl]
    four.check(four.solved(free), "bowl_bilaterals_no_compliance")


# Input shares given -------------------------------------------------------------------------------


@pytest.mark.slow
def test_cumulation_raises_content_at_given_inputs(four):
    """None, bilateral, diagonal, full, in this order; a laxer rule likewise."""
    economy = four.economy([], workers="immobile")
    x = economy.initial_distribution()
    prices = economy.initial_prices(x)
    inputs = economy.bent_at(prices, x).inputs(prices, x)
    found = {}
    for cumulation, asked in itertools.product(
        ("none", "bilateral", "diagonal", "full"), (0.5, 0.6, 0.7)
    ):
        one = Agreement("A", TRIO, rule=RuleOfOrigin(asked, cumulation=cumulation))
        r = fixed_point(one, (0, 1, 2), inputs)
        least = fixed_point(one, (0, 1, 2), inputs, greatest=False)
        np.testing.assert_allclose(r, least, atol=1e-12)
        if cumulation != "bilateral":
            r = jnp.broadcast_to(r[:, None], (3, 3, 2))
        off = ~np.eye(3, dtype=bool)
        found[cumulation, asked] = np.asarray(r)[off]
    order = ("none", "bilateral", "diagonal", "full")
    for asked in (0.5, 0.6, 0.7):
        for less, more in itertools.pairwise(order):
            assert (found[less, asked] <= found[more, asked] + 1e-13).all()
        assert (found["full", asked] > found["none", asked]).all()
    for cumulation in order:
        assert (found[cumulation, 0.7] <= found[cumulation, 0.5] + 1e-13).all()
    pair = {
        c: fixed_point(Agreement("A", PAIR, rule=RuleOfOrigin(0.6, cumulation=c)), (0, 1), inputs)
        for c in ("bilateral", "diagonal")
    }
    np.testing.assert_allclose(pair["bilateral"][0, 1], pair["diagonal"][0], atol=1e-13)


def test_several_fixed_points_are_found():
    """A sharp rule that members meet together or not at all: the extremes differ."""
    from neg.economy.general.bought import Inputs

    bought = np.zeros((2, 2, 1, 1))
    bought[0, 1] = bought[1, 0] = 1.0  # each uses only the other's goods
    inputs = Inputs(jnp.asarray(bought), jnp.full((2, 1, 1), 0.6), (0,))
    one = Agreement("A", PAIR, rule=RuleOfOrigin(0.9, width=0.0))
    greatest, least = (
        fixed_point(one, (0, 1), inputs, greatest=greatest) for greatest in (True, False)
    )
    np.testing.assert_allclose(greatest, 1.0)
    np.testing.assert_allclose(least, 0.4, rtol=1e-12)


# The economy around it ----------------------------------------------------------------------------


@pytest.mark.slow
def test_the_ledger_balances_and_compliance_is_nobodys_income(world, solved):
    out = {name: np.asarray(value) for name, value in solved.outcomes.items()}
    wages = (out["wage"] * out["employment"]).sum(axis=1)
    np.testing.assert_allclose(out["income"], wages + out["tariff_revenue"], rtol=1e-10)
    rate = out["agreements.effective_tariff"]
    duties = (rate * out["trade"]).sum(axis=(0, 2))
    np.testing.assert_allclose(duties, out["tariff_revenue"], rtol=1e-10)
    assert out["agreements.compliance"].sum() > 0
    assert largest_imbalance(solved.ledger) <= 1e-10
    mfn = np.asarray(world.value("agreements.mfn"))
    assert (rate <= mfn + 1e-15).all() and (rate[0, 1] >= 0.01).all()
    assert out["agreements.effective_tariff"][2, 1, 0] == mfn[2, 1, 0]


def test_kept_at_mfn_nothing_changes(three, world, solved):
    del solved
    off = short_run(world.with_(**{"agreements.A.kept": 1.0}))
    plain = general_economy(
        places=three.places,
        sectors=("a", "b"),
        employment=three.given["L"][:, None] * np.ones(2) / 2,
        **{name: three.given[key] for name, key in {"theta": "theta", "tau": "tau"}.items()},
        productivity=three.given["T"],
        labour_share=three.given["gL"],
        input_share=three.given["g"],
        final_share=three.given["beta"],
        tariff=three.given["tM"],
    )
    known = short_run(plain).outcomes
    for name in ("consumption", "income", "wage", "tariff_revenue"):
        np.testing.assert_allclose(off.outcomes[name], known[name], rtol=1e-11)
    empty = compose(plain, [Agreements()])
    np.testing.assert_array_equal(
        empty.payoff(empty.initial_prices(known_x(empty)), known_x(empty)),
        plain.payoff(plain.initial_prices(known_x(empty)), known_x(empty)),
    )


def known_x(economy):
    return economy.initial_distribution()


@pytest.mark.parametrize("path", ["content", "cost", "kept", "width", "coverage", "rate"])
@pytest.mark.slow
def test_every_term_is_a_lever_with_a_gradient(world, path):
    name = f"agreements.A.{path}"
    lever = Lever(name, "plus")
    log_income = lambda out: jnp.log(out["consumption"][0])  # noqa: E731
    found = float(np.nansum(gradient(world, log_income, Lever(name)).values))
    step = -1e-4 if path == "coverage" else 1e-4

    def at(change):
        return float(log_income(short_run(lever.put(world, change)).outcomes))

    if path in ("coverage", "kept"):  # at the end of their range
        slope = (-3 * at(0.0) + 4 * at(step) - at(2 * step)) / (2 * step)
    else:
        slope = (at(step) - at(-step)) / (2 * step)
    assert found == pytest.approx(slope, rel=2e-5, abs=1e-9)


@pytest.mark.parametrize(
    ("draws", "elasticities"),
    [
        ("chain", [6.0 * 0.55, 6.0, 6.0]),
        ("stage", [6.0, 6.0, 6.0]),
        ("value-added", [6.0, 6.0 / 0.45, 6.0]),
    ],
)
def test_on_a_link_of_a_chain_firms_compare_at_the_elasticity_there(draws, elasticities):
    model = general_economy(
        places=TRIO,
        sectors=["parts", "assembly", "rest"],
        theta=6.0,
        employment=1.0,
        chains=[("parts", "assembly")],
        own_share=[1.0, 0.45, 1.0],
        final_share=[0.0, 0.5, 0.5],
        draws=draws,
    )
    part = Agreements([Agreement("A", PAIR, cost=0.08)], mfn=0.15)
    found = part.effects(Scene(model, model.initial_distribution(), {}, {}))
    for s, elasticity in enumerate(elasticities):
        use = preference_use(0.15, 0.0, theta=elasticity, cost=0.08)
        paid = (1.0 + use.effective_tariff) * use.factor
        duty, burnt = found["tariff"][0, 1, s], found["barrier"][0, 1, s]
        assert float(jnp.expm1(duty)) == pytest.approx(float(use.effective_tariff), rel=1e-12)
        assert float(jnp.exp(duty + burnt)) == pytest.approx(float(paid), rel=1e-12)


def test_depth_opens_services(three):
    """The share of non-tariff barriers that goes, as the agreement is phased in."""
    ntm = np.zeros((3, 3, 2))
    ntm[..., 1] = 0.2 * ~np.eye(3, dtype=bool)
    one = Agreement("A", PAIR, lines=Lines(excluded=("a", "b")), depth=0.25, phase_in=PhaseIn(0.4))
    economy = three.economy([one], ntm=ntm, mfn=0.0)
    x = economy.initial_distribution()
    tau = np.asarray(economy.bent_at(economy.initial_prices(x), x).market.tau)
    own = three.given["tau"]
    np.testing.assert_allclose(tau[0, 1, 1] / own[0, 1, 1], 1 + 0.2 * (1 - 0.25 * 0.6))
    np.testing.assert_allclose(tau[0, 2, 1] / own[0, 2, 1], 1.2)
    np.testing.assert_allclose(tau[..., 0], own[..., 0])


@pytest.mark.slow
def test_with_hours_that_answer(three):
    """Combined with the part ``hours``: solves, and is gone when hours do not answer."""
    rule = Agreement("A", PAIR, rule=RuleOfOrigin(0.8))
    economy = three.economy([rule], workers="immobile")
    with_hours = short_run(compose(economy, [Hours(psi=0.3)]))
    assert int(with_hours.status) == Status.CONVERGED
    still = short_run(compose(economy, [Hours(psi=0.0)])).outcomes["consumption"]
    np.testing.assert_allclose(still, short_run(economy).outcomes["consumption"], rtol=1e-10)


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (
            lambda three: three.economy([Agreement("A", ("0", "9"))]),
            *(UnknownNameError, "member of agreement 'A': '9'; allowed: 0, 1, 2"),
        ),
        (
            lambda three: three.economy([Agreement("A", PAIR, lines=Lines(excluded=("cars",)))]),
            *(UnknownNameError, "excluded sector of agreement 'A': 'cars'"),
        ),
        (
            lambda three: Lines(1.5),
            *(InvalidParameterError, r"lines.coverage = 1.5 .*\[0, 1\]"),
        ),
        (
            lambda three: RuleOfOrigin(1.4),
            *(InvalidParameterError, r"rule.content = 1.4 .*\[0, 1\]"),
        ),
        (
            lambda three: RuleOfOrigin(0.4, cumulation="partial"),
            *(
                UnknownNameError,
                "cumulation 'partial'; allowed: none, bilateral, diagonal, full",
            ),
        ),
        (
            lambda three: Agreement("A", PAIR, content=0.4),
            *(InvalidParameterError, r"content is .* must be given as rule=RuleOfOrigin\(content"),
        ),
        (
            lambda three: Agreement("A", PAIR).with_(width=0.1, content="much"),
            *(InvalidDataError, "rule.content = 'much' is not allowed; must be numbers"),
        ),
        (
            lambda three: Agreement("A.B", PAIR),
            *(InvalidParameterError, "'A.B' of an agreement .*without a dot"),
        ),
        (
            lambda three: three.economy([Agreement("A", PAIR, rule=RuleOfOrigin(0.5, 0.0))]),
            *(InvalidParameterError, "A.rule.width = 0 is not allowed .*settle"),
        ),
        (
            lambda three: three.economy([Agreement(n, PAIR) for n in "ABCDE"]),
            *(InvalidParameterError, "5 agreements hold between 0 and 1; must be 4 at most"),
        ),
        (
            lambda three: compose(get_model("core-periphery")(), [Agreements()]),
            *(InvalidParameterError, "must be a general economy"),
        ),
        (
            lambda three: three.economy().with_(**{"agreements.B.cost": 0.1}),
            *(UnknownNameError, "agreement 'B'"),
        ),
    ],
)
def test_bad_agreements_are_named(three, make, error, words):
    with pytest.raises(error, match=words):
        make(three)


def test_an_agreement_that_changes_nothing_warns(three):
    for terms in ({"kept": 1.0}, {"coverage": 0.0}, {"rate": 0.5}, {"excluded": ("a", "b")}):
        with pytest.warns(AgreementWarning, match="'A' changes nothing"):
            three.economy([Agreement("A", PAIR).with_(**terms)])
    with pytest.warns(AgreementWarning, match="'A' changes nothing"):
        three.economy([Agreement("A", PAIR)], mfn=0.0)


def test_a_rule_that_nobody_can_meet_warns(world, solved):
    del solved
    solution = short_run(world.with_(**{"agreements.A.content": 1.0, "agreements.A.width": 0.01}))
    with pytest.warns(AgreementWarning, match="no one can meet .* content of 1, and the highest"):
        review(solution)
    assert LogNormalCost().distribution == "lognormal"
