"""Benchmarks: ours against a peer, in one process, run in turn; never part of the tests.

A case is a function in a file ``benchmarks/case_<name>.py``: its ``cases()`` returns a list of
:class:`benchmarks._timing.Pair` (two callables) and :class:`benchmarks._timing.Start` (a whole
process, with a cold and with a warm compilation cache). Packages of others run in an environment of
their own, as ``benchmarks/case_peers.py`` says; they are no dependency.
"""
