"""Whole runs: what has to match, what is added and where, what options do, in which order all of it is done."""

# ruff: noqa: E501 - the messages are as long as they are

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postrender import pipeline, uses
from postrender.errors import CheckError, MatchError, OutputError, PatchError
from tests.runs import becomes, folder, notes, planned, refuses, run, stays


def resource(kind: str, name: str, rest: str = "", version: str = "v1") -> str:
    """A resource as Helm 3 sends it."""
    return f"---\n# Source: chart/templates/{name}.yaml\napiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}\n{rest}"


def workload(kind: str, name: str, *containers: str) -> str:
    lines = "".join(
        f"        - name: {container}\n          image: {container}:1\n" for container in containers
    )
    labels = f"    matchLabels: {{app: {name}}}\n"
    template = (
        f"  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      containers:\n{lines}"
    )
    return resource(kind, name, f"spec:\n  selector:\n{labels}{template}", "apps/v1")


HOOK = "  annotations:\n    helm.sh/hook: pre-install\n"
SERVICE = resource("Service", "web", "spec:\n  type: ClusterIP\n")
CONFIG = resource("ConfigMap", "config", "data:\n  a: b\n")
WEB = workload("Deployment", "web", "web", "proxy")
STREAM = CONFIG + SERVICE + WEB


def one(target: str, body: str, *more: str) -> str:
    """A patchset of one patch."""
    return f"patches:\n  - {{{', '.join((f'target: {{{target}}}', f'patch: {body}', *more))}}}\n"


LABEL = "{metadata: {labels: {a: b}}}"


# --- must match ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("kind: Service, name: wbe", "no Service `wbe` (there is web)"),
        ("kind: Service, name: we", "no Service `we` (there is web)"),
        ("kind: Srvice", "no Srvice (there are Service, ConfigMap, Deployment)"),
        ("name: wep", "no resource `wep` (there are Service web, Deployment web, ConfigMap config)"),
        ("kind: Deployment, group: extensions", "no Deployment (there is one of apps/v1)"),
        ("kind: Service, namespace: prod", "no Service (there is one without a namespace)"),
        ("kind: Service, labelSelector: app=web", "no Service is as the target asks for (by name there are Service web)"),
        ("kind: Service, where: {/spec/type: NodePort}", "no Service is as the target asks for (by name there are Service web)"),
        ("kind: Service, unless: {/spec/type: ClusterIP}", "no Service is as the target asks for (by name there are Service web)"),
    ],
)  # fmt: skip
def test_a_patch_that_matches_nothing_says_what_is_near(target: str, message: str) -> None:
    refuses(one(target, LABEL), STREAM, f"patchset p, patch 1 (p.yaml:2): {message}")
    rendered = stays(one(target, LABEL, "optional: true"), STREAM)
    assert notes(rendered) == []


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ("/spec/template/spec/containers/[name=wbe]", "Deployment web has no place /spec/template/spec/containers/[name=wbe] (no element /spec/template/spec/containers/[name=wbe]; there are proxy, web)"),
        ("/spec/tempalte", "Deployment web has no place /spec/tempalte (no member /spec/tempalte; did you mean template?)"),
        ("containers/[name=wbe]/env", "Deployment web has no place containers/[name=wbe]/env (there are the containers web, proxy)"),
        ("podTemplate/spec/volumes", "Deployment web has no place podTemplate/spec/volumes (no member /spec/volumes; there are containers)"),
    ],
)  # fmt: skip
def test_a_place_that_is_nowhere(at: str, message: str) -> None:
    patchset = one("kind: Deployment", "{a: b}", f'at: "{at}"')
    error = refuses(patchset, STREAM, f"patchset p, patch 1 (p.yaml:2): {message}")
    assert isinstance(error, MatchError)


def test_words_find_no_place_in_other_kinds() -> None:
    refuses(
        one("kind: Service", "{a: b}", "at: podTemplate"),
        STREAM,
        "patchset p, patch 1 (p.yaml:2): Service web has no place podTemplate",
    )
    patchset = one("name: web", "{image: x}", "at: containers/*")
    becomes(patchset, STREAM, STREAM.replace("web:1", "x").replace("proxy:1", "x"))


def test_one_match_of_many_is_enough() -> None:
    two = SERVICE + SERVICE.replace("web", "api").replace("ClusterIP", "NodePort")
    becomes(
        one(
            "kind: Service",
            "[{op: replace, path: '', value: LoadBalancer}]",
            "at: /spec/[type=x]".replace("[type=x]", "type"),
        ),
        two,
        two.replace("ClusterIP", "LoadBalancer").replace("NodePort", "LoadBalancer"),
    )
    becomes(
        one("kind: Service, where: {/spec/type: Node.*}", "{spec: {type: X}}"),
        two,
        two.replace("NodePort", "X"),
    )


def test_each_patch_must_match_and_require_any_asks_for_one() -> None:
    two = "patches:\n  - {target: {kind: Service}, patch: {a: b}}\n  - {name: pods, target: {kind: Pod}, patch: {a: b}}\n"
    refuses(
        two, STREAM, "patchset p, patch pods (p.yaml:3): no Pod (there are ConfigMap, Deployment, Service)"
    )
    becomes(f"require: any\n{two}", STREAM, STREAM.replace("ClusterIP\n", "ClusterIP\na: b\n"))
    refuses(
        f"require: any\n{two.replace('Service', 'Job')}",
        STREAM,
        "patchset p: none of its patches matches: no Job; no Pod (there are ConfigMap, Deployment, Service)",
    )


def test_require_any_is_not_about_the_patchsets_of_an_overlay() -> None:
    overlay = "kind: Overlay\nrequire: any\npatchsets: [{name: ./in.yaml}]\npatches: [{target: {kind: Service}, patch: {a: b}}]\n"
    refuses(
        overlay,
        STREAM,
        "patchset o, patchset in, patch 1 (in.yaml:3): no Pod (there are ConfigMap, Deployment, Service)",
        files={"in.yaml": f"name: in\n{one('kind: Pod', LABEL)}"},
    )


OPTIONAL = """\
kind: Overlay
patchsets:
  - {name: ./in.yaml, optional: true}
patches:
  - {target: {kind: Service}, patch: {x: 1}}
"""


def test_an_optional_use_leaves_nothing_when_nothing_matches() -> None:
    inner = """\
name: in
resources:
  - {apiVersion: v1, kind: Secret, metadata: {name: s}}
patches:
  - {target: {kind: Pod}, patch: {a: b}}
  - {optional: true, target: {kind: Job}, patch: {a: b}}
"""
    after = STREAM.replace("ClusterIP\n", "ClusterIP\nx: 1\n")
    rendered = becomes(OPTIONAL, STREAM, after, files={"in.yaml": inner})
    assert notes(rendered) == ["patchset in, which is optional, matches nothing here"]
    assert [change.patchset for change in rendered.changes] == ["o"]


def test_an_optional_use_of_which_something_matches_is_like_any() -> None:
    inner = "name: in\npatches:\n  - {target: {kind: Service}, patch: {a: b}}\n  - {target: {kind: Pod}, patch: {a: b}}\n"
    refuses(
        OPTIONAL,
        STREAM,
        "patchset o, patchset in, patch 2 (in.yaml:4): no Pod (there are ConfigMap, Deployment, Service)",
        files={"in.yaml": inner},
    )
    refuses(
        OPTIONAL,
        STREAM,
        "patchset o, patchset in, patch 1 (in.yaml:3): no Pod (there are ConfigMap, Deployment, Service)",
        files={"in.yaml": inner.replace("Pod", "X").replace("Service", "Pod").replace("X", "Service")},
    )


def test_an_optional_overlay_is_looked_at_as_a_whole() -> None:
    files = {
        "in.yaml": "kind: Overlay\nname: in\npatchsets: [{name: ./a.yaml}, {name: ./b.yaml}]\n",
        "a.yaml": f"name: a\n{one('kind: Pod', LABEL)}",
        "b.yaml": f"name: b\n{one('kind: Service', LABEL)}",
    }
    # One of its patchsets matches: so the other has to.
    refuses(
        OPTIONAL,
        STREAM,
        "patchset o, patchset in, patchset a, patch 1 (a.yaml:3): no Pod (there are ConfigMap, Deployment, Service)",
        files=files,
    )
    files["b.yaml"] = files["b.yaml"].replace("Service", "Job")
    rendered = becomes(OPTIONAL, STREAM, STREAM.replace("ClusterIP\n", "ClusterIP\nx: 1\n"), files=files)
    assert notes(rendered) == ["patchset in, which is optional, matches nothing here"]


def test_an_optional_use_that_finds_no_value_to_look_up() -> None:
    inner = """\
name: in
parameters: {pod: {type: string, default: {valueFrom: {resource: {kind: Pod, path: /metadata/name}}}}}
patches: [{target: {kind: Service}, patch: {a: "${pod}"}}]
"""
    rendered = run(OPTIONAL, STREAM, files={"in.yaml": inner})
    assert notes(rendered) == ["patchset in, which is optional, matches nothing here"]


def test_an_optional_use_still_has_its_mistakes() -> None:
    inner = f"name: in\n{one('kind: Service', '[{op: remove, path: /nix}]')}"
    refuses(
        OPTIONAL,
        STREAM,
        "patchset o, patchset in, patch 1 (in.yaml:3), on Service web, operation 1 (remove /nix): "
        "no member /nix (there are apiVersion, kind, metadata, spec)",
        files={"in.yaml": inner},
    )


def test_a_snapshot_survives_what_is_read_later() -> None:
    # The optional use reads and changes the Service in part; what comes after reads all of it.
    inner = "name: in\npatches:\n  - {optional: true, target: {kind: Service, where: {/spec/type: X}}, patch: {a: b}}\n"
    rendered = becomes(
        OPTIONAL, STREAM, STREAM.replace("ClusterIP\n", "ClusterIP\nx: 1\n"), files={"in.yaml": inner}
    )
    assert notes(rendered) == ["patchset in, which is optional, matches nothing here"]


# --- streams that need not have it ---------------------------------------------------------------------

ADDS = f"resources: [{{apiVersion: v1, kind: Secret, metadata: {{name: s}}}}]\n{one('kind: Service', LABEL)}"
NOT_ADDED = "patchset p, resource 1: not added, for the stream has no resources of its own"


@pytest.mark.parametrize(
    "before", ["", "\n", "# nothing\n", "---\n", "---\n# Source: a\n---\n# Source: b\n", "null\n"]
)
def test_a_stream_without_resources(before: str) -> None:
    rendered = run(ADDS, before)
    assert notes(rendered) == [NOT_ADDED, "patchset p, patch 1 (p.yaml:3): no Service"]
    assert rendered.output.decode() == (before if before.strip() else pipeline.NOTHING.decode())
    assert rendered.resources == 0
    assert rendered.changes == ()


def test_a_stream_of_hooks_only() -> None:
    hooks = resource("Job", "a", HOOK) + resource("Pod", "b", HOOK)
    rendered = stays(ADDS, hooks)
    assert notes(rendered) == [NOT_ADDED, "patchset p, patch 1 (p.yaml:3): no Service (there are Job, Pod)"]
    refuses(
        ADDS.replace("[{api", "[]#"),
        hooks + CONFIG,
        "patchset p, patch 1 (p.yaml:3): no Service (there are ConfigMap, Job, Pod)",
    )


LOOKS_UP = """\
parameters: {s: {type: string, default: {valueFrom: {resource: {kind: KIND, path: /metadata/name}}}}}
patches: [{target: {kind: ConfigMap}, patch: {a: "${s}"}}]
"""


@pytest.mark.parametrize("before", ["", resource("Job", "a", HOOK)])
def test_what_is_looked_up_in_such_a_stream(before: str) -> None:
    rendered = run(LOOKS_UP.replace("KIND", "Service"), before)
    found = " (there is Job)" if before else ""
    assert notes(rendered) == [
        f"patchset p, patch 1 (p.yaml:2), p.yaml:1: no Service, where a value is to come from one{found}"
    ]
    assert rendered.changes == ()


def test_where_helm_hid_the_secrets() -> None:
    hidden = "---\n# Source: chart/templates/secret.yaml\n# HIDDEN: The Secret output has been suppressed\n"
    rendered = stays(one("kind: Secret, name: s", LABEL), hidden + CONFIG)
    assert notes(rendered) == ["patchset p, patch 1 (p.yaml:2): no Secret `s` (there is ConfigMap)"]
    assert notes(stays(LOOKS_UP.replace("KIND", "Secret"), hidden + CONFIG)) == [
        "patchset p, patch 1 (p.yaml:2), p.yaml:1: no Secret, where a value is to come from one (there is ConfigMap)"
    ]
    refuses(
        one("kind: Secret", LABEL), CONFIG, "patchset p, patch 1 (p.yaml:2): no Secret (there is ConfigMap)"
    )
    refuses(
        one("kind: Service", LABEL),
        hidden + CONFIG,
        "patchset p, patch 1 (p.yaml:2): no Service (there is ConfigMap)",
    )


def test_hooks() -> None:
    both = resource("Job", "a") + resource("Job", "b", HOOK)
    marked = {name: f"  name: {name}\n" for name in "ab"}

    def after(*names: str) -> str:
        text = both
        for name in names:
            end = HOOK if name == "b" else ""
            text = text.replace(marked[name] + end, f"{marked[name]}{end}x: 1\n")
        return text

    assert notes(becomes(one("kind: Job", "{x: 1}"), both, after("a", "b"))) == []
    becomes(one("kind: Job", "{x: 1}", "hooks: include"), both, after("a", "b"))
    becomes(one("kind: Job", "{x: 1}", "hooks: exclude"), both, after("a"))
    becomes(one("kind: Job", "{x: 1}", "hooks: only"), both, after("b"))
    only = "patchset p, patch 1: only hooks match, which Helm 3 does not send"
    assert notes(becomes(one("kind: Job, name: b", "{x: 1}"), both, after("b"))) == [only]
    assert notes(becomes(one("kind: Job, name: b", "{x: 1}", "hooks: only"), both, after("b"))) == []
    refuses(
        one("kind: Job, name: b", "{x: 1}", "hooks: exclude"),
        both,
        "patchset p, patch 1 (p.yaml:2): no Job `b` is as the target asks for (by name there are Job b)",
    )


def test_operations_that_are_skipped_everywhere_are_noted() -> None:
    two = SERVICE + SERVICE.replace("web", "api").replace("ClusterIP", "NodePort\n  x: 1")
    body = "[{op: remove, path: /spec/x, ifMissing: skip}, {op: remove, path: /spec/nix, ifMissing: skip}]"
    rendered = becomes(one("kind: Service", body), two, two.replace("  x: 1\n", ""))
    assert notes(rendered) == [
        "patchset p, patch 1: operation 2 (remove /spec/nix) finds nothing to do anywhere"
    ]


# --- added resources -----------------------------------------------------------------------------------

IN_ORDER = (
    resource("ServiceAccount", "sa")
    + resource("ConfigMap", "cm")
    + resource("PersistentVolumeClaim", "pvc")
    + resource("Service", "svc")
    + resource("Deployment", "dep", version="apps/v1")
    + resource("Ingress", "ing", version="networking.k8s.io/v1")
    + resource("Rollout", "ro", version="argoproj.io/v1alpha1")
)


@pytest.mark.parametrize(
    ("kind", "version", "before"),
    [
        ("StorageClass", "storage.k8s.io/v1", "PersistentVolumeClaim"),
        ("Secret", "v1", "ConfigMap"),
        ("ConfigMap", "v1", "PersistentVolumeClaim"),
        ("Namespace", "v1", "ServiceAccount"),
        ("IngressClass", "networking.k8s.io/v1", "Ingress"),
        ("PeerAuthentication", "security.istio.io/v1", "Rollout"),
        ("VirtualService", "networking.istio.io/v1", ""),
    ],
)
def test_an_added_resource_goes_where_helm_would_install_it(kind: str, version: str, before: str) -> None:
    patchset = f"resources: [{{apiVersion: {version}, kind: {kind}, metadata: {{name: new}}}}]\n"
    added = f"---\n# Source: postrender/p\napiVersion: {version}\nkind: {kind}\nmetadata:\n  name: new\n"
    start = IN_ORDER.index(f"kind: {before}\n") if before else len(IN_ORDER)
    start = IN_ORDER.rindex("---\n", 0, start) if before else start
    becomes(patchset, IN_ORDER, IN_ORDER[:start] + added + IN_ORDER[start:])


def test_an_added_resource_comes_last_in_a_stream_of_helm_4() -> None:
    def sent(kind: str, name: str, version: str = "v1") -> str:
        return (
            f"apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}\n  annotations:\n"
            f"    postrenderer.helm.sh/postrender-filename: 'chart/templates/{name}.yaml'\n"
        )

    before = "---\n".join(
        (sent("Deployment", "a", "apps/v1"), sent("PersistentVolumeClaim", "b"), sent("ConfigMap", "c"))
    )
    patchset = "resources: [{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: new}, provisioner: x}]\n"
    added = "---\n# Source: postrender/p\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata:\n  name: new\nprovisioner: x\n"
    becomes(patchset, before, before + added)


def test_files_are_added_as_they_stand() -> None:
    file = """\
# A note
apiVersion: v1
kind: ConfigMap
metadata: {name: "x"} # flow
data:
    a:   '${not} a parameter'
--- # and
apiVersion: v1
kind: Service
metadata:
  name: 'y'
"""
    rendered = run("resources: [in/extra.yaml, {path: in/other.yaml}]\n", IN_ORDER, files={
        "in/extra.yaml": file,
        "in/other.yaml": "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}",
    })  # fmt: skip
    output = rendered.output.decode()
    first, second = file.split("--- # and\n")
    assert f"---\n{first}---\n# Source: chart/templates/pvc" in output
    assert f"--- # and\n{second}---\n# Source: chart/templates/dep" in output
    assert (
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n---\n# Source: chart/templates/cm" in output
    )
    assert [(str(change.resource), change.patch) for change in rendered.changes] == [
        ("ConfigMap x", "resource 1"),
        ("Service y", "resource 1"),
        ("Secret s", "resource 2"),
    ]


ADDED = "{apiVersion: v1, kind: ConfigMap, metadata: {name: config, labels: {l: m}}, data: {c: d}}"


def added(on_conflict: str = "", body: str = ADDED) -> str:
    return f"resources:\n  - {{{on_conflict and f'onConflict: {on_conflict}, '}resource: {body}}}\n"


def test_what_is_there_already() -> None:
    hint = "(`onConflict: replace`, `merge` or `skip` where it is added would say what to do then)"
    error = f"patchset p, resource 1 (p.yaml:2): ConfigMap config is there already {hint}"
    refuses(added(), STREAM, error)
    refuses(added("error"), STREAM, error)
    rendered = stays(added("skip"), STREAM)
    assert notes(rendered) == [
        "patchset p, resource 1: ConfigMap config is there already, and stays as it is"
    ]
    labels = "  name: config\n  labels:\n    l: m\n"
    merged = STREAM.replace("  name: config\n", labels).replace("  a: b\n", "  a: b\n  c: d\n")
    becomes(added("merge"), STREAM, merged)
    becomes(added("merge"), merged, merged)
    replaced = STREAM.replace("  name: config\n", labels).replace("  a: b\n", "  c: d\n")
    becomes(added("replace"), STREAM, replaced)
    becomes(added("replace"), replaced, replaced)
    for conflict in ("replace", "merge", "skip"):
        body = ADDED.replace("config", "other")
        twice = f"{added(conflict, body)}  - {{onConflict: {conflict}, resource: {body}}}\n"
        assert run(twice, STREAM).output == run(added(body=body), STREAM).output


@pytest.mark.parametrize(
    ("body", "namespace", "is_there"),
    [
        ("{apiVersion: v2beta1, kind: ConfigMap, metadata: {name: config}}", None, True),
        ("{apiVersion: other/v1, kind: ConfigMap, metadata: {name: config}}", None, False),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: config, namespace: prod}}", None, False),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: config, namespace: prod}}", "prod", True),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: config, namespace: prod}}", "test", False),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: Config}}", None, False),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {generateName: config}}", None, False),
    ],
)
def test_who_is_the_same(body: str, namespace: str | None, is_there: bool) -> None:
    rendered = run(added("skip", body), STREAM, namespace=namespace)
    assert bool(notes(rendered)) is is_there


def test_names_that_kubernetes_makes_never_conflict() -> None:
    body = "{apiVersion: batch/v1, kind: Job, metadata: {generateName: a-}}"
    patchset = f"{added(body=body)}  - {body}\n"
    assert run(patchset, STREAM).output.count(b"generateName: a-") == 2


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        (
            '{apiVersion: v1, kind: ConfigMap, metadata: {name: "${x}", labels: {generateName: x}}}',
            "metadata.name",
        ),
        ('{apiVersion: v1, kind: "${x}", metadata: {name: a}}', "kind"),
        ('{apiVersion: "${x}", kind: ConfigMap, metadata: {name: a}}', "apiVersion"),
        ("{apiVersion: v1, kind: ConfigMap, metadata: text}", "metadata.name"),
    ],
)
def test_an_added_resource_that_is_none(body: str, missing: str) -> None:
    patchset = f"{added(body=body)}parameters: {{x: {{type: string}}}}\n"
    refuses(patchset, STREAM, f"patchset p, resource 1 (p.yaml:2): a resource without {missing}")


def test_a_resource_of_which_nothing_is_left_is_not_added() -> None:
    body = '{apiVersion: "${x}", kind: "${x}", metadata: {name: "${x}"}}'
    stays(f"{added(body=body)}parameters: {{x: {{type: string}}}}\n", STREAM)


def test_patches_reach_what_was_added() -> None:
    patchset = (
        added(body=ADDED.replace("config", "new"))
        + "patches: [{target: {name: new}, patch: {data: {c: e}}}]\n"
    )
    assert b"data:\n  c: e\n" in run(patchset, STREAM).output


# --- removed resources and the output ------------------------------------------------------------------


def test_a_removed_resource_leaves_with_its_comment() -> None:
    for body in ("{$patch: delete}", "[{op: remove, path: ''}]"):
        rendered = becomes(one("kind: Service", body), STREAM, STREAM.replace(SERVICE, ""))
        (change,) = rendered.changes
        assert (str(change.resource), change.pointer) == ("Service web", "")


def test_removing_all_is_an_error() -> None:
    error = refuses(
        one("", "{$patch: delete}"),
        f"{STREAM}---\n# the end\n",
        "the patches leave no resource at all (Helm would delete everything that the release has)",
    )
    assert isinstance(error, OutputError)
    patchset = one("kind: ConfigMap|Service", "{$patch: delete}")
    becomes(patchset, STREAM, STREAM.replace(SERVICE, "").replace(CONFIG, ""))


LIST = """\
# Source: chart/templates/list.yaml
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Service
    metadata: {name: a}
  # the second
  - apiVersion: v1
    kind: Service
    metadata: {name: b}
"""


def test_items_of_a_list_are_resources_like_any() -> None:
    assert run(one("kind: Service", LABEL), LIST).resources == 2
    becomes(
        one("kind: Service, name: b", "{metadata: {labels: {a: b}}}"),
        LIST,
        LIST.replace("{name: b}", "{name: b, labels: {a: b}}"),
    )
    rendered = run(one("kind: Service, name: a", "{$patch: delete}"), LIST)
    assert b"name: a" not in rendered.output
    assert b"name: b" in rendered.output
    refuses(
        one("kind: Service", "{$patch: delete}"),
        LIST,
        "the patches leave no resource at all (Helm would delete everything that the release has)",
    )
    becomes(one("kind: Service", "{$patch: delete}"), LIST + CONFIG, CONFIG)
    refuses(added("", LIST_ITEM), LIST + CONFIG, "patchset p, resource 1 (p.yaml:2): Service a is there already "
            "(`onConflict: replace`, `merge` or `skip` where it is added would say what to do then)")  # fmt: skip


LIST_ITEM = "{apiVersion: v1, kind: Service, metadata: {name: a}}"


def test_the_same_resource_twice() -> None:
    twice = CONFIG + CONFIG.replace("\ndata:", "\n  annotations: {helm.sh/hook: pre-install}\ndata:")
    becomes(one("kind: ConfigMap", "{data: {a: c}}"), twice, twice.replace("a: b", "a: c"))
    becomes(
        one("kind: ConfigMap", "{data: {a: c}}", "hooks: exclude"), twice, twice.replace("a: b", "a: c", 1)
    )


# --- Helm 4's annotation -------------------------------------------------------------------------------

FILENAME = "postrenderer.helm.sh/postrender-filename"


def helm4(annotations: str = "") -> str:
    return f"apiVersion: v1\nkind: Service\nmetadata:\n  annotations:\n{annotations}    {FILENAME}: 'c/s.yaml'\n  name: s\nspec:\n  type: ClusterIP\n"


@pytest.mark.parametrize(
    ("body", "annotations", "after"),
    [
        ("{spec: {type: X}}", "", "type: X"),
        ("[{op: remove, path: /metadata/annotations}]", "    a: b\n", ""),
        ("[{op: add, path: /metadata/annotations, value: {a: b}}]", "", "a: b"),
        ("[{op: replace, path: /metadata/annotations, value: {c: d}}]", "    a: b\n", "c: d"),
        ("[{op: replace, path: /metadata, value: {name: s}}]", "    a: b\n", ""),
        ("[{op: replace, path: '', value: {apiVersion: v1, kind: Service, metadata: {name: s}}}]", "", ""),
        ("{metadata: {annotations: null}}", "    a: b\n", ""),
        ("{metadata: {annotations: {$patch: replace, e: f}}}", "    a: b\n", "e: f"),
        ("{metadata: {annotations: {a: null}}}", "    a: b\n", ""),
    ],
)
def test_helm_4s_annotation_survives(body: str, annotations: str, after: str) -> None:
    rendered = run(one("kind: Service", body), helm4(annotations))
    output = rendered.output.decode()
    assert f"    {FILENAME}: " in output
    assert after in output
    assert "a: b" not in output or after == "a: b"
    assert FILENAME not in str(rendered.changes)


def test_helm_4s_annotation_is_not_there_for_patches() -> None:
    refuses(
        one("kind: Service", "[{op: add, path: /metadata/annotations/a, value: b}]"),
        helm4(),
        "patchset p, patch 1 (p.yaml:2), on Service s, operation 1 (add /metadata/annotations/a): "
        "no member /metadata/annotations (there are name)",
    )
    refuses(
        one(f"annotationSelector: {FILENAME}", LABEL),
        helm4(),
        "patchset p, patch 1 (p.yaml:2): no resource is as the target asks for (by name there are Service s)",
    )
    becomes(
        one("kind: Service", "[{op: add, path: /metadata/annotations/a, value: b, ifMissing: create}]"),
        helm4(),
        helm4().replace("'c/s.yaml'\n", "'c/s.yaml'\n    a: b\n"),
    )


# --- targets -------------------------------------------------------------------------------------------


def test_the_namespace_of_the_release_counts_for_what_has_none() -> None:
    other = SERVICE.replace("  name: web\n", "  name: web\n  namespace: other\n")
    both = SERVICE + other
    patchset = one("kind: Service, namespace: prod", "{x: 1}")
    becomes(patchset, both, both.replace("ClusterIP\n", "ClusterIP\nx: 1\n", 1), namespace="prod")
    refuses(
        patchset,
        both,
        "patchset p, patch 1 (p.yaml:2): no Service (there is one without a namespace, one in namespace `other`)",
    )
    refuses(
        patchset,
        both,
        "patchset p, patch 1 (p.yaml:2): no Service (there is one in namespace `test`, one in namespace `other`)",
        namespace="test",
    )
    becomes(one("namespace: ''", "{x: 1}"), SERVICE, f"{SERVICE}x: 1\n")


def test_a_patch_without_target_names_its_resource() -> None:
    text = "patches: [{patch: {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: X}}}]\n"
    becomes(text, STREAM, STREAM.replace("ClusterIP", "X"))
    becomes(text.replace("apiVersion: v1, ", ""), STREAM, STREAM.replace("ClusterIP", "X"))
    refuses(
        text.replace("v1,", "v2,"),
        STREAM,
        "patchset p, patch 1 (p.yaml:1): no Service `web` (there is one of v1)",
    )
    refuses(
        text.replace("name: web", "name: w.b"),
        STREAM,
        "patchset p, patch 1 (p.yaml:1): no Service `w.b` (there is web)",
    )


def test_where_and_unless() -> None:
    two = SERVICE + SERVICE.replace("name: web", "name: api").replace(
        "type: ClusterIP", "type: LoadBalancer\n  x: null"
    )
    for asked in (
        "where: {/spec/type: Load.*}",
        "unless: {/spec/type: Cluster.*}",
        "where: {/spec/t*: LoadBalancer|X}",
    ):
        becomes(one(f"kind: Service, {asked}", "{a: b}"), two, f"{two}a: b\n")
    # Null counts as absent, and a pattern that matches part of a scalar does not match.
    for asked in ("where: {/spec/x: '.*'}", "where: {/spec/type: Load}", "where: {/spec: '.*'}"):
        refuses(
            one(f"kind: Service, {asked}", "{a: b}"),
            two,
            "patchset p, patch 1 (p.yaml:2): no Service is as the target asks for (by name there are Service web, Service api)",
        )


# --- options -------------------------------------------------------------------------------------------


def test_names_and_kinds_stay_unless_an_option_says_so() -> None:
    body = "{apiVersion: apps/v2, kind: Other, metadata: {name: new, namespace: n, labels: {a: b}}}"
    labelled = SERVICE.replace("  name: web\n", "  name: web\n  labels:\n    a: b\n")
    becomes(one("kind: Service", body), SERVICE, labelled)
    becomes(
        one("kind: Service", body, "options: {allowNameChange: true}"),
        SERVICE,
        labelled.replace("name: web", "name: new"),
    )
    becomes(
        one("kind: Service", body, "options: {allowKindChange: true}"),
        SERVICE,
        labelled.replace("kind: Service", "kind: Other").replace(": v1", ": apps/v2"),
    )


def test_merge_keys() -> None:
    before = resource(
        "Ingress", "web", "spec:\n  tls:\n    - secretName: a\n    - secretName: b\n", "networking.k8s.io/v1"
    )
    body = "{spec: {tls: [{secretName: b, hosts: [z]}]}}"
    merged = before.replace("secretName: b\n", "secretName: b\n      hosts:\n        - z\n")
    becomes(one("kind: Ingress", body, "options: {mergeKeys: {/spec/tls: secretName}}"), before, merged)
    becomes(one("kind: Ingress", body), before, merged.replace("    - secretName: a\n", ""))


# --- order ---------------------------------------------------------------------------------------------


def test_patches_see_what_those_before_them_did() -> None:
    patchset = """\
patches:
  - {target: {kind: Service}, patch: [{op: replace, path: /metadata/name, value: new}]}
  - {target: {kind: Service, name: new}, patch: [{op: add, path: /kind, value: Other}]}
  - {target: {kind: Other}, patch: {spec: {type: X}}}
  - {target: {kind: Other, where: {/spec/type: X}}, patch: {spec: {type: Y1}}}
"""
    rendered = becomes(
        patchset,
        STREAM,
        STREAM.replace(
            "kind: Service\nmetadata:\n  name: web", "kind: Other\nmetadata:\n  name: new"
        ).replace("ClusterIP", "Y1"),
    )
    assert [str(change.resource) for change in rendered.changes] == [
        "Service web",
        "Service new",
        "Other new",
        "Other new",
    ]
    refuses(
        one("kind: Service", "[{op: replace, path: /metadata/name, value: new}]")
        + "  - {target: {kind: Service, name: web}, patch: {a: b}}\n",
        STREAM,
        "patchset p, patch 2 (p.yaml:3): no Service `web` (there is new)",
    )


def test_patchsets_then_resources_then_patches() -> None:
    overlay = """\
kind: Overlay
patches: [{target: {kind: ConfigMap, name: new}, patch: {data: {a: three}}}]
resources: [{apiVersion: v1, kind: ConfigMap, metadata: {name: new}, data: {a: two}}]
patchsets:
  - {name: ./in.yaml, with: {v: one}}
  - {name: ./in.yaml, with: {v: two}}
"""
    inner = "name: in\nparameters: {v: {type: string}}\npatches: [{target: {kind: ConfigMap}, patch: {data: {a: '${v}'}}}]\n"
    output = run(overlay, CONFIG, files={"in.yaml": inner}).output.decode()
    assert "name: config\ndata:\n  a: two\n" in output
    assert "name: new\ndata:\n  a: three\n" in output


def test_overlays_come_before_patchsets_of_the_command_line() -> None:
    with folder({
        "a.yaml": f"name: a\n{one('kind: ConfigMap', '{data: {a: from-patchset}}')}",
        "o.yaml": f"kind: Overlay\nname: o\n{one('kind: ConfigMap', '{data: {a: from-overlay}}')}",
    }):  # fmt: skip
        plan = uses.plan(patchsets=["./a.yaml"], overlays=["./o.yaml"])
        assert b"from-patchset" in pipeline.render(CONFIG.encode(), plan).output


def test_places_are_found_before_the_patch() -> None:
    deployment = workload("Deployment", "web", "a", "b", "c")
    patchset = one("kind: Deployment", "[{op: remove, path: ''}]", 'at: "containers/[image=?:1]"')
    rendered = run(patchset, deployment.replace("b:1", "b:22"))
    assert rendered.output.decode().count("image: ") == 1
    patchset = one(
        "kind: Deployment", "[{op: replace, path: /image, value: 'b:1'}]", 'at: "containers/[image=a:1]"'
    )
    becomes(patchset, deployment, deployment.replace("a:1", "b:1"))
    patchset = one("kind: Deployment", "[{op: add, path: /image, value: z}]", "at: containers")
    becomes(patchset, deployment, deployment.replace("a:1", "z").replace("b:1", "z").replace("c:1", "z"))


def test_at_with_each_kind_of_patch() -> None:
    deployment = workload("Deployment", "web", "a", "b")
    env = "        - name: b\n          image: b:1\n"
    merged = deployment.replace(env, f"{env}          env:\n            - name: X\n              value: x\n")
    becomes(
        one("kind: Deployment", "{env: [{name: X, value: x}]}", 'at: "containers/[name=b]"'),
        deployment,
        merged,
    )
    patchset = one("kind: Deployment", "{env: [{name: X, value: z}]}", "at: podTemplate/spec/containers/1")
    becomes(patchset, merged, merged.replace("value: x", "value: z"))
    becomes(
        one(
            "kind: Deployment",
            "[{op: test, path: /name, value: b}, {op: replace, path: /image, value: z}]",
            'at: "/spec/template/spec/containers/[name=b]"',
        ),
        deployment,
        deployment.replace("b:1", "z"),
    )
    transformed = "patches: [{target: {kind: Deployment}, at: podTemplate/metadata, transform: merge-pairs, with: {path: /annotations/x, pairs: {a: b}}}]\n"
    assert b"annotations:\n        x: a=b\n" in run(transformed, deployment).output
    cronjob = resource(
        "CronJob",
        "c",
        "spec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          initContainers: [{name: a, image: b}]\n",
        "batch/v1",
    )
    becomes(
        one("kind: CronJob", "{image: z}", "at: containers"), cronjob, cronjob.replace("image: b", "image: z")
    )
    pod = resource("Pod", "p", "spec:\n  containers: [{name: a, image: b}]\n")
    becomes(
        one("kind: Pod", "{metadata: {labels: {a: b}}}", "at: podTemplate"),
        pod,
        pod.replace("  name: p\n", "  name: p\n  labels:\n    a: b\n"),
    )


# --- errors of patches ---------------------------------------------------------------------------------


def test_an_error_says_what_where_and_what_was_near() -> None:
    error = refuses(
        "patches:\n  - name: no type\n    target: {kind: Service}\n    at: /spec\n    patch: [{op: remove, path: /typ}]\n",
        STREAM,
        "patchset p, patch no type (p.yaml:2), on Service web, at /spec, operation 1 (remove /typ): no member /typ (did you mean type?)",
    )
    assert isinstance(error, PatchError)


@pytest.mark.parametrize(
    "body", ["[{op: replace, path: '', value: text}]", "[{op: replace, path: '', value: [a]}]"]
)
def test_a_resource_stays_a_mapping(body: str) -> None:
    refuses(
        one("kind: Service", body),
        STREAM,
        "patchset p, patch 1 (p.yaml:2), on Service web: the patch leaves no mapping of the resource",
    )


@pytest.mark.parametrize(
    ("target", "body", "message"),
    [
        ("kind: Service", "[{op: remove, path: /kind}]", "no kind at /kind"),
        ("kind: Service", "[{op: remove, path: /metadata/name}]", "no metadata.name"),
        ("kind: ConfigMap", "{data: {a: 5}}", "entry a of data is a number"),
        ("kind: ConfigMap", "{metadata: {labels: {a: true}}}", "label a"),
        ("kind: Deployment", "{spec: {selector: {matchLabels: {app: other}}}}", "selector"),
        ("kind: Deployment", "[{op: add, path: /spec/template/spec/containers/-, value: {name: web, image: x}}]", "two containers with name web"),
    ],
)  # fmt: skip
def test_what_no_api_server_would_take_names_the_patch(target: str, body: str, message: str) -> None:
    with pytest.raises(CheckError) as caught:
        run(
            f"patches:\n  - {{name: good, target: {{{target}}}, patch: {{x: 1}}}}\n  - {{name: bad, target: {{{target}}}, patch: {body}}}\n",
            STREAM,
        )
    assert "patchset p, patch bad" in str(caught.value)
    assert message in str(caught.value)
    assert "Helm" in str(caught.value)


def test_what_the_chart_has_wrong_is_a_note() -> None:
    broken = CONFIG.replace("a: b", "a: 5")
    rendered = becomes(one("kind: ConfigMap", "{data: {z: x}}"), broken, f"{broken}  z: x\n")
    (note,) = notes(rendered)
    assert note.startswith("ConfigMap config: ")
    assert note.endswith(" at /data/a, as the chart has it")
    assert notes(stays(one("kind: Service", "{spec: {type: ClusterIP}}"), broken + SERVICE)) == []


# --- twice is once -------------------------------------------------------------------------------------

TWICE = """\
patches:
  - target: {kind: Deployment}
    patch:
      metadata: {labels: {a: "1"}, annotations: {gone: null}}
      spec:
        replicas: 2
        template:
          spec:
            containers:
              - {name: web, env: [{name: A, value: "1"}, {name: B, value: "2"}]}
              - {name: new, image: new, ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP}]}
            volumes: [{name: v, emptyDir: {}}]
  - target: {kind: Deployment}
    at: containers/[name=web]
    patch:
      - {op: add, path: /args/-, ifMissing: create, unique: true, value: --x}
      - {op: add, path: /args/-, unique: true, values: [--y1, --x]}
      - {op: remove, path: /nix, ifMissing: skip}
  - target: {kind: ConfigMap}
    transform: merge-pairs
    with: {path: /data/pairs, pairs: {a: "1", b: "2"}}
  - target: {kind: ConfigMap}
    transform: merge-pairs
    with: {path: /data/url, after: "?", pairs: {ssl: "true", old: null}}
"""


@given(
    st.permutations(["CONFIG", "WEB", "SERVICE"]),
    st.sampled_from(["", "jdbc:x", "jdbc:x?old=1", "jdbc:x?ssl=false&z=1"]),
)
def test_twice_is_once(order: list[str], url: str) -> None:
    config = CONFIG + (f"  url: {url}\n" if url else "")
    before = "".join({"CONFIG": config, "WEB": WEB, "SERVICE": SERVICE}[name] for name in order)
    with planned(TWICE) as plan:
        first = pipeline.render(before.encode(), plan)
        second = pipeline.render(first.output, plan)
    assert second.output == first.output
    assert second.changes == ()


def test_a_plan_can_be_run_again() -> None:
    with planned(TWICE) as plan:
        outputs = {pipeline.render(STREAM.encode(), plan).output for _ in range(3)}
    assert len(outputs) == 1
