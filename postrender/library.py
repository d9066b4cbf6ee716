"""Names to files: the patchsets and overlays that ship with the package, and a site's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from postrender import patchset
from postrender.errors import FormatError, did_you_mean
from postrender.fields import is_file, resolved, shown

if TYPE_CHECKING:
    from postrender.patchset import Patchset

ENVIRONMENT: Final = "POSTRENDER_PATCHSETS"
FILES: Final = {"Patchset": "patchset.yaml", "Overlay": "overlay.yaml"}
_FOLDERS: Final = {"Patchset": "patchsets", "Overlay": "overlays"}
_DISCOVERED: Final = "postrender.yaml"


@dataclass(frozen=True, slots=True)
class Entry:
    """A patchset or overlay that can be named."""

    name: str
    kind: str
    path: Path
    origin: str


def entries() -> list[Entry]:
    """All patchsets, then all overlays, by name; a site's own come before ours of the same name."""
    found: dict[tuple[str, str], Entry] = {}
    for kind, file in FILES.items():
        for folder, origin in _folders(kind):
            if folder.is_dir():
                for path in sorted(folder.glob(f"*/{file}")):
                    entry = Entry(path.parent.name, kind, path, origin)
                    found.setdefault((kind, entry.name), entry)
    return sorted(found.values(), key=lambda entry: (entry.kind != "Patchset", entry.name))


def find(name: str, kind: str | None = None, base: Path | None = None) -> Path:
    """The file of a patchset or overlay.

    A `name` with a `/` in it, or that ends in `.yaml` or `.yml`, is a path from `base`, of the file or its
    folder. Raises FormatError when there is none.
    """
    if "/" in name or name in (".", "..") or name.endswith((".yaml", ".yml")):
        return _at(Path(name) if name.startswith("~") else Path(base or Path.cwd(), name), name)
    kinds = [kind] if kind else list(FILES)
    for each in kinds:
        for folder, _ in _folders(each):
            path = folder / name / FILES[each]
            if is_file(path):
                return path
    words = " or ".join(each.lower() for each in kinds)
    known = [entry.name for entry in entries() if entry.kind in kinds]
    hint = did_you_mean(name, known) or "`postrender list` shows what there is; a path has a / in it"
    raise FormatError(f"no {words} {name!r}", hint=hint)


def load(path: Path) -> Patchset:
    """The patchset or overlay in a file, with all that it uses. Raises FormatErrors with every mistake."""
    return patchset.load(path, find, shipped=is_shipped)


def is_shipped(path: Path) -> bool:
    """Whether a file is the package's own."""
    return any(path.resolve().is_relative_to(_shipped(kind)) for kind in FILES)


def _at(path: Path, name: str) -> Path:
    found = resolved(path)
    files = (*FILES.values(), _DISCOVERED)
    for each in (found, *(found / file for file in files)) if found else ():
        if is_file(each):
            return each
    raise FormatError(f"no such file, and no folder with {' or '.join(files)}", place=(name,))


def _folders(kind: str) -> list[tuple[Path, str]]:
    own = [Path(folder) for folder in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if folder]
    sites = [
        (folder / part if part else folder, shown(folder)) for folder in own for part in ("", _FOLDERS[kind])
    ]
    return [*sites, (_shipped(kind), "postrender")]


def _shipped(kind: str) -> Path:
    """Beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parent
    checkout = package.parent / _FOLDERS[kind]
    return (
        checkout if (package.parent / "pyproject.toml").is_file() else package / "_library" / _FOLDERS[kind]
    )
