"""What must be true of firms for small ones to have the shares that statistics show."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax.scipy.special import ndtri
from jaxtyping import Array

from neg.core.checks import check_choice, check_range, is_concrete
from neg.core.errors import InvalidParameterError


class SizeFacts(NamedTuple):
    """Size distributions under which small firms have given shares.

    ``shape`` is the Pareto exponent of revenue (``kappa / (sigma - 1)``) or the standard deviation
    of its log, ``cutoff`` the size of a small firm in units of the smallest (Pareto) or the median
    (log-normal) one, ``spread`` that of log employment (log-normal), ``by_revenue`` and
    ``by_employment`` the elasticity of value added per head to either, ``gap`` that of large over
    small firms.
    """

    shape: Array
    cutoff: Array
    spread: Array
    by_revenue: Array
    by_employment: Array
    gap: Array


def size_facts(enterprises: Any, jobs: Any, value_added: Any, kind: str = "pareto") -> SizeFacts:
    """What reproduces the shares of small firms in enterprises, jobs and value added, exactly.

    With revenue ``x`` and employment ``x^(1 - w)``, c the largest small firm,

        Pareto      c^-k = 1 - enterprises,  c^(1 - k) = 1 - value added,  c^(1 - w - k) = 1 - jobs
        log-normal  k = Phi^-1(enterprises),  s_revenue = k - Phi^-1(value added),
                    s_employment = k - Phi^-1(jobs)

    With one wage and one labour share (w = 0) jobs and value added have the same share: no shape
    gives both. Raises :class:`neg.core.errors.InvalidParameterError` unless ``enterprises`` exceeds
    both other shares (small firms are smaller than the average).

    >>> facts = size_facts(0.96, 0.62, 0.45)
    >>> [round(float(value), 6) for value in (facts.shape, facts.by_revenue, facts.gap)]
    [1.228092, 0.141069, 1.994152]
    """
    check_choice("kind", kind, ("pareto", "log-normal"))
    given = {"enterprises": enterprises, "jobs": jobs, "value_added": value_added}
    for name, value in given.items():
        check_range(name, value, 0.0, 1.0, low_open=True, high_open=True)
    n, l, v = (jnp.asarray(value, dtype=float) for value in given.values())
    if is_concrete((n, l, v)) and not bool(jnp.all((n > l) & (n > v))):
        raise InvalidParameterError(
            f"enterprises = {float(n):g} is not allowed; must exceed the shares of small firms in "
            f"jobs ({float(l):g}) and value added ({float(v):g})"
        )
    gap = (1.0 - v) / (1.0 - l) * l / v
    if kind == "pareto":
        cut = (1.0 - v) / (1.0 - n)
        shape = -jnp.log(1.0 - n) / jnp.log(cut)
        elasticity = jnp.log((1.0 - l) / (1.0 - n)) / jnp.log(cut)  # of employment to revenue
        spread = shape / elasticity
    else:
        at = ndtri(n)
        shape, spread = at - ndtri(v), at - ndtri(l)
        elasticity = spread / shape
        cut = jnp.exp(at * shape)
    return SizeFacts(shape, cut, spread, 1.0 - elasticity, 1.0 / elasticity - 1.0, gap)
