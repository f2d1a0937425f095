"""Experiments: each file solves something, keeps the numbers as a record and draws it.

One experiment is one file ``experiments/<name>.py`` (a leading underscore hides a file). Its first
docstring line says what it shows; ``python -m experiments --list`` prints it. It defines::

    CONFIG = {...}                  # or a frozen dataclass: every setting of the full run
    SMOKE = {...}                   # what differs in a run that only shows that everything works

    def run(config, progress) -> xr.Dataset:      # solves; no drawing
    def draw(record) -> Figure | dict[str, Figure]:   # draws; no solving

    def describe(record) -> dict[str, str]:       # title, caption, checks; no solving

``run`` calls ``progress(done, total, label)`` as it goes and returns a labelled data set with
``units`` on each variable and the attribute ``status`` (how the solves ended). ``describe`` and
``draw`` see the record as it was read back from the file. The ``title`` states the finding, with
the numbers of the record; the ``caption`` says the model, its parameters, the data and their year,
what was searched and what is assumed; ``checks`` says how exactly the numbers hold. Of several
figures each may have its own words, as ``title_<key>`` and ``caption_<key>``. Figures are made by
:func:`neg.figures.style.sheet`, 3.5 or 7.2 inches wide; their headline is written by the runner,
captions stand beside them. An experiment may define ``tables(record) -> dict[str, DataFrame]`` as
well: each is written as CSV and as a LaTeX table.
"""

import os

# Experiments run side by side, one process a core: threads of linear algebra beyond that wait for
# each other (a solve with 500 unknowns then takes five times as long). Read when numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from neg.core.compilation import compile_quickly  # noqa: E402  (the line above must come first)

compile_quickly()
