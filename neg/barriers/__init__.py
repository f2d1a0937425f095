"""What stands between places: layers of trade cost, each a part of the economy."""

from neg.barriers.barrier import Barrier
from neg.barriers.layer import Layer, freight_rate, layers_of, trade_costs

__all__ = ["Barrier", "Layer", "freight_rate", "layers_of", "trade_costs"]
