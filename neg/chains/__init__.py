"""Chains of blocks: prices by forward messages, quantities by their derivatives, best paths."""

from neg.chains.chain import DRAWS, Chain
from neg.chains.cuts import CutMessages, passed_by_cuts
from neg.chains.messages import ChainBlocks, Messages, passed
from neg.chains.paths import CheapestPath, best_paths, cheapest_by_cuts, cheapest_path
from neg.chains.trace import Trace, trace

__all__ = [
    "DRAWS",
    "Chain",
    "CheapestPath",
    "CutMessages",
    "Messages",
    "ChainBlocks",
    "Trace",
    "best_paths",
    "cheapest_by_cuts",
    "cheapest_path",
    "passed",
    "passed_by_cuts",
    "trace",
]


def __dir__() -> list[str]:
    return list(__all__)
