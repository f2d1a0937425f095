"""What a trade cost is made of: its layers, in logs, which add up."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import xarray as xr

from neg.core.errors import InvalidParameterError
from neg.economy.adding import under_way
from neg.economy.model import Model
from neg.economy.scene import Scene

_CHANNELS = ("barrier", "tariff", "export_tax")


def trade_cost_layers(economy: Model, solution: Any = None) -> xr.DataArray:
    """Log of what buyers pay over the gate, by layer, ``[layer, origin, destination, sector]``.

        log(tau (1 + t) (1 + e)) = sum over layers of log(1 + rate)

    The sum over ``layer`` is the log of the buyer's factor of the economy, exactly. Iceberg costs,
    tariffs and export taxes of the economy itself are layers of their own, where they are not
    zero; delays (of traffic, say) are what they add to the log of resource costs. A part that
    moves two channels (agreements: duties, and what is burnt) is two layers, ``label`` and
    ``label tariff``. Coordinate ``burnt`` says which layers burn resources.

    Args:
        economy: any economy with trade costs by pair.
        solution: where parts depend on prices, the equilibrium at which to look; default: the
            economy's own start.

    Raises:
        InvalidParameterError: the economy has no trade costs by pair.
    """
    x = economy.initial_distribution() if solution is None else solution.x
    prices = economy.initial_prices(x) if solution is None else solution.prices
    seen = economy.bent_at(prices, x)
    base = getattr(economy, "base", economy)
    before, after = _logs(base), _logs(seen)
    found: dict[str, Any] = {}
    burnt: dict[str, bool] = {}

    def enter(name: str, value: Any, channel: str) -> None:
        value = jnp.asarray(value)
        value = value if value.ndim == 3 else value[..., None]
        found[name] = np.broadcast_to(np.asarray(value), after["barrier"].shape)
        burnt[name] = channel == "barrier"

    own = {"barrier": "iceberg", "tariff": "tariff of the economy", "export_tax": "export tax"}
    for channel in _CHANNELS:
        if np.any(before[channel] != 0):
            enter(own[channel], before[channel], channel)
    names = set(economy._own(x)) if hasattr(economy, "_own") else set()
    named = {name: value for name, value in prices.items() if name in names}
    rest = {name: value for name, value in prices.items() if name not in names}
    scene = Scene(base, x, rest, named | (getattr(economy, "held", None) or {}))
    scene = under_way(getattr(economy, "parts", ()), scene)
    for part in getattr(economy, "parts", ()):
        moved = {k: v for k, v in part.effects(scene).items() if k in _CHANNELS}
        for channel, value in moved.items():
            alone = len(moved) == 1 or channel == "barrier"
            enter(part.label if alone else f"{part.label} {channel}", value, channel)
    total = np.sum(list(after.values()), axis=0)
    left = total - sum(found.values(), np.zeros_like(total))
    if np.abs(left).max() > 1e-12:
        enter("delays", left, "barrier")
    sectors = economy.labels["sector"]
    places = list(economy.place_names)
    return xr.DataArray(
        np.stack(list(found.values())) if found else np.zeros((0, *total.shape)),
        dims=("layer", "origin", "destination", "sector"),
        coords={
            "layer": list(found),
            "origin": places,
            "destination": places,
            "sector": list(sectors),
            "burnt": ("layer", [burnt[name] for name in found]),
        },
        attrs={"units": "log", "label": "log of the buyer's price over the price at the gate"},
    )


def shares(layers: xr.DataArray) -> xr.Dataset:
    """What is burnt, what is duty, and what share each layer has of the log of the cost.

        burnt share of the price before duty = 1 - 1 / tau
        duty share of the buyer's price      = t / (1 + t)
        log share of a layer                 = log(1 + rate) / sum of logs

    Pairs without any cost have shares of NaN.
    """
    log_tau = layers.where(layers["burnt"], 0.0).sum("layer")
    log_duty = layers.where(~layers["burnt"], 0.0).sum("layer")
    total = layers.sum("layer")
    return xr.Dataset(
        {
            "tau": np.exp(log_tau),
            "buyer_factor": np.exp(total),
            "burnt_share": 1.0 - np.exp(-log_tau),
            "duty_share": 1.0 - np.exp(-log_duty),
            "log_share": layers / total.where(total != 0),
        },
        attrs={"units": "1"},
    )


def _logs(model: Any) -> dict[str, np.ndarray]:
    """Log resource costs, tariffs and export taxes, ``[origin, destination, sector]``."""
    market = getattr(model, "market", None)
    if market is not None:
        duties = (np.log1p(np.asarray(rate)) for rate in (market.tariff, market.export_tax))
        return dict(zip(_CHANNELS, (np.log(np.asarray(market.tau)), *duties), strict=True))
    if not hasattr(model, "iceberg"):
        raise InvalidParameterError(
            f"{type(model).__name__} has no trade costs by pair; must be an economy of places "
            "with iceberg costs"
        )
    log_tau = np.log(np.asarray(model.iceberg))[..., None]
    return dict(zip(_CHANNELS, (log_tau, *[np.zeros_like(log_tau)] * 2), strict=True))
