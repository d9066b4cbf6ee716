"""Overlays for Gadgetron, Cytomine and EFK over real renders of their charts, from both Helms, as for XNAT.

What no real render is there for has shapes of its own in `cases/`; kubeconform reads what comes of them too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from postrender import pipeline, uses
from tests import tools
from tests.test_overlays_corpus import ANYTHING, CORPUS, GONE, Case, Edits, check, conforms, replaced

if TYPE_CHECKING:
    from pathlib import Path

POD = "/spec/template/spec"


def added(api_version: str, kind: str, name: str, **members: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **members}


def secret(name: str, **data: str) -> dict[str, Any]:
    return added("v1", "Secret", name, type="Opaque", stringData=data)


# --- Gadgetron -------------------------------------------------------------------------------------------

GADGETRON: dict[str, Edits] = {
    "PersistentVolumeClaim gt1-gadgetron-data": {"/spec/storageClassName": "azurefile-csi"},
    "Deployment gt1-gadgetron": {"/spec/replicas": GONE, f"{POD}/terminationGracePeriodSeconds": 600},
    "StatefulSet gt1-storagedb": {
        f"{POD}/containers/0/image": "docker.io/bitnamilegacy/postgresql:11.14.0-debian-10-r22"
    },
}
GPU_NODES = """
namespace: imaging
nodePool: gpunp
servicePool: userpool
gpus: 1
requests: {cpu: 16, memory: 32Gi}
digest: sha256:7f55c1fd1cdd45c898884265649dedfe85ac297384ec5f096e3da9298fe61a16
databaseStorageClass: managed-csi
storageConnectionString: not-a-secret
upSchedule: 0 7 * * 1-5
upReplicas: 5
downSchedule: 0 18 * * 1-5
kubectlImage: registry.k8s.io/kubectl:v1.34.1
"""
POOL = f"{POD}/nodeSelector/kubernetes.azure.com~1agentpool"
SCHEDULE = "gt1-gadgetron-schedule"


def schedule(name: str, when: str, replicas: int) -> dict[str, Any]:
    container = {
        "name": "kubectl",
        "image": "registry.k8s.io/kubectl:v1.34.1",
        "command": [
            *("kubectl", "patch", "horizontalpodautoscaler", "gt1-gadgetron"),
            *("--patch", f'{{"spec": {{"minReplicas": {replicas}}}}}'),
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    pod = {
        "serviceAccountName": SCHEDULE,
        "restartPolicy": "OnFailure",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65534,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }
    spec = {
        "schedule": when,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Replace",
        "jobTemplate": {"spec": {"template": {"spec": pod}}},
    }
    return added("batch/v1", "CronJob", name, spec=spec)


GADGETRON_GPU: dict[str, Edits] = {
    **GADGETRON,
    "Deployment gt1-gadgetron": {
        **GADGETRON["Deployment gt1-gadgetron"],
        "/metadata/namespace": "imaging",
        f"{POD}/containers/0/image": "ghcr.io/gadgetron/gadgetron/gadgetron_ubuntu_rt_cuda"
        "@sha256:7f55c1fd1cdd45c898884265649dedfe85ac297384ec5f096e3da9298fe61a16",
        f"{POD}/containers/0/resources": {
            "limits": {"nvidia.com/gpu": "1"},
            "requests": {"cpu": "16", "memory": "32Gi"},
        },
        POOL: "gpunp",
        f"{POD}/tolerations": [{"key": "sku", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}],
    },
    "Deployment gt1-gadgetron-storage": {POOL: "userpool"},
    "StatefulSet gt1-storagedb": {
        **GADGETRON["StatefulSet gt1-storagedb"],
        POOL: "userpool",
        "/spec/volumeClaimTemplates/0/spec/storageClassName": "managed-csi",
    },
    "ConfigMap gt1-gadgetron-scripts": {
        "/data/node_info.sh": replaced(
            "https://kubernetes/api/v1/namespaces/default/endpoints",
            "https://kubernetes.default.svc/api/v1/namespaces/imaging/endpoints",
        )
    },
    "ClusterRole gt1-gadgetron": {"/metadata/namespace": GONE},
    "ClusterRoleBinding gt1-gadgetron": {"/subjects/0/namespace": "imaging"},
    "Service gt1-gadgetron": {"/metadata/namespace": "imaging"},
    "HorizontalPodAutoscaler gt1-gadgetron": {"/metadata/namespace": "imaging"},
}
GADGETRON_ADDED = (
    added("v1", "ServiceAccount", SCHEDULE),
    added(
        "rbac.authorization.k8s.io/v1",
        "Role",
        SCHEDULE,
        rules=[
            {
                "apiGroups": ["autoscaling"],
                "resources": ["horizontalpodautoscalers"],
                "resourceNames": ["gt1-gadgetron"],
                "verbs": ["get", "patch"],
            }
        ],
    ),
    added(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        SCHEDULE,
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": SCHEDULE},
        subjects=[{"kind": "ServiceAccount", "name": SCHEDULE}],
    ),
    schedule("gt1-gadgetron-up", "0 7 * * 1-5", 5),
    schedule("gt1-gadgetron-down", "0 18 * * 1-5", 1),
    secret("storageserversa", connectionString="not-a-secret"),
)

# --- Cytomine --------------------------------------------------------------------------------------------


def probes(port: str) -> Edits:
    """The probes that the first container gets which asks for a connection to its port."""
    ready = {"tcpSocket": {"port": port}, "periodSeconds": 10}
    return {
        f"{POD}/containers/0/readinessProbe": ready,
        f"{POD}/containers/0/livenessProbe": {**ready, "initialDelaySeconds": 60, "failureThreshold": 10},
    }


def cytomine(storage_class: str) -> dict[str, Edits]:
    """What is changed whatever the parameters are."""
    claims = {
        f"PersistentVolumeClaim cytomine-{claim}-claim": {"/spec/storageClassName": storage_class}
        for claim in ("image", "singularity", "temp-image")
    }
    databases = {
        f"StatefulSet cytomine-{name}": {
            "/spec/volumeClaimTemplates/0/spec/storageClassName": storage_class,
            **probes(port),
        }
        for name, port in (("mongodb", "mongodb"), ("postgis", "postgres"))
    }
    others = {
        f"Deployment cytomine-{name}": probes("http") for name in ("nginx", "pims", "pims-cache", "web-ui")
    }
    rabbitmq = {f"/spec/ingress/{number}/ports/0/port": 5672 for number in (0, 1)}
    return {**claims, **databases, **others, "NetworkPolicy cytomine-rabbitmq": rabbitmq}


# --- Elasticsearch ---------------------------------------------------------------------------------------

MASTER = "StatefulSet elasticsearch-master"
CLAIM = "/spec/volumeClaimTemplates/0/spec"


def password(name: str, key: str = "password") -> Edits:
    """ELASTIC_PASSWORD from a Secret, in both containers that have it."""
    variables = [f"{POD}/initContainers/1/env/0", f"{POD}/containers/0/env/11"]
    reference = {"secretKeyRef": {"name": name, "key": key}}
    return {
        **{f"{variable}/value": GONE for variable in variables},
        **{f"{variable}/valueFrom": reference for variable in variables},
    }


def storage_class(name: str, **members: Any) -> dict[str, Any]:
    metadata = {"name": name, "annotations": {"helm.sh/resource-policy": "keep"}}
    return {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata, **members}


DISKS = """
volumeType: gp3
certificates: bm90IGEgY2VydGlmaWNhdGU=
certificatesPassword: not-a-secret
password: not-a-password
passwordSecret: superuser
"""
DISKS_ADDED = (
    storage_class(
        "es-ais",
        provisioner="ebs.csi.aws.com",
        parameters={"type": "gp3", "encrypted": "true"},
        volumeBindingMode="WaitForFirstConsumer",
        allowVolumeExpansion=True,
    ),
    added(
        "v1",
        "Secret",
        "elastic-certificates",
        type="Opaque",
        data={"elastic-certificates.p12": "bm90IGEgY2VydGlmaWNhdGU="},
    ),
    *(
        secret(
            f"{layer}-ssl-{store}-password",
            **{f"xpack.security.{layer}.ssl.{store}.secure_password": "not-a-secret"},
        )
        for layer, store in (("transport", "keystore"), ("transport", "truststore"), ("http", "keystore"))
    ),
    secret("superuser", password="not-a-password"),
)
FILES_ADDED = storage_class(
    "es-efs",
    provisioner="efs.csi.aws.com",
    parameters={
        "provisioningMode": "efs-ap",
        "fileSystemId": "fs-0123456789abcdef0",
        "directoryPerms": "700",
    },
)

CASES = [
    Case("gadgetron-0.2.0", ("gadgetron-aks",), "{}", GADGETRON),
    Case("gadgetron-0.2.0", ("gadgetron-aks",), GPU_NODES, GADGETRON_GPU, GADGETRON_ADDED),
    Case("cytomine-head", ("cytomine-minikube",), "{}", cytomine("standard")),
    Case(
        "cytomine-head",
        ("cytomine-minikube",),
        "{storageClass: csi-hostpath-sc, minikubeIP: 192.168.58.2, className: nginx, rabbitmqMemory: 768Mi}",
        {
            **cytomine("csi-hostpath-sc"),
            "NetworkPolicy cytomine-core": {"/spec/egress/1/to/0/ipBlock/cidr": "192.168.58.2/32"},
            "NetworkPolicy cytomine-pims": {"/spec/egress/3/to/0/ipBlock/cidr": "192.168.58.2/32"},
            "Ingress cytomine-ingress": {"/spec/ingressClassName": "nginx"},
            "Deployment cytomine-rabbitmq": {
                f"{POD}/containers/0/resources/{kind}/memory": "768Mi" for kind in ("limits", "requests")
            },
        },
    ),
    Case(
        "elasticsearch-7.17.3-efk",
        ("efk-elasticsearch",),
        "{}",
        {MASTER: password("elasticsearch-master-credentials")},
    ),
    Case(
        "elasticsearch-7.17.3-efk",
        ("efk-elasticsearch",),
        DISKS,
        {
            MASTER: {
                **password("superuser"),
                f"{CLAIM}/accessModes/0": "ReadWriteOnce",
                "/spec/template/metadata/annotations/checksum~1postrender": ANYTHING,
            }
        },
        DISKS_ADDED,
    ),
    Case(
        "elasticsearch-7.17.3-efk",
        ("efk-elasticsearch",),
        "{fileSystemId: fs-0123456789abcdef0, storageClass: es-efs, passwordKey: elastic}",
        {
            MASTER: {
                **password("elasticsearch-master-credentials", "elastic"),
                f"{CLAIM}/storageClassName": "es-efs",
            }
        },
        (FILES_ADDED,),
    ),
]
OVERLAYS = ("cytomine", "efk", "exareme2", "gadgetron", "metrics-server", "mip")
EXAMPLES = [
    path for name in OVERLAYS for path in sorted(tools.ROOT.glob(f"overlays/{name}-*/values.example.yaml"))
]
EXPECTED = [
    path for name in OVERLAYS for path in sorted(tools.ROOT.glob(f"overlays/{name}-*/cases/*/expected.yaml"))
]


@pytest.mark.skipif(not CORPUS, reason="POSTRENDER_CORPUS does not name a folder of renders")
@pytest.mark.parametrize("major", [3, 4])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_field(case: Case, major: int, tmp_path: Path) -> None:
    check(case, major, tmp_path)


@pytest.mark.tool("kubeconform")
@pytest.mark.skipif(not CORPUS, reason="POSTRENDER_CORPUS does not name a folder of renders")
@pytest.mark.parametrize("major", [3, 4])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_kubeconform(case: Case, major: int, tmp_path: Path) -> None:
    assert not conforms(check(case, major, tmp_path))


@pytest.mark.tool("kubeconform")
@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: f"{path.parts[-4]}-{path.parts[-2]}")
def test_kubeconform_of_hand_written_shapes(path: Path) -> None:
    assert not conforms(path.read_bytes())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_example_of_values_can_be_filled_in(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = path.read_text()
    for variable in re.findall(r"env: (\w+)", text):
        monkeypatch.setenv(variable, "not-a-secret")
    for file in re.findall(r"file: ([\w.-]+)", text):
        (tmp_path / file).write_text("not a certificate")
    values = tmp_path / "values.yaml"
    values.write_text(text)
    plan = uses.plan(overlays=[path.parent.name], values=[values])
    assert pipeline.render((path.parent / "cases/plain/input.yaml").read_bytes(), plan).changes
