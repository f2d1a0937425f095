"""Edits that change nothing, by themselves, in all cases of a sweep, or once others are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from neg.scenario_files.moves import Move, apply
from neg.scenario_files.resolve import Resolved


def changes_nothing(cases: Sequence[tuple[Mapping[str, Any], Resolved]]) -> list[str]:
    """Of the edits of a file in its cases: which change nothing in any of them, in sentences."""
    still = [set(_still(made, point)) for point, made in cases]
    idle = [name for name in _names(cases[0][1].moves) if all(name in one for one in still)]
    found = [f"{name.partition(' ')[0]} changes nothing" for name in idle]
    first = cases[0][1]
    treaties = first.scenario.edit.agreement
    same = bool(treaties) and all(_same_agreements(made) for _, made in cases)
    if same:
        found.append("edits of agreements change nothing")
    found += _overwritten(first)
    if all(_unmoved(made, point) for point, made in cases) and (same or not treaties):
        found.append("the scenario changes nothing")
    return found


def depth_of_nothing(economy: Any) -> list[str]:
    """Agreements that remove a share of barriers of which the economy has none, in sentences."""
    part = next(
        (one.bare for one in getattr(economy, "parts", ()) if one.label == "agreements"), None
    )
    if part is None or np.any(np.asarray(part.ntm) > 0):
        return []
    return [
        f"services_depth = {float(one.depth):g} of agreement {one.name!r} changes nothing: there "
        "are no barriers to remove; tariff.ntm_rate gives them"
        for one in part.agreements
        if float(one.depth) > 0
    ]


def _names(moves: Sequence[Move]) -> list[str]:
    """What each move is called: where the file says its number, or its Lever and its place."""
    return [move.path or f"{move.lever.path} {k}" for k, move in enumerate(moves)]


def _still(made: Resolved, point: Mapping[str, Any]) -> Iterator[str]:
    """Names of edits of which no move changes anything after those before it.

    One edit may be several moves: hours of imports and of exports, say.
    """
    economy, moving = made.changed, set()
    names = _names(made.moves)
    for name, move in zip(names, made.moves, strict=True):
        after = apply(economy, [move], point)
        if not _equal(economy, after, move.lever.path):
            moving.add(name)
        economy = after
    yield from (name for name in dict.fromkeys(names) if name not in moving)


def _equal(one: Any, other: Any, path: str, rtol: float = 0.0) -> bool:
    sizes = {axis: len(names) for axis, names in one.labels.items()}
    if path in one.parameters():
        old, new = (np.asarray(some.full(path, sizes)) for some in (one, other))
    else:
        old, new = np.asarray(one.get(path)), np.asarray(other.get(path))
    return bool(np.allclose(old, new, rtol=rtol, atol=0.0, equal_nan=True))


def _unmoved(made: Resolved, point: Mapping[str, Any]) -> bool:
    """Whether all moves together leave every parameter where it was, but for rounding."""
    after = apply(made.changed, made.moves, point)
    paths = dict.fromkeys(move.lever.path for move in made.moves)
    return all(_equal(made.changed, after, path, 1e-12) for path in paths)


def _overwritten(made: Resolved) -> list[str]:
    """Edits whose every entry a later one sets to a value of its own."""
    found = []
    specs = made.changed.parameters()
    names = _names(made.moves)
    covered: dict[int, tuple[str, str, np.ndarray]] = {}
    for k, (name, move) in enumerate(zip(names, made.moves, strict=True)):
        lever = move.lever
        spec = specs.get(lever.path)
        mask = lever.mask(made.changed, spec) if spec is not None and spec.axes else np.ones(())
        for i, (before, path, own) in list(covered.items()):
            if lever.operation == "set" and path == lever.path and not (own & ~(mask > 0)).any():
                del covered[i]
                said, by = (one.partition(" ")[0] for one in (before, name))
                found.append(f"{said} is lost: {by} sets the same to its own value")
        covered[k] = (name, lever.path, mask > 0)
    return list(dict.fromkeys(found))


def _same_agreements(made: Resolved) -> bool:
    """Whether agreements after the edits are those before them, in whatever words and order."""
    one, other = (economy.part("agreements").bare for economy in (made.baseline, made.changed))
    if _terms(one) != _terms(other) or type(one.compliance) is not type(other.compliance):
        return False
    return all(map(_same, _numbers(one), _numbers(other)))


def _numbers(part: Any) -> list[Any]:
    """Numbers of agreements in the order of their names, and of the distribution of costs."""
    ordered = sorted(part.agreements, key=lambda one: str(one.name))
    return list(jax.tree_util.tree_leaves([ordered, part.compliance]))


def _terms(part: Any) -> dict[str, Any]:
    """What is no number of agreements, by name."""
    return {
        one.name: (
            set(one.members),
            set(one.partners),
            set(one.lines.excluded),
            one.rule is None,
            one.margin is None,
            one.cumulation,
        )
        for one in part.agreements
    }


def _same(one: Any, other: Any) -> bool:
    one, other = np.asarray(one), np.asarray(other)
    try:
        one, other = np.broadcast_arrays(one, other)
    except ValueError:
        return False
    return bool(np.array_equal(one, other, equal_nan=True))
