"""The commands, each in a module of its own that is imported when it is asked for."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

import click

from postrender.cli import VERSION, completion
from postrender.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = ("apply", "diff", "list", "show", "test", "schema")


class _Commands(click.Group):
    """Commands that are imported when they are asked for: `helm upgrade` waits for us to start."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]  # `list` is a command here, once its module is imported

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in COMMANDS:
            ctx.fail(f"no command {cmd_name} ({did_you_mean(cmd_name, COMMANDS)})")
        command: click.Command = importlib.import_module(f"postrender.cli.{cmd_name}").command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments as click does; of a line that a shell completes, options alone are `apply`."""
        if ctx.resilient_parsing and args[:1] and args[0].startswith("-"):
            args = ["apply", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Without a command, as Helm runs post-renderers, it is `apply`.",
)
@click.version_option(VERSION, prog_name="postrender")
def commands() -> None:
    """Last-mile patches for Helm charts: a post-renderer and patch library."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line as click reads it; the exit code comes back."""
    if instruction := os.environ.get(completion.VARIABLE):
        return completion.run(commands, instruction)
    try:
        with commands.make_context("postrender", list(arguments)) as context:
            code: int = commands.invoke(context)
            return code
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
