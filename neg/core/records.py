"""Records: the labelled numbers behind every figure, with their origin, written whole.

A record is an :class:`xarray.Dataset` whose variables carry ``units`` and whose attributes say what
it is (``title``), what it shows (``caption``), how the solves ended (``status``), from which
settings, versions and commit it came, and when.
"""

from __future__ import annotations

import contextlib
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
from neg.core.errors import InvalidDataError, NegError, OutputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REQUIRED = ("title", "caption", "status")
UNFINISHED = ".neg-"
"""How the names of files begin that are still being written."""


def stamp(record: xr.Dataset, settings: Mapping[str, Any]) -> xr.Dataset:
    """Return the record with its origin added: settings, versions, commit (if known), date.

    Args:
        record: any labelled data set.
        settings: the inputs that made it; kept as JSON text, so that
            ``json.loads(record.attrs["settings"])`` gives them back.

    >>> stamped = stamp(xr.Dataset(), {"sigma": 5.0})
    >>> json.loads(stamped.attrs["settings"])
    {'sigma': 5.0}
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
    """Raise :class:`InvalidDataError` unless the record says what it holds and in which units.

    Needed are the attributes ``title``, ``caption`` and ``status``, ``units`` on every variable and
    labels on every dimension.

    >>> check_record(xr.Dataset(attrs={"title": "Two places", "caption": "They differ."}))
    Traceback (most recent call last):
    neg.core.errors.InvalidDataError: record lacks the attributes ['status']; ...must have...
    """
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

    Raises :class:`InvalidDataError` for what netCDF cannot hold (complex numbers, stacked labels,
    mixed kinds) and :class:`OutputError` where the file cannot be written.
    """
    encoded = encode(record)
    return write_atomically(
        path, lambda name: encoded.to_netcdf(name, engine="scipy", format="NETCDF3_64BIT")
    )


def read_record(path: str | os.PathLike[str]) -> xr.Dataset:
    """Read a record written by :func:`write_record`, with the kinds of numbers it had.

    Raises :class:`InvalidDataError` for a file that is no netCDF (classic), or only a part of one.
    """
    Path(path).stat()  # a file that is missing says so itself
    try:
        with xr.open_dataset(Path(path), engine="scipy") as stored:
            return decode(stored.load())
    except (TypeError, ValueError, IndexError) as error:
        raise InvalidDataError(f"{path} is no record that can be read: {error}") from error


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
    """Write a text file (UTF-8, lines end as given) whole or not at all."""
    return write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write ``content`` whole or not at all: a reader sees the old file or the new one."""
    return write_atomically(path, lambda name: Path(name).write_bytes(content))


def write_atomically(path: str | os.PathLike[str], writer: Callable[[str], Any]) -> Path:
    """Let ``writer`` fill a new file beside ``path``, then put it in the place of ``path``.

    ``writer`` receives the name of the new file, which ends like ``path``. When it fails, the new
    file is removed and ``path`` stays as it was. A link is followed, permissions stay. Raises
    :class:`OutputError`, naming ``path``, where the system refuses to write.
    """
    path = Path(path)
    check_writable(path)
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A short name of its own: that of the target may be as long as the system allows.
        ending = target.suffix if len(target.suffix) < 16 else ""
        handle, name = tempfile.mkstemp(prefix=UNFINISHED, suffix=ending, dir=target.parent)
        os.close(handle)
        try:
            writer(name)
            # A temporary file is private; the result is not.
            mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
            os.chmod(name, mode)
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from error
    return path


def check_writable(path: str | os.PathLike[str], *, folder: bool = False) -> None:
    """Raise :class:`OutputError` unless a file of this name can be written; before the work.

    With ``folder``, ``path`` is a folder that will hold files. Folders that do not exist yet are
    made when the file is written; nothing is left behind here.
    """
    path = Path(path)
    target = Path(os.path.realpath(path))
    try:
        if target.is_dir() and not folder:
            raise _refused(path, "it is a folder")
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            target.lstat()  # tells names that are too long
        above = target if folder else target.parent
        while not above.exists():
            above = above.parent
        if not above.is_dir():
            raise _refused(path, f"{above} is not a folder")
        with tempfile.TemporaryFile(prefix=UNFINISHED, dir=above):
            pass  # asking for permission does not tell of read-only or full disks
    except FileNotFoundError:
        raise _refused(path, "its folder does not exist") from None
    except NegError:
        raise
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from None


def _refused(path: Path, reason: str) -> OutputError:
    return OutputError(f"{path} cannot be written: {reason[:1].lower()}{reason[1:]}")


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
    root = Path(__file__).resolve().parents[2]
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
