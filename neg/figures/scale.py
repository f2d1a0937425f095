"""Scales of colour: which values have which colours, and what the colour bar shows."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import CenteredNorm, Colormap, LogNorm, Normalize
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator

from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.figures import style


@dataclasses.dataclass(frozen=True)
class Scale:
    """How values become colours, on maps and in matrices alike.

    ``centre`` is the middle of a two-sided scale (losses and gains; by default scales are
    one-sided): equal distances from it have colours of equal strength, and the bar shows what is
    used. ``limits`` are the ends (by default those of the values), ``colours`` a matplotlib colour
    map (by default the house map of the kind of scale); ``logarithmic`` gives equal ratios of
    positive values equal steps of colour; ``bar`` says whether a colour bar is drawn.

    >>> float(Scale(centre=0.0).norm([-1.0, 2.0])(0.0))
    0.5

    Raises :class:`neg.core.errors.InvalidParameterError` for limits that do not rise and for a
    centre of a logarithmic scale, :class:`neg.core.errors.InvalidDataError` for values that are not
    positive on one.
    """

    centre: float | None = None
    limits: tuple[float, float] | None = None
    colours: str | Colormap | None = None
    logarithmic: bool = False
    bar: bool = True

    def __post_init__(self) -> None:
        if self.limits is not None and not self.limits[0] <= self.limits[1]:
            raise InvalidParameterError(
                f"limits = {self.limits} is not allowed; the second must not be below the first"
            )
        if self.logarithmic and self.centre is not None:
            raise InvalidParameterError(
                f"centre = {self.centre:g} is not allowed on a logarithmic scale; must be left out"
            )

    def ends(self, values: Any) -> tuple[float, float]:
        """Ends of the scale for these (finite) values."""
        seen = np.asarray(values, dtype=float)
        if self.limits is not None:
            return self.limits
        return (float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)

    def norm(self, values: Any) -> Normalize:
        """What takes these values to [0, 1]."""
        low, high = self.ends(values)
        if self.logarithmic:
            if not low > 0.0:
                raise InvalidDataError(
                    f"{low:g} is not allowed on a logarithmic scale; must be > 0"
                )
            return LogNorm(low, high if high > low else 2.0 * low)
        if self.centre is not None:
            return CenteredNorm(self.centre, max(high - self.centre, self.centre - low) or 1.0)
        return Normalize(low, high if high > low else low + 1.0)

    @property
    def map(self) -> str | Colormap:
        """The colour map."""
        house = style.SEQUENTIAL if self.centre is None else style.DIVERGING
        return self.colours or house

    def draw_bar(
        self, axes: Axes, drawn: ScalarMappable, values: Any, label: str, **options: Any
    ) -> None:
        """Draw the colour bar beside the axes, unless there is to be none."""
        if not self.bar:
            return
        bar = axes.figure.colorbar(drawn, ax=axes, label=label, aspect=28, pad=0.015, **options)
        if self.centre is not None and (self.limits or np.size(values)):
            low, high = self.ends(values)
            bar.ax.set_ylim(min(low, self.centre), max(high, self.centre))
        if self.logarithmic:
            bar.ax.yaxis.set(
                major_locator=LogLocator(subs=(1.0, 2.0, 5.0)),
                major_formatter=FormatStrFormatter("%g"),
                minor_locator=NullLocator(),
            )
