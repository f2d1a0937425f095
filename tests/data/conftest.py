"""Where the fixture files lie."""

from pathlib import Path

import pytest


@pytest.fixture
def fixtures() -> Path:
    return Path(__file__).parent / "fixtures"


@pytest.fixture
def edited(fixtures, tmp_path):
    """Copy a fixture with one text replaced by another, which must occur in it."""

    def edit(name: str, old: str, new: str, count: int = 1) -> Path:
        text = (fixtures / name).read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / name
        path.write_text(text.replace(old, new, count), encoding="utf-8")
        return path

    return edit
