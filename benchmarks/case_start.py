"""From the start of the process to the first solution, cold and with a warm compilation cache."""

from __future__ import annotations

from benchmarks._timing import Start

_IMPORT = "import neg"
_CORE_PERIPHERY = """
from neg import get_model, long_run
solution = long_run(get_model("core-periphery")(tau=1.5), [0.9, 0.1])
assert solution.stable
"""
_TABLE = """
from neg import data, short_run
from neg.analysis import calibrate
economy = calibrate(data.load_icio(), theta=4.0, alpha=0.5, uses="common")
solution = short_run(economy.with_(tau=0.95 * economy.tau))
assert float(solution.residual) < 1e-10
"""


def cases() -> list[Start]:
    """Importing alone, the two-region model, and the economy of the 2020 table."""
    return [
        Start("import", _IMPORT, repeats=3, note="nothing is solved"),
        Start("core-periphery, long run", _CORE_PERIPHERY, repeats=3),
        Start("21 regions, 11 sectors, short run", _TABLE, repeats=3),
    ]
