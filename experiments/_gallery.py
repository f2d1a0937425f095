"""Draw the figures of a record, keep their captions beside them, and list all of a folder.

A figure carries its headline, the finding. Its caption, and how exactly the numbers were solved
for, stand in ``NAME.caption.txt`` beside it and in the ``README.md`` of the folder.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import xarray as xr
from matplotlib import pyplot as plt

from neg.core import records
from neg.core.errors import InvalidDataError
from neg.data.write import save
from neg.figures import style
from neg.figures.checks import faults


def draw(
    name: str, module: ModuleType, record: xr.Dataset, out: Path, *, captions: bool = False
) -> list[str]:
    """Draw a record in the house style and write every figure as PNG and PDF.

    ``captions`` writes the captions into the pictures as well. Returns what is wrong with the
    figures (:func:`neg.figures.checks.faults`).
    """
    wrong = []
    with style.house():
        try:
            drawn = module.draw(record)
            figures = drawn if isinstance(drawn, dict) else {"": drawn}
            for key, figure in figures.items():
                stem = figure_stem(name, key)
                style.headline(figure, title_of(record, key))
                if captions:
                    style.foot(figure, caption_of(record, key))
                wrong += [f"{stem}: {fault}" for fault in faults(figure)]
                records.write_figure(out / stem, figure)
                records.write_text(out / f"{stem}.caption.txt", _beside(record, key))
            # An experiment may also define ``tables(record)``: frames to print, by key.
            for key, frame in getattr(module, "tables", lambda record: {})(record).items():
                save(frame.reset_index(), out / f"{figure_stem(name, key)}.csv")
                save(frame, out / f"{figure_stem(name, key)}.tex")
        finally:
            plt.close("all")
    return wrong


def described(module: ModuleType, record: xr.Dataset) -> xr.Dataset:
    """The record with the words that the experiment has for it, if it has a ``describe``."""
    return record.assign_attrs(getattr(module, "describe", lambda record: {})(record))


def figure_stem(name: str, key: str) -> str:
    """File name of a figure without its ending: the experiment, and which of its figures."""
    return f"{name}-{key}" if key else name


def title_of(record: xr.Dataset, key: str = "") -> str:
    """Headline of one figure: its own if it has one, else that of the record."""
    return _own(record, "title", key)


def caption_of(record: xr.Dataset, key: str = "") -> str:
    """Caption of one figure: its own if it has one, else that of the record."""
    return _own(record, "caption", key)


def _own(record: xr.Dataset, kind: str, key: str) -> str:
    own = record.attrs.get(f"{kind}_{key}") if key else None
    return style.typeset(str(own or record.attrs[kind]).strip())


def _beside(record: xr.Dataset, key: str) -> str:
    """Text of the file beside a figure: its finding, its caption, how it was solved."""
    parts = [title_of(record, key), caption_of(record, key), f"Solves: {_solved(record)}."]
    return "\n\n".join(parts) + "\n"


def _solved(record: xr.Dataset) -> str:
    """How the solves ended, and how exactly."""
    checks = record.attrs.get("checks")
    return style.typeset(f"{record.attrs['status']}{f' ({checks})' if checks else ''}")


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
        "(netCDF: `neg.core.records.read_record`)\nand its caption (`.caption.txt`). "
        "`python -m experiments` makes them all, `python -m experiments NAME`\nmakes one, "
        "`--redraw` draws the stored record again, `--captions` writes the captions into the\n"
        "pictures.\n"
    )
    return records.write_text(out / "README.md", head + "".join(parts))


def _section(path: Path, record: xr.Dataset, pictures: list[Path]) -> str:
    """The experiment's main picture and caption first, then its further ones with theirs."""
    name = path.stem
    lines = [f"\n## {title_of(record)}\n"]
    if not any(picture.stem == name for picture in pictures):
        lines.append(f"{caption_of(record)}\n")
    for picture in pictures:
        key = picture.stem.removeprefix(name).removeprefix("-")
        title = title_of(record, key)
        if title != title_of(record):
            lines.append(f"### {title}\n")
        lines.append(f"![{title}]({picture.name})\n")
        if not key or caption_of(record, key) != caption_of(record):
            lines.append(f"{caption_of(record, key)}\n")
    versions = json.loads(record.attrs.get("versions", "{}"))
    smoke = json.loads(record.attrs.get("settings", "{}")).get("smoke", False)
    files = [f"[{p.with_suffix('.pdf').name}]({p.with_suffix('.pdf').name})" for p in pictures]
    lines.append(
        f"`{name}`{' (smoke size)' if smoke else ''}: record [{path.name}]({path.name}), "
        f"{', '.join(files)}; solves: {_solved(record)}; {record.attrs.get('date', '')}, "
        + ", ".join(f"{key} {value}" for key, value in versions.items())
        + ".\n"
    )
    return "\n".join(lines)
