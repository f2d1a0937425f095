"""Use of preferences: numbers computed apart, closed forms, limits, overlap, bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg.agreements import FixedCost, LogNormal, Uniform, overlapping_use, preference_use, thresholds
from neg.core.errors import InvalidParameterError

MARGINS = [0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.25]
