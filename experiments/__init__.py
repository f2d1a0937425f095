"""Experiments: each file solves something, keeps the numbers as a record and draws it.

One experiment is one file ``experiments/<name>.py`` (a leading underscore hides a file). Its first
docstring line says what it shows; ``python -m experiments --list`` prints it. It defines::

    CONFIG = {...}                  # or a frozen dataclass: every setting of the full run
    SMOKE = {...}                   # what differs in a run that only shows that everything works

    def run(config, progress) -> xr.Dataset:      # solves; no drawing
    def draw(record) -> Figure | dict[str, Figure]:   # draws; no solving

``run`` calls ``progress(done, total, label)`` as it goes and returns a labelled data set with
``units`` on each variable and the attributes ``title``, ``caption`` (the finding) and ``status``
(how the solves ended). ``draw`` sees the record as it was read back from the file. Of several
figures each may have its own caption, the attribute ``caption_<key>``.
"""
