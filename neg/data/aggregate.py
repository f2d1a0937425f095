"""Merge places and sectors of a table: sums of flows, flow-weighted tariffs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from neg.core.errors import LabelMismatchError, unknown_name
from neg.data.accounts import Accounts

Groups = Mapping[str, Sequence[str]]
T = TypeVar("T", bound=Accounts)


def aggregate(table: T, places: Groups, sectors: Groups) -> T:
    r"""Merge places and sectors of ``table`` into the named groups.

    Labels in no group stay as they are; a group stands where its first member stood. Flows, taxes
    and value added are summed; tariffs are averages with the flows as weights,

    .. math:: t_{IJS} = \frac{\sum t_{ijs} X_{ijs}}{\sum X_{ijs}}

    (a plain average where no flow exists), so that tariff revenue is preserved.

    Raises :class:`UnknownNameError` for labels that the table has not, and
    :class:`LabelMismatchError` for labels in two groups or groups that take a label in use.
    """
    new_places, A = membership("place", table.places, places)
    new_sectors, B = membership("sector", table.sectors, sectors)
    changes: dict[str, Any] = {
        "places": new_places,
        "sectors": new_sectors,
        "intermediate": np.einsum(
            "Ii,Ss,Jj,Kk,isjk->ISJK", A, B, A, B, table.intermediate, optimize=True
        ),
        "final": np.einsum("Ii,Ss,Jj,isjf->ISJf", A, B, A, table.final, optimize=True),
        "net_taxes_industry": A @ table.net_taxes_industry @ B.T,
        "net_taxes_final": A @ table.net_taxes_final,
        "value_added": A @ table.value_added @ B.T,
    }
    if table.tariff is not None:
        changes["tariff"] = _mean_tariff(table.tariff, table.flows, A, B)
    merged = [
        f"{new} = {' + '.join(old)}"
        for groups in (places, sectors)
        for new, old in groups.items()
        if list(old) != [new]
    ]
    note = "aggregated: " + "; ".join(merged) if merged else ""
    return table.replace(note, **changes)


def select(table: T, places: Sequence[str], rest: str = "ROW") -> T:
    """Keep ``places`` in the given order and merge all others into ``rest``, placed last.

    Nothing is dropped, so the table stays balanced. Raises :class:`UnknownNameError` for places
    that the table has not and :class:`LabelMismatchError` for repeated ones.
    """
    others = [place for place in table.places if place not in set(places)]
    groups = {rest: others} if others else {}
    _check_members("place", table.places, {"kept places": places})
    merged = aggregate(table, groups, {})
    order = [merged.places.index(place) for place in (*places, *groups)]
    if order == list(range(len(order))):
        return merged
    changes: dict[str, Any] = {
        "places": tuple(merged.places[i] for i in order),
        "intermediate": merged.intermediate[order][:, :, order],
        "final": merged.final[order][:, :, order],
    }
    for name in ("net_taxes_industry", "net_taxes_final", "value_added"):
        changes[name] = getattr(merged, name)[order]
    if merged.tariff is not None:
        changes["tariff"] = merged.tariff[order][:, order]
    return merged.replace(**changes)


def membership(
    kind: str, labels: Sequence[str], groups: Groups
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the new labels and the 0/1 matrix ``[new, old]`` that sums old entries into new."""
    _check_members(kind, labels, groups)
    owner = {old: new for new, olds in groups.items() for old in olds}
    clash = [label for label in labels if label in groups and owner.get(label) != label]
    if clash:
        raise LabelMismatchError(
            f"the name {clash[0]!r} of a group is the name of a {kind} outside it; must be unique"
        )
    new = tuple(dict.fromkeys(owner.get(label, label) for label in labels))
    matrix = np.zeros((len(new), len(labels)))
    for column, label in enumerate(labels):
        matrix[new.index(owner.get(label, label)), column] = 1.0
    return new, matrix


def _check_members(kind: str, labels: Sequence[str], groups: Groups) -> None:
    seen: dict[str, str] = {}
    for name, members in groups.items():
        if isinstance(members, str) or not members:
            raise LabelMismatchError(
                f"group {name!r} = {members!r} is not allowed; must be a non-empty list of labels"
            )
        for member in members:
            if member not in labels:
                raise unknown_name(kind, member, labels)
            if member in seen:
                raise LabelMismatchError(
                    f"{kind} {member!r} is in {seen[member]!r} and again in {name!r}; "
                    "must be in one group only"
                )
            seen[member] = name


def _mean_tariff(tariff: np.ndarray, flows: np.ndarray, A: np.ndarray, B: np.ndarray) -> np.ndarray:
    def total(array: np.ndarray) -> np.ndarray:
        return np.einsum("Ii,Jj,Ss,ijs->IJS", A, A, B, array, optimize=True)

    weight = np.maximum(flows, 0.0)
    plain = total(tariff) / total(np.ones_like(tariff))
    bought = total(weight)
    return np.where(bought > 0, total(tariff * weight) / np.where(bought > 0, bought, 1), plain)
