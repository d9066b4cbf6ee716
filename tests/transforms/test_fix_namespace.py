"""fix-namespace: null, missing and wrong namespaces, subjects, and what is of the whole cluster."""

from __future__ import annotations

import pytest

from postrender.errors import PostrenderError
from tests import runs
from tests.transforms import tools


def patchset(options: str = "{namespace: mip}") -> str:
    return tools.patchset("fix-namespace", options)


def resource(kind: str, namespace: str = "", version: str = "v1", rest: str = "") -> str:
    where = f"  namespace: {namespace}\n" if namespace else ""
    return f"apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: x\n{where}{rest}"


RBAC = "rbac.authorization.k8s.io/v1"
ACCOUNT = "kind: ServiceAccount, name:"
WRONG = "{namespace: mip, wrong: [default]}"


def binding(*subjects: str, kind: str = "ClusterRoleBinding", namespace: str = "") -> str:
    lines = "".join(f"  - {{{subject}}}\n" for subject in subjects)
    return resource(kind, namespace, RBAC, f"subjects:\n{lines}roleRef: {{kind: ClusterRole, name: x}}\n")


@pytest.mark.parametrize(
    ("options", "before", "after"),
    [
        pytest.param(
            "{namespace: mip}",
            resource("PersistentVolumeClaim", "null"),
            resource("PersistentVolumeClaim", "mip"),
            id="null",
        ),
        pytest.param("{namespace: mip}", resource("Service"), resource("Service", "mip"), id="missing"),
        pytest.param("{namespace: mip}", resource("Service", '""'), resource("Service", '"mip"'), id="empty"),
        pytest.param(WRONG, resource("Service", "default"), resource("Service", "mip"), id="wrong"),
        pytest.param(
            "{namespace: mip}",
            resource("ClusterRole", "default", RBAC),
            resource("ClusterRole", "", RBAC),
            id="of the cluster",
        ),
        pytest.param(
            "{namespace: mip}",
            resource("PersistentVolume", "null"),
            resource("PersistentVolume"),
            id="of the cluster, with null",
        ),
        pytest.param(
            "{namespace: mip, clusterKinds: [ClusterIssuer]}",
            resource("ClusterIssuer", "mip", "cert-manager.io/v1"),
            resource("ClusterIssuer", "", "cert-manager.io/v1"),
            id="custom kind of the cluster",
        ),
        pytest.param(
            "{namespace: mip, namespacedKinds: [Issuer.cert-manager.io]}",
            resource("Issuer", "", "cert-manager.io/v1"),
            resource("Issuer", "mip", "cert-manager.io/v1"),
            id="custom kind in namespaces",
        ),
        pytest.param(
            WRONG,
            resource("Issuer", "default", "cert-manager.io/v1"),
            resource("Issuer", "mip", "cert-manager.io/v1"),
            id="wrong in a custom kind",
        ),
        pytest.param(
            WRONG,
            binding("kind: ServiceAccount, name: default, namespace: default"),
            binding("kind: ServiceAccount, name: default, namespace: mip"),
            id="wrong subject",
        ),
        pytest.param(
            "{namespace: mip}",
            binding(f"{ACCOUNT} a", f"{ACCOUNT} b, namespace: null"),
            binding(
                "kind: ServiceAccount, name: a, namespace: mip",
                "kind: ServiceAccount, name: b, namespace: mip",
            ),
            id="subjects without a namespace",
        ),
        pytest.param(
            "{namespace: mip}",
            binding("kind: ServiceAccount, name: a", kind="RoleBinding"),
            binding("kind: ServiceAccount, name: a, namespace: mip", kind="RoleBinding", namespace="mip"),
            id="RoleBinding",
        ),
    ],
)
def test_becomes(options: str, before: str, after: str) -> None:
    runs.becomes(patchset(options), before, after)
    runs.stays(patchset(options), after)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        pytest.param(
            "{namespace: mip}", resource("Service", "other"), id="another namespace, not said to be wrong"
        ),
        pytest.param("{namespace: mip}", resource("Issuer", "", "cert-manager.io/v1"), id="scope not known"),
        pytest.param(
            "{namespace: mip}", resource("StorageClass", "", "storage.k8s.io/v1"), id="of the cluster"
        ),
        pytest.param(
            "{namespace: mip, clusterScoped: keep}", resource("ClusterRole", "default", RBAC), id="kept"
        ),
        pytest.param(
            WRONG,
            binding("kind: ServiceAccount, name: a, namespace: other", "kind: User, name: default"),
            id="subjects",
        ),
    ],
)
def test_stays(options: str, text: str) -> None:
    runs.stays(patchset(options), text)


@pytest.mark.parametrize("scope", ["Cluster", "Namespaced"])
def test_a_definition_in_the_stream_says_what_has_a_namespace(scope: str) -> None:
    spec = f"{{group: a.b, names: {{kind: Engine}}, scope: {scope}}}"
    definition = resource(
        "CustomResourceDefinition", version="apiextensions.k8s.io/v1", rest=f"spec: {spec}\n---\n"
    )
    with_namespace, without = resource("Engine", "mip", "a.b/v1"), resource("Engine", "", "a.b/v1")
    before, after = (with_namespace, without) if scope == "Cluster" else (without, with_namespace)
    runs.becomes(patchset(), definition + before, definition + after)


def test_the_releases_namespace_is_the_default() -> None:
    runs.becomes(patchset(""), resource("Service"), resource("Service", "xnat"), namespace="xnat")
    runs.refuses(
        patchset(""),
        resource("Service"),
        "patchset p, patch 1 (p.yaml:6), on Service x: no namespace "
        "(give the option `namespace`, or `--namespace`)",
    )


def test_an_empty_namespace_is_a_mistake() -> None:
    with pytest.raises(PostrenderError, match="the namespace is empty"):
        runs.run(patchset("{namespace: ''}"), resource("Service"))
