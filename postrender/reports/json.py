"""The report for programs: one JSON object, as `report.schema.json` beside this file describes it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from postrender.edits import ABSENT
from postrender.reports import Report, count

if TYPE_CHECKING:
    from postrender.changes import Change

_HEAD = {"apiVersion": "postrender/v1", "kind": "Report"}


def write(report: Report) -> str:
    """`report` as JSON, of ASCII characters only, so that nothing in it can act on a terminal."""
    return _dump(
        {
            **_HEAD,
            "sources": [asdict(source) for source in report.sources],
            "changes": [_change(change) for change in report.changes],
            "notes": list(report.notes),
            "counts": asdict(count(report)),
        }
    )


def write_error(message: str) -> str:
    """What a report file holds when there is nothing to report because of an error."""
    return _dump({**_HEAD, "error": message})


def _change(change: Change) -> dict[str, Any]:
    sides = {"before": change.before, "after": change.after}
    return {
        "resource": {**change.resource._asdict(), "hook": change.hook},
        "pointer": change.pointer,
        **{side: value for side, value in sides.items() if value is not ABSENT},
        "patchset": change.patchset,
        "patch": change.patch,
    }


def _dump(report: dict[str, Any]) -> str:
    # DEL is the one control character that JSON leaves as it is.
    return json.dumps(report, indent=2).replace("\x7f", "\\u007f") + "\n"
