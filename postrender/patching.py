"""A patch with its parameters filled in: which resources it is for, and what becomes of one of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from postrender import pointers, targets, templates, transforms
from postrender.errors import PatchError
from postrender.patches import REMOVED, Removed
from postrender.targets import Target
from postrender.templates import UNSET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from postrender.documents import Identity
    from postrender.edits import Edit
    from postrender.kubeyaml import Value
    from postrender.parameters import Schema, Values
    from postrender.patchset import PatchTemplate, TargetTemplate
    from postrender.pointers import At, Path, Pattern

    Change = Callable[[Value, Identity, Path], "Outcome"]
    Others = Callable[..., Iterable[tuple[Identity, dict[str, Value]]]]
    Known = Callable[[Identity, Path], transforms.Context]


class Outcome(NamedTuple):
    """What a patch made of one resource, which operations found nothing to do, what else transforms did."""

    data: Value | Removed
    idle: frozenset[int] = frozenset()
    results: tuple[transforms.Result, ...] = ()

    @property
    def missed(self) -> str:
        """Why the resource is none that the patch is for, as the transform has it; empty when it is one."""
        words = [result.missed for result in self.results]
        return "; ".join(dict.fromkeys(words)) if all(words) else ""


class Patch(NamedTuple):
    """One patch, ready to be applied."""

    name: str
    place: str
    target: Target
    at: At | None
    optional: bool
    roots: frozenset[str] | None
    operations: tuple[str, ...]
    change: Change

    def places(self, data: Value) -> list[Path]:
        """Where in a resource the patch applies; nowhere means that the resource does not match."""
        return self.at.places(data) if self.at else [()]

    def apply(self, data: dict[str, Value], identity: Identity, places: list[Path]) -> Outcome:
        """The resource with the patch applied at each of the places. Raises PatchError."""
        idle = set(range(len(self.operations)))
        result: Value | Removed = data
        results: list[transforms.Result] = []
        # From the last to the first: what is taken from a list does not move the places before it.
        for place in reversed(places):
            if result is REMOVED:
                break
            current = result
            try:
                done = self.change(pointers.get(current, place), identity, place)
            except PatchError as error:
                raise (error.within(f"at {pointers.to_text(place)}") if place else error) from None
            idle &= done.idle
            results += done.results
            if done.data is REMOVED:
                result = _without(current, place) if place else REMOVED
            else:
                result = pointers.put(current, place, done.data)
        return Outcome(result, frozenset(idle), tuple(results))


def bind(
    template: PatchTemplate, values: Values, edits: Sequence[Edit], others: Others, namespace: str
) -> Patch | None:
    """The patch that a template is with these values; None when nothing is left of it.

    `edits` are what was done so far, `others` gives all resources, `namespace` is the release's: for
    transforms. Raises PatchError.
    """
    left = _without_unset(template, values)
    body = templates.fill(left, values)
    if template.kind == "transform":
        body = {} if body is UNSET else body  # options may all be left out
    elif body is UNSET or not left:
        return None
    at = None
    if template.at:
        at = pointers.parse_at(templates.fill_pointer(template.at, values))
    target = (
        target_of(template.target, values, template.hooks) if template.target else _self(cast("Any", body))
    )
    change: Change
    operations: tuple[str, ...] = ()
    if template.kind == "strategic":
        change, roots = _strategic(template, cast("Any", body), values)
    elif template.kind == "json6902":
        change, roots, operations = _json6902(cast("Any", left), cast("Any", body), values)
    else:

        def known(identity: Identity, place: Path) -> transforms.Context:
            return transforms.Context(identity, place, edits, others, namespace)

        change, roots = _transform(template, cast("Any", body), values, known)
    if at is not None:
        roots = frozenset({at.root, "kind"} if at.word else {at.root}) if at.root else None
    return Patch(template.name, template.place, target, at, template.optional, roots, operations, change)


def _without_unset(template: PatchTemplate, values: Values) -> Value:
    """A JSON patch without the operations whose value is an unset parameter: they are left out whole."""
    if template.kind != "json6902":
        return template.body
    return [
        operation
        for operation in cast("list[dict[str, Value]]", template.body)
        if not any(
            field in operation and templates.fill(operation[field], values) is UNSET
            for field in ("value", "values")
        )
    ]


def _filled(text: str, values: Values, escape: Callable[[str, str], str]) -> str:
    return templates.fill_text(text, values, escape)


def target_of(template: TargetTemplate, values: Values, hooks: str = "include") -> Target:
    """The target that a template is with these values. Raises PatchError."""
    texts = template.texts

    def regex(name: str) -> re.Pattern[str] | None:
        return targets.regex(templates.fill_regex(texts[name], values)) if texts.get(name) else None

    def selector(name: str) -> targets.Selector | None:
        text = texts.get(name)
        return targets.parse_selector(_filled(text, values, templates.in_selector)) if text else None

    def places(found: Mapping[str, str]) -> tuple[tuple[Pattern, re.Pattern[str]], ...]:
        return tuple(
            (
                pointers.parse(templates.fill_pointer(pattern, values)),
                targets.regex(templates.fill_regex(text, values)),
            )
            for pattern, text in found.items()
        )

    return Target(
        group=regex("group"),
        version=regex("version"),
        kind=regex("kind"),
        name=regex("name"),
        namespace=regex("namespace"),
        labels=selector("labelSelector"),
        annotations=selector("annotationSelector"),
        where=places(template.where),
        unless=places(template.unless),
        hooks=hooks,
    )


def _self(body: dict[str, Any]) -> Target:
    """The target of a patch that names its resource itself."""

    def exactly(text: object) -> re.Pattern[str]:
        return re.compile(re.escape(str(text)))

    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or "kind" not in body or "name" not in metadata:
        raise PatchError(
            "a parameter in the kind or name of the resource has no value",
            hint="give it one, or cover the patch with `when`",
        )
    group, _, version = str(body.get("apiVersion", "")).rpartition("/")
    versioned = "apiVersion" in body
    return Target(
        group=exactly(group) if versioned else None,
        version=exactly(version) if versioned else None,
        kind=exactly(body["kind"]),
        name=exactly(metadata["name"]),
        namespace=exactly(metadata["namespace"]) if metadata.get("namespace") else None,
    )


# --- the kinds of patch --------------------------------------------------------------------------------


def _strategic(
    template: PatchTemplate, body: dict[str, Value], values: Values
) -> tuple[Change, frozenset[str] | None]:
    from postrender.patches import strategic
    from postrender.patches.merge_keys import schema_of

    if not template.at:
        body = _without_names(body, template)
    keys = {
        pointers.parse(templates.fill_pointer(pattern, values)): cast("Any", key)
        for pattern, key in template.merge_keys.items()
    }

    def change(value: Value, identity: Identity, place: Path) -> Outcome:
        schema = schema_of(identity.group, identity.version, identity.kind).at(place)
        return Outcome(strategic.merge(value, body, schema, keys))

    return change, strategic.roots(body)


def _without_names(body: dict[str, Value], template: PatchTemplate) -> dict[str, Value]:
    """The name, namespace and kind of a resource stay what they are, unless an option lets the patch say."""
    who = () if template.allow_kind_change else ("apiVersion", "kind")
    kept = {key: value for key, value in body.items() if key not in who}
    if isinstance(metadata := kept.pop("metadata", None), dict):
        names = ("namespace",) if template.allow_name_change else ("name", "namespace")
        if rest := {key: value for key, value in metadata.items() if key not in names}:
            kept["metadata"] = rest
    elif "metadata" in body:
        kept["metadata"] = metadata
    return kept


def _json6902(
    template: list[Any], body: list[Any], values: Values
) -> tuple[Change, frozenset[str] | None, tuple[str, ...]]:
    from postrender.patches import json6902

    operations = []
    for raw, filled in zip(template, body, strict=True):
        # Paths are patterns: a parameter in them stands for its literal text.
        paths = {name: templates.fill_pointer(raw[name], values) for name in ("path", "from") if name in raw}
        operations.append(json6902.parse({**filled, **paths}))

    def change(value: Value, identity: Identity, place: Path) -> Outcome:
        result = json6902.apply(value, operations)
        return Outcome(result.value, frozenset(result.idle))

    return change, json6902.roots(operations), tuple(map(str, operations))


def _transform(
    template: PatchTemplate, body: dict[str, Value], values: Values, known: Known
) -> tuple[Change, frozenset[str] | None]:
    transform = transforms.find(template.transform)
    assert transform is not None
    options = {}
    for name, value in body.items():
        schema = transform.OPTIONS[name]
        raw = cast("dict[str, Value]", template.body)[name]
        options[name] = schema.coerced(_in_pattern(raw, value, schema, values))
        if problem := schema.problem(options[name]):
            raise PatchError(f"the option {name!r} {problem}")
    if missing := sorted(transform.REQUIRED - options.keys()):
        raise PatchError(
            f"the option {missing[0]!r} is left empty by parameters without values",
            hint="give them some, or cover the patch with `when`",
        )
    transform.check(options)

    def change(value: Value, identity: Identity, place: Path) -> Outcome:
        result = transform.apply(value, options, known(identity, place))
        if not isinstance(result, transforms.Result):
            result = transforms.Result(result)
        return Outcome(result.value, results=(result,))

    return change, transform.roots(options)


def _in_replacement(text: str, form: str) -> str:
    return text if form == "regex" else text.replace("\\", r"\\")


_ESCAPES: Final = {"regex": templates.in_regex, "replacement": _in_replacement}


def _in_pattern(raw: Value, filled: Value, schema: Schema, values: Values) -> Value:
    """An option's value; in a pattern a parameter stands for its literal text, or is the whole pointer."""
    if isinstance(raw, list) and schema.items:
        left = [each for each in raw if templates.fill(each, values) is not UNSET]
        pairs = zip(left, cast("list[Value]", filled), strict=True)
        return [_in_pattern(each, value, schema.items, values) for each, value in pairs]
    if isinstance(raw, str) and schema.format == "pointer":
        return templates.fill_pointer(raw, values)
    if isinstance(raw, str) and schema.format in _ESCAPES:
        return _filled(raw, values, _ESCAPES[schema.format])
    return filled


def _without(data: Value, place: Path) -> Value:
    """The data without what is at a place."""
    parent = pointers.get(data, place[:-1])
    last = place[-1]
    if isinstance(parent, list) and isinstance(last, int):
        return pointers.put(data, place[:-1], [*parent[:last], *parent[last + 1 :]])
    members = cast("dict[str, Value]", parent)
    return pointers.put(data, place[:-1], {key: value for key, value in members.items() if key != last})
