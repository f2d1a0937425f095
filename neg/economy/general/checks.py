"""What a general economy must be: shapes, shares that add up, people only where work can be."""

from __future__ import annotations

from typing import Any

import numpy as np

from neg.core.checks import check_finite, check_shape, check_shares, is_concrete
from neg.core.errors import InvalidDataError, InvalidParameterError

_ROOMS = ("cells", "technology", "market", "household", "closure", "chains")


def check_economy(model: Any) -> None:
    """Raise a named error at the first number, shape or share that no economy can have.

    Ranges are checked by each module; here stands what holds between them.
    """
    industry, final = model.technology.industry_use, model.household.final_use
    sizes = {"input": len(model.sectors), "use": max((*industry, *final)) + 1}
    sizes |= dict.fromkeys(("place", "origin", "destination"), len(model.places))
    sizes |= {"sector": len(model.sectors), "kind": len(model.household.kinds)}
    for room in _ROOMS:
        _full(getattr(model, room), sizes)
    check_shape("land", model.land, (len(model.places),))
    stock = model.closure.stock_change
    if stock is not None:
        check_shape("stock_change", stock, (*model.shape, len(model.places)))
        check_finite("stock_change", stock)
    check_shape("rent_pool", model.closure.rent_pool, (len(model.places),))
    weight = model.closure.numeraire
    if is_concrete(weight) and not np.any(np.asarray(weight) > 0):
        raise InvalidParameterError("numeraire has no place of positive weight; must have one")
    _check_shares(model)
    _check_people(model)


def _full(module: Any, sizes: dict[str, int]) -> None:
    """Every parameter of a module must have all its entries."""
    for name, spec in module.parameters().items():
        value = getattr(module, name)
        if value is not None:
            check_shape(name, value, tuple(sizes[axis] for axis in spec.axes))


def _check_shares(model: Any) -> None:
    """Shares add up, where they can be looked at: in compiled code what moves is no number yet."""
    technology, household = model.technology, model.household
    shares = technology.labour_share, technology.land_share, technology.tax_share
    labour = technology.labour_share
    looked = is_concrete((*shares, technology.input_share, technology.productivity))
    active = np.asarray(technology.productivity) > 0 if looked else np.zeros(0, dtype=bool)
    if looked:
        cost = sum(np.asarray(share) for share in shares)
        cost = cost + np.asarray(technology.input_share).sum(axis=1)
        check_shares("cost shares of place, sector", np.where(active, cost, 1.0))
    if is_concrete((household.final_share, household.final_tax, household.housing_share)):
        spent = np.asarray(household.final_share).sum(axis=(1, 2))
        spent = spent + np.asarray(household.final_tax) + np.asarray(household.housing_share)
        check_shares("spending shares of place", spent)
    if looked and (np.asarray(labour)[active] <= 0).any():
        i, s = np.argwhere(active & (np.asarray(labour) <= 0))[0]
        raise InvalidParameterError(
            f"labour_share of {model.places[i]}:{model.sectors[s]} is {labour[i, s]:g}; "
            "must be positive wherever something is made"
        )
    deficit, employment = model.closure.deficit, model.cells.employment
    if is_concrete((deficit, employment)):
        imbalance = float(np.abs(np.sum(np.asarray(deficit))))
        if imbalance > 1e-8 * float(np.sum(np.asarray(employment))):
            raise InvalidDataError(f"deficit adds up to {imbalance:g}; must add up to zero")


def _check_people(model: Any) -> None:
    """Nobody may stand where nothing can be made: they would earn a wage from nothing."""
    employment, productivity = model.cells.employment, model.technology.productivity
    if is_concrete((employment, productivity)):
        active = np.asarray(productivity) > 0
        idle = (np.asarray(employment) > 0) & ~active
        if idle.any():
            i, s = np.argwhere(idle)[0]
            raise InvalidDataError(
                f"employment of {model.places[i]}:{model.sectors[s]} is "
                f"{float(employment[i, s]):g}, where productivity is zero; must be zero, or move "
                "these people to where something can be made"
            )
        cells = np.zeros(np.shape(active), dtype=bool).reshape(-1)
        cells[np.asarray(model.cells.cell)] = True
        closed = active.reshape(-1) & ~cells
        if closed.any():
            i, s = np.divmod(int(np.flatnonzero(closed)[0]), len(model.sectors))
            raise InvalidDataError(
                f"{model.places[i]}:{model.sectors[s]} can produce but has no cell; productivity "
                "that opens a cell needs an economy built anew"
            )
    share = model.cells.origin_share
    if share is not None:
        check_shape("origin_share", share, (len(model.cells.place),))
        check_finite("origin_share", share, nonnegative=True)
        if is_concrete(share):
            cell = np.asarray(model.cells.cell)
            total = np.bincount(cell, np.asarray(share))
            check_shares("origin shares of place and sector", total[np.unique(cell)])
