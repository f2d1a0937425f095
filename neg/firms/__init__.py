"""Firms that differ: selection, ladders, entry, finance, clusters."""

from neg.firms.business_services import BusinessServices
from neg.firms.census import Census, Sales, census
from neg.firms.cluster import Cluster, Hub
from neg.firms.credit import Credit
from neg.firms.facts import size_facts
from neg.firms.financed import ClosedMarketWarning, FinancedSelection, Lenders
from neg.firms.joining import Clusters
from neg.firms.ladder import Ladder, ladder
from neg.firms.linkages import HorizontalLinks, LeadFirms, Peers, VerticalLinks
from neg.firms.melitz import Melitz
from neg.firms.processes import BornGlobal, Contacts, Stages
from neg.firms.rungs import Rungs, TierPolicy
from neg.firms.selection import Selection
from neg.firms.size_distribution import size_distribution
from neg.firms.takeoff import HostRules, Plants, Settling, Sourcing, Suppliers, TakeOff
from neg.firms.tiers import Tiers
from neg.firms.ways_in import WaysIn
from neg.firms.working_capital import ChainFinance, FinanceSupport, WorkingCapital

__all__ = [
    "BornGlobal",
    "BusinessServices",
    "Census",
    "ChainFinance",
    "ClosedMarketWarning",
    "Cluster",
    "Clusters",
    "Contacts",
    "Credit",
    "FinanceSupport",
    "FinancedSelection",
    "HorizontalLinks",
    "HostRules",
    "Hub",
    "Ladder",
    "LeadFirms",
    "Lenders",
    "Melitz",
    "Peers",
    "Plants",
    "Rungs",
    "Sales",
    "Selection",
    "Settling",
    "Sourcing",
    "Stages",
    "Suppliers",
    "TakeOff",
    "TierPolicy",
    "Tiers",
    "VerticalLinks",
    "WaysIn",
    "WorkingCapital",
    "census",
    "ladder",
    "size_distribution",
    "size_facts",
]


def __dir__() -> list[str]:
    return list(__all__)
