"""What solving a file gives: a labelled data set, and the folder that shows it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import xarray as xr

from neg.core.records import check_writable, versions, write_bytes, write_figure, write_record
from neg.core.records import write_text as write_whole
from neg.data.write import write_csv
from neg.scenario_files.reading import to_toml
from neg.scenario_files.schema import ScenarioFile

GOOD = "converged"


@dataclasses.dataclass(frozen=True)
class Solved:
    """Levels and changes of one file or several, or of the cases of a sweep.

    ``dataset`` has the dimension ``scenario``, or ``case`` where a file was swept.
    """

    scenarios: tuple[ScenarioFile, ...]
    dataset: xr.Dataset
    swept: bool = False

    @property
    def converged(self) -> bool:
        """Whether every solve found its equilibrium."""
        return bool(self.dataset.attrs["status"] == GOOD)

    def write(
        self, folder: str | os.PathLike[str], *, sources: tuple[bytes, ...] | None = None
    ) -> Path:
        """Write the folder of the result; each file whole or not at all, the report last.

        ``scenario.toml`` (one file: as read, where ``sources`` hold its bytes), ``result.nc``,
        ``tables/*.csv``, ``figures/`` and ``report.html`` or ``report.md``. Returns the report's
        path. Raises :class:`neg.core.errors.OutputError` where a file cannot be written.
        """
        from neg.scenario_files.report import report

        folder = Path(folder)
        check_writable(folder, folder=True)
        texts = sources or tuple(to_toml(one).encode() for one in self.scenarios)
        for one, text in zip(self.scenarios, texts, strict=True):
            name = "scenario" if len(self.scenarios) == 1 else one.name
            write_bytes(folder / f"{name}.toml", text)
        write_record(folder / "result.nc", self.stamped())
        tables = []
        for name in map(str, self.dataset.data_vars):
            file = f"tables/{name.replace('.', '_')}.csv"
            table = self.dataset[[name]]
            if (
                name.endswith("_change") and "scenario" in table.dims
            ):  # of the baseline there is none
                table = table.dropna("scenario", how="all")
            write_csv(table, folder / file)
            tables.append(file)
        drawn: dict[str, Any] = {}
        if any(one.output.figures for one in self.scenarios):
            for stem, (figure, caption) in self.figures().items():
                png, _ = write_figure(folder / "figures" / stem, figure)
                drawn[stem] = (png, caption)
        kind = self.scenarios[0].output.report
        return write_whole(folder / f"report.{kind}", report(self, drawn, tables, kind))

    def figures(self) -> dict[str, tuple[Any, str]]:
        """Figures by the stem of their file, each with its caption."""
        from neg.scenario_files.drawing import figures_of

        return figures_of(self)

    def blocks(self) -> list[tuple[str, Any]]:
        """Further blocks of the report, before its tables of changes."""
        return []

    def stamped(self) -> xr.Dataset:
        """The data set with what it is and which versions made it: no date, so that it repeats."""
        import json

        names = ", ".join(one.name for one in self.scenarios)
        return self.dataset.assign_attrs(
            title=f"Scenario files: {names}",
            caption=" ".join(one.description for one in self.scenarios),
            versions=json.dumps(versions()),
            scenarios=json.dumps([one.data() for one in self.scenarios]),
        )


@dataclasses.dataclass(frozen=True)
class Searched(Solved):
    """What a fit or a policy (``kind``) found, and the equilibrium before and after it.

    ``found`` are the results of :mod:`neg.estimation`, one a budget. Their folder has
    ``record.json`` as well: values, how the search ended, standard errors, shadow prices.
    """

    kind: str = "fit"
    found: tuple[Any, ...] = ()

    def write(
        self, folder: str | os.PathLike[str], *, sources: tuple[bytes, ...] | None = None
    ) -> Path:
        """Write the folder, as :meth:`Solved.write` does, with ``record.json``."""
        import json

        from neg.scenario_files.found import summary
        from neg.scenario_files.ledger import plain

        path = super().write(folder, sources=sources)
        told = summary(self.kind, self.found, self.dataset) | {
            "scenario": self.scenarios[0].data(),
            "versions": versions(),
        }
        text = json.dumps(plain(told), indent=1, allow_nan=False)
        write_whole(Path(folder) / "record.json", text + "\n")
        return path

    def figures(self) -> dict[str, tuple[Any, str]]:
        """Those of the search first, then the changes by place."""
        from neg.scenario_files.search_report import figures_of_search

        return figures_of_search(self) | super().figures()

    def blocks(self) -> list[tuple[str, Any]]:
        """What was sought, what was found, and whether to believe it."""
        from neg.scenario_files.search_report import blocks_of_search

        return blocks_of_search(self)
