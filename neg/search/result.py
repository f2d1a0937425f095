"""What a search for all equilibria returns: the list, and how far it can be trusted to be all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from neg.economy.model import Model
from neg.search.certify import DEPTH, SAFETY
from neg.solvers.long_run import LongRun

_MOST_ROWS = 24
_MOST_CELLS = 8
_LARGEST = 4


@dataclass(frozen=True)
class Certificate:
    """Intervals or boxes over every set of used cells (at most two degrees of freedom).

    ``undecided`` pieces of size ``resolution`` (log odds of shares) stayed open; ``evaluations``
    payoff gaps were sampled; shares below ``reach`` are not covered; ``uncleared`` is the share
    below which markets did not clear somewhere (zero if they always did); ``missed`` counts
    equilibria within reach that only the starts found: then the certificate failed.
    """

    undecided: int
    evaluations: int
    resolution: float
    reach: float
    uncleared: float
    missed: int = 0


@dataclass(frozen=True)
class Tried:
    """Newton's method on ``searched`` of ``supports`` sets of used cells, ``starts`` starts each.

    ``rounds`` rounds followed in which known equilibria were deflated; ``paths`` paths of the
    dynamics were followed (where not all sets were searched); ``skipped`` counts entries of a cell
    at a tiny share, next to an equilibrium without it, that were left out as too many.
    """

    searched: int
    supports: int
    starts: int
    rounds: int
    paths: int
    skipped: int


@dataclass(frozen=True)
class Completeness:
    """How far a list of equilibria can be trusted to be all; as text: in words.

    ``certificate`` is None with more than two degrees of freedom. ``index_sum`` is the sum of the
    indices of the equilibria, None if one of them is degenerate; it must be one. ``beyond`` counts
    equilibria that must exist at shares too small for a computer (below 1e-300), ``unconfirmed``
    candidates that could not be solved to 1e-10.
    """

    certificate: Certificate | None
    tried: Tried
    index_sum: int | None
    beyond: int = 0
    unconfirmed: int = 0

    @property
    def certified(self) -> bool:
        """Whether a certificate covers everything and nothing speaks against it."""
        return not self.doubts

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the list is not certified, in words; empty if it is."""
        return (*self.not_searched, *self._certificate_doubts(), *self._list_doubts())

    @property
    def not_searched(self) -> tuple[str, ...]:
        """What was not searched, in words."""
        found = []
        tried = self.tried
        if self.certificate is None:
            found.append("no intervals or boxes cover more than two degrees of freedom")
        elif self.certificate.uncleared > np.exp(-DEPTH):
            found.append(
                f"markets did not clear where a share is below {self.certificate.uncleared:.1g}"
            )
        if tried.searched < tried.supports:
            left = tried.supports - tried.searched
            found.append(f"{left} of {tried.supports} sets of used cells were not searched")
        if tried.skipped:
            found.append(f"{tried.skipped} entries at tiny shares were left out")
        return tuple(found)

    def _certificate_doubts(self) -> list[str]:
        one, found = self.certificate, []
        if one is not None and one.undecided:
            found.append(
                f"{one.undecided} pieces of size {one.resolution:g} in log odds of shares stayed "
                "open, near which an equilibrium is degenerate or nearly so"
            )
        if one is not None and one.missed:
            found.append(f"the certificate failed: {one.missed} found by starts alone")
        return found

    def _list_doubts(self) -> list[str]:
        found = []
        if self.beyond:
            found.append(f"{self.beyond} more have shares below 1e-300, too small to be computed")
        if self.unconfirmed:
            found.append(f"{self.unconfirmed} candidates could not be solved to 1e-10")
        if self.index_sum is None:
            found.append("an equilibrium is degenerate, so that indices cannot be counted")
        elif self.index_sum != 1:
            found.append(
                f"the indices of the equilibria add up to {self.index_sum} instead of one: "
                "equilibria are missing"
            )
        return found

    def __str__(self) -> str:
        tried = self.tried
        method = (
            f"Newton's method on {tried.searched} of {tried.supports} sets of used cells, "
            f"{tried.starts} starts each, {tried.rounds} rounds of deflation"
        )
        parts = [f"Not certified ({'; '.join(self.doubts)}): {method}"]
        one = self.certificate
        if one is not None:
            rests = (
                f"the certificate rests on bounds of the curvature of payoffs sampled at "
                f"{one.evaluations} points, times {SAFETY:g}"
            )
            if self.certified:
                parts = [
                    f"Certified: no equilibrium is missed between sampled points down to pieces "
                    f"of {one.resolution:g} in log odds of shares and shares of {one.reach:.0e}"
                ]
                rests += f"; confirmed by {method}"
            parts.append(rests)
        if self.index_sum == 1:
            parts.append("the indices of the equilibria add up to one, as they must")
        return "; ".join(parts) + "."

    def to_dict(self) -> dict[str, Any]:
        """Everything as numbers, texts and None, for JSON."""
        one, tried = self.certificate, self.tried
        covered = one is not None
        return {
            "certified": self.certified,
            "covered": covered,
            "index_sum": self.index_sum,
            "doubts": list(self.doubts),
            "not_searched": list(self.not_searched),
            "supports": tried.supports,
            "searched": tried.searched,
            "starts": tried.starts,
            "rounds": tried.rounds,
            "paths": tried.paths,
            "skipped": tried.skipped,
            "undecided": one.undecided if one else None,
            "missed_by_certificate": one.missed if one else None,
            "evaluations": one.evaluations if one else None,
            "resolution": one.resolution if one else None,
            "smallest_share": one.reach if one else None,
            "uncleared": one.uncleared if one else None,
            "beyond": self.beyond,
            "unconfirmed": self.unconfirmed,
            "statement": str(self),
        }


@dataclass(frozen=True, repr=False)
class Equilibria:
    """All equilibria found, the most even first, and how complete the list is.

    ``indices`` holds the index of each (see :func:`neg.solvers.stability.index_of`), None where it
    is degenerate.
    """

    model: Model = field(repr=False)
    points: tuple[LongRun, ...]
    completeness: Completeness
    indices: tuple[int | None, ...] = ()

    def __len__(self) -> int:
        return len(self.points)

    @property
    def stable(self) -> tuple[LongRun, ...]:
        """The stable ones."""
        return tuple(point for point in self.points if point.stable)

    @property
    def shares(self) -> np.ndarray:
        """Share of its group's mass in each cell, one equilibrium a row."""
        mass = np.asarray(self.model.groups.cell_mass)
        return np.array([np.asarray(p.x) / mass for p in self.points]).reshape(-1, len(mass))

    def to_frame(self) -> pd.DataFrame:
        """One row per equilibrium: stability, index, growth rate, payoff, residual, shares.

        ``payoff`` is what each mobility group earns (``payoff 0``, ``payoff 1``, ... if there are
        several), ``growth`` the growth rate of a small deviation under the replicator dynamics,
        ``share A`` the share of its group's mass in cell A.
        """
        groups = self.model.groups.count
        values = np.array([np.asarray(p.value) for p in self.points]).reshape(-1, groups)
        names = ["payoff"] if groups == 1 else [f"payoff {g}" for g in range(groups)]
        columns: dict[str, Any] = {
            "stable": pd.array([p.stable for p in self.points], dtype="boolean"),
            "index": pd.array(self.indices or [None] * len(self), dtype="Int64"),
            "growth": [float(p.growth) for p in self.points],
            **{name: values[:, g] for g, name in enumerate(names)},
            "residual": [float(p.residual) for p in self.points],
        }
        shares = self.shares
        for k, label in enumerate(self.model.cell_labels):
            columns[f"share {label}"] = shares[:, k]
        rows = pd.RangeIndex(1, len(self) + 1, name="equilibrium")
        return pd.DataFrame(columns, index=rows)

    def to_dict(self) -> dict[str, Any]:
        """Equilibria and completeness as lists, numbers and texts, for JSON."""
        labels = list(self.model.cell_labels)
        points = [
            {
                "distribution": np.asarray(point.x).tolist(),
                "shares": dict(zip(labels, share.tolist(), strict=True)),
                "payoff": np.asarray(point.value).tolist(),
                "stable": point.stable,
                "growth": float(point.growth),
                "index": index,
                "residual": float(point.residual),
            }
            for point, index, share in zip(
                self.points, self.indices or [None] * len(self), self.shares, strict=True
            )
        ]
        return {"equilibria": points, "completeness": self.completeness.to_dict()}

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        name = self.model.name or type(self.model).__name__
        stable = len(self.stable)
        head = f"{len(self)} long-run equilibria of {name}, {stable} of them stable"
        return "\n".join([head, self._short().to_string(index=False), self._rest()])

    def _repr_html_(self) -> str:
        return f"{self._short().to_html(index=False)}<p>{self._rest()}</p>"

    def _rest(self) -> str:
        left = len(self) - _MOST_ROWS
        return (f"and {left} more\n" if left > 0 else "") + str(self.completeness)

    def _short(self) -> pd.DataFrame:
        """The table that is printed: few rows, few columns, rounded numbers."""
        frame = self.to_frame().iloc[:_MOST_ROWS]
        words: dict[Any, str] = {True: "stable", False: "unstable"}
        table: dict[str, list[str]] = {
            "": [words.get(point.stable, "cannot tell") for point in self.points[:_MOST_ROWS]]
        }
        labels = self.model.cell_labels
        if len(labels) <= _MOST_CELLS:
            for label in labels:
                table[f"share {label}"] = [f"{v:.6g}" for v in frame[f"share {label}"]]
        else:
            table["largest shares"] = [self._largest(row) for row in self.shares[:_MOST_ROWS]]
        for name in [n for n in frame if str(n).startswith("payoff")][:_LARGEST]:
            table[str(name)] = [f"{v:.6g}" for v in frame[name]]
        table["growth rate"] = [f"{v:.3g}" for v in frame["growth"]]
        return pd.DataFrame(table)

    def _largest(self, share: np.ndarray) -> str:
        first = np.argsort(-share, kind="stable")[:_LARGEST]
        labels = self.model.cell_labels
        listed = ", ".join(f"{labels[k]} {share[k]:.4g}" for k in first if share[k] > 0)
        left = int((share > 0).sum()) - len(first)
        return listed + (f" and {left} more" if left > 0 else "")
