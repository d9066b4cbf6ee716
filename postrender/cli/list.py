"""`postrender list`: the patchsets and overlays that can be named."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from postrender import library
from postrender.cli import completion, terminal
from postrender.errors import FormatError, did_you_mean
from postrender.reports.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postrender.library import Entry

_WIDTH = 100


@click.command("list")
@click.option(
    "--tag",
    "tags",
    multiple=True,
    shell_complete=completion.tags,
    help="Only those with this tag; repeated, with all of them.",
)
def command(tags: tuple[str, ...]) -> int:
    """List the patchsets and overlays that can be named, a line each, and the tags that there are."""
    rows = [_row(entry) for entry in library.entries()]
    known = Counter(tag for row in rows for tag in row.tags)
    for tag in tags:
        if tag not in known:
            raise FormatError(f"nothing has the tag {tag}", hint=did_you_mean(tag, known))
    chosen = [row for row in rows if set(tags) <= set(row.tags)]
    width = terminal.width()
    lines = [_cut(visible(line), width) for line in _table(chosen)]
    if known and not tags:
        counted = ", ".join(f"{tag} ({known[tag]})" for tag in sorted(known))
        lines += [
            "",
            "Tags:",
            *textwrap.wrap(visible(counted), width or _WIDTH, initial_indent="  ", subsequent_indent="  "),
        ]
    terminal.say("".join(f"{line}\n" for line in lines))
    return int(any(row.broken for row in rows))


@dataclass(frozen=True, slots=True)
class _Row:
    entry: Entry
    line: str
    tags: tuple[str, ...] = ()
    broken: bool = False


def _row(entry: Entry) -> _Row:
    """What is listed of an entry. One file with mistakes does not hide all the others."""
    try:
        found = library.load(entry.path)
    except FormatError:
        return _Row(entry, f"has mistakes; `postrender show {entry.name}` says which", broken=True)
    return _Row(entry, " ".join(found.description.split()), found.tags)


def _table(rows: Sequence[_Row]) -> Iterator[str]:
    width = max((len(row.entry.name) for row in rows), default=0)
    kind = ""
    for row in rows:
        if row.entry.kind != kind:
            yield from ([""] if kind else [])
            yield f"{row.entry.kind}s:"
            kind = row.entry.kind
        tags = f" [{', '.join(row.tags)}]" if row.tags else ""
        origin = "" if row.entry.origin == "postrender" else f" ({row.entry.origin})"
        yield f"  {row.entry.name:<{width}}  {row.line}{tags}{origin}"


def _cut(line: str, width: int | None) -> str:
    return line if width is None or len(line) <= width else f"{line[: width - 1]}…"
