"""The worked cases of every patchset and overlay of this repository, one test each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from postrender.cli import cases
from tests import tools

if TYPE_CHECKING:
    from pathlib import Path

CASES = cases.find(tools.ROOT)
FILES = [*tools.ROOT.glob("patchsets/*/patchset.yaml"), *tools.ROOT.glob("overlays/*/overlay.yaml")]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: cases.Case) -> None:
    outcome = cases.run(case)
    assert not outcome.problem, outcome.problem


@pytest.mark.parametrize("file", sorted(FILES), ids=lambda file: file.parent.name)
def test_each_has_a_case_that_works(file: Path) -> None:
    assert any(case.subject == file.parent and (case.folder / cases.EXPECTED).is_file() for case in CASES), (
        "no case with an expected.yaml"
    )
