"""What is in exports: domestic, foreign and double-counted value, and who absorbs it."""

from __future__ import annotations

import numpy as np
import xarray as xr

from neg.accounting.inverse import Inverse, inverse
from neg.data import Table

TERMS = (
    "DVA_FIN",
    "DVA_INT",
    "DVA_INTrex",
    "RDV_FIN",
    "RDV_INT",
    "DDC",
    "FVA_FIN",
    "FVA_INT",
    "FDC",
)
"""The nine terms of Koopman, Wang and Wei: domestic value in final goods, in inputs that the buyer
absorbs, in inputs sent on; returned in final goods, returned in inputs; domestic double counting;
foreign value in final goods, in inputs; foreign double counting."""


def trade_by_origin(table: Table) -> xr.Dataset:
    """Gross trade and value added absorbed, between all pairs of places.

        gross[i, j] = sales of i to j;     value_added[i, j] = sum v_i (B F[:, j])_i

    ``gross`` has no sales at home; ``value_added`` has own value used at home on its diagonal, and
    all of it adds up to final spending. Source: Johnson and Noguera (2012), JIE 86(2).

    >>> from neg import data
    >>> found = trade_by_origin(data.load_icio())
    >>> bool(found.value_added.sum("origin").sel(destination="CHN") > 1e7)
    True
    """
    found = inverse(table)
    absorbed = found.by_place(found.v[:, None] * (found.B @ found.final))
    flows = table.flows.sum(axis=2)
    gross = np.where(np.eye(len(flows), dtype=bool), 0.0, flows)
    pair = ("origin", "destination")
    places = list(table.places)
    return xr.Dataset(
        {
            "gross": (pair, gross, {"units": table.unit}),
            "value_added": (pair, absorbed, {"units": table.unit}),
        },
        coords={"origin": places, "destination": places},
    )


def exports_by_content(table: Table) -> xr.Dataset:
    """Exports of every place and what is in them; shares are of its exports.

        VS       = 1' A_m L_ss E_s                     import content (Hummels, Ishii, Yi 2001)
        foreign  = sum_{t != s} v_t B_ts E_s           VS less domestic double counting
        DVA      = v_s L_ss E_s = GDP less GDP without exports (Los, Timmer, de Vries 2016)
        DDC      = v_s (B_ss - L_ss) E_s
        VAX      = value added absorbed elsewhere (Johnson and Noguera 2012)
        KWW      = nine terms that add up to exports (Koopman, Wang, Wei 2014)
        FVA, FDC = foreign content split with B^s, the inverse without what s exports as inputs
                   (Borin and Mancini 2023)

    ``KWW`` ``[place, term]`` is for totals of places: by sector terms may be negative. Its foreign
    double counting is biased; ``FDC_share`` is not, and they are given both. Values in ``exports``
    in the table's unit, all else in shares.

    >>> from neg import data
    >>> found = exports_by_content(data.load_icio())
    >>> round(float(found.VS_share.sel(place="CHN")), 6)
    0.142973
    """
    found = inverse(table)
    value = found.by_place(found.exports)
    domestic = found.by_place(found.v * (found.L @ found.exports))
    each = found.place[:, None] == np.arange(found.shape[0])
    of_place = np.where(each, found.exports[:, None], 0.0)  # exports of one place a column
    content = found.by_place(found.v[:, None] * (found.B @ of_place))  # [origin, exporter]
    own = np.diagonal(content)
    foreign = content.sum(axis=0) - own
    bought = (np.where(found.home, 0.0, found.A) @ (found.L @ of_place)).sum(axis=0)
    absorbed = trade_by_origin(table).value_added.values
    vax = absorbed.sum(axis=1) - np.diagonal(absorbed)
    split = _split(found, of_place)
    total = np.where(value > 0, value, 1.0)
    shares = {
        "VS_share": bought,
        "foreign_share": foreign,
        "DVA_share": domestic,
        "DDC_share": own - domestic,
        "VAX_share": vax,
        "FVA_share": split,
        "FDC_share": foreign - split,
    }
    terms = _koopman_wang_wei(found, of_place, vax)
    return xr.Dataset(
        {
            "exports": ("place", value, {"units": table.unit}),
            **{name: ("place", amount / total, {"units": "1"}) for name, amount in shares.items()},
            "KWW": (("place", "term"), terms / total[:, None], {"units": "1"}),
        },
        coords={"place": list(table.places), "term": list(TERMS)},
    )


def world_exports(table: Table) -> xr.Dataset:
    """World exports by content, weighted by exports, and output over world value added.

    ``double_counted`` is that of Borin and Mancini (``DDC + FDC``), ``KWW_double_counted`` that of
    Koopman, Wang and Wei, which is biased upward.
    """
    each, found = exports_by_content(table), inverse(table)
    weight = each.exports / each.exports.sum()
    names = ("VS_share", "foreign_share", "DVA_share", "VAX_share")
    shares = {name: float((each[name] * weight).sum()) for name in names}
    double = (each.DDC_share + each.FDC_share) * weight
    kww = each.KWW.sel(term=["DDC", "FDC"]).sum("term") * weight
    inputs = np.where(found.home, 0.0, found.Z).sum() / found.exports.sum()
    final = found.final.sum()
    numbers = shares | {
        "double_counted": float(double.sum()),
        "KWW_double_counted": float(kww.sum()),
        "intermediate_share": inputs,
        "output_over_gdp": found.output.sum() / (found.v @ found.output),
    }
    data = {name: ((), value, {"units": "1"}) for name, value in numbers.items()}
    money = {"exports": found.exports.sum(), "final_spending": final}
    data |= {name: ((), value, {"units": table.unit}) for name, value in money.items()}
    return xr.Dataset(data)


def _split(found: Inverse, of_place: np.ndarray) -> np.ndarray:
    """Foreign value added in exports that is counted once: one inverse for each exporter."""
    result = np.zeros(found.shape[0])
    identity = np.eye(len(found.output))
    for s in range(found.shape[0]):
        mine = found.place == s
        cut = np.where(mine[:, None] & ~mine[None, :], 0.0, found.A)
        needed = np.linalg.solve(identity - cut, of_place[:, s])
        result[s] = (found.v * needed)[~mine].sum()
    return result


def _koopman_wang_wei(found: Inverse, of_place: np.ndarray, vax: np.ndarray) -> np.ndarray:
    """The nine terms by place, in money."""
    places, sectors = found.shape
    # v B by place of value added, for goods of every cell: domestic and foreign content.
    content = found.by_place(found.v[:, None] * found.B)  # [place of value, cell]
    own_use = found.final[np.arange(len(found.place)), found.place]
    local = found.L @ own_use  # output for own final use
    sent = found.L @ found.exports  # output for exports
    terms = np.zeros((places, len(TERMS)))
    for s in range(places):
        mine = found.place == s
        other = ~mine
        v_s = found.v[mine]
        B_s = found.B[mine]  # rows of s
        exported = found.abroad[mine].sum(axis=1)
        L_ss = found.L[np.ix_(mine, mine)]
        E_s = of_place[mine, s]
        foreign = content.sum(axis=0)[mine] - content[s, mine]
        A_sr = found.A[np.ix_(mine, other)]
        A_rs = found.A[np.ix_(other, mine)]
        returned = v_s @ B_s[:, other]
        t = terms[s]
        t[0] = v_s @ (B_s[:, mine] @ exported)
        t[1] = returned @ own_use[other]
        t[2] = vax[s] - t[0] - t[1]
        t[3] = returned @ found.final[other, s]
        t[4] = returned @ (A_rs @ (L_ss @ own_use[mine]))
        t[5] = returned @ (A_rs @ (L_ss @ E_s))
        t[6] = foreign @ exported
        t[7] = foreign @ (A_sr @ local[other])
        t[8] = foreign @ (A_sr @ sent[other])
    return terms
