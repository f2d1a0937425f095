"""The front page of the package: every name loads when first used, and nothing before."""

from __future__ import annotations

import inspect
import subprocess
import sys
import types

import pytest

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
