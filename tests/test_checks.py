"""Checks: what no API server would take, found in resources that a patch touched."""

# A case a line: the tables are to be read down their columns.
# ruff: noqa: E501

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postrender import pointers
from postrender.checks import LOSES, NO_PODS, REFUSED, UNREADABLE, faults, new_faults
from postrender.documents import Identity
from postrender.kubeyaml import Opaque

GROUPS = {
    "Deployment": "apps", "StatefulSet": "apps", "DaemonSet": "apps", "ReplicaSet": "apps",
    "Job": "batch", "CronJob": "batch", "Rollout": "argoproj.io",
    "PodDisruptionBudget": "policy", "NetworkPolicy": "networking.k8s.io",
}  # fmt: skip
TEMPLATE: Any = {
    "metadata": {"labels": {"app": "web"}, "annotations": {"a": "b", "null": None}},
    "spec": {
        "nodeSelector": {"disk": "ssd"},
        "volumes": [{"name": "data"}, {"name": "cache"}],
        "imagePullSecrets": [{"name": "registry"}],
        "hostAliases": [{"ip": "10.0.0.1"}],
        "topologySpreadConstraints": [
            {"topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"},
            {"topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"},
        ],
        "initContainers": [{"name": "init"}],
        "containers": [
            {
                "name": "web",
                "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "", "valueFrom": {"x": {}}}],
                "ports": [
                    {"name": "dns", "containerPort": 53, "protocol": "UDP"},
                    {"name": "dns-tcp", "containerPort": 53},
                    {"containerPort": 80},
                ],
                "volumeMounts": [{"name": "data", "mountPath": "/a"}, {"name": "data", "mountPath": "/b"}],
            },
            {"name": "log", "env": [{"name": "A"}], "ports": [{"name": "dns", "containerPort": 54}]},
        ],
    },
}
SELECTOR: Any = {"matchLabels": {"app": "web"}}
SPECS: dict[str, Any] = {
    "Deployment": {"selector": SELECTOR, "template": TEMPLATE},
    "StatefulSet": {
        "selector": SELECTOR,
        "template": TEMPLATE,
        "volumeClaimTemplates": [{"metadata": {"name": "claim", "labels": {"a": "b"}}}],
    },
    "Rollout": {"selector": SELECTOR, "template": TEMPLATE},
    "Job": {"template": TEMPLATE},
    "CronJob": {"jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": {"template": TEMPLATE}}},
    "ReplicationController": {"selector": {"app": "web"}, "template": TEMPLATE},
    "Pod": TEMPLATE["spec"],
    "Service": {
        "selector": {"app": "web"},
        "ports": [
            {"name": "dns", "port": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
        ],
    },
    "PodDisruptionBudget": {"selector": SELECTOR},
    "NetworkPolicy": {"podSelector": SELECTOR},
    "PersistentVolumeClaim": {"selector": SELECTOR},
    "Whatever": {"containers": [None, None], "selector": {"matchLabels": {"a": 1}}},
}
ROOTS: dict[str, Any] = {
    "ConfigMap": {"data": {"a": "1", "null": None}, "binaryData": {"b": "AAEC"}},
    "Secret": {"data": {"a": "cGFz\nc3dvcmQ=\n", "empty": ""}, "stringData": {"b": "true"}},
    "PodTemplate": {"template": TEMPLATE},
}
KINDS = [*SPECS, *ROOTS]


def resource(kind: str, changed: dict[str, Any] | None = None) -> Any:
    """A resource that is well, but for what is put at these pointers; "…" there: taken away."""
    members = ROOTS.get(kind) or {"spec": SPECS[kind]}
    data = {"apiVersion": "x", "kind": kind, "metadata": {"name": "x", "labels": {"a": "b"}}, **members}
    data = copy.deepcopy(data)
    for pointer, value in (changed or {}).items():
        *parents, last = pointer.split("/")[1:]
        parent: Any = data
        for part in parents:
            parent = parent[int(part)] if isinstance(parent, list) else parent.setdefault(part, {})
        if value is ...:
            del parent[int(last) if isinstance(parent, list) else last]
        elif last == "-":
            parent.append(value)
        else:
            parent[int(last) if isinstance(parent, list) else last] = value
    return data


def identity(kind: str) -> Identity:
    return Identity(GROUPS.get(kind, ""), "v1", kind, "", "x")


POD = "/spec/template/spec"
WEB = f"{POD}/containers/0"
DUPLICATES = [
    ("Deployment", {f"{POD}/containers/-": {"name": "log"}}, f"{POD}/containers/2", "two containers with name log", LOSES),
    ("Deployment", {f"{POD}/initContainers/-": {"name": "init"}}, f"{POD}/initContainers/1", "two initContainers with name init", LOSES),
    ("Deployment", {f"{POD}/initContainers/-": {"name": "web"}}, f"{POD}/initContainers/1", "containers and initContainers both have one with name web", REFUSED),
    ("Deployment", {f"{POD}/volumes/-": {"name": "data"}}, f"{POD}/volumes/2", "two volumes with name data", LOSES),
    ("Deployment", {f"{POD}/imagePullSecrets/-": {"name": "registry"}}, f"{POD}/imagePullSecrets/1", "two imagePullSecrets with name registry", LOSES),
    ("Deployment", {f"{POD}/hostAliases/-": {"ip": "10.0.0.1"}}, f"{POD}/hostAliases/1", "two hostAliases with ip 10.0.0.1", LOSES),
    ("Deployment", {f"{POD}/topologySpreadConstraints/1/whenUnsatisfiable": "DoNotSchedule"}, f"{POD}/topologySpreadConstraints/1", "two topologySpreadConstraints with topologyKey zone and whenUnsatisfiable DoNotSchedule", LOSES),
    ("Deployment", {f"{WEB}/env/-": {"name": "A"}}, f"{WEB}/env/2", "two env of container web with name A", LOSES),
    ("Deployment", {f"{WEB}/ports/-": {"containerPort": 80, "protocol": "TCP"}}, f"{WEB}/ports/3", "two ports of container web with containerPort 80 and protocol TCP", LOSES),
    ("Deployment", {f"{WEB}/ports/-": {"containerPort": 81, "name": "dns"}}, f"{WEB}/ports/3", "two ports of container web with name dns", REFUSED),
    ("Deployment", {f"{WEB}/volumeMounts/-": {"name": "cache", "mountPath": "/a"}}, f"{WEB}/volumeMounts/2", "two volumeMounts of container web with mountPath /a", LOSES),
    ("Deployment", {f"{WEB}/volumeDevices": [{"name": "a", "devicePath": "/d"}, {"name": "b", "devicePath": "/d"}]}, f"{WEB}/volumeDevices/1", "two volumeDevices of container web with devicePath /d", LOSES),
    ("Pod", {"/spec/containers/1/name": "web"}, "/spec/containers/1", "two containers with name web", LOSES),
    ("PodTemplate", {"/template/spec/containers/1/name": "web"}, "/template/spec/containers/1", "two containers with name web", LOSES),
    ("CronJob", {"/spec/jobTemplate/spec/template/spec/volumes/1/name": "data"}, "/spec/jobTemplate/spec/template/spec/volumes/1", "two volumes with name data", LOSES),
    ("StatefulSet", {"/spec/volumeClaimTemplates/-": {"metadata": {"name": "claim"}}}, "/spec/volumeClaimTemplates/1", "two volumeClaimTemplates with metadata.name claim", NO_PODS),
    ("Service", {"/spec/ports/-": {"name": "x", "port": 53}}, "/spec/ports/2", "two ports with port 53 and protocol TCP", LOSES),
    ("Service", {"/spec/ports/-": {"name": "dns", "port": 54}}, "/spec/ports/2", "two ports with name dns", REFUSED),
]  # fmt: skip
ELEMENTS = [
    ("Deployment", {f"{POD}/containers/-": None}, f"{POD}/containers/2", "an element of containers is null, not a mapping", REFUSED),
    ("Deployment", {f"{POD}/containers/1/name": ...}, f"{POD}/containers/1", "an element of containers has no name", REFUSED),
    ("Deployment", {f"{POD}/containers/1/name": ""}, f"{POD}/containers/1", "an element of containers has no name", REFUSED),
    ("Deployment", {f"{WEB}/env/-": "A=B"}, f"{WEB}/env/2", "an element of env of container web is a string, not a mapping", REFUSED),
    ("Deployment", {f"{WEB}/ports/-": {"name": "x"}}, f"{WEB}/ports/3", "an element of ports of container web has no containerPort", REFUSED),
    ("Deployment", {f"{WEB}/env/0/valueFrom": {"x": {}}}, f"{WEB}/env/0/value", "env A of container web has both a value and a valueFrom", REFUSED),
    ("Deployment", {f"{WEB}/volumeMounts/0/name": "none"}, f"{WEB}/volumeMounts/0", "volumeMounts of container web name a volume none that is not there", REFUSED),
    ("StatefulSet", {f"{WEB}/volumeMounts/0/name": "none"}, f"{WEB}/volumeMounts/0", "volumeMounts of container web name a volume none that is not there", NO_PODS),
    ("Service", {"/spec/ports/1/name": ...}, "/spec/ports/1", "port 53 has no name, and there are others", REFUSED),
    ("Service", {"/spec/ports/1/port": ...}, "/spec/ports/1", "an element of ports has no port", REFUSED),
]  # fmt: skip
STRINGS = [
    ("Whatever", {"/metadata/labels/b": True}, "/metadata/labels/b", "the label b is true or false, not a string", UNREADABLE),
    ("Service", {"/metadata/annotations/b": 1}, "/metadata/annotations/b", "the annotation b is a number, not a string", UNREADABLE),
    ("Service", {"/spec/selector/b": ["x"]}, "/spec/selector/b", "the label b of the selector is a list, not a string", UNREADABLE),
    ("Deployment", {"/spec/template/metadata/labels/b": 1.5}, "/spec/template/metadata/labels/b", "the label b of the pod template is a number, not a string", UNREADABLE),
    ("Deployment", {"/spec/template/metadata/annotations/b": {}}, "/spec/template/metadata/annotations/b", "the annotation b of the pod template is a mapping, not a string", UNREADABLE),
    ("Deployment", {f"{POD}/nodeSelector/b": True}, f"{POD}/nodeSelector/b", "the label b of the nodeSelector is true or false, not a string", UNREADABLE),
    ("Deployment", {f"{WEB}/env/0/value": 8080}, f"{WEB}/env/0/value", "the value of env A of container web is a number, not a string", UNREADABLE),
    ("CronJob", {"/spec/jobTemplate/metadata/labels/b": 1}, "/spec/jobTemplate/metadata/labels/b", "the label b of the job template is a number, not a string", UNREADABLE),
    ("StatefulSet", {"/spec/volumeClaimTemplates/0/metadata/labels/b": 1}, "/spec/volumeClaimTemplates/0/metadata/labels/b", "the label b of the claim claim is a number, not a string", UNREADABLE),
    ("PodDisruptionBudget", {"/spec/selector/matchLabels/b": 1}, "/spec/selector/matchLabels/b", "the label b of the selector is a number, not a string", UNREADABLE),
    ("NetworkPolicy", {"/spec/podSelector/matchLabels/b": 1}, "/spec/podSelector/matchLabels/b", "the label b of the selector is a number, not a string", UNREADABLE),
    ("ConfigMap", {"/data/b": 1}, "/data/b", "the entry b of data is a number, not a string", UNREADABLE),
    ("ConfigMap", {"/binaryData/c": []}, "/binaryData/c", "the entry c of binaryData is a list, not a string", UNREADABLE),
    ("ConfigMap", {"/binaryData/c": "?"}, "/binaryData/c", "the entry c of binaryData is not in base64", UNREADABLE),
    ("Secret", {"/stringData/c": True}, "/stringData/c", "the entry c of stringData is true or false, not a string", UNREADABLE),
    ("Secret", {"/data/c": 1}, "/data/c", "the entry c of data is a number, not a string", UNREADABLE),
    ("Secret", {"/data/c": "pässword"}, "/data/c", "the entry c of data is not in base64", UNREADABLE),
    ("Secret", {"/data/c": "YQ"}, "/data/c", "the entry c of data is not in base64", UNREADABLE),
]  # fmt: skip
LACKS = "the selector does not match the pod template, which lacks the label {} or has another"
EXPRESSION = "the selector does not match the pod template: its expression for the label app"
IDENTITY = [
    ("Deployment", {"/spec/selector/matchLabels/app": "db"}, "/spec/selector/matchLabels/app", LACKS.format("app"), REFUSED),
    ("Deployment", {"/spec/selector/matchLabels/tier": "x"}, "/spec/selector/matchLabels/tier", LACKS.format("tier"), REFUSED),
    ("StatefulSet", {"/spec/template/metadata/labels/app": "db"}, "/spec/selector/matchLabels/app", LACKS.format("app"), REFUSED),
    ("Rollout", {"/spec/template/metadata": {}}, "/spec/selector/matchLabels/app", LACKS.format("app"), REFUSED),
    ("ReplicationController", {"/spec/selector/app": "db"}, "/spec/selector/app", LACKS.format("app"), REFUSED),
    ("Job", {"/spec/selector": {"matchLabels": {"b": "c"}}}, "/spec/selector/matchLabels/b", LACKS.format("b"), REFUSED),
    ("Deployment", {"/spec/selector": ...}, "/spec/selector", "no selector", REFUSED),
    *(
        ("Deployment", {"/spec/selector/matchExpressions": [expression]}, "/spec/selector/matchExpressions/0", EXPRESSION, REFUSED)
        for expression in (
            {"key": "app", "operator": "In", "values": ["db"]},
            {"key": "app", "operator": "NotIn", "values": ["db", "web"]},
            {"key": "app", "operator": "DoesNotExist"},
        )
    ),
    ("Deployment", {"/spec/selector/matchExpressions": [{"key": "x", "operator": "Exists"}]}, "/spec/selector/matchExpressions/0", EXPRESSION[:-3] + "x", REFUSED),
    ("Whatever", {"/metadata/name": ...}, "/metadata/name", "no metadata.name", REFUSED),
    ("Whatever", {"/metadata": None}, "/metadata/name", "no metadata.name", REFUSED),
    ("Whatever", {"/kind": ""}, "/kind", "no kind", REFUSED),
    ("Whatever", {"/apiVersion": ...}, "/apiVersion", "no apiVersion", REFUSED),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_well_has_no_faults(kind: str) -> None:
    assert faults(identity(kind), resource(kind)) == frozenset()


@pytest.mark.parametrize(
    ("kind", "changed", "pointer", "text", "consequence"),
    [
        pytest.param(*case, id=f"{case[0]}: {case[3]}")
        for case in (*DUPLICATES, *ELEMENTS, *STRINGS, *IDENTITY)
    ],
)
def test_a_fault(kind: str, changed: dict[str, Any], pointer: str, text: str, consequence: str) -> None:
    found = faults(identity(kind), resource(kind, changed))
    assert {(fault.pointer, fault.text, fault.consequence) for fault in found} == {
        (pointer, text, consequence)
    }
    new = new_faults(identity(kind), resource(kind), resource(kind, changed))
    assert {*new} == found
    assert new_faults(identity(kind), resource(kind, changed), resource(kind, changed)) == []


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        pytest.param("Whatever", {"/metadata/name": ..., "/metadata/generateName": "x-"}, id="generateName"),
        pytest.param("Deployment", {f"{WEB}/env/0/value": None}, id="a null value"),
        pytest.param("Deployment", {f"{WEB}/env/1/value": None}, id="a null value beside valueFrom"),
        pytest.param("Deployment", {f"{WEB}/env/0/valueFrom": None}, id="a value beside a null valueFrom"),
        pytest.param(
            "Deployment", {f"{WEB}/ports/-": {"containerPort": 80, "protocol": "UDP"}}, id="other protocol"
        ),
        pytest.param("Deployment", {f"{POD}/containers/1/ports/0/containerPort": 53}, id="other container"),
        pytest.param(
            "Deployment", {"/spec/template/metadata/labels/more": "x"}, id="more labels than selected"
        ),
        pytest.param(
            "Deployment",
            {"/spec/template/metadata/labels/x": None, "/spec/selector/matchLabels/x": ""},
            id="a null label is an empty one",
        ),
        pytest.param(
            "Deployment",
            {
                "/spec/selector": {
                    "matchExpressions": [
                        {"key": "app", "operator": "In", "values": ["db", "web"]},
                        {"key": "app", "operator": "NotIn", "values": ["db"]},
                        {"key": "x", "operator": "NotIn", "values": ["y"]},
                        {"key": "app", "operator": "Exists"},
                        {"key": "x", "operator": "DoesNotExist"},
                        {"key": "x", "operator": "Unknown"},
                    ]
                }
            },
            id="expressions that match",
        ),
        pytest.param("StatefulSet", {f"{WEB}/volumeMounts/0/name": "claim"}, id="a mount of a claim"),
        pytest.param("Pod", {"/spec/containers/0/volumeMounts/0/name": "injected"}, id="a bare pod's volume"),
        pytest.param("Service", {"/spec/ports": [{"port": 80}]}, id="one port needs no name"),
        pytest.param("Service", {"/spec/selector": None}, id="no selector"),
        pytest.param("Rollout", {"/spec/template": ..., "/spec/workloadRef": {}}, id="a template elsewhere"),
        pytest.param("Deployment", {"/spec": Opaque(0, 0)}, id="spec was not read"),
        pytest.param("Deployment", {"/metadata": Opaque(0, 0)}, id="metadata were not read"),
        pytest.param("ConfigMap", {"/data": Opaque(0, 0), "/kind": Opaque(0, 0)}, id="data were not read"),
    ],
)
def test_no_fault(kind: str, changed: dict[str, Any]) -> None:
    assert faults(identity(kind), resource(kind, changed)) == frozenset()


@pytest.mark.parametrize("kind", ["Deployment", "Service", "Job", "ConfigMap"])
def test_a_kind_of_that_name_in_another_group_is_not_known(kind: str) -> None:
    changed = {"/data/x": 1, "/spec/ports": [None], "/spec/template": {"spec": {"containers": [None]}}}
    other = Identity("example.org", "v1", kind, "", "x")
    assert faults(other, resource(kind, changed)) == frozenset()


def test_only_what_a_patch_made_is_new() -> None:
    kind = identity("Deployment")
    before = resource("Deployment", {f"{WEB}/env/-": {"name": "A"}})
    after = resource("Deployment", {f"{WEB}/env/-": {"name": "A"}})
    after["spec"]["template"]["spec"]["containers"].insert(0, {"name": "first"})
    assert [fault.pointer for fault in faults(kind, after)] == [f"{POD}/containers/1/env/2"]
    assert new_faults(kind, before, after) == []
    after["spec"]["template"]["spec"]["containers"][1]["env"].append({"name": "A"})
    assert [fault.pointer for fault in new_faults(kind, before, after)] == [f"{POD}/containers/1/env/3"]


def test_new_faults_are_in_order() -> None:
    after = resource("ConfigMap", {"/data/z": 1, "/data/b": 2, "/metadata/labels/a": 3})
    found = new_faults(identity("ConfigMap"), resource("ConfigMap"), after)
    assert [fault.pointer for fault in found] == ["/data/b", "/data/z", "/metadata/labels/a"]


@pytest.mark.parametrize("member", ["data", "stringData"])
@pytest.mark.parametrize("value", [3, ["correct-horse"], "correct-horse!", {"correct-horse": "x"}])
def test_no_fault_tells_a_value(member: str, value: Any) -> None:
    found = faults(identity("Secret"), resource("Secret", {f"/{member}/c": value}))
    assert "correct-horse" not in repr(found)


odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "x", 1, True, [], {}, [None], ["x"], [[]], [{}], {"a": None}, {"name": []}]
)


def places(value: Any, path: pointers.Path = ()) -> list[pointers.Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, member in inner for place in places(member, (*path, key)))]


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_odd_data_are_no_crash(kind: str, data: st.DataObject) -> None:
    value: Any = resource(kind)
    for _ in range(data.draw(st.integers(1, 3))):
        value = pointers.put(value, data.draw(st.sampled_from(places(value))), data.draw(odd))
    new_faults(identity(kind), resource(kind), value)
    new_faults(identity(kind), None, value)
