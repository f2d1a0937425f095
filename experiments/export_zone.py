"""Export zone against linked plants: where suppliers end up, and which lever moves them most (M8).

Plants in an export zone buy nothing from the host. All steady states over the share of plants in
the zone; and gradients, through the path in time, of what suppliers know after some years.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import settings
from neg import compose, equilibria
from neg.figures import style
from neg.firms import Plants, TakeOff
from neg.solvers.trajectory import trajectory

CONFIG: dict[str, Any] = {
    "zones": 17,
    "years": 30.0,
    "start": [0.57, 0.29],  # productivity of suppliers, plants: just above the threshold
    "rule": 0.3,
}
SMOKE: dict[str, Any] = {"zones": 3}

LEVERS = {"h": "training h", "attract": "attractiveness $A_0$", "b": "cheaper labour b"}
CASES = {
    "linked": {},
    "half in the zone": {"zone": 0.5},
    "early rule": {"rule": 1.0},
    "rule that teaches": {"rule": 1.0, "forced": 1.0},
}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Steady states by zone; productivity after some years and its elasticities."""
    zones = np.linspace(0.0, 1.0, config["zones"])
    state = np.full((len(zones), 3), np.nan)
    stable = np.zeros((len(zones), 3))
    for k, zone in enumerate(zones):
        progress(k, len(zones) + len(CASES), f"zone {zone:.2f}")
        points = sorted(equilibria(TakeOff().with_(zone=zone)).points, key=lambda p: float(p.x[0]))
        for j, point in enumerate(points):
            # Alone, a state is the low one.
            state[k, j] = float(point.x[0])
            stable[k, j] = float(point.growth) < 0
    a, n = config["start"]
    names = list(LEVERS)
    end, slope = np.empty(len(CASES)), np.empty((len(CASES), len(names)))

    @jax.jit
    def learnt(logs: Any, given: dict[str, Any]) -> Any:
        host = compose(TakeOff(), [Plants()]).with_(**given)
        host = host.with_(**{name: host.get(name) * jnp.exp(v) for name, v in logs.items()})
        start, times = jnp.array([a, 1.0 - a]), jnp.array([0.0, config["years"]])
        found = trajectory(host, start, times, stocks={"plants.number": n})
        return jnp.log(found["x"][-1, 0])

    both = jax.jit(jax.value_and_grad(learnt))
    for k, (name, given) in enumerate(CASES.items()):
        progress(len(zones) + k, len(zones) + len(CASES), name)
        full = {"zone": 0.0, "rule": 0.0, "forced": 0.0} | given
        full["rule"] = full["rule"] * config["rule"]
        value, found = both(dict.fromkeys(names, 0.0), {k: jnp.asarray(v) for k, v in full.items()})
        end[k] = np.exp(float(value))
        slope[k] = [float(found[lever]) for lever in names]
    return xr.Dataset(
        {
            "state": (("zone", "which"), state, {"units": "share of the frontier"}),
            "stable": (("zone", "which"), stable, {"units": "1"}),
            "end": ("case", end, {"units": "share of the frontier"}),
            "elasticity": (("case", "lever"), slope, {"units": "1"}),
        },
        coords={
            "zone": zones,
            "which": ["first", "second", "third"],
            "case": list(CASES),
            "lever": names,
        },
        attrs={"status": "converged" if np.isfinite(end).all() else "not converged"},
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """From which share of plants in the zone no take-off is left, and what training does."""
    config = settings(record)
    third = record["state"].sel(which="third")
    gone = float(record["zone"].where(third.isnull()).min())
    low = float(record["state"].sel(which="first")[-1])
    train = record["elasticity"].sel(lever="h")
    ends = ", ".join(
        f"{c}: {float(v):.3f}" for c, v in zip(CASES, record["end"].values, strict=True)
    )
    slopes = ", ".join(f"{c}: {float(v):.2f}" for c, v in zip(CASES, train.values, strict=True))
    return {
        "title": (
            f"With {100 * gone:.1f} % of plants in an export zone no take-off is left, "
            f"however the host starts; all in it, suppliers stay at {low:.2f} of the frontier"
        ),
        "caption": (
            "Left: all steady states of suppliers' productivity over the share of lead firms' "
            "plants that are in an export zone and buy nothing locally (filled: stable, open: "
            "threshold; searched at "
            f"{record.sizes['zone']} shares). Right: elasticity of productivity after "
            f"{config['years']:g} years to three levers, by gradients through the path, for hosts "
            f"that start at a = {config['start'][0]:g} with n = {config['start'][1]:g} plants "
            f"(productivity then: {ends}; elasticity to training: {slopes}). A rule asks for "
            f"{100 * config['rule']:.0f} % local content from the start; what it forces teaches "
            "nothing, or (last case) as much as other purchases. Model and parameters of TakeOff "
            "with Plants (Nelson and Phelps 1966; Rodriguez-Clare 1996), assumed, not estimated. "
            "Theory, no data."
        ),
        "checks": "states are certified to be all that there are; paths to a tolerance of 1e-8",
    }


def draw(record: xr.Dataset) -> Figure:
    """States over the zone, and bars of elasticities."""
    figure, (left, right) = style.sheet(1, 2, height=2.8)
    zone = record["zone"].values
    for which in record["which"].values:
        one = record.sel(which=which)
        good = one["stable"].values > 0.5
        for face, here in ((style.COLOURS[0], good), ("white", ~good)):
            left.plot(
                zone[here], one["state"].values[here], "o", ms=4, mec=style.COLOURS[0], mfc=face
            )
    left.set(
        xlabel="share of plants in the export zone",
        ylabel="productivity of suppliers a",
        ylim=(0.0, 1.0),
    )
    cases = [str(case) for case in record["case"].values]
    for k, lever in enumerate(record["lever"].values):
        at = np.arange(len(cases)) + 0.25 * (k - 1)
        value = record["elasticity"].sel(lever=lever).values
        right.bar(at, value, 0.24, color=style.COLOURS[k], label=LEVERS[str(lever)])
    right.set_xticks(range(len(cases)), [case.replace(" ", "\n", 1) for case in cases])
    right.set_ylabel(f"elasticity of a in year {settings(record)['years']:g}")
    right.set_ylim(top=1.35 * right.get_ylim()[1])
    right.legend(loc="upper right")
    return figure
