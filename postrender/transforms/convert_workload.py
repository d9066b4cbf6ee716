"""Makes a StatefulSet of a Deployment, and follows what refers to it.

    target: {kind: Deployment|StatefulSet, name: postgis}
    transform: convert-workload
    with: {claimTemplates: {data: {size: 20Gi}}}

The fields that a StatefulSet has not go (`strategy`, `progressDeadlineSeconds`, `paused`). Whoever scales or
measures the Deployment (HorizontalPodAutoscaler, VerticalPodAutoscaler, KEDA's ScaledObject) is turned
to the StatefulSet; a PodDisruptionBudget goes by labels, and stays.

- `serviceName`: the Service of the pods' names; default: the name of the workload.
- `service`: `create`, the default, adds a headless Service of that name where the stream has none of it,
  with `require` that is an error.
- `claimTemplates`: by the names of volumes, which become volumeClaimTemplates: each pod has a claim of
  its own then. What such a claim is like is taken from the claim that the volume had, where that is in
  the stream, and from `size`, `accessModes` and `storageClassName`. The old claim stays in the stream, for
  it has the data; all other volumes stay as they are, with their claims.

A StatefulSet already is one. In a cluster a kind cannot change: Helm removes the Deployment and makes the
StatefulSet, both of which may run for a moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from postrender import pointers
from postrender.errors import PatchError, did_you_mean
from postrender.parameters import Schema
from postrender.pointers import list_at, mapping_at, written_at
from postrender.transforms import Result, workloads
from postrender.transforms.workloads import without

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from postrender.documents import Identity
    from postrender.kubeyaml import Value
    from postrender.transforms import Context

    Others = list[tuple[Identity, dict[str, Value]]]

_CLAIM: Final = ("size", "accessModes", "storageClassName")
OPTIONS: Final = {
    "serviceName": Schema(("string",)),
    "service": Schema(("string",), enum=("create", "require")),
    "claimTemplates": Schema(
        ("object",), additional=Schema(("object",), additional=Schema(("string", "array", "null")))
    ),
}
REQUIRED: Final = frozenset[str]()

_GONE: Final = ("strategy", "progressDeadlineSeconds", "paused")
_VOLUMES: Final = ("spec", "template", "spec", "volumes")
_MODES: Final = ("accessModes",)
_SIZE: Final = ("resources", "requests", "storage")
_REFERENCES: Final = {
    ("autoscaling", "HorizontalPodAutoscaler"): (
        pointers.parse("/spec/scaleTargetRef"),
        pointers.parse("/spec/metrics/*/object/describedObject"),
    ),
    ("autoscaling.k8s.io", "VerticalPodAutoscaler"): (pointers.parse("/spec/targetRef"),),
    ("keda.sh", "ScaledObject"): (pointers.parse("/spec/scaleTargetRef"),),
}


def check(options: Mapping[str, Value]) -> None:
    """Raises PatchError for an unknown or wrong word about a claim."""
    for volume, claim in mapping_at(options.get("claimTemplates"), ()).items():
        where = f"for the volume {volume!r}"
        for name, value in mapping_at(claim, ()).items():
            if name not in _CLAIM:
                raise PatchError(f"unknown {name!r} {where}", hint=did_you_mean(name, _CLAIM))
            if isinstance(value, list) != (name == "accessModes"):
                raise PatchError(f"{name} {where} is {'no' if name == 'accessModes' else 'a'} list")


def roots(options: Mapping[str, Value]) -> None:
    """All of them: a workload is written anew."""


def apply(value: Value, options: Mapping[str, Value], context: Context) -> Value | Result:
    """The StatefulSet that a Deployment becomes. Raises PatchError for what is not there and has to be."""
    data = workloads.whole(value, context)
    if context.resource.kind != "Deployment":
        return data if context.resource.kind == "StatefulSet" else Result(data, missed="no Deployment")
    kinds = ("Service", "PersistentVolumeClaim", *(kind for _, kind in _REFERENCES))
    others = [(identity, other) for identity, other in context.others(*kinds) if context.beside(identity)]
    service = str(options.get("serviceName", context.resource.name))
    templates: dict[str, Value] = {}
    notes = []
    for name, given in mapping_at(options.get("claimTemplates"), ()).items():
        claim = written_at(_volume(name, data), ("persistentVolumeClaim", "claimName"))
        templates[name] = _template(name, claim, mapping_at(given, ()), others)
        if claim:
            first = f"{name}-{context.resource.name}-0"
            notes.append(f"the claim {claim} stays, and nothing moves its data: pods get {first} and so on")
    return Result(
        _stateful_set(data, service, templates),
        added=() if _is_there(service, others, options) else (_headless(service, data),),
        changed=tuple(_retargeted(others, context.resource)),
        notes=tuple(notes),
    )


def _stateful_set(data: dict[str, Value], service: str, templates: dict[str, Value]) -> dict[str, Value]:
    """The workload with another kind and these templates for the claims of its volumes."""
    spec: Value = {**without(mapping_at(data, ("spec",)), *_GONE), "serviceName": service}
    if templates:
        spec = {**mapping_at(spec, ()), "volumeClaimTemplates": [*templates.values()]}
        left = [each for each in list_at(data, _VOLUMES) if written_at(each, ("name",)) not in templates]
        pod = without(mapping_at(data, _VOLUMES[:-1]), "volumes")
        spec = pointers.put(spec, _VOLUMES[1:-1], {**pod, "volumes": left} if left else pod)
    return {**data, "apiVersion": "apps/v1", "kind": "StatefulSet", "spec": spec}


# --- claims --------------------------------------------------------------------------------------------


def _volume(name: str, data: Value) -> Value:
    volumes = {written_at(volume, ("name",)) or "": volume for volume in list_at(data, _VOLUMES)}
    if name not in volumes:
        raise PatchError(f"no volume {name} in the pod template", hint=did_you_mean(name, volumes))
    return volumes[name]


def _template(name: str, claim: str | None, given: dict[str, Value], others: Others) -> dict[str, Value]:
    """The claim that each pod gets: like the one that the volume has, and as it is given."""
    found = (other for each, other in others if (each.kind, each.name) == ("PersistentVolumeClaim", claim))
    # The volume of the one claim cannot be that of all pods.
    spec = without(mapping_at(next(found, None), ("spec",)), "volumeName") | without(given, "size")
    if "size" in given:
        resources = mapping_at(spec, ("resources",))
        requests = {**mapping_at(resources, ("requests",)), "storage": given["size"]}
        spec["resources"] = {**resources, "requests": requests}
    needed = {"accessModes": _MODES, "size": _SIZE}
    for what in (what for what, path in needed.items() if not pointers.value_at(spec, path)):
        hint = f"the claim {claim} is not here: say {what} in claimTemplates" if claim else ""
        raise PatchError(f"no {what} for the claims of the volume {name}", hint=hint)
    return {"metadata": {"name": name}, "spec": spec}


# --- who refers to it ----------------------------------------------------------------------------------


def _is_there(service: str, others: Others, options: Mapping[str, Value]) -> bool:
    if any((each.group, each.kind, each.name) == ("", "Service", service) for each, _ in others):
        return True
    if options.get("service") == "require":
        raise PatchError(f"no Service {service}", hint="`service: create` would add one")
    return False


def _headless(name: str, workload: Value) -> dict[str, Value]:
    """A Service for the names of the pods; it needs no ports."""
    metadata = mapping_at(workload, ("metadata",))
    kept = {key: value for key, value in metadata.items() if key in ("namespace", "labels")}
    selector = mapping_at(workload, ("spec", "selector", "matchLabels"))
    selector = selector or mapping_at(workload, ("spec", "template", "metadata", "labels"))
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, **kept},
        "spec": {"clusterIP": "None", "selector": selector},
    }


def _retargeted(others: Others, workload: Identity) -> Iterator[tuple[dict[str, Value], Value]]:
    """Those that refer to the Deployment, and what becomes of them."""
    for identity, other in others:
        new: Value = other
        for pattern in _REFERENCES.get((identity.group, identity.kind), ()):
            for place in pattern.places(other):
                reference = mapping_at(other, place)
                if workloads.names_workload(reference, workload):
                    version = {"apiVersion": "apps/v1"} if reference.get("apiVersion") else {}
                    new = pointers.put(new, place, {**reference, **version, "kind": "StatefulSet"})
        if new is not other:
            yield other, new
