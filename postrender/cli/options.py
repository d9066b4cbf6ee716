"""The options that say what to do to manifests, and the value that they become."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from postrender.cli import completion
from postrender.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable

    from postrender.pipeline import Rendered
    from postrender.reports import Report, Source
    from postrender.uses import Plan

_Given = TypeVar("_Given")

VARIABLE = "POSTRENDER_OVERLAY"
DISCOVERED = "postrender.yaml"


@dataclass(frozen=True, slots=True)
class Choice:
    """A patchset or overlay to apply, and by whom it was chosen."""

    kind: str
    name: str
    chosen: str

    def source(self) -> Source:
        """What a report says of it."""
        from postrender import library
        from postrender.fields import shown
        from postrender.reports import Source

        return Source(self.kind, self.name, shown(library.find(self.name, self.kind)), self.chosen)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options ask for."""

    patchsets: tuple[str, ...]
    overlays: tuple[str, ...]
    values: tuple[Path, ...]
    sets: tuple[str, ...]
    set_files: tuple[str, ...]
    namespace: str | None

    def choices(self) -> list[Choice]:
        """What is to be applied, in order: as the options say, or the overlay that is found without them.

        Raises FormatError where there is none: manifests that pass through unpatched would take the
        patches off a live release.
        """
        options = [
            *(Choice("Overlay", name, "--overlay") for name in self.overlays),
            *(Choice("Patchset", name, "--patchset") for name in self.patchsets),
        ]
        if options:
            return options
        if named := os.environ.get(VARIABLE):
            return [Choice("Overlay", named, VARIABLE)]
        if Path(DISCOVERED).exists():
            return [Choice("Overlay", DISCOVERED, "found in the working directory")]
        raise FormatError(
            "nothing says which patches to apply",
            hint=f"name an overlay or patchset with --overlay, --patchset or {VARIABLE}, or put a "
            f"{DISCOVERED} into {Path.cwd()}; `postrender list` shows what there is",
        )

    def plan(self) -> Plan:
        """The patches to run, with their parameters. Raises FormatError."""
        from postrender import uses

        choices = self.choices()
        return uses.plan(
            patchsets=[choice.name for choice in choices if choice.kind == "Patchset"],
            overlays=[choice.name for choice in choices if choice.kind == "Overlay"],
            values=self.values,
            sets=self.sets,
            set_files=self.set_files,
        )

    def report(self, rendered: Rendered) -> Report:
        """The report on a run of this."""
        from postrender.reports import Report

        return Report(
            sources=tuple(choice.source() for choice in self.choices()),
            changes=rendered.changes,
            notes=tuple(note.text for note in rendered.notes),
            resources=rendered.resources,
        )


def patching(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that make an `Asked`, its first argument."""

    @functools.wraps(function)
    def command(
        *,
        patchsets: tuple[str, ...],
        overlays: tuple[str, ...],
        values: tuple[Path, ...],
        sets: tuple[str, ...],
        set_files: tuple[str, ...],
        namespace: str | None,
        **others: object,
    ) -> int:
        return function(Asked(patchsets, overlays, values, sets, set_files, namespace), **others)

    for option in reversed(_OPTIONS):
        option(command)
    return command


def _value(context: click.Context, parameter: click.Parameter, value: _Given) -> _Given:
    """An option's value as it is, unless it is the next option.

    Helm's empty arguments are dropped, and with them the value of `--namespace $UNSET`.
    """
    given = value if isinstance(value, tuple) else (value,)
    if any(str(text).startswith("--") for text in given):
        raise click.BadParameter("it has no value: an option follows")
    return value


def _assignment(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> tuple[str, ...]:
    """The texts of --set as they are. One without `=` is not shown: it may be the value of another."""
    if not all("=" in text for text in _value(context, parameter, texts)):
        raise click.BadParameter("it has no `=`: PARAMETER=VALUE is what it takes")
    return texts


_OPTIONS = [
    click.option(
        "--patchset",
        "patchsets",
        multiple=True,
        metavar="NAME|PATH",
        callback=_value,
        shell_complete=completion.names,
        help="Apply this patchset, after the overlays; may be repeated, and the order counts.",
    ),
    click.option(
        "--overlay",
        "overlays",
        multiple=True,
        metavar="NAME|PATH",
        callback=_value,
        shell_complete=completion.names,
        help=f"Apply this overlay. Without --overlay and --patchset the one that {VARIABLE} names, "
        f"or {DISCOVERED} in the working directory.",
    ),
    click.option(
        "--set",
        "sets",
        multiple=True,
        metavar="[LABEL.]PARAMETER=VALUE",
        callback=_assignment,
        shell_complete=completion.parameters,
        help="Set a parameter, of the patchset or use LABEL where several have it; all after the first = "
        "is the value.",
    ),
    click.option(
        "--set-file",
        "set_files",
        multiple=True,
        metavar="[LABEL.]PARAMETER=PATH",
        callback=_assignment,
        shell_complete=completion.parameters,
        help="Set a parameter to what a file holds.",
    ),
    click.option(
        "-f",
        "--values",
        multiple=True,
        metavar="PATH",
        type=click.Path(path_type=Path),
        callback=_value,
        help="Set parameters from a YAML file; may be repeated, later files win, --set wins over all.",
    ),
    click.option(
        "--namespace",
        metavar="NAME",
        envvar="HELM_NAMESPACE",
        callback=_value,
        help="The release's namespace, for targets that ask for one. Default: HELM_NAMESPACE.",
    ),
]
