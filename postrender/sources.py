"""Where a value comes from that is not written down: the environment, a file, or a resource."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from postrender.fields import resolved

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingType


class Origin(NamedTuple):
    """Where a value is written: files it names are looked for from `folder`; `trusted` is a site's own."""

    folder: Path
    trusted: bool
    place: str = ""


class ValueFrom(NamedTuple):
    """A value that is looked up when it is needed: in the environment, a file, or a resource."""

    origin: Origin
    env: str = ""
    file: str = ""
    base64: bool = False
    resource: MappingType[str, str] | None = None

    def path(self, name: str) -> Path | None:
        """The file of this name; None where it may not be read: only a site's own leave their folder."""
        path = resolved(Path(name) if name.startswith("~") else self.origin.folder / name)
        inside = path is not None and path.is_relative_to(self.origin.folder)
        return path if self.origin.trusted or inside else None
