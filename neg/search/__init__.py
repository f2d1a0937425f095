"""All long-run equilibria: starts, supports, certified boxes."""
