"""Bilateral kernels of the general economy and products with them: what large solves spend."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.economy.general.market import Market

_ONE_PRODUCT = 4096
"""Kernel entries up to which one fused product is faster than one product per sector and use."""


class Kernels(NamedTuple):
    """Freeness as buyers see it, and the parts of it that reach sellers, customs and ports."""

    to_buyer: Float[Array, "sector use origin destination"]
    to_seller: Float[Array, "sector use origin destination"]
    to_customs: Float[Array, "sector use origin destination"]
    to_port: Float[Array, "sector use origin destination"]


def kernels(market: Market) -> Kernels:
    """Everything bilateral, in the order in which products with it read memory once."""
    kernel = jnp.transpose(market.freeness(), (2, 3, 0, 1))

    def share(part: Array) -> Array:
        return kernel * jnp.transpose(part, (2, 0, 1))[:, None]

    received = 1.0 / market.wedge
    return Kernels(
        kernel,
        share(received),
        share(market.tariff / (1.0 + market.tariff)),
        share(market.export_tax * received),
    )


def arriving(supply: Array, kernel: Array) -> Float[Array, "destination sector use"]:
    """Sum over origins of supply times freeness."""
    return jnp.transpose(_product("si,suij->suj", supply.T, kernel), (2, 0, 1))


def leaving(kernel: Array, pull: Array) -> Float[Array, "origin sector"]:
    """Sum over destinations and uses of freeness times what a unit of it earns there."""
    pull = jnp.transpose(pull, (1, 2, 0))
    return jnp.sum(_product("suj,suij->sui", pull, kernel), axis=1).T


def _product(indices: str, vector: Array, kernel: Array) -> Array:
    """A vector for every sector (and use) times the kernel; nothing is done for one of zeros."""
    if kernel.size <= _ONE_PRODUCT:
        return jnp.einsum(indices, vector, kernel)
    return _large_product(vector, kernel, jnp.any(kernel != 0), indices=indices)


@eqx.filter_custom_jvp
def _large_product(vector: Array, kernel: Array, some: Array, *, indices: str) -> Array:
    sectors, uses, places, _ = kernel.shape
    if vector.ndim == 2:
        vector = jnp.repeat(vector[:, None], uses, axis=1)
    flat = kernel.reshape(sectors * uses, places, places)
    rows = vector.reshape(sectors * uses, places)

    # One batched product: a loop over sectors would copy every matrix before it reads it.
    batched = "bi,bij->bj" if indices == "si,suij->suj" else "bj,bij->bi"
    found = jax.lax.cond(
        some, lambda: jnp.einsum(batched, rows, flat), lambda: jnp.zeros_like(rows)
    )
    return found.reshape(sectors, uses, places)


@_large_product.def_jvp
def _large_product_jvp(primals: Any, tangents: Any, *, indices: str) -> tuple[Array, Array]:
    """Both factors have their derivative: a kernel of zeros may change."""
    (vector, kernel, some), (d_vector, d_kernel, _) = primals, tangents
    value = _large_product(vector, kernel, some, indices=indices)
    change = jnp.zeros_like(value)
    if d_vector is not None:
        change = change + _large_product(d_vector, kernel, some, indices=indices)
    if d_kernel is not None:
        change = change + jnp.einsum(indices, vector, d_kernel)
    return value, change
