"""What neither kind of patch can say, one file each; also found in other packages by entry point.

A transform is a module (or any object) with these members:

- `OPTIONS`: its options by name, each with the Schema of its values; `REQUIRED`: those it cannot do without.
  The formats `regex`, `pointer` and `replacement` say how a parameter inside such a text is put in.
- `check(options)`: raises PatchError for options that do not go together; called when the file is read,
  with those options that no parameter is part of.
- `roots(options)`: the root members that it reads or changes, None where that cannot be said.
- `apply(value, options, context)`: what becomes of the value at one place that the patch found: the same
  object where nothing changes, REMOVED where it goes, or a Result that says more.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, cast

from postrender.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from postrender.documents import Identity
    from postrender.edits import Edit
    from postrender.kubeyaml import Value
    from postrender.parameters import Schema
    from postrender.patches import Removed
    from postrender.pointers import Path

OURS: Final = (
    "checksum",
    "convert-workload",
    "fix-namespace",
    "merge-pairs",
    "move-to-secret",
    "release-replicas",
    "replace-text",
    "set-image",
    "upgrade-api",
)
_ENTRY_POINTS: Final = "postrender.transforms"


class Context(NamedTuple):
    """What a transform may know besides the value: whose it is, where it stands, what changed so far.

    `others("Service")` gives every resource of these kinds that is there now, with its whole data,
    `others()` those of all kinds, this one too. `namespace` is the release's, empty where it is not known.
    """

    resource: Identity
    place: Path
    edits: Sequence[Edit]
    others: Callable[..., Iterable[tuple[Identity, dict[str, Value]]]]
    namespace: str = ""

    def beside(self, other: Identity) -> bool:
        """Whether a resource is in the same namespace; none counts as the release's, and that as any."""
        here, there = (each.namespace or self.namespace for each in (self.resource, other))
        return here == there or not here or not there


class Result(NamedTuple):
    """A value with what else a transform did.

    `added` are resources for the stream, `changed` others of it: their data as `Context.others` gave
    them, and what becomes of that. `notes` are sentences for the report, `secret` the places in the
    resource (from its root) whose values no report may show. `missed` says, in words without values,
    why this place is none that was asked for: it does not count as matched then.
    """

    value: Value | Removed
    added: tuple[dict[str, Value], ...] = ()
    changed: tuple[tuple[dict[str, Value], Value | Removed], ...] = ()
    notes: tuple[str, ...] = ()
    secret: tuple[Path, ...] = ()
    missed: str = ""


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


_MEMBERS: Final = ("OPTIONS", "REQUIRED", "check", "roots", "apply")


def find(name: str) -> Transform | None:
    """The transform of a name; other packages are only looked at for a name that is not ours.

    Raises FormatError for one of another package that cannot be loaded, or is no transform.
    """
    if name in OURS:
        return cast("Transform", importlib.import_module(f"postrender.transforms.{name.replace('-', '_')}"))
    from importlib.metadata import entry_points

    points = [*entry_points(group=_ENTRY_POINTS, name=name)]
    if not points:
        return None
    if len(points) > 1:
        raise FormatError(f"more than one package has a transform {name!r}")
    where = f"the transform {name!r}, which is {points[0].value}"
    try:
        transform = points[0].load()
    except (ImportError, AttributeError) as error:
        raise FormatError(f"{where}, cannot be loaded", hint=type(error).__name__) from None
    if lacking := [member for member in _MEMBERS if not hasattr(transform, member)]:
        raise FormatError(f"{where}, has no {lacking[0]}")
    return cast("Transform", transform)


def names() -> list[str]:
    """The names of all transforms there are."""
    from importlib.metadata import entry_points

    return sorted({*OURS, *(point.name for point in entry_points(group=_ENTRY_POINTS))})
