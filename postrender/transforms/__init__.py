"""What neither kind of patch can say, one file each; also found in other packages by entry point.

A transform is a module (or any object) with these members:

- `OPTIONS`: its options by name, each with the Schema of its values; `REQUIRED`: those it cannot do without.
- `check(options)`: raises PatchError for options that do not go together; called when the file is read,
  with those options that no parameter is part of.
- `roots(options)`: the root members that it reads or changes, None where that cannot be said.
- `apply(value, options, context)`: what becomes of the value at one place that the patch found: the same
  object where nothing changes, REMOVED where it goes, or a Result that says more.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from postrender.changes import Edit
    from postrender.documents import Identity
    from postrender.kubeyaml import Value
    from postrender.parameters import Schema
    from postrender.patches import Removed
    from postrender.pointers import Path

OURS: Final = ("merge-pairs",)
_ENTRY_POINTS: Final = "postrender.transforms"


@dataclass(frozen=True, slots=True)
class Context:
    """What a transform may know besides the value: whose it is, where it stands, what changed so far.

    `others()` gives every resource that is there now, this one too, with its whole data.
    """

    resource: Identity
    place: Path
    edits: Sequence[Edit]
    others: Callable[[], Iterable[tuple[Identity, dict[str, Value]]]]


@dataclass(frozen=True, slots=True)
class Result:
    """A value with what else a transform did: resources to add to the stream, sentences for the report."""

    value: Value | Removed
    added: tuple[dict[str, Value], ...] = ()
    notes: tuple[str, ...] = ()


class Transform(Protocol):
    """The members of a transform."""

    OPTIONS: Mapping[str, Schema]
    REQUIRED: frozenset[str]

    def check(self, options: Mapping[str, Value]) -> None:
        """Raises PatchError for options that do not go together."""

    def roots(self, options: Mapping[str, Value]) -> frozenset[str] | None:
        """The root members that it reads or changes, without an `at`; None where that cannot be said."""

    def apply(self, value: Value, options: Mapping[str, Value], context: Context) -> Value | Removed | Result:
        """What becomes of the value at one place."""


def find(name: str) -> Transform | None:
    """The transform of a name; other packages are only looked at for a name that is not ours."""
    if name in OURS:
        return cast("Transform", importlib.import_module(f"postrender.transforms.{name.replace('-', '_')}"))
    from importlib.metadata import entry_points

    points = {point.name: point for point in entry_points(group=_ENTRY_POINTS)}
    return cast("Any", points[name].load()) if name in points else None


def names() -> list[str]:
    """The names of all transforms there are."""
    from importlib.metadata import entry_points

    return sorted({*OURS, *(point.name for point in entry_points(group=_ENTRY_POINTS))})
