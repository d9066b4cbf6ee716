"""`when` and `unless`: whether an entry of a file is for this use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from postrender.errors import did_you_mean
from postrender.fields import members, noun, target_of
from postrender.kubeyaml import Mapping, Node, Scalar, Sequence, equal
from postrender.templates import UNSET

if TYPE_CHECKING:
    from collections.abc import Collection

    from postrender.fields import Fields, File
    from postrender.kubeyaml import Value
    from postrender.templates import Scope


@dataclass(frozen=True, slots=True)
class IsSet:
    """A parameter has a value that is not null; a boolean one is true."""

    name: str

    def holds(self, scope: Scope) -> bool:
        """Whether this is so with the values of `scope`."""
        value = scope.get(self.name)
        return value is not UNSET and value is not None and value is not False


@dataclass(frozen=True, slots=True)
class HasValue:
    """A parameter has one of some values."""

    name: str
    values: tuple[Value, ...]

    def holds(self, scope: Scope) -> bool:
        """Whether this is so with the values of `scope`."""
        value = scope.get(self.name)
        return value is not UNSET and any(equal(value, choice) for choice in self.values)


@dataclass(frozen=True, slots=True)
class All:
    """All of some conditions hold."""

    conditions: tuple[Condition, ...]

    def holds(self, scope: Scope) -> bool:
        """Whether this is so with the values of `scope`."""
        return all(condition.holds(scope) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of some conditions holds."""

    conditions: tuple[Condition, ...]

    def holds(self, scope: Scope) -> bool:
        """Whether this is so with the values of `scope`."""
        return any(condition.holds(scope) for condition in self.conditions)


Condition = IsSet | HasValue | All | AnyOf


@dataclass(frozen=True, slots=True)
class Guard:
    """The `when` and the `unless` of one entry."""

    when: Condition | None = None
    unless: Condition | None = None

    def holds(self, scope: Scope) -> bool:
        """Whether the entry is for a use with these values."""
        return (self.when is None or self.when.holds(scope)) and not (
            self.unless is not None and self.unless.holds(scope)
        )


def read_guard(fields: Fields, known: Collection[str]) -> Guard:
    """The guard of an entry; `known` are the parameters that it may speak of."""
    when, unless = fields.get("when"), fields.get("unless")
    return Guard(
        _read(fields.file, when, known) if when is not None else None,
        _read(fields.file, unless, known) if unless is not None else None,
    )


def _read(file: File, node: Node, known: Collection[str]) -> Condition:
    node = target_of(node)
    if isinstance(node, Sequence):
        return All(tuple(_read(file, item, known) for item in node.items))
    if isinstance(node, Mapping):
        found = members(node)
        if "any" in found:
            if len(found) > 1 or not isinstance(target_of(found["any"]), Sequence):
                file.wrong(node, "`any` holds a list of conditions, and stands alone")
                return All(())
            inner = target_of(found["any"])
            return AnyOf(tuple(_read(file, item, known) for item in getattr(inner, "items", ())))
        return All(tuple(_has_value(file, name, value, known) for name, value in found.items()))
    if isinstance(node, Scalar) and isinstance(node.data, str):
        _declared(file, node, node.data, known)
        return IsSet(node.data)
    file.wrong(node, f"a condition is {noun(node.data)}, not a name, mapping or list")
    return All(())


def _has_value(file: File, name: str, node: Node, known: Collection[str]) -> HasValue:
    _declared(file, node, name, known)
    node = target_of(node)
    values = [target_of(item) for item in node.items] if isinstance(node, Sequence) else [node]
    # A string parameter takes a plain scalar as written: 443 is meant for both 443 and "443".
    choices: list[Value] = [value.data for value in values]
    choices += [
        value.text for value in values if isinstance(value, Scalar) and not isinstance(value.data, str)
    ]
    return HasValue(name, tuple(choices))


def _declared(file: File, node: Node, name: str, known: Collection[str]) -> None:
    if name not in known:
        file.wrong(node, f"no parameter {name!r} is declared", did_you_mean(name, known))
