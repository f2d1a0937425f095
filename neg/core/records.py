"""Records: the labelled numbers behind every figure, with their origin, written whole.

A record is an :class:`xarray.Dataset` whose variables carry ``units`` and whose attributes say what
it is (``title``), what it shows (``caption``), how the solves ended (``status``), from which
settings, versions and commit it came, and when.
"""

from __future__ import annotations

import datetime
import functools
import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from neg.core.encoding import decode, encode, plain
from neg.core.errors import InvalidDataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REQUIRED = ("title", "caption", "status")


def stamp(record: xr.Dataset, settings: Mapping[str, Any]) -> xr.Dataset:
    """Return the record with its origin added: settings, versions, commit (if known), date.

    ``settings`` are the inputs that made the record; they are kept as JSON text, so that
    ``json.loads(record.attrs["settings"])`` gives them back.
    """
    origin = {
        "settings": json.dumps(dict(settings), default=plain, sort_keys=True),
        "versions": json.dumps(versions()),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    if (commit := source_commit()) is not None:
        origin["commit"] = commit
    return record.assign_attrs(origin)


def check_record(record: xr.Dataset) -> None:
    """Raise :class:`InvalidDataError` unless the record says what it holds and in which units."""
    missing = [name for name in REQUIRED if not record.attrs.get(name)]
    if missing:
        raise InvalidDataError(f"record lacks the attributes {missing}; must have {list(REQUIRED)}")
    for name, variable in record.data_vars.items():
        if "units" not in variable.attrs:
            raise InvalidDataError(
                f"variable {name!r} of the record has no units; must have attrs['units'] "
                "('1' for pure numbers)"
            )
        bare = [dim for dim in variable.dims if dim not in record.coords]
        if bare:
            raise InvalidDataError(
                f"dimensions {bare} of variable {name!r} are not labelled; must be coordinates"
            )


def write_record(path: str | os.PathLike[str], record: xr.Dataset) -> Path:
    """Write a record as netCDF; an interrupted or failing write leaves the old file as it was.

    Raises :class:`InvalidDataError` for values that netCDF cannot hold (complex numbers, stacked
    labels, integers that no float64 holds exactly).
    """
    encoded = encode(record)
    return write_atomically(
        path, lambda name: encoded.to_netcdf(name, engine="scipy", format="NETCDF3_64BIT")
    )


def read_record(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read a record written by :func:`write_record`, with the kinds of numbers it had."""
    with xr.open_dataset(Path(path), engine="scipy") as stored:
        return decode(stored.load())


def write_figure(stem: str | os.PathLike[str], figure: Figure) -> tuple[Path, Path]:
    """Write ``stem.png`` (200 dpi) and ``stem.pdf`` at the figure's own size.

    They are free of dates and versions: two runs that draw the same thing with the same
    matplotlib give the same bytes.
    """
    stem = Path(stem)
    untimed = {
        ".png": {"Software": None},
        ".pdf": {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None},
    }

    def save(name: str, metadata: dict[str, None]) -> None:
        figure.savefig(name, dpi=200, metadata=metadata)

    png, pdf = (
        write_atomically(
            stem.with_name(stem.name + ending), functools.partial(save, metadata=metadata)
        )
        for ending, metadata in untimed.items()
    )
    return png, pdf


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write a text file whole or not at all."""
    return write_atomically(path, lambda name: Path(name).write_text(text, encoding="utf-8"))


def write_atomically(path: str | os.PathLike[str], writer: Callable[[str], Any]) -> Path:
    """Let ``writer`` fill a new file beside ``path``, then put it in the place of ``path``.

    ``writer`` receives the name of the new file, which ends like ``path``. When it fails, the new
    file is removed and ``path`` stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    try:
        writer(name)
        os.chmod(name, 0o666 & ~_umask())  # a temporary file is private; the result is not
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def versions() -> dict[str, str]:
    """Versions of what computed the numbers: neg, jax, numpy, python."""
    import jax

    import neg

    return {
        "neg": neg.__version__,
        "jax": jax.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


@functools.cache
def source_commit() -> str | None:
    """Commit of the working tree that the package is imported from; None for an installed one."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None

    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, timeout=5, check=False
        )

    try:
        head = git("rev-parse", "HEAD")
        changed = git("diff", "--quiet", "HEAD", "--", "neg", "experiments").returncode != 0
    except (OSError, subprocess.TimeoutExpired):
        return None
    if head.returncode != 0:
        return None
    return head.stdout.strip() + ("-modified" if changed else "")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
