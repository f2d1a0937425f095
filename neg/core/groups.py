"""Parameters that belong together, given as one argument and named like all others."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import equinox as eqx


def group(kind: Any, meaning: str, *, needed: bool = False, absent: bool = False) -> Any:
    """Field for a group: a class of named parameters, given as one argument.

    Its parameters are told apart by their names alone: ``Lever("tiers.sharing")`` moves ``sharing``
    in whatever group of the part it stands. The constructor takes them in the group only.

    Args:
        kind: class of the group, whose ``within`` is the name of the field.
        meaning: what its parameters have in common.
        needed: whether it must be given; else it has the defaults of its parameters.
        absent: whether it may be left out altogether (None, the default then).
    """
    default: dict[str, Any] = {} if needed else {"default_factory": kind}
    if absent:
        default = {"default": None}
    return eqx.field(metadata={"neg_group": kind, "neg_meaning": meaning}, **default)


@functools.cache
def groups_of(cls: Any) -> dict[str, Any]:
    """Classes of the groups of a class, by field."""
    return {
        field.name: field.metadata["neg_group"]
        for field in dataclasses.fields(cls)
        if "neg_group" in field.metadata
    }


@functools.cache
def members(cls: Any) -> dict[str, str]:
    """What is given in a group, by name: the field of the group."""
    return {
        field.name: name
        for name, kind in groups_of(cls).items()
        for field in dataclasses.fields(kind)
    }


def held(module: Any, name: str) -> Any:
    """Value of a field, or of one of a group; None where that group is absent."""
    kind: Any = type(module)
    field = members(kind).get(name)
    if field is None:
        return getattr(module, name)
    owner = getattr(module, field)
    return None if owner is None else getattr(owner, name)


def called(cls: Any, name: str) -> str:
    """How errors call what is given: with the argument in which it stands."""
    kind = groups_of(cls).get(members(cls).get(name, ""), cls)
    return f"{kind.within}.{name}" if kind.within else name


def by_group(cls: Any, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Values of members of groups, by the field of their group."""
    where = members(cls)
    found: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        found.setdefault(where[name], {})[name] = value
    return found


def made(cls: Any, values: Mapping[str, Any]) -> Any:
    """One of a class from names alone, as files state them: groups are filled with what is theirs.

    Raises what its constructor raises.
    """
    where = members(cls)
    own = {name: value for name, value in values.items() if name not in where}
    inner = by_group(cls, {name: value for name, value in values.items() if name in where})
    kinds = groups_of(cls)
    return cls(**own, **{field: kinds[field](**given) for field, given in inner.items()})
