"""Trade agreements as data: preferences, rules of origin, use by firms, overlap, noodle bowl."""

from neg.core.rooms import furnish

_OFFERED = {
    "Agreement": "agreement",
    "Lines": "agreement",
    "PhaseIn": "agreement",
    "RuleOfOrigin": "agreement",
    "phase_in": "agreement",
    "Agreements": "preferences",
    "AgreementWarning": "preferences",
    "LogNormalCost": "compliance",
    "UniformCost": "compliance",
    "FixedCost": "compliance",
    "preference_use": "use",
    "overlapping_use": "use",
    "switch_draws": "use",
    "hub_and_spokes": "bowl",
    "bilaterals": "bowl",
    "covered": "bowl",
    "uncovered": "bowl",
    "read_agreements": "reading",
    "observed": "equilibrium",
    "origin_gap": "equilibrium",
    "ManyOriginsWarning": "equilibrium",
    "review": "equilibrium",
    "settle": "equilibrium",
}

__all__, __getattr__, __dir__ = furnish(__name__, __path__, _OFFERED)
