"""Names of countries and their ISO 3166 alpha-3 codes."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from functools import cache

import pandas as pd

from neg.core.errors import UnknownNameError
from neg.data.sources import FILES


def country_codes(names: Iterable[str], where: str = "countries") -> list[str]:
    """Return the ISO 3166 alpha-3 codes of countries named in English, or by their codes.

    Case, accents, punctuation and ``The`` do not matter; spellings of the OECD, the World Bank and
    the United Nations are known. ``ROW`` and ``EU27`` stay as they are.

    Arguments
        names: names or codes.
        where: what the names belong to, for the message.

    Raises :class:`UnknownNameError` for a name that is not known, with the nearest ones.

    >>> country_codes(["Viet Nam", "Korea, Rep."])
    ['VNM', 'KOR']
    """
    codes = []
    for name in names:
        code = find_code(name)
        if code is None:
            near = difflib.get_close_matches(plain(name), _codes(), n=3)
            raise UnknownNameError(
                f"{where}: unknown country {name!r}; must be a name or a code of ISO 3166"
                + (f", such as {', '.join(near)}" if near else "")
            )
        codes.append(code)
    return codes


def find_code(name: str) -> str | None:
    """Return the code of one country, or None."""
    return _codes().get(plain(name))


def plain(name: str) -> str:
    """Return a name without case, accents, punctuation and the words that vary."""
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    text = re.sub(r"[^a-z0-9]+", " ", text.replace("&", " and ")).strip()
    text = re.sub(r"\bst\b", "saint", text)
    return re.sub(r"^the | the$", "", text)


@cache
def _codes() -> dict[str, str]:
    with (FILES / "countries.csv").open("rb") as raw:
        frame = pd.read_csv(raw, keep_default_na=False)
    codes = {plain(name): code for code, name in zip(frame["iso3"], frame["name"], strict=True)}
    return codes | {code.casefold(): code for code in frame["iso3"]}
