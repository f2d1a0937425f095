"""The general economy to write for a canonical model, so that firms that differ can pay there."""

from __future__ import annotations

from typing import Any

_FARMS = "sectors=['farms', 'industry'], "
_LINKED = (
    "general_economy(places=places, " + _FARMS + "employment=x, theta=kappa, alpha=1.0, "
    "tau=tau, productivity=[farm ** farm * (1 - farm) ** (1 - farm), 1 - share], land=1 / n, "
    "land_share=[1 - farm, 0.0], input_share=[[0.0, 0.0], [0.0, share]], "
    "final_share=[1 - spent, spent], homogeneous=['farms'], mobility='sectors')"
)
_LINKED_WORDS = (
    " with x people by place and sector, farm = model.farm_labour_share, "
    "share = model.input_share, spent = model.industry_share"
)
_WRITE = {
    "core-periphery": (
        "general_economy(places=places, " + _FARMS + "employment=[[(1 - mu) / n, mu * each] for "
        "each in x], theta=kappa, alpha=1.0, tau=tau, productivity=[1.0, 1 / mu], "
        "final_share=[1 - mu, mu], homogeneous=['farms'], "
        "mobility={'farms': 'immobile', 'industry': 'places'})",
        "",
        "industry",
    ),
    "helpman": (
        "general_economy(places=places, sectors=['goods'], employment=[[each] for each in x], "
        "theta=kappa, alpha=1.0, tau=tau, housing_share=1 - a, land=1 / n, mobility='free')",
        " (rent_rule='per-head' for pooled rents)",
        "goods",
    ),
    "vertical-linkages": (_LINKED, _LINKED_WORDS, "industry"),
    "puga": (_LINKED, _LINKED_WORDS + "; for immobile workers", "industry"),
    "puga-immobile": (_LINKED, _LINKED_WORDS, "industry"),
}


def how_to_write(model: Any) -> str:
    """What to write instead of a canonical model, for errors.

    Canonical models with free entry of CES firms are corners of the general economy; firms that
    differ then have a trade elasticity ``kappa`` and fixed costs there. At ``kappa = sigma - 1``
    that is the canonical model itself.
    """
    found = _WRITE.get(getattr(model, "name", ""))
    if found is None:
        return (
            "write its goods, people and land as general_economy(..., alpha=1.0, theta=kappa) if "
            "its firms have CES demand and free entry (core-periphery, helpman, vertical-linkages "
            "and puga have); firms with linear or quasilinear demand, a fixed factor, or no entry "
            "have no such twin"
        )
    code, words, sector = found
    return (
        f"write {code}{words}, n places, x the distribution, tau the "
        f"iceberg costs by pair, and Selection(sectors=({sector!r},))"
    )
