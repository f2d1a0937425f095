"""What stands between places: layers of trade cost, each a part of the economy."""

from neg.barriers.barrier import Barrier
from neg.barriers.border import BorderFee, BorderTime
from neg.barriers.clearance import Clearance
from neg.barriers.decomposition import shares, trade_cost_layers
from neg.barriers.exchange import ExchangeRisk, swap
from neg.barriers.freight import Freight
from neg.barriers.frictions import FixedFrictions, different
from neg.barriers.inherited import Inherited
from neg.barriers.layer import Layer, freight_rate, layers_of, trade_costs
from neg.barriers.ntm import NTM
from neg.barriers.pair import PairLayer
from neg.barriers.service_link import ServiceLink
from neg.barriers.time import DAILY, Time

__all__ = [
    "DAILY",
    "NTM",
    "Barrier",
    "BorderFee",
    "BorderTime",
    "Clearance",
    "ExchangeRisk",
    "FixedFrictions",
    "Freight",
    "Inherited",
    "Layer",
    "PairLayer",
    "ServiceLink",
    "Time",
    "different",
    "freight_rate",
    "layers_of",
    "shares",
    "swap",
    "trade_cost_layers",
    "trade_costs",
]


def __dir__() -> list[str]:
    return list(__all__)
