"""`postrender apply`: rendered manifests in, patched manifests out. Helm runs this."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from postrender.cli import options, report_files, terminal

if TYPE_CHECKING:
    from postrender.cli.asked import Asked
    from postrender.cli.report_files import ReportFile


@click.command("apply", cls=report_files.Reporting)
@options.patching
@report_files.option
def command(asked: Asked, reports: tuple[ReportFile, ...]) -> int:
    """Patch the manifests on stdin and write them to stdout.

    All or nothing: stdout stays empty unless every patch was applied and every report written.
    """
    if not reports:
        return asked.apply()
    with report_files.told(reports):
        rendered = asked.render()
        report_files.write(reports, asked.report(rendered))
        terminal.write(rendered.output)
    return 0
