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
    from collections.abc import Iterator, Mapping

    from postrender.edits import Absent, Edit
    from postrender.kubeyaml import Value
    from postrender.transforms import Context

    Source = tuple[str, str]

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


def roots(options: Mapping[str, Value]) -> frozenset[str] | None:
    """The root members with pod templates."""
    return workloads.roots(options)


def apply(value: Value, options: Mapping[str, Value], context: Context) -> Value | Result:
    """The workload, annotated where its pods read what was changed."""
    data = workloads.whole(value, context)
    new: Value = data
    templates = workloads.pod_templates(data, workloads.texts(options, "paths"))
    for place in templates if context.resource.kind not in _FIXED else ():
        template = pointers.get(data, place)
        if changed := _changed(context, {*workloads.sources(template)}):
            new = pointers.put(new, place, _annotated(template, options, _digest(changed)))
    if new is data and any(map(_differs, _edits(context))):
        return Result(data, missed="no pods that read what was changed")
    return new


def _edits(context: Context) -> Iterator[Edit]:
    """What was done to ConfigMaps and Secrets so far."""
    for edit in context.edits:
        if edit.resource.kind in ("ConfigMap", "Secret") and not edit.resource.group:
            yield edit


def _changed(context: Context, sources: set[Source]) -> dict[Source, Value]:
    """The entries of those sources in which they are not what they were."""
    before: dict[Source, Value] = {}
    after: dict[Source, Value] = {}
    for edit in _edits(context):
        source = (edit.resource.kind, edit.resource.name)
        if source in sources and context.beside(edit.resource) and _differs(edit):
            before.setdefault(source, _entries(edit.before))
            after[source] = _entries(edit.after)
    return {source: entries for source, entries in after.items() if entries != before[source]}


def _differs(edit: Edit) -> bool:
    return _entries(edit.before) != _entries(edit.after)


def _entries(data: Value | Absent) -> Value:
    if data is ABSENT:
        return {}
    return {name: data[name] for name in _ENTRIES if data.get(name)} if isinstance(data, dict) else {}


def _digest(changed: Mapping[Source, Value]) -> str:
    sources = sorted([*source, entries] for source, entries in changed.items())
    return hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()


def _annotated(template: Value, options: Mapping[str, Value], digest: str) -> Value:
    metadata = mapping_at(template, ("metadata",))
    name = str(options.get("annotation", "checksum/postrender"))
    annotations = {**mapping_at(metadata, ("annotations",)), name: digest}
    return {**mapping_at(template, ()), "metadata": {**metadata, "annotations": annotations}}
