"""Bifurcation diagrams: what is searched for, the branches followed, basins, records, drawings."""
