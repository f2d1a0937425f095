"""Make or buy by the property-rights theory of the firm: a menu of four forms."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from neg.core.checks import check_labels, check_range
from neg.core.errors import unknown_name
from neg.menus import Menu

FORMS = ("NO", "NV", "SO", "SV")
"""Place (North, South) and boundary (outsourcing, vertical integration) of a form."""


def property_rights_menu(
    *,
    alpha: Any,
    eta: Any,
    keeps: dict[str, Any],
    fixed_cost: dict[str, Any],
    demand: Any,
    wage_north: Any = 1.0,
    wage_south: Any = 1.0,
) -> Menu:
    """The four forms of a lead firm: parts made in North or South, bought or made.

        psi[l,k] = (1 - al (b eta + (1-b)(1-eta))) / ((1/al) (w_N/b)^eta (w_l/(1-b))^(1-eta))^sg
        profit   = X psi[l,k] x - w_N f[l,k],    sg = al / (1 - al),    x = z^sg

    Args:
        alpha: al, one less one over the elasticity of substitution; in (0, 1).
        eta: headquarter intensity, in (0, 1).
        keeps: share b of revenue that headquarters keeps, by form (``NO``, ``NV``, ``SO``, ``SV``).
        fixed_cost: f in northern labour, by form; their order is an assumption of the paper.
        demand: X.
        wage_north, wage_south: money.

    Shares of sales are those of ``psi X x``, profit before fixed costs. Left out: partial
    contracts (Antras and Helpman 2008), relational ones. Raises :class:`UnknownNameError` and
    :class:`LabelMismatchError` for forms that are none or absent.

    Source: Antras and Helpman (2004), JPE 112(3).

    >>> keeps = {"NO": 0.5, "NV": 0.8, "SO": 0.5, "SV": 0.65}
    >>> costs = {"NO": 0.8, "NV": 1.05, "SO": 3.15, "SV": 5.5}
    >>> property_rights_menu(alpha=0.75, eta=0.75, keeps=keeps, fixed_cost=costs, demand=20.0,
    ...     wage_south=0.4).slope.round(4).tolist()
    [0.6592, 0.7828, 1.3106, 1.647]
    """
    check_range("alpha", alpha, 0.0, 1.0, low_open=True, high_open=True)
    check_range("eta", eta, 0.0, 1.0, low_open=True, high_open=True)
    for name, given in {"keeps": keeps, "fixed_cost": fixed_cost}.items():
        for form in given:
            if form not in FORMS:
                raise unknown_name(f"form in {name}", form, FORMS)
        check_labels(name, [form for form in FORMS if form in given], FORMS)
    share = jnp.stack([jnp.asarray(keeps[form], dtype=float) for form in FORMS])
    check_range("keeps", share, 0.0, 1.0, low_open=True, high_open=True)
    wage = jnp.stack(
        [jnp.asarray(wage_north if f[0] == "N" else wage_south, dtype=float) for f in FORMS]
    )
    left = 1.0 - alpha * (share * eta + (1.0 - share) * (1.0 - eta))
    cost = (wage_north / share) ** eta * (wage / (1.0 - share)) ** (1.0 - eta) / alpha
    psi = left * cost ** (-alpha / (1.0 - alpha))
    fixed = wage_north * jnp.stack([jnp.asarray(fixed_cost[f], dtype=float) for f in FORMS])
    return Menu(demand * psi, fixed, modes=FORMS)
