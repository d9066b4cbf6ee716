"""Puts namespaces right: null, missing and wrong ones, those of role bindings' subjects, and ones too many.

    target: {kind: .*}
    transform: fix-namespace
    with: {namespace: "${namespace}", wrong: [default]}

`namespace: null`, or none, becomes the right one in resources that have a namespace; so does one of `wrong`.
The same goes for the ServiceAccounts among the subjects of a RoleBinding or ClusterRoleBinding. Resources
of the whole cluster lose theirs, for the API server refuses them with one.

- `namespace`: the right one; default: that of the release, where it is known.
- `wrong`: namespaces that are not to be.
- `clusterScoped`: `strip`, the default, or `keep`.
- `clusterKinds`, `namespacedKinds`: custom kinds, as `ClusterIssuer` or `ClusterIssuer.cert-manager.io`.
  Those whose CustomResourceDefinition is in the stream are known by it; of what is not known only wrong
  namespaces are put right, for a missing one is Helm's to fill in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from postrender.errors import PatchError
from postrender.parameters import Schema
from postrender.pointers import mapping_at, written_at
from postrender.transforms import Result, workloads
from postrender.transforms.workloads import with_list, without

if TYPE_CHECKING:
    from collections.abc import Mapping

    from postrender.documents import Identity
    from postrender.kubeyaml import Value
    from postrender.transforms import Context

_NAMES: Final = Schema(("array",), items=Schema(("string",)))
OPTIONS: Final = {
    "namespace": Schema(("string",)),
    "wrong": _NAMES,
    "clusterScoped": Schema(("string",), enum=("strip", "keep")),
    "clusterKinds": _NAMES,
    "namespacedKinds": _NAMES,
}
REQUIRED: Final = frozenset[str]()

# The kinds of the whole cluster by their groups; what else is in these groups has a namespace.
# https://kubernetes.io/docs/reference/kubernetes-api/
_CLUSTER: Final = {
    "": "Namespace Node PersistentVolume",
    "admissionregistration.k8s.io": (
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration "
        "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration"
    ),
    "apiextensions.k8s.io": "CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "apps": "",
    "autoscaling": "",
    "batch": "",
    "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle",
    "coordination.k8s.io": "",
    "discovery.k8s.io": "",
    "events.k8s.io": "",
    "extensions": "PodSecurityPolicy",
    "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io": "IngressClass IPAddress ServiceCIDR",
    "node.k8s.io": "RuntimeClass",
    "policy": "PodSecurityPolicy",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
    "resource.k8s.io": "DeviceClass DeviceTaintRule ResourceSlice",
    "scheduling.k8s.io": "PriorityClass",
    "storage.k8s.io": "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass",
}


def check(options: Mapping[str, Value]) -> None:
    """Raises PatchError for an empty name of a namespace."""
    if options.get("namespace") == "":
        raise PatchError("the namespace is empty")


def roots(options: Mapping[str, Value]) -> frozenset[str]:
    """Where namespaces stand."""
    return frozenset({"metadata", "subjects"})


def apply(value: Value, options: Mapping[str, Value], context: Context) -> Value | Result:
    """The resource with its namespaces put right. Raises PatchError where none is known to be right."""
    data = workloads.whole(value, context)
    right = str(options.get("namespace", context.namespace))
    if not right:
        raise PatchError("no namespace", hint="give the option `namespace`, or `--namespace`")
    wrong = {"", *workloads.texts(options, "wrong")}
    metadata = mapping_at(data, ("metadata",))
    is_wrong = (written_at(metadata, ("namespace",)) or "") in wrong
    scope = _scope(context, options)
    if scope == "Cluster":
        if "namespace" in metadata and options.get("clusterScoped") != "keep":
            data = {**data, "metadata": without(metadata, "namespace")}
    elif is_wrong and (scope or context.resource.namespace):
        data = {**data, "metadata": {**metadata, "namespace": right}}
    if context.resource.kind in ("RoleBinding", "ClusterRoleBinding"):
        return with_list(data, ("subjects",), lambda subject: [_subject(subject, right, wrong)])
    return data


def _scope(context: Context, options: Mapping[str, Value]) -> str:
    """`Cluster` or `Namespaced`; empty where nobody says it."""
    who = context.resource
    names = {who.kind, f"{who.kind}.{who.group}"}
    if names & {*workloads.texts(options, "clusterKinds")}:
        return "Cluster"
    if names & {*workloads.texts(options, "namespacedKinds")}:
        return "Namespaced"
    if who.group in _CLUSTER:
        return "Cluster" if who.kind in _CLUSTER[who.group].split() else "Namespaced"
    return _defined(who, context)


def _defined(who: Identity, context: Context) -> str:
    for _, definition in context.others("CustomResourceDefinition"):
        spec = mapping_at(definition, ("spec",))
        if (written_at(spec, ("group",)), written_at(spec, ("names", "kind"))) == (who.group, who.kind):
            return written_at(spec, ("scope",)) or "Namespaced"
    return ""


def _subject(subject: Value, right: str, wrong: set[str]) -> Value:
    is_wrong = (written_at(subject, ("namespace",)) or "") in wrong
    if written_at(subject, ("kind",)) != "ServiceAccount" or not is_wrong:
        return subject
    return {**mapping_at(subject, ()), "namespace": right}
