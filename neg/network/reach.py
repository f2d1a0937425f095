"""Whether every place is within reach of every other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from neg.core.errors import DisconnectedPlaceError
from neg.network.graph import Graph
from neg.network.paths import kept_search


def check_reach(
    graph: Graph, cost: Float[np.ndarray, " arc"], places: np.ndarray, names: Sequence[str]
) -> None:
    """Raise :class:`neg.core.errors.DisconnectedPlaceError` for a pair that no route joins.

    ``cost`` is that of every arc, infinite where it is closed; ``names`` are those of ``places``.
    """
    found, _ = kept_search(graph, cost, places)
    ends = graph.last[places]
    best = np.where(ends >= 0, found[:, np.maximum(ends, 0)], np.inf).min(axis=2)
    np.fill_diagonal(best, 0.0)
    if not np.isfinite(best).all():
        o, d = np.argwhere(~np.isfinite(best))[0]
        raise DisconnectedPlaceError(
            f"no route leads from {names[o]!r} to {names[d]!r}; "
            "every place must be within reach of every other"
        )
