"""What a general economy must be: shapes, ranges, shares that add up, names of its rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from neg.core.checks import (
    check_choice,
    check_finite,
    check_range,
    check_shape,
    check_shares,
    is_concrete,
)
from neg.core.errors import InvalidDataError, unknown_name

if TYPE_CHECKING:
    from neg.economy.general import GeneralEconomy

DEFICIT_RULES = ("fixed", "world-share", "own-share", "zero")
RENT_RULES = ("local", "pooled", "per-head")
REBATES = ("proportional", "lump-sum")


def check_economy(model: GeneralEconomy) -> None:
    """Raise a named error at the first number, shape or option that no economy can have."""
    places, sectors = model.shape
    kinds, uses = len(model.kinds), max((*model.industry_use, *model.final_use)) + 1
    by_cell, pair = (places, sectors), (places, places, sectors)
    shapes = {
        "employment": by_cell,
        "labour_share": by_cell,
        "land_share": by_cell,
        "tax_share": by_cell,
        "input_share": (places, sectors, sectors),
        "final_share": (places, sectors, kinds),
        "final_tax": (places,),
        "housing_share": (places,),
        "theta": (sectors,),
        "alpha": (sectors,),
        "productivity": by_cell,
        "reference": by_cell,
        "taste": (*pair, uses),
        "tau": pair,
        "tariff": pair,
        "export_tax": pair,
        "deficit": (places,),
        "land": (places,),
        "amenity": (places,),
    }
    for name, shape in shapes.items():
        check_shape(name, getattr(model, name), shape)
        check_finite(name, getattr(model, name))
    check_range("theta", model.theta, 0.0, low_open=True)
    check_range("alpha", model.alpha, 0.0, 1.0)
    check_range("tau", model.tau, 0.0, low_open=True)
    check_range("tariff", model.tariff, -1.0, low_open=True)
    check_range("export_tax", model.export_tax, -1.0, low_open=True)
    check_range("housing_share", model.housing_share, 0.0, 1.0, high_open=True)
    for name in ("employment", "input_share", "land_share", "productivity", "taste"):
        check_finite(name, getattr(model, name), nonnegative=True)
    for name in ("land", "amenity", "reference"):
        check_range(name, getattr(model, name), 0.0, low_open=True)
    check_choice("deficit_rule", model.deficit_rule, DEFICIT_RULES)
    check_choice("rent_rule", model.rent_rule, RENT_RULES)
    check_choice("rebate", model.rebate, REBATES)
    if model.rent_pool:
        check_shape("rent_pool", np.asarray(model.rent_pool), (places,))
    if model.numeraire not in ("world", *model.places):
        raise unknown_name("numeraire", model.numeraire, ("world", *model.places))
    _check_blocks(model)
    if is_concrete(model.input_share):
        _check_shares(model)


def _check_shares(model: GeneralEconomy) -> None:
    active = np.asarray(model.active)
    cost = model.labour_share + model.land_share + model.tax_share + model.input_share.sum(axis=1)
    check_shares("cost shares of place, sector", np.where(active, cost, 1.0))
    spent = model.final_share.sum(axis=(1, 2)) + model.final_tax + model.housing_share
    check_shares("spending shares of place", spent)
    check_range("labour_share", np.where(active, model.labour_share, 1.0), 0.0, low_open=True)
    imbalance = float(jnp.abs(jnp.sum(model.deficit)))
    if imbalance > 1e-8 * float(jnp.sum(model.employment)):
        raise InvalidDataError(f"deficit adds up to {imbalance:g}; must add up to zero")
    if model.deficit_rule == "zero" and bool(jnp.any(model.deficit != 0)):
        raise InvalidDataError("deficit must be zero everywhere under deficit_rule 'zero'")


def _check_blocks(model: GeneralEconomy) -> None:
    cells = (len(model.cell),)
    if model.labour_supply is not None:
        check_shape("labour_supply", model.labour_supply, (len(model.places),))
        check_range("labour_supply", model.labour_supply, 0.0)
    for name in ("place_taste", "sector_taste"):
        if getattr(model, name) is not None:
            check_shape(name, getattr(model, name), ())
            check_range(name, getattr(model, name), 0.0)
    if model.moving_cost is not None:
        check_shape("moving_cost", model.moving_cost, cells)
        check_finite("moving_cost", model.moving_cost)
    if model.origin_share is not None:
        check_shape("origin_share", model.origin_share, cells)
        check_finite("origin_share", model.origin_share, nonnegative=True)
        if is_concrete(model.origin_share) and is_concrete(model.cell):
            total = np.bincount(np.asarray(model.cell), np.asarray(model.origin_share))
            check_shares("origin shares of place and sector", total[np.unique(model.cell)])
