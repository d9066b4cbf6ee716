"""A real API server: releases of both Helms on it, and whether it takes what our patches make.

POSTRENDER_E2E_KUBECONFIG names the cluster, which may be any: all that is made there is in namespaces with
random names, or not made at all (`--dry-run=server`).
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from postrender import documents, kubeyaml
from postrender.cli import cases
from tests import test_helm, tools
from tests.peers import kustomize

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.peers.kustomize import Case
    from tests.test_helm import Helm

KUBECONFIG: Final = os.environ.get("POSTRENDER_E2E_KUBECONFIG", "")

pytestmark = [
    pytest.mark.skipif(not KUBECONFIG, reason="no cluster: POSTRENDER_E2E_KUBECONFIG names its kubeconfig"),
    pytest.mark.tool("kubectl"),
]

both = pytest.mark.parametrize(
    "major", [pytest.param(major, marks=pytest.mark.tool(f"helm {major}")) for major in (3, 4)]
)


@dataclass(frozen=True, slots=True)
class Done:
    """What a program answered."""

    code: int = 0
    out: str = ""
    err: str = ""

    @property
    def data(self) -> Any:
        return json.loads(self.out)


def run(*command: str | Path, stdin: str = "", env: dict[str, str] | None = None) -> Done:
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, timeout=120, check=False, env=env
    )
    return Done(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace of our own, and kubectl in it."""

    name: str

    def kubectl(self, *arguments: str, stdin: str = "") -> Done:
        kubectl = tools.path("kubectl")
        return run(kubectl, f"--kubeconfig={KUBECONFIG}", f"--namespace={self.name}", *arguments, stdin=stdin)

    def get(self, name: str) -> Any:
        """A resource as it is stored, None if it is not."""
        done = self.kubectl("get", name, "--output=json", "--ignore-not-found")
        assert done.code == 0, done.err
        return done.data if done.out else None

    def own(self, resource: Any) -> Any:
        """A resource as one of this namespace."""
        return {**resource, "metadata": {**resource["metadata"], "namespace": self.name}}


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    yield from _namespace()


def _namespace() -> Iterator[Namespace]:
    space = Namespace(f"postrender-{uuid.uuid4().hex[:10]}")
    assert space.kubectl("create", "namespace", space.name).code == 0
    yield space
    # Where no controller runs, a namespace that goes does not take its contents along.
    space.kubectl("delete", "all,configmap,secret,ingress,pvc", "--all", "--wait=false")
    space.kubectl("delete", "namespace", space.name, "--wait=false")


# Releases


@dataclass(frozen=True, slots=True)
class Release:
    """The chart `shop` as a release in a namespace, by one Helm."""

    helm: Helm
    namespace: Namespace

    def run(self, *command: str) -> Done:
        settings = self.helm.settings({"KUBECONFIG": KUBECONFIG, "HELM_NAMESPACE": self.namespace.name})
        return run(tools.path(f"helm {self.helm.major}"), *command, env=settings)

    def patched(self, command: str, *arguments: str, options: tuple[str, ...] = ()) -> Done:
        """`helm install` or `upgrade` with these arguments of postrender."""
        return self.run(
            *(command, "demo", str(test_helm.CHARTS / "shop"), "--skip-crds", "--no-hooks"),
            *options,
            f"--post-renderer={self.helm.post_renderer}",
            *(f"--post-renderer-args={argument}" for argument in arguments),
        )

    def succeeds(self, command: str, *arguments: str) -> None:
        done = self.patched(command, *arguments) if arguments else self.run(*command.split())
        assert done.code == 0, done.err

    @property
    def state(self) -> tuple[Any, str, Any]:
        """All that a release is: its revisions, its manifest, and two of its resources as they are stored."""
        history = self.run("history", "demo", "--output=json").data
        stored = [self.namespace.get(name) for name in ("service/demo-web", "deployment/demo-web")]
        return [each["revision"] for each in history], self.run("get", "manifest", "demo").out, stored

    @property
    def service(self) -> Any:
        return self.namespace.get("service/demo-web")["spec"]


@pytest.fixture
def release(major: int, namespace: Namespace, tmp_path: Path) -> Iterator[Release]:
    helm = test_helm.helm_3(tmp_path) if major == 3 else test_helm.helm_4(tmp_path)
    release = Release(helm, namespace)
    yield release
    release.run("uninstall", "demo", "--ignore-not-found")


NO_CLASS: Final = {
    "target": {"kind": "StorageClass"},
    "patch": {"$patch": "delete", "kind": "StorageClass", "metadata": {"name": "any"}},
}


def own(folder: Path, name: str, *patches: Any) -> str:
    """The option that names a patchset of these patches, which also leave out what is no namespace's own."""
    (folder / name).mkdir()
    return test_helm.patchset(folder / name, NO_CLASS, *patches)


@both
def test_a_release_from_install_to_uninstall(release: Release, tmp_path: Path) -> None:
    plain = own(tmp_path, "plain")
    patched = own(
        tmp_path,
        "patched",
        {"target": {"kind": "Service", "name": "demo-web"}, "patch": {"spec": {"type": "NodePort"}}},
        {
            "target": {"kind": "Deployment"},
            "patch": [{"op": "replace", "path": "/spec/replicas", "value": 5}],
        },
    )
    release.succeeds("install", plain)
    assert (release.service["type"], release.service["sessionAffinity"]) == ("ClusterIP", "ClientIP")

    release.succeeds("upgrade", plain, "--patchset=remove-session-affinity")
    assert (release.service["type"], release.service["sessionAffinity"]) == ("ClusterIP", "None")

    release.succeeds("upgrade", patched, "--patchset=remove-session-affinity")
    assert (release.service["type"], release.service["sessionAffinity"]) == ("NodePort", "None")
    assert release.namespace.get("deployment/demo-web")["spec"]["replicas"] == 5

    release.succeeds("rollback demo 2")
    assert (release.service["type"], release.service["sessionAffinity"]) == ("ClusterIP", "None")
    assert release.namespace.get("deployment/demo-web")["spec"]["replicas"] == 2

    release.succeeds("uninstall demo")
    assert release.namespace.get("service/demo-web") is None
    assert release.namespace.get("deployment/demo-web") is None


@both
@pytest.mark.parametrize(
    "patch",
    [
        pytest.param([{"op": "remove", "path": "/spec/no-such"}], id="an operation that fails"),
        pytest.param(
            {"spec": {"template": {"spec": {"volumes": [{"name": "pictures", "$patch": "delete"}]}}}},
            id="what the server would refuse",
        ),
    ],
)
def test_a_patch_that_fails_leaves_the_release(release: Release, tmp_path: Path, patch: Any) -> None:
    release.succeeds("install", own(tmp_path, "plain"))
    before = release.state
    bad = own(
        tmp_path,
        "bad",
        {"target": {"kind": "Service"}, "patch": {"spec": {"type": "NodePort"}}},
        {"target": {"kind": "Deployment"}, "patch": patch},
    )
    done = release.patched("upgrade", bad)
    assert done.code == 1
    assert release.state == before


@both
def test_no_resources_never_reach_helm(release: Release, tmp_path: Path) -> None:
    """Of nothing, or of comments alone, Helm makes a release of nothing and deletes what there was."""
    release.succeeds("install", own(tmp_path, "plain"))
    before = release.state
    nothing = own(
        tmp_path,
        "nothing",
        {
            "target": {"kind": ".*"},
            "patch": {"$patch": "delete", "kind": "any", "metadata": {"name": "any"}},
        },
    )
    assert release.patched("upgrade", nothing).code == 1
    assert release.state == before
    assert release.patched("install", nothing).code == 1


@both
def test_an_upgrade_that_chooses_nothing_leaves_the_release(release: Release, tmp_path: Path) -> None:
    """It would take the patches off."""
    release.succeeds("install", own(tmp_path, "plain"))
    before = release.state
    assert release.patched("upgrade").code == 1
    assert release.state == before


@both
def test_a_dry_run_shows_what_an_upgrade_would_change(release: Release, tmp_path: Path) -> None:
    """So does helm-diff, which gives Helm the post-renderer and compares what comes back."""
    release.succeeds("install", own(tmp_path, "plain"))
    before = release.state
    patched = own(
        tmp_path,
        "patched",
        {"target": {"kind": "Service", "name": "demo-web"}, "patch": {"spec": {"type": "NodePort"}}},
    )
    shown = release.patched("upgrade", patched, options=("--dry-run=server", "--output=json"))
    assert shown.code == 0, shown.err
    _, manifest, _ = before
    assert test_helm.changed_lines(manifest.strip(), shown.data["manifest"].strip()) == [
        "+ type: NodePort",
        "- type: ClusterIP",
    ]
    assert release.state == before


# Patches


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds that the server knows, and those of them that are in namespaces."""

    known: frozenset[tuple[str, str]]
    namespaced: frozenset[tuple[str, str]]


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    done = Namespace("default").kubectl("api-resources", "--no-headers")
    assert done.code == 0, done.err
    rows = [line.split()[-3:] for line in done.out.splitlines()]
    return Kinds(
        frozenset((version, kind) for version, _, kind in rows),
        frozenset((version, kind) for version, namespaced, kind in rows if namespaced == "true"),
    )


CASES: Final = [case for case in cases.find(tools.ROOT) if (case.folder / cases.EXPECTED).is_file()]


@pytest.fixture(scope="module")
def shared() -> Iterator[Namespace]:
    """A namespace for what is only tried."""
    yield from _namespace()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_server_takes_what_comes_of_a_case(case: cases.Case, shared: Namespace, kinds: Kinds) -> None:
    """Whatever it refuses it has to refuse of the case's input too."""
    found = refusals(case.folder / cases.EXPECTED, shared, kinds)
    assert not found or found <= refusals(case.folder / "input.yaml", shared, kinds), found


# Their names follow from what is in them.
NAMED: Final = {"APIService", "CustomResourceDefinition"}


def elsewhere(resource: Any, namespace: Namespace) -> Any:
    """A resource of no namespace under a name that the cluster does not have."""
    name = f"{resource['metadata']['name']}.{namespace.name}"
    return {**resource, "metadata": {**resource["metadata"], "name": name}}


def refusals(file: Path, namespace: Namespace, kinds: Kinds) -> set[str]:
    """What the server says against the resources in a file; kinds that it does not know are named."""
    items = []
    unknown = set()
    for document in documents.split(file.read_bytes()).documents:
        loaded: Any = kubeyaml.load(document.text)
        for resource in loaded["items"] if loaded and loaded["kind"] == "List" else [loaded]:
            if not resource:
                continue
            kind = (resource["apiVersion"], resource["kind"])
            if kind in kinds.namespaced:
                items.append(namespace.own(resource))
            elif kind in kinds.known:
                items.append(resource if resource["kind"] in NAMED else elsewhere(resource, namespace))
            else:
                unknown.add(" ".join(kind))
    if unknown:
        print(f"the server does not know {', '.join(sorted(unknown))}")  # noqa: T201
    several = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    done = namespace.kubectl("apply", "--dry-run=server", "--filename=-", stdin=several) if items else Done()
    said = [line for line in done.err.splitlines() if not line.startswith("Warning:")]
    return set(said) if done.code else set()


TABLE: Final = kustomize.read("differences.yaml")
DIFFERENT: Final = [(case, says["server"]["is"]) for case, says in TABLE if "is" in says["server"]]


@pytest.mark.parametrize(("case", "wanted"), DIFFERENT, ids=str)
def test_the_server_does_as_the_table_says(case: Case, wanted: Any, shared: Namespace) -> None:
    found = kustomize.look(by_server(case, shared), wanted if isinstance(wanted, dict) else ())
    assert kubeyaml.equal(found, wanted), found


# Those that one patch of one resource can say, of a kind that the server knows.
ASKED: Final = [
    case
    for case, says in kustomize.read("same.yaml")
    if says.get("server", True)
    and len(case.patches) == 1
    and isinstance(case.patches[0].get("patch"), dict | list)
    and "\n---\n" not in case.manifests
    and "example.org/v1\n" not in case.manifests
]


@pytest.mark.parametrize("case", ASKED, ids=str)
def test_the_server_makes_the_same_of_a_patch(case: Case, shared: Namespace) -> None:
    """What it would store is what it would store of our output, the order of lists included."""
    theirs = by_server(case, shared)
    ours = kustomize.by_postrender(case)
    if not isinstance(ours, str):
        replacement = json.dumps(stored(ours[0], case, shared))
        done = shared.kubectl(
            "replace", "--dry-run=server", "--output=json", "--filename=-", stdin=replacement
        )
        ours = kustomize.REFUSED if done.code else [done.data]
    assert _without_own(theirs) == _without_own(ours)


def by_server(case: Case, namespace: Namespace) -> kustomize.Resources | str:
    """What `kubectl patch` would make of the resource of a case."""
    (resource,) = kustomize.resources(case.manifests.encode())
    before = stored(resource, case, namespace)
    created = namespace.kubectl("create", "--filename=-", stdin=json.dumps(before))
    assert created.code == 0 or "(AlreadyExists)" in created.err, created.err
    patch = case.patches[0]["patch"]
    if isinstance(patch, dict):
        metadata = {
            key: value for key, value in patch["metadata"].items() if key not in {"name", "namespace"}
        }
        patch = {key: value for key, value in patch.items() if key not in {"apiVersion", "kind"}}
        patch["metadata"] = metadata
    done = namespace.kubectl(
        *("patch", before["kind"], before["metadata"]["name"], "--dry-run=server", "--output=json"),
        f"--type={'strategic' if isinstance(patch, dict) else 'json'}",
        f"--patch={json.dumps(patch)}",
    )
    return kustomize.REFUSED if done.code else [done.data]


def stored(resource: Any, case: Case, namespace: Namespace) -> Any:
    """A resource under a name that stands for the manifests of a case."""
    name = f"web-{hashlib.sha256(case.manifests.encode()).hexdigest()[:10]}"
    return namespace.own({**resource, "metadata": {**resource["metadata"], "name": name}})


def _without_own(outcome: kustomize.Resources | str) -> Any:
    """Without what the server says of its own doings."""
    if isinstance(outcome, str):
        return kustomize.REFUSED
    (resource,) = outcome
    own = {"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"}
    metadata = {key: value for key, value in resource["metadata"].items() if key not in own}
    return {**resource, "metadata": metadata}
