"""What a report says of a fit or a policy, and the figures of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neg.estimation.costs import PRICES
from neg.figures import style
from neg.figures.bars import ranked_bars
from neg.scenario_files.result import Searched
from neg.scenario_files.searches import CostEntry, LeverEntry

Block = tuple[str, Any]
Drawn = dict[str, tuple[Any, str]]


def blocks_of_search(result: Searched) -> list[Block]:
    """Blocks of the report: what was sought, how the search ended, what was found."""
    return _fit_blocks(result) if result.kind == "fit" else _policy_blocks(result)


def figures_of_search(result: Searched) -> Drawn:
    """Figures of a fit (unknowns, targets) or of a policy (spending, worth of money)."""
    with style.house():
        return _fit_figures(result) if result.kind == "fit" else _policy_figures(result)


def _fit_blocks(result: Searched) -> list[Block]:
    section, data = result.scenarios[0].fit, result.dataset
    assert section is not None
    found = result.found[0]
    unknown = [
        f"{name}: {_lever(one)}{_from(one.source)}" for name, one in section.unknowns.items()
    ]
    known = [
        f"{name}: {_lever(one)}, {one.value:g}{_from(one.source)}"
        for name, one in section.known.items()
    ]
    aims = [f"{name}: {one.value:g}{_from(one.source)}" for name, one in section.targets.items()]
    ended = (
        f"The largest derivative of the loss that is left is {found.gradient:.1e}, after "
        f"{found.steps} steps and {found.solves} solves; the loss is {found.loss:.4g}. The targets "
        f"see {found.rank} of {len(found.values)} directions of the unknowns."
    )
    if found.rank < len(found.values):
        ended += " Values along the others are those of the start: the data do not tell them."
    sure = "standard_error" in data
    header = ["unknown", "value", "from", "to"] + ["standard error", "95 % from", "to"] * sure
    columns = [data[name].values for name in ("value", "low", "high")]
    if sure:
        columns += [data["standard_error"].values, *data["interval"].values.T]
    rows = _rows(data["unknown"].values, columns)
    moments = [data["target"].values, data["reached"].values]
    moments += [data["deviation"].values] if sure else []
    of_moments = ["moment", "target", "reached"] + ["standard deviation"] * sure
    blocks: list[Block] = [
        ("h2", "What was sought"),
        ("p", "Unknown, the rest is as the data and the file say:"),
        ("list", unknown),
        *([("p", "Taken as known:"), ("list", known)] if known else []),
        ("p", "Targets:"),
        ("list", aims),
        ("h2", "What was found"),
        ("p", ended),
        ("table", (header, rows)),
        ("table", (of_moments, _rows(data["moment"].values, moments))),
    ]
    if sure:
        statistic, freedom, chance = data["overidentification"].values
        told = (
            f"Targets miss by more than noise would have them with probability {chance:.2g} (J = "
            f"{statistic:.3g} with {freedom:.0f} degrees of freedom)."
            if freedom > 0
            else "There are as many directions as targets: nothing is left that could test the fit."
        )
        blocks.append(("p", told + " Standard errors are of first order (delta method)."))
    else:
        blocks.append(("p", "Targets have no standard deviations: there are no standard errors."))
    return blocks


def _policy_blocks(result: Searched) -> list[Block]:
    section, data = result.scenarios[0].policy, result.dataset
    assert section is not None
    names = [str(name) for name in data["lever"].values]
    levers = [f"{name}: {_lever(section.levers[name])}" for name in names]
    cost = [f"{name}: {_cost(section.costs.get(name), section.stage)}" for name in names]
    objective = ", ".join(
        f"{key} {value}" for key, value in section.objective.model_dump(exclude_unset=True).items()
    )
    sought = f"Made large: {objective}."
    if section.objective.kind in ("real-income", "atkinson", "gap"):
        sought += " Incomes are welfare: consumption, less the worth of effort where hours answer."
    if section.stage is not None:
        sought += f" Stage of development: {section.stage}; levers that it does not use are out."
    if section.draws:
        word = {"expected": "the mean", "worst": "the smallest"}[section.over]
        over = "; ".join(f"{path}: {values}" for path, values in section.draws.items())
        sought += f" Over draws ({over}), of which {word} counts."
    blocks: list[Block] = [
        ("h2", "What was sought"),
        ("p", sought),
        ("list", levers),
    ]
    budgeted = section.budget is not None or section.budgets is not None
    if budgeted:
        blocks += [("p", "What levers cost, assumed, in the money of the table:"), ("list", cost)]
    blocks.append(("h2", "What was found"))
    for row, (label, one) in enumerate(zip(data["package"].values, result.found, strict=True)):
        here = data.isel(package=row)
        columns = [here["lever_start"].values, here["lever_value"].values]
        header = ["lever", "before", "best"]
        if budgeted:
            header += ["paid by the budget", "paid by users"]
            columns += [here["spending"].values, here["shared"].values]
        prices = ", ".join(f"{key} {value:.4g}" for key, value in one.shadow_prices.items())
        told = (
            f"{label}: the objective rises by {one.gain:.5g}; the Karush-Kuhn-Tucker conditions "
            f"hold to {one.gradient:.1e} (objective per full range of a lever) after {one.steps} "
            f"steps and {one.solves} solves; a local maximum. Shadow prices: {prices or 'none'}."
        )
        blocks += [("p", told), ("table", (header, _rows(names, columns)))]
    return blocks


def _rows(labels: Any, columns: list[Any]) -> list[list[str]]:
    return [
        [str(label), *(f"{float(value):.6g}" for value in row)]
        for label, row in zip(labels, zip(*columns, strict=True), strict=True)
    ]


def _lever(one: LeverEntry) -> str:
    where = one.model_dump(
        exclude_unset=True,
        include={*LeverEntry.model_fields} - {"path", "operation", "abroad_only"},
    )
    chosen = "; ".join(f"{key} {', '.join(names)}" for key, names in where.items() if names)
    return f"{one.operation} {one.path}" + (f" of {chosen}" if chosen else "")


def _from(source: str) -> str:
    return f" ({source})" if source else ""


def _cost(given: CostEntry | float | None, stage: str | None) -> str:
    if isinstance(given, float | int):
        return f"{given:g} a unit"
    fields: dict[str, Any] = {} if given is None else given.plain()
    fields = fields | dict(fields.pop("stages", {}).get(stage, {}))
    if "base" not in fields:
        price = fields.pop("price", None)
        first = (
            f"the first per cent {price:g} times one per cent of the yearly flow on which it works"
            if price is not None
            else "usual ("
            + ", ".join(f"{name} {value:g}" for name, value in PRICES.items())
            + " times one per cent of the yearly flow for the first per cent)"
        )
    else:
        first = f"{fields.pop('base'):g} for the first unit"
    rest = ", ".join(f"{key} {value:g}" for key, value in fields.items())
    source = _from(given.source) if given is not None else ""
    return first + (f", {rest}" if rest else "") + source


def _fit_figures(result: Searched) -> Drawn:
    data = result.dataset
    names = [str(name) for name in data["unknown"].values]
    figure, axes = style.sheet(len(names), height=0.35 + 0.55 * len(names), width="column")
    for axis, name in zip(np.atleast_1d(axes), names, strict=True):
        one = data.sel(unknown=name)
        low, high = float(one["low"]), float(one["high"])
        axis.plot([low, high], [0, 0], color=style.BLANK, lw=5, solid_capstyle="butt")
        if "interval" in data and np.isfinite(one["interval"]).all():
            axis.plot(np.clip(one["interval"].values, low, high), [0, 0], color=style.INK, lw=1.2)
        axis.plot(float(one["value"]), 0, "o", ms=5, color=style.COLOURS[0])
        axis.set_title(f"{name}: {style.number(float(one['value']), '.4g')}")
        axis.set(yticks=[], ylim=(-1, 1))
        axis.spines["left"].set_visible(False)
    style.headline(figure, f"{result.scenarios[0].name}: what was fitted")
    caption = "Fitted values (dots) inside the bounds that they were given (grey)"
    caption += "; lines: 95 per cent intervals." if "interval" in data else "."
    drawn: Drawn = {"unknowns": (figure, caption)}
    gap = data["reached"] - data["target"]
    sure = "deviation" in data
    gap = gap / data["deviation"] if sure else 100.0 * gap / abs(data["target"])
    if np.isfinite(gap).all() and float(abs(gap).max()) > 1e-6:  # else there is nothing to see
        figure, axes = style.sheet(height=0.7 + 0.2 * gap.sizes["moment"], width="column")
        unit = "standard deviations" if sure else "per cent"
        ranked_bars(axes, gap.to_series(), label=f"reached less target, {unit}", digits=".2g")
        style.headline(figure, f"{result.scenarios[0].name}: targets missed by")
        drawn["moments"] = (figure, f"What each moment misses its target by, in {unit}.")
    return drawn


def _policy_figures(result: Searched) -> Drawn:
    data, name = result.dataset, result.scenarios[0].name
    names = [str(lever) for lever in data["lever"].values]
    drawn: Drawn = {}
    if np.isfinite(data["budget"]).all():
        labels = [str(label) for label in data["package"].values]
        figure, axes = style.sheet(
            height=0.7 + 0.16 * len(names) * len(labels) + 0.15 * len(names), width="column"
        )
        for k, label in enumerate(labels):
            y = np.arange(len(names)) + 0.8 * ((k + 0.5) / len(labels) - 0.5)
            spent = data["spending"].isel(package=k).values
            axes.barh(y, spent, height=0.7 / len(labels), color=style.COLOURS[k % 7], label=label)
        axes.set_yticks(np.arange(len(names)), names)
        axes.invert_yaxis()
        axes.set(xlabel="spent, money of the table")
        if len(labels) > 1:
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        style.headline(figure, f"{name}: where the budget goes")
        drawn["spending"] = (figure, "Spending by lever in the best package of each budget.")
    if "worth" in data:
        drawn["worth"] = _worth(data["worth"], name)
    return drawn


def _worth(worth: Any, name: str) -> tuple[Any, str]:
    """One more unit of money on each lever, ranked, with the range over draws."""
    middle = worth.median("draw")
    order = np.argsort(middle.values)
    ends = [worth.min("draw").values[order], worth.max("draw").values[order]]
    figure, axes = style.sheet(height=0.7 + 0.22 * len(order), width="column")
    bars: Mapping[str, Any] = {}
    if worth.sizes["draw"] > 1:
        around = middle.values[order]
        bars = {
            "xerr": [around - ends[0], ends[1] - around],
            "error_kw": {"lw": 1.0, "ecolor": style.INK, "capsize": 2.0},
        }
    axes.barh(np.arange(len(order)), middle.values[order], color=style.COLOURS[0], **bars)
    axes.set_yticks(np.arange(len(order)), [str(n) for n in worth["lever"].values[order]])
    axes.set(xlabel="objective for one more unit of money")
    style.headline(figure, f"{name}: what the first money is worth on each lever")
    caption = "Derivative of the objective with respect to money spent on each lever, before any "
    caption += "is spent, at the assumed costs."
    if worth.sizes["draw"] > 1:
        caption += " Bars: middle of the draws; lines: their range."
    return figure, caption
