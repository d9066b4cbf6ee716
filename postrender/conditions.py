"""`when` and `unless`: whether an entry of a file is for this use."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from postrender import parameters
from postrender.errors import did_you_mean
from postrender.fields import members, noun, target_of
from postrender.kubeyaml import Mapping, Node, Scalar, Sequence, equal
from postrender.templates import UNSET

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingType

    from postrender.fields import Fields, File
    from postrender.kubeyaml import Value
    from postrender.parameters import Parameter
    from postrender.templates import Scope

    Known = MappingType[str, Parameter]


class IsSet(NamedTuple):
    """A parameter has a value that is not null; a boolean one is true."""

    name: str

    def holds(self, scope: Scope) -> bool:
        """Whether this is so with the values of `scope`."""
        value = scope.get(self.name)
        return value is not UNSET and value is not None and value is not False


class HasValue(NamedTuple):
    """A parameter has one of some values."""

    name: str
    values: tuple[Value, ...]

    def holds(self, scope: Scope) -> bool:
        """Whether this is so with the values of `scope`."""
        value = scope.get(self.name)
        return value is not UNSET and any(equal(value, choice) for choice in self.values)


class All(NamedTuple):
    """All of some conditions hold."""

    conditions: tuple[Condition, ...]

    def holds(self, scope: Scope) -> bool:
        """Whether this is so with the values of `scope`."""
        return all(condition.holds(scope) for condition in self.conditions)


class AnyOf(NamedTuple):
    """At least one of some conditions holds."""

    conditions: tuple[Condition, ...]

    def holds(self, scope: Scope) -> bool:
        """Whether this is so with the values of `scope`."""
        return any(condition.holds(scope) for condition in self.conditions)


Condition = IsSet | HasValue | All | AnyOf


class Guard(NamedTuple):
    """The `when` and the `unless` of one entry."""

    when: Condition | None = None
    unless: Condition | None = None

    def holds(self, scope: Scope) -> bool:
        """Whether the entry is for a use with these values."""
        return (self.when is None or self.when.holds(scope)) and not (
            self.unless is not None and self.unless.holds(scope)
        )


def read_guard(fields: Fields, known: Known) -> Guard:
    """The guard of an entry; `known` are the parameters that it may speak of."""
    when, unless = fields.get("when"), fields.get("unless")
    return Guard(
        _read(fields.file, when, known) if when is not None else None,
        _read(fields.file, unless, known) if unless is not None else None,
    )


def _read(file: File, node: Node, known: Known) -> Condition:
    node = target_of(node)
    if isinstance(node, Sequence) and node.items:
        return All(tuple(_read(file, item, known) for item in node.items))
    if isinstance(node, Mapping) and node.pairs:
        found = members(node)
        if "any" not in found:
            return All(tuple(_has_value(file, name, value, known) for name, value in found.items()))
        inner = target_of(found["any"])
        if len(found) == 1 and isinstance(inner, Sequence) and inner.items:
            return AnyOf(tuple(_read(file, item, known) for item in inner.items))
        file.wrong(node, "`any` holds a list of conditions, and stands alone")
    elif isinstance(node, Scalar) and isinstance(node.data, str):
        _declared(file, node, node.data, known)
        return IsSet(node.data)
    else:
        what = noun(node.data) if node.data or isinstance(node, Scalar) else f"an empty {noun(node.data)[2:]}"
        file.wrong(node, f"a condition is {what}, not a name, mapping or list")
    return All(())


def _has_value(file: File, name: str, node: Node, known: Known) -> HasValue:
    node = target_of(node)
    values = node.items if isinstance(node, Sequence) else [node]
    parameter = _declared(file, node, name, known)
    if parameter is None:
        return HasValue(name, ())
    if not values:
        file.wrong(node, f"no value that {name!r} could have")
    choices = []
    for value in values:
        # A string parameter takes a plain scalar as written: so does what it is compared with.
        choices.append(parameters.typed(value, parameter.schema))
        if problem := parameter.schema.problem(choices[-1]):
            file.wrong(value, f"the parameter {name!r} is never this: it {problem}")
    return HasValue(name, tuple(choices))


def _declared(file: File, node: Node, name: str, known: Known) -> Parameter | None:
    if name not in known:
        file.wrong(node, f"no parameter {name!r} is declared", did_you_mean(name, known))
    return known.get(name)
