"""Industry that moves while trade costs change, for :mod:`experiments.hysteresis`."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.interpolate import RectBivariateSpline

from experiments._two_regions import Equilibria
from neg.core.errors import ConvergenceError


def trade_cost(config: dict[str, Any], turn: float, time: Any) -> Any:
    """Trade cost at a time: down to ``turn`` and back up in straight lines."""
    half = 0.5 * config["years"]
    return turn + (config["high"] - turn) * np.abs(time - half) / half


def path(
    found: Equilibria, config: dict[str, Any], turn: float, time: np.ndarray, speed: float
) -> np.ndarray:
    """Share of industry in region 1 over time, from an even start."""
    slope = _slope(found)
    most = np.log(1.0 / config["stay"] - 1.0)

    def motion(t: float, y: np.ndarray) -> np.ndarray:
        off = 1.0 / (1.0 + np.exp(-y)) - 0.5
        push = off * slope(trade_cost(config, turn, t), np.abs(off))[0] + config["advantage"]
        held = (np.abs(y) >= most) & (push * y > 0.0)  # the last ones stay
        return np.where(held, 0.0, speed * push)

    solved = solve_ivp(
        motion, (0.0, float(time[-1])), [0.0], t_eval=time, rtol=1e-6, atol=1e-8, max_step=0.5
    )
    if not solved.success:
        raise ConvergenceError(f"path to tau = {turn:g} ended early: {solved.message}")
    return 1.0 / (1.0 + np.exp(-solved.y[0]))


def _slope(found: Equilibria) -> RectBivariateSpline:
    """Payoff difference over the distance from one half, at a trade cost and that distance.

    It is even in the distance: smooth where the spline is mirrored.
    """
    spread = found.share - 0.5
    return RectBivariateSpline(found.at, spread, found.difference / spread)


def slow_limits(found: Equilibria, config: dict[str, Any]) -> tuple[float, float]:
    """Trade costs at which industry gathers and spreads if they move without end slowly.

    It gathers where at last no division between the even and the full one pays the regions alike,
    the advantage included; it spreads where those who left would gain by coming back.
    """
    tau = np.linspace(found.at[0], found.at[-1], 4001)
    off = np.linspace(0.0, 0.5 - config["stay"], 400)
    push = off * _slope(found)(tau, off) + config["advantage"]
    gathers, spreads = tau[(push > 0.0).all(axis=1)], tau[push[:, -1] < 0.0]
    return (
        float(gathers.max()) if len(gathers) else np.nan,
        float(spreads.min()) if len(spreads) else np.nan,
    )
