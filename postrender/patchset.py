"""The file format of patchsets and overlays: YAML in, frozen values out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

from postrender import conditions, documents, kubeyaml, parameters, pointers, targets, templates, transforms
from postrender.conditions import Guard
from postrender.errors import FormatError, FormatErrors, PostrenderError, did_you_mean
from postrender.fields import (
    Fields,
    File,
    is_file,
    members,
    noun,
    read_text,
    resolved,
    shown,
    target_of,
    yaml_hint,
)
from postrender.kubeyaml import Mapping, Node, Scalar, Sequence, YamlError
from postrender.parameters import Given, Parameter
from postrender.patches import json6902
from postrender.sources import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Mapping as MappingType
    from pathlib import Path

    from postrender.kubeyaml import Value

API_VERSION: Final = "postrender/v1"
MAX_NESTED: Final = 10
"""How deep overlays may use each other; nobody needs more, and each level may double the work."""

_FIELDS: Final = tuple(
    "apiVersion kind name description tags parameters refuse require patchsets resources patches".split()
)
_PATCH_FIELDS: Final = tuple(
    "name when unless target at patch path transform with optional hooks options".split()
)
_TARGET_REGEXES: Final = ("group", "version", "kind", "name", "namespace")
_TARGET_SELECTORS: Final = ("labelSelector", "annotationSelector")
_TARGET_PLACES: Final = ("where", "unless")
_LABEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_OPTIONS: Final = ("allowNameChange", "allowKindChange", "mergeKeys")
_ON_CONFLICT: Final = ("error", "replace", "merge", "skip")
_DIRECTIVES: Final = ("delete", "replace", "merge")
_DIRECTIVE_KEYS: Final = ("$patch", "$retainKeys", "$deleteFromPrimitiveList/", "$setElementOrder/")


class Refusal(NamedTuple):
    """A combination of parameters that makes no sense."""

    guard: Guard
    message: str


class TargetTemplate(NamedTuple):
    """The `target` of a patch, before its parameters have values."""

    texts: MappingType[str, str]
    where: MappingType[str, str]
    unless: MappingType[str, str]


class PatchTemplate(NamedTuple):
    """An entry of `patches`, before its parameters have values."""

    name: str
    place: str
    guard: Guard
    target: TargetTemplate | None
    at: str
    kind: Literal["strategic", "json6902", "transform"]
    body: Value
    transform: str
    optional: bool
    hooks: str
    merge_keys: MappingType[str, Value]
    allow_name_change: bool
    allow_kind_change: bool


class ResourceTemplate(NamedTuple):
    """An entry of `resources`: a manifest with parameters, or a file that is added as it stands."""

    name: str
    place: str
    guard: Guard
    on_conflict: str
    body: Value = None
    file: Path | None = None


class Use(NamedTuple):
    """An entry of an overlay's `patchsets`."""

    label: str
    place: str
    guard: Guard
    optional: bool
    patchset: Patchset
    given: MappingType[str, Given]


class Patchset(NamedTuple):
    """What a patchset or overlay file says; only an overlay has `uses`."""

    kind: str
    name: str
    description: str
    tags: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    refusals: tuple[Refusal, ...]
    require_any: bool
    uses: tuple[Use, ...]
    resources: tuple[ResourceTemplate, ...]
    patches: tuple[PatchTemplate, ...]
    path: Path

    @property
    def folder(self) -> Path:
        """The folder that all its files are in."""
        return self.path.parent

    def parameter(self, name: str) -> Parameter | None:
        """A declared parameter by its name."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)


def load(
    path: Path,
    find: Callable[[str, str | None, Path], Path],
    *,
    shipped: Callable[[Path], bool],
    above: tuple[Path, ...] = (),
) -> Patchset:
    """The patchset or overlay in a file, with all that an overlay uses.

    `find` gives the file of a name; `shipped` says whether a file is the package's own, which may not read
    the environment; `above` are the overlays that are being read. Raises FormatErrors with every mistake.
    """
    path = path.resolve()
    if len(above) >= MAX_NESTED:
        raise FormatError(f"overlays that use each other more than {MAX_NESTED} levels deep")
    if path in above:
        names = " -> ".join(shown(each) for each in (*above, path))
        raise FormatError(f"overlays that use each other in a circle: {names}")
    reader = _Reader(File(path), find, shipped, (*above, path))
    patchset = reader.read()
    reader.file.finish()
    return patchset


class _Reader:
    def __init__(
        self,
        file: File,
        find: Callable[[str, str | None, Path], Path],
        shipped: Callable[[Path], bool],
        above: tuple[Path, ...],
    ) -> None:
        self.file = file
        self.find = find
        self.shipped = shipped
        self.above = above
        self.folder = file.path.parent
        self.known: dict[str, Parameter] = {}
        self.below: frozenset[str] = frozenset()

    def read(self) -> Patchset:
        file = self.file
        if file.root is None or not isinstance(target_of(file.root), Mapping):
            raise FormatError("no patchset: the file holds no mapping", place=(f"{shown(file.path)}:1",))
        top = Fields(file, file.root, "the file", _FIELDS)
        kind = top.choice("kind", ("Patchset", "Overlay"), "Patchset")
        if "apiVersion" in top and top.text("apiVersion") != API_VERSION:
            top.wrong("apiVersion", f"apiVersion is not {API_VERSION}")
        if "patchsets" in top and kind != "Overlay":
            top.wrong("patchsets", "only an Overlay names patchsets", "write `kind: Overlay`")
        name = top.text("name", required=True)
        node = top.get("name")
        if node and isinstance(node.data, str) and not _LABEL.fullmatch(name):
            top.wrong("name", f"{name!r} is no name", "letters, digits, - and _")
        trusted = kind == "Overlay" and not self.shipped(file.path)
        declared = parameters.read_parameters(top, Origin(self.folder, trusted))
        self.below = frozenset(parameter.name for parameter in declared)
        for parameter, (_, node) in zip(declared, top.pairs("parameters"), strict=True):
            self.references(members(node).get("default") if isinstance(node, Mapping) else None)
            self.known[parameter.name] = parameter
        return Patchset(
            kind=kind,
            name=name,
            description=top.text("description"),
            tags=top.texts("tags"),
            parameters=declared,
            refusals=tuple(self.refusal(node) for node in top.items("refuse")),
            require_any="require" in top and top.choice("require", ("any",), "any") == "any",
            uses=tuple(self.use(node) for node in top.items("patchsets")),
            resources=tuple(self.resource(node, i) for i, node in enumerate(top.items("resources"), 1)),
            patches=tuple(
                patch for i, node in enumerate(top.items("patches"), 1) for patch in self.patch(node, i)
            ),
            path=file.path,
        )

    def refusal(self, node: Node) -> Refusal:
        fields = Fields(self.file, node, "an entry of refuse", ("when", "unless", "message"))
        if "when" not in fields and "unless" not in fields:
            self.file.wrong(node, "an entry of refuse needs `when` or `unless`")
        return Refusal(conditions.read_guard(fields, self.known), fields.text("message", required=True))

    # --- uses of other patchsets -------------------------------------------------------------------------

    def use(self, node: Node) -> Use | Any:
        known = ("name", "as", "with", "when", "unless", "optional")
        fields = Fields(self.file, node, "an entry of patchsets", known)
        name = fields.text("name", required=True)
        guard = conditions.read_guard(fields, self.known)
        optional = fields.flag("optional")
        if not name:
            return None
        try:
            path = self.find(name, None, self.folder)
            patchset = load(path, self.find, shipped=self.shipped, above=self.above)
        except FormatErrors as error:
            self.file.adopt(node, error)
            return None
        except FormatError as error:
            fields.wrong("name", ": ".join((*error.place, error.what)), error.hint)
            return None
        label = fields.text("as", patchset.name)
        if not _LABEL.fullmatch(label):
            fields.wrong("as", f"{label!r} is no label", "letters, digits, - and _")
        trusted = not self.shipped(self.file.path)
        given = {}
        for key, value in fields.pairs("with"):
            parameter = patchset.parameter(key)
            if parameter is None:
                names = [each.name for each in patchset.parameters]
                self.file.wrong(value, f"{patchset.name} has no parameter {key!r}", did_you_mean(key, names))
                continue
            self.references(value)
            template = parameters.read_value(self.file, value, parameter.schema, Origin(self.folder, trusted))
            if parameters.is_fixed(template) and (problem := parameter.schema.problem(template)):
                self.file.wrong(value, f"the parameter {key!r} of {patchset.name} {problem}")
            given[key] = Given(template, None, self.file.place(value))
        return Use(label, self.file.place(node), guard, optional, patchset, given)

    # --- added resources ---------------------------------------------------------------------------------

    def resource(self, node: Node, number: int) -> ResourceTemplate:
        name, place = f"resource {number}", self.file.place(node)
        if isinstance(node, Scalar):
            return ResourceTemplate(name, place, Guard(), "error", file=self.manifests(node, node.text))
        entry = members(node) if isinstance(node, Mapping) else {}
        if "kind" in entry:
            self.references(node)
            return ResourceTemplate(name, place, Guard(), "error", body=self.manifest(node))
        known = ("when", "unless", "onConflict", "resource", "path")
        fields = Fields(self.file, node, "an entry of resources", known)
        if ("resource" in fields) == ("path" in fields):
            self.file.wrong(node, "an entry of resources needs `resource` or `path`, and not both")
        guard = conditions.read_guard(fields, self.known)
        conflict = fields.choice("onConflict", _ON_CONFLICT, "error")
        if "path" in fields:
            file = self.manifests(fields.members["path"], fields.text("path"))
            return ResourceTemplate(name, place, guard, conflict, file=file)
        body = fields.get("resource")
        self.references(body)
        return ResourceTemplate(name, place, guard, conflict, body=self.manifest(body) if body else None)

    def manifest(self, node: Node) -> Value:
        self.is_resource(node, node.data)
        data: dict[str, Value] = node.data if isinstance(node, Mapping) else {}
        metadata = data.get("metadata")
        for name in ("apiVersion", "kind"):
            self.text(node, str(data.get(name, "")), plain=True)
        names = metadata if isinstance(metadata, dict) else {}
        for name in ("name", "generateName", "namespace"):
            self.text(node, str(names.get(name, "")), plain=True)
        for key in sorted(_keys(data)):
            if key.startswith(_DIRECTIVE_KEYS):
                self.file.wrong(node, f"{key} is for a patch, not for a resource")
        return node.data

    def manifests(self, node: Node, text: str) -> Path | None:
        """A file of resources that are added as they stand."""
        path = self.inside(node, text)
        if path is None:
            return None
        try:
            for document in documents.split(read_text(path).encode()).documents:
                try:
                    data = kubeyaml.load(document.text)
                except YamlError as error:
                    raise document.error(error) from None
                if data is not None:
                    self.is_resource(node, data, f" in {document.place} of {text}")
        except PostrenderError as error:
            self.file.wrong(node, f"{', '.join((text, *error.place))}: {error.what}", error.hint)
        return path

    def is_resource(self, node: Node, data: Value, where: str = "") -> None:
        found = data if isinstance(data, dict) else {}
        for field in ("apiVersion", "kind", "metadata"):
            if field not in found:
                self.file.wrong(node, f"a resource{where} needs the field {field!r}")
        if str(found.get("kind")).endswith("List") and "items" in found:
            self.file.wrong(node, f"a List{where}", "add each of its items as a resource of its own")

    def inside(self, node: Node, text: str) -> Path | None:
        """A file in the patchset's folder."""
        path = resolved(self.folder / text)
        if path is not None and not path.is_relative_to(self.folder):
            self.file.wrong(node, "a path outside the patchset's folder")
        elif path is None or not is_file(path):
            self.file.wrong(node, f"no file {text!r} in the patchset's folder")
        else:
            return path
        return None

    # --- patches -----------------------------------------------------------------------------------------

    def patch(self, node: Node, number: int) -> Iterator[PatchTemplate]:
        fields = Fields(self.file, node, "a patch", _PATCH_FIELDS)
        name = fields.text("name", str(number))
        guard = conditions.read_guard(fields, self.known)
        target = self.target(fields) if "target" in fields else None
        at = self.checked(fields, "at", pointers.parse_at)
        ways = [way for way in ("patch", "path", "transform") if way in fields]
        if len(ways) != 1:
            which = f"both {ways[0]} and {ways[1]}" if ways else "none"
            self.file.wrong(node, f"a patch needs one of patch, path and transform, and has {which}")
            return
        if "with" in fields and ways != ["transform"]:
            fields.wrong("with", "`with` is for a transform")
        options = fields.inner("options", "options", _OPTIONS)
        bodies = self.transform(fields) if ways == ["transform"] else self.bodies(fields, ways[0])
        for kind, body, transform in bodies:
            if target is None:
                self.names_itself(node, kind, body, at)
            if "mergeKeys" in options and kind != "strategic":
                options.wrong("mergeKeys", "mergeKeys is for a strategic merge")
            yield PatchTemplate(
                name=name,
                place=self.file.place(node),
                guard=guard,
                target=target,
                at=at,
                kind=kind,
                body=body,
                transform=transform,
                optional=fields.flag("optional"),
                hooks=fields.choice("hooks", targets.HOOKS, "include"),
                merge_keys=self.merge_keys(options),
                allow_name_change=options.flag("allowNameChange"),
                allow_kind_change=options.flag("allowKindChange"),
            )

    def names_itself(self, node: Node, kind: str, body: Value, at: str) -> None:
        metadata = body.get("metadata") if isinstance(body, dict) else None
        if kind != "strategic" or at:
            self.file.wrong(node, "a JSON patch, a transform and a patch with `at` need a target")
        elif not (
            isinstance(body, dict)
            and body.get("kind")
            and isinstance(metadata, dict)
            and metadata.get("name")
        ):
            self.file.wrong(
                node, "a patch without target names its resource itself", "give kind and metadata.name"
            )

    def target(self, fields: Fields) -> TargetTemplate:
        node = fields.members["target"]
        known = (*_TARGET_REGEXES, *_TARGET_SELECTORS, *_TARGET_PLACES)
        target = Fields(self.file, node, "target", known)
        texts = {}
        for name in _TARGET_REGEXES:
            if name in target:
                texts[name] = self.checked(target, name, targets.regex)
        for name in _TARGET_SELECTORS:
            if name in target:
                texts[name] = self.checked(target, name, targets.parse_selector)
        return TargetTemplate(texts, *(self.places(target, name) for name in _TARGET_PLACES))

    def places(self, target: Fields, name: str) -> dict[str, str]:
        found = {}
        for pattern, node in target.pairs(name):
            self.check_text(node, pattern, pointers.parse)
            regex = node.text if isinstance(node, Scalar) else ""
            if not isinstance(node, Scalar) or node.data is None:
                self.file.wrong(
                    node, f"{name} holds {noun(node.data)}, not a regular expression for a scalar"
                )
            self.check_text(node, regex, targets.regex)
            found[pattern] = regex
        return found

    def checked(self, fields: Fields, name: str, parse: Callable[[str], object]) -> str:
        """A text field that must parse, apart from its references."""
        node = fields.get(name)
        if node is None:
            return ""
        text = fields.written(name)
        self.check_text(node, text, parse)
        return text

    def check_text(self, node: Node, text: str, parse: Callable[[str], object]) -> None:
        self.text(node, text, plain=True)
        if templates.is_whole(text):
            return
        try:
            parse(templates.without_references(text))
        except PostrenderError as error:
            self.file.wrong(node, error.what, error.hint)

    def bodies(self, fields: Fields, way: str) -> Iterator[tuple[Any, Value, str]]:
        """The patches in `patch`, a text there, or the file of `path`; several documents are several."""
        node = cast("Node", fields.get(way))
        roots: list[tuple[Value, Node | None]] = []
        if way == "patch" and not (isinstance(node, Scalar) and isinstance(node.data, str)):
            self.references(node)
            roots = [(node.data, node)]
        elif way == "path":
            roots = [(data, None) for data in self.documents_in_file(node, fields.text("path"))]
        else:
            roots = [(data, None) for data in self.documents(node, str(node.data), "the text")]
        for data, inner in roots:
            at = inner or node
            if inner is None:
                self.data_references(node, data)
            if isinstance(data, dict) and data:
                self.directives(at, data)
                yield "strategic", data, ""
            elif isinstance(data, list) and data:
                self.operations(at, data)
                yield "json6902", data, ""
            else:
                self.file.wrong(node, "an empty patch" if not data else f"a patch is {noun(data)}")

    def documents_in_file(self, node: Node, name: str) -> list[Value]:
        path = self.inside(node, name)
        if path is None:
            return []
        try:
            return self.documents(node, read_text(path), shown(path))
        except FormatError as error:
            self.file.adopt(node, error)
            return []

    def documents(self, node: Node, text: str, place: str) -> list[Value]:
        found: list[Value] = []
        for match in re.finditer(r"(?:\A|^---(?=\s|\Z))(?s:.*?)(?=^---(?:\s|\Z)|\Z)", text, re.MULTILINE):
            try:
                data = kubeyaml.load(match[0])
            except YamlError as error:
                line = text.count("\n", 0, match.start()) + error.line + 1
                self.file.wrong(node, f"{error.what}, in line {line} of {place}", yaml_hint(text, line - 1))
                return []
            if data is not None:
                found.append(data)
        if not found:
            self.file.wrong(node, "an empty patch")
        return found

    def operations(self, node: Node, operations: list[Value]) -> None:
        nodes = node.items if isinstance(node, Sequence) else [node] * len(operations)
        for place, operation in zip(map(target_of, nodes), operations, strict=True):
            if not isinstance(operation, dict):
                self.file.wrong(place, f"an operation is {noun(operation)}, not a mapping")
                continue
            for field in ("path", "from"):
                if isinstance(pointer := operation.get(field), str):
                    self.text(place, pointer, plain=True)
            try:
                json6902.parse(_without_references(operation))
            except PostrenderError as error:
                self.file.wrong(place, error.what, error.hint)

    def directives(self, node: Node, data: Value) -> None:
        if isinstance(data, dict):
            word = data.get("$patch")
            if "$patch" in data and word not in _DIRECTIVES:
                self.file.wrong(node, "$patch is none of delete, replace, merge")
            for value in data.values():
                self.directives(node, value)
        elif isinstance(data, list):
            for value in data:
                self.directives(node, value)

    def merge_keys(self, options: Fields) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for pattern, node in options.pairs("mergeKeys") if "mergeKeys" in options else ():
            self.check_text(node, pattern, pointers.parse)
            found[pattern] = node.data
            names = node.data if isinstance(node.data, list) else [node.data]
            if not names or not all(isinstance(name, str) and "${" not in name for name in names):
                self.file.wrong(node, "mergeKeys holds the name of a member, or a list of names")
        return found

    def transform(self, fields: Fields) -> Iterator[tuple[Any, Value, str]]:
        name = fields.text("transform")
        transform = transforms.find(name)
        if transform is None:
            fields.wrong("transform", f"no transform {name!r}", did_you_mean(name, transforms.names()))
            return
        options = fields.inner("with", f"the transform {name}", transform.OPTIONS)
        node = options.node
        self.references(node)
        given = {}
        for key, schema in transform.OPTIONS.items():
            inner = options.get(key)
            if inner is None:
                if key in transform.REQUIRED:
                    self.file.wrong(node, f"the transform {name} needs the option {key!r}")
                continue
            value = parameters.read_value(self.file, inner, schema, Origin(self.folder, trusted=False))
            if parse := parameters.PARSERS.get(schema.format):
                self.check_text(inner, options.text(key), parse)
            elif parameters.is_fixed(value) and (problem := schema.problem(value)):
                self.file.wrong(inner, f"the option {key!r} {problem}")
            given[key] = value
        if fixed := {key: value for key, value in given.items() if parameters.is_fixed(value)}:
            try:
                transform.check(fixed)
            except PostrenderError as error:
                self.file.wrong(node, error.what, error.hint)
        yield "transform", given, name

    # --- references --------------------------------------------------------------------------------------

    def references(self, node: Node | None) -> None:
        """Keeps a mistake for each reference below `node` to what is not declared."""
        waiting = [] if node is None else [target_of(node)]
        for inner in waiting:
            if isinstance(inner, Scalar) and isinstance(inner.data, str):
                self.text(inner, inner.data)
            elif isinstance(inner, Mapping):
                for key, value in members(inner).items():
                    self.text(value, key, plain=True)
                    waiting.append(target_of(value))
            elif isinstance(inner, Sequence):
                waiting += map(target_of, inner.items)

    def data_references(self, node: Node, data: Value) -> None:
        if isinstance(data, dict):
            for key, value in data.items():
                self.text(node, key, plain=True)
                self.data_references(node, value)
        elif isinstance(data, list):
            for value in data:
                self.data_references(node, value)
        elif isinstance(data, str):
            self.text(node, data)

    def text(self, node: Node, text: str, *, plain: bool = False) -> None:
        """Keeps a mistake for each reference that cannot be; `plain` is where a secret would show."""
        if templates.is_open(text):
            self.file.wrong(node, "a ${ without its }", "$${ is a literal ${")
        for name in templates.references(text):
            parameter = self.known.get(name)
            if parameter is None and name in self.below:
                self.file.wrong(node, f"a default that uses {name!r}, which is not declared above it")
            elif parameter is None:
                near = did_you_mean(name, self.known)
                hint = "; ".join(filter(None, (near, "$${ is a literal ${")))
                self.file.wrong(node, f"no parameter {name!r} is declared", hint)
            elif plain and parameter.secret:
                self.file.wrong(
                    node, f"the secret parameter {name!r} in a key, name or pattern, where it would show"
                )


def _keys(data: Value) -> set[str]:
    """The keys of all mappings in data."""
    if isinstance(data, dict):
        return data.keys() | set[str]().union(*map(_keys, data.values()))
    return set[str]().union(*map(_keys, data)) if isinstance(data, list) else set()


def _without_references(operation: dict[str, Value]) -> dict[str, Value]:
    """An operation in which each reference has something to stand for it, so that the rest can be checked."""
    found = dict(operation)
    for key in ("path", "from"):
        if isinstance(text := found.get(key), str):
            found[key] = "/x" if templates.is_whole(text) else templates.without_references(text)
    if isinstance(values := found.get("values"), str) and templates.is_whole(values):
        found["values"] = []
    return found
