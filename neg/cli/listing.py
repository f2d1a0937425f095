"""What there is: models and blocks with their parameters, meanings, ranges and defaults."""

from __future__ import annotations

import dataclasses
from typing import Any

from neg.cli.texts import table, to_json
from neg.core.parameters import Parametric
from neg.economy.model import Model
from neg.models import get_model

_COLUMNS = ["name", "default", "range", "meaning"]


def listing(model: str | None, as_json: bool) -> str:
    """All models and the blocks that they may take on, or one model."""
    import neg.parts  # noqa: F401  (fills the registry)
    from neg.economy.part import Part

    names = [model] if model else sorted(Model.registry)
    kinds = {name: get_model(name) for name in names}
    blocks = {} if model else dict(sorted(Part.registry.items()))
    if as_json:
        return to_json(
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
        texts.append(f"{title}\n{table(_COLUMNS, rows)}")
    return "\n\n".join(texts)


def _described(name: str, kind: type[Model]) -> dict[str, Any]:
    return {
        "name": name,
        "source": kind.source,
        "parameters": _parameters(kind),
        "aliases": [
            {
                "name": key,
                "meaning": alias.meaning,
                "low": alias.low,
                "high": alias.high,
                "of": alias.of,
            }
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
            "default": float(spec.default),
        }
        for spec in kind.parameters().values()
    ]


def _rows(kind: type[Parametric], prefix: str = "") -> list[list[str]]:
    return [
        [prefix + spec.name, f"{float(spec.default):g}", spec.allowed, spec.meaning]
        for spec in kind.parameters().values()
    ]


def _model_text(name: str, kind: type[Model]) -> str:
    rows = _rows(kind)
    rows += [[key, "", alias.allowed, alias.meaning] for key, alias in kind.aliases.items()]
    rows += [
        [key, _switch(kind, key), " | ".join(choices), meaning]
        for key, (meaning, choices) in kind.options().items()
    ]
    return f"{name}  ({kind.source})\n{table(_COLUMNS, rows)}"


def _switch(kind: type[Model], name: str) -> str:
    return next(str(f.default) for f in dataclasses.fields(kind) if f.name == name)
