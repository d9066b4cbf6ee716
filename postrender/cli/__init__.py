"""The command line: which command an invocation means, and the one place where errors end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from postrender.cli import failures, quick, terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = "0.1.0"


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code comes back.

    0 is done, 1 a mistake that the user can mend, 2 wrong usage, 70 a bug of ours.
    """
    try:
        asked = quick.read(meant(arguments))
        if asked is not None:
            return asked.apply()
        from postrender.cli import commands

        return commands.run(meant(arguments))
    except BaseException as error:  # noqa: BLE001 - here, and only here, all errors end
        failure = failures.of(error)
        terminal.complain(failure.message)
        return failure.code


def meant(arguments: Sequence[str]) -> list[str]:
    """The arguments with the command that is meant in front.

    Helm passes an empty argument where a plugin's variable is not set, and names no command when it
    runs a post-renderer by its path.
    """
    given = [argument for argument in arguments if argument]
    if not given:
        return ["--help"] if terminal.is_terminal(sys.stdin) else ["apply"]
    if given[0].startswith("-") and given[0] not in ("-h", "--help", "--version"):
        return ["apply", *given]
    return given
