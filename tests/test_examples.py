"""The examples in docstrings do what they say; those that compile more are among the slow tests."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import neg

PACKAGE = Path(neg.__file__).parent

QUICK = [
    *(f"neg.core.{name}" for name in ("checks", "errors", "logs", "parameters", "quantities")),
    *("neg.core.records", "neg.places.layouts", "neg.figures.maps", "neg.cli.texts", "neg.models"),
    *(f"neg.models.{name}" for name in ("footloose_capital", "constructed_capital", "pflueger")),
    *("neg.models.core_periphery", "neg.economy.general.build", "neg.economy.lever"),
    *("neg.economy.composed", "neg.analysis.scenarios", "neg.analysis.take_offs"),
    *("neg.estimation.costs", "neg.estimation.welfare", "neg.estimation.moments"),
    *(f"neg.menus.{name}" for name in ("menu", "productivity", "entry")),
    *(f"neg.firms.{name}" for name in ("ladder", "processes", "credit", "cluster", "facts")),
    *(f"neg.east_asia.{name}" for name in ("geometry", "gravity", "places")),
    *(f"neg.data.{name}" for name in ("treatments", "embedded", "maps", "countries", "blocks")),
    *(f"neg.data.readers.{name}" for name in ("pairs", "commuting", "regions")),
    *(f"neg.accounting.{name}" for name in ("content", "inverse", "position")),
    *(f"neg.agreements.{name}" for name in ("agreement", "bowl", "equilibrium", "reading")),
    *(f"neg.barriers.{name}" for name in ("clearance", "exchange", "frictions", "pair")),
    *("neg.chains.chain", "neg.estimation.gravity", "neg.figures.style"),
    *(f"neg.network.{name}" for name in ("carriage", "gates", "transactions", "transport")),
    *(f"neg.production.{name}" for name in ("magnification", "property_rights")),
    "neg.scenario_files.reading",
]


def shown() -> list[str]:
    """Modules with an example in their text."""
    paths = sorted(PACKAGE.rglob("*.py"))
    names = {".".join(("neg", *p.relative_to(PACKAGE).with_suffix("").parts)): p for p in paths}
    return [
        name.removesuffix(".__init__")
        for name, path in names.items()
        if ">>> " in path.read_text(encoding="utf-8")
    ]


SLOW = sorted(set(shown()) - set(QUICK))
WITHOUT = {"neg.models.input_linkages"}  # an abstract model, shown by those that fill it in


def test_every_model_is_shown_by_an_example():
    known = {f"neg.models.{name}" for name in dir(neg.models) if name != "get_model"}
    assert known - WITHOUT <= set(shown()) and set(QUICK) <= set(shown())


def examples(module) -> list[doctest.DocTest]:
    """The examples of a module, with what it defines at hand."""
    return [test for test in doctest.DocTestFinder().find(module) if test.examples]


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)])
def test_examples_do_what_they_say(name):
    found = examples(importlib.import_module(name))
    assert found
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
