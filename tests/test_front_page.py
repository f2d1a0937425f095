"""The front page of the package: every name loads when first used, and nothing before."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
import types
from enum import Enum

import pytest
from pydantic import BaseModel

import neg


@pytest.mark.parametrize("name", neg.__all__)
def test_every_name_leads_to_what_it_says(name):
    found = getattr(neg, name)
    if isinstance(found, types.ModuleType):
        assert found.__name__ == f"neg.{name}"
    else:
        assert found.__name__ == name and found.__module__.startswith("neg.")
        assert found.__doc__
        if inspect.isfunction(found):
            assert ">>>" in found.__doc__ and "Error" in found.__doc__
    assert name in dir(neg)


ROOMS = [name for name in neg.__all__ if isinstance(getattr(neg, name), types.ModuleType)]


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_shows_what_it_offers_and_nothing_else(name):
    room = getattr(neg, name)
    shown = dir(room)
    assert len(set(shown)) == len(shown) and sorted(shown) == sorted(room.__all__)
    for inner in shown:
        found = getattr(room, inner)
        own = found.__name__ if isinstance(found, types.ModuleType) else f"neg.{name}.{inner}"
        assert own == f"neg.{name}.{inner}" and found is not None
        assert not inner.startswith("_")
    with pytest.raises(AttributeError, match=f"'neg.{name}' has no attribute 'magic'"):
        room.magic  # noqa: B018


def test_a_name_means_one_thing_in_all_rooms():
    meanings: dict[str, dict[int, str]] = {}
    for name in ROOMS:
        room = getattr(neg, name)
        for inner in room.__all__:
            found = getattr(room, inner)
            if isinstance(found, type) or inspect.isfunction(found):
                meanings.setdefault(inner, {})[id(found)] = f"{found.__module__}.{inner}"
    assert [list(found.values()) for found in meanings.values() if len(found) > 1] == []
    assert len(meanings) > 200


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="module 'neg' has no attribute 'magic'"):
        neg.magic  # noqa: B018


def test_importing_loads_no_room_and_switches_double_precision_on():
    code = (
        "import sys, neg, jax; assert jax.config.jax_enable_x64;"
        "print(sorted(m for m in sys.modules if m.startswith('neg.')), 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "False"]


MOST_ARGUMENTS = 10
_SELECTORS = "takes one selector for every kind of label, each left out unless it is meant"
_BLOCKS = "has one array for every block of an input-output table"
_SYMBOLS = "has one argument for every symbol of its equations"
_FOUND = "is made by the library; users read it"
MORE_ARGUMENTS = {
    "neg.bifurcation.branch.Branch": _FOUND,
    "neg.bifurcation.branch.SpecialPoint": _FOUND,
    "neg.breakpoints.results.Threshold": _FOUND,
    "neg.core.parameters.Parameter": _FOUND,
    "neg.data.accounts.Accounts": _BLOCKS,
    "neg.data.table.Table": _BLOCKS,
    "neg.data.treatments.Draft": _BLOCKS,
    "neg.economy.general.bent.Bent": _FOUND,
    "neg.economy.general.flows.Flows": _FOUND,
    "neg.economy.lever.Lever": _SELECTORS,
    "neg.estimation.result.Result": _FOUND,
    "neg.models.commuting.Commuting": _SYMBOLS,
    "neg.solvers.solution.LongRun": _FOUND,
}
"""What takes more than that, and why it may."""


def _offered():
    """Public classes and functions of all modules, by where they are made.

    Errors take words, and sections of scenario files (edits too) hold keys.
    """
    for module in pkgutil.walk_packages(neg.__path__, "neg."):
        if module.name.endswith("__main__"):
            continue
        for name, found in vars(importlib.import_module(module.name)).items():
            kind = inspect.isclass(found) and not issubclass(
                found, type | Exception | BaseModel | Enum
            )
            own = getattr(found, "__module__", "") == module.name and not name.startswith("_")
            if own and (kind or inspect.isfunction(found)):
                yield f"{module.name}.{name}", found


def _arguments(found):
    """The most arguments that a call of it takes: of a function, a constructor, any method."""
    calls = [found]
    if inspect.isclass(found):
        kinds = [kind for kind in found.__mro__ if kind.__module__.startswith("neg.")]
        own = {name: one for kind in kinds for name, one in vars(kind).items()}
        calls += [getattr(f, "__func__", f) for name, f in own.items() if not name.startswith("_")]
    given = [
        inspect.signature(one).parameters
        for one in calls
        if inspect.isclass(one) or inspect.isfunction(one)
    ]
    return max(len([name for name in one if name != "self"]) for one in given)


def test_nothing_takes_more_than_ten_arguments():
    counts = {name: _arguments(found) for name, found in _offered()}
    assert len(counts) > 700
    many = {name: count for name, count in counts.items() if count > MOST_ARGUMENTS}
    assert sorted(many.keys() ^ MORE_ARGUMENTS.keys()) == [], many
