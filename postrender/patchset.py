"""The file format of patchsets and overlays: YAML in, frozen values out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from postrender import conditions, kubeyaml, parameters, pointers, targets, templates, transforms
from postrender.conditions import Guard
from postrender.errors import FormatError, PostrenderError, did_you_mean
from postrender.fields import Fields, File, members, noun, read_text, shown, target_of
from postrender.kubeyaml import Mapping, Node, Scalar, Sequence, YamlError
from postrender.parameters import Given, Origin, Parameter
from postrender.patches import json6902

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Mapping as MappingType
    from pathlib import Path

    from postrender.kubeyaml import Value

API_VERSION: Final = "postrender/v1"
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
_ON_CONFLICT: Final = ("error", "replace", "merge", "skip")
_DIRECTIVES: Final = ("delete", "replace", "merge")

Find = "Callable[[str, str | None, Path], Path]"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A combination of parameters that makes no sense."""

    guard: Guard
    message: str


@dataclass(frozen=True, slots=True)
class TargetTemplate:
    """The `target` of a patch, before its parameters have values."""

    texts: MappingType[str, str]
    where: MappingType[str, str]
    unless: MappingType[str, str]


@dataclass(frozen=True, slots=True)
class PatchTemplate:
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


@dataclass(frozen=True, slots=True)
class ResourceTemplate:
    """An entry of `resources`: a manifest with parameters, or a file that is added as it stands."""

    name: str
    place: str
    guard: Guard
    on_conflict: str
    body: Value = None
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """An entry of an overlay's `patchsets`."""

    label: str
    place: str
    guard: Guard
    optional: bool
    patchset: Patchset
    given: MappingType[str, Given]


@dataclass(frozen=True, slots=True)
class Patchset:
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
        if name and not _LABEL.fullmatch(name):
            top.wrong("name", f"{name!r} is no name", "letters, digits, - and _")
        trusted = kind == "Overlay" and not self.shipped(file.path)
        declared = parameters.read_parameters(top, Origin(self.folder, trusted))
        self.known = {parameter.name: parameter for parameter in declared}
        for parameter, (_, node) in zip(declared, top.pairs("parameters"), strict=True):
            self.references(
                Fields(file, node, "", ("default", *members(cast("Mapping", node)))).get("default")
            )
            del parameter
        return Patchset(
            kind=kind,
            name=name,
            description=top.text("description"),
            tags=tuple(str(node.data) for node in top.items("tags")),
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
        except FormatError as error:
            if error.place or hasattr(error, "errors"):
                self.file.errors += getattr(error, "errors", (error,))
            else:
                fields.wrong("name", error.what, error.hint)
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
            self.references(value, secret_allowed=True)
            template = parameters.read_value(self.file, value, parameter.schema, Origin(self.folder, trusted))
            if parameters.is_fixed(template) and (problem := parameter.schema.problem(template)):
                self.file.wrong(value, f"the parameter {key!r} of {patchset.name} {problem}")
            given[key] = Given(template, None, self.file.place(value))
        return Use(label, self.file.place(node), guard, optional, patchset, given)

    # --- added resources ---------------------------------------------------------------------------------

    def resource(self, node: Node, number: int) -> ResourceTemplate:
        name, place = f"resource {number}", self.file.place(node)
        if isinstance(node, Scalar):
            return ResourceTemplate(name, place, Guard(), "error", file=self.inside(node, str(node.data)))
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
            file = self.inside(fields.members["path"], fields.text("path"))
            return ResourceTemplate(name, place, guard, conflict, file=file)
        body = fields.get("resource")
        self.references(body)
        return ResourceTemplate(name, place, guard, conflict, body=self.manifest(body) if body else None)

    def manifest(self, node: Node) -> Value:
        found = members(node) if isinstance(node, Mapping) else {}
        for field in ("apiVersion", "kind", "metadata"):
            if field not in found:
                self.file.wrong(node, f"a resource needs the field {field!r}")
        return node.data

    def inside(self, node: Node, text: str) -> Path | None:
        """A file in the patchset's folder."""
        path = (self.folder / text).resolve()
        if not text or not path.is_relative_to(self.folder):
            self.file.wrong(node, "a path outside the patchset's folder")
        elif not path.is_file():
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
        at = self.checked(fields, "at", lambda text: pointers.parse_at(_without_references(text)))
        ways = [way for way in ("patch", "path", "transform") if way in fields]
        if len(ways) != 1:
            which = f"both {ways[0]} and {ways[1]}" if ways else "none"
            self.file.wrong(node, f"a patch needs one of patch, path and transform, and has {which}")
            return
        if "with" in fields and ways != ["transform"]:
            fields.wrong("with", "`with` is for a transform")
        options = Fields(
            self.file,
            fields.members.get("options", node),
            "options",
            ("allowNameChange", "allowKindChange", "mergeKeys") if "options" in fields else _PATCH_FIELDS,
        )
        bodies = self.transform(fields) if ways == ["transform"] else self.bodies(fields, ways[0])
        for kind, body, transform in bodies:
            if target is None:
                self.names_itself(node, kind, body)
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
                hooks=fields.choice("hooks", ("include", "exclude", "only"), "include"),
                merge_keys=self.merge_keys(options),
                allow_name_change="options" in fields and options.flag("allowNameChange"),
                allow_kind_change="options" in fields and options.flag("allowKindChange"),
            )

    def names_itself(self, node: Node, kind: str, body: Value) -> None:
        metadata = body.get("metadata") if isinstance(body, dict) else None
        if kind != "strategic":
            self.file.wrong(node, "a JSON patch or transform needs a target")
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
                texts[name] = self.checked(
                    target, name, lambda text: targets.regex(_without_references(text))
                )
        for name in _TARGET_SELECTORS:
            if name in target:
                texts[name] = self.checked(
                    target, name, lambda text: targets.parse_selector(_without_references(text))
                )
        return TargetTemplate(texts, *(self.places(target, name) for name in _TARGET_PLACES))

    def places(self, target: Fields, name: str) -> dict[str, str]:
        found = {}
        for pattern, node in target.pairs(name):
            self.references(node, plain=True)
            self.check_text(node, pattern, lambda text: pointers.parse(_without_references(text)))
            regex = node.text if isinstance(node, Scalar) else ""
            if not isinstance(node, Scalar):
                self.file.wrong(
                    node, f"{name} holds {noun(node.data)}, not a regular expression for a scalar"
                )
            self.check_text(node, regex, lambda text: targets.regex(_without_references(text)))
            found[pattern] = regex
        return found

    def checked(self, fields: Fields, name: str, parse: Callable[[str], object]) -> str:
        """A text field that must parse, apart from its references."""
        node = fields.get(name)
        if node is None:
            return ""
        text = fields.written(name)
        self.references(node, plain=True)
        self.check_text(node, text, parse)
        return text

    def check_text(self, node: Node, text: str, parse: Callable[[str], object]) -> None:
        for name in templates.references(text):
            self.reference(node, name, plain=True)
        if templates.is_whole(text):
            return
        try:
            parse(text)
        except PostrenderError as error:
            self.file.wrong(node, error.what, error.hint)

    def bodies(self, fields: Fields, way: str) -> Iterator[tuple[Any, Value, str]]:
        """The patches in `patch`, a text there, or the file of `path`; several documents are several."""
        node = cast("Node", fields.get(way))
        roots: list[tuple[Value, Node | None]] = []
        if way == "patch" and not (isinstance(node, Scalar) and isinstance(node.data, str)):
            self.references(node)
            roots = [(node.data, node)]
        else:
            text, offset = str(node.data), self.file.line(node)
            place = f"{shown(self.file.path)}:{offset}"
            if way == "path":
                path = self.inside(node, text)
                if path is None:
                    return
                text, place = read_text(path), shown(path)
            roots = [(data, None) for data in self.documents(node, text, place)]
        for data, inner in roots:
            at = inner or node
            if isinstance(data, dict) and data:
                if inner is None:
                    self.data_references(node, data)
                self.directives(at, data)
                yield "strategic", data, ""
            elif isinstance(data, list) and data:
                if inner is None:
                    self.data_references(node, data)
                self.operations(at, data)
                yield "json6902", data, ""
            else:
                self.file.wrong(node, "an empty patch" if not data else f"a patch is {noun(data)}")

    def documents(self, node: Node, text: str, place: str) -> list[Value]:
        found: list[Value] = []
        for part in re.split(r"^---(?=\s|\Z)", text, flags=re.MULTILINE):
            try:
                data = kubeyaml.load(part)
            except YamlError as error:
                self.file.wrong(node, f"{error.what}, in line {error.line + 1} of {place}", error.hint)
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
                for name in templates.references(str(operation.get(field, ""))):
                    self.reference(place, name, plain=True)
            try:
                json6902.parse(_without_whole_references(operation))
            except PostrenderError as error:
                self.file.wrong(place, error.what, error.hint)

    def directives(self, node: Node, data: Value) -> None:
        if isinstance(data, dict):
            word = data.get("$patch")
            if word is not None and word not in _DIRECTIVES:
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
            if not names or not all(isinstance(name, str) for name in names):
                self.file.wrong(node, "mergeKeys holds the name of a member, or a list of names")
        return found

    def transform(self, fields: Fields) -> Iterator[tuple[Any, Value, str]]:
        name = fields.text("transform")
        transform = transforms.find(name)
        if transform is None:
            fields.wrong("transform", f"no transform {name!r}", did_you_mean(name, transforms.names()))
            return
        node = fields.members.get("with", fields.node)
        known = transform.OPTIONS if "with" in fields else _PATCH_FIELDS
        options = Fields(self.file, node, f"the transform {name}", known)
        self.references(options.node if "with" in fields else None)
        given = {}
        for key, schema in transform.OPTIONS.items():
            inner = options.get(key) if "with" in fields else None
            if inner is None:
                if key in transform.REQUIRED:
                    self.file.wrong(node, f"the transform {name} needs the option {key!r}")
                continue
            value = parameters.read_value(self.file, inner, schema, Origin(self.folder, trusted=False))
            if parameters.is_fixed(value) and (problem := schema.problem(value)):
                self.file.wrong(inner, f"the option {key!r} {problem}")
            given[key] = value
        if fixed := {key: value for key, value in given.items() if parameters.is_fixed(value)}:
            try:
                transform.check(fixed)
            except PostrenderError as error:
                self.file.wrong(node, error.what, error.hint)
        yield "transform", given, name

    # --- references --------------------------------------------------------------------------------------

    def references(self, node: Node | None, *, plain: bool = False, secret_allowed: bool = True) -> None:
        """Keeps a mistake for each reference below `node` to what is not declared."""
        waiting = [] if node is None else [(target_of(node), plain or not secret_allowed)]
        for inner, strict in waiting:
            if isinstance(inner, Scalar) and isinstance(inner.data, str):
                for name in templates.references(inner.data):
                    self.reference(inner, name, plain=strict)
            elif isinstance(inner, Mapping):
                for key, value in members(inner).items():
                    for name in templates.references(key):
                        self.reference(value, name, plain=True)
                    waiting.append((target_of(value), strict))
            elif isinstance(inner, Sequence):
                waiting += [(target_of(item), strict) for item in inner.items]

    def data_references(self, node: Node, data: Value) -> None:
        if isinstance(data, dict):
            for key, value in data.items():
                for name in templates.references(key):
                    self.reference(node, name, plain=True)
                self.data_references(node, value)
        elif isinstance(data, list):
            for value in data:
                self.data_references(node, value)
        elif isinstance(data, str):
            for name in templates.references(data):
                self.reference(node, name, plain=False)

    def reference(self, node: Node, name: str, *, plain: bool) -> None:
        parameter = self.known.get(name)
        if parameter is None:
            near = did_you_mean(name, self.known)
            self.file.wrong(
                node, f"no parameter {name!r} is declared", f"{near}; $${{ is a literal ${{".lstrip("; ")
            )
        elif plain and parameter.secret:
            self.file.wrong(
                node, f"the secret parameter {name!r} in a key, name or pattern, where it would show"
            )


def _without_references(text: str) -> str:
    return templates.REFERENCE.sub("x", text)


def _without_whole_references(operation: dict[str, Value]) -> dict[str, Value]:
    """An operation in which each reference has something to stand for it, so that the rest can be checked."""
    stand_ins: dict[str, Value] = {"path": "/x", "from": "/x", "values": [], "op": operation.get("op")}
    found = {}
    for key, value in operation.items():
        whole = isinstance(value, str) and templates.is_whole(value)
        if whole and key in stand_ins:
            found[key] = stand_ins[key]
        elif key in ("path", "from") and isinstance(value, str):
            found[key] = _without_references(value)
        else:
            found[key] = value
    return found
