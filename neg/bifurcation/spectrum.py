"""Spectra along a branch, split by symmetry, so that no mode hides behind another.

Linearised dynamics commute with the symmetries of the equilibrium. In a basis adapted to them the
matrix falls into blocks, the same along the whole branch; the eigenvalues of each block are
followed on their own. A determinant would miss modes that cross zero in pairs.
"""

from __future__ import annotations

import numpy as np

from neg.bifurcation.symmetry import Symmetry


def tangent_matrices(
    index: np.ndarray, x: np.ndarray, slope: np.ndarray, used: np.ndarray
) -> np.ndarray:
    """Linearised replicator dynamics among used cells at each point: ``x_i (G_ik - mean_g G_k)``.

    ``x`` has shape (point, cell), ``slope`` (point, cell, cell); entries of unused cells are zero.
    The masses of the groups are those of ``x``: they may change with the parameter.
    """
    x = np.where(used, x, 0.0)
    slope = np.where(used[:, None] & used[None, :], slope, 0.0)
    member = np.eye(int(index.max()) + 1)[index]
    mean = np.einsum("cg,pc,pck->pgk", member, x, slope) / (x @ member)[:, :, None]
    return x[:, :, None] * (slope - mean[:, index, :])


def adapted_basis(
    index: np.ndarray, used: np.ndarray, symmetry: Symmetry
) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal columns that span the tangent space and are adapted to the symmetry.

    The tangent space holds the changes of used cells that add up to zero in each group; the
    columns are eigenvectors of a matrix that is drawn at random among those that commute with the
    symmetries, so that each of its eigenspaces is one irreducible piece; columns of one piece get
    the same label.
    """
    cells = len(index)
    rng = np.random.default_rng(7)
    random = rng.standard_normal((cells, cells))
    random = random + random.T
    g = symmetry.elements
    averaged = np.mean(random[g[:, :, None], g[:, None, :]], axis=0)
    constraint = np.array([(index == k) & used for k in np.unique(index)], dtype=float)
    constraint = constraint[constraint.any(axis=1)]
    rows = np.vstack([constraint, np.eye(cells)[~used]])
    tangent = np.linalg.svd(rows)[2][rows.shape[0] :].T
    if tangent.shape[1] == 0:
        return tangent, np.zeros(0, dtype=int)
    levels, vectors = np.linalg.eigh(tangent.T @ averaged @ tangent)
    breaks = np.diff(levels) > 1e-9 * max(1.0, float(np.abs(levels).max()))
    return tangent @ vectors, np.concatenate([[0], np.cumsum(breaks)])


def blocks(basis: np.ndarray, pieces: np.ndarray, matrices: np.ndarray) -> list[np.ndarray]:
    """Sets of basis columns: whole pieces that the matrices couple, none to any other set."""
    size = basis.shape[1]
    inner = basis.T @ matrices @ basis
    coupling = np.abs(inner).max(axis=0, initial=0.0)
    linked = coupling > 1e-7 * max(float(coupling.max(initial=0.0)), 1e-300)
    linked |= linked.T | (pieces[:, None] == pieces)
    labels = np.arange(size)
    for _ in range(size):
        lowest = np.array([labels[linked[i] | (labels == labels[i])].min() for i in range(size)])
        if (lowest == labels).all():
            break
        labels = lowest
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]


def eigenvalues(basis: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Eigenvalues of each matrix in the space of the basis, by falling real part; NaN if unknown.

    ``basis`` may be one block of columns; the result has shape (point, column).
    """
    inner = basis.T @ matrices @ basis
    finite = np.isfinite(inner).all(axis=(1, 2))
    if inner.shape[1] == 1:
        values = inner[:, 0, :].astype(complex)
    else:
        values = np.linalg.eigvals(np.where(finite[:, None, None], inner, 0.0)).astype(complex)
    order = np.argsort(-values.real, axis=1, kind="stable")
    values = np.take_along_axis(values, order, axis=1)
    return np.where(finite[:, None], values, np.nan)


def kernel(basis: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """The ``size`` directions in the space of the basis that the matrix shrinks most."""
    if not np.isfinite(matrix).all():
        return np.zeros((basis.shape[0], 0))
    right = np.linalg.svd(basis.T @ matrix @ basis)[2]
    return basis @ right[basis.shape[1] - size :].T
