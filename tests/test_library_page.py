"""docs/library.md is what the library is, and each edit that operators make by hand has its answer there."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests import tools

DOCS = tools.ROOT / "docs"
GROUPS: list[dict[str, Any]] = yaml.safe_load((DOCS / "edits.yaml").read_text("utf-8"))
ROWS: dict[str, dict[str, Any]] = {number: row for group in GROUPS for number, row in group["edits"].items()}
COUNTED = {"X": 48, "E": 9, "G": 13, "M": 6, "C": 9}


def test_the_page_is_what_the_library_is_today() -> None:
    command = [sys.executable, str(tools.ROOT / "scripts" / "library_page.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run `make bless`:\n{done.stdout}{done.stderr}"


def test_it_has_every_patchset_and_overlay() -> None:
    page = (DOCS / "library.md").read_text("utf-8")
    for folder in (*tools.ROOT.glob("patchsets/*/"), *tools.ROOT.glob("overlays/*/")):
        assert f"\n| [{folder.name}](../{folder.parent.name}/{folder.name}/README.md) | " in page


def test_all_its_links_lead_somewhere() -> None:
    page = (DOCS / "library.md").read_text("utf-8")
    headings = re.findall(r"^#+ (.+)", (DOCS / "recipes.md").read_text("utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for link in set(re.findall(r"\]\(([^)]+)\)", page)):
        path, _, anchor = link.partition("#")
        assert (DOCS / path).resolve().exists(), link
        assert not anchor or anchor in anchors, link


def test_no_edit_is_left_out() -> None:
    expected = {f"{letter}{number}" for letter, last in COUNTED.items() for number in range(1, last + 1)}
    assert set(ROWS) == expected | {"X11b", "X36b"}
    assert len(ROWS) == sum(len(group["edits"]) for group in GROUPS)


@pytest.mark.parametrize("number", ROWS)
def test_each_edit_has_an_answer(number: str) -> None:
    row = ROWS[number]
    assert set(row) <= {"edit", "by", "recipes", "why"}
    assert row["edit"]
    assert row.get("by") or row.get("recipes") or row.get("why")
    for name in row.get("by", ()):
        assert (tools.ROOT / "patchsets" / name).is_dir() or (tools.ROOT / "overlays" / name).is_dir(), name
    assert row.get("why", ".").endswith(".")


def test_recipes_are_named_as_they_are() -> None:
    page = (DOCS / "recipes.md").read_text("utf-8")
    for row in ROWS.values():
        for recipe in row.get("recipes", ()):
            assert f"\n## {recipe}\n" in page
