"""Text for numbers, a class for a model, one part for a list: the argument is named at once."""

from __future__ import annotations

from collections.abc import Iterator

import jaxtyping
import numpy as np
import pytest

from neg import (
    Lever,
    compose,
    diagram,
    equilibria,
    general_economy,
    long_run,
    paths,
    short_run,
    thresholds,
)
from neg.analysis import calibrate, compare, gradient
from neg.barriers import Layer
from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.data import load_icio
from neg.models.core_periphery import CorePeriphery
from neg.parts import Density, Tastes
from neg.solvers.long_run import equilibrium_at


@pytest.fixture(autouse=True)
def _as_users_call_it() -> Iterator[None]:
    """Without the checks of signatures that tests add, which would come first."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


GIVEN = {"places": ["a", "b"], "sectors": ["s"], "employment": 1.0, "theta": 5.0}
MODEL = CorePeriphery()


def economy(**changes):
    return general_economy(**(GIVEN | changes))


NO_NUMBERS = {
    "text": ("sigma", lambda: CorePeriphery(sigma="big")),
    "by position": ("delta", lambda: Density("big")),
    "text in a list": ("sigma", lambda: CorePeriphery(sigma=[5.0, "big"])),
    "ragged": ("sigma", lambda: CorePeriphery(sigma=[[1.0, 2.0], [3.0]])),
    "complex": ("sigma", lambda: CorePeriphery(sigma=5.0 + 1j)),
    "complex array": ("sigma", lambda: CorePeriphery(sigma=np.array(5.0 + 1j))),
    "with_": ("sigma", lambda: MODEL.with_(sigma="big")),
    "alias": ("phi", lambda: CorePeriphery(phi="free")),
    "alias with_": ("phi", lambda: MODEL.with_(phi="free")),
    "layer": ("factor", lambda: Layer("freight", 0.1, "resource")),
    "builder": ("theta", lambda: economy(theta="high")),
    "builder, list": ("employment", lambda: economy(employment=["many", "few"])),
    "builder, ragged": ("tau", lambda: economy(tau=[[1.0, 2.0], [3.0]])),
    "economy": ("theta", lambda: economy().with_(theta="high")),
    "mapping": ("employment", lambda: economy(employment={"a": 1.0, "b": "few"})),
    "lever": ("tau", lambda: Lever("tau", "times").put(economy(), "cheap")),
    "lever of one": ("sigma", lambda: Lever("sigma", "set").put(MODEL, "big")),
    "calibrate": ("theta", lambda: calibrate(load_icio(), theta="high")),
    "start": ("start", lambda: long_run(MODEL, "even")),
    "start of none": ("start", lambda: long_run(MODEL, [None, 1.0])),
    "distribution": ("x", lambda: short_run(MODEL, "even")),
    "near": ("x", lambda: equilibrium_at(MODEL, "even", [True, True])),
    "times": ("times", lambda: paths(MODEL, [0.5, 0.5], "soon")),
    "from": ("start", lambda: paths(MODEL, "even", [0.0, 1.0])),
    "interval": ("low and high of tau", lambda: diagram(MODEL, "tau", 1.2, "high")),
    "bound": ("low", lambda: thresholds(MODEL, "tau", low="none")),
}
KINDS = {
    "class": ("model is the class CorePeriphery", lambda: short_run(CorePeriphery)),
    "name": ("model is a str; must be a Model", lambda: long_run("core-periphery")),
    "search": ("model is a str", lambda: equilibria("core-periphery")),
    "diagram": ("model is a str", lambda: diagram("core-periphery", "tau", 1.1, 2.0)),
    "thresholds": ("model is the class", lambda: thresholds(CorePeriphery, "tau")),
    "paths": ("model is a dict", lambda: paths({}, [0.5, 0.5], [0.0, 1.0])),
    "compare": ("economy is a str", lambda: compare("table", [])),
    "gradient": ("economy is a NoneType", lambda: gradient(None, None, "tau")),
    "table": ("table is a str; must be a Table", lambda: calibrate("icio.csv")),
    "base": ("base is the class", lambda: compose(CorePeriphery, [])),
    "part": ("parts[1] is a str; must be a Part", lambda: compose(MODEL, [Tastes(0.1), "land"])),
    "class of a part": ("parts[0] is the class Tastes", lambda: compose(MODEL, [Tastes])),
    "one part": ("parts is one part, 'tastes'", lambda: compose(MODEL, Tastes(0.1))),
}


@pytest.mark.parametrize("case", NO_NUMBERS)
def test_what_is_no_number_is_named(case):
    name, call = NO_NUMBERS[case]
    with pytest.raises(InvalidDataError) as caught:
        call()
    message = str(caught.value)
    assert message.startswith(f"{name} = ") and message.endswith("must be numbers"), message


@pytest.mark.parametrize("case", KINDS)
def test_what_is_of_another_kind_is_named(case):
    words, call = KINDS[case]
    with pytest.raises(InvalidDataError) as caught:
        call()
    assert str(caught.value).startswith(words), caught.value


def test_a_text_is_no_list_of_labels():
    """Its letters would be two places."""
    with pytest.raises(LabelMismatchError, match="places is the text 'ab'; must be a list"):
        economy(places="ab")


def test_labels_that_nobody_would_read_are_refused_by_name():
    with pytest.raises(LabelMismatchError, match="sigma: a dict has labels"):
        CorePeriphery(sigma={"a": 5.0})
