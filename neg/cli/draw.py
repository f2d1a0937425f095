"""Write a bifurcation diagram: a figure, a labelled data set or a table, by the file's ending."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neg.errors import InvalidParameterError
from neg.records import write_atomically, write_text

ENDINGS = (".png", ".pdf", ".nc", ".csv")


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

    model = diagram.model
    industry = list(model.industry)
    two = len(industry) == 2
    with style.house():
        figure = Figure(figsize=(6.4, 4.2), layout="constrained")
        axes = figure.subplots()
        for branch in diagram.branches:
            images = [np.stack(x) for x in zip(*map(diagram.group.images, branch.x), strict=False)]
            seen: list[np.ndarray] = []
            for x in images if images else [branch.x]:
                share = x[:, industry] / x[:, industry].sum(axis=1, keepdims=True)
                height = share[:, 0] if two else share.max(axis=1)
                if not any(np.allclose(height, other) for other in seen):
                    seen.append(height)
                    shapes.branch(axes, branch.parameter, height, branch.stable)
        axes.set_xlabel(parameter)
        axes.set_ylabel("share of the first place" if two else "share of the largest place")
        axes.set_ylim(-0.04, 1.04)
        axes.set_title(title)
        shapes.legend(axes, loc="best")
    return figure
