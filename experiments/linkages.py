"""A lead firm's hub against a cluster of peers, in one economy and for the same money (M9, M15).

Two places with firms that differ. In one of them small firms reach the upper tiers of a chain
alone, in clusters of peers that share costs (with a manager whom the budget pays), or under a lead
firm that brings standards and keeps a share, with the same budget for cost sharing. Left: real
income over the cost of coordination. Middle: the share that the lead firm may keep before peers
are better. Right: small firms.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from scipy.optimize import brentq

from experiments._words import settings
from neg import compose, general_economy
from neg.economy.ledger import largest_imbalance
from neg.figures import style
from neg.firms import HorizontalLinks, LeadFirms, Peers, TierPolicy, VerticalLinks
from neg.solvers.short_run import short_run

CONFIG: dict[str, Any] = {
    "sigma": 5.0,
    "tau": 1.4,
    "kept": 0.2,  # of the surplus of suppliers
    "brought": 0.5,  # of the cost of standards and certification
    "fee": 0.1,  # of a manager, cost bundles a year
    "cut": 0.6,  # of coordination, by a manager
    "limit": 20.0,  # workers of the largest small firm
    "low": 0.1,  # coordination, cost bundles a year
    "high": 4.0,
    "points": 12,
    "base": 0.6,  # coordination of the bars
    "close": 1e-4,  # to which the share at which hub and peers are equal is found
}
SMOKE: dict[str, Any] = {"points": 2, "close": 0.1}

ALONE = 1e9  # factor on coordination at which nobody shares
MOST = 0.95  # largest share kept that is looked at
FORMS = ("alone", "peers", "manager", "manager paid", "hub", "hub abroad")
AIMS = ("real income", "real wage")
OWNERS = ("home", "abroad")


class _World(NamedTuple):
    """Economies of one shape each, whose numbers move."""

    peers: Any
    hubs: dict[str, Any]


def world(config: dict[str, Any]) -> _World:
    """Two equal places of which the first is organised, the second has firms on their own."""
    base = general_economy(
        places=["home", "abroad"],
        sectors=["goods"],
        employment=[[1.0], [1.0]],
        theta=config["sigma"] - 1.0,
        alpha=1.0,
        tau=[[1.0, config["tau"]], [config["tau"], 1.0]],
    )
    limit = {"limit": config["limit"]}
    peers = HorizontalLinks(
        cluster=Peers(support=np.zeros(2), distance=np.array([1.0, ALONE])), **limit
    )
    away, policy = np.array([config["brought"], 0.0]), TierPolicy(sharing=np.zeros(2))
    kept = np.array([config["kept"], 0.0])
    hubs = {
        owner: compose(
            base,
            [VerticalLinks(lead=LeadFirms(kept, away, owners=weights), policy=policy, **limit)],
        )
        for owner, weights in (("home", None), ("abroad", np.array([0.0, 1.0])))
    }
    return _World(compose(base, [peers]), hubs)


def peers(seen: _World, config: dict[str, Any], coordination: float, form: str) -> Any:
    """The economy of peers, solved."""
    managed = form.startswith("manager")
    model = seen.peers.with_(
        **{
            "horizontal.coordination": coordination,
            "horizontal.fee": config["fee"] if managed else 0.0,
            "horizontal.cut": config["cut"] if managed else 0.0,
            "horizontal.support": np.array([float(form == "manager paid"), 0.0]),
            "horizontal.distance": np.array([ALONE if form == "alone" else 1.0, ALONE]),
        }
    )
    return short_run(model)


def hub(seen: _World, owner: str, kept: float, budget: float) -> Any:
    """The economy of the hub, solved, whose budget shares costs of quality up to ``budget``."""

    def at(sharing: float) -> Any:
        moved = {"vertical.kept": np.array([kept, 0.0])}
        moved["vertical.sharing"] = np.array([sharing, 0.0])
        model = seen.hubs[owner].with_(**moved)
        return short_run(model)

    # What sharing costs is nearly in proportion to the share.
    share, paid = 0.05, 0.0
    for _ in range(12):
        found = at(share)
        paid = float(found.outcomes["vertical.budget"][0])
        if abs(paid / budget - 1.0) < 1e-9:
            return found
        share = share * budget / paid
        if share > 1.0:
            break
    raise RuntimeError(f"no share of the cost of quality has a budget of {budget:g}, but {paid:g}")


def at_home(found: Any) -> dict[str, float]:
    """What the place has: real income and wage, shares, budget, what leaders keep."""
    out = found.outcomes
    part = "vertical" if "vertical.kept" in out else "horizontal"
    income = float(out["gdp"][0])
    wage = float(out["wage"][0, 0] / out["consumer_index"][0])
    there = {
        "real income": float(out["consumption"][0]),
        "real wage": wage,
        "suppliers": float(out[f"{part}.suppliers"][0]),
        "top": float(out[f"{part}.value_added"][0, -1]),
        "budget": float(out[f"{part}.budget"][0]) / income,
        "money": float(out[f"{part}.budget"][0]),
        "kept": float(out["vertical.kept"][0]) / income if part == "vertical" else 0.0,
        "exports": float(out["trade"][0, 1, 0] / out["trade"][0].sum()),
    }
    for name in ("enterprises", "jobs", "value_added"):
        there[f"small {name}"] = float(out[f"{part}.small_{name}"][0, 0])
    return there | {"gap": largest_imbalance(found.ledger)}


def frontier(seen: _World, owner: str, aim: str, goal: float, budget: float, close: float) -> float:
    """Share kept at which the hub is as good as ``goal``; 0 or ``MOST`` where it never is."""

    def ahead(kept: float) -> float:
        return at_home(hub(seen, owner, kept, budget))[aim] / goal - 1.0

    if ahead(0.0) <= 0.0:
        return 0.0
    if ahead(MOST) >= 0.0:
        return MOST
    return float(brentq(ahead, 0.0, MOST, xtol=close))


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Every form over the cost of coordination, and the shares at which hub and peers are equal."""
    seen = world(config)
    at = np.append(np.geomspace(config["low"], config["high"], config["points"]), config["base"])
    names = [name for name in at_home(peers(seen, config, 1.0, "alone")) if name != "gap"]
    values = np.zeros((len(FORMS), len(at), len(names)))
    kept = np.full((len(AIMS), len(OWNERS), len(at)), np.nan)
    gap = 0.0
    for n, coordination in enumerate(at):
        progress(n, len(at), f"coordination {coordination:.2g}")
        found = {form: at_home(peers(seen, config, coordination, form)) for form in FORMS[:4]}
        money = found["manager paid"]["money"]
        for form, owner in zip(FORMS[4:], OWNERS, strict=True):
            found[form] = at_home(hub(seen, owner, config["kept"], money))
        gap = max(gap, *(there["gap"] for there in found.values()))
        values[:, n] = [[found[form][name] for name in names] for form in FORMS]
        if n == config["points"]:
            continue
        for a, aim in enumerate(AIMS):
            for o, owner in enumerate(OWNERS):
                goal = found["manager paid"][aim]
                kept[a, o, n] = frontier(seen, owner, aim, goal, money, config["close"])
    return xr.Dataset(
        {
            "value": (("form", "coordination", "what"), values, {"units": "as named"}),
            "frontier": (("aim", "owner", "coordination"), kept, {"units": "share of surplus"}),
        },
        coords={
            "form": list(FORMS),
            "coordination": at,
            "what": names,
            "aim": list(AIMS),
            "owner": list(OWNERS),
        },
        attrs={"status": "converged", "ledger": gap},
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """From where on the hub wins, and what owners abroad do to that."""
    config = settings(record)
    line = record.isel(coordination=slice(None, -1))
    income = line["value"].sel(what="real income")
    ahead = _crossing(income, "hub")
    away = _crossing(income, "hub abroad")
    return {
        "title": (
            "For the same money peers with a manager give a place more real income than a hub that "
            f"keeps {config['kept']:.0%} "
            + (
                "at every cost of coordination"
                if np.isnan(ahead)
                else f"until a further member costs {ahead:.2g} cost bundles"
            )
            + (
                "; a hub owned abroad never gives more"
                if np.isnan(away)
                else f" ({away:.2g} if it is owned abroad)"
            )
        ),
        "caption": (
            "Two equal places, one sector of firms that differ (Pareto sizes of shape 1.5, "
            f"elasticity of substitution {config['sigma']:g}, iceberg cost {config['tau']:g}, free "
            "entry), wages and prices clear all markets. Firms may sell locally or reach one of "
            "three higher tiers (value added 1.5, 2.25 and 3.5 times as much; entry costs of "
            "quality, standards and certification of neg.firms.Tiers). In the first place they "
            "bear the cost of a tier alone; or m peers share it, each further member adding the "
            "cost on the abscissa, at the size of least cost, without a manager or with one (fee "
            f"{config['fee']:g} a year, cuts coordination by {config['cut']:.0%}), whom members or "
            "the budget pay; or a lead firm brings "
            f"{config['brought']:.0%} of the cost of standards and certification and keeps "
            f"{config['kept']:.0%} of the surplus (left, right), and the budget shares the cost of "
            "quality. Budgets of manager and hub are the same money, out of income. Left: change "
            "of real income against firms on their own. Middle: share of the surplus at which hub "
            "and peers with a paid manager give the place the same real income or real wage; "
            f"below a line the hub is better; 0: peers are at any share (up to {MOST:g} was looked "
            "at). Right: shares of firms of at most "
            f"{config['limit']:g} workers, coordination {config['base']:g}. In the second place "
            "firms are on their own. Assumed parameters, theory, no data."
        ),
        "checks": f"the ledger adds up to {float(record.attrs['ledger']):.0e}; budgets to 1e-9",
    }


def _crossing(income: xr.DataArray, form: str) -> float:
    """Coordination from which on the hub gives at least what peers with a paid manager do."""
    gap = (income.sel(form=form) - income.sel(form="manager paid")).values
    at = np.log(income["coordination"].values)
    up = np.flatnonzero((gap[:-1] < 0) & (gap[1:] >= 0))
    if not len(up):
        return float("nan")
    n = up[0]
    return float(np.exp(at[n] - gap[n] * (at[n + 1] - at[n]) / (gap[n + 1] - gap[n])))


NAMES = {
    "peers": "peers",
    "manager": "peers, manager",
    "manager paid": "peers, manager paid",
    "hub": "hub",
    "hub abroad": "hub, owned abroad",
}


def draw(record: xr.Dataset) -> Figure:
    """Real income, frontiers, shares of small firms."""
    figure, (left, middle, right) = style.sheet(1, 3, height=2.9)
    line = record.isel(coordination=slice(None, -1))
    at, income = line["coordination"], line["value"].sel(what="real income")
    for k, (form, name) in enumerate(NAMES.items()):
        gain = 100.0 * (income.sel(form=form) / income.sel(form="alone") - 1.0)
        left.plot(at, gain, color=style.COLOURS[k], ls="--" if "hub" in form else "-", label=name)
    left.axhline(0.0, color="black", lw=0.6)
    left.set(ylabel="real income, change in %")
    left.set_title("same money")
    for a, aim in enumerate(record["aim"].values):
        for o, owner in enumerate(record["owner"].values):
            middle.plot(
                at,
                line["frontier"].sel(aim=aim, owner=owner),
                color=style.COLOURS[3 + o],
                ls=("-", ":")[a],
                label=f"{aim}, owned {owner if owner == 'abroad' else 'at home'}",
            )
    middle.set(ylim=(-0.02, 0.6), ylabel="share kept")
    for ax in (left, middle):
        ax.set(xscale="log", xlabel="cost of a further member, bundles")
        ax.set_xticks([0.1, 0.3, 1.0, 3.0], ["0.1", "0.3", "1", "3"])
        ax.minorticks_off()
    middle.set_title("the hub wins below")
    kinds = ("enterprises", "jobs", "value_added")
    bars = record["value"].isel(coordination=-1)
    for k, (form, name) in enumerate({"alone": "alone", **NAMES}.items()):
        if form in ("peers", "manager"):
            continue
        height = [float(bars.sel(form=form, what=f"small {kind}")) for kind in kinds]
        shift = {"alone": -0.3, "manager paid": -0.1, "hub": 0.1, "hub abroad": 0.3}[form]
        colour = style.QUIET if form == "alone" else style.COLOURS[k - 1]
        right.bar(np.arange(3) + shift, height, 0.19, color=colour, label=name)
    right.set_xticks(np.arange(3), ["firms", "jobs", "value\nadded"])
    right.set(ylim=(0.0, 1.0), ylabel="share of small firms")
    right.set_title("small firms")
    lines, names = left.get_legend_handles_labels()
    more, words = middle.get_legend_handles_labels()
    first = right.get_legend_handles_labels()
    lines, names = [first[0][0], *lines], [first[1][0], *names]
    figure.legend(lines + more, names + words, loc="outside lower center", ncols=3)
    return figure
