"""What no API server would take in a resource, or Helm 3 would lose: found before an upgrade has begun."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from postrender.kubeyaml import Opaque
from postrender.pointers import kind_of, list_at, mapping_at, to_text, value_at, written_at

if TYPE_CHECKING:
    from collections.abc import Set

    from postrender.documents import Identity
    from postrender.kubeyaml import Value
    from postrender.pointers import Path

LOSES: Final = "Helm 4 refuses it, and Helm 3 may lose both at a later upgrade"
REFUSED: Final = "the API server refuses it, when Helm has applied what comes before it"
NO_PODS: Final = "the API server takes it, and then refuses its pods"
UNREADABLE: Final = "Helm fails on it, half-way through, and Helm 3 prints the whole resource"


class Fault(NamedTuple):
    """What cannot be so: where, in words (names, no other values), and what comes of it."""

    pointer: str
    text: str
    consequence: str = REFUSED


Faults: TypeAlias = Iterator[Fault]
Mapped: TypeAlias = "dict[str, Value]"
Kind: TypeAlias = tuple[str, str]
"""A group and a kind."""
Keys: TypeAlias = Mapping[str, str | None]
"""The members by which elements are known, each with what it is by default; None: it has to be there."""

_STATEFUL_SET: Final = ("apps", "StatefulSet")


def faults(identity: Identity, data: Value) -> frozenset[Fault]:
    """All that is wrong in a resource; members that were not read are taken for good.

    Checked is what Kubernetes' own validation (`pkg/apis/*/validation`) says of every version of these
    kinds, and the keys by which the elements of a list are known to server-side and strategic merges.
    A null is an empty string to the API server, so where a string has to be it is none of the faults.
    """
    return frozenset(_faults(identity, data)) if isinstance(data, dict) else frozenset()


def new_faults(identity: Identity, before: Value, after: Value) -> list[Fault]:
    """The faults of `after` that `before` had not, in the order of their pointers.

    An old fault is known by its words: a patch that puts a container before others moves their places.
    """
    found = sorted(faults(identity, after), key=lambda fault: (fault.pointer, fault.text))
    old = Counter(fault.text for fault in faults(identity, before)) if found else Counter()
    new = []
    for fault in found:
        if old[fault.text]:
            old[fault.text] -= 1
        else:
            new.append(fault)
    return new


_WORKLOAD: Final = ("spec", "template")
_TEMPLATES: Final[Mapping[Kind, Path]] = {
    ("", "Pod"): (),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): _WORKLOAD,
    **{("apps", kind): _WORKLOAD for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")},
    ("argoproj.io", "Rollout"): _WORKLOAD,
    ("batch", "Job"): _WORKLOAD,
    ("batch", "CronJob"): ("spec", "jobTemplate", *_WORKLOAD),
}
# Kubernetes does not look into the pod template of these before it makes pods of it.
_UNCHECKED: Final = (_STATEFUL_SET, ("argoproj.io", "Rollout"))
_SELECTOR: Final = ("spec", "selector")
_SELECTORS: Final[Mapping[Kind, Path]] = {
    ("", "Service"): _SELECTOR,
    ("", "ReplicationController"): _SELECTOR,
    **{kind: (*_SELECTOR, "matchLabels") for kind in _TEMPLATES if kind[0] in ("apps", "argoproj.io")},
    ("batch", "Job"): (*_SELECTOR, "matchLabels"),
    ("", "PersistentVolumeClaim"): (*_SELECTOR, "matchLabels"),
    ("policy", "PodDisruptionBudget"): (*_SELECTOR, "matchLabels"),
    ("networking.k8s.io", "NetworkPolicy"): ("spec", "podSelector", "matchLabels"),
}
_ENTRIES: Final[Mapping[Kind, tuple[str, ...]]] = {
    ("", "ConfigMap"): ("data", "binaryData"),
    ("", "Secret"): ("data", "stringData"),
}
_BASE64: Final = {("ConfigMap", "binaryData"), ("Secret", "data")}


def _faults(identity: Identity, data: Mapped) -> Faults:
    kind = (identity.group, identity.kind)
    yield from _identity(data)
    yield from _metadata(data, (), "")
    for member in _ENTRIES.get(kind, ()):
        yield from _strings(data, (member,), "entry", f" of {member}")
        if (identity.kind, member) in _BASE64:
            yield from _in_base64(data, member)
    if kind in _SELECTORS:
        yield from _strings(data, _SELECTORS[kind], "label", " of the selector")
    if kind == ("", "Service"):
        yield from _service(data)
    if kind == _STATEFUL_SET:
        yield from _claims(data)
    if kind in _TEMPLATES:
        yield from _workload(data, kind)


def _workload(data: Mapped, kind: Kind) -> Faults:
    template = _TEMPLATES[kind]
    if template:
        yield from _metadata(data, template, " of the pod template")
    if kind == ("batch", "CronJob"):
        yield from _metadata(data, template[:2], " of the job template")
    elif kind in _SELECTORS and mapping_at(data, template):  # a Rollout's may be in another workload
        yield from _selector(data, kind)
    for fault in _pod(data, template, is_stateful_set=kind == _STATEFUL_SET):
        later = kind in _UNCHECKED and fault.consequence == REFUSED
        yield fault._replace(consequence=NO_PODS) if later else fault


# --- members -------------------------------------------------------------------------------------------


def _identity(data: Mapped) -> Faults:
    for name in ("apiVersion", "kind"):
        if data.get(name) in (None, ""):
            yield Fault(to_text((name,)), f"no {name}")
    metadata = data.get("metadata")
    names = (written_at(metadata, (name,)) for name in ("name", "generateName"))
    if not isinstance(metadata, Opaque) and not any(names):
        yield Fault("/metadata/name", "no metadata.name")


def _metadata(data: Value, path: Path, where: str) -> Faults:
    """Labels and annotations of what is at `path`, a resource or a template in it."""
    for what in ("label", "annotation"):
        yield from _strings(data, (*path, "metadata", f"{what}s"), what, where)


def _strings(data: Value, path: Path, what: str, where: str) -> Faults:
    """The members of the mapping at `path`, all of which have to be strings."""
    for name, value in mapping_at(data, path).items():
        if value is not None and not isinstance(value, str):
            text = f"the {what} {name}{where} is {kind_of(value)}, not a string"
            yield Fault(to_text((*path, name)), text, UNREADABLE)


def _in_base64(data: Value, member: str) -> Faults:
    for name, value in mapping_at(data, (member,)).items():
        if isinstance(value, str) and not _is_base64(value):
            yield Fault(to_text((member, name)), f"the entry {name} of {member} is not in base64", UNREADABLE)


def _is_base64(text: str) -> bool:
    """As Go's encoding/base64 has it, which skips line breaks."""
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        return False
    return True


# --- elements of lists ---------------------------------------------------------------------------------


def _elements(data: Value, path: Path, keys: Keys, where: str = "", twice: str = LOSES) -> Faults:
    """Elements of the list at `path` that `keys` do not tell apart; `twice` is what comes of equal ones."""
    member = path[-1]
    seen = set()
    for index, element in enumerate(list_at(data, path)):
        pointer = to_text((*path, index))
        if not isinstance(element, dict):
            yield Fault(pointer, f"an element of {member}{where} is {kind_of(element)}, not a mapping")
            continue
        key = {name: written_at(element, name.split(".")) or default for name, default in keys.items()}
        missing = [name for name, value in key.items() if value is None]
        words = " and ".join(f"{name} {value}" for name, value in key.items())
        if missing:
            yield Fault(pointer, f"an element of {member}{where} has no {missing[0]}")
        elif words in seen:
            yield Fault(pointer, f"two {member}{where} with {words}", twice)
        seen.add(words)


def _port_names(data: Value, path: Path, where: str = "") -> Faults:
    seen: set[str] = set()
    for index, port in enumerate(list_at(data, path)):
        name = written_at(port, ("name",)) or ""
        if name in seen:
            yield Fault(to_text((*path, index)), f"two ports{where} with name {name}")
        seen |= {name} - {""}


def _service(data: Mapped) -> Faults:
    path = ("spec", "ports")
    yield from _elements(data, path, {"port": None, "protocol": "TCP"})
    yield from _port_names(data, path)
    ports = list_at(data, path)
    for index, port in enumerate(ports):
        number = written_at(port, ("port",))
        if len(ports) > 1 and number and not written_at(port, ("name",)):
            yield Fault(to_text((*path, index)), f"port {number} has no name, and there are others")


_CLAIMS: Final = ("spec", "volumeClaimTemplates")


def _claims(data: Mapped) -> Faults:
    yield from _elements(data, _CLAIMS, {"metadata.name": None}, twice=NO_PODS)
    for index, claim in enumerate(list_at(data, _CLAIMS)):
        name = written_at(claim, ("metadata", "name"))
        yield from _metadata(data, (*_CLAIMS, index), f" of the claim {name}")


# --- pods ----------------------------------------------------------------------------------------------

_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")
_OF_POD: Final[Mapping[str, Keys]] = {
    "volumes": {"name": None},
    "imagePullSecrets": {"name": None},
    "hostAliases": {"ip": None},
    "topologySpreadConstraints": {"topologyKey": None, "whenUnsatisfiable": None},
    **{name: {"name": None} for name in _CONTAINERS},
}
_OF_CONTAINER: Final[Mapping[str, Keys]] = {
    "env": {"name": None},
    "ports": {"containerPort": None, "protocol": "TCP"},
    "volumeDevices": {"devicePath": None},
    "volumeMounts": {"mountPath": None},
}


def _pod(data: Mapped, template: Path, *, is_stateful_set: bool) -> Faults:
    path = (*template, "spec")
    yield from _strings(data, (*path, "nodeSelector"), "label", " of the nodeSelector")
    for member, keys in _OF_POD.items():
        yield from _elements(data, (*path, member), keys)
    names: dict[str, str] = {}
    claims = list_at(data, _CLAIMS) if is_stateful_set else []
    volumes = {
        *(written_at(volume, ("name",)) for volume in list_at(data, (*path, "volumes"))),
        *(written_at(claim, ("metadata", "name")) for claim in claims),
    }
    for member in _CONTAINERS:
        for index in range(len(list_at(data, (*path, member)))):
            place = (*path, member, index)
            name = written_at(value_at(data, place), ("name",)) or ""
            if name and names.setdefault(name, member) != member:
                yield Fault(to_text(place), f"{names[name]} and {member} both have one with name {name}")
            yield from _container(data, place, f" of container {name or index}")
            # A bare pod may get volumes from an admission webhook; a template is checked as it stands.
            if template:
                yield from _mounts(data, (*place, "volumeMounts"), volumes, f" of container {name or index}")


def _container(data: Mapped, path: Path, where: str) -> Faults:
    for member, keys in _OF_CONTAINER.items():
        yield from _elements(data, (*path, member), keys, where)
    yield from _port_names(data, (*path, "ports"), where)
    for index, variable in enumerate(list_at(data, (*path, "env"))):
        if not isinstance(variable, dict):
            continue
        value, name = variable.get("value"), written_at(variable, ("name",))
        pointer = to_text((*path, "env", index, "value"))
        if value is not None and not isinstance(value, str):
            text = f"the value of env {name}{where} is {kind_of(value)}, not a string"
            yield Fault(pointer, text, UNREADABLE)
        elif value and variable.get("valueFrom") is not None:
            yield Fault(pointer, f"env {name}{where} has both a value and a valueFrom")


def _mounts(data: Mapped, path: Path, volumes: Set[str | None], where: str) -> Faults:
    for index, mount in enumerate(list_at(data, path)):
        name = written_at(mount, ("name",))
        if isinstance(mount, dict) and name not in volumes:
            yield Fault(
                to_text((*path, index)), f"volumeMounts{where} name a volume {name} that is not there"
            )


# --- selectors -----------------------------------------------------------------------------------------


def _selector(data: Mapped, kind: Kind) -> Faults:
    """The selector of a workload: it has to be there where nothing makes one, and match the pod template."""
    if kind[0] == "apps" and isinstance(data.get("spec"), dict) and not mapping_at(data, _SELECTOR):
        yield Fault(to_text(_SELECTOR), "no selector")
    labels = mapping_at(data, (*_TEMPLATES[kind], "metadata", "labels"))
    matched = mapping_at(data, _SELECTORS[kind])
    for name, label in matched.items():
        if name not in labels or _written(labels[name]) != _written(label):
            text = (
                f"the selector does not match the pod template, which lacks the label {name} or has another"
            )
            yield Fault(to_text((*_SELECTORS[kind], name)), text)
    expressions = (*_SELECTOR, "matchExpressions")
    for index, expression in enumerate(list_at(data, expressions)):
        if not _holds(expression, labels):
            key = written_at(expression, ("key",))
            text = f"the selector does not match the pod template: its expression for the label {key}"
            yield Fault(to_text((*expressions, index)), text)


def _written(value: Value) -> str:
    """A label's value, which is "" for null."""
    return written_at(value, ()) or ""


def _holds(expression: Value, labels: Mapped) -> bool:
    """Whether `labels` are as a matchExpressions element asks; one that is no such thing holds."""
    name = written_at(expression, ("key",)) or ""
    is_in = name in labels and _written(labels[name]) in map(_written, list_at(expression, ("values",)))
    match value_at(expression, ("operator",)):
        case "In":
            return is_in
        case "NotIn":
            return not is_in
        case "Exists":
            return name in labels
        case "DoesNotExist":
            return name not in labels
    return True
