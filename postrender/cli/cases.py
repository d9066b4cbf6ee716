"""Worked cases: manifests before and after beside a patchset or overlay, run to see that they still hold.

A case is a folder `cases/<case>` of a patchset's folder, with `input.yaml`, perhaps `values.yaml` (as
for -f), and what is expected: `expected.yaml` and perhaps `report.txt`, or `error.txt`.
"""

from __future__ import annotations

import contextlib
import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from postrender import library, pipeline, uses
from postrender.errors import PostrenderError
from postrender.fields import shown
from postrender.reports import Report, text
from postrender.reports.visible import visible_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KINDS = {"patchset.yaml": "Patchset", "overlay.yaml": "Overlay", "postrender.yaml": "Overlay"}
INPUT, VALUES, EXPECTED, REPORT, ERROR = (
    "input.yaml",
    "values.yaml",
    "expected.yaml",
    "report.txt",
    "error.txt",
)
DIGEST_KEY = b"postrender test"


@dataclass(frozen=True, slots=True)
class Case:
    """A case, by its folder."""

    folder: Path

    @property
    def subject(self) -> Path:
        """The folder of the patchset or overlay that it is a case of."""
        return self.folder.parent.parent

    def __str__(self) -> str:
        return f"{self.subject.name}/{self.folder.name}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case: what is wrong (nothing if it holds), and the files that were written anew."""

    problem: str
    written: tuple[Path, ...] = ()


def find(path: Path) -> list[Case]:
    """The cases at `path`: a case, a patchset's folder, or a folder of such or two levels above them."""
    path = path.resolve()
    if path.parent.name == "cases":
        return [Case(path)] if _kind(path.parent.parent) and path.is_dir() else []
    folders = (folder for pattern in ("cases/*", "*/cases/*", "*/*/cases/*") for folder in path.glob(pattern))
    return sorted(
        (Case(folder) for folder in folders if folder.is_dir() and _kind(folder.parent.parent)),
        key=lambda case: case.folder,
    )


def run(case: Case, *, update: bool = False) -> Outcome:
    """Run a case, and with `update` write anew what it expects.

    Manifests never become an error that way, nor an error manifests: whoever means that deletes the
    expected file.
    """
    if not (case.folder / INPUT).is_file():
        return Outcome(f"there is no {INPUT}")
    expected = {
        name: (case.folder / name).read_bytes()
        for name in (EXPECTED, REPORT, ERROR)
        if (case.folder / name).is_file()
    }
    found = _found(case)
    if EXPECTED in expected and ERROR in found:
        return Outcome(f"an error, where {EXPECTED} should come out:\n{visible_lines(found[ERROR].decode())}")
    if ERROR in expected and EXPECTED in found:
        return Outcome(f"no error, and {ERROR} says there is one")
    if update:
        return Outcome("", tuple(_write(case, expected, found)))
    if EXPECTED not in expected and ERROR not in expected:
        return Outcome(
            f"nothing is expected; `postrender test --update` writes {EXPECTED} or {ERROR}, to be read"
        )
    problems = (_difference(name, expected[name], found.get(name, b"")) for name in expected)
    return Outcome("\n".join(problem for problem in problems if problem))


def _found(case: Case) -> dict[str, bytes]:
    """What comes out, by the name of the file that expects it."""
    # From inside its folder, a file of the patchset would be named without that.
    inside = Path.cwd().is_relative_to(case.subject)
    with contextlib.chdir(case.subject.parent) if inside else contextlib.nullcontext():
        return _rendered(case)


def _rendered(case: Case) -> dict[str, bytes]:
    kind = _kind(case.subject)
    values = case.folder / VALUES
    try:
        plan = uses.plan(
            patchsets=[str(case.subject)] if kind == "Patchset" else [],
            overlays=[str(case.subject)] if kind == "Overlay" else [],
            values=[values] if values.exists() else [],
        )
        rendered = pipeline.render((case.folder / INPUT).read_bytes(), plan, digest_key=DIGEST_KEY)
    except PostrenderError as error:
        return {ERROR: f"{_portable(str(error), case)}\n".encode()}
    notes = tuple(_portable(note.text, case) for note in rendered.notes)
    report = Report((), rendered.changes, notes, rendered.resources)
    return {EXPECTED: rendered.output, REPORT: text.write(report).encode()}


def _write(case: Case, expected: Mapping[str, bytes], found: Mapping[str, bytes]) -> Iterator[Path]:
    for name, content in found.items():
        if name == REPORT and expected and REPORT not in expected:
            continue  # somebody did without it
        if expected.get(name) != content:
            (case.folder / name).write_bytes(content)
            yield case.folder / name


def _portable(message: str, case: Case) -> str:
    """A message that is the same in every checkout: files named from the folder that their patchset is in."""
    folders = {case.subject, *(entry.path.parent.resolve() for entry in library.entries())}
    for folder in sorted(folders, key=lambda folder: len(str(folder)), reverse=True):
        message = message.replace(f"{shown(folder)}/", f"{folder.name}/")
    return message


def _difference(name: str, expected: bytes, found: bytes) -> str:
    if expected == found:
        return ""
    old, new = (content.decode("utf-8", "backslashreplace").split("\n") for content in (expected, found))
    lines = difflib.unified_diff(old, new, f"{name} as it is expected", f"{name} as it came out", lineterm="")
    return visible_lines("\n".join(lines))


def _kind(folder: Path) -> str | None:
    return next((kind for name, kind in KINDS.items() if (folder / name).is_file()), None)
