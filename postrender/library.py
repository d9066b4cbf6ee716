"""Names to files: a site's own patchsets and overlays, in folders and in packages, and then ours.

A package names folders with entry points of the group `postrender.patchsets`, each a package (a folder on
the import path) in which `<name>/patchset.yaml` and `<name>/overlay.yaml` lie.
"""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from postrender import patchset
from postrender.errors import FormatError, did_you_mean
from postrender.fields import is_file, resolved, shown

if TYPE_CHECKING:
    from postrender.patchset import Patchset

ENVIRONMENT: Final = "POSTRENDER_PATCHSETS"
FILES: Final = {"Patchset": "patchset.yaml", "Overlay": "overlay.yaml"}
_FOLDERS: Final = {"Patchset": "patchsets", "Overlay": "overlays"}
_DISCOVERED: Final = "postrender.yaml"
_ENTRY_POINTS: Final = "postrender.patchsets"


class Entry(NamedTuple):
    """A patchset or overlay that can be named; `origin` is the folder or package that it comes from."""

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
    folder. A name is looked for in the folders of POSTRENDER_PATCHSETS, then in packages, then among ours;
    what is in `base` itself is not meant, so that a site's own overlay may build on ours of the same name.
    Raises FormatError when there is none.
    """
    if "/" in name or name in (".", "..") or name.endswith((".yaml", ".yml")):
        return _at(Path(name) if name.startswith("~") else Path(base or "", name), name)
    kinds = [kind] if kind else list(FILES)
    for each in kinds:
        for folder, _ in _folders(each):
            path = folder / name / FILES[each]
            if is_file(path) and (base is None or path.parent.resolve() != base):
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
    sites = [(folder / part, shown(folder)) for folder in own for part in ("", _FOLDERS[kind])]
    sites += [
        (folder / part, origin)
        for folder, origin in _packaged(tuple(sys.path))
        for part in ("", _FOLDERS[kind])
    ]
    return [*sites, (_shipped(kind), "postrender")]


@functools.cache
def _packaged(path: tuple[str, ...]) -> tuple[tuple[Path, str], ...]:
    """The folders that packages on the import path name, in the order of their entry points' names."""
    if not any(map(_may_name_folders, path)):
        return ()
    from importlib.metadata import entry_points
    from importlib.util import find_spec

    found: list[tuple[Path, str]] = []
    for point in sorted(entry_points(group=_ENTRY_POINTS), key=lambda point: point.name):
        try:
            spec = find_spec(point.value)  # found, not imported: it is a place for files
        except ImportError:
            spec = None
        if spec is None or not spec.submodule_search_locations:
            what = f"the entry point {point.name} of {_ENTRY_POINTS} names {point.value}, which is no package"
            raise FormatError(what, hint="install again what it belongs to")
        found += ((Path(place), f"package {point.value}") for place in spec.submodule_search_locations)
    return tuple(found)


def _may_name_folders(place: str) -> bool:
    """Whether packages at a place of the import path have such entry points.

    Seen in the files themselves: importing importlib.metadata takes longer than all else that `apply`
    imports, and `helm upgrade` waits for it.
    """
    files = Path(place).glob("*-info/entry_points.txt")
    return Path(place).is_file() or any(_ENTRY_POINTS.encode() in file.read_bytes() for file in files)


def _shipped(kind: str) -> Path:
    """Beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parent
    checkout = package.parent / _FOLDERS[kind]
    return (
        checkout if (package.parent / "pyproject.toml").is_file() else package / "_library" / _FOLDERS[kind]
    )
