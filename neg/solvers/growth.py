"""The growth rate of small deviations in large economies: eigenvalues without a matrix.

The linearised replicator dynamics among used cells, in the coordinates ``u_i = dx_i / sqrt(x_i)``,

    du / dt = Q S (V_x - V_p (F_p)^-1 F_x) S Q u,    S = diag(sqrt(x))

where ``Q`` takes out movements that change a group's mass. In these coordinates the generator is
symmetric wherever payoffs have a potential, so that its largest eigenvalue is well conditioned.
One product costs one linear system of the markets, solved by GMRES.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array
from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, LinearOperator, eigs

from neg.core.compilation import quick_jit
from neg.economy.model import Model
from neg.solvers.hoist import hoist
from neg.solvers.krylov import cycle
from neg.solvers.replicator import growth_of_shares
from neg.solvers.system import flat_prices

_ROUGH, _FINE = 1e-2, 1e-10  # relative residuals of the linear systems of the markets
_CHECK = 1e-5  # the same, for products that tell the error of an eigenvector
_REFINED = 10  # directions among which it is sought with them
_SMALL = 40  # movements up to which the generator is formed
_CLOSE = 2e-2  # residual of the eigenvector, relative to the rate, that is asked for
_LEAST = 1e-9  # the same, absolute
_LEAST_BASIS, _BASIS = 12, 60  # directions before a vector is believed, and without a restart
_VECTORS = 24
_RESTARTS = 30
_MEMORY, _CYCLES = 30, 10  # of the linear systems of the markets


class Growth(NamedTuple):
    """Largest growth rate of a small deviation, and the residual of its eigenvector.

    ``error`` is the norm of ``A u - rate u`` for a deviation ``u`` of length one; infinite where
    the iteration found nothing.
    """

    rate: float
    error: float

    @property
    def close(self) -> bool:
        """Whether the residual is as small as is asked for."""
        return self.error <= max(_CLOSE * abs(self.rate), _LEAST)


def largest_growth(model: Model, x: Any, prices: Any, used: Any) -> Growth:
    """The largest growth rate at an equilibrium, unused cells included, to two per cent.

    Arnoldi's method, restarted implicitly where it takes long; the linear systems of the markets
    are solved roughly on the way, and finely for the eigenvector that is returned, whose residual
    is the error.

    Source: Sorensen (1992), SIAM Journal on Matrix Analysis and Applications 13(1); rough products:
    Simoncini and Szyld (2003), SIAM Journal on Scientific Computing 25(2).
    """
    x, p = jnp.asarray(x), ravel_pytree(prices)[0].astype(float)
    gaps, linear = _prepare(model, x, p)
    used = np.asarray(used)
    entry = float(np.max(np.asarray(gaps)[~used], initial=-np.inf))
    generator = _Generator(model, np.asarray(x), p, used, linear)
    inner = _inner_growth(generator)
    return inner if inner.rate >= entry or np.isnan(inner.rate) else Growth(entry, 0.0)


class _Generator:
    """Products of the generator with a deviation among used cells."""

    def __init__(
        self, model: Model, x: np.ndarray, p: Array, used: np.ndarray, linear: Any
    ) -> None:
        index, mass = np.asarray(model.groups.index)[used], np.asarray(model.groups.mass)
        self.index, self.used, self.linear = index, used, linear
        self.still = jnp.zeros_like(p)
        self.root = np.sqrt(x[used])
        self.unit = self.root / np.sqrt(mass)[index]
        self.size = len(index)
        self.movements = self.size - len(np.unique(index))

    def inside(self, u: np.ndarray) -> np.ndarray:
        """The part of ``u`` that changes no group's mass."""
        return u - self.unit * np.bincount(self.index, self.unit * u)[self.index]

    def product(self, u: np.ndarray, accuracy: float, shift: float = 0.0) -> np.ndarray:
        """The generator times ``u``; directions that change masses fade at the rate ``shift``."""
        moved = self.inside(u)
        y = np.zeros(len(self.used))
        y[self.used] = moved / self.root
        value = np.asarray(_answer(self.linear, jnp.asarray(y), self.still, jnp.asarray(accuracy)))
        return self.inside(self.root * value[self.used]) - shift * (u - moved)


def _inner_growth(generator: _Generator) -> Growth:
    """The largest growth rate of movements among used cells."""
    if not generator.movements:
        return Growth(-np.inf, 0.0)
    if generator.movements <= _SMALL:
        axes = np.eye(generator.size)
        basis = np.linalg.svd(np.stack([generator.inside(u) for u in axes]))[0]
        basis = basis[:, : generator.movements]
        inside = basis.T @ np.stack([generator.product(u, _FINE) for u in basis.T], axis=1)
        rate = float(np.linalg.eigvals(inside).real.max()) if np.isfinite(inside).all() else np.nan
        return Growth(rate, 0.0 if np.isfinite(rate) else np.inf)
    start = generator.inside(np.random.default_rng(0).normal(size=generator.size))
    shift = float(np.linalg.norm(generator.product(start / np.linalg.norm(start), _ROUGH)))
    found = Growth(np.nan, np.inf)
    for accuracy in (_ROUGH, 1e-2 * _ROUGH, 1e-4 * _ROUGH):
        vector = _rightmost(generator, start, accuracy, shift)
        if vector is None:
            break
        found, start = _refined(generator, vector)
        if found.close:
            break
    return found


def _refined(generator: _Generator, vector: np.ndarray) -> tuple[Growth, np.ndarray]:
    """The rate of an eigenvector with its residual, and a better vector.

    Products are fine ones. As long as the residual is too large it is one more direction of the
    space in which the eigenvector is sought.
    """
    basis = np.zeros((0, generator.size))
    images = np.zeros((0, generator.size))
    more = vector
    while True:
        for side in (more.real, more.imag):
            size = np.linalg.norm(side)
            for _ in range(2):
                side = side - (basis @ side) @ basis
            if size > 0 and np.linalg.norm(side) > 1e-8 * size:
                side = side / np.linalg.norm(side)
                basis = np.vstack([basis, side])
                images = np.vstack([images, generator.product(side, _CHECK)])
        if not np.isfinite(images).all():
            return Growth(np.nan, np.inf), vector.real
        values, weights = np.linalg.eig(basis @ images.T)
        k = int(np.argmax(values.real))
        rest = (images - values[k] * basis).T @ weights[:, k]
        found = Growth(float(values[k].real), float(np.linalg.norm(rest)))
        if found.close or len(basis) >= _REFINED:
            return found, (basis.T @ weights[:, k]).real
        more = rest


def _rightmost(
    generator: _Generator, start: np.ndarray, accuracy: float, shift: float
) -> np.ndarray | None:
    """The eigenvector of the eigenvalue with the largest real part, of length one.

    Arnoldi's method without restarts, as long as memory is small: in economies of many places
    eigenvalues stand close together at the right end, and a restart would forget most of them.
    """
    size = generator.size
    most = min(_BASIS, size)
    basis, inside = np.zeros((most + 1, size)), np.zeros((most + 1, most))
    basis[0] = start / np.linalg.norm(start)
    best: np.ndarray = start
    for k in range(most):
        new = generator.product(basis[k], accuracy, shift)
        if not np.isfinite(new).all():
            return None
        for _ in range(2):
            along = basis[: k + 1] @ new
            new, inside[: k + 1, k] = new - along @ basis[: k + 1], inside[: k + 1, k] + along
        length = inside[k + 1, k] = np.linalg.norm(new)
        if k + 1 >= min(_LEAST_BASIS, most) or length == 0.0:
            values, weights = np.linalg.eig(inside[: k + 1, : k + 1])
            one = int(np.argmax(values.real))
            best = weights[:, one] @ basis[: k + 1]
            if length * abs(weights[-1, one]) <= max(_CLOSE * abs(values[one]), _LEAST):
                return best
        basis[k + 1] = new / length
    return _restarted(generator, np.real(best), accuracy, shift)


def _restarted(
    generator: _Generator, start: np.ndarray, accuracy: float, shift: float
) -> np.ndarray | None:
    """The same with implicit restarts, from a vector near by."""
    operator = LinearOperator(
        (generator.size, generator.size),
        lambda u: generator.product(np.ravel(u), accuracy, shift),
        dtype=float,
    )
    count = min(_VECTORS, generator.size - 1)
    try:
        values, vectors = eigs(
            operator, 1, which="LR", v0=start, ncv=count, maxiter=_RESTARTS, tol=_CLOSE
        )
    except ArpackNoConvergence as failure:
        values, vectors = failure.eigenvalues, failure.eigenvectors
    except ArpackError:
        return None
    if not len(values):
        return None
    return vectors[:, int(np.argmax(values.real))]


@quick_jit
def _prepare(model: Model, x: Array, p: Array) -> tuple[Array, Any]:
    """Payoff gaps, and the derivative of preconditioned market residual and payoffs there."""
    cells = model.groups.cells

    def respond(z: Array) -> tuple[Array, Array]:
        at = x * jnp.exp(z[:cells])
        residual, value = model.evaluate(flat_prices(model, x)[1](z[cells:]), at)
        _, change = model.relaxation(None, residual, at)
        return ravel_pytree(change)[0].astype(float), value

    z = jnp.concatenate([jnp.zeros(cells), p])
    (_, value), linear = jax.linearize(hoist(respond, z), z)
    gaps = growth_of_shares(model.groups, x, value)
    return gaps, eqx.filter_closure_convert(linear, z)


@quick_jit
def _answer(linear: Any, y: Array, still: Array, accuracy: Array) -> Array:
    """Change of payoffs when log shares change by ``y`` and prices clear the markets again."""
    excess, value = linear(jnp.concatenate([y, still]))
    if not still.shape[0]:
        return value
    calm = jnp.zeros_like(y)
    size = jnp.linalg.norm(excess)

    def closer(state: tuple) -> tuple:
        dp, excess, _, count = state
        product = lambda q: linear(jnp.concatenate([calm, q]))[0]
        dp = dp + cycle(product, -excess, accuracy * size, _MEMORY)
        return dp, *linear(jnp.concatenate([y, dp])), count + 1

    def unfinished(state: tuple) -> Array:
        _, excess, _, count = state
        return (jnp.linalg.norm(excess) > accuracy * size) & (count < _CYCLES)

    start = (jnp.zeros_like(still), excess, value, jnp.asarray(0))
    return jax.lax.while_loop(unfinished, closer, start)[2]
