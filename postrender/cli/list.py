"""`postrender list`: the patchsets and overlays that can be named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from postrender import library
from postrender.cli import terminal
from postrender.errors import FormatError, did_you_mean
from postrender.reports.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postrender.library import Entry
    from postrender.patchset import Patchset


@click.command("list")
@click.option("--tag", "tags", multiple=True, help="Only those with this tag; repeated, with all of them.")
def command(tags: tuple[str, ...]) -> int:
    """List the patchsets and overlays that can be named."""
    loaded = [(entry, library.load(entry.path)) for entry in library.entries()]
    known = {tag for _, each in loaded for tag in each.tags}
    for tag in tags:
        if tag not in known:
            raise FormatError(f"nothing has the tag {tag}", hint=did_you_mean(tag, known))
    chosen = [(entry, each) for entry, each in loaded if set(tags) <= set(each.tags)]
    terminal.say("".join(f"{line}\n" for line in _table(chosen)))
    return 0


def _table(entries: Sequence[tuple[Entry, Patchset]]) -> Iterator[str]:
    width = max((len(entry.name) for entry, _ in entries), default=0)
    kind = ""
    for entry, each in entries:
        if entry.kind != kind:
            yield from ([""] if kind else [])
            yield f"{entry.kind}s:"
            kind = entry.kind
        tags = f" [{', '.join(each.tags)}]" if each.tags else ""
        origin = "" if entry.origin == "postrender" else f" ({entry.origin})"
        yield visible(f"  {entry.name:<{width}}  {each.description}{tags}{origin}")
