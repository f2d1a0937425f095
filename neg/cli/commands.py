"""What each command computes and says: one function each, arguments in, text out."""

from __future__ import annotations

import argparse
from typing import Any

from neg.cli.build import build_model, check_free, interval, stated
from neg.cli.listing import listing
from neg.cli.texts import shares, table, to_json, vector
from neg.core.compilation import compile_quickly, keep_compiled
from neg.core.records import check_writable
from neg.economy.model import Model

_STABLE = {True: "stable", False: "unstable", None: "cannot tell"}


def models(options: argparse.Namespace) -> str:
    """The models and the blocks they may take on, with parameters: meaning, range, default."""
    return listing(options.model, options.json)


def thresholds(options: argparse.Namespace) -> str:
    """Break and sustain points of one parameter."""
    from neg.breakpoints.thresholds import thresholds as find

    compile_quickly()
    keep_compiled()
    model = build_model(options.model, options.assignments, options.parameter)
    notes = check_free(model, options.parameter, options.assignments)
    found = find(model, options.parameter, options.low, options.high)
    if options.json:
        return to_json(
            {
                **_about(options.model, model, options.parameter),
                "parameter": options.parameter,
                "searched": list(found.searched),
                "thresholds": [
                    {
                        "kind": point.kind,
                        "value": point.value,
                        "converged": point.converged,
                        "interval": list(point.interval),
                        "below": point.below,
                        "places": list(point.places),
                        "pattern": point.pattern,
                        "equilibrium": point.equilibrium,
                    }
                    for point in found.points
                ],
                "none_because": found.none_because,
                "notes": [*notes, *getattr(found, "notes", ())],
            }
        )
    if not found.points:
        told = f"no thresholds of {options.parameter}: {found.none_because}"
        return "\n".join([told, *notes])
    rows = [
        [
            point.kind,
            f"{point.value:.10g}",
            "yes" if point.converged else "NO",
            point.below,
            vector(point.pattern),
            ", ".join(point.places),
        ]
        for point in found.points
    ]
    header = ["kind", options.parameter, "converged", "below it", "pattern", "in"]
    low, high = found.searched
    searched = f"searched: {options.parameter} from {low:.6g} to {high:.6g}"
    return "\n".join([table(header, rows), "", searched, *notes, *getattr(found, "notes", ())])


def equilibria(options: argparse.Namespace) -> str:
    """All long-run equilibria at given parameters."""
    from neg.search.equilibria import equilibria as find

    compile_quickly()
    keep_compiled()
    model = build_model(options.model, options.assignments)
    found = find(model, **({} if options.starts is None else {"starts": options.starts}))
    if options.json:
        return to_json(
            {
                **_about(options.model, model),
                "equilibria": [
                    {
                        "distribution": point.x,
                        "stable": point.stable,
                        "growth": point.growth,
                        "residual": point.residual,
                    }
                    for point in found.points
                ],
                "certified": found.completeness.certified,
                "index_sum": found.completeness.index_sum,
                "completeness": str(found.completeness),
            }
        )
    rows = [
        [
            _verdict(point),
            shares(point.x),
            f"{float(point.growth):.3g}",
            f"{float(point.residual):.1e}",
        ]
        for point in found.points
    ]
    header = ["", f"distribution over {', '.join(model.cell_labels)}", "growth rate", "residual"]
    return f"{table(header, rows)}\n\n{found.completeness}"


def _verdict(point: Any) -> str:
    """Stable, unstable, cannot tell; and not computed where the solver says so."""
    told = getattr(point, "stability", None)
    return _STABLE[point.stable] if told is None else str(told.value)


def _about(name: str, model: Model, varied: str | None = None) -> dict[str, Any]:
    """What was computed: the model with its parameters, switches and places."""
    moving = stated(model, varied) if varied else None
    values = {key: model.get(key) for key in model.parameters() if key != moving}
    geography = getattr(model, "geography", None)
    inner = getattr(model, "model", model)  # switches belong to the model below the blocks
    return {
        "model": name,
        "parameters": values,
        "options": {key: getattr(inner, key) for key in inner.options()},
        "geography": getattr(geography, "kind", None),
        "places": list(geography.names) if geography is not None else None,
        "cells": list(model.cell_labels),
    }


def diagram(options: argparse.Namespace) -> str:
    """A bifurcation diagram, written to a file."""
    from neg.cli.draw import check_ending, write
    from neg.diagrams.diagram import diagram as follow

    compile_quickly()
    keep_compiled()
    name, low, high = interval(options.over)
    model = build_model(options.model, options.assignments, name)
    notes = check_free(model, name, options.assignments)
    check_ending(options.out)
    check_writable(options.out)
    found = follow(model, name, low, high)
    path = write(found, name, options.model, options.out)
    special = [(number, point) for number, point in found.special]
    if options.json:
        return to_json(
            {
                **_about(options.model, model, name),
                "parameter": name,
                "searched": [low, high],
                "branches": [
                    {
                        "label": branch.label,
                        "points": len(branch),
                        "parent": list(parent),
                        "images": images,
                    }
                    for branch, parent, images in zip(
                        found.branches, found.parents, found.images, strict=True
                    )
                ],
                "special": [
                    {
                        "branch": number,
                        "kind": str(point.kind),
                        "value": point.parameter,
                        "converged": point.converged,
                        "distribution": point.x,
                    }
                    for number, point in special
                ],
                "notes": [*notes, *found.notes],
                "file": str(path),
            }
        )
    rows = [
        [str(number), str(point.kind), f"{point.parameter:.10g}", vector(point.x)]
        for number, point in special
    ]
    text = f"{len(found)} branches written to {path}"
    if rows:
        text += "\n\n" + table(["branch", "special point", name, "distribution"], rows)
    return "\n".join([text, *notes, *found.notes])
