"""What is refused of a network: names, numbers, links and borders that cannot be meant."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from neg.core.errors import DuplicateLinkError, InvalidParameterError, unknown_name
from neg.network.objects import Border, Link, Mode, Place, link_hours, link_usd, numbers


def check_names(nodes: Any, kinds: Any, ways: Any, changes: Any, crossings: Any) -> None:
    """Raise a named error for names that do not exist, and for links that end where they begin."""
    names, modes = [one.name for one in nodes], [one.name for one in kinds]
    known, known_modes = set(names), set(modes)
    economies = {one.economy for one in nodes} | {""}
    for link in ways:
        for end in (link.origin, link.destination):
            if end not in known:
                raise unknown_name(f"place of link {link.label!r}", end, names)
        if link.mode not in known_modes:
            raise unknown_name(f"mode of link {link.label!r}", link.mode, modes)
        if link.origin == link.destination:
            raise InvalidParameterError(
                f"link {link.label!r} leads from {link.origin!r} to itself; must join two places"
            )
    for change in changes:
        if change.place not in known:
            raise unknown_name(f"place of transfer {change.label!r}", change.place, names)
        for mode in (change.first, change.second):
            if mode not in known_modes:
                raise unknown_name(f"mode of transfer {change.label!r}", mode, modes)
    for border in crossings:
        for economy in (border.first, border.second):
            if economy not in economies:
                allowed = sorted(economies - {""})
                raise unknown_name(f"economy of border {border.label!r}", economy, allowed)
        if border.mode and border.mode not in known_modes:
            raise unknown_name(f"mode of border {border.label!r}", border.mode, modes)


_POSITIVE = ("kmh", "capacity", "factor")


def check_numbers(*groups: Any) -> None:
    """Raise a named error for numbers out of range."""
    for group in groups:
        for one in group:
            label = getattr(one, "label", None) or one.name
            for name, value in numbers(one):
                positive = name in _POSITIVE
                infinite = name == "kmh" and value == float("inf")
                least = 1.0 if name == "factor" else 0.0
                bad = value <= 0 if positive else value < 0
                if not infinite and (not np.isfinite(value) or bad or value < least):
                    allowed = "positive" if positive and least == 0 else f"at least {least:g}"
                    raise InvalidParameterError(
                        f"{name} of {type(one).__name__.lower()} {label!r} is {value:g}; "
                        f"must be finite and {allowed}"
                    )


def check_lengths(ways: tuple[Link, ...], kinds: tuple[Mode, ...]) -> None:
    """Raise a named error for a link that is free for want of kilometres, where they cost."""
    modes = {mode.name: mode for mode in kinds}
    for link in ways:
        mode = modes[link.mode]
        one_km = dataclasses.replace(link, km=1.0)
        by_km = link_usd(one_km, mode) > 0 or link_hours(one_km, mode) > 0
        free = link_usd(link, mode) == 0 and link_hours(link, mode) == 0 and link.factor == 1
        if link.km == 0 and free and by_km:
            raise InvalidParameterError(
                f"km of link {link.label!r} is 0, so that it costs nothing though links of mode "
                f"{mode.name!r} cost by the kilometre; must be positive"
            )


def check_borders(nodes: tuple[Place, ...], crossings: tuple[Border, ...]) -> None:
    """Raise a named error for a border that no link could cross, whatever links there are."""
    for border in crossings:
        if border.first == border.second != "":
            raise InvalidParameterError(
                f"border {border.label!r} leads from {border.first!r} to itself; must lie between "
                "two economies"
            )
        if (border.first == "") != (border.second == ""):
            raise InvalidParameterError(
                f"border {border.label!r} names one economy, {border.first or border.second!r}; "
                "must name two, or neither to hold for every pair"
            )
    if crossings and not any(one.economy for one in nodes):
        raise InvalidParameterError(
            f"border {crossings[0].label!r} is given, but no place lies in an economy; must be "
            "places with economies, or no borders"
        )


def check_twice(ways: tuple[Link, ...]) -> None:
    """Raise a named error for links that are given twice."""
    seen: dict[str, Link] = {}
    for link in ways:
        keys = [link.label]
        back = f"{link.destination}-{link.origin}:{link.mode}"
        if not link.name and link.two_way:
            keys.append(back)
        for key in keys:
            other = seen.get(key)
            if other is not None and not (key == back and not (other.two_way or link.two_way)):
                raise DuplicateLinkError(
                    f"link {link.label!r} is given twice ({other.label!r} stands for it already"
                    f"{', in both directions' if other.two_way else ''}); must be given once, "
                    "or have a name of its own if there are two, or two_way=False"
                )
        seen |= dict.fromkeys(keys, link)
