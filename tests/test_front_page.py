"""The front page of the package: every name loads when first used, and nothing before."""

from __future__ import annotations

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
    assert name in dir(neg)


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
