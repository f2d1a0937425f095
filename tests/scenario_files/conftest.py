"""A small economy on disk, so that files are solved in fractions of a second."""

from __future__ import annotations

import pytest
from economies import FLOWS

SMALL = """schema = 1
name = "small"
description = "Trade of A and B becomes cheaper"
assumptions = ["Three places, made up."]

[economy]
data = "flows.csv"
format = "pairs"
theta = 5.0

[[layer]]
name = "border"
rate = 0.1

[[layer]]
name = "duty"
kind = "tariff"

[[layer.entries]]
rate = 0.2
origins = ["C"]

[[edit.layer]]
layer = "border"
cost = 0.95
among = ["A", "B"]

[[edit.layer]]
layer = "duty"
factor = 0.5

[sweep]
"edit.layer.0.cost" = { from = 0.9, to = 1.0, steps = 3 }
"economy.theta" = [4.0, 5.0]

[output]
variables = ["real_income", "wage", "trade"]
"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder with ``flows.csv`` and ``small.toml``."""
    path = tmp_path_factory.mktemp("files")
    (path / "flows.csv").write_text(FLOWS)
    (path / "small.toml").write_text(SMALL)
    return path
