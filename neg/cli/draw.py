"""Write a bifurcation diagram: a figure, a labelled data set or a table, by the file's ending."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neg.core.errors import InvalidParameterError
from neg.core.records import write_atomically, write_text

ENDINGS = (".png", ".pdf", ".nc", ".csv")
_MARKED = {"branch point": "break", "sustain": "sustain", "fold": "fold"}
_MOST_NAMED = 4


def write(diagram: Any, parameter: str, title: str, out: str) -> Path:
    """Write ``diagram`` to the file ``out``, whole or not at all; returns its path."""
    path = Path(out)
    check_ending(out)
    if path.suffix == ".nc":
        diagram.save(path)
        return path
    if path.suffix == ".csv":
        return write_text(path, table(diagram, parameter))
    import matplotlib

    matplotlib.use("Agg")
    figure = draw(diagram, parameter, title)
    untimed = {".png": {"Software": None}, ".pdf": {"CreationDate": None}}[path.suffix]
    return write_atomically(
        path, lambda name: figure.savefig(name, dpi=200, bbox_inches="tight", metadata=untimed)
    )


def check_ending(out: str) -> None:
    """Raise unless the file's ending names a kind that can be written."""
    if Path(out).suffix not in ENDINGS:
        raise InvalidParameterError(f"--out {out} is not allowed; must end in {', '.join(ENDINGS)}")


def table(diagram: Any, parameter: str) -> str:
    """One row a point: branch, parameter, shares by cell, growth rate, stable (1, 0, empty)."""
    labels = [label.replace(",", " ") for label in diagram.model.cell_labels]
    lines = [",".join(["branch", parameter, *labels, "growth", "stable"])]
    for number, branch in enumerate(diagram.branches):
        for k in range(len(branch)):
            stable = branch.stable[k]
            told = "" if np.isnan(stable) else f"{stable:.0f}"
            values = [branch.parameter[k], *branch.x[k], branch.growth[k]]
            lines.append(",".join([str(number), *(f"{v:.17g}" for v in values), told]))
    return "\n".join(lines) + "\n"


def draw(diagram: Any, parameter: str, title: str) -> Any:
    """Share of the first place (two places: with mirror images) or of the largest one."""
    from matplotlib.figure import Figure

    from neg.figures import diagram as shapes
    from neg.figures import style

    industry = list(diagram.model.industry)
    two = len(industry) == 2

    def height(x: np.ndarray) -> np.ndarray:
        share = x[:, industry] / x[:, industry].sum(axis=1, keepdims=True)
        return share[:, 0] if two else share.max(axis=1)

    with style.house():
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.subplots()
        marks: dict[tuple[float, float], str] = {}
        for branch in diagram.branches:
            value, x, stable = _with_special(branch)
            drawn: list[np.ndarray] = []
            for image in diagram.group.elements if two else [slice(None)]:
                line = height(x[:, image])
                if not any(np.allclose(line, other, equal_nan=True) for other in drawn):
                    drawn.append(line)
                    shapes.branch(axes, value, line, stable)
            for point in branch.special:
                beside = branch.entering[point.index : point.index + 2]
                if str(point.kind) in _MARKED and (beside == 0).any():
                    at = float(height(point.x[None])[0])
                    spot = round(point.parameter, 6), round(at, 6)
                    marks.setdefault(spot, _MARKED[str(point.kind)])
        for (where, at), name in marks.items():
            if len(marks) <= _MOST_NAMED:
                away = (10.0, -26.0 if at > 0.8 else 12.0)
                shapes.special_point(axes, where, at, name, symbol=parameter, offset=away)
            else:  # too many to name: the text of the command lists them
                shapes.mark(axes, where, at, name, size=4.5)
        axes.set_xlabel(parameter)
        axes.set_ylabel("share of the first place" if two else "share of the largest place")
        axes.set_ylim(-0.04, 1.04)
        axes.set_title(title)
        shapes.legend(axes, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
    return figure


def _with_special(branch: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points of a branch with its special points between them; NaN where it is no equilibrium.

    A special point takes the stability of what follows it, so that lines change exactly there.
    """
    value, x, stable = branch.parameter, branch.x, branch.stable
    held = branch.entering == 0
    for point in sorted(branch.special, key=lambda one: -one.index):
        after = min(point.index + 1, len(value))
        follows = min(after, len(value) - 1)
        value = np.insert(value, after, point.parameter)
        x = np.insert(x, after, point.x, axis=0)
        stable = np.insert(stable, after, stable[follows])
        held = np.insert(held, after, True)
    return value, np.where(held[:, None], x, np.nan), stable
