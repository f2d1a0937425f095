"""What a fit weighs its gaps with: weights by name, or the inverse of a covariance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neg.core.checks import check_range, check_shape
from neg.core.errors import InvalidParameterError, LabelMismatchError


def weights_of(
    shapes: Mapping[str, tuple[int, ...]],
    weights: Mapping[str, Any] | None,
    covariance: Any,
    priors: Mapping[str, float],
) -> tuple[np.ndarray, np.ndarray | None]:
    """Root of the weights, and the covariance of the moments where it is known."""
    if weights is not None and covariance is not None:
        raise InvalidParameterError("weights and covariance are both given; must be one of them")
    known = weights if weights is not None else covariance
    if isinstance(known, Mapping):
        for name in known:
            if name not in shapes:
                raise LabelMismatchError(
                    f"weights or covariance name {name!r}; must be among {sorted(shapes)}"
                )
    size = {name: int(np.prod(shape)) for name, shape in shapes.items()}
    full = lambda name, value: np.broadcast_to(
        np.asarray(value, dtype=float), shapes[name]
    ).reshape(size[name])
    if covariance is None:
        by_name = {name: (weights or {}).get(name, 1.0) for name in shapes}
        by_name |= {name: sd**-2.0 for name, sd in priors.items()}
        every = np.concatenate([full(name, by_name[name]) for name in shapes])
        check_range("weights", every, 0.0)
        return np.diag(np.sqrt(every)), None
    if isinstance(covariance, Mapping):
        for name in shapes:
            if name not in covariance and name not in priors:
                raise LabelMismatchError(f"covariance lacks the standard deviation of {name!r}")
        sds = [full(name, priors.get(name, covariance.get(name))) for name in shapes]
        matrix = np.diag(np.concatenate(sds) ** 2)
    else:
        given = np.asarray(covariance, dtype=float)
        prior = np.concatenate([np.full(size[n], n in priors) for n in shapes]).astype(bool)
        check_shape("covariance", given, (int((~prior).sum()),) * 2)
        matrix = np.zeros((len(prior), len(prior)))
        matrix[np.ix_(~prior, ~prior)] = given
        spread = np.concatenate([np.full(size[n], priors.get(n, 0.0)) for n in shapes])
        matrix += np.diag(np.where(prior, spread**2, 0.0))
    return _whitening(matrix), matrix


def _whitening(matrix: np.ndarray) -> np.ndarray:
    """Inverse Cholesky factor of a covariance, in units in which its diagonal is one."""
    scale = np.sqrt(np.diag(matrix))
    if not np.all(scale > 0) or not np.allclose(matrix, matrix.T):
        raise InvalidParameterError(
            "covariance of the moments must be symmetric with a positive diagonal"
        )
    smallest = float(np.linalg.eigvalsh(matrix / np.outer(scale, scale))[0])
    if not smallest > 1e-12:
        raise InvalidParameterError(
            "covariance of the moments is singular (smallest eigenvalue of the correlations "
            f"{smallest:.3g}): a moment says what others say; leave it out, or give weights"
        )
    return np.linalg.inv(np.linalg.cholesky(matrix))
