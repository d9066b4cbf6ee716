"""Overlays of Gadgetron, Cytomine and EFK on real renders of their charts, field by field, for both Helms.

The renders are in the folder that POSTRENDER_CORPUS names; without it these tests are skipped.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from postrender import pipeline, uses
from postrender.edits import ABSENT

CORPUS = os.environ.get("POSTRENDER_CORPUS")
pytestmark = pytest.mark.skipif(not CORPUS, reason="POSTRENDER_CORPUS does not name a folder of renders")


class Trial(NamedTuple):
    """An overlay on a render: what it is given, what becomes of which field, and what it adds."""

    overlay: str
    render: str
    sets: dict[str, str]
    fields: dict[str, dict[str, object]]
    added: list[str]

    def __str__(self) -> str:
        return f"{self.overlay}-{'-'.join(self.sets) or 'plain'}"


POD = "/spec/template/spec"
MASTER = "StatefulSet elasticsearch-master"


def probes(container: int, port: str) -> dict[str, object]:
    """The probes that a container gets which asks for a connection to its port."""
    ready: dict[str, object] = {"tcpSocket": {"port": port}, "periodSeconds": 10}
    return {
        f"{POD}/containers/{container}/readinessProbe": ready,
        f"{POD}/containers/{container}/livenessProbe": {
            **ready,
            "initialDelaySeconds": 60,
            "failureThreshold": 10,
        },
    }


def password(secret: str, key: str) -> dict[str, object]:
    """ELASTIC_PASSWORD from a Secret, in both containers that have it."""
    reference = {"secretKeyRef": {"name": secret, "key": key}}
    return {
        f"{POD}/{container}/{member}": ABSENT if member == "value" else reference
        for container in ("initContainers/1/env/0", "containers/0/env/11")
        for member in ("value", "valueFrom")
    }


GADGETRON: dict[str, dict[str, object]] = {
    "PersistentVolumeClaim gt1-gadgetron-data": {"/spec/storageClassName": "azurefile-csi"},
    "Deployment gt1-gadgetron": {"/spec/replicas": ABSENT, f"{POD}/terminationGracePeriodSeconds": 600},
    "StatefulSet gt1-storagedb": {
        f"{POD}/containers/0/image": "docker.io/bitnamilegacy/postgresql:11.14.0-debian-10-r22"
    },
}
CYTOMINE: dict[str, dict[str, object]] = {
    **{
        f"PersistentVolumeClaim cytomine-{claim}-claim": {"/spec/storageClassName": "standard"}
        for claim in ("image", "singularity", "temp-image")
    },
    **{
        f"StatefulSet cytomine-{name}": {
            "/spec/volumeClaimTemplates/0/spec/storageClassName": "standard",
            **probes(0, port),
        }
        for name, port in (("mongodb", "mongodb"), ("postgis", "postgres"))
    },
    **{
        f"Deployment cytomine-{name}": probes(0, "http") for name in ("nginx", "pims", "pims-cache", "web-ui")
    },
    "NetworkPolicy cytomine-rabbitmq": {
        "/spec/ingress/0/ports/0": {"protocol": "TCP", "port": 5672},
        "/spec/ingress/1/ports/0": {"protocol": "TCP", "port": 5672},
    },
}
TRIALS = [
    Trial("gadgetron-aks", "gadgetron-0.2.0", {}, GADGETRON, []),
    Trial(
        "gadgetron-aks",
        "gadgetron-0.2.0",
        {
            "namespace": "imaging",
            "nodePool": "gpunp",
            "servicePool": "userpool",
            "gpus": "1",
            "digest": "sha256:7f55c1fd1cdd45c898884265649dedfe85ac297384ec5f096e3da9298fe61a16",
            "databaseStorageClass": "managed-csi",
            "storageConnectionString": "not-a-secret",
            "upSchedule": "0 7 * * 1-5",
            "upReplicas": "5",
            "downSchedule": "0 18 * * 1-5",
            "kubectlImage": "registry.k8s.io/kubectl:v1.34.1",
        },
        {
            **GADGETRON,
            "Deployment gt1-gadgetron": {
                **GADGETRON["Deployment gt1-gadgetron"],
                "/metadata/namespace": "imaging",
                f"{POD}/containers/0/image": "ghcr.io/gadgetron/gadgetron/gadgetron_ubuntu_rt_cuda"
                "@sha256:7f55c1fd1cdd45c898884265649dedfe85ac297384ec5f096e3da9298fe61a16",
                f"{POD}/containers/0/resources": {"limits": {"nvidia.com/gpu": "1"}},
                f"{POD}/nodeSelector": {"kubernetes.azure.com/agentpool": "gpunp"},
                f"{POD}/tolerations": [
                    {"key": "sku", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}
                ],
            },
            "Deployment gt1-gadgetron-storage": {
                f"{POD}/nodeSelector": {"kubernetes.azure.com/agentpool": "userpool"}
            },
            "StatefulSet gt1-storagedb": {
                **GADGETRON["StatefulSet gt1-storagedb"],
                f"{POD}/nodeSelector": {"kubernetes.azure.com/agentpool": "userpool"},
                "/spec/volumeClaimTemplates/0/spec/storageClassName": "managed-csi",
            },
            "ConfigMap gt1-gadgetron-scripts": {"/data/node_info.sh": ...},
            "ClusterRole gt1-gadgetron": {"/metadata/namespace": ABSENT},
            "ClusterRoleBinding gt1-gadgetron": {"/subjects/0/namespace": "imaging"},
            "Service gt1-gadgetron": {"/metadata/namespace": "imaging"},
            "HorizontalPodAutoscaler gt1-gadgetron": {"/metadata/namespace": "imaging"},
        },
        [
            "CronJob gt1-gadgetron-down",
            "CronJob gt1-gadgetron-up",
            "Role gt1-gadgetron-schedule",
            "RoleBinding gt1-gadgetron-schedule",
            "Secret storageserversa",
            "ServiceAccount gt1-gadgetron-schedule",
        ],
    ),
    Trial("cytomine-minikube", "cytomine-head", {}, CYTOMINE, []),
    Trial(
        "cytomine-minikube",
        "cytomine-head",
        {"minikubeIP": "192.168.58.2", "className": "nginx", "rabbitmqMemory": "768Mi"},
        {
            **CYTOMINE,
            "NetworkPolicy cytomine-core": {"/spec/egress/1/to/0/ipBlock/cidr": "192.168.58.2/32"},
            "NetworkPolicy cytomine-pims": {"/spec/egress/3/to/0/ipBlock/cidr": "192.168.58.2/32"},
            "Ingress cytomine-ingress": {"/spec/ingressClassName": "nginx"},
            "Deployment cytomine-rabbitmq": {
                f"{POD}/containers/0/resources/{kind}/memory": "768Mi" for kind in ("limits", "requests")
            },
        },
        [],
    ),
    Trial(
        "efk-elasticsearch",
        "elasticsearch-7.17.3-efk",
        {},
        {MASTER: password("elasticsearch-master-credentials", "password")},
        [],
    ),
    Trial(
        "efk-elasticsearch",
        "elasticsearch-7.17.3-efk",
        {
            "volumeType": "gp3",
            "certificates": "bm90IGEgY2VydGlmaWNhdGU=",
            "certificatesPassword": "not-a-secret",
            "truststore": "false",
            "password": "not-a-password",
            "passwordSecret": "superuser",
        },
        {
            MASTER: {
                **password("superuser", "password"),
                "/spec/volumeClaimTemplates/0/spec/accessModes/0": "ReadWriteOnce",
                "/spec/template/metadata/annotations/checksum~1postrender": ...,
            }
        },
        [
            "Secret elastic-certificates",
            "Secret http-ssl-keystore-password",
            "Secret superuser",
            "Secret transport-ssl-keystore-password",
            "StorageClass es-ais",
        ],
    ),
    Trial(
        "efk-elasticsearch",
        "elasticsearch-7.17.3-efk",
        {"fileSystemId": "fs-0123456789abcdef0", "storageClass": "es-efs"},
        {
            MASTER: {
                **password("elasticsearch-master-credentials", "password"),
                "/spec/volumeClaimTemplates/0/spec/storageClassName": "es-efs",
            }
        },
        ["StorageClass es-efs"],
    ),
]


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
@pytest.mark.parametrize("trial", TRIALS, ids=str)
def test_these_fields_and_no_others(trial: Trial, helm: str) -> None:
    _, rendered = render(trial, helm)
    fields: dict[str, dict[str, object]] = {}
    added = []
    for change in rendered.changes:
        name = f"{change.resource.kind} {change.resource.name}"
        if not change.pointer:
            assert change.before is ABSENT
            added.append(name)
            continue
        wanted = trial.fields.get(name, {}).get(change.pointer)
        # A field that two patches changed counts as the second left it; of a list's element that became
        # another, the report has the old one's end and the new one's beginning.
        if change.after is not ABSENT or change.pointer not in fields.get(name, {}):
            fields.setdefault(name, {})[change.pointer] = ... if wanted is ... else change.after
    assert fields == trial.fields
    assert sorted(added) == trial.added


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
@pytest.mark.parametrize("trial", TRIALS, ids=str)
def test_all_other_lines_stay(trial: Trial, helm: str) -> None:
    before, rendered = render(trial, helm)
    old, new = before.decode().splitlines(), rendered.output.decode().splitlines()
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    gone = sum(end - start for kind, start, end, _, _ in blocks if kind in {"replace", "delete"})
    assert gone <= sum(len(fields) for fields in trial.fields.values())


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
def test_the_script_of_gadgetron_asks_for_its_own_namespace(helm: str) -> None:
    _, rendered = render(TRIALS[1], helm)
    assert b"https://kubernetes.default.svc/api/v1/namespaces/imaging/endpoints/$1" in rendered.output
    assert b"namespaces/default" not in rendered.output


def render(trial: Trial, helm: str) -> tuple[bytes, pipeline.Rendered]:
    """The manifests that Helm sends, and what becomes of them."""
    assert CORPUS
    before = (Path(CORPUS) / trial.render / f"{helm}.yaml").read_bytes()
    plan = uses.plan(overlays=[trial.overlay], sets=[f"{name}={value}" for name, value in trial.sets.items()])
    return before, pipeline.render(before, plan)
