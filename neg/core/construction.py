"""How things with named parameters are made: by parameter or alias, each stated once."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import equinox as eqx

from neg.core.errors import InvalidDataError, InvalidParameterError, unknown_name
from neg.core.groups import called, groups_of, members
from neg.core.numbers import as_float, if_given

if TYPE_CHECKING:
    from neg.core.parameters import Alias

_ModuleMeta: Any = type(eqx.Module)


class TakesAliases(_ModuleMeta):
    """Lets constructors take aliases, and documents all that they take.

    ``CorePeriphery(phi=0.3)`` is as good as a ``tau``. What a class declares of its parameters is
    added to its docstring, so that ``help`` tells meanings and ranges of every model alike.
    """

    def __init__(cls, *definition: Any, **settings: Any) -> None:
        super().__init__(*definition, **settings)
        if cls.__doc__ and (listed := _arguments(cls)):
            cls.__doc__ = f"{inspect.cleandoc(cls.__doc__)}\n\n{listed}\n"

    def __call__(cls, *positional: Any, **named: Any) -> Any:
        """Make one, aliases read last; raise for unknown names and what is stated twice."""
        aliases = cls.aliases if isinstance(cls.aliases, dict) else {}
        given = {key: named.pop(key) for key in list(named) if key in aliases}
        # Of types: ``cls`` is the class made, not a subclass's instance.
        known = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
        if not any(one.kind is one.VAR_KEYWORD for one in known.values()):
            inner = members(cls)
            for key in named:
                if key not in known and key in inner:
                    where = f"{inner[key]}={groups_of(cls)[inner[key]].__name__}({key}=...)"
                    raise InvalidParameterError(
                        f"{key} is no argument of {cls.__name__} by itself; must be given as "
                        f"{where}"
                    )
                if key not in known:
                    allowed = [name for name in [*known, *aliases] if name != "self"]
                    raise unknown_name(f"argument of {cls.__name__}", key, allowed)
        try:
            made = super().__call__(*positional, **named)
        except (TypeError, ValueError) as error:
            _name_what_is_no_number(
                cls, dict(zip(list(known)[1:], positional, strict=False)) | named, error
            )
            raise
        if not given:
            return made
        refuse_both(aliases, given, [*list(known)[1 : 1 + len(positional)], *named])
        return made.with_(**given)


def _name_what_is_no_number(cls: Any, given: Mapping[str, Any], cause: Exception) -> None:
    """Raise an error that names the argument at fault: a field's converter cannot."""
    for field in dataclasses.fields(cls):
        takes_numbers = field.metadata.get("converter") in (as_float, if_given)
        if takes_numbers and given.get(field.name) is not None:
            try:
                as_float(given[field.name], called(cls, field.name))
            except InvalidDataError as named:
                raise named from cause


def _arguments(cls: Any) -> str:
    """What a constructor takes, with meanings, allowed ranges and defaults."""
    lines = []
    for field in dataclasses.fields(cls):
        spec, switch = field.metadata.get("neg"), field.metadata.get("neg_option")
        if not (field.repr and field.init):  # kept for the class itself
            continue
        if spec is not None:
            kind = (
                f"a number, or an array by {' and '.join(spec.axes)}," if spec.axes else "a number"
            )
            told = f"{spec.meaning}; {kind} in {spec.allowed}"
            given = field.default is not dataclasses.MISSING
            told += (
                f", by default {spec.default:g}."
                if spec.default == spec.default
                else (", optional." if given else ".")
            )
        elif (group := field.metadata.get("neg_group")) is not None:
            needed = field.default is field.default_factory is dataclasses.MISSING
            names = ", ".join(one.name for one in dataclasses.fields(group))
            meaning = field.metadata["neg_meaning"]
            optional = "" if needed else ", optional"
            told = f"{meaning}; a ``{group.__name__}`` ({names}){optional}."
        elif switch is not None:
            told = f"{switch[0]}; one of {', '.join(switch[1])}, by default {field.default}."
        else:
            needed = field.default is field.default_factory is dataclasses.MISSING
            told = f"``{field.type}``{'' if needed else ', optional'}."
        lines.append(f"    {field.name}: {told}")
    aliases = cls.aliases if isinstance(cls.aliases, dict) else {}
    for name, alias in aliases.items():
        told = f"{alias.meaning}; a number in {alias.allowed}"
        lines.append(
            f"    {name}: {told}, in place of {alias.of}." if alias.of else f"    {name}: {told}."
        )
    if not lines:
        return ""
    raised = "    neg.core.errors.InvalidParameterError: a value outside its range."
    return "\n".join(["Args:", *lines, "", "Raises:", raised])


def refuse_both(aliases: Mapping[str, Alias], given: Iterable[str], direct: Iterable[str]) -> None:
    """Raise where a parameter is stated twice, by itself and by an alias or by two aliases."""
    stated = {name: name for name in direct}
    for key in given:
        of = aliases[key].of
        if of is None:
            continue
        if of in stated:
            raise InvalidParameterError(
                f"{key} is not allowed beside {stated[of]}: both state {of}; give one of them"
            )
        stated[of] = key
