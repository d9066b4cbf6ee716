"""Imports go one way, each library is met in one place, and what is slow to import waits until needed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import postrender
from tests import tools
from tests.runs import folder

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(postrender.__file__).parent

# A module, or all of a package, imports only from rows below its own; imports for types alone are free.
ROWS = """\
__main__ pytest_plugin
cli
reports schema pipeline uses
library run
patchset patching
conditions transforms
parameters
templates changes checks patches release
sources targets splice
fields alignment
pointers documents emitter edits
kubeyaml
errors
"""
ROW = {name: row for row, names in enumerate(ROWS.splitlines()) for name in names.split()}

# Where each library may be imported. Manifests meet YAML in kubeyaml; splice has ruamel.yaml in reserve.
LIBRARIES = {
    "click": {"cli"},
    "deepdiff": {"changes"},
    "jsonpatch": {"patches.json6902"},
    "jsonpointer": set(),
    "yaml": {"kubeyaml", "emitter"},
    "ruamel": {"splice"},
    "pytest": {"pytest_plugin"},
}

FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py"
}


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports when it runs, those of ours without `postrender.`"""
    waiting: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                waiting += node.orelse
                continue
            case ast.Import():
                yield from (alias.name.removeprefix("postrender.") for alias in node.names)
            case ast.ImportFrom(module=str(module), level=0):
                for alias in node.names:
                    full = f"{module}.{alias.name}".removeprefix("postrender.")
                    yield full if full in FILES else module.removeprefix("postrender.")
            case ast.ImportFrom():
                pytest.fail(f"{path}: a relative import, in line {node.lineno}")
        waiting += ast.iter_child_nodes(node)


@pytest.mark.parametrize("name", FILES)
def test_imports_go_one_way(name: str) -> None:
    unit = name.partition(".")[0]
    assert unit in ROW, "a new module: which row is it in?"
    for module in imported(FILES[name]):
        other = module.partition(".")[0]
        if module in FILES and other != unit:
            assert ROW[other] > ROW[unit], f"{name} imports {module}"


@pytest.mark.parametrize("name", FILES)
def test_each_library_is_met_in_one_place(name: str) -> None:
    for module in imported(FILES[name]):
        places = LIBRARIES.get(module.partition(".")[0])
        assert places is None or {name, name.partition(".")[0]} & places, f"{name} imports {module}"


def test_every_library_is_a_dependency() -> None:
    project = (tools.ROOT / "pyproject.toml").read_text("utf-8")
    for module in {module for path in FILES.values() for module in imported(path)} - FILES.keys():
        top = module.partition(".")[0]
        known = top in {"postrender", "__future__"} or top in sys.stdlib_module_names
        assert known or f'"{ {"yaml": "PyYAML", "ruamel": "ruamel.yaml"}.get(top, top) }' in project, module


SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  sessionAffinity: ClientIP\n"
RUN = """\
import json, sys
from postrender.__main__ import main
try:
    main()
finally:
    sys.stdout.flush()
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def loaded(patchset: str, *arguments: str) -> set[str]:
    """The modules that are loaded when `apply` has run over a Service."""
    with folder({"p.yaml": patchset}):
        done = subprocess.run(
            [sys.executable, "-c", RUN, "apply", "--patchset", "./p.yaml", *arguments],
            input=SERVICE,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "NodePort" in done.stdout
    return set(json.loads(done.stderr.splitlines()[-1]))


STRATEGIC = "name: p\npatches: [{target: {kind: Service}, patch: {spec: {type: NodePort}}}]\n"
JSON = (
    "name: p\npatches: [{target: {kind: Service}, patch: [{op: add, path: /spec/type, value: NodePort}]}]\n"
)


def test_apply_without_a_report_imports_nothing_that_is_slow() -> None:
    modules = loaded(STRATEGIC)
    assert "postrender.pipeline" in modules
    slow = {"deepdiff", "ruamel.yaml", "jsonpatch", "numpy", "postrender.changes", "postrender.reports.json"}
    assert modules & slow == set()


def test_apply_imports_what_it_needs() -> None:
    assert "jsonpatch" in loaded(JSON)
    assert "deepdiff" not in loaded(JSON)
    assert "deepdiff" in loaded(STRATEGIC, "--report", "r.txt")
