"""The files that a report goes to: written whole or not at all, and holding the error after one."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from postrender.cli import failures
from postrender.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from postrender.reports import Format, Report


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file that a report was asked for in, its format known by its ending."""

    path: Path

    @property
    def format(self) -> Format:
        """How the report is written in it."""
        from postrender.reports import ENDINGS, FORMATS

        return FORMATS[ENDINGS[self.path.suffix]]()


def write(files: Sequence[ReportFile], report: Report) -> None:
    """Write the report to each of the files, to all or to none. Raises OutputError."""
    _write({file.path: file.format.write(report) for file in files})


@contextlib.contextmanager
def told(files: Sequence[ReportFile]) -> Iterator[None]:
    """An error that comes out of here is what the files hold then, instead of an older report."""
    try:
        yield
    except BaseException as error:
        for file in files:
            _tell(file, error)
        raise


class Reporting(click.Command):
    """A command of options only, whose report files are told of a wrong command line too."""

    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments as click does, and on wrong usage tell the report files."""
        given = list(args)
        try:
            if super().parse_args(ctx, args) and not ctx.resilient_parsing:
                # Not shown, as click would: in `--set password= hunter2` it is the password.
                ctx.fail("an argument belongs to no option; manifests are read from stdin")
        except click.UsageError as error:
            # Read again, forgiving, for the report files among whatever else is there.
            forgiving = self.make_context(
                ctx.info_name, given, resilient_parsing=True, ignore_unknown_options=True
            )
            for file in forgiving.params["reports"] or ():
                _tell(file, error)
            raise
        return []


def _from_option(
    context: click.Context, parameter: click.Parameter, paths: tuple[Path, ...]
) -> tuple[ReportFile, ...]:
    if not paths:
        return ()
    from postrender.reports import ENDINGS

    for path in paths:
        if path.suffix not in ENDINGS:
            raise click.BadParameter(f"{path} has to end in {' or '.join(ENDINGS)}")
    return tuple(ReportFile(path) for path in dict.fromkeys(paths))


option = click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),  # which also splits the variable, as PATH is split
    envvar="POSTRENDER_REPORT",
    callback=_from_option,
    help="Write a report of all changes to this file, .txt or .json; may be repeated. "
    "Default: POSTRENDER_REPORT.",
)


def _tell(file: ReportFile, error: BaseException) -> None:
    message = failures.of(error).message or "stopped before the end"
    # If the file cannot be written, that may be the very error; it is told on stderr in any case.
    with contextlib.suppress(OutputError):
        _write({file.path: file.format.write_error(message)})


def _write(texts: Mapping[Path, str]) -> None:
    """Write new files beside the old ones, and when all are there put them in their place."""
    scratch: dict[Path, Path] = {}
    try:
        for asked, text in texts.items():
            path = Path(os.path.realpath(asked))
            new = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
            with _named(asked):
                if path.exists() and not path.is_file():
                    raise OutputError(f"report {asked} cannot be written: it is no ordinary file")
                scratch[path] = new
                new.write_text(text, encoding="utf-8")
        for path, new in scratch.items():
            with _named(path):
                new.replace(path)
    finally:
        for new in scratch.values():
            with contextlib.suppress(OSError):
                new.unlink()


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"report {path} cannot be written: {error.strerror}") from error
