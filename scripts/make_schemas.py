"""Makes the JSON Schemas that tests hold patched manifests to, one file a kind, for kubeconform.

    scripts/make_schemas.py FOLDER DEFINITIONS [CRDS ...]

DEFINITIONS is Kubernetes' OpenAPI v2 document (api/openapi-spec/swagger.json of its repository), or the
`_definitions.json` that the Python package kubernetes-validate has of it for each version. CRDS are YAML
files with CustomResourceDefinitions: of istio.io/api (kubernetes/customresourcedefinitions.gen.yaml), of
cert-manager. What stands in FOLDER is made of Kubernetes 1.35, Istio 1.28 and cert-manager's chart.

The schemas are strict: a field that the API server would drop is an error. Null counts as absent.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema: TypeAlias = dict[str, Any]

KINDS = {
    "": "ConfigMap Endpoints LimitRange Namespace PersistentVolume PersistentVolumeClaim Pod ResourceQuota "
    "Secret Service ServiceAccount",
    "admissionregistration.k8s.io": "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
    "apiregistration.k8s.io": "APIService",
    "apps": "DaemonSet Deployment ReplicaSet StatefulSet",
    "autoscaling": "HorizontalPodAutoscaler",
    "batch": "CronJob Job",
    "discovery.k8s.io": "EndpointSlice",
    "networking.k8s.io": "Ingress IngressClass NetworkPolicy",
    "policy": "PodDisruptionBudget",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "scheduling.k8s.io": "PriorityClass",
    "storage.k8s.io": "StorageClass",
    "cert-manager.io": "Certificate ClusterIssuer Issuer",
    "networking.istio.io": "DestinationRule Gateway VirtualService",
    "security.istio.io": "AuthorizationPolicy PeerAuthentication",
}
"""The kinds that real renders have and that patchsets add, in their stable versions."""

STABLE = ("v1", "v2")
KEPT = ("additionalProperties", "enum", "items", "maxItems", "minItems", "pattern", "properties", "required")
EITHER = {"int-or-string": ("integer", "string"), "quantity": ("number", "string")}


def main(folder: str, definitions: str, *crds: str) -> None:
    """Writes the schemas of all kinds into a folder, in place of those that are there."""
    document = json.loads(Path(definitions).read_text(encoding="utf-8"))
    kinds = [*_built_in(document.get("$defs") or document["definitions"])]
    for path in crds:
        for crd in yaml.safe_load_all(Path(path).read_text(encoding="utf-8")):
            kinds += _custom(crd)
    for old in Path(folder).glob("*.json"):
        old.unlink()
    for group, version, kind, schema in kinds:
        if kind in KINDS.get(group, "").split() and version in STABLE:
            name = "-".join(part for part in (kind.lower(), group.split(".")[0], version) if part)
            text = json.dumps(schema, sort_keys=True, separators=(",", ":"))
            Path(folder, f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def _built_in(definitions: dict[str, Schema]) -> Iterator[tuple[str, str, str, Schema]]:
    """Every kind of Kubernetes' own, with the definitions that it needs."""
    for definition in definitions.values():
        for which in definition.get("x-kubernetes-group-version-kind", ()):
            needed: dict[str, Schema] = {}
            schema = _reduced(definition, definitions, needed)
            schema["properties"]["status"] = {}
            schema["$defs"] = needed
            yield which["group"], which["version"], which["kind"], schema


def _custom(crd: Schema | None) -> Iterator[tuple[str, str, str, Schema]]:
    """Every version of the kind that a CustomResourceDefinition defines."""
    if not crd or crd.get("kind") != "CustomResourceDefinition":
        return
    for version in crd["spec"]["versions"]:
        schema = _reduced(version["schema"]["openAPIV3Schema"], {}, {})
        schema["properties"] |= {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {},
            "status": {},
        }
        yield crd["spec"]["group"], version["name"], crd["spec"]["names"]["kind"], schema


def _reduced(schema: Schema, definitions: dict[str, Schema], needed: dict[str, Schema]) -> Schema:
    """A schema without its words and formats; what it refers to goes into `needed`."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in needed:
            needed[name] = {}
            needed[name] = _reduced(definitions[name], definitions, needed)
        return {"$ref": f"#/$defs/{name}"}
    if either := _either(schema):
        return {"type": [*either, "null"]}
    reduced = {key: schema[key] for key in KEPT if key in schema}
    if properties := reduced.get("properties"):
        reduced["properties"] = {
            name: _reduced(inner, definitions, needed) for name, inner in properties.items()
        }
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            reduced.setdefault("additionalProperties", False)
    for key in ("additionalProperties", "items"):
        if isinstance(reduced.get(key), dict):
            reduced[key] = _reduced(reduced[key], definitions, needed)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    if types:
        reduced["type"] = [*types, "null"]
    if "enum" in reduced:
        reduced["enum"] = [*reduced["enum"], None]
    return reduced


def _either(schema: Schema) -> tuple[str, ...]:
    """What a quantity or a port may be written as."""
    if schema.get("x-kubernetes-int-or-string"):
        return EITHER["int-or-string"]
    choices = [name for choice in schema.get("oneOf", ()) for name in choice.get("type", ())]
    if "string" in choices and len(schema["oneOf"]) == 2:
        return EITHER["int-or-string" if "integer" in choices else "quantity"]
    return EITHER.get(schema.get("format", ""), ())


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
