"""Makes pods roll when a ConfigMap or Secret that they read was changed in this run.

    target: {kind: Deployment|StatefulSet|DaemonSet}
    transform: checksum

The pod template gets the annotation `checksum/postrender` (option `annotation`) with a SHA-256 of all that
it mounts or reads (volumes, `envFrom`, `env`) and that patches before this one changed or added, as it is
now. The same data give the same checksum; a workload that reads nothing of it keeps its pods.

`paths` are pointer patterns to pod templates in custom kinds. A Job and a bare Pod cannot change in a
cluster, and are left alone. Where nothing was changed there is nothing to do; where something was, and no
workload reads it, the patch matches nothing.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from postrender import pointers
from postrender.edits import ABSENT
from postrender.parameters import Schema
from postrender.pointers import mapping_at
from postrender.transforms import Result, workloads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from postrender.documents import Identity
    from postrender.edits import Absent
    from postrender.kubeyaml import Value
    from postrender.transforms import Context

OPTIONS: Final = {
    "annotation": Schema(("string",)),
    "paths": Schema(("array",), items=Schema(("string",), format="pointer")),
}
REQUIRED: Final = frozenset[str]()

_ENTRIES: Final = ("data", "binaryData", "stringData")
_FIXED: Final = ("Pod", "Job")


def check(options: Mapping[str, Value]) -> None:
    """Raises PatchError for a path that is no pointer pattern."""
    workloads.check_pointers(options.get("paths"))


def roots(options: Mapping[str, Value]) -> None:
    """All of them: data of other resources are read."""


def apply(value: Value, options: Mapping[str, Value], context: Context) -> Value | Result:
    """The workload, annotated where its pods read what was changed."""
    data = workloads.whole(value, context)
    changed = _changed(context)
    if not changed:
        return data
    beside = {(each.kind, each.name): entries for each, entries in changed.items() if context.beside(each)}
    new: Value = data
    templates = workloads.pod_templates(data, workloads.texts(options, "paths"))
    for place in templates if context.resource.kind not in _FIXED else ():
        template = pointers.get(data, place)
        if read := sorted({*workloads.sources(template)} & {*beside}):
            digest = _digest([[*source, beside[source]] for source in read])
            new = pointers.put(new, place, _annotated(template, options, digest))
    return Result(data, missed="no pods that read what was changed") if new is data else new


def _changed(context: Context) -> dict[Identity, Value]:
    """The entries of each ConfigMap and Secret in which they are not what they were."""
    before: dict[Identity, Value] = {}
    for edit in context.edits:
        if edit.resource.kind in ("ConfigMap", "Secret") and not edit.resource.group:
            old, new = _entries(edit.before), _entries(edit.after)
            if old != new:
                before.setdefault(edit.resource, old)
    if not before:
        return {}
    return {
        identity: entries
        for identity, data in context.others()
        if identity in before and (entries := _entries(data)) != before[identity]
    }


def _entries(data: Value | Absent) -> Value:
    if data is ABSENT:
        return {}
    return {name: data[name] for name in _ENTRIES if data.get(name)} if isinstance(data, dict) else {}


def _digest(sources: list[list[Value]]) -> str:
    return hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()


def _annotated(template: Value, options: Mapping[str, Value], digest: str) -> Value:
    metadata = mapping_at(template, ("metadata",))
    name = str(options.get("annotation", "checksum/postrender"))
    annotations = {**mapping_at(metadata, ("annotations",)), name: digest}
    return {**mapping_at(template, ()), "metadata": {**metadata, "annotations": annotations}}
