"""From data to answers: calibration, scenarios, welfare, inversion, policy."""

from neg.analysis.baseline import calibrate
from neg.analysis.commuting import calibrate_commuting
from neg.analysis.compare import (
    NumeraireWarning,
    UnstableAllocationWarning,
    compare,
    solve,
)
from neg.analysis.decomposition import (
    dispersion,
    gains_from_trade,
    incidence,
    market_access,
    real_income_split,
)
from neg.analysis.gradient import gradient, real_income_gradient
from neg.analysis.hat import changes
from neg.analysis.inversion import invert, invert_amenity, invert_moving_costs
from neg.analysis.invert_flows import invert_tastes
from neg.analysis.outcomes import labelled
from neg.analysis.relocation import relocation
from neg.analysis.returns import equilibria_beyond, scale_limit
from neg.analysis.scenarios import Edit, Scenario, scenario
from neg.analysis.take_offs import take_offs
from neg.barriers import Layer, freight_rate, layers_of, trade_costs
from neg.economy.lever import Lever
from neg.estimation.border_cuts import best_border_cuts
from neg.estimation.minimum_distance import fit, match_moments
from neg.estimation.policy import maximise
from neg.estimation.tariffs import nash_tariffs, optimal_tariffs

__all__ = [
    "Edit",
    "Layer",
    "Lever",
    "NumeraireWarning",
    "Scenario",
    "UnstableAllocationWarning",
    "best_border_cuts",
    "calibrate",
    "calibrate_commuting",
    "changes",
    "compare",
    "dispersion",
    "equilibria_beyond",
    "fit",
    "freight_rate",
    "gains_from_trade",
    "gradient",
    "incidence",
    "invert",
    "invert_amenity",
    "invert_moving_costs",
    "invert_tastes",
    "labelled",
    "layers_of",
    "market_access",
    "match_moments",
    "maximise",
    "nash_tariffs",
    "optimal_tariffs",
    "real_income_gradient",
    "real_income_split",
    "relocation",
    "scale_limit",
    "scenario",
    "solve",
    "take_offs",
    "trade_costs",
]


def __dir__() -> list[str]:
    return list(__all__)
