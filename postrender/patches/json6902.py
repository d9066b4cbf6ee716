"""JSON patch (RFC 6902), with pointer patterns as paths, and with `ifMissing`, `unique` and `values`."""

from __future__ import annotations

import enum
import functools
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from postrender import kubeyaml
from postrender.errors import PatchError, did_you_mean
from postrender.patches import REMOVED, Removed
from postrender.pointers import Path, Pattern, PointerError, count, get, key_in, kind_of, put, to_text
from postrender.pointers import parse as parse_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from postrender.kubeyaml import Value


class Absent(enum.Enum):
    """What stands for a `value` that an operation does not have; null is a value."""

    ABSENT = enum.auto()


ABSENT: Final = Absent.ABSENT

FIELDS: Final = ("op", "path", "from", "value", "values", "ifMissing", "unique")

_TAKES: Final = {
    "add": {"value", "values", "ifMissing", "unique"},
    "remove": {"ifMissing"},
    "replace": {"value", "ifMissing"},
    "move": {"from", "ifMissing"},
    "copy": {"from", "ifMissing"},
    "test": {"value"},
}
_ADDS: Final = {"add", "move", "copy"}


class Operation(NamedTuple):
    """One operation of a patch, as checked by `parse`."""

    op: str
    path: Pattern
    from_: Pattern | None = None
    value: Value | Absent = ABSENT
    values: tuple[Value, ...] | None = None
    if_missing: str | None = None
    unique: bool = False

    def __str__(self) -> str:
        return f"{self.op} {self.path.text}" if self.path.text else f"{self.op} the root"


class Result(NamedTuple):
    """What a patch makes of a value, and the indexes of the operations that `ifMissing: skip` skipped."""

    value: Value | Removed
    idle: tuple[int, ...] = ()


def parse(operation: Mapping[str, Value]) -> Operation:
    """The operation that a patchset writes as a mapping. Raises PatchError for what cannot be meant."""
    op = operation.get("op")
    if not isinstance(op, str) or op not in _TAKES:
        what = f"unknown op {op}" if isinstance(op, str) else "an operation without its op"
        raise PatchError(what, hint=did_you_mean(str(op), _TAKES))
    _check_fields(op, operation)
    unique, values = operation.get("unique", False), operation.get("values")
    if not isinstance(unique, bool):
        raise PatchError(f"unique is {kind_of(unique)}", hint="write unique: true")
    if "values" in operation and not isinstance(values, list):
        raise PatchError(f"values is {kind_of(values)}, not a list")
    parsed = Operation(
        op=op,
        path=_pattern("path", operation["path"]),
        from_=_pattern("from", operation["from"]) if "from" in operation else None,
        value=operation.get("value", ABSENT),
        values=tuple(values) if isinstance(values, list) else None,
        if_missing=_if_missing(op, operation["ifMissing"]) if "ifMissing" in operation else None,
        unique=unique,
    )
    _check_path(parsed)
    return parsed


def _check_fields(op: str, operation: Mapping[str, Value]) -> None:
    for key in operation:
        if key not in FIELDS:
            raise PatchError(f"unknown key {key}", hint=did_you_mean(key, FIELDS))
        if key not in {"op", "path"} | _TAKES[op]:
            users = " and ".join(name for name, keys in _TAKES.items() if key in keys)
            raise PatchError(f"{key} has no meaning for {op}", hint=f"it is for {users}")
    needed = ["path"] + (["from"] if "from" in _TAKES[op] else [])
    needed += ["value"] if "value" in _TAKES[op] and "values" not in operation else []
    for key in needed:
        if key not in operation:
            hint = "for null write value: null" if key == "value" else ""
            raise PatchError(f"{op} without its {key}", hint=hint)
    if "value" in operation and "values" in operation:
        raise PatchError("both value and values", hint="write one of them")


def _pattern(key: str, text: Value) -> Pattern:
    if not isinstance(text, str):
        raise PatchError(f"{key} is {kind_of(text)}, not a pointer")
    try:
        return parse_pattern(text)
    except PointerError as error:
        raise PatchError(f"{key}: {error.what}", hint=error.hint) from None


def _if_missing(op: str, wanted: Value) -> str:
    known = "create" if op == "add" else "skip"
    if wanted != known:
        raise PatchError(f"{op} has no such ifMissing", hint=f"it can be {known}")
    return known


def _check_path(operation: Operation) -> None:
    """Refuse a path at which nothing can be added, or not in the way that is asked for."""
    path, last = operation.path, operation.path.last
    if operation.op in _ADDS and path.segments and last is None:
        raise PatchError(
            f"the last segment of {path.text} is a pattern",
            hint=r"name what is to be added; write \* for the character *",
        )
    if operation.values is not None and last != "-":
        raise PatchError("values are added at the end of a list", hint="end the path with /-")
    if operation.unique and not (last == "-" or (last or "").isdigit()):
        raise PatchError("unique is for a list", hint="end the path with /- or an index")
    if operation.if_missing == "create" and "-" in path.stem()[1][:-1]:
        raise PatchError("- before the end of the path", hint="only what comes last can be added to a list")


def roots(operations: Iterable[Operation]) -> frozenset[str] | None:
    """The members of the root that the operations read or change; None where that may be any of them."""
    patterns = [pattern for operation in operations for pattern in (operation.path, operation.from_)]
    found = {pattern.root for pattern in patterns if pattern is not None}
    return None if None in found else frozenset(name for name in found if name is not None)


def apply(value: Value, operations: Sequence[Operation]) -> Result:
    """What the operations, one after the other, make of `value`; all or nothing.

    `value` stays as it is, and the result shares with it all that no operation changed. Raises PatchError
    with the operation as its place, for whatever RFC 6902 calls an error.
    """
    result: Value | Removed = value
    idle = []
    for index, operation in enumerate(operations):
        try:
            if isinstance(result, Removed):
                raise PatchError("an earlier operation removed the root")
            if operation.if_missing == "skip" and not (operation.from_ or operation.path).places(result):
                idle.append(index)
            else:
                result = _RUN[operation.op](result, operation)
        except PatchError as error:
            raise error.within(f"operation {index + 1} ({operation})") from None
    return Result(result, tuple(idle))


def _add(value: Value, operation: Operation) -> Value:
    additions = operation.values if operation.values is not None else (_given(operation),)
    if not additions:
        return value
    if operation.if_missing == "create":
        value = _with_parents(value, operation.path)
    draft = _Draft(value)
    for place in reversed(_found(operation.path, draft.value, adding=True)):
        _insert(draft, place, additions, operation)
    return draft.value


def _remove(value: Value, operation: Operation) -> Value | Removed:
    places = _found(operation.path, value)
    if places == [()]:
        return REMOVED
    draft = _Draft(value)
    for place in reversed(places):
        draft.change("remove", place)
    return draft.value


def _replace(value: Value, operation: Operation) -> Value:
    draft = _Draft(value)
    for place in _found(operation.path, value):
        draft.change("replace", place, _given(operation))
    return draft.value


def _test(value: Value, operation: Operation) -> Value:
    for place in _found(operation.path, value):
        there, wanted = get(value, place), _given(operation)
        if not kubeyaml.equal(there, wanted):
            types = (kind_of(there), kind_of(wanted))
            hint = f"it is {types[0]}, tested for {types[1]}" if types[0] != types[1] else ""
            raise PatchError(f"{to_text(place) or 'the root'} is not what the test expects", hint=hint)
    return value


def _copy(value: Value, operation: Operation) -> Value:
    copied = get(value, _source(value, operation))
    draft = _Draft(value)
    for place in reversed(_found(operation.path, value, adding=True)):
        _insert(draft, place, (copied,), operation)
    return draft.value


def _move(value: Value, operation: Operation) -> Value:
    source = _source(value, operation)
    stem, names = operation.path.stem()
    target: Path = _only(operation.path, value, adding=True) if stem.segments else names
    here, there = [str(key) for key in source], [str(key) for key in target]
    if here == there:
        return value
    if here == there[: len(here)]:
        raise PatchError(f"{to_text(source) or 'the root'} cannot be moved into itself")
    draft = _Draft(value)
    draft.change("remove", source)
    if stem.segments:
        target = _after_removal(target, source)
    else:
        # RFC 6902, 4.4: removed first, then added where the path leads now.
        target = _only(operation.path, draft.value, adding=True)
    _insert(draft, target, (get(value, source),), operation)
    return draft.value


_RUN: Final[dict[str, Callable[[Value, Operation], Value | Removed]]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def _given(operation: Operation) -> Value:
    return None if isinstance(operation.value, Absent) else operation.value


def _found(pattern: Pattern, value: Value, *, adding: bool = False) -> list[Path]:
    """The places of the pattern, or those where it adds: at least one."""
    if places := pattern.parents(value) if adding else pattern.places(value):
        return places
    what, hint = pattern.gap(value)
    raise PatchError(what, hint=hint)


def _only(pattern: Pattern, value: Value, *, adding: bool = False) -> Path:
    places = _found(pattern, value, adding=adding)
    if len(places) > 1:
        raise PatchError(f"{pattern.text} is {len(places)} places", hint="it must be one")
    return places[0]


def _source(value: Value, operation: Operation) -> Path:
    assert operation.from_ is not None
    return _only(operation.from_, value)


def _after_removal(target: Path, source: Path) -> Path:
    """Where `target` is once the list element at `source` is gone, and those after it have moved up."""
    depth = len(source) - 1
    if target[:depth] != source[:depth] or len(target) <= depth + 1:
        return target
    index, gone = target[depth], source[depth]
    if isinstance(index, int) and isinstance(gone, int) and index > gone:
        return (*target[:depth], index - 1, *target[depth + 1 :])
    return target


def _with_parents(value: Value, path: Pattern) -> Value:
    """`value` with all mappings, and for a last `-` the list, on the plain end of the path."""
    stem, names = path.stem()
    for start in _found(stem, value):
        value = put(value, start, _grown(get(value, start), names))
    return value


def _grown(node: Value, names: Sequence[str]) -> Value:
    """`node` with all but the last of `names` in it, where that can be; if not, the add says why."""
    if node is None and names:
        node = [] if names[0] == "-" else {}
    if len(names) < 2:
        return node
    if isinstance(node, dict):
        child = node.get(names[0])
        grown = _grown(child, names[1:])
        return node if grown is child else {**node, names[0]: grown}
    key = key_in(node, names[0])
    return node if key is None else put(node, (key,), _grown(get(node, (key,)), names[1:]))


def _insert(draft: _Draft, place: Path, additions: Sequence[Value], operation: Operation) -> None:
    if not place:
        (draft.value,) = additions
        return
    parent, key = get(draft.value, place[:-1]), place[-1]
    where = to_text(place[:-1]) or "the root"
    if isinstance(parent, list):
        if isinstance(key, int) and key > len(parent):
            raise PatchError(f"no element {to_text(place)}", hint=f"{where} has {count(parent)}")
        additions = _new_in(parent, additions) if operation.unique else additions
    elif operation.unique or operation.values is not None:
        raise PatchError(f"{where} is {kind_of(parent)}", hint="unique and values are for a list")
    for addition in additions:
        draft.change("add", place, addition)


def _new_in(elements: Sequence[Value], additions: Iterable[Value]) -> list[Value]:
    new: list[Value] = []
    for addition in additions:
        if not any(kubeyaml.equal(addition, known) for known in (*elements, *new)):
            new.append(addition)
    return new


class _Draft:
    """A value being changed: what is on the way to a change is copied, once; the rest is shared."""

    def __init__(self, value: Value) -> None:
        self.value = value
        self._copies: dict[int, Any] = {}

    def change(self, op: str, place: Path, value: Value = None) -> None:
        """Add, remove or replace at a place that was found in the value."""
        if not place:
            self.value = value
            return
        parent = self.value = self._own(self.value)
        for key in place[:-1]:
            child = self._own(parent[key])
            parent[key] = child
            parent = child
        _run_jsonpatch(parent, {"op": op, "path": to_text(place[-1:]), "value": value})

    def _own(self, container: Any) -> Any:
        if id(container) in self._copies:
            return container
        copied = container.copy()
        self._copies[id(copied)] = copied
        return copied


def _run_jsonpatch(container: Any, operation: dict[str, Any]) -> None:
    """Change `container` itself. The library's own errors hold the document, so they end here."""
    classes, errors = _jsonpatch()
    try:
        classes[operation["op"]](operation).apply(container)
    except errors:
        raise PatchError("jsonpatch refuses it") from None


@functools.cache
def _jsonpatch() -> tuple[Mapping[str, Any], tuple[type[Exception], ...]]:
    """Its operations by name, and its errors. Imported late: most of its time goes into start-up."""
    import jsonpatch

    classes = {
        "add": jsonpatch.AddOperation,
        "remove": jsonpatch.RemoveOperation,
        "replace": jsonpatch.ReplaceOperation,
    }
    return classes, (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException)
