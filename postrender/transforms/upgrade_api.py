"""Takes resources from API versions that are no longer served to those that are, field by field.

    target: {kind: HorizontalPodAutoscaler|Ingress|CronJob}
    transform: upgrade-api

`targetAverageUtilization: 80` of `autoscaling/v2beta1` becomes a `target` of `autoscaling/v2`, and so on:

- HorizontalPodAutoscaler v2beta1 and v2beta2; CronJob, PodDisruptionBudget, PodSecurityPolicy;
- Ingress, IngressClass, NetworkPolicy; Deployment, DaemonSet, ReplicaSet, StatefulSet;
- APIService, CustomResourceDefinition; Role, ClusterRole and their bindings;
- what just had its version changed: PriorityClass, StorageClass, CSIDriver, RuntimeClass, Lease and more.

What is of another version or kind stays. Options:

- `ingressClass`: `field` makes `spec.ingressClassName` of the annotation `kubernetes.io/ingress.class`;
  `annotation`, the default, leaves that as it is.
- `pathType`: of paths in an Ingress that have none; default: `ImplementationSpecific`, what they had.
- `dropped`: what has no heir (PodSecurityPolicy, PodPreset) goes, with a `note` (the default), or is an
  `error`.

https://kubernetes.io/docs/reference/using-api/deprecation-guide/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from postrender import pointers
from postrender.errors import PatchError
from postrender.parameters import Schema
from postrender.patches import REMOVED
from postrender.pointers import list_at, mapping_at, value_at, written_at
from postrender.transforms import Result, workloads
from postrender.transforms.workloads import with_list, without

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from postrender.kubeyaml import Value
    from postrender.pointers import Path
    from postrender.transforms import Context

    Members = dict[str, Value]
    Options = Mapping[str, Value]
    Change = Callable[[Members, Options], Members]

OPTIONS: Final = {
    "ingressClass": Schema(("string",), enum=("annotation", "field")),
    "pathType": Schema(("string",), enum=("ImplementationSpecific", "Prefix", "Exact")),
    "dropped": Schema(("string",), enum=("note", "error")),
}
REQUIRED: Final = frozenset[str]()

_CLASS: Final = "kubernetes.io/ingress.class"


def check(options: Options) -> None:
    """Any options go together."""


def roots(options: Options) -> None:
    """All of them."""


def apply(value: Value, options: Options, context: Context) -> Value | Result:
    """The resource in a version that is served. Raises PatchError for what has no place there."""
    data = workloads.whole(value, context)
    who = context.resource
    version = f"{who.group}/{who.version}"
    if who.kind in _NO_HEIR.get(version, ()):
        what = f"{who.kind} of {version} has no heir"
        if options.get("dropped") == "error":
            raise PatchError(what, hint="`dropped: note` takes it away")
        return Result(REMOVED, notes=(f"{what}: it is dropped",))
    if (version, who.kind) not in _HEIRS:
        return data
    heir, change = _HEIRS[version, who.kind]
    return {**(change(data, options) if change else data), "apiVersion": heir}


# --- HorizontalPodAutoscaler ---------------------------------------------------------------------------


def _autoscaler(data: Members, options: Options) -> Members:
    """What a metric aims at is one `target` in v2.

    https://github.com/kubernetes/kubernetes/blob/v1.24.0/pkg/apis/autoscaling/v2beta1/conversion.go
    """
    new = with_list(_autoscaled(data, options), ("spec", "metrics"), lambda metric: [_metric(metric)])
    return mapping_at(new, ())


def _autoscaled(data: Members, options: Options) -> Members:
    """What it scales may have had an old version too; its status is of another shape."""
    place: Path = ("spec", "scaleTargetRef")
    reference = mapping_at(data, place)
    version, kind = (written_at(reference, (name,)) or "" for name in ("apiVersion", "kind"))
    new: Value = without(data, "status")
    if (version, kind) in _HEIRS:
        new = pointers.put(new, place, {**reference, "apiVersion": _HEIRS[version, kind][0]})
    return mapping_at(new, ())


def _metric(metric: Value) -> Value:
    kind = written_at(metric, ("type",)) or ""
    member = f"{kind[:1].lower()}{kind[1:]}"
    old = mapping_at(metric, (member,))
    if isinstance(old.get("target"), dict) and (member != "object" or "describedObject" in old):
        return metric  # as v2 has it already
    of: Members = {"name": old.get("metricName")}
    selector = "metricSelector" if member == "external" else "selector"
    if old.get(selector) is not None:
        of["selector"] = old[selector]
    new: Members
    match member:
        case "resource" | "containerResource":
            new = {name: old[name] for name in ("name", "container") if name in old}
        case "pods" | "external":
            new = {"metric": of}
        case "object":
            new = {"describedObject": old.get("target"), "metric": of}
        case _:
            return metric
    return {**mapping_at(metric, ()), member: {**new, "target": _target(old)}}


_TARGETS: Final = {
    "targetAverageUtilization": ("Utilization", "averageUtilization"),
    "targetAverageValue": ("AverageValue", "averageValue"),
    "averageValue": ("AverageValue", "averageValue"),
    "targetValue": ("Value", "value"),
}


def _target(old: Members) -> Members:
    for name, (kind, member) in _TARGETS.items():
        if old.get(name) is not None:
            return {"type": kind, member: old[name]}
    raise PatchError("a metric without a target")


# --- PodDisruptionBudget -------------------------------------------------------------------------------


def _budget(data: Members, options: Options) -> Members:
    """An empty selector was of no pod, and is of all in policy/v1; none is of no pod in both."""
    if value_at(data, ("spec", "selector")) != {}:
        return data
    return {**data, "spec": without(mapping_at(data, ("spec",)), "selector")}


# --- Ingress -------------------------------------------------------------------------------------------


def _ingress(data: Members, options: Options) -> Members:
    new: Value = data
    spec = mapping_at(data, ("spec",))
    if "backend" in spec:
        renamed = {"defaultBackend" if name == "backend" else name: each for name, each in spec.items()}
        new = {**data, "spec": {**renamed, "defaultBackend": _backend(spec["backend"])}}
    path_type = options.get("pathType", "ImplementationSpecific")
    for index in range(len(list_at(new, ("spec", "rules")))):
        paths = ("spec", "rules", index, "http", "paths")
        new = with_list(new, paths, lambda path: [_path(path, path_type)])
    upgraded = mapping_at(new, ())
    return _with_class_name(upgraded) if options.get("ingressClass") == "field" else upgraded


def _path(path: Value, path_type: Value) -> Value:
    old = mapping_at(path, ())
    kind = old.get("pathType") or path_type
    there: Members = {}
    if kind != "ImplementationSpecific" and not old.get("path"):
        old, there = without(old, "path"), {"path": "/"}
    return {**there, **old, "pathType": kind, "backend": _backend(old.get("backend"))}


def _backend(backend: Value) -> Value:
    old = mapping_at(backend, ())
    if "serviceName" not in old:
        return backend
    port = old.get("servicePort")
    number = int(port) if isinstance(port, str) and port.isdecimal() else port
    key = "name" if isinstance(number, str) else "number"
    service: Members = {"name": old["serviceName"], "port": {key: number}}
    return {**without(old, "serviceName", "servicePort"), "service": service}


def _with_class_name(data: Members) -> Members:
    annotations = mapping_at(data, ("metadata", "annotations"))
    spec = mapping_at(data, ("spec",))
    if _CLASS not in annotations or spec.get("ingressClassName"):
        return data
    metadata = {**mapping_at(data, ("metadata",)), "annotations": without(annotations, _CLASS)}
    return {**data, "metadata": metadata, "spec": {"ingressClassName": annotations[_CLASS], **spec}}


# --- workloads -----------------------------------------------------------------------------------------


def _workload(data: Members, options: Options) -> Members:
    """`apps/v1` makes no selector of the pods' labels, and knows nothing of rollbacks."""
    spec = without(mapping_at(data, ("spec",)), "rollbackTo", "templateGeneration")
    labels = mapping_at(data, ("spec", "template", "metadata", "labels"))
    if not spec.get("selector"):
        spec = {"selector": {"matchLabels": labels}, **without(spec, "selector")}
    return {**data, "spec": spec}


# --- CustomResourceDefinition --------------------------------------------------------------------------

_PER_VERSION: Final = ("validation", "subresources", "additionalPrinterColumns")
_UNKNOWN: Final = "x-kubernetes-preserve-unknown-fields"


def _definition(data: Members, options: Options) -> Members:
    """What was said once is said for each version; a schema that is not structural is still refused.

    Fields that no schema names are kept, as `preserveUnknownFields` was true where nobody said otherwise.
    https://kubernetes.io/docs/reference/using-api/deprecation-guide/#customresourcedefinition-v122
    """
    old = mapping_at(data, ("spec",))
    given = list_at(old, ("versions",))
    versions = given or [{"name": old.get("version"), "served": True, "storage": True}]
    spec: Members = {
        **without(old, *_PER_VERSION, "version", "preserveUnknownFields", "versions", "conversion"),
        "scope": old.get("scope") or "Namespaced",
        "versions": [_version(mapping_at(version, ()), old) for version in versions],
    }
    if conversion := mapping_at(old, ("conversion",)):
        spec["conversion"] = _conversion(conversion)
    return {**without(data, "status"), "spec": spec}


def _version(version: Members, old: Members) -> Members:
    """A version with what was said for all of them, where it says nothing itself."""
    keeps_unknown = old.get("preserveUnknownFields") is not False
    schema = mapping_at(version, ("schema", "openAPIV3Schema"))
    schema = schema or mapping_at(old, ("validation", "openAPIV3Schema"))
    schema = {"type": "object", **schema}
    if keeps_unknown or len(schema) == 1:
        schema[_UNKNOWN] = True
    new: Members = {**version, "schema": {"openAPIV3Schema": schema}}
    for name in _PER_VERSION[1:]:
        if name not in version and old.get(name) is not None:
            new[name] = old[name]
    return mapping_at(with_list(new, ("additionalPrinterColumns",), lambda column: [_column(column)]), ())


def _column(column: Value) -> Value:
    members = mapping_at(column, ())
    return {"jsonPath" if name == "JSONPath" else name: value for name, value in members.items()}


def _conversion(old: Members) -> Members:
    kept = without(old, "webhookClientConfig", "conversionReviewVersions")
    if "webhookClientConfig" not in old:
        return kept
    versions = old.get("conversionReviewVersions") or ["v1beta1"]
    webhook: Members = {"conversionReviewVersions": versions, "clientConfig": old["webhookClientConfig"]}
    return {**kept, "webhook": webhook}


# --- RBAC ----------------------------------------------------------------------------------------------


def _binding(data: Members, options: Options) -> Members:
    """Subjects of v1alpha1 had an apiVersion where they now have a group."""
    return mapping_at(with_list(data, ("subjects",), lambda subject: [_subject(subject)]), ())


def _subject(subject: Value) -> Value:
    old = mapping_at(subject, ())
    if "apiVersion" not in old:
        return subject
    group = (written_at(old, ("apiVersion",)) or "").rpartition("/")[0]
    return {**without(old, "apiVersion"), **({"apiGroup": group} if group else {})}


# --- all of them ---------------------------------------------------------------------------------------

_EXTENSIONS: Final = "apiextensions.k8s.io"
_RBAC: Final = "rbac.authorization.k8s.io"
_NETWORKING: Final = "networking.k8s.io/v1"


def _heirs() -> dict[tuple[str, str], tuple[str, Change | None]]:
    """The version that follows each old one of a kind, and what changes besides."""
    found: dict[tuple[str, str], tuple[str, Change | None]] = {
        ("autoscaling/v2beta1", "HorizontalPodAutoscaler"): ("autoscaling/v2", _autoscaler),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler"): ("autoscaling/v2", _autoscaled),
        ("policy/v1beta1", "PodDisruptionBudget"): ("policy/v1", _budget),
        ("extensions/v1beta1", "Ingress"): (_NETWORKING, _ingress),
        ("networking.k8s.io/v1beta1", "Ingress"): (_NETWORKING, _ingress),
        ("extensions/v1beta1", "NetworkPolicy"): (_NETWORKING, None),
        (f"{_EXTENSIONS}/v1beta1", "CustomResourceDefinition"): (f"{_EXTENSIONS}/v1", _definition),
    }
    for version in ("extensions/v1beta1", "apps/v1beta1", "apps/v1beta2"):
        for kind in ("Deployment", "DaemonSet", "ReplicaSet", "StatefulSet"):
            found[version, kind] = ("apps/v1", _workload)
    for version in (f"{_RBAC}/v1alpha1", f"{_RBAC}/v1beta1"):
        for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"):
            found[version, kind] = (f"{_RBAC}/v1", _binding if kind.endswith("Binding") else None)
    for group, versions, kinds in _RENAMED:
        for version in versions.split():
            for kind in kinds.split():
                found[f"{group}/{version}", kind] = (f"{group}/v1", None)
    return found


_RENAMED: Final = (
    ("batch", "v1beta1 v2alpha1", "CronJob"),
    ("apiregistration.k8s.io", "v1beta1", "APIService"),
    ("networking.k8s.io", "v1beta1", "IngressClass"),
    ("scheduling.k8s.io", "v1alpha1 v1beta1", "PriorityClass"),
    ("storage.k8s.io", "v1beta1", "StorageClass VolumeAttachment CSIDriver CSINode CSIStorageCapacity"),
    ("node.k8s.io", "v1beta1", "RuntimeClass"),
    ("coordination.k8s.io", "v1beta1", "Lease"),
)
_NO_HEIR: Final = {
    "policy/v1beta1": ("PodSecurityPolicy",),
    "extensions/v1beta1": ("PodSecurityPolicy",),
    "settings.k8s.io/v1alpha1": ("PodPreset",),
}
_HEIRS: Final = _heirs()
