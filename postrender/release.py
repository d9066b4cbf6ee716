"""The resources of a stream while patches work on them: read when needed, written back when changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeGuard, cast

from postrender import documents, emitter, kubeyaml
from postrender.documents import Document, Identity, Stream
from postrender.emitter import Style
from postrender.kubeyaml import Composed, Mapping, Opaque, Scalar, YamlError
from postrender.splice import SpliceError, splice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from postrender.kubeyaml import Value

FILENAME: Final = "postrenderer.helm.sh/postrender-filename"
"""The annotation by which Helm 4 knows the files of its chart again: not the patches' business."""

# Reading some members takes a parser for each stretch of them: worth it where they are this much smaller.
_WORTH_IT: Final = 2
_HIDDEN: Final = re.compile(r"^# HIDDEN:", re.MULTILINE)

# Helm's order of installation (helm.sh/helm, pkg/releaseutil/kind_sorter.go); other kinds come after these.
_INSTALL_ORDER: Final = {
    kind: place
    for place, kind in enumerate(
        (
            "PriorityClass Namespace NetworkPolicy ResourceQuota LimitRange PodSecurityPolicy "
            "PodDisruptionBudget ServiceAccount Secret SecretList ConfigMap StorageClass "
            "PersistentVolume PersistentVolumeClaim CustomResourceDefinition ClusterRole "
            "ClusterRoleList ClusterRoleBinding ClusterRoleBindingList Role RoleList RoleBinding "
            "RoleBindingList Service DaemonSet Pod ReplicationController ReplicaSet Deployment "
            "HorizontalPodAutoscaler StatefulSet Job CronJob IngressClass Ingress APIService "
            "MutatingWebhookConfiguration ValidatingWebhookConfiguration"
        ).split()
    )
}


class Resource:
    """One object: who it is, its data as it came (`base`) and as it is now (`data`).

    `data` is only ever replaced, never changed in place; what no patch can reach of it is Opaque.
    """

    __slots__ = ("base", "data", "filename", "identity", "removed", "unit")

    def __init__(self, unit: Unit, identity: Identity, base: dict[str, Value]) -> None:
        self.unit = unit
        self.identity = identity
        self.base = self.data = base
        self.filename: Value = None
        self.removed = False

    @property
    def changed(self) -> bool:
        """Whether it is not as it came."""
        return self.removed or self.data is not self.base

    def put(self, data: dict[str, Value]) -> None:
        """Makes `data` what the resource is now."""
        if any(data.get(key) is not self.data.get(key) for key in ("apiVersion", "kind", "metadata")):
            self.identity = identity_of(data, self.identity)
        self.data = data

    def with_read(self, data: dict[str, Value]) -> dict[str, Value]:
        """`data` that was made of this resource's, with what has been read of it since."""
        late = {
            key: self.base[key]
            for key, value in data.items()
            if isinstance(value, Opaque) and self.base.get(key, value) is not value
        }
        return {**data, **late} if late else data

    def written(self) -> dict[str, Value]:
        """The data as it goes out: with Helm 4's annotation where it was."""
        if self.filename is None:
            return self.data
        metadata = self.data.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        annotations = metadata.get("annotations")
        annotations = annotations if isinstance(annotations, dict) else {}
        return {
            **self.data,
            "metadata": {**metadata, "annotations": {**annotations, FILENAME: self.filename}},
        }


class Unit:
    """A document, and the resources in it: one, those of a List, or none."""

    def __init__(self, document: Document, *, added: bool = False) -> None:
        self.document = document
        self.added = added
        self.resources: list[Resource] = []
        self.is_list = False
        self.is_odd = False
        self.step = ""
        self._outline = documents.outline(document.text)
        self._composed: Composed | None = None
        self._waiting: dict[str, tuple[int, int]] = {}
        identity = self._outline and documents.quick_identity(document.text, self._outline)
        if identity:
            self.resources = [Resource(self, identity, {})]
        else:
            self._compose()

    @property
    def duplicates(self) -> list[str]:
        """The keys that stand twice in what was read."""
        return self._composed.duplicates if self._composed else []

    @property
    def has_tail(self) -> bool:
        """Whether something follows the document's `...` that no reader looks at."""
        return bool(self._composed and self._composed.tail)

    def read(self, roots: frozenset[str] | None) -> None:
        """Makes sure that the root members of these names (None: all) are data. Raises InputError."""
        text = self.document.text
        if self._composed is None:
            outline = self._outline
            if outline is None or roots is None:
                self._compose()
                return
            size = sum(end - start for name, (start, end) in outline.items() if name in roots)
            if size * _WORTH_IT > len(text):
                self._compose()
                return
            self._begin(outline)
        if self._waiting and (
            wanted := self._waiting.keys() if roots is None else roots & self._waiting.keys()
        ):
            try:
                self._read_members([name for name in self._waiting if name in wanted])
            except YamlError as error:
                raise self.document.error(error) from None

    def write(self) -> str:
        """The text of the document as its resources are now; empty when none of them is left."""
        left = [resource for resource in self.resources if not resource.removed]
        if not left and self.resources:
            return ""
        if not any(resource.changed for resource in self.resources):
            return self.document.text
        if self._waiting:
            new, old = left[0].data, self._root().data
            if new.keys() - old.keys():
                # New members go behind the last one, and only nodes say where that ends.
                self.read(frozenset([name for name in old if name in new][-1:]))
            try:
                return self._spliced(left[0].written(), self._reread)
            except SpliceError:
                # What was written makes the document an unusual one, of which one cannot read just a part.
                self.read(None)
        if self.is_list:
            return self._spliced({**self._root().data, "items": [each.written() for each in left]})
        return self._spliced(left[0].written())

    def _spliced(self, new: dict[str, Value], read: Callable[[str], Value | None] | None = None) -> str:
        text, self.step = splice(self.document.text, cast("Composed", self._composed), new, read)
        return text

    def _root(self) -> Mapping:
        return cast("Mapping", cast("Composed", self._composed).root)

    # --- reading all of it -------------------------------------------------------------------------------

    def _compose(self) -> None:
        try:
            self._composed = composed = kubeyaml.compose(self.document.text)
        except YamlError as error:
            raise self.document.error(error) from None
        root = composed.root
        if not isinstance(root, Mapping):
            self.is_odd = root is not None and root.data is not None
            return
        items = root.data.get("items")
        if str(root.data.get("kind", "")).endswith("List") and _all_mappings(items):
            self.is_list = True
            self.resources = [self._resource(item) for item in items]
        elif self.resources:
            self._set(self.resources[0], root.data)
        else:
            self.resources = [self._resource(root.data)]

    def _resource(self, data: dict[str, Value]) -> Resource:
        resource = Resource(self, identity_of(data), data)
        self._set(resource, data)
        return resource

    def _set(self, resource: Resource, data: dict[str, Value]) -> None:
        resource.filename, data = _set_aside(data)
        resource.base = resource.data = data

    # --- reading some of it ------------------------------------------------------------------------------

    def _begin(self, outline: dict[str, tuple[int, int]]) -> None:
        root = Mapping(min(outline.values())[0], flow=False, anchor=None)
        self._composed = Composed(root, aliases=False, duplicates=[], tail=False)
        self._waiting = dict(outline)
        for name, (start, end) in outline.items():
            key = Scalar(start, start + len(name), name, name, "", None)
            value = Opaque(start + len(name) + 1, end)
            root.pairs.append((key, value))
            root.data[name] = value.data
        root.end = root.pairs[-1][1].end
        self.resources[0].base = self.resources[0].data = dict(root.data)

    def _read_members(self, names: list[str]) -> None:
        resource = self.resources[0]
        composed = cast("Composed", self._composed)
        root = cast("Mapping", composed.root)
        pairs = {str(key.data): place for place, (key, _) in enumerate(root.pairs)}
        untouched = resource.data is resource.base
        base, data = dict(resource.base), dict(resource.data)
        text = self.document.text
        for stretch, start, end in _stretches(names, self._waiting):
            try:
                inner = kubeyaml.compose(text[start:end], start)
            except YamlError as error:
                error.line += text.count("\n", 0, start)
                raise
            if not isinstance(inner.root, Mapping) or list(inner.root.data) != stretch:
                raise YamlError("no valid YAML", line=text.count("\n", 0, start))
            composed.duplicates += inner.duplicates
            for name, pair in zip(stretch, inner.root.pairs, strict=True):
                del self._waiting[name]
                root.pairs[pairs[name]] = pair
                root.data[name] = base[name] = data[name] = pair[1].data
        if "metadata" in names:
            resource.filename, base = _set_aside(base)
            data["metadata"] = base["metadata"]
        resource.base = base
        resource.data = base if untouched else data

    def _reread(self, text: str) -> Value | None:
        """The data of an edited text, in which the stretches that were not read have to stand as before.

        Each of them is a YAML text of its own, and so is what stands between them.
        """
        old, outline = self.document.text, cast("dict[str, tuple[int, int]]", self._outline)
        begin, end = min(outline.values())[0], max(outline.values())[1]
        if not text.startswith(old[:begin]) or not text.endswith(old[end:]):
            return None
        unread = [str(key.data) for key, value in self._root().pairs if isinstance(value, Opaque)]
        data = {name: self._root().data[name] for name in unread}
        at, end = begin, len(text) - len(old) + end
        for _, first, last in [*_stretches(unread, outline), ([], 0, 0)]:
            found = text.find(old[first:last], at, end) if last else end
            if found < at or not _is_block(read := kubeyaml.compose(text[at:found])) or read.tail:
                return None
            data |= read.root.data if isinstance(read.root, Mapping) else {}
            at = found + last - first
        return data


def _is_block(composed: Composed) -> bool:
    """Whether a text is a mapping in block style, or nothing: others may stand before and behind it."""
    return composed.root is None or (isinstance(composed.root, Mapping) and not composed.root.flow)


def _all_mappings(items: Value) -> TypeGuard[list[dict[str, Value]]]:
    return isinstance(items, list) and all(isinstance(item, dict) for item in items)


def _stretches(names: list[str], members: dict[str, tuple[int, int]]) -> list[tuple[list[str], int, int]]:
    """Members that stand one behind the other, together: one parser reads them at once."""
    found: list[tuple[list[str], int, int]] = []
    for name in names:
        start, end = members[name]
        if found and found[-1][2] == start:
            before, begin, _ = found.pop()
            found.append(([*before, name], begin, end))
        else:
            found.append(([name], start, end))
    return found


class Release:
    """All that a stream holds, in its order."""

    def __init__(self, stream: Stream) -> None:
        """Reads who is there. Raises InputError for a document that cannot be read."""
        self.bom = stream.bom
        self.units = [Unit(document) for document in stream.documents]
        self.count = sum(len(unit.resources) for unit in self.units)
        self._in_order: bool | None = None

    @property
    def resources(self) -> Iterator[Resource]:
        """The resources that are there now."""
        return (each for unit in self.units for each in unit.resources if not each.removed)

    @property
    def hides_secrets(self) -> bool:
        """Whether Helm 3 put comments in the place of Secrets; asked where one is missed."""
        return any(_HIDDEN.search(unit.document.text) for unit in self.units if not unit.added)

    def parse(self, document: Document) -> Resource | None:
        """The one resource of a document that is not part of the release yet, or None for one without."""
        unit = Unit(document, added=True)
        return unit.resources[0] if unit.resources else None

    def add(self, unit: Unit) -> None:
        """Puts a document where Helm would install it, or last."""
        at = len(self.units)
        if self.in_order:
            order = _order_of(unit)
            for place, each in enumerate(self.units):
                if each.resources and _order_of(each) > order:
                    at = place
                    break
        self.units.insert(at, unit)

    @property
    def in_order(self) -> bool:
        """Whether the stream came in Helm 3's order of installation, after the CRDs of `--include-crds`."""
        if self._in_order is None:
            orders = [_order_of(unit) for unit in self.units if unit.resources and not unit.added]
            crds = _order("CustomResourceDefinition")
            while orders and orders[0] == crds:
                orders.pop(0)
            self._in_order = orders == sorted(orders)
        return self._in_order

    def snapshot(self) -> Snapshot:
        """The state now, to come back to."""
        return Snapshot(self)

    def write(self) -> bytes:
        """The stream as it is now."""
        texts: list[str] = []
        for unit in self.units:
            text = unit.write()
            if not text:
                continue
            if texts and not texts[-1].endswith("\n"):
                texts[-1] += "\n"
            texts.append(documents.separator(texts[-1], text) + text if texts else text)
        return documents.join(Stream(tuple(Document(text, 0, 0) for text in texts), self.bom))


class Snapshot:
    """What a release was at one moment."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.units = list(release.units)
        self.states = [
            (each, each.data, each.data is each.base, each.identity, each.removed)
            for unit in self.units
            for each in unit.resources
        ]

    def restore(self) -> None:
        """Makes the release what it was; what was read since stays read."""
        self.release.units = self.units
        for resource, data, untouched, identity, removed in self.states:
            resource.data = resource.base if untouched else resource.with_read(data)
            resource.identity = identity
            resource.removed = removed


def document_of(data: dict[str, Value], source: str) -> Document:
    """A document of its own for a resource that a patchset adds."""
    lines = emitter.mapping(data, 0, Style(dash=2))
    return Document(f"---\n# Source: {source}\n" + "\n".join(lines) + "\n", 0, 1)


def identity_of(data: dict[str, Value], known: Identity | None = None) -> Identity:
    """Who the resource is that this data is of; what was not read stays as `known`."""
    version = data.get("apiVersion")
    kind = data.get("kind")
    metadata = data.get("metadata")
    if isinstance(version, Opaque):
        group, version = (known.group, known.version) if known else ("", "")
    else:
        group, _, version = (version if isinstance(version, str) else "").rpartition("/")
    if isinstance(kind, Opaque):
        kind = known.kind if known else ""
    names = metadata if isinstance(metadata, dict) else {}
    name, namespace = names.get("name"), names.get("namespace")
    if isinstance(metadata, Opaque):
        name, namespace = (known.name, known.namespace) if known else ("", "")
    return Identity(
        group,
        version,
        kind if isinstance(kind, str) else "",
        namespace if isinstance(namespace, str) else "",
        name if isinstance(name, str) else "",
    )


def _set_aside(data: dict[str, Value]) -> tuple[Value, dict[str, Value]]:
    """Helm 4's annotation and the data without it; annotations that held nothing else are Helm's own."""
    metadata = data.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(annotations, dict) or FILENAME not in annotations:
        return None, data
    left = {key: value for key, value in annotations.items() if key != FILENAME}
    without = {key: value for key, value in metadata.items() if key != "annotations"}
    metadata = {**metadata, "annotations": left} if left else without
    return annotations[FILENAME], {**data, "metadata": metadata}


def _order(kind: str) -> tuple[int, str]:
    place = _INSTALL_ORDER.get(kind)
    return (len(_INSTALL_ORDER), kind) if place is None else (place, "")


def _order_of(unit: Unit) -> tuple[int, str]:
    return _order("List" if unit.is_list else unit.resources[0].identity.kind)
