"""What a shell can complete on our command lines: names of patchsets and overlays, tags, parameters.

    eval "$(_POSTRENDER_COMPLETE=bash_source postrender)"       # or zsh_source, fish_source

A file with a mistake completes to nothing: this is no place for messages.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from postrender.errors import PostrenderError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import click
    from click.shell_completion import CompletionItem

    from postrender.patchset import Patchset

VARIABLE = "_POSTRENDER_COMPLETE"

_KINDS = {"patchsets": "Patchset", "overlays": "Overlay"}


def run(commands: click.Command, instruction: str) -> int:
    """Answer a shell, by click's protocol; the exit code comes back."""
    from click import shell_completion

    class Bash(shell_completion.BashComplete):
        """Bash, which would put a space after `--set name=`, and takes each `=` for a word of its own."""

        source_template = shell_completion.BashComplete.source_template.replace(
            "COMPREPLY+=($value)", "COMPREPLY+=($value); [[ $value == *= ]] && compopt -o nospace"
        )

        def get_completion_args(self) -> tuple[list[str], str]:
            args, incomplete = super().get_completion_args()
            return [arg for arg in args if arg != "="], "" if incomplete == "=" else incomplete

    shell_completion.add_completion_class(Bash)
    return shell_completion.shell_complete(commands, {}, "postrender", VARIABLE, instruction)


def names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Names of patchsets or overlays, as the option is called, of both for an argument; or a path."""
    from postrender import library

    if "/" in incomplete or incomplete.startswith((".", "~")):
        return _items([incomplete], incomplete, "file")
    kind = _KINDS.get(parameter.name or "")
    found: list[str] = []
    with contextlib.suppress(PostrenderError):
        found += (entry.name for entry in library.entries() if kind in (None, entry.kind))
    return _items(found, incomplete)


def tags(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Tags of patchsets and overlays."""
    from postrender import library

    found: set[str] = set()
    for entry in library.entries():
        with contextlib.suppress(PostrenderError):
            found.update(library.load(entry.path).tags)
    return _items(sorted(found), incomplete)


def parameters(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Parameters, with `=`, of what the command line has chosen so far, and of the uses inside by label."""
    from postrender import uses

    found: list[str] = []
    chosen = list(_chosen(context))
    for patchset in chosen:
        others = {each.name for other in chosen if other is not patchset for each in other.parameters}
        for each in patchset.parameters:
            found.append(f"{patchset.name}.{each.name}=" if each.name in others else f"{each.name}=")
    for patchset in chosen:
        for use in uses.all_uses(patchset.uses):
            found += (f"{use.label}.{each.name}=" for each in use.patchset.parameters)
    return _items(found, incomplete)


def _chosen(context: click.Context) -> Iterator[Patchset]:
    from postrender import library
    from postrender.cli.asked import Asked

    asked = {option: tuple(context.params.get(option) or ()) for option in _KINDS}
    with contextlib.suppress(PostrenderError):
        for choice in Asked(**asked, values=(), sets=(), set_files=(), namespace=None).choices():
            with contextlib.suppress(PostrenderError):
                yield library.load(library.find(choice.name, choice.kind))


def _items(values: Iterable[str], incomplete: str, kind: str = "plain") -> list[CompletionItem[str]]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(value, type=kind) for value in values if value.startswith(incomplete)]
