"""What a command line asks for: which patchsets, with which values."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from postrender import pipeline
from postrender.cli import terminal
from postrender.errors import FormatError

if TYPE_CHECKING:
    from postrender.pipeline import Rendered
    from postrender.reports import Report, Source
    from postrender.uses import Plan

VARIABLE = "POSTRENDER_OVERLAY"
DISCOVERED = "postrender.yaml"


class Choice(NamedTuple):
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


class Asked(NamedTuple):
    """What the options ask for."""

    patchsets: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    values: tuple[Path, ...] = ()
    sets: tuple[str, ...] = ()
    set_files: tuple[str, ...] = ()
    namespace: str | None = None

    def apply(self) -> int:
        """Patches stdin to stdout: all of it, or nothing and an error. Returns the exit code."""
        terminal.write(self.render().output)
        return 0

    def render(self) -> Rendered:
        """What becomes of the manifests on stdin. Raises PostrenderError."""
        # What one run makes lives to its end: looking for garbage would walk all of it again and again.
        gc.disable()
        plan = self.plan()
        return pipeline.render(terminal.read(), plan, namespace=self.namespace)

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
