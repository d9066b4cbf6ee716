"""A site's own patchsets are tested with plain `pytest`."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  type: ClusterIP\n"
PATCHSET = """\
apiVersion: postrender/v1
kind: Patchset
name: node-port
description: Services on a port of every node.
parameters:
  type: {enum: [NodePort, LoadBalancer], default: NodePort, description: The type to have.}
patches:
  - {target: {kind: Service}, patch: {spec: {type: "${type}"}}}
"""
OVERLAY = """\
kind: Overlay
name: site
patchsets: [{name: ../node-port}]
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a patchset that has two cases and an overlay that has one."""
    for name, text in {
        "node-port/patchset.yaml": PATCHSET,
        "node-port/cases/plain/input.yaml": SERVICE,
        "node-port/cases/plain/expected.yaml": SERVICE.replace("ClusterIP", "NodePort"),
        "node-port/cases/other/input.yaml": SERVICE,
        "node-port/cases/other/values.yaml": "type: LoadBalancer\n",
        "node-port/cases/other/expected.yaml": SERVICE.replace("ClusterIP", "LoadBalancer"),
        "node-port/cases/notes.txt": "no case",
        "site/overlay.yaml": OVERLAY,
        "site/cases/plain/input.yaml": SERVICE,
        "site/cases/plain/expected.yaml": SERVICE.replace("ClusterIP", "NodePort"),
        "without/patchset.yaml": PATCHSET,
        "test_own.py": "def test_own(): pass\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Plain pytest in a folder: its exit code and what it says."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_each_case_is_a_test(site: Path) -> None:
    code, said = run(site, "-v")
    assert code == 0, said
    for test in (
        "node-port/patchset.yaml::other PASSED",
        "node-port/patchset.yaml::plain PASSED",
        "site/overlay.yaml::plain PASSED",
        "test_own.py::test_own PASSED",
    ):
        assert test in said
    assert "4 passed" in said
    assert "1 passed" in run(site, "node-port/patchset.yaml::other")[1]
    assert "2 passed" in run(site, "-k", "plain")[1]


def test_a_failure_shows_the_difference_and_no_traceback(site: Path) -> None:
    expected = site / "node-port/cases/plain/expected.yaml"
    expected.write_text(SERVICE)
    code, said = run(site, "node-port")
    assert code == 1
    assert "\n--- expected.yaml as it is expected\n" in said
    assert "\n-  type: ClusterIP\n+  type: NodePort\n" in said
    assert "Traceback" not in said
    assert "pytest_plugin" not in said
    assert "1 failed, 1 passed" in said


def test_an_update_writes_what_is_expected(site: Path) -> None:
    expected = site / "node-port/cases/plain/expected.yaml"
    expected.unlink()
    (site / "node-port/cases/other/input.yaml").unlink()
    code, said = run(site, "node-port")
    assert code == 1
    assert "nothing is expected" in said
    assert "there is no input.yaml" in said
    code, said = run(site, "node-port", "--postrender-update", "-k", "plain")
    assert code == 0, said
    assert expected.read_text() == SERVICE.replace("ClusterIP", "NodePort")
    assert (expected.parent / "report.txt").is_file()


def test_where_there_are_no_cases_nothing_of_ours_is_imported(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import sys\n\n"
        "def pytest_sessionfinish():\n"
        "    ours = {'postrender', 'click', 'yaml'}\n"
        "    names = sorted(name for name in sys.modules if name.split('.')[0] in ours)\n"
        "    assert names == ['postrender', 'postrender.pytest_plugin'], names\n"
    )
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "patchset.yaml").write_text(PATCHSET)
    code, said = run(tmp_path)
    assert code == 0, said
    assert "1 passed" in said
