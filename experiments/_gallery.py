"""Draw the figures of a record with captions beneath them, and list all figures of a folder."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from neg.core import records
from neg.core.errors import InvalidDataError
from neg.data.write import save
from neg.figures import style

_FOOT: dict[str, Any] = {
    "fontsize": 8.5,
    "color": style.INK,
    "va": "top",
    "ha": "left",
    "linespacing": 1.35,
}


def draw(name: str, module: ModuleType, record: xr.Dataset, out: Path) -> list[Path]:
    """Draw a record in the house style and write every figure as PNG and PDF; returns the PNGs."""
    written = []
    with style.house():
        try:
            drawn = module.draw(record)
            figures = drawn if isinstance(drawn, dict) else {"": drawn}
            for key, figure in figures.items():
                add_caption(figure, caption_of(record, key))
                png, _ = records.write_figure(out / figure_stem(name, key), figure)
                written.append(png)
            # An experiment may also define ``tables(record)``: frames to print, by key.
            for key, frame in getattr(module, "tables", lambda record: {})(record).items():
                save(frame.reset_index(), out / f"{figure_stem(name, key)}.csv")
                save(frame, out / f"{figure_stem(name, key)}.tex")
        finally:
            plt.close("all")
    return written


def figure_stem(name: str, key: str) -> str:
    """File name of a figure without its ending: the experiment, and which of its figures."""
    return f"{name}-{key}" if key else name


def caption_of(record: xr.Dataset, key: str = "") -> str:
    """Caption of one figure: its own if it has one, else that of the record."""
    own = record.attrs.get(f"caption_{key}") if key else None
    return str(own or record.attrs["caption"])


def add_caption(figure: Figure, caption: str) -> None:
    """Write a caption below the canvas, wrapped to the figure's width.

    It stands outside the drawing area, which grows when the figure is saved: no axis can reach it.
    """
    left = 0.012
    probe = figure.text(0.0, 0.0, "", **_FOOT)
    limit = figure.bbox.width * (1 - 2 * left)
    lines = []
    for paragraph in caption.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            probe.set_text(longer)
            if line and probe.get_window_extent().width > limit:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    probe.remove()
    gap = 0.09 / figure.get_figheight()
    figure.text(left, -gap, "\n".join(lines), **_FOOT)


def write_index(out: Path) -> Path | None:
    """Write ``README.md`` with every figure of the folder, its caption and its record."""
    parts = []
    for path in sorted(out.glob("*.nc")):
        try:
            record = records.read_record(path)
            records.check_record(record)
        except InvalidDataError:
            continue  # not one of ours
        pictures = sorted(out.glob(f"{path.stem}.png")) + sorted(out.glob(f"{path.stem}-*.png"))
        parts.append(_section(path, record, pictures))
    if not parts:
        return None
    head = (
        "# Figures\n\nEach figure stands beside the record that it was drawn from "
        "(netCDF: `neg.core.records.read_record`).\n"
        "`python -m experiments` makes them all, `python -m experiments NAME` makes one, "
        "`--redraw` draws the\nstored record again.\n"
    )
    return records.write_text(out / "README.md", head + "".join(parts))


def _section(path: Path, record: xr.Dataset, pictures: list[Path]) -> str:
    name = path.stem
    versions = json.loads(record.attrs.get("versions", "{}"))
    smoke = json.loads(record.attrs.get("settings", "{}")).get("smoke", False)
    lines = [f"\n## {record.attrs['title']}\n"]
    for picture in pictures:
        lines.append(f"![{record.attrs['title']}]({picture.name})\n")
        if own := record.attrs.get(f"caption_{picture.stem.removeprefix(f'{name}-')}"):
            lines.append(f"{own}\n")
    lines.append(f"{record.attrs['caption'].strip()}\n")
    files = ", ".join(
        f"[{p.with_suffix('.pdf').name}]({p.with_suffix('.pdf').name})" for p in pictures
    )
    lines.append(
        f"`{name}`{' (smoke size)' if smoke else ''}: record [{path.name}]({path.name}), {files}; "
        f"solves: {record.attrs['status']}; {record.attrs.get('date', '')}, "
        + ", ".join(f"{key} {value}" for key, value in versions.items())
        + ".\n"
    )
    return "\n".join(lines)
