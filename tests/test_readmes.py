"""What the READMEs show is what the tool does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_every_snippet_is_what_the_tool_does_today() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "snippets.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run `make bless`:\n{done.stdout}{done.stderr}"


def test_every_patchset_and_overlay_has_a_readme_a_description_and_a_case() -> None:
    for file in (*ROOT.glob("patchsets/*/patchset.yaml"), *ROOT.glob("overlays/*/overlay.yaml")):
        assert "\ndescription: " in file.read_text(), f"{file} has no description"
        assert (file.parent / "README.md").is_file(), f"{file.parent} has no README.md"
        assert list(file.parent.glob("cases/*/input.yaml")), f"{file.parent} has no case"
