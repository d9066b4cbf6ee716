"""`postrender schema`: the JSON Schemas of our files, for editors and for programs."""

from __future__ import annotations

import click

from postrender import schema
from postrender.cli import terminal


@click.command("schema")
@click.argument("name", type=click.Choice(list(schema.SCHEMAS)))
def command(name: str) -> int:
    """Print a JSON Schema (draft 2020-12): of patchset and overlay files, or of JSON reports.

    Saved to a file, it makes an editor complete and check: begin patchset.yaml with the comment
    # yaml-language-server: $schema=PATH
    """
    terminal.say(schema.SCHEMAS[name]())
    return 0
