"""The examples in docstrings do what they say; those that compile more are among the slow tests."""

from __future__ import annotations

import doctest
import importlib
import inspect

import pytest

import neg

QUICK = [
    *(f"neg.core.{name}" for name in ("checks", "errors", "logs", "parameters", "quantities")),
    *("neg.core.records", "neg.places.layouts", "neg.figures.maps", "neg.cli.texts", "neg.models"),
    *(f"neg.models.{name}" for name in ("footloose_capital", "constructed_capital", "pflueger")),
    "neg.models.core_periphery",
    "neg.estimation.costs",
    *(f"neg.menus.{name}" for name in ("menu", "productivity", "entry")),
    *(f"neg.firms.{name}" for name in ("ladder", "processes", "credit", "cluster", "facts")),
    *(f"neg.east_asia.{name}" for name in ("geometry", "gravity", "places")),
    *("neg.economy.general.build", "neg.analysis.scenarios", "neg.data.treatments"),
    *(f"neg.data.{name}" for name in ("embedded", "maps", "countries")),
    *(f"neg.data.readers.{name}" for name in ("pairs", "commuting", "regions")),
]
SLOW = sorted(
    {f"neg.models.{name}" for name in dir(neg.models) if name != "get_model"} - set(QUICK)
)
SLOW += ["neg.firms.melitz", "neg.firms.selection", "neg.firms.takeoff", "neg.east_asia.economy"]
SLOW += [f"neg.solvers.{name}" for name in ("short_run", "long_run", "verdict", "dynamics")]
SLOW += ["neg.search.equilibria", "neg.breakpoints.thresholds", "neg.diagrams.diagram"]
SLOW += [f"neg.analysis.{name}" for name in ("baseline", "compare", "outcomes", "gradient")]
WITHOUT = {"neg.models.input_linkages"}  # an abstract model, shown by those that fill it in


def examples(module) -> list[doctest.DocTest]:
    """The examples of a module, with what it defines at hand."""
    return [test for test in doctest.DocTestFinder().find(module) if test.examples]


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)])
def test_examples_do_what_they_say(name):
    found = examples(importlib.import_module(name))
    assert found or name in WITHOUT
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    told: list[str] = []
    for test in found:
        runner.run(test, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)


@pytest.mark.parametrize("name", sorted(neg.models.Model.registry))
def test_models_tell_their_arguments_with_ranges(name):
    kind = neg.get_model(name)
    text = inspect.getdoc(kind)
    assert "Source:" in text and "Raises:" in text
    for key, spec in kind.parameters().items():
        assert f"{key}: {spec.meaning}; a number in {spec.allowed}, by default" in text
    for key, (_, choices) in kind.options().items():
        assert f"{key}: " in text and ", ".join(choices) in text
    for key, alias in kind.aliases.items():
        assert f"{key}: {alias.meaning}; a number in {alias.allowed}, in place of tau." in text
