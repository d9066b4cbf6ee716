"""The overlays for XNAT over real renders of its chart, from both Helms: every field of every resource.

The renders are in the folder that POSTRENDER_CORPUS names. What an overlay should make of one is said as
edits of what Go reads there (`golden.json`); all that no edit names has to stay. Then kubeconform reads it.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from postrender import documents, pipeline, uses
from postrender.errors import PostrenderError
from tests import tools

Edits: TypeAlias = Mapping[str, Any]
"""New values by their pointers: GONE takes one away, ANYTHING is new, a function makes it of the old one."""

CORPUS = os.environ.get("POSTRENDER_CORPUS", "")
SCHEMAS = tools.ROOT / "tests/data/schemas"
GONE = object()
ANYTHING = object()


@dataclass(frozen=True, slots=True)
class Case:
    """Overlays over one render, and what comes of it: resources changed, by "Kind name", and added."""

    render: str
    overlays: tuple[str, ...]
    values: str
    changed: Mapping[str, Edits]
    added: tuple[Mapping[str, Any], ...] = field(default=())
    becomes: Mapping[str, Edits] = field(default_factory=dict)
    """Resources that are others afterwards, by edits of their kind too."""
    at_first: Mapping[str, str] = field(default_factory=dict)
    """Texts of the render that are others here, for what no render has."""

    def __str__(self) -> str:
        return f"{self.render}-{'-'.join(self.overlays)}"


def check(case: Case, major: int, folder: Path) -> bytes:
    """Runs a case over what one Helm sends, holds every field to what is said, and returns the outcome."""
    render = Path(CORPUS, case.render, f"helm{major}.yaml").read_bytes()
    for old, new in case.at_first.items():
        render = render.replace(old.encode(), new.encode())
    golden = Path(CORPUS, case.render, "golden.json" if major == 3 else f"golden{major}.json")
    values = folder / "values.yaml"
    values.write_text(case.values)
    plan = uses.plan(overlays=case.overlays, values=[values])
    output = pipeline.render(render, plan).output

    expected = {named(data): data for data in json.loads(golden.read_text()) if data}
    for resource, edits in case.changed.items():
        expected[resource] = edited(expected[resource], edits)
    for resource, edits in case.becomes.items():
        data = edited(expected.pop(resource), edits)
        expected[named(data)] = data
    for data in case.added:
        assert named(data) not in expected
        expected[named(data)] = data
    found = [data for data in yaml.load_all(output, yaml.CSafeLoader) if data]
    assert sorted(map(named, found)) == sorted(expected)
    for data in found:
        edits = case.changed.get(named(data), {})
        unknown = {pointer: lambda _: "anything" for pointer, new in edits.items() if new is ANYTHING}
        assert typed(edited(data, unknown)) == typed(expected[named(data)])

    texts = {document.text.strip() for document in documents.split(output).documents}
    for document in documents.split(render).documents:
        data = yaml.load(document.text, yaml.CSafeLoader)
        touched = not data or named(data) in case.changed or named(data) in case.becomes
        assert touched or document.text.strip() in texts
    return output


def named(data: Mapping[str, Any]) -> str:
    return f"{data['kind']} {data['metadata']['name']}"


def edited(data: Any, edits: Edits) -> Any:
    """A copy with new values; the members that lead to them are made where they are missing."""
    data = copy.deepcopy(data)
    for pointer, new in edits.items():
        *path, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
        parent = data
        for part in path:
            if isinstance(parent, dict) and parent.get(part) is None:
                parent[part] = {}
            parent = parent[int(part) if isinstance(parent, list) else part]
        key: Any = int(last) if isinstance(parent, list) else last
        if new is GONE:
            del parent[key]
        elif new is ANYTHING:
            parent[key] = "anything"
        else:
            parent[key] = new(parent[key]) if callable(new) else new
    return data


def typed(data: Any) -> str:
    """What is there, where 1, 1.0 and true are told apart; the order of members does not count."""
    return json.dumps(data, sort_keys=True, indent=1)


def conforms(manifests: bytes) -> str:
    """What kubeconform finds wrong with manifests; nothing if they are as their kinds' schemas have them."""
    location = f"{SCHEMAS}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    command = [str(tools.path("kubeconform")), "-schema-location", location, "-kubernetes-version", "1.35.0"]
    done = subprocess.run(command, input=manifests, capture_output=True, check=False)
    return (done.stdout + done.stderr).decode() if done.returncode else ""


# --- what the overlays make of the renders ---------------------------------------------------------------

STATEFULSET = "StatefulSet xnat-xnat-web"
INGRESS = "Ingress xnat-xnat-web"
CACHE_CLASS = "/spec/volumeClaimTemplates/0/spec/storageClassName"


def first(*elements: Any) -> Callable[[list[Any]], list[Any]]:
    """Puts elements before those of a list."""
    return lambda old: [*elements, *old]


def helms_own(**new: str) -> Callable[[dict[str, str]], dict[str, str]]:
    """Puts annotations in place of all but the one by which Helm 4 knows its own."""
    return lambda old: {**{name: old[name] for name in old if name.startswith("postrenderer.")}, **new}


def replaced(old: str, new: str) -> Callable[[str], str]:
    """Puts a text in place of another, which is there once."""

    def edit(text: str) -> str:
        assert text.count(old) == 1
        return text.replace(old, new)

    return edit


def meta(name: str, namespace: str = "") -> dict[str, Any]:
    return {"name": name, "namespace": namespace} if namespace else {"name": name}


def kept(name: str) -> dict[str, Any]:
    return {"name": name, "annotations": {"helm.sh/resource-policy": "keep"}}


def azure_volume(volume: str, size: str, user: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": kept(f"xnat-xnat-xnat-web-{volume}"),
        "spec": {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteMany"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": "xnat",
                "name": f"xnat-xnat-web-{volume}",
            },
            "mountOptions": [
                *("dir_mode=0755", "file_mode=0755", f"uid={user}", f"gid={user}"),
                *("mfsymlinks", "nobrl", "cache=strict", "nosharesock", "actimeo=30"),
            ],
            "csi": {
                "driver": "file.csi.azure.com",
                "volumeHandle": f"imaging#xnatfiles#{volume}-share",
                "volumeAttributes": {
                    "resourceGroup": "imaging",
                    "storageAccount": "xnatfiles",
                    "shareName": f"{volume}-share",
                },
                "nodeStageSecretRef": {"name": "azure-secret", "namespace": "xnat"},
            },
        },
    }


def azure_claims(*volumes: str) -> dict[str, Edits]:
    return {
        f"PersistentVolumeClaim xnat-xnat-web-{volume}": {
            "/spec/storageClassName": "",
            "/spec/volumeName": f"xnat-xnat-xnat-web-{volume}",
        }
        for volume in volumes
    }


SECURITY = {"apiVersion": "security.istio.io/v1"}
SELECTOR = {"matchLabels": {"app": "xnat-web"}}
INJECTED = {"/spec/template/metadata/labels/sidecar.istio.io~1inject": "true"}
MESH: tuple[Mapping[str, Any], ...] = (
    {
        **SECURITY,
        "kind": "PeerAuthentication",
        "metadata": meta("default", "xnat"),
        "spec": {"mtls": {"mode": "STRICT"}},
    },
    {
        **SECURITY,
        "kind": "PeerAuthentication",
        "metadata": meta("xnat-xnat-web", "xnat"),
        "spec": {
            "selector": SELECTOR,
            "mtls": {"mode": "STRICT"},
            "portLevelMtls": {"8080": {"mode": "PERMISSIVE"}, "8104": {"mode": "PERMISSIVE"}},
        },
    },
    {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": meta("xnat-xnat-web", "xnat"),
        "spec": {
            "host": "xnat-xnat-web.xnat.svc.cluster.local",
            "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}},
        },
    },
    {
        **SECURITY,
        "kind": "AuthorizationPolicy",
        "metadata": meta("xnat-xnat-web", "xnat"),
        "spec": {
            "selector": SELECTOR,
            "action": "ALLOW",
            "rules": [
                {"to": [{"operation": {"methods": ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]}}]}
            ],
        },
    },
    {
        **SECURITY,
        "kind": "AuthorizationPolicy",
        "metadata": meta("xnat-xnat-web-dicom", "xnat"),
        "spec": {
            "selector": SELECTOR,
            "action": "ALLOW",
            "rules": [{"to": [{"operation": {"ports": ["8104"]}}]}],
        },
    },
)

AZURE = """
account: xnatfiles
resourceGroup: imaging
secretName: azure-secret
archiveShare: archive-share
prearchiveShare: prearchive-share
cacheStorageClass: managed-csi
"""
AZURE_1: dict[str, Edits] = {
    **azure_claims("archive", "prearchive"),
    STATEFULSET: {CACHE_CLASS: "managed-csi"},
}
AZURE_2: dict[str, Edits] = {
    **azure_claims("archive", "prearchive", "build"),
    STATEFULSET: {CACHE_CLASS: "managed-csi"},
    INGRESS: {
        "/metadata/annotations/kubernetes.io~1ingress.class": GONE,
        "/metadata/annotations/nginx.ingress.kubernetes.io~1proxy-body-size": "1024m",
        "/metadata/annotations/cert-manager.io~1issuer": "letsencrypt",
        "/spec/ingressClassName": "nginx",
        "/spec/rules/0/http/paths/0/backend/service/name": "xnat-xnat-web",
        "/spec/rules/1/http/paths/0/backend/service/name": "xnat-xnat-web",
        "/spec/tls/0/hosts": ["imaging.example.org"],
    },
}
AZURE_VOLUMES_1 = tuple(azure_volume(volume, "1Ti", 1000) for volume in ("archive", "prearchive"))
AZURE_VOLUMES_2 = (
    azure_volume("archive", "1Ti", 65534),
    azure_volume("prearchive", "1Ti", 65534),
    azure_volume("build", "100Gi", 65534),
)
ISSUER = {
    "apiVersion": "cert-manager.io/v1",
    "kind": "Issuer",
    "metadata": meta("letsencrypt"),
    "spec": {
        "acme": {
            "server": "https://acme-v02.api.letsencrypt.org/directory",
            "email": "admin@example.org",
            "privateKeySecretRef": {"name": "letsencrypt-account"},
            "solvers": [{"http01": {"ingress": {"ingressClassName": "nginx"}}}],
        }
    },
}
AZURE_VALUES_2 = f"""{AZURE}
buildShare: build-share
className: nginx
proxyBodySize: 1024m
hosts: [imaging.example.org]
tlsSecret: xnat-tls
issuer: letsencrypt
email: admin@example.org
"""

AWS = """
scheme: internal
certificateArn: arn:aws:acm:ap-southeast-2:111122223333:certificate/0a1b2c3d
storageClass: gp3
"""
AWS_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": meta("gp3"),
    "provisioner": "ebs.csi.aws.com",
    "parameters": {"type": "gp3"},
    "volumeBindingMode": "WaitForFirstConsumer",
}
ALB = {
    "scheme": "internal",
    "target-type": "ip",
    "healthcheck-path": "/",
    "success-codes": "302",
    "target-group-attributes": "stickiness.enabled=true,stickiness.lb_cookie.duration_seconds=1800,"
    "load_balancing.algorithm.type=least_outstanding_requests",
    "load-balancer-attributes": "idle_timeout.timeout_seconds=300",
    "listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
    "certificate-arn": "arn:aws:acm:ap-southeast-2:111122223333:certificate/0a1b2c3d",
    "ssl-redirect": "443",
}
AWS_2: dict[str, Edits] = {
    "Service xnat-xnat-web": {"/spec/sessionAffinity": GONE},
    "Service xnat-xnat-web-dicom-scp": {"/spec/sessionAffinity": GONE},
    STATEFULSET: {CACHE_CLASS: "gp3"},
    INGRESS: {
        # All annotations of the render are ingress-nginx's, or say that it is the one.
        "/metadata/annotations": helms_own(**{f"alb.ingress.kubernetes.io/{key}": ALB[key] for key in ALB}),
        "/spec/ingressClassName": "alb",
        "/spec/rules/0/http/paths/0/backend/service/name": "xnat-xnat-web",
        "/spec/rules/1/http/paths/0/backend/service/name": "xnat-xnat-web",
    },
}
AUTHORITIES = "/etc/postgresql-ca"
CA_MOUNT = {"name": "rds-ca", "mountPath": AUTHORITIES, "readOnly": True}
CA_VOLUME = {
    "name": "rds-ca",
    "secret": {"secretName": "rds-ca", "items": [{"key": "root.crt", "path": "root.crt"}]},
}
CA = {
    "/spec/template/spec/containers/0/volumeMounts": first(CA_MOUNT),
    "/spec/template/spec/volumes": first(CA_VOLUME),
}
PG_1: dict[str, Edits] = {
    "Secret xnat-xnat-web": {
        "/stringData/xnat-conf.properties": replaced(
            "postgresql://xnat-postgresql/xnat_web\n",
            f"postgresql://xnat-postgresql/xnat_web?sslmode=verify-ca&sslrootcert={AUTHORITIES}/root.crt\n",
        )
    },
    "Service xnat-postgresql": {
        "/spec/type": "ExternalName",
        "/spec/externalName": "db.example.org",
        "/spec/selector": GONE,
    },
    STATEFULSET: {**CA, "/spec/template/metadata/annotations/checksum~1postrender": ANYTHING},
}
PG_2: Edits = {
    **CA,
    "/spec/template/spec/initContainers/0/args/0": replaced(
        "${PGPORT}/${PGDATABASE}",
        f"${{PGPORT}}/${{PGDATABASE}}?sslmode=verify-full&sslrootcert={AUTHORITIES}/root.crt",
    ),
}

VOLUMES = ("archive", "prearchive", "build")


def claims(volumes: tuple[str, ...], edits: Edits) -> dict[str, Edits]:
    """The same edits for some of XNAT's claims."""
    return {f"PersistentVolumeClaim xnat-xnat-web-{volume}": edits for volume in volumes}


RESOURCES = {"cpu": "1", "memory": "3000Mi"}
AUTOSCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": meta("xnat-xnat-web"),
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "xnat-xnat-web"},
        "minReplicas": 2,
        "maxReplicas": 10,
        "metrics": [
            {
                "type": "ContainerResource",
                "containerResource": {
                    "name": "cpu",
                    "container": "xnat",
                    "target": {"type": "Utilization", "averageUtilization": 80},
                },
            }
        ],
    },
}
SCALED: Edits = {
    CACHE_CLASS: "gp3",
    "/spec/replicas": GONE,
    "/spec/template/spec/containers/0/resources": {"requests": RESOURCES, "limits": RESOURCES},
}
AUTOSCALE = (
    "scheme: internal\nmaxReplicas: 10\nrequests: &r {cpu: 1, memory: 3000Mi}\nlimits: *r\nxnat-aws:"
    + AWS.replace("\n", "\n  ").replace("scheme", "# scheme")
)

LINODE: Edits = {
    "/spec/accessModes": ["ReadWriteOnce"],
    "/spec/storageClassName": "linode-block-storage-retain",
    "/spec/resources/requests/storage": "100Gi",
}
LINODE_INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {**meta("xnat-xnat-web"), "annotations": {"cert-manager.io/issuer": "letsencrypt"}},
    "spec": {
        "ingressClassName": "nginx",
        "rules": [
            {
                "host": "xnat.example.org",
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "xnat-xnat-web", "port": {"number": 80}}},
                        }
                    ]
                },
            }
        ],
        "tls": [{"hosts": ["xnat.example.org"], "secretName": "xnat-tls"}],
    },
}

MICROK8S: Edits = {
    "/spec/storageClassName": "microk8s-hostpath",
    "/spec/resources/requests/storage": "2Gi",
}
MICROK8S_WEB: Edits = {
    CACHE_CLASS: "microk8s-hostpath",
    "/spec/volumeClaimTemplates/0/spec/resources/requests/storage": "1Gi",
    "/spec/template/spec/containers/0/resources": {
        "requests": {"cpu": "100m", "memory": "1500Mi"},
        "limits": {"memory": "4Gi"},
    },
}

PLUGIN = {
    "name": "openid-plugin",
    "image": "registry.example.org/curl:8",
    "command": ["sh", "-euc"],
    "args": [
        'curl --fail --silent --show-error --location --output "/plugins/$FILE" "$URL"\n'
        'echo "$SHA256  /plugins/$FILE" | sha256sum -c\n'
    ],
    "env": [
        {"name": "URL", "value": "https://example.org/plugin.jar"},
        {"name": "SHA256", "value": "0123"},
        {"name": "FILE", "value": "openid-auth-plugin.jar"},
    ],
    "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    },
}
AAF = """
pluginUrl: https://example.org/plugin.jar
pluginSha256: "0123"
pluginImage: registry.example.org/curl:8
"""
PROVIDER = "ConfigMap xnat-xnat-web-plugins"


def fetched(volume: str) -> Edits:
    """The init container that fetches a plugin into a volume comes last."""
    mounted = {**PLUGIN, "volumeMounts": [{"name": volume, "mountPath": "/plugins"}]}
    return {"/spec/template/spec/initContainers": lambda old: [*old, mounted]}


def nfs_volume(volume: str, size: str) -> dict[str, Any]:
    azure = azure_volume(volume, size, 0)
    spec = {key: value for key, value in azure["spec"].items() if key not in ("csi", "mountOptions")}
    nfs = {"server": "nfs.example.org", "path": f"/export/{volume}"}
    return {**azure, "spec": {**spec, "nfs": nfs}}


SWARM: Edits = {
    "/spec/template/spec/containers/0/volumeMounts": first(
        {"name": "swarm", "mountPath": "/usr/local/tomcat/certs", "readOnly": True}
    ),
    "/spec/template/spec/volumes": first(
        {
            "name": "swarm",
            "secret": {
                "secretName": "swarm",
                "items": [{"key": name, "path": name} for name in ("ca.pem", "cert.pem", "key.pem")],
            },
        }
    ),
}

CASES = [
    Case(
        "xnat-2.0.0-full",
        ("xnat-aws-autoscale",),
        AUTOSCALE,
        {**AWS_2, STATEFULSET: SCALED},
        (AWS_CLASS, AUTOSCALER),
    ),
    Case(
        "xnat-2.0.0-full",
        ("xnat-aws-autoscale", "xnat-istio"),
        f"{AUTOSCALE}\nnamespace: xnat",
        {**AWS_2, STATEFULSET: {**SCALED, **INJECTED}},
        (AWS_CLASS, AUTOSCALER, *MESH),
    ),
    Case(
        "xnat-1.1.23",
        ("xnat-linode",),
        "size: 100Gi\nhost: xnat.example.org\ntlsSecret: xnat-tls\nissuer: letsencrypt\n"
        "email: admin@example.org",
        {**claims(VOLUMES[:2], LINODE), STATEFULSET: {CACHE_CLASS: "linode-block-storage-retain"}},
        (LINODE_INGRESS, ISSUER),
    ),
    Case(
        "xnat-2.0.0-full",
        ("xnat-linode",),
        "size: 100Gi",
        {**claims(VOLUMES, LINODE), STATEFULSET: {CACHE_CLASS: "linode-block-storage-retain"}},
    ),
    Case(
        "xnat-1.1.23",
        ("xnat-dev-microk8s",),
        "",
        {
            **claims(VOLUMES[:2], MICROK8S),
            STATEFULSET: MICROK8S_WEB,
            "StatefulSet xnat-postgresql": {CACHE_CLASS: "microk8s-hostpath"},
        },
    ),
    Case(
        "xnat-2.0.0-full",
        ("xnat-dev-microk8s",),
        "",
        {**claims(VOLUMES, MICROK8S), STATEFULSET: MICROK8S_WEB},
    ),
    Case("xnat-1.1.23", ("xnat-aaf",), AAF, {STATEFULSET: fetched("home-plugins")}),
    Case(
        "xnat-2.0.0-full",
        ("xnat-aaf",),
        AAF,
        {
            STATEFULSET: {
                **fetched("xnat-home-plugins"),
                "/spec/template/spec/volumes/6": {
                    "name": "conf-plugins",
                    "secret": {"secretName": "xnat-xnat-web-plugins"},
                },
            }
        },
        at_first={
            "data:\n  {}\n": "data: {openid-provider.properties: auth.method=openid}\n",
            "data: {}\n": "data: {openid-provider.properties: auth.method=openid}\n",
        },
        becomes={
            PROVIDER: {
                "/kind": "Secret",
                "/type": "Opaque",
                "/metadata": lambda old: {key: old[key] for key in old if key != "annotations"},
                "/data": {"openid-provider.properties": "YXV0aC5tZXRob2Q9b3Blbmlk"},
            }
        },
    ),
    Case(
        "xnat-2.0.0-full",
        ("xnat-swarm",),
        "nfsServer: nfs.example.org\nnfsPath: /export\nnamespace: xnat\ncertificates: swarm",
        {**azure_claims(*VOLUMES), STATEFULSET: SWARM},
        tuple(
            nfs_volume(volume, size) for volume, size in zip(VOLUMES, ("1Ti", "1Ti", "100Gi"), strict=True)
        ),
    ),
    Case(
        "xnat-1.1.23",
        ("xnat-swarm",),
        "buildSize: 100Gi\nbuildStorageClass: efs\ncertificates: swarm",
        {
            STATEFULSET: {
                "/spec/template/spec/containers/0/volumeMounts": first(
                    *SWARM["/spec/template/spec/containers/0/volumeMounts"]([]),
                    {"name": "build", "mountPath": "/data/xnat/build"},
                ),
                "/spec/template/spec/volumes": first(
                    *SWARM["/spec/template/spec/volumes"]([]),
                    {"name": "build", "persistentVolumeClaim": {"claimName": "xnat-xnat-web-build"}},
                ),
            }
        },
        (
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": kept("xnat-xnat-web-build"),
                "spec": {
                    "accessModes": ["ReadWriteMany"],
                    "resources": {"requests": {"storage": "100Gi"}},
                    "storageClassName": "efs",
                },
            },
        ),
    ),
    Case("xnat-2.0.0-full", ("xnat-aws",), AWS, AWS_2, (AWS_CLASS,)),
    Case(
        "xnat-2.0.0-full",
        ("xnat-aws", "xnat-istio"),
        f"{AWS}\ndatabaseSslMode: verify-full\ndatabaseCaSecret: rds-ca\nnamespace: xnat",
        {**AWS_2, STATEFULSET: {CACHE_CLASS: "gp3", **PG_2, **INJECTED}},
        (AWS_CLASS, *MESH),
    ),
    Case(
        "xnat-1.1.23",
        ("xnat-external-pg",),
        "sslMode: verify-ca\ncaSecret: rds-ca\nservice: xnat-postgresql\nhost: db.example.org",
        PG_1,
    ),
    Case(
        "xnat-2.0.0-full",
        ("xnat-external-pg",),
        "sslMode: verify-full\ncaSecret: rds-ca",
        {STATEFULSET: PG_2},
    ),
    Case("xnat-1.1.23", ("xnat-istio",), "namespace: xnat", {STATEFULSET: INJECTED}, MESH),
    Case("xnat-2.0.0-full", ("xnat-istio",), "namespace: xnat", {STATEFULSET: INJECTED}, MESH),
    Case(
        "xnat-1.1.23",
        ("xnat-azure",),
        f"{AZURE}\nnamespace: xnat\nuid: 1000\ngid: 1000",
        AZURE_1,
        AZURE_VOLUMES_1,
    ),
    Case(
        "xnat-2.0.0-full",
        ("xnat-azure",),
        f"{AZURE_VALUES_2}\nnamespace: xnat",
        AZURE_2,
        (*AZURE_VOLUMES_2, ISSUER),
    ),
    Case(
        "xnat-2.0.0-full",
        ("xnat-azure", "xnat-istio"),
        f"{AZURE_VALUES_2}\nxnat-azure: {{namespace: xnat}}\nxnat-istio: {{namespace: xnat}}",
        {**AZURE_2, STATEFULSET: {CACHE_CLASS: "managed-csi", **INJECTED}},
        (*AZURE_VOLUMES_2, ISSUER, *MESH),
    ),
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


@pytest.mark.skipif(not CORPUS, reason="POSTRENDER_CORPUS does not name a folder of renders")
@pytest.mark.parametrize("cloud", ["xnat-aws", "xnat-azure", "xnat-swarm"])
def test_an_overlay_may_name_two(cloud: str, tmp_path: Path) -> None:
    """Two overlays of a site's own do what they do one after the other on the command line."""
    render = Path(CORPUS, "xnat-2.0.0-full", "helm3.yaml").read_bytes()
    values = {
        "xnat-aws": yaml.safe_load(AWS),
        "xnat-azure": {**yaml.safe_load(AZURE_VALUES_2), "namespace": "xnat"},
        "xnat-swarm": {"certificates": "swarm"},
        "xnat-istio": {"namespace": "xnat"},
    }
    overlays = (cloud, "xnat-istio")
    (tmp_path / "values.yaml").write_text(yaml.safe_dump({name: values[name] for name in overlays}))
    uses_of = [{"name": name, "with": values[name]} for name in overlays]
    site = {"apiVersion": "postrender/v1", "kind": "Overlay", "name": "site", "patchsets": uses_of}
    (tmp_path / "postrender.yaml").write_text(yaml.safe_dump(site))
    together = pipeline.render(render, uses.plan(overlays=[str(tmp_path / "postrender.yaml")]))
    apart = pipeline.render(render, uses.plan(overlays=overlays, values=[tmp_path / "values.yaml"]))
    assert together.output == apart.output


@pytest.mark.skipif(not CORPUS, reason="POSTRENDER_CORPUS does not name a folder of renders")
@pytest.mark.parametrize("major", [3, 4])
def test_an_ingress_that_is_off(major: int, tmp_path: Path) -> None:
    """The chart has none as it comes, and a load balancer without one would be for nobody."""
    with pytest.raises(PostrenderError, match="no Ingress `xnat-xnat-web`"):
        check(Case("xnat-1.1.23", ("xnat-aws",), AWS, {}), major, tmp_path)


@pytest.mark.tool("kubeconform")
def test_kubeconform_finds_what_is_wrong() -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"
    assert not conforms(service.encode())
    for wrong in ("{port: eighty}", "{prot: 80}", "{port: 80, loadBalancerIP: 192.0.2.1}"):
        assert conforms(service.replace("{port: 80}", wrong).encode())
