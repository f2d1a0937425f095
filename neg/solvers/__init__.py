"""Solvers that work for any model on the protocol."""
