"""Named parameters: meaning, default and allowed range, for models and for blocks of models."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, NamedTuple, Self

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.checks import check_choice, check_range, range_text
from neg.core.errors import InvalidParameterError, InvalidShapeError, NegError, unknown_name


class Parameter(NamedTuple):
    """What a user may want to know of a scalar parameter."""

    name: str
    meaning: str
    default: float
    low: float | None
    high: float | None
    low_open: bool
    high_open: bool

    @property
    def allowed(self) -> str:
        """The allowed range, such as ``(1, inf)``."""
        return range_text(self.low, self.high, low_open=self.low_open, high_open=self.high_open)


class Alias(NamedTuple):
    """Another way to state a parameter, such as freeness ``phi`` for the trade cost ``tau``.

    ``get`` reads it from a model, ``put`` gives the model in which it has a value; ``of`` is the
    parameter that it stands for: the two are refused beside each other.
    """

    meaning: str
    get: Callable[[Any], Any]
    put: Callable[[Any, Any], Any]
    low: float | None = None
    high: float | None = None
    of: str | None = None

    @property
    def allowed(self) -> str:
        """The allowed range, such as ``[0, 1]``."""
        return range_text(self.low, self.high)


def as_float(value: Any) -> Array:
    """A double-precision array, whatever number or list comes in."""
    return jnp.asarray(value, dtype=float)


def parameter(
    default: float,
    meaning: str,
    *,
    low: float | None = None,
    high: float | None = None,
    low_open: bool = False,
    high_open: bool = False,
) -> Any:
    """Field for a scalar parameter with its meaning, default and allowed range.

    Args:
        default: value where none is given.
        meaning: what it is, in the words of the field.
        low, high: ends of the allowed range; None for none.
        low_open, high_open: whether the end itself is not allowed.

    >>> class Tax(Parametric):
    ...     rate: Array = parameter(0.1, "rate of the tax", low=0.0, high=1.0, high_open=True)
    >>> float(Tax().with_(rate=0.2).rate)
    0.2
    >>> Tax(rate=1.0)
    Traceback (most recent call last):
    neg.core.errors.InvalidParameterError: rate = 1 is not allowed; must be finite in [0, 1)
    """
    return eqx.field(
        default=default,
        converter=as_float,
        metadata={
            "neg": Parameter("", meaning, default, low, high, low_open, high_open),
        },
    )


def option(default: str, meaning: str, choices: Iterable[str]) -> Any:
    """Field for a named switch; its value is static, a new value compiles a new program."""
    return eqx.field(
        default=default,
        static=True,
        metadata={"neg_option": (meaning, tuple(choices))},
    )


def _declared(cls: type) -> dict[str, Parameter]:
    return {
        field.name: field.metadata["neg"]._replace(name=field.name)
        for field in dataclasses.fields(cls)
        if "neg" in field.metadata
    }


def _switches(cls: type) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {
        field.name: field.metadata["neg_option"]
        for field in dataclasses.fields(cls)
        if "neg_option" in field.metadata
    }


_ModuleMeta: Any = type(eqx.Module)


class _TakesAliases(_ModuleMeta):
    """Lets constructors take aliases, and documents all that they take.

    ``CorePeriphery(phi=0.3)`` is as good as a ``tau``. What a class declares of its parameters is
    added to its docstring, so that ``help`` tells meanings and ranges of every model alike.
    """

    def __init__(cls, *definition: Any, **settings: Any) -> None:
        super().__init__(*definition, **settings)
        if cls.__doc__ and (listed := _arguments(cls)):
            cls.__doc__ = f"{inspect.cleandoc(cls.__doc__)}\n\n{listed}\n"

    def __call__(cls, *positional: Any, **named: Any) -> Any:
        aliases = cls.aliases if isinstance(cls.aliases, dict) else {}
        given = {key: named.pop(key) for key in list(named) if key in aliases}
        known = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
        if not any(one.kind is one.VAR_KEYWORD for one in known.values()):
            for key in named:
                if key not in known:
                    allowed = [name for name in [*known, *aliases] if name != "self"]
                    raise unknown_name(f"argument of {cls.__name__}", key, allowed)
        made = super().__call__(*positional, **named)
        if not given:
            return made
        _refuse_both(aliases, given, [*list(known)[1 : 1 + len(positional)], *named])
        return made.with_(**given)


def _arguments(cls: Any) -> str:
    """What a constructor takes, with meanings, allowed ranges and defaults."""
    lines = []
    for field in dataclasses.fields(cls):
        spec, switch = field.metadata.get("neg"), field.metadata.get("neg_option")
        if not field.repr:  # kept for the class itself
            continue
        if spec is not None:
            told = f"{spec.meaning}; a number in {spec.allowed}, by default {spec.default:g}."
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


def _refuse_both(aliases: Mapping[str, Alias], given: Iterable[str], direct: Iterable[str]) -> None:
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


class Parametric(eqx.Module, metaclass=_TakesAliases):
    """Something with named scalar parameters and switches: a model, or a block of one.

    Constructors and :meth:`with_` take parameters and their aliases by name; each value is checked
    against the range that it was declared with. Raises
    :class:`neg.core.errors.InvalidParameterError` for a value outside its range and for a parameter
    that is stated twice, :class:`neg.core.errors.UnknownNameError` for a name that does not exist.
    """

    aliases: ClassVar[dict[str, Alias]] = {}

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """The scalar parameters, by name."""
        return _declared(cls)

    @classmethod
    def options(cls) -> dict[str, tuple[str, tuple[str, ...]]]:
        """The named switches: meaning and allowed values, by name."""
        return _switches(cls)

    def get(self, name: str) -> Float[Array, ""]:
        """Value of a scalar parameter or alias."""
        if name in self.parameters():
            return getattr(self, name)
        if name in self.aliases:
            return jnp.asarray(self.aliases[name].get(self))
        raise unknown_name("parameter", name, [*self.parameters(), *self.aliases])

    def with_(self, **values: Any) -> Self:
        """The same with some parameters, aliases or fields replaced, and checked.

        An alias is read at the new values of all other parameters: ``with_(sigma=4.0, phi=0.3)``.
        """
        names = {field.name for field in dataclasses.fields(self)}
        direct = {key: value for key, value in values.items() if key in names}
        given = {key: value for key, value in values.items() if key not in names}
        for key in given:
            if key not in self.aliases:
                raise unknown_name("parameter", key, [*sorted(names), *self.aliases])
        _refuse_both(self.aliases, given, direct)
        model = dataclasses.replace(self, **direct) if direct else self
        for key, value in given.items():
            alias = self.aliases[key]
            check_range(key, value, alias.low, alias.high)
            try:
                model = alias.put(model, jnp.asarray(value, dtype=float))
            except NegError as error:  # phi = 0 is an infinite tau: name what the user gave
                raise type(error)(f"{key} = {value} is not allowed: {error}") from error
        return model

    def __check_init__(self) -> None:
        for name, spec in _declared(type(self)).items():
            value = getattr(self, name)
            if jnp.ndim(value) != 0:
                raise InvalidShapeError(f"{name} has shape {jnp.shape(value)}; must be a scalar")
            check_range(
                name,
                value,
                spec.low,
                spec.high,
                low_open=spec.low_open,
                high_open=spec.high_open,
            )
        for name, (_, choices) in _switches(type(self)).items():
            check_choice(name, getattr(self, name), choices)
