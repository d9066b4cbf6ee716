"""A plugin of pytest, found by itself: the worked cases beside a patchset or overlay are tests.

`pytest` runs each folder `cases/<case>` beside a `patchset.yaml`, `overlay.yaml` or `postrender.yaml` that
it comes by, as `postrender test` does; `--postrender-update` writes what the cases expect anew. Where there
are no such files nothing else of postrender is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = ("patchset.yaml", "overlay.yaml", "postrender.yaml")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our option."""
    parser.getgroup("postrender").addoption(
        "--postrender-update",
        action="store_true",
        help="write anew what the worked cases of patchsets expect; the review is the diff",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a patchset or overlay that has cases."""
    if file_path.name in FILES and (file_path.parent / "cases").is_dir():
        collected: pytest.Collector = PatchsetFile.from_parent(parent, path=file_path)
        return collected
    return None


class PatchsetFile(pytest.File):
    """A patchset or overlay, whose tests are its cases."""

    def collect(self) -> Iterator[pytest.Item]:
        """A test for each case."""
        for folder in sorted((self.path.parent / "cases").iterdir()):
            if folder.is_dir():
                yield CaseItem.from_parent(self, name=folder.name)


class CaseItem(pytest.Item):
    """A case, which holds if what comes out of its manifests is what it expects."""

    def runtest(self) -> None:
        """Run the case. Raises WrongError if it does not hold."""
        from postrender.cli import cases

        case = cases.Case(self.path.parent / "cases" / self.name)
        outcome = cases.run(case, update=self.config.getoption("postrender_update"))
        for path in outcome.written:
            self.add_report_section("call", "postrender", f"wrote {path}")
        if outcome.problem:
            raise WrongError(outcome.problem)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """What is wrong, as `postrender test` says it; a traceback only for what is no fault of the case."""
        if isinstance(excinfo.value, WrongError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The patchset's file, and the name of the case."""
        return self.path, None, f"case {self.name}"


class WrongError(Exception):
    """A case does not hold."""
