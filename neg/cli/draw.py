"""Write a bifurcation diagram: a figure, a labelled data set or a table, by the file's ending."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neg.core.errors import InvalidParameterError
from neg.core.records import write_atomically, write_text

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
    figure = diagram.plot().figure
    figure.axes[0].set_title(title)
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
