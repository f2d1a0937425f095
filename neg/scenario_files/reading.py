"""Scenario files from disk and back: TOML in, a checked ScenarioFile, the same TOML out."""

from __future__ import annotations

import difflib
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from neg.core.errors import (
    InvalidDataError,
    InvalidParameterError,
    UnknownNameError,
    did_you_mean,
    unknown_name,
)
from neg.core.records import write_text
from neg.scenario_files.schema import ScenarioFile

FILES = Path(__file__).parent / "files"
_LARGEST = 4_000_000
"""Bytes of a scenario file beyond which it is taken for something else."""


def shipped() -> dict[str, str]:
    """Names of the scenario files that come with the library, and what each is about.

    >>> "customs-half" in shipped()
    True
    """
    return {path.stem: read_scenario(path).description for path in sorted(FILES.glob("*.toml"))}


def read_scenario(source: str | os.PathLike[str]) -> ScenarioFile:
    """Read a scenario file from a path, or one that is shipped by its name.

    >>> read_scenario("customs-half").edit.border[0].hours_factor
    0.5

    Raises named errors that say file, path inside it, what is wrong and, for an unknown key, the
    nearest one that exists.
    """
    path = Path(source)
    if not path.exists() and path.suffix != ".toml" and path.name == str(source):
        names = sorted(found.stem for found in FILES.glob("*.toml"))
        if str(source) not in names:
            near = difflib.get_close_matches(str(source), names, 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise unknown_name("scenario file or shipped name", f"{source}{hint}", names)
        path = FILES / f"{source}.toml"
    if path.stat().st_size > _LARGEST:
        raise InvalidDataError(f"{path} is larger than {_LARGEST} bytes; no scenario file is")
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidDataError(f"{path} is no UTF-8 text: {error.reason}") from None
    return parse_scenario(text, str(path))


def parse_scenario(text: str, where: str = "scenario") -> ScenarioFile:
    """A scenario from the text of a file; ``where`` names it in errors."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidDataError(f"{where} is no TOML that can be read: {error}") from None
    return from_data(data, where)


def from_data(data: Mapping[str, Any], where: str = "scenario") -> ScenarioFile:
    """A scenario from plain tables and lists."""
    try:
        return ScenarioFile.model_validate(dict(data))
    except ValidationError as error:
        raise _told(error, where) from None


def to_toml(scenario: ScenarioFile) -> str:
    """The scenario as TOML; reading it gives the same scenario.

    >>> from neg.scenario_files import parse_scenario
    >>> text = 'schema = 1\\nname = "nothing"\\n'
    >>> to_toml(parse_scenario(text)) == text
    True
    """
    import tomli_w

    return tomli_w.dumps(scenario.data(), multiline_strings=False)


def write_scenario(scenario: ScenarioFile, path: str | os.PathLike[str]) -> Path:
    """Write a scenario file whole or not at all."""
    return write_text(path, to_toml(scenario))


def _told(error: ValidationError, where: str) -> Exception:
    """The first thing wrong, with file, path and what is allowed."""
    wrong = error.errors()
    # A misspelt key is also a missing one: the spelling is what helps.
    first = next((one for one in wrong if one["type"] == "extra_forbidden"), wrong[0])
    # Unions list a complaint for each of their members: the names of these are no keys.
    parts = [str(part) for part in first["loc"] if "[" not in str(part) and str(part) != "float"]
    path = ".".join(parts) or "the file"
    if first["type"] == "extra_forbidden":
        allowed = _keys(parts[:-1])
        hint = did_you_mean(parts[-1], allowed, 0.5)
        return UnknownNameError(
            f"{where}: {path} is no key{hint} allowed: {', '.join(allowed)}"
            if hint
            else f"{where}: {path} is no key; allowed: {', '.join(allowed)}"
        )
    if path == "schema":
        return InvalidParameterError(f"{where}: schema must be 1, the only one there is")
    value = first.get("input")
    shown = "" if isinstance(value, Mapping | list) or first["type"] == "missing" else f" {value!r}"
    told = first["msg"].removeprefix("Value error, ")
    return InvalidParameterError(f"{where}: {path}{shown}: {told[:1].lower()}{told[1:]}")


def _keys(parts: list[str]) -> list[str]:
    """Keys allowed in the section at a path of the file."""
    model: Any = ScenarioFile
    for part in parts:
        if part.isdigit():
            continue
        field = next(
            (
                field
                for name, field in model.model_fields.items()
                if part in (name, field.alias or name)
            ),
            None,
        )
        inner = _section(field.annotation) if field is not None else None
        if inner is None:
            break
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _section(kind: Any) -> type[BaseModel] | None:
    """The section that a list, an optional or a union of it holds."""
    if isinstance(kind, type) and not isinstance(kind, types.GenericAlias):
        return kind if issubclass(kind, BaseModel) else None
    return next((found for one in typing.get_args(kind) if (found := _section(one))), None)
