"""Accounting of value chains: what is in trade, from any table or from a model's own."""

from neg.accounting.content import exports_by_content, trade_by_origin, world_exports
from neg.accounting.inverse import Inverse, inverse
from neg.accounting.own_table import own_table
from neg.accounting.position import crossings, group_trade, position

__all__ = [
    "Inverse",
    "crossings",
    "exports_by_content",
    "group_trade",
    "inverse",
    "own_table",
    "position",
    "trade_by_origin",
    "world_exports",
]
