"""Numbers that routes must reproduce, and the networks that they are of."""

import json
from pathlib import Path

from neg.network import Border, Transfer, grid, network

EXPECTED = json.loads((Path(__file__).parent / "expected.json").read_text())


def corridor(**changes):
    """Bangkok to Hanoi and Singapore by road, rail, sea and air."""
    given = EXPECTED["multimodal"]["network"]
    names = {"fixed": "fixed_usd"}
    modes = {
        mode: {names.get(key, key): value for key, value in numbers.items()}
        for mode, numbers in given["modes"].items()
    }
    borders = []
    for key, cost in given["border"].items():
        pair, _, mode = ("", "", "") if key == "default" else key.partition(":")
        first, _, second = pair.partition("-")
        borders.append(Border(first, second, mode, cost["fee"], cost["hours"]))
    transfers = [
        Transfer(place, *key.split("-"), *given["transfer"][key].values())
        for key, places in given["transfer_at"].items()
        for place in places
    ]
    transfers += changes.pop("transfers", [])
    return network(
        given["country"], given["links"], modes=modes, borders=borders, transfers=transfers
    )


def economy_grid():
    """Three by three places with links that differ by direction."""
    return grid(3, 3, EXPECTED["routing"]["economy"]["links"])


def patterned(rows, columns, pattern):
    """A grid whose link from k to l costs ``base + step ((from k + to l) mod modulo)``."""
    plain = grid(rows, columns, 1.5)
    turns = [(int(a.origin), int(a.destination)) for a in plain.links]
    turns += [(there, here) for here, there in turns]
    weight = pattern["from"], pattern["to"]
    return grid(
        rows,
        columns,
        [
            (
                k,
                m,
                pattern["base"]
                + pattern["step"] * ((weight[0] * k + weight[1] * m) % pattern["modulo"]),
            )
            for k, m in turns
        ],
    )
