"""Bad input, one table: which error, and that it names argument, value and what is allowed."""

from __future__ import annotations

import jax
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from economies import random_table

import neg
from neg import get_model, long_run, short_run
from neg.analysis import calibrate, compare, scenario
from neg.breakpoints.thresholds import threshold
from neg.core.errors import (
    BlackHoleError,
    ConvergenceError,
    InvalidDataError,
    InvalidParameterError,
    InvalidShapeError,
    LabelMismatchError,
    NegError,
    SharesError,
    UnknownNameError,
)
from neg.core.status import Status
from neg.data import save
from neg.economy.general.build import general_economy
from neg.models.core_periphery import CorePeriphery
from neg.parts import Land
from neg.places.layouts import equidistant

TABLE = random_table(seed=1, tariffs=False)
LAYERS = {"border": (0.1, "resource")}
GEOGRAPHY = equidistant(2)
TWO = {"places": ["a", "b"], "sectors": ["s"], "employment": np.ones((2, 1)), "theta": 4.0}


def with_entry(name, index, value):
    array = np.array(getattr(TABLE, name))
    array[index] = value
    return TABLE.replace(**{name: array})


def without_output():
    inputs, final = TABLE.intermediate.copy(), TABLE.final.copy()
    inputs[1], inputs[:, :, 1], final[1] = 0.0, 0.0, 0.0
    taxes = TABLE.net_taxes_industry.copy()
    taxes[1] = 0.0
    output = inputs.sum(axis=(2, 3)) + final.sum(axis=(2, 3))
    value = output - inputs.sum(axis=(0, 1)) - taxes
    return TABLE.replace(
        intermediate=inputs, final=final, net_taxes_industry=taxes, value_added=value
    )


def edited(**edit):
    made = scenario({"name": "deal", "edits": [edit]})
    return compare(calibrate(TABLE, uses="common", layers=LAYERS), [made])


CASES = {
    # Tables
    "flow not finite": (
        lambda: with_entry("intermediate", (0, 1, 2, 0), np.nan),
        InvalidDataError,
        ["intermediate", "origin=p0, sector=s1, destination=p2, industry=s0", "nan", "finite"],
    ),
    "flow negative": (
        lambda: with_entry("intermediate", (0, 1, 2, 0), -3.0),
        InvalidDataError,
        ["intermediate", "origin=p0, sector=s1", "-3", ">= 0"],
    ),
    "final flow infinite": (
        lambda: with_entry("final", (0, 0, 0, 0), np.inf),
        InvalidDataError,
        ["final", "origin=p0", "inf", "finite"],
    ),
    "table out of balance": (
        lambda: with_entry("value_added", (2, 1), 99.0),
        InvalidDataError,
        ["p2:s1", "99", "do not balance", "at most 0.001 of output"],
    ),
    "region without output": (
        without_output,
        InvalidDataError,
        ["place 'p1'", "no output", "every place must"],
    ),
    "tariff of minus one": (
        lambda: TABLE.replace(tariff=np.full((3, 3, 2), -1.0)),
        InvalidDataError,
        ["tariff", "-1", "> -1"],
    ),
    "table of wrong shape": (
        lambda: TABLE.replace(value_added=np.ones((2, 3))),
        InvalidShapeError,
        ["value_added", "(2, 3)", "(3, 2)"],
    ),
    "place listed twice": (
        lambda: TABLE.replace(places=("p0", "p1", "p0")),
        LabelMismatchError,
        ["places", "'p0' twice"],
    ),
    # Shares
    "cost shares": (
        lambda: general_economy(**TWO, labour_share=0.8, land_share=0.3),
        SharesError,
        ["cost shares of place, sector[0, 0]", "1.1", "add up to 1"],
    ),
    "spending shares": (
        lambda: general_economy(**TWO, final_share=[0.7]),
        SharesError,
        ["spending shares of place[0]", "0.7", "add up to 1"],
    ),
    "deficits": (
        lambda: general_economy(**TWO, deficit=[0.2, 0.0]),
        InvalidDataError,
        ["deficit", "0.2", "add up to zero"],
    ),
    # Elasticities and other parameters
    "sigma": (
        lambda: CorePeriphery(sigma=1.0),
        InvalidParameterError,
        ["sigma = 1", "(1, inf)"],
    ),
    "mu": (lambda: CorePeriphery(mu=1.2), InvalidParameterError, ["mu = 1.2", "(0, 1)"]),
    "trade cost": (
        lambda: CorePeriphery(tau=0.9),
        InvalidParameterError,
        ["tau = 0.9", "[1, inf)"],
    ),
    "not a number": (lambda: CorePeriphery(mu=np.nan), InvalidParameterError, ["mu = nan"]),
    "freeness": (
        lambda: CorePeriphery().with_(phi=1.5),
        InvalidParameterError,
        ["phi = 1.5", "[0, 1]"],
    ),
    "a vector for a number": (
        lambda: CorePeriphery(sigma=[4.0, 5.0]),
        InvalidShapeError,
        ["sigma", "(2,)", "scalar"],
    ),
    "theta": (
        lambda: general_economy(**{**TWO, "theta": 0.0}),
        InvalidParameterError,
        ["theta[0] = 0", "(0, inf)"],
    ),
    "alpha": (
        lambda: calibrate(TABLE, alpha=[0.5, 1.1]),
        InvalidParameterError,
        ["alpha[1] = 1.1", "[0, 1]"],
    ),
    "iceberg factor": (
        lambda: general_economy(**TWO, tau=0.0),
        InvalidParameterError,
        ["tau[0, 1, 0] = 0", "(0, inf)"],
    ),
    "negative employment": (
        lambda: general_economy(**{**TWO, "employment": [[1.0], [-1.0]]}),
        InvalidParameterError,
        ["employment[1, 0] = -1", "[0, inf)"],
    ),
    "people where nothing can be made": (
        lambda: general_economy(**TWO, productivity=[[1.0], [0.0]]),
        InvalidDataError,
        ["employment of b:s is 1", "productivity is zero", "move these people"],
    ),
    "productivity taken from under people": (
        lambda: general_economy(**TWO).with_(productivity=[[0.0], [1.0]]),
        InvalidDataError,
        ["employment of a:s is 1", "productivity is zero", "must be zero"],
    ),
    "productivity where no cell is": (
        lambda: general_economy(
            **{**TWO, "employment": [[1.0], [0.0]]}, productivity=[[1.0], [0.0]]
        ).with_(productivity=1.0),
        InvalidDataError,
        ["b:s can produce but has no cell", "built anew"],
    ),
    "labels that nobody reads": (
        lambda: CorePeriphery(geography=GEOGRAPHY, tau=xr.DataArray([1.5, 1.7], dims="place")),
        LabelMismatchError,
        ["DataArray has labels", "Lever", "bare array"],
    ),
    "labels that nobody reads, in a part": (
        lambda: Land(supply={"a": 1.0, "b": 2.0}),
        LabelMismatchError,
        ["dict has labels", "bare array"],
    ),
    "labels of another economy": (
        lambda: general_economy(**{**TWO, "employment": {"a": 1.0, "x": 1.0}}),
        LabelMismatchError,
        ["employment", "missing ['b']", "unexpected ['x']"],
    ),
    "cut of cost": (
        lambda: edited(layer="border", cost=-0.05),
        InvalidParameterError,
        ["cost[0, 1, 0] = -0.05", "(0, inf)"],
    ),
    "classes of use": (
        lambda: general_economy(**TWO, uses=(("x", "y"), (0,), (0,))),
        InvalidParameterError,
        ["uses[2] = (0,)", "each kind", "2 in all"],
    ),
    "a class of use below zero": (
        lambda: general_economy(**TWO, uses=(("x",), (-1,), (0,))),
        InvalidParameterError,
        ["uses[1] = (-1,)", "whole number from zero"],
    ),
    "land that is no number": (
        lambda: general_economy(**TWO, land=np.array([1.0, None], dtype=object)),
        InvalidParameterError,
        ["land[1] = nan", "finite"],
    ),
    "tariffs beside a table": (
        lambda: calibrate(TABLE, tariff=0.1),
        InvalidParameterError,
        ["tariff is read from the table", "layers={'tariff'"],
    ),
    "what the table says of deficits": (
        lambda: calibrate(TABLE, deficit=[0.0, 0.0, 0.0]),
        InvalidParameterError,
        ["deficit is read from the table", "without_deficits"],
    ),
    "productivity beside a table": (
        lambda: calibrate(TABLE, productivity=2.0),
        InvalidParameterError,
        ["productivity is read from the table"],
    ),
    "a layer without its kind": (
        lambda: calibrate(TABLE, layers={"border": 0.1}),
        InvalidParameterError,
        ["layer 'border' = 0.1", "(rate, kind)", "resource"],
    ),
    "one scenario that is no list": (
        lambda: compare(general_economy(**TWO), scenario({"name": "x", "edits": []})),
        InvalidDataError,
        ["scenarios is one by itself", "list"],
    ),
    "a solution for a table": (
        lambda: save(short_run(general_economy(**TWO)), "x.csv"),
        InvalidDataError,
        ["data is ShortRun", "Dataset", "to_frame"],
    ),
    # Labels and names
    "shares of other sectors": (
        lambda: general_economy(**TWO, final_share={"magic": 1.0}),
        LabelMismatchError,
        ["final_share", "unexpected ['magic']"],
    ),
    "rows and columns of one name": (
        lambda: general_economy(
            **TWO,
            tau=pd.DataFrame(1.0, list("ab"), list("ab")).rename_axis(index="to", columns="to"),
        ),
        LabelMismatchError,
        ["rows and columns of tau", "'to'"],
    ),
    "costs of other places": (
        lambda: calibrate(
            TABLE,
            layers={"b": (pd.DataFrame(0.0, ["p0", "p1", "x"], ["p0", "p1", "p2"]), "risk")},
        ),
        LabelMismatchError,
        ["rows of rate of layer 'b'", "missing ['p2']", "unexpected ['x']"],
    ),
    "unknown region in a scenario": (
        lambda: edited(layer="border", cost=0.9, among=["p0", "Atlantis"]),
        UnknownNameError,
        ["'Atlantis'", "allowed: p0, p1, p2"],
    ),
    "unknown sector in a scenario": (
        lambda: edited(layer="border", cost=0.9, sectors=["magic"]),
        UnknownNameError,
        ["sector 'magic'", "allowed: s0, s1"],
    ),
    "unknown layer in a scenario": (
        lambda: edited(layer="tolls", cost=0.9),
        UnknownNameError,
        ["layer 'tolls'", "allowed: border"],
    ),
    "unknown key of a scenario": (
        lambda: edited(layer="border", price=0.9),
        InvalidParameterError,
        ["scenario 'deal'", "edits.0.price", "not permitted"],
    ),
    "two scenarios of one name": (
        lambda: compare(calibrate(TABLE, layers=LAYERS), [scenario({"name": "baseline"})]),
        LabelMismatchError,
        ["scenarios", "'baseline' twice"],
    ),
    "unknown model": (
        lambda: get_model("core-perifery"),
        UnknownNameError,
        ["model 'core-perifery'", "core-periphery", "footloose-entrepreneur"],
    ),
    "unknown parameter": (
        lambda: CorePeriphery().with_(kappa=1.0),
        UnknownNameError,
        ["parameter 'kappa'", "allowed:", "mu", "phi", "sigma", "tau"],
    ),
    "unknown parameter of a threshold": (
        lambda: neg.thresholds(CorePeriphery(), "kappa"),
        UnknownNameError,
        ["parameter 'kappa'", "sigma, mu"],
    ),
    "unknown option": (
        lambda: calibrate(TABLE, mobility="fast"),
        UnknownNameError,
        ["mobility of s0 'fast'", "allowed: immobile, sectors, places, free"],
    ),
    "unknown numeraire": (
        lambda: calibrate(TABLE, numeraire="gold"),
        UnknownNameError,
        ["numeraire 'gold'", "allowed: world, p0, p1, p2"],
    ),
    # Distributions and bounds
    "x of another economy": (
        lambda: long_run(CorePeriphery(), [0.2, 0.3, 0.5]),
        InvalidShapeError,
        ["x has shape (3,)", "must be (2,)"],
    ),
    "x that does not add up": (
        lambda: short_run(CorePeriphery(), [0.2, 0.3]),
        InvalidDataError,
        ["x adds up to 0.5 in group 0", "mass 1"],
    ),
    "bounds outside the range": (
        lambda: neg.thresholds(CorePeriphery(), "mu", low=-1.0),
        InvalidParameterError,
        ["low = -1.0", "range of mu", "[0.0, 1.0]"],
    ),
    "bounds the wrong way round": (
        lambda: neg.thresholds(CorePeriphery(), "tau", low=3.0, high=2.0),
        InvalidParameterError,
        ["low = 3", "below high = 2"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_a_named_error(case):
    call, error, words = CASES[case]
    with pytest.raises(NegError) as caught:
        call()
    assert type(caught.value) is error
    message = str(caught.value)
    assert [word for word in words if word not in message] == [], message


def test_named_errors_are_also_what_python_calls_them():
    for error, base in (
        (InvalidDataError, ValueError),
        (InvalidParameterError, ValueError),
        (UnknownNameError, KeyError),
        (ConvergenceError, RuntimeError),
    ):
        assert issubclass(error, base) and issubclass(error, NegError)


# A solver that cannot converge ------------------------------------------------------------------


def test_a_solver_that_cannot_converge_raises_and_carries_what_it_reached():
    model = CorePeriphery(tau=1.7)
    for call in (
        lambda: short_run(model, [0.9, 0.1], max_steps=1),
        lambda: long_run(model, [0.9, 0.1], max_steps=1),
    ):
        with pytest.raises(ConvergenceError, match="max_steps: .*Raise max_steps") as caught:
            call()
        solution = caught.value.solution
        assert solution.status == Status.MAX_STEPS
        assert np.isnan(solution.payoff).all() and np.isnan(solution.prices["wage"]).all()


def test_an_unconverged_result_never_looks_like_one_inside_compiled_code():
    def pay(tau):
        return short_run(CorePeriphery(tau=tau), [0.9, 0.1], max_steps=1).payoff[0]

    for function in (pay, jax.grad(pay), jax.jacfwd(pay)):
        assert np.isnan(jax.jit(function)(1.7))


# A black hole -----------------------------------------------------------------------------------


def test_a_black_hole_has_no_threshold_and_says_so():
    """At mu >= rho = (sigma - 1) / sigma agglomeration wins at every trade cost."""
    model = CorePeriphery(sigma=2.0, mu=0.6)
    found = neg.thresholds(model)
    assert found.points == () and found.none_because.startswith("black hole")
    with pytest.raises(BlackHoleError, match="black hole: full agglomeration is an equilibrium"):
        threshold(model)
    assert neg.thresholds(model.with_(mu=0.4)).none_because is None
