"""From data to answers: calibration, scenarios, welfare, policy."""

from neg.analysis.baseline import calibrate
from neg.analysis.outcomes import labelled
from neg.analysis.scenarios import (
    Edit,
    Scenario,
    UnstableAllocationWarning,
    compare,
    real_income_gradient,
    scenario,
    solve,
    with_costs,
)
from neg.geography.trade_costs import TradeCosts, freight_rate, trade_costs

__all__ = [
    "Edit",
    "Scenario",
    "TradeCosts",
    "UnstableAllocationWarning",
    "calibrate",
    "compare",
    "freight_rate",
    "labelled",
    "real_income_gradient",
    "scenario",
    "solve",
    "trade_costs",
    "with_costs",
]
