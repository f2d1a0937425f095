"""The repository speaks of itself alone and says the same thing everywhere."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import neg

ROOT = Path(__file__).resolve().parents[1]

# In pieces, so that this file does not hold what it looks for.
FOREIGN = {
    "package registry": ["pypi" + ".org", "python" + "hosted", "npm" + "js", "jsdel" + "ivr"],
    "machine path": ["/" + folder + "/" for folder in ("tmp", "work", "root", "home", "Users")],
}


def tracked() -> list[Path]:
    """Files of the repository, as git knows them."""
    try:
        listing = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listing.stdout.split("\0") if name]
    return [path for path in files if path.is_file()]


@pytest.mark.parametrize("kind", FOREIGN)
def test_no_file_names_a_registry_or_a_machine(kind):
    pattern = re.compile(
        b"|".join(rb"(?<![\w.)}\]])" + re.escape(text.encode()) for text in FOREIGN[kind])
        if kind == "machine path"
        else b"|".join(re.escape(text.encode()) for text in FOREIGN[kind])
    )
    found = {
        str(path.relative_to(ROOT)): match.group().decode()
        for path in tracked()
        if (match := pattern.search(path.read_bytes()))
    }
    assert not found


def test_one_version_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = (ROOT / "CITATION.cff").read_text()
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert project["version"] == neg.__version__
    assert f"version: {neg.__version__}\n" in citation
    assert f"## {neg.__version__}" in changes


def test_every_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = {
        re.split(r"[<>=~!\[; ]", line)[0].lower()
        for line in [*project["dependencies"], *extras["test"], *extras["dev"]]
    } - {"neg"}
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line[0] != "#"]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][\w.]*", line) for line in lines)
    assert wanted <= {line.split("==")[0] for line in lines}


def test_the_checks_can_be_started():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_every_test_file_has_a_name_of_its_own():
    """Folders of tests are no packages: two files of one name cannot be imported together."""
    seen: dict[str, Path] = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if path.name not in ("conftest.py", "__init__.py"):
            assert path.name not in seen, f"{path} and {seen[path.name]}"
            seen[path.name] = path


def test_every_test_that_the_documents_name_exists():
    """``file.py::test`` and, after it, ``::test`` of the same file."""
    text = (ROOT / "docs" / "what-is-held.md").read_text()
    missing, count, source = [], 0, ""
    for path, name in re.findall(r"([\w/]+\.py)?(?:::(test_\w+))?", text):
        if path:
            file = ROOT / "tests" / path
            if not file.exists():
                missing.append(path)
                continue
            source = file.read_text()
        if name:
            count += 1
            if f"def {name}(" not in source:
                missing.append(f"{path}::{name}")
    assert missing == [] and count > 150
