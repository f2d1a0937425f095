"""Parameters and aliases: stated once, by either name, wherever a model is made or changed."""

import jax
import numpy as np
import pytest

from neg.core.errors import InvalidParameterError, UnknownNameError
from neg.models import get_model
from neg.models.core_periphery import CorePeriphery
from neg.models.footloose_capital import FootlooseCapital
from neg.places.layouts import equidistant, line

WITH_FREENESS = [
    *("constructed-capital", "core-periphery", "footloose-capital", "footloose-entrepreneur"),
    *("helpman", "pflueger", "puga", "urban-costs", "vertical-linkages", "allen-arkolakis"),
]


@pytest.mark.parametrize("name", WITH_FREENESS)
def test_constructors_take_freeness(name):
    kind = get_model(name)
    assert "phi" in kind.aliases
    made = kind(phi=0.3, sigma=6.0)
    assert float(made.tau) == float(kind(sigma=6.0).with_(phi=0.3).tau)
    assert float(made.get("phi")) == pytest.approx(0.3)


def test_a_gradient_goes_through_an_alias():
    slope = jax.grad(lambda phi: CorePeriphery(phi=phi, sigma=4.0).tau)(0.3)
    assert float(slope) == pytest.approx(-(0.3 ** (-4 / 3)) / 3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: CorePeriphery(phi=0.3, tau=1.5),
        lambda: CorePeriphery().with_(phi=0.3, tau=1.5),
        lambda: FootlooseCapital(tau=2.0, phi=0.1),
    ],
)
def test_a_parameter_and_its_alias_are_refused_together(call):
    with pytest.raises(InvalidParameterError, match="phi is not allowed beside tau"):
        call()


@pytest.mark.parametrize("value", [0.0, 1.5, -0.1, np.nan])
def test_a_bad_alias_is_named(value):
    for call in (lambda: CorePeriphery(phi=value), lambda: CorePeriphery().with_(phi=value)):
        with pytest.raises(InvalidParameterError, match=f"phi = {value:g}"):
            call()


def test_unknown_arguments_are_named_with_what_is_allowed():
    with pytest.raises(UnknownNameError, match="'fi'; allowed: sigma, mu, .*tau, phi"):
        CorePeriphery(fi=0.3)


# Defaults that follow what they derive from ------------------------------------------------------


def test_a_share_that_nobody_gave_follows_the_sizes():
    model = FootlooseCapital()
    grown = model.with_(sizes=[3, 1])
    assert float(grown.share) == float(grown.get("share")) == 0.75
    np.testing.assert_allclose(grown.with_(tau=1.2).spending, [0.75, 0.25])
    np.testing.assert_allclose(grown.with_(tau=1.2).with_(sizes=[1, 3]).spending, [0.25, 0.75])
    np.testing.assert_allclose(grown.with_(sizes=None).spending, [0.5, 0.5])
    assert float(model.with_(geography=line(4)).share) == 0.25


def test_a_share_that_was_given_stays():
    for model in (FootlooseCapital(share=0.6), FootlooseCapital(sizes=[3, 1]).with_(share=0.6)):
        again = model.with_(geography=equidistant(3), sizes=[1, 1, 3])
        np.testing.assert_allclose(again.spending, [0.6, 0.1, 0.3])
        assert float(again.with_(share=None).share) == pytest.approx(0.2)
