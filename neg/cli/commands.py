"""What each command computes and says: one function each, arguments in, text out."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from neg.cli.build import build_model, interval
from neg.core.compilation import compile_quickly, keep_compiled
from neg.core.parameters import Parametric
from neg.economy.model import Model, Parameter
from neg.models import get_model


def models(options: argparse.Namespace) -> str:
    """The models and the blocks they may take on, with parameters: meaning, range, default."""
    import neg.models  # noqa: F401  (fills the registry)
    from neg.economy.part import Part

    names = [options.model] if options.model else sorted(Model.registry)
    kinds = {name: get_model(name) for name in names}
    blocks = {} if options.model else dict(sorted(Part.registry.items()))
    if options.json:
        return _json(
            {
                "models": [_described(name, kind) for name, kind in kinds.items()],
                "blocks": [
                    {"name": label, "parameters": _parameters(block)}
                    for label, block in blocks.items()
                ],
            }
        )
    texts = [_model_text(name, kind) for name, kind in kinds.items()]
    if blocks:
        rows = [row for label, block in blocks.items() for row in _rows(block, f"{label}.")]
        title = "blocks that any model takes on, such as land.h=0.2"
        texts.append(f"{title}\n{_table(['name', 'default', 'range', 'meaning'], rows)}")
    return "\n\n".join(texts)


def thresholds(options: argparse.Namespace) -> str:
    """Break and sustain points of one parameter."""
    from neg.breakpoints.thresholds import thresholds as find

    compile_quickly()
    keep_compiled()
    model = build_model(options.model, options.assignments)
    found = find(model, options.parameter, options.low, options.high)
    if options.json:
        return _json(
            {
                "model": options.model,
                "parameter": options.parameter,
                "thresholds": [
                    {
                        "kind": point.kind,
                        "value": point.value,
                        "converged": point.converged,
                        "pattern": point.pattern,
                    }
                    for point in found.points
                ],
                "none_because": found.none_because,
            }
        )
    if not found.points:
        return f"no thresholds of {options.parameter}: {found.none_because}"
    rows = [
        [
            point.kind,
            f"{point.value:.10g}",
            "yes" if point.converged else "NO",
            point.below,
            _vector(point.pattern),
            ", ".join(point.places),
        ]
        for point in found.points
    ]
    return _table(["kind", options.parameter, "converged", "below it", "pattern", "in"], rows)


def equilibria(options: argparse.Namespace) -> str:
    """All long-run equilibria at given parameters."""
    from neg.search.equilibria import equilibria as find

    compile_quickly()
    keep_compiled()
    model = build_model(options.model, options.assignments)
    found = find(model, **({} if options.starts is None else {"starts": options.starts}))
    if options.json:
        return _json(
            {
                "equilibria": [
                    {"distribution": point.x, "stable": point.stable, "residual": point.residual}
                    for point in found.points
                ],
                "completeness": str(found.completeness),
            }
        )
    words = {True: "stable", False: "unstable", None: "cannot tell"}
    rows = [
        [
            words[point.stable],
            _vector(np.asarray(point.x)),
            f"{float(point.growth):.3g}",
            f"{float(point.residual):.1e}",
        ]
        for point in found.points
    ]
    header = ["", f"distribution over {', '.join(model.cell_labels)}", "growth rate", "residual"]
    return f"{_table(header, rows)}\n\n{found.completeness}"


def diagram(options: argparse.Namespace) -> str:
    """A bifurcation diagram, written to a file."""
    from neg.cli.draw import check_ending, write
    from neg.diagrams.diagram import diagram as follow

    compile_quickly()
    keep_compiled()
    model = build_model(options.model, options.assignments)
    name, low, high = interval(options.over)
    check_ending(options.out)
    found = follow(model, name, low, high)
    path = write(found, name, options.model, options.out)
    special = [(number, point) for number, point in found.special]
    if options.json:
        return _json(
            {
                "model": options.model,
                "parameter": name,
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
                "notes": list(found.notes),
                "file": str(path),
            }
        )
    rows = [
        [str(number), str(point.kind), f"{point.parameter:.10g}", _vector(point.x)]
        for number, point in special
    ]
    text = f"{len(found)} branches written to {path}"
    if rows:
        text += "\n\n" + _table(["branch", "special point", name, "distribution"], rows)
    return "\n".join([text, *found.notes])


def _described(name: str, kind: type[Model]) -> dict[str, Any]:
    return {
        "name": name,
        "source": kind.source,
        "parameters": _parameters(kind),
        "aliases": [
            {"name": key, "meaning": alias.meaning, "low": alias.low, "high": alias.high}
            for key, alias in kind.aliases.items()
        ],
        "options": [
            {
                "name": key,
                "meaning": meaning,
                "choices": list(choices),
                "default": _switch(kind, key),
            }
            for key, (meaning, choices) in kind.options().items()
        ],
    }


def _parameters(kind: type[Parametric]) -> list[dict[str, Any]]:
    return [
        {
            "name": spec.name,
            "meaning": spec.meaning,
            "low": spec.low,
            "high": spec.high,
            "low_open": spec.low_open,
            "high_open": spec.high_open,
            "default": _default(spec),
        }
        for spec in kind.parameters().values()
    ]


def _rows(kind: type[Parametric], prefix: str = "") -> list[list[str]]:
    return [
        [prefix + spec.name, f"{_default(spec):g}", _range(spec), spec.meaning]
        for spec in kind.parameters().values()
    ]


def _model_text(name: str, kind: type[Model]) -> str:
    rows = _rows(kind)
    rows += [
        [key, "", _range(Parameter(key, "", 0.0, a.low, a.high, False, False)), a.meaning]
        for key, a in kind.aliases.items()
    ]
    rows += [
        [key, _switch(kind, key), " | ".join(choices), meaning]
        for key, (meaning, choices) in kind.options().items()
    ]
    table = _table(["name", "default", "range", "meaning"], rows)
    return f"{name}  ({kind.source})\n{table}"


def _default(spec: Parameter) -> float:
    return float(spec.default)


def _switch(kind: type[Model], name: str) -> str:
    return next(str(f.default) for f in dataclasses.fields(kind) if f.name == name)


def _range(spec: Parameter) -> str:
    low = "(-inf" if spec.low is None else f"{'(' if spec.low_open else '['}{spec.low:g}"
    high = "inf)" if spec.high is None else f"{spec.high:g}{')' if spec.high_open else ']'}"
    return f"{low}, {high}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned to the left, two spaces apart."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _vector(values: Any) -> str:
    return " ".join(f"{value + 0.0:.4g}" for value in np.round(np.asarray(values, float), 12))


def _json(content: Any) -> str:
    """JSON text; numbers that JSON cannot hold become null."""
    return json.dumps(_plain(content), allow_nan=False)


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if content is None or isinstance(content, str | bool):
        return content
    if isinstance(content, int):
        return content
    array = np.asarray(content)
    if array.ndim:
        return [_plain(value) for value in array.tolist()]
    value = array.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
