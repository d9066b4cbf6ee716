"""`postrender diff`: what patchsets change, for people or for programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from postrender import pipeline
from postrender.cli import failures, options, terminal
from postrender.errors import InputError
from postrender.reports import FORMATS, text

if TYPE_CHECKING:
    from postrender.cli.asked import Asked


@click.command("diff")
@options.patching
@click.argument("file", type=click.Path(path_type=Path), default=Path("-"))
@click.option("--format", "name", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option(
    "--exit-code", is_flag=True, help="Exit with 1 if there are changes, with 2 or more on an error."
)
def command(asked: Asked, file: Path, name: str, exit_code: bool) -> int:
    """Show what is changed in the manifests of FILE, or on stdin.

    Values of Secrets and of secret parameters show as short digests, equal where the values are.
    """
    with failures.mistakes_end_with(2 if exit_code else 1):
        plan = asked.plan()
        rendered = pipeline.render(_manifests(file), plan, namespace=asked.namespace)
        report = asked.report(rendered)
    if name == "text":
        terminal.say(text.write(report, colour=terminal.has_colour()))
    else:
        terminal.say(FORMATS[name]().write(report))
    return int(exit_code and bool(report.changes))


def _manifests(file: Path) -> bytes:
    if file == Path("-"):
        return terminal.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error
