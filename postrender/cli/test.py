"""`postrender test`: the worked cases of patchsets and overlays, run and compared."""

from __future__ import annotations

from pathlib import Path

import click

from postrender import library
from postrender.cli import cases, completion, terminal
from postrender.errors import FormatError


@click.command("test")
@click.argument("paths", nargs=-1, metavar="[PATH]...", shell_complete=completion.names)
@click.option("--update", is_flag=True, help="Write anew what the cases expect; the review is the diff.")
def command(paths: tuple[str, ...], update: bool) -> int:
    """Run the worked cases of patchsets and overlays.

    A PATH is a patchset's folder, a folder above it, one case, or a name; without any it is the working
    directory. A case is a folder cases/CASE with input.yaml, values.yaml if parameters are needed, and
    what comes out of it: expected.yaml and if wanted report.txt, or error.txt.
    """
    failed = passed = 0
    for case in _cases(paths or (".",)):
        outcome = cases.run(case, update=update)
        for path in outcome.written:
            terminal.say(f"{case}: wrote {path.name}\n")
        if outcome.problem:
            terminal.say(f"{case}: {outcome.problem}\n\n")
            failed += 1
        else:
            passed += 1
    terminal.say(f"{passed} passed, {failed} failed\n")
    return int(failed > 0)


def _cases(paths: tuple[str, ...]) -> list[cases.Case]:
    found: list[cases.Case] = []
    for path in paths:
        here = cases.find(Path(path) if Path(path).exists() else library.find(path).parent)
        if not here:
            raise FormatError(
                f"there are no cases in {path}", hint="a case is a folder cases/CASE of a patchset"
            )
        found += here
    return list(dict.fromkeys(found))
