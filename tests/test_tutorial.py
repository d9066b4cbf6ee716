"""The tutorial: its files are written and its commands run, and they print what it shows."""

from __future__ import annotations

import subprocess
import sys

from tests import tools


def test_the_tutorial_is_what_happens() -> None:
    command = [sys.executable, str(tools.ROOT / "scripts" / "tutorial.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run `make bless`:\n{done.stdout}{done.stderr}"


def test_it_ends_with_all_cases_tested_and_no_bug_of_ours() -> None:
    page = (tools.ROOT / "docs" / "writing-patchsets.md").read_text("utf-8")
    assert "$ postrender test\n3 passed, 0 failed\n" in page
    assert "\n3 passed in " in page
    assert "bug of postrender" not in page
