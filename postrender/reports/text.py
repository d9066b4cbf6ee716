"""The report for people: by resource, then by patch, a line for each field; for terminals and .txt files."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from postrender.changes import Digest
from postrender.edits import ABSENT, Absent
from postrender.reports import Report, Source, Touched, count, is_addition, is_removal
from postrender.reports.visible import visible, visible_lines

if TYPE_CHECKING:
    from postrender.changes import Change
    from postrender.kubeyaml import Value

Paint: TypeAlias = Callable[[str, str], str]
"""Colours a text as its sign (`+`, `-`, `~`) asks for, or leaves it."""

_COLOURS = {"+": "32", "-": "31", "~": "33", "title": "1", "patch": "2"}
_WIDTH = 100  # what is longer in one line is written in several

# A string that reads as itself: nobody takes it for a number, a boolean, a null or a digest.
_PLAIN = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z/][\w./:@%+=*-]*", re.IGNORECASE)


def write(report: Report, *, colour: bool = False) -> str:
    """`report` as text, with the colours of a terminal if `colour`.

    Whatever comes from manifests has its control characters written out.
    """
    paint = _painted if colour else _plain
    blocks = [
        [_source(source) for source in report.sources],
        *(list(_touched(touched, paint)) for touched in report.by_resource()),
        [_counts(report)],
        ["Notes:", *(f"  - {visible(note)}" for note in report.notes)] if report.notes else [],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def write_error(message: str) -> str:
    """What a report file holds when there is nothing to report because of an error."""
    return f"error: {visible_lines(message)}\n"


def _source(source: Source) -> str:
    return visible(f"{source.kind} {source.name} from {source.path} ({source.chosen})")


def _counts(report: Report) -> str:
    number = count(report)
    if not report.changes:
        return f"No changes in {_many(number.resources, 'resource')}."
    parts = [f"{number.changed} of {_many(number.resources, 'resource')} changed"] if number.changed else []
    parts += [f"{_many(number.added, 'resource')} added"] if number.added else []
    parts += [f"{_many(number.removed, 'resource')} removed"] if number.removed else []
    return f"{_many(number.changes, 'change')}: {', '.join(parts)}."


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _touched(touched: Touched, paint: Paint) -> Iterator[str]:
    sign = "-" if touched.removed else "+" if touched.added else ""
    title = visible(str(touched.resource)) + (" (hook)" if touched.hook else "")
    yield paint(sign or "title", f"{sign} {title}" if sign else title)
    for patchset, patch, changes in touched.by_patch():
        yield paint("patch", f"  {visible(patchset)}, {_patch(patch)}")
        for change in changes:
            yield from _change(change, paint)


def _patch(patch: str) -> str:
    return f"patch {patch}" if patch.isdigit() else visible(patch)


def _change(change: Change, paint: Paint) -> Iterator[str]:
    if is_removal(change):
        return  # the title says it, and the input has what it was
    if is_addition(change) and not isinstance(change.after, Absent):
        yield from (paint("+", f"    + {line}".rstrip()) for line in _block(change.after))
        return
    before, after = _lines(change.before), _lines(change.after)
    sign = "+" if change.before is ABSENT else "-" if change.after is ABSENT else "~"
    place = f"    {sign} {visible(change.pointer) or 'all of it'}:"
    short = sign != "~" or len("".join(before + after)) <= _WIDTH
    if short and max(len(before), len(after)) == 1:
        yield paint(sign, f"{place} {' → '.join(before + after)}")
        return
    yield paint(sign, place)
    yield from (paint(line[0], f"      {line}".rstrip()) for line in _difference(before, after))


def _difference(before: list[str], after: list[str]) -> list[str]:
    """A unified diff without its header; all of both sides where nothing of them can be the same."""
    if not before or not after or len(before) == len(after) == 1:
        return [f"-{line}" for line in before] + [f"+{line}" for line in after]
    return list(difflib.unified_diff(before, after, n=2, lineterm=""))[2:]


def _lines(value: Value | Absent) -> list[str]:
    if isinstance(value, Absent):
        return []
    if isinstance(value, str) and "\n" in value:
        return [visible(line) for line in value.split("\n")]
    flow = inline(value)
    short = len(flow) <= _WIDTH and r"\n" not in flow
    return [flow] if short or isinstance(value, str) else list(_block(value))


def inline(value: Value) -> str:
    """A value in one line: as in YAML's flow style, with a string in quotes unless it reads as itself."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{inline(key)}: {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    if isinstance(value, Digest):
        return str(value)
    return _string(value) if isinstance(value, str) else json.dumps(value)


def _string(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    if '"' in text and not re.search(r"['\\]", text) and visible(text) == text:
        return f"'{text}'"  # JSON in an annotation
    return visible(json.dumps(text, ensure_ascii=False))


def _block(value: Value) -> Iterator[str]:
    """A value as in YAML's block style."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            first, *rest = _block(item)
            if isinstance(item, dict | list) and item:
                first, rest = "", [first, *rest]
            yield f"{inline(key)}: {first}".rstrip()
            yield from (f"  {line}".rstrip() for line in rest)
    elif isinstance(value, list) and value:
        for item in value:
            first, *rest = _block(item)
            yield f"- {first}"
            yield from (f"  {line}".rstrip() for line in rest)
    elif isinstance(value, str) and "\n" in value:
        yield "|" if value.endswith("\n") else "|-"
        yield from map(visible, value.removesuffix("\n").split("\n"))
    else:
        yield inline(value)


def _plain(_: str, text: str) -> str:
    return text


def _painted(sign: str, text: str) -> str:
    return f"\x1b[{_COLOURS[sign]}m{text}\x1b[0m" if sign in _COLOURS else text
