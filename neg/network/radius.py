"""Whether the sum over all routes is finite: spectral radius, smallest elasticity of routes."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackError, eigs

from neg.core.errors import InvalidParameterError, RoutesDoNotConvergeError
from neg.network.graph import Graph

_DENSE = 60


def spectral_radius(graph: Graph, cost: np.ndarray, theta: float) -> float:
    """Largest eigenvalue of the matrix of arcs ``A = exp(-theta g)``; below one routes converge.

    Taken over the strong components of the graph, outside which no route comes back.
    """
    log_weight = -float(theta) * np.asarray(cost, dtype=float)
    keep = np.isfinite(log_weight)
    tail, head, logs = graph.tail[keep], graph.head[keep], log_weight[keep]
    shape = (graph.states, graph.states)
    matrix = csr_array((np.ones(len(tail)), (tail, head)), shape=shape)
    _, piece = connected_components(matrix, directed=True, connection="strong")
    inside = piece[tail] == piece[head]
    if not inside.any():
        return 0.0
    tail, head, logs = tail[inside], head[inside], logs[inside]
    shift = logs.max()  # the radius of the scaled matrix does not underflow
    scaled = csr_array((np.exp(logs - shift), (tail, head)), shape=shape)
    return float(np.exp(shift) * _perron(scaled))


def _perron(matrix: csr_array) -> float:
    size = matrix.shape[0]
    if size <= _DENSE:
        return float(np.abs(np.linalg.eigvals(matrix.toarray())).max())
    try:
        # Plus the identity: a grid has a second eigenvalue of the same size, of the other sign.
        from scipy.sparse import eye_array

        shifted = csr_array(matrix + eye_array(size, format="csr"))
        start = np.ones(size) + 0.1 * np.cos(np.arange(size))
        value = eigs(shifted, k=1, which="LR", v0=start, return_eigenvectors=False, tol=1e-13)
        return float(np.real(value[0])) - 1.0
    except ArpackError:
        return float("nan")


def smallest_elasticity(graph: Graph, cost: np.ndarray) -> float:
    """The elasticity of routes at which the spectral radius is one: above it routes converge.

    Zero where no route comes back. Raises
    :class:`neg.core.errors.InvalidParameterError` where a circle of arcs costs nothing: then no
    elasticity is enough.
    """

    def log_radius(log_theta: float) -> float:
        radius = spectral_radius(graph, cost, float(np.exp(log_theta)))
        return float(np.log(radius)) if radius > 0 else -1.0

    low, high = -12.0, 2.0
    if log_radius(low) < 0:
        return 0.0
    while log_radius(high) >= 0:
        low, high = high, high + 2.0
        if high > 25.0:
            raise InvalidParameterError(
                "a circle of arcs (such as a free transfer both ways) costs nothing, so that "
                "routes do not converge at any elasticity; must cost something"
            )
    return float(np.exp(brentq(log_radius, low, high, xtol=1e-15, rtol=8.9e-16)))


def check_converges(graph: Graph, cost: np.ndarray, theta: float) -> float:
    """The spectral radius, or a named error that says which elasticity would be enough."""
    cost = np.asarray(cost, dtype=float)
    with np.errstate(invalid="ignore"):
        weight = np.exp(-float(theta) * cost)
    if np.bincount(graph.tail, weight, minlength=graph.states).max() < 1.0 and len(cost) > 50_000:
        return float("nan")  # rows add up to less than one: it converges, whatever the radius
    radius = spectral_radius(graph, cost, theta)
    if not radius < 1.0:
        enough = smallest_elasticity(graph, cost)
        raise RoutesDoNotConvergeError(
            f"theta = {float(theta):g} of routes gives the link matrix a spectral radius of "
            f"{radius:.6g}, so that the sum over routes is infinite; must be below one: theta "
            f"above {enough:.10g} (a dispersion 1 / theta below {1.0 / enough:.6g})",
            radius,
            enough,
        )
    return radius
