"""What transforms know of workloads: where pod templates are, what these read, and who refers to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from postrender import pointers
from postrender.errors import PatchError
from postrender.pointers import list_at, written_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from postrender.documents import Identity
    from postrender.kubeyaml import Value
    from postrender.pointers import Path
    from postrender.transforms import Context

CONTAINER_LISTS: Final = ("initContainers", "containers", "ephemeralContainers")

_TEMPLATE: Final = pointers.parse_at("podTemplate")
# Where a volume, or a source of a projected one, an element of envFrom or env names what it reads.
_IN_SOURCE: Final[Mapping[str, tuple[Path, ...]]] = {
    "ConfigMap": (("configMap", "name"), ("configMapRef", "name"), ("valueFrom", "configMapKeyRef", "name")),
    "Secret": (
        ("secret", "secretName"),
        ("secret", "name"),
        ("secretRef", "name"),
        ("valueFrom", "secretKeyRef", "name"),
    ),
}


def pod_templates(resource: Value, patterns: Iterable[str] = ()) -> list[Path]:
    """Where pod templates are: the one of a built-in kind, and those that pointer patterns find."""
    found = _TEMPLATE.places(resource)
    found += [place for pattern in patterns for place in pointers.parse(pattern).places(resource)]
    return list(dict.fromkeys(found))


def sources(template: Value) -> Iterator[tuple[str, str]]:
    """Kind and name of each ConfigMap and Secret that a pod template mounts or reads."""
    for element in _reading(template):
        for kind, members in _IN_SOURCE.items():
            yield from ((kind, name) for member in members if (name := written_at(element, _names(member))))


def _reading(template: Value) -> Iterator[Value]:
    for volume in list_at(template, ("spec", "volumes")):
        yield volume
        yield from list_at(volume, ("projected", "sources"))
    for member in CONTAINER_LISTS:
        for container in list_at(template, ("spec", member)):
            yield from list_at(container, ("envFrom",))
            yield from list_at(container, ("env",))


def _names(path: Path) -> Iterator[str]:
    return (str(key) for key in path)


def with_list(value: Value, path: Path, change: Callable[[Value], Iterable[Value]]) -> Value:
    """`value` in whose list at `path` each element is what `change` makes of it: none, one or several.

    It is the same object where nothing changes.
    """
    old = list_at(value, path)
    new = [made for element in old for made in change(element)]
    if len(new) == len(old) and all(one is other for one, other in zip(new, old, strict=True)):
        return value
    return pointers.put(value, path, new)


def names_workload(reference: Value, workload: Identity) -> bool:
    """Whether a reference (`apiVersion`, `kind`, `name`) is to this workload, in whatever version.

    KEDA takes a reference without kind for a Deployment.
    """
    if written_at(reference, ("name",)) != workload.name:
        return False
    if (written_at(reference, ("kind",)) or "Deployment") != workload.kind:
        return False
    group = (written_at(reference, ("apiVersion",)) or "").rpartition("/")[0]
    return group in ("", workload.group) or {group, workload.group} == {"apps", "extensions"}


def whole(value: Value, context: Context) -> dict[str, Value]:
    """The resource that a transform is for. Raises PatchError where an `at` found a part of one."""
    if context.place or not isinstance(value, dict):
        raise PatchError("this transform is for whole resources", hint="leave out `at`")
    return value


def without(value: Mapping[str, Value], *names: str) -> dict[str, Value]:
    """A mapping without some of its members."""
    return {name: member for name, member in value.items() if name not in names}


def check_pointers(patterns: Value) -> None:
    """Raises PatchError for a list in which something is no pointer pattern."""
    for pattern in patterns if isinstance(patterns, list) else ():
        if not isinstance(pattern, str):
            raise PatchError("a pointer that is no text")
        pointers.parse(pattern)


def roots(options: Mapping[str, Value]) -> frozenset[str] | None:
    """The root members with containers: of built-in kinds, and those of the option `paths`."""
    found = {pointers.parse(path).root for path in texts(options, "paths")}
    return None if None in found else frozenset({"kind", "spec"} | {root for root in found if root})


def texts(options: Mapping[str, Value], name: str) -> list[str]:
    """An option that is a list of texts."""
    return [str(text) for text in list_at(options.get(name), ())]
