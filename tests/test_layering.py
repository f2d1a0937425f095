"""Imports inside the library run in one direction, and its files stay small and silent."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ECONOMY = {"core", "places", "economy", "barriers", "parts"}
ROOMS_OF_EQUILIBRIA = {"solvers", "breakpoints", "bifurcation", "search", "diagrams"}

ALLOWED: dict[str, set[str]] = {
    "core": set(),
    "places": {"core"},
    "menus": {"core"},
    "chains": {"core"},
    "economy": {"core", "places", "chains"},
    "barriers": {"core", "places", "economy"},
    "agreements": ECONOMY | {"data", "solvers"},
    "parts": {"core", "places", "economy"},
    "firms": {"core", "places", "economy", "barriers", "menus"},
    "models": {"core", "places", "economy"},
    "production": {"core", "places", "economy", "chains", "menus"},
    "solvers": {"core", "places", "economy"},
    # Routes are costs like others; optimal links solve the economy that they serve.
    "network": ECONOMY | {"solvers"},
    "bifurcation": ECONOMY | {"solvers"},
    "breakpoints": ECONOMY | {"solvers", "bifurcation"},
    "search": ECONOMY | {"solvers", "breakpoints", "bifurcation"},
    "diagrams": ECONOMY | {"solvers", "bifurcation", "search", "figures"},
    "data": {"core", "places"},
    "accounting": {"core", "economy", "data"},
    "estimation": ECONOMY | ROOMS_OF_EQUILIBRIA,
    "analysis": ECONOMY | ROOMS_OF_EQUILIBRIA | {"models", "data", "network", "estimation"},
    # Real places: the data of cities on a network, and the economy calibrated to them.
    "east_asia": ECONOMY | {"solvers", "data", "network", "analysis"},
    # A file names what the library has; whoever reads it builds, solves, draws and writes.
    "scenario_files": ECONOMY
    | {"solvers", "network", "agreements", "firms", "production", "data", "analysis", "figures"}
    | {"east_asia", "estimation", "models"},
    # Figures know no economics: whoever solves hands them arrays.
    "figures": {"core"},
}
"""What each part of the library may import from it, besides itself. The command line and the
package's own front page (``__init__``) may import everything; nothing imports them."""

FREE = {"cli", "__init__"}
LONGEST = 350

PACKAGE = Path(__file__).resolve().parents[1] / "neg"
FILES = sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    """The part of the library that a file belongs to: the first name below ``neg``."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path, *, on_loading: bool = False) -> set[str]:
    """Parts of the library that a file imports, anywhere in it or only when it is loaded."""
    found = imported_names(path, on_loading=on_loading)
    return {names[1] for names in found if names[0] == "neg" and len(names) > 1}


def imported_names(path: Path, *, on_loading: bool) -> set[tuple[str, ...]]:
    """Everything that a file imports, each name in its pieces."""
    here = ("neg", *path.relative_to(PACKAGE).with_suffix("").parts)
    found = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in _outside_functions(tree) if on_loading else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {tuple(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            found |= {(*module, alias.name) for alias in node.names}
    return found


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        for_types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if not (for_types or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)):
            yield from _outside_functions(child)


def test_the_table_names_every_part():
    assert {part_of(path) for path in FILES} <= set(ALLOWED) | FREE


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_what_stands_to_its_left(path):
    part = part_of(path)
    known = set(ALLOWED) | FREE
    imported = imports(path) & known
    allowed = known if part in FREE else ALLOWED[part] | {part}
    assert imported <= allowed, f"{part} must not import {sorted(imported - allowed)}"


def test_the_table_has_no_cycle():
    left = dict(ALLOWED)
    while left:
        free = [part for part, needs in left.items() if not needs & set(left)]
        assert free, f"cycle among {sorted(left)}"
        for part in free:
            del left[part]


def test_no_files_wait_for_each_other():
    """Also inside a part: what a file needs when it is loaded never needs the file."""
    modules = {("neg", *path.relative_to(PACKAGE).with_suffix("").parts): path for path in FILES}
    left = {}
    for own, path in modules.items():
        named = imported_names(path, on_loading=True)
        needed = {names[:k] for names in named for k in (len(names) - 1, len(names))}
        left[own] = (needed & set(modules)) - {own}
    while left:
        free = [own for own, needs in left.items() if not needs & set(left)]
        assert free, f"circle among {sorted('.'.join(own) for own in left)}"
        for own in free:
            del left[own]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_is_short_and_prints_nothing(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    if part_of(path) != "cli":
        calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        assert not [f for f in calls if isinstance(f, ast.Name) and f.id == "print"]


def test_imports_are_seen_in_every_form(tmp_path, monkeypatch):
    text = "import neg.data\nfrom neg import solvers\nfrom ..models import x\nfrom . import y\n"
    path = tmp_path / "figures" / "maps.py"
    path.parent.mkdir()
    path.write_text(text + "def f():\n    from neg.cli import main\n")
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path)
    assert imports(path) == {"data", "solvers", "models", "figures", "cli"}
    assert imports(path, on_loading=True) == {"data", "solvers", "models", "figures"}
