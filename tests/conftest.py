"""Shared test settings: double precision, warnings are errors."""

import neg  # noqa: F401  (switches double precision on before any array is made)
