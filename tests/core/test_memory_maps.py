"""Programs are forgotten before memory maps run out, and never inside compiled code."""

import jax
import jax.numpy as jnp
import pytest

from neg.core import memory_maps
from neg.core.compilation import quick_jit
from neg.core.memory_maps import make_room


def counted():
    """A compiled function, and how often it was traced."""
    traces = []

    @quick_jit
    def double(x):
        traces.append(1)
        return 2.0 * x

    return double, traces


@pytest.fixture
def little_room(monkeypatch):
    """As if a process could hold one map only, and had compiled much since the last look."""
    monkeypatch.setattr(memory_maps, "_maps", lambda: (2, 1))
    monkeypatch.setattr(memory_maps._Compiled, "count", 1000)


def test_with_room_nothing_is_forgotten():
    double, traces = counted()
    assert float(double(jnp.asarray(1.0))) == 2.0
    assert not make_room(every=0, full=1e9)
    assert float(double(jnp.asarray(3.0))) == 6.0
    assert len(traces) == 1


def test_without_room_programs_are_compiled_again(little_room):
    double, traces = counted()
    assert make_room()
    assert not make_room()  # not again before as many programs have been compiled
    assert float(double(jnp.asarray(1.0))) == 2.0
    memory_maps._Compiled.count = 1000
    assert float(double(jnp.asarray(3.0))) == 6.0  # a call makes room by itself
    assert len(traces) == 2


def test_compiled_programs_are_counted():
    memory_maps._Compiled.count = 0
    jax.jit(lambda x: jnp.sin(x) + 12.345)(1.0)
    assert memory_maps._Compiled.count >= 1


def test_inside_compiled_code_nothing_is_forgotten(little_room):
    double, traces = counted()
    double(jnp.asarray(1.0))  # makes room first
    kept = []

    @jax.jit
    def outer(x):
        memory_maps._Compiled.count = 1000
        value = double(x)
        kept.append(memory_maps._Compiled.count >= 1000)
        return value

    assert float(outer(2.0)) == 4.0
    assert kept == [True]


def test_gradients_make_room_too(little_room):
    double, _ = counted()
    memory_maps._Compiled.count = 1000
    assert float(jax.grad(double)(1.0)) == 2.0
    assert memory_maps._Compiled.count < 1000


def test_this_system_can_be_counted_or_has_no_limit():
    held, most = memory_maps._maps()
    assert 0 <= held < most
