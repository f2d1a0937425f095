"""Groups of parameters: given as one argument, named, moved and checked like all others."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import jax
import numpy as np
import pytest
from jaxtyping import Array

from neg.core.errors import (
    InvalidDataError,
    InvalidParameterError,
    InvalidShapeError,
    UnknownNameError,
)
from neg.core.groups import group, groups_of, made, members
from neg.core.parameters import Parametric, option, parameter
from neg.economy.part import Part


class Tax(Parametric):
    """Rates."""

    within: ClassVar[str] = "tax"

    rate: Array = parameter(0.1, "rate", low=0.0, high=1.0, axes=("place",), unit="ad valorem")
    rule: str = option("flat", "how it rises", ("flat", "steep"))


class Aid(Parametric):
    """Aid that may not exist."""

    within: ClassVar[str] = "aid"

    share: Array = parameter(meaning="share", low=0.0, high=1.0)
    steps: Array = parameter(2.0, "steps", low=0.0)


class State(Parametric):
    """Something with groups."""

    scale: Array = parameter(1.0, "scale", low=0.0)
    tax: Tax = group(Tax, "what is taxed")
    aid: Aid | None = group(Aid, "what is paid", absent=True)


def test_members_of_groups_are_named_like_all_others():
    state = State(tax=Tax(rate=[0.2, 0.3]))
    assert list(State.parameters()) == ["scale", "rate", "share", "steps"]
    assert State.parameters()["rate"].unit == "ad valorem" and list(State.options()) == ["rule"]
    np.testing.assert_array_equal(state.value("rate"), [0.2, 0.3])
    assert state.value("share") is None and state.full("rate", {"place": 2}).shape == (2,)
    moved = state.with_(rate=0.5, scale=2.0, rule="steep")
    assert float(moved.get("rate")) == 0.5 and moved.tax.rule == "steep"
    assert float(moved.scale) == 2.0 and float(state.scale) == 1.0
    whole = state.with_(tax=Tax(rate=0.4), rule="steep")  # a group, and then one of its members
    assert float(whole.get("rate")) == 0.4 and whole.tax.rule == "steep"


def test_a_group_that_is_absent_is_made_of_what_is_given():
    aided = State().with_(share=0.3)
    assert float(aided.aid.share) == 0.3 and float(aided.aid.steps) == 2.0
    assert float(aided.with_(steps=1.0).get("share")) == 0.3
    assert aided.with_(aid=None).value("share") is None


def test_names_alone_fill_the_groups():
    state = made(State, {"scale": 3.0, "rate": 0.2, "rule": "steep", "share": 0.1})
    assert float(state.get("rate")) == 0.2 and float(state.aid.share) == 0.1
    assert state.tax.rule == "steep" and float(state.scale) == 3.0


def test_derivatives_pass_through_groups():
    state = State(tax=Tax(rate=0.2))

    def revenue(rate):
        moved = state.with_(rate=rate)
        return moved.value("rate") * (1.0 - moved.tax.rate) * moved.scale

    assert float(jax.grad(revenue)(0.3)) == pytest.approx(1.0 - 0.6)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: State(rate=0.2), InvalidParameterError, r"must be given as tax=Tax\(rate=...\)"),
        (lambda: State(rates=0.2), UnknownNameError, "argument of State 'rates'"),
        (lambda: Tax(rate=1.5), InvalidParameterError, r"tax.rate = 1.5 .*\[0, 1\]"),
        (lambda: State().with_(rate=1.5), InvalidParameterError, r"tax.rate = 1.5 .*\[0, 1\]"),
        (lambda: Tax(rate="much"), InvalidDataError, "tax.rate = 'much'"),
        (lambda: Tax(rule="low"), UnknownNameError, "tax.rule 'low'; allowed: flat, steep"),
        (lambda: State().with_(rats=0.1), UnknownNameError, "parameter 'rats'.*rate"),
        (lambda: Tax(rate=[[0.1]]), InvalidShapeError, r"tax.rate has shape \(1, 1\)"),
        (
            lambda: State(tax=Tax([0.1, 0.2])).check_axes({"place": 3}, "state."),
            *(InvalidShapeError, r"state.tax.rate has shape \(2,\); must be \(3,\)"),
        ),
    ],
)
def test_bad_input_is_named_with_its_group(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_the_docstring_tells_what_stands_in_a_group():
    assert "tax: what is taxed; a ``Tax`` (rate, rule), optional." in State.__doc__


def _all(kind):
    yield kind
    for one in kind.__subclasses__():
        yield from _all(one)


def test_no_name_stands_in_two_groups():
    """Else it would not say which is meant; and every group is where its errors say."""
    import neg.agreements
    import neg.firms
    import neg.network

    rooms = (neg.firms, neg.agreements, neg.network)
    assert all(getattr(room, name) for room in rooms for name in room.__all__)
    seen = 0
    for kind in [one for one in _all(Parametric) if one.__module__.startswith("neg.")]:
        own = [field.name for field in dataclasses.fields(kind)]
        inner = [name for field in set(members(kind).values()) for name in _fields(kind, field)]
        assert len({*own, *inner}) == len(own) + len(inner), kind
        seen += bool(inner)
    assert seen >= 7 and issubclass(neg.firms.Tiers, Part)


def _fields(kind, field):
    given = groups_of(kind)[field]
    assert given.within in ("", field), kind
    return [one.name for one in dataclasses.fields(given)]
