"""Levers as unknowns and as instruments: estimation, what was learnt, and the best policy."""

from neg.core.rooms import furnish

__all__, __getattr__, __dir__ = furnish(
    __name__,
    __path__,
    {
        "Unknown": "levers",
        "Result": "result",
        "FitSettings": "settings",
        "Moment": "moments",
        "fit": "minimum_distance",
        "match_moments": "minimum_distance",
        "learnt": "knowledge",
        "bootstrap": "refits",
        "profile": "refits",
        "branch": "branches",
        "ppml": "gravity",
        "maximise": "policy",
        "marginal_values": "policy",
        "pareto": "frontier",
        "packages": "frontier",
        "Cost": "costs",
        "real_income": "welfare",
        "atkinson": "welfare",
        "gap": "welfare",
        "small_firms": "welfare",
        "usual_cost": "costs",
        "best_border_cuts": "border_cuts",
        "optimal_tariffs": "tariffs",
        "nash_tariffs": "tariffs",
        "big_push": "push",
        "fit_from": "plain",
        "policy_from": "plain",
    },
)
