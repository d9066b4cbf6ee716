"""Makes the table of how lists merge from Kubernetes' OpenAPI v2 document.

    scripts/make_merge_keys.py SWAGGER_JSON [VERSION] > postrender/patches/merge_keys.json

SWAGGER_JSON is api/openapi-spec/swagger.json of the Kubernetes repository (also in the Go module
k8s.io/kubernetes), or what `kubectl get --raw /openapi/v2` prints. VERSION is for a document that does
not say its own: the one in the repository is "unversioned".

Left out is what no manifest sets (status) and what merges in no way of its own: a kind that is not in
the table merges its metadata as every kind does, and nothing else.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Fields: TypeAlias = dict[str, dict[str, Any]]

LEADS = {"type": (), "elements": ("items",), "members": ("additionalProperties",)}
"""How a field leads to a type: it is that type, a list of it, or a mapping from any names to it."""

DEFAULTS = {"protocol": "TCP"}
"""What part of a key is when it is left out: the document does not say, the API server does."""

OBJECT = "Object"
CUSTOM_KINDS = {"argoproj.io/v1alpha1/Rollout": "argoproj.v1alpha1.Rollout"}
CUSTOM_TYPES: dict[str, Fields] = {
    OBJECT: {"metadata": {"type": "meta.v1.ObjectMeta"}},
    "argoproj.v1alpha1.Rollout": {
        "metadata": {"type": "meta.v1.ObjectMeta"},
        "spec": {"type": "argoproj.v1alpha1.RolloutSpec"},
    },
    "argoproj.v1alpha1.RolloutSpec": {"template": {"type": "core.v1.PodTemplateSpec"}},
}
"""Any kind, and custom kinds that are known to hold a pod template."""


def main(path: str, version: str = "") -> None:
    """Prints the table, one kind and one type a line."""
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    version = version or document["info"]["version"]
    if not version.lstrip("v")[:1].isdigit():
        sys.exit("the document does not say which Kubernetes it is of: give the version")
    definitions = document["definitions"]
    types = {_short(name): dict(_fields(definition)) for name, definition in definitions.items()}
    types = _that_matter(types | CUSTOM_TYPES)
    kinds = {
        kind: name
        for kind, name in (dict(_kinds(definitions)) | CUSTOM_KINDS).items()
        if types.get(name, types[OBJECT]) != types[OBJECT]
    }
    types = _reachable(types, {OBJECT, *kinds.values()})
    print(f'{{\n"kubernetes": {json.dumps(version)},')
    print(f'"kinds": {{\n{_lines(kinds)}\n}},\n"types": {{\n{_lines(types)}\n}}\n}}')


def _short(name: str) -> str:
    """The group, version and name in `io.k8s.api.core.v1.Pod`."""
    return ".".join(name.rsplit(".", 3)[-3:])


def _kinds(definitions: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, definition in definitions.items():
        for kind in definition.get("x-kubernetes-group-version-kind", ()):
            if "metadata" in definition.get("properties", ()) and not kind["kind"].endswith("List"):
                yield f"{kind['group']}/{kind['version']}/{kind['kind']}", _short(name)


def _fields(definition: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each field's strategy, and what it leads to."""
    for name, schema in definition.get("properties", {}).items():
        field: dict[str, Any] = {}
        for lead, holders in LEADS.items():
            inner = schema
            for holder in holders:
                inner = inner.get(holder, {})
            if "$ref" in inner:
                field[lead] = _short(inner["$ref"])
        strategies = schema.get("x-kubernetes-patch-strategy", "").split(",")
        if "merge" in strategies:
            field["merge"] = {key: DEFAULTS.get(key) for key in _keys(schema)}
        for strategy in {"retainKeys", "replace"}.intersection(strategies):
            field[strategy] = True
        if name != "status":
            yield name, field


def _keys(schema: Mapping[str, Any]) -> list[str]:
    """What elements are told apart by; nothing for scalars. The patch's own mark names one key at most."""
    mark = schema.get("x-kubernetes-patch-merge-key")
    keys: list[str] = schema.get("x-kubernetes-list-map-keys", [mark] if mark else [])
    return keys


def _that_matter(types: Mapping[str, Fields]) -> dict[str, Fields]:
    """The fields with a strategy, those that lead to one, and their types."""
    matter: dict[str, Fields] = {}
    while True:
        grown = {}
        for name, fields in types.items():
            leading = {
                key: {word: value for word, value in field.items() if word not in LEADS or value in matter}
                for key, field in fields.items()
            }
            if kept := {key: field for key, field in leading.items() if field}:
                grown[name] = kept
        if grown == matter:
            return matter
        matter = grown


def _reachable(types: Mapping[str, Fields], roots: set[str]) -> dict[str, Fields]:
    reached: dict[str, Fields] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = types[name]
            waiting += [field[lead] for field in types[name].values() for lead in LEADS if lead in field]
    return reached


def _lines(part: Mapping[str, Any]) -> str:
    return ",\n".join(f"{json.dumps(key)}: {json.dumps(part[key])}" for key in sorted(part))


if __name__ == "__main__":
    main(*sys.argv[1:])
