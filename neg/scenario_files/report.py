"""The report of a result: assumptions in words, how solves ended, tables, figures."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neg.core.records import versions
from neg.scenario_files.result import Solved
from neg.scenario_files.schema import ScenarioFile
from neg.scenario_files.world import ChainSection

_ROWS = 40
Block = tuple[str, Any]
"""A kind (``h1``, ``h2``, ``p``, ``list``, ``table``, ``figure``) and what it holds."""


def report(
    result: Solved,
    figures: Mapping[str, tuple[Path, str]],
    tables: Sequence[str],
    kind: str,
) -> str:
    """The report as text: ``md`` beside its figures, or ``html`` with them inside."""
    blocks = _blocks(result, figures, tables)
    return _html(blocks) if kind == "html" else "\n\n".join(_md(one) for one in blocks) + "\n"


def _blocks(
    result: Solved, figures: Mapping[str, tuple[Path, str]], tables: Sequence[str]
) -> list[Block]:
    dataset = result.dataset
    blocks: list[Block] = []
    for one in result.scenarios:
        blocks += [("h1", one.name), ("p", one.description)] if one.description else []
        blocks += [] if one.description else [("h1", one.name)]
        blocks += [("h2", "Assumptions"), ("list", [*one.assumptions, *in_words(one)])]
    blocks += [
        ("p", f"Held fixed: {dataset.attrs.get('held_fixed', '')}."),
        ("h2", "How the solves ended"),
        ("p", _ended(result)),
        *result.blocks(),
    ]
    for name, change in dataset.data_vars.items():
        if str(name).endswith("_change") and change.ndim == 2:
            blocks += [("h2", _title(change)), ("table", _table(change))]
    if figures:
        blocks.append(("h2", "Figures"))
        blocks += [("figure", (stem, *figures[stem])) for stem in figures]
    blocks += [
        ("h2", "Files"),
        ("list", ["result.nc: all numbers with labels and units", *tables]),
        ("p", "Computed with " + ", ".join(f"{k} {v}" for k, v in versions().items()) + "."),
    ]
    return blocks


def in_words(scenario: ScenarioFile) -> list[str]:
    """What a file assumes by its numbers, in sentences."""
    economy = scenario.economy
    model = scenario.model
    moves = scenario.moves
    found = [_source(scenario)]
    if model is not None:
        found.append(
            "Who may move does; the long-run equilibrium next to the start is taken."
            if moves
            else "Nobody moves from the start: the short run."
        )
        return found + _of_parts(scenario)
    found += [
        f"Trade elasticity {_said(economy.theta)}, scale elasticity {_said(economy.alpha)}.",
        "People may move; the long-run equilibrium next to the observed allocation is taken."
        if moves
        else "Nobody moves between places or sectors: the short run.",
        f"Trade deficits: {economy.deficits}.",
    ]
    if scenario.world is None:
        found.append(
            "Tastes and productivity are such that the table is the equilibrium of the baseline."
        )
    found += [_of_chain(chain) for chain in scenario.chain]
    if economy.land_share:
        found.append(
            f"{100 * economy.land_share:g} per cent of value added are the rent of a fixed stock "
            "of land in every place."
        )
    return found + _of_parts(scenario)


def _of_parts(scenario: ScenarioFile) -> list[str]:
    """What stands between places, and what parts assume, in sentences."""
    found = []
    for layer in scenario.layer:
        paid = {"tariff": "revenue", "export-tax": "revenue"}.get(layer.kind, "burnt")
        more = f", with {len(layer.entries)} exceptions" if layer.entries else ""
        found.append(f"Layer {layer.name} ({layer.kind}, {paid}): {_said(layer.rate)}{more}.")
    for part in scenario.part:
        given = ", ".join(f"{key} = {_said(value)}" for key, value in part.parameters.items())
        found.append(f"Part {part.name}: {given or 'its defaults'}.")
    if scenario.tariff is not None:
        found.append(f"MFN duties before preferences: {_said(scenario.tariff.mfn_rate)}.")
    if scenario.border or scenario.network:
        value, daily = scenario.shipment.value_usd, scenario.shipment.time_cost_per_day
        found.append(
            f"A shipment is worth {_said(value)} USD, of which a day costs {_said(daily)}."
        )
    if scenario.border:
        listed = ", ".join(one.economy for one in scenario.border)
        found.append(
            f"Clearance is known for {listed}; other economies are taken to clear at once, which "
            "does not matter for what changes elsewhere but in second order."
        )
    if scenario.network is not None:
        found += _of_network(scenario)
    return found


def _source(scenario: ScenarioFile) -> str:
    """Where the numbers of the baseline come from."""
    world, data = scenario.world, scenario.economy.data
    if (model := scenario.model) is not None:
        given = ", ".join(f"{key} = {_said(value)}" for key, value in model.parameters.items())
        return f"No data: the model {model.name} with {given or 'its defaults'}."
    if world is not None:
        return (
            f"No data: the file describes an economy of {len(world.places)} places "
            f"({', '.join(world.places)}) and {len(world.sectors)} sectors "
            f"({', '.join(world.sectors)}) itself; where people are is a start."
        )
    if data == "icio2020":
        return "Data: the OECD inter-country input-output table of 2020, million USD."
    return f"Data: {data}."


def _of_chain(chain: ChainSection) -> str:
    """A chain in words, and what its split of a sector assumes."""
    shares = ", ".join(f"{share:g}" for share in chain.own_share)
    told = f"Chain {', then '.join(chain.blocks)} (own shares {shares}; draws by {chain.draws})"
    if chain.sector is None or chain.parts is None:
        return f"{told}."
    level = "as in the rest of it"
    if chain.value_added is not None:
        level = f"{', '.join(f'{value:g}' for value in chain.value_added)} of that in the rest"
    return (
        f"{told}: {100 * chain.parts:g} per cent of what {chain.sector} buys from itself are parts "
        f"for the last block, everywhere, in one mix of origins; value added in own costs is "
        f"{level}. The table does not know blocks: this is an assumption."
    )


def _of_network(scenario: ScenarioFile) -> list[str]:
    """What the network of a file assumes, in sentences."""
    network = scenario.network
    assert network is not None
    found = []
    if scenario.economy.places == "cities":
        found.append(
            "Each economy is split over its places, whose outputs by sector, incomes and flows add "
            "up to the table; tastes by pair of economies, productivity and amenity of places are "
            "such that this is the equilibrium of the baseline."
        )
    else:
        found.append(
            "Costs between economies are mean log costs of routes between their places, by weight; "
            "pairs that the network does not join keep their costs."
        )
    if network.carried:
        found.append(f"Goods on the network: {', '.join(network.carried)}.")
    if network.base == "east-asia":
        from neg.east_asia import ASSUMPTIONS, SOURCES

        found.append(
            f"Network of East Asia: at most {network.most_places} places per economy, cities "
            f"within {network.merge_km:g} km merged; populations are indicative."
        )
        found += [f"Source: {text}." for text in SOURCES]
        found += [f"Assumed: {text}." for text in ASSUMPTIONS]
    return found


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {number:g}" for key, number in value.items())
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _ended(result: Solved) -> str:
    dataset = result.dataset
    statuses = [str(status) for status in np.ravel(dataset["solve_status"].values)]
    counts = ", ".join(f"{statuses.count(one)} {one}" for one in dict.fromkeys(statuses))
    worst = float(np.nanmax(dataset["solve_residual"].values))
    told = f"{len(statuses)} solves: {counts}; largest residual {worst:.2g}."
    if "solve_follows" in dataset:
        which = dict.fromkeys(str(one) for one in dataset["solve_follows"].values)
        told += f" Equilibrium followed: {'; '.join(which)}."
    if set(statuses) != {"converged"}:
        told += " Values of cases that are not solved are left empty."
    if "solve_reason" in dataset:
        reasons = [str(one) for one in np.ravel(dataset["solve_reason"].values)]
        for reason in [one for one in dict.fromkeys(reasons) if one]:
            where = ", ".join(str(case) for case, one in enumerate(reasons) if one == reason)
            told += f" Not solved, case {where}: {reason}."
    return told


def _title(change: Any) -> str:
    unit = change.attrs.get("units", "1")
    label = str(change.attrs.get("label", change.name))
    return f"{label[:1].upper()}{label[1:]} ({unit})"


def _table(change: Any) -> tuple[list[str], list[list[str]]]:
    """Places as rows and scenarios as columns; cases of a sweep as rows."""
    frame = change.to_pandas()
    if change.dims[0] == "scenario":
        frame = frame.dropna(how="all").T
    header = [str(frame.index.name), *(str(name) for name in frame.columns)]
    rows = [
        [str(label), *("" if value != value else f"{value:.4g}" for value in row)]
        for label, row in zip(frame.index, frame.to_numpy(dtype=float), strict=True)
    ]
    if len(rows) > _ROWS:
        left = len(rows) - _ROWS
        rows = [*rows[:_ROWS], [f"… {left} more in tables/", *[""] * len(frame.columns)]]
    return header, rows


def _md(block: Block) -> str:
    kind, held = block
    if kind in ("h1", "h2"):
        return f"{'#' * int(kind[1])} {held}"
    if kind == "list":
        return "\n".join(f"- {one}" for one in held)
    if kind == "table":
        header, rows = held
        lines = [header, ["---"] * len(header), *rows]
        return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines)
    if kind == "figure":
        stem, path, caption = held
        return f"![{stem}](figures/{path.name})\n\n{caption}"
    return str(held)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #22262b; max-width: 46rem;
  margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-size: 14px; display: block; overflow-x: auto; }
td, th { padding: 2px 10px; border-bottom: 1px solid #cfcfd1; text-align: right; }
td:first-child, th:first-child { text-align: left; }
img { max-width: 100%; } figcaption { font-size: 14px; color: #4d4d4d; }
"""


def _html(blocks: Sequence[Block]) -> str:
    title = html.escape(str(blocks[0][1]))
    body = "\n".join(_html_block(one) for one in blocks)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n"
        "</body>\n</html>\n"
    )


def _html_block(block: Block) -> str:
    kind, held = block
    if kind == "list":
        return "<ul>" + "".join(f"<li>{html.escape(str(one))}</li>" for one in held) + "</ul>"
    if kind == "table":
        header, rows = held
        head = "".join(f"<th>{html.escape(one)}</th>" for one in header)
        lines = "".join(
            "<tr>" + "".join(f"<td>{html.escape(one)}</td>" for one in row) + "</tr>\n"
            for row in rows
        )
        return f"<table>\n<tr>{head}</tr>\n{lines}</table>"
    if kind == "figure":
        stem, path, caption = held
        image = base64.b64encode(path.read_bytes()).decode("ascii")
        return (
            f'<figure><img alt="{html.escape(stem)}" src="data:image/png;base64,{image}">'
            f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        )
    return f"<{kind}>{html.escape(str(held))}</{kind}>"
