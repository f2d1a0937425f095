"""Bifurcation diagrams: every branch that hangs together, and the stable states that do not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import tree

from neg.bifurcation.arclength import Steps
from neg.bifurcation.course import Course
from neg.bifurcation.line import ParameterLine, line_symmetries, parameter_line
from neg.bifurcation.symmetry import Symmetry
from neg.bifurcation.tree import STABLE, Grower, Most, Tree
from neg.core.checks import as_numbers, check_kind, check_range
from neg.core.compilation import own_settings
from neg.core.errors import InvalidParameterError
from neg.core.status import Status
from neg.diagrams.basins import Basins, follow_to_rest
from neg.diagrams.starts import agglomerated, patterns
from neg.economy.lever import Lever, in_hand
from neg.economy.model import Model
from neg.search.equilibria import equilibria
from neg.search.starts import random_starts
from neg.solvers.short_run import initial_prices

_MOST_FREEDOM = 2
"""Degrees of freedom up to which all equilibria are searched for, with a certificate."""
_ROUNDS = 3
_GAP = 2e-3
"""Stretches without a stable state longer than this share of the interval are searched again."""


@dataclasses.dataclass(frozen=True)
class Search:
    """Where a diagram looks for states that hang on no branch it follows.

    The replicator dynamics are followed from ``starts`` random distributions (uniform on the
    simplex) at each of ``values`` parameter values, evenly spaced over the interval with its ends;
    with ``patterns`` also from the distributions that symmetry keeps at rest (every second place on
    a circle, say). With ``exact`` and at most two degrees of freedom all equilibria are searched
    for at both ends and in the middle. With ``corners`` full agglomeration is a start. None: as
    many as the size of the economy allows in some seconds.
    """

    values: int | None = None
    starts: int | None = None
    patterns: bool = True
    exact: bool = True
    corners: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.values is not None:
            check_range("values", self.values, 0)
        if self.starts is not None:
            check_range("starts", self.starts, 0)

    def sized(self, model: Model) -> Search:
        """The same with numbers for what was left open; the work grows as the cube of the size."""
        prices = initial_prices(model, model.initial_distribution())
        size = model.groups.cells + sum(leaf.size for leaf in tree.leaves(prices))
        values, starts = (9, 32) if size <= 150 else (5, 8) if size <= 400 else (3, 2)
        return dataclasses.replace(
            self,
            values=values if self.values is None else self.values,
            starts=starts if self.starts is None else self.starts,
        )


NOTHING = Search(values=0, starts=0, patterns=False, exact=False)
"""Follow branches only."""


@dataclasses.dataclass(frozen=True, repr=False)
class Diagram(Tree):
    """The tree of branches, one of each class of mirror images, and where random starts end.

    ``basins`` holds the stable states that the dynamics reached at some parameter values, with
    the share of random starts that end in each.
    """

    basins: Basins

    def to_dataset(self) -> Any:
        """The diagram as a labelled :class:`xarray.Dataset`."""
        from neg.diagrams.record import to_dataset

        return to_dataset(self, self.basins)

    def to_frame(self) -> Any:
        """One row for each branch, as a :class:`pandas.DataFrame`: where it runs, where stable."""
        from neg.diagrams.record import to_frame

        return to_frame(self, self.basins)

    def plot(self, axes: Any = None, **options: Any) -> Any:
        """Draw the diagram (see :func:`neg.diagrams.drawing.plot`); returns the axes."""
        from neg.diagrams.drawing import plot

        return plot(self, axes, **options)

    def save(self, path: Any) -> Any:
        """Write the labelled data set as netCDF, whole or not at all; returns the path."""
        from neg.core.records import write_record

        return write_record(path, self.to_dataset())

    @property
    def _head(self) -> str:
        line = self.line
        from neg.diagrams.record import name_of

        name = name_of(self.model)
        return (
            f"{name}: {len(self)} branches over {line.label} from {float(line.low):g} "
            f"to {float(line.high):g}"
        )

    def __repr__(self) -> str:
        table = self.to_frame().to_string(max_rows=30)
        return "\n".join([self._head, table, *self.notes])

    def _repr_html_(self) -> str:
        from html import escape

        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        table = self.to_frame().to_html(max_rows=30)
        return f"<p>{escape(self._head)}</p>{table}<ul>{notes}</ul>"


def load(path: Any) -> Any:
    """The labelled data set that :meth:`Diagram.save` wrote."""
    from neg.core.records import read_record

    return read_record(path)


@own_settings
def diagram(
    model: Model,
    parameter: str | Lever | Mapping[str, tuple[float, float]],
    low: float | None = None,
    high: float | None = None,
    *,
    starts: Iterable[Any] = (),
    at: float | None = None,
    search: Search | None = None,
    most: Most = Most(),  # noqa: B008  (frozen)
    steps: Steps | None = None,
    group: Symmetry | None = None,
) -> Diagram:
    """Follow equilibria over an interval of a parameter, every branch that leaves them, and more.

    Starts are the model's own distribution, the even one, full agglomeration in each cell up to
    symmetry, the distributions in ``starts`` and, if one of these is near no equilibrium, what the
    dynamics reach; all at the parameter value ``at`` (default: the model's own if it lies inside,
    else the middle). Then states are looked for that hang on none of these, as ``search`` says
    (default: :class:`Search`), again where no stable state is known; they are followed too, and so
    is what leaves them. At most ``most.branches`` branches are followed from special points, at
    most ``most.depth`` branch points from a start, stable ones first. Other arguments as in
    :func:`neg.bifurcation.continuation.continuation`. The ``notes`` of the result say what was
    searched and what was not.

    Raises :class:`neg.core.errors.UnknownNameError` for an unknown parameter and
    :class:`neg.core.errors.InvalidParameterError` for bounds outside its range.

    >>> from neg.models.core_periphery import CorePeriphery
    >>> found = diagram(CorePeriphery(), "tau", 1.4, 2.2)
    >>> [one.stable for one in found.equilibria(1.7)].count(True)
    3
    """
    check_kind("model", model, Model)
    if isinstance(parameter, Lever):
        model, parameter = in_hand(model, parameter, parameter.path)
    line = parameter_line(model, parameter, low, high)
    group = line_symmetries(model, line) if group is None else group
    search = (search or Search()).sized(model)
    grower = Grower(Course(model, line, group, steps or Steps()), most)
    given = [as_numbers("starts", getattr(x, "x", x)) for x in starts]
    position = _position(model, line, at, isinstance(parameter, str))
    here = line.at(model, jnp.asarray(position))
    grower.begin(position, [*given, *(agglomerated(here, group) if search.corners else [])])
    grower.grow(up_to=STABLE)
    seeker = _Seeker(grower, search)
    seeker.everywhere()
    grower.grow()
    seeker.in_gaps()
    found = grower.tree()
    fields = {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}
    fields["notes"] = (*seeker.said(), *found.notes)
    return Diagram(**fields, basins=seeker.basins())


def _position(model: Model, line: ParameterLine, at: float | None, single: bool) -> float:
    low, high = float(line.low), float(line.high)
    if at is not None:
        check_range("at", at, low, high)
        return at
    try:
        own = float(model.get(line.names[0])) if single else low
    except InvalidParameterError:  # entries that differ now, and are one number along the line
        own = low - 1.0
    return own if low <= own <= high else 0.5 * (low + high)


class _Seeker:
    """Looks for equilibria that a tree lacks, has them followed, and says what it did."""

    def __init__(self, grower: Grower, search: Search) -> None:
        self.grower, self.search = grower, search
        self.model, self.line, self.group = grower.model, grower.line, grower.group
        everywhere = np.ones(self.model.groups.cells, dtype=bool)
        count = int(search.starts or 0)
        # The first of the random starts is the even distribution: it stays at rest where unstable.
        self.starts = random_starts(self.model, everywhere, count + 1, search.seed)[1:]
        self.patterns = patterns(self.model, self.group) if search.patterns else []
        self.found: list[Basins] = []
        self.new: list[float] = []
        self.lost: list[str] = []
        self.exact: list[str] = []

    @property
    def freedom(self) -> int:
        return self.model.groups.cells - self.model.groups.count

    def everywhere(self) -> None:
        """Search at the values that were asked for."""
        low, high = float(self.line.low), float(self.line.high)
        if self.search.exact and 0 < self.freedom <= _MOST_FREEDOM:
            for value in (low, 0.5 * (low + high), high):
                self.all_equilibria(value)
        if self.search.values and self.freedom > 0:
            self.dynamics(np.linspace(low, high, int(self.search.values)))

    def in_gaps(self) -> None:
        """Search where no stable state is known, and let what is found grow."""
        for _ in range(_ROUNDS if self.search.values and self.freedom > 0 else 0):
            gaps = self.gaps()
            before = len(self.grower.branches)
            if gaps:
                self.dynamics(np.array([0.5 * (left + right) for left, right in gaps]))
                self.grower.grow()
            if len(self.grower.branches) == before:
                return

    def all_equilibria(self, value: float) -> None:
        here = equilibria(self.line.at(self.model, jnp.asarray(value)))
        for point in here.points:
            if int(point.status) == Status.CONVERGED:
                self.take(np.asarray(point.x), np.asarray(point.used), value)
        certified = "certified" if here.completeness.certified else "not certified"
        self.exact.append(f"{value:g} ({len(here)} found, {certified})")

    def dynamics(self, values: np.ndarray) -> None:
        args = (self.model, self.line, self.group)
        reached = follow_to_rest(*args, values, self.starts, self.patterns)
        states = []
        for one in reached.states:
            number = self.take(one.x, one.used, one.value)
            states.append(one._replace(branch=-1 if number is None else number))
        self.found.append(reached._replace(states=states))

    def take(self, x: np.ndarray, used: np.ndarray, value: float) -> int | None:
        """The branch of an equilibrium: known, or followed now."""
        before = len(self.grower.branches)
        number = self.grower.add(x, used, value)
        if number is None:
            shares = np.array2string(x, precision=3, max_line_width=1000, threshold=12)
            self.lost.append(f"no branch could be followed from {shares} at {value:g}")
        elif number >= before:
            self.new.append(value)
        return number

    def gaps(self) -> list[tuple[float, float]]:
        """Stretches of the interval on which no branch is stable."""
        low, high = float(self.line.low), float(self.line.high)
        spans = []
        for branch in self.grower.branches:
            value, _, stable = branch.outline()
            both = (stable[:-1] == 1) & (stable[1:] == 1)
            left, right = np.minimum(value[:-1], value[1:]), np.maximum(value[:-1], value[1:])
            spans += list(zip(left[both], right[both], strict=True))
        open_, reached = [], low
        for left, right in [*sorted(s for s in spans if s[0] == s[0]), (high, high)]:
            if left - reached > _GAP * (high - low):
                open_.append((reached, float(left)))
            reached = max(reached, right)
        return open_

    def basins(self) -> Basins:
        """All that the dynamics reached, by parameter value."""
        values = np.concatenate([np.zeros(0), *(one.values for one in self.found)])
        restless = np.concatenate([np.zeros(0, int), *(one.restless for one in self.found)])
        order = np.argsort(values, kind="stable")
        states = sorted((s for one in self.found for s in one.states), key=lambda s: s.value)
        return Basins(values[order], states, len(self.starts), restless[order])

    def said(self) -> list[str]:
        """What was searched, what it brought, and what it cannot have found."""
        name, basins = self.line.label, self.basins()
        notes = []
        if self.exact:
            notes.append(f"all equilibria searched for at {name} = {', '.join(self.exact)}")
        if len(basins.values):
            kinds = [f"{len(self.starts)} random starts"] * (len(self.starts) > 0)
            kinds += [f"{len(self.patterns)} symmetric patterns"] * (len(self.patterns) > 0)
            notes.append(
                f"replicator dynamics followed from {' and '.join(kinds) or 'no start'} at each "
                f"of {len(basins.values)} values of {name} from {basins.values[0]:g} to "
                f"{basins.values[-1]:g}"
            )
        unknown = "exist only between these values and hang on no branch followed"
        if not notes:
            unknown = "hang on none of the branches followed"
        if self.new:
            where = ", ".join(f"{value:g}" for value in sorted(set(self.new)))
            notes.append(f"{len(self.new)} branches were found by this search, at {name} = {where}")
        if basins.restless.sum():
            tried = len(basins.values) * len(self.starts)
            notes.append(f"{basins.restless.sum()} of {tried} random starts came to no stable rest")
        notes += self.lost
        notes.append(f"not searched: states that {unknown}")
        for left, right in self.gaps():
            notes.append(f"no stable state is known for {name} from {left:g} to {right:g}")
        return notes
