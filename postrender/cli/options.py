"""The options that say what to do to manifests."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from postrender.cli import completion
from postrender.cli.asked import DISCOVERED, VARIABLE, Asked

if TYPE_CHECKING:
    from collections.abc import Callable


_Given = TypeVar("_Given")


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
