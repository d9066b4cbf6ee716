"""Moves a ConfigMap's entries to a Secret, and follows all that refers to them.

    target: {kind: ConfigMap|Secret, name: core-config|core-secrets}
    transform: move-to-secret
    with: {keys: [config.groovy], secret: core-secrets}

- `keys`: the entries that move; default: all of them, and the ConfigMap goes.
- `secret`: the name of the Secret, which is not in the stream yet; default: that of the ConfigMap. It gets
  the ConfigMap's labels and annotations, and `data` (the API server's `stringData` keeps what a later
  release leaves out, and does not go with server-side apply).
- `paths`: pointer patterns to pod templates in custom kinds, besides those of all built-in kinds.

Followed are volumes, sources of projected ones, `envFrom` and `env`, in the same namespace; mounts, with
`subPath` too, are of a volume's name, and stay. A volume that has some of both becomes a projected one.
A Secret among the targets that has the entries already is as it should be.
What reads the ConfigMap from the API server is not seen, nor are hooks where Helm 3 does not send them.
No report shows the values, not even as the ConfigMap's.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from postrender import pointers
from postrender.errors import PatchError, did_you_mean
from postrender.parameters import Schema
from postrender.patches import REMOVED
from postrender.pointers import kind_of, list_at, mapping_at, written_at
from postrender.transforms import Result, workloads
from postrender.transforms.workloads import CONTAINER_LISTS, with_list, without

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from postrender.kubeyaml import Value
    from postrender.pointers import Path
    from postrender.transforms import Context

OPTIONS: Final = {
    "keys": Schema(("array",), items=Schema(("string",))),
    "secret": Schema(("string",)),
    "paths": Schema(("array",), items=Schema(("string",), format="pointer")),
}
REQUIRED: Final = frozenset[str]()

_ENTRIES: Final = ("data", "binaryData")


def check(options: Mapping[str, Value]) -> None:
    """Raises PatchError for a path that is no pointer pattern."""
    workloads.check_pointers(options.get("paths"))


def roots(options: Mapping[str, Value]) -> None:
    """All of them: the ConfigMap may go."""


def apply(value: Value, options: Mapping[str, Value], context: Context) -> Value | Result:
    """What is left of the ConfigMap, beside the new Secret. Raises PatchError for an entry that is none."""
    data = workloads.whole(value, context)
    if context.resource.kind == "Secret" and _has(data, workloads.texts(options, "keys")):
        return data
    if (context.resource.group, context.resource.kind) != ("", "ConfigMap"):
        return Result(data, missed="no ConfigMap")
    entries = {key: member for member in _ENTRIES for key in mapping_at(data, (member,))}
    keys = frozenset(workloads.texts(options, "keys")) or frozenset(entries)
    name = str(options.get("secret", context.resource.name))
    others = [(identity, other) for identity, other in context.others() if context.beside(identity)]
    secret = next((other for each, other in others if (each.kind, each.name) == ("Secret", name)), None)
    if keys and not keys & {*entries} and _has(secret, keys):
        return data
    if missing := sorted(keys - {*entries}):
        raise PatchError(f"no entry {missing[0]}", hint=did_you_mean(missing[0], entries))
    if secret is not None:
        raise PatchError(f"the Secret {name} is there already", hint="give another name: `secret`")
    if not keys:
        return Result(data, missed="no entries")
    move = _Move(context.resource.name, name, keys, leaves=bool({*entries} - keys))
    changed = [
        (other, new)
        for _, other in others
        if (new := move.followed(other, workloads.texts(options, "paths"))) is not other
    ]
    return Result(
        _without_entries(data, keys) if move.leaves else REMOVED,
        added=(_secret(name, data, keys),),
        changed=tuple(changed),
        notes=() if changed else ("nothing here refers to what moves",),
        secret=tuple((member, key) for key, member in entries.items() if key in keys),
    )


def _has(secret: Value, keys: Iterable[str]) -> bool:
    return {*keys} <= {*mapping_at(secret, ("data",)), *mapping_at(secret, ("stringData",))}


def _without_entries(data: dict[str, Value], keys: frozenset[str]) -> dict[str, Value]:
    left = {member: without(mapping_at(data, (member,)), *keys) for member in _ENTRIES}
    return {name: left.get(name, value) for name, value in data.items() if left.get(name) != {}}


def _secret(name: str, config: dict[str, Value], keys: frozenset[str]) -> dict[str, Value]:
    text = {key: _encoded(key, value) for key, value in mapping_at(config, ("data",)).items() if key in keys}
    binary = {key: value for key, value in mapping_at(config, ("binaryData",)).items() if key in keys}
    immutable: dict[str, Value] = {"immutable": True} if config.get("immutable") is True else {}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {**mapping_at(config, ("metadata",)), "name": name},
        "type": "Opaque",
        **immutable,
        "data": {**text, **binary},
    }


def _encoded(key: str, value: Value) -> Value:
    if value is not None and not isinstance(value, str):
        raise PatchError(f"the entry {key} is {kind_of(value)}, not a string")
    return base64.b64encode((value or "").encode()).decode()


@dataclass(frozen=True, slots=True)
class _Move:
    """Which entries of which ConfigMap are now in which Secret, and whether it leaves others there."""

    config_map: str
    secret: str
    keys: frozenset[str]
    leaves: bool

    def followed(self, resource: Value, paths: Iterable[str]) -> Value:
        """A resource whose pod templates read the Secret; the same object where none reads what moved."""
        for template in workloads.pod_templates(resource, paths):
            spec = (*template, "spec")
            resource = with_list(resource, (*spec, "volumes"), self.volume)
            for member in CONTAINER_LISTS:
                for index in range(len(list_at(resource, (*spec, member)))):
                    container = (*spec, member, index)
                    resource = with_list(resource, (*container, "envFrom"), self.env_from)
                    resource = with_list(resource, (*container, "env"), self.env)
        return resource

    def volume(self, volume: Value) -> Iterator[Value]:
        """A volume, of the Secret, or projected of both; a projected one with its sources followed."""
        if not self._is_of(volume, ("configMap", "name")):
            yield with_list(volume, ("projected", "sources"), self.source)
            return
        config = mapping_at(volume, ("configMap",))
        mode = {name: value for name, value in config.items() if name == "defaultMode"}
        alone: Value = {"configMap": without(config, "defaultMode")}
        parts = [*self.source(alone)]
        if parts[0] is alone:
            yield volume
        elif len(parts) > 1:
            yield _renamed(volume, "configMap", "projected", {**mode, "sources": parts})
        else:
            secret = without(mapping_at(parts[0], ("secret",)), "name")
            yield _renamed(volume, "configMap", "secret", {"secretName": self.secret, **secret, **mode})

    def source(self, source: Value) -> Iterator[Value]:
        """A source of a projected volume, as one of the ConfigMap, one of the Secret, or one of each."""
        if not self._is_of(source, ("configMap", "name")):
            yield source
            return
        config = mapping_at(source, ("configMap",))
        items = list_at(config, ("items",))
        moved = [item for item in items if written_at(item, ("key",)) in self.keys]
        if items and not moved:
            yield source
            return
        left = [item for item in items if item not in moved]
        if left or (self.leaves and not items):
            yield {"configMap": {**config, "items": left} if left else config}
        yield {"secret": {**config, "name": self.secret, **({"items": moved} if moved else {})}}

    def env_from(self, source: Value) -> Iterator[Value]:
        """An element of `envFrom`, or one for each of both."""
        if not self._is_of(source, ("configMapRef", "name")):
            yield source
            return
        if self.leaves:
            yield source
        reference = {**mapping_at(source, ("configMapRef",)), "name": self.secret}
        yield _renamed(source, "configMapRef", "secretRef", reference)

    def env(self, variable: Value) -> Iterator[Value]:
        """An element of `env`."""
        place = ("valueFrom", "configMapKeyRef")
        reference = mapping_at(variable, place)
        if self._is_of(variable, (*place, "name")) and written_at(reference, ("key",)) in self.keys:
            of_secret: Value = {"secretKeyRef": {**reference, "name": self.secret}}
            yield pointers.put(variable, ("valueFrom",), of_secret)
        else:
            yield variable

    def _is_of(self, value: Value, name: Path) -> bool:
        return written_at(value, (str(key) for key in name)) == self.config_map


def _renamed(value: Value, old: str, new: str, member: Value) -> dict[str, Value]:
    """A mapping with another member in the place of one."""
    pairs = mapping_at(value, ()).items()
    return {new if name == old else name: member if name == old else each for name, each in pairs}
