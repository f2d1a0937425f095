"""Mechanisms that an economy takes on, one in a file."""
