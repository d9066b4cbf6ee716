"""What a run did, as a value, and the formats that it can be written in: one file each in this package."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from postrender.edits import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from postrender.changes import Change
    from postrender.documents import Identity


@dataclass(frozen=True, slots=True)
class Source:
    """A patchset or overlay that ran: what it was called, which file that was, and who chose it."""

    kind: str
    name: str
    path: str
    chosen: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that a report says; a format only reads it."""

    sources: tuple[Source, ...]
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    resources: int

    def by_resource(self) -> list[Touched]:
        """The changes of each resource together, resources in the order of their first change."""
        found: dict[tuple[Identity, bool], list[Change]] = {}
        for change in self.changes:
            found.setdefault((change.resource, change.hook), []).append(change)
        return [Touched(resource, hook, tuple(changes)) for (resource, hook), changes in found.items()]


@dataclass(frozen=True, slots=True)
class Touched:
    """A resource and what was done to it, in order."""

    resource: Identity
    hook: bool
    changes: tuple[Change, ...]

    @property
    def added(self) -> bool:
        """Whether it was not there before."""
        return is_addition(self.changes[0])

    @property
    def removed(self) -> bool:
        """Whether it is not there any more."""
        return is_removal(self.changes[-1])

    def by_patch(self) -> list[tuple[str, str, list[Change]]]:
        """Patchset, patch and what it did, in the order in which they ran."""
        runs = groupby(self.changes, key=lambda change: (change.patchset, change.patch))
        return [(patchset, patch, list(changes)) for (patchset, patch), changes in runs]


def is_addition(change: Change) -> bool:
    """Whether a change brings in a whole resource."""
    return change.pointer == "" and change.before is ABSENT


def is_removal(change: Change) -> bool:
    """Whether a change takes a whole resource away."""
    return change.pointer == "" and change.after is ABSENT


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of a report: resources read, and those of them changed, added and removed; changes."""

    resources: int
    changed: int
    added: int
    removed: int
    changes: int


def count(report: Report) -> Counts:
    """The numbers of `report`; what was added and patched afterwards counts as added."""
    touched = report.by_resource()
    added = sum(each.added for each in touched)
    removed = sum(each.removed and not each.added for each in touched)
    return Counts(report.resources, len(touched) - added - removed, added, removed, len(report.changes))


@dataclass(frozen=True, slots=True)
class Format:
    """How a report is written, and what stands in its place when an error left none."""

    write: Callable[[Report], str]
    write_error: Callable[[str], str]


def _text() -> Format:
    from postrender.reports import text

    return Format(text.write, text.write_error)


def _json() -> Format:
    from postrender.reports import json

    return Format(json.write, json.write_error)


# Functions, because a format is imported when it is first used: `apply` without a report needs none.
FORMATS: dict[str, Callable[[], Format]] = {"text": _text, "json": _json}
ENDINGS = {".txt": "text", ".json": "json"}
