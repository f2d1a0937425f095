"""Named parameters: meaning, default, range, axes and unit, for models and for their parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, NamedTuple, Self

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import (
    check_choice,
    check_kind,
    check_range,
    check_shape,
    is_concrete,
    range_text,
)
from neg.core.construction import TakesAliases, refuse_both
from neg.core.errors import (
    InvalidParameterError,
    InvalidShapeError,
    NegError,
    unknown_name,
)
from neg.core.groups import by_group, called, groups_of, held, members
from neg.core.numbers import as_float, if_given

_REQUIRED: Any = object()


class Parameter(NamedTuple):
    """What a user may want to know of a parameter.

    ``axes`` names what its entries stand for: none for a number, ``("place", "sector")`` for one
    number a place and sector. A number is taken for every entry, an array of the first axes for
    every entry along the others. ``cost`` marks a cost factor (an iceberg cost), one where nothing
    is lost: searches over its whole range go by the size of its logarithm. ``neutral`` is the value
    that changes nothing where a parameter that is switched off (``None``) is given one.
    """

    name: str
    meaning: str
    default: float
    low: float | None
    high: float | None
    low_open: bool
    high_open: bool
    axes: tuple[str, ...] = ()
    unit: str = "1"
    cost: bool = False
    neutral: float | None = None

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


def parameter(
    default: float | None = _REQUIRED,
    meaning: str = "",
    *,
    low: float | None = None,
    high: float | None = None,
    low_open: bool = False,
    high_open: bool = False,
    axes: tuple[str, ...] = (),
    unit: str = "1",
    cost: bool = False,
    neutral: float | None = None,
) -> Any:
    """Field for a parameter with its meaning, default, allowed range, axes and unit.

    Args:
        default: value where none is given; None for none, left out where one must be given.
        meaning: what it is, in the words of the field.
        low, high: ends of the allowed range; None for none.
        low_open, high_open: whether the end itself is not allowed.
        axes: what the entries of an array stand for; none for a number.
        unit: in which it is measured.
        cost: whether it is a cost factor, as :class:`Parameter` says.
        neutral: value of no effect, from which a Lever starts where the default is None.

    >>> class Tax(Parametric):
    ...     rate: Array = parameter(0.1, "rate of the tax", low=0.0, high=1.0, high_open=True)
    >>> float(Tax().with_(rate=0.2).rate)
    0.2
    >>> Tax(rate=1.0)
    Traceback (most recent call last):
    neg.core.errors.InvalidParameterError: rate = 1 is not allowed; must be finite in [0, 1)
    """
    number = float("nan") if default is _REQUIRED or default is None else default
    given: dict[str, Any] = {} if default is _REQUIRED else {"default": default}
    spec = Parameter("", meaning, number, low, high, low_open, high_open, axes, unit, cost, neutral)
    converter = if_given if default is None else as_float
    return eqx.field(converter=converter, metadata={"neg": spec}, **given)


def option(default: str, meaning: str, choices: Iterable[str]) -> Any:
    """Field for a named switch; its value is static, a new value compiles a new program."""
    return eqx.field(
        default=default,
        static=True,
        metadata={"neg_option": (meaning, tuple(choices))},
    )


def declared(cls: type) -> dict[str, Parameter]:
    """The parameters that a class declares, those of its groups among them, by name."""
    found: dict[str, Parameter] = {}
    for field in dataclasses.fields(cls):
        if "neg" in field.metadata:
            found[field.name] = field.metadata["neg"]._replace(name=field.name)
        elif "neg_group" in field.metadata:
            found |= declared(field.metadata["neg_group"])
    return found


def _switches(cls: type) -> dict[str, tuple[str, tuple[str, ...]]]:
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for field in dataclasses.fields(cls):
        if "neg_option" in field.metadata:
            found[field.name] = field.metadata["neg_option"]
        elif "neg_group" in field.metadata:
            found |= _switches(field.metadata["neg_group"])
    return found


def altered(module: Any, **fields: Any) -> Any:
    """A copy of a module with some fields replaced and nothing checked: for compiled code."""
    new = object.__new__(type(module))
    for field in dataclasses.fields(module):
        value = fields[field.name] if field.name in fields else getattr(module, field.name)
        object.__setattr__(new, field.name, value)
    return new


def uniform(name: str, value: Any) -> Array:
    """The one number that an array holds everywhere; a named error if there are none or several."""
    if value is None:
        raise InvalidParameterError(f"{name} was not given, and has no value")
    array = jnp.asarray(value)
    if array.ndim and is_concrete(array) and np.ptp(np.asarray(array)) > 0:
        raise InvalidParameterError(
            f"{name} has several values ({float(array.min()):g} to {float(array.max()):g}); "
            "must be one number here: take a Lever that says which entries move together, and how"
        )
    return jnp.ravel(array)[0] if array.ndim else array


class Parametric(eqx.Module, metaclass=TakesAliases):
    """Something with named parameters and switches: a model, or a part of an economy.

    Constructors and :meth:`with_` take parameters and their aliases by name; each value is checked
    against the range that it was declared with. Constructors take the parameters of a group
    (:func:`neg.core.groups.group`) in that group; :meth:`with_`, :meth:`value`, Levers and files
    name them as they do all others. Raises
    :class:`neg.core.errors.InvalidParameterError` for a value outside its range and for a parameter
    that is stated twice, :class:`neg.core.errors.UnknownNameError` for a name that does not exist.
    """

    aliases: ClassVar[dict[str, Alias]] = {}
    within: ClassVar[str] = ""
    """Of a group: the argument that it is, which errors name before the parameter."""

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """The parameters, by name."""
        return declared(cls)

    @classmethod
    def options(cls) -> dict[str, tuple[str, tuple[str, ...]]]:
        """The named switches: meaning and allowed values, by name."""
        return _switches(cls)

    def get(self, name: str) -> Float[Array, ""]:
        """Value of a parameter or alias, as one number."""
        if name in self.parameters():
            return uniform(name, self.value(name))
        if name in self.aliases:
            return jnp.asarray(self.aliases[name].get(self))
        raise unknown_name("parameter", name, [*self.parameters(), *self.aliases])

    def value(self, name: str) -> Array:
        """Value of a parameter, with all its entries."""
        if name not in self.parameters():
            raise unknown_name("parameter", name, self.parameters())
        return held(self, name)

    def with_(self, **values: Any) -> Self:
        """The same with some parameters, aliases or fields replaced, and checked.

        An alias is read at the new values of all other parameters: ``with_(sigma=4.0, phi=0.3)``.
        """
        names = {field.name for field in dataclasses.fields(self) if field.init}
        inner = members(type(self))
        direct = {key: value for key, value in values.items() if key in names}
        given = {k: v for k, v in values.items() if k not in names and k not in inner}
        for key in given:
            if key not in self.aliases:
                raise unknown_name("parameter", key, [*sorted(names), *inner, *self.aliases])
        grouped = by_group(type(self), {k: v for k, v in values.items() if k in inner})
        for field, own in grouped.items():
            group = direct.get(field, getattr(self, field))
            kind = groups_of(type(self))[field]
            direct[field] = kind(**own) if group is None else group.with_(**own)
        refuse_both(self.aliases, given, direct)
        model = dataclasses.replace(self, **direct) if direct else self
        for key, value in given.items():
            alias = self.aliases[key]
            check_range(key, value, alias.low, alias.high)
            try:
                model = alias.put(model, as_float(value, key))
            except NegError as error:  # phi = 0 is an infinite tau: name what the user gave
                raise type(error)(f"{key} = {value} is not allowed: {error}") from error
        return model

    def full(self, name: str, sizes: Mapping[str, int]) -> Array:
        """Value of a parameter with all its entries, a number taken for each."""
        shape = tuple(sizes[axis] for axis in self.parameters()[name].axes)
        value = self.value(name)
        missing = len(shape) - jnp.ndim(value) if jnp.ndim(value) else 0
        return jnp.broadcast_to(value.reshape(value.shape + (1,) * missing), shape)

    def check_axes(self, sizes: Mapping[str, int], prefix: str = "") -> None:
        """Raise :class:`InvalidShapeError` unless arrays have the sizes of their axes."""
        for name, spec in declared(type(self)).items():
            value, own = held(self, name), called(type(self), name)
            if value is not None and jnp.ndim(value):
                shape = tuple(sizes.get(axis, -1) for axis in spec.axes)
                check_shape(prefix + own, value, shape[: jnp.ndim(value)])

    def __check_init__(self) -> None:
        inner = members(type(self))
        for own, spec in declared(type(self)).items():
            if own in inner:  # groups check their own
                continue
            value, name = getattr(self, own), called(type(self), own)
            if value is None:
                continue
            if jnp.ndim(value) > len(spec.axes):
                allowed = f"a number or {list(spec.axes)}" if spec.axes else "a scalar"
                raise InvalidShapeError(f"{name} has shape {jnp.shape(value)}; must be {allowed}")
            check_range(
                name,
                value,
                spec.low,
                spec.high,
                low_open=spec.low_open,
                high_open=spec.high_open,
            )
        for name, (_, choices) in _switches(type(self)).items():
            if name not in inner:
                check_choice(called(type(self), name), getattr(self, name), choices)
        for field, kind in groups_of(type(self)).items():
            if getattr(self, field) is not None:
                check_kind(field, getattr(self, field), kind)
