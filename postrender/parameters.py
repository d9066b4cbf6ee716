"""The parameters of a patchset: how they are declared, and the values that one use of it has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from postrender import kubeyaml, pointers, targets, templates
from postrender.errors import FormatError, PatchError, PostrenderError
from postrender.fields import Fields, File, members, noun, target_of
from postrender.kubeyaml import Mapping, Node, Scalar, Sequence, equal
from postrender.sources import Origin, ValueFrom
from postrender.templates import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Mapping as MappingType

    from postrender.kubeyaml import Value

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_FORMATS: Final = ("regex", "glob")
_SCHEMA_FIELDS: Final = ("type", "enum", "format", "additionalProperties", "items", "description")
_FIELDS: Final = (*_SCHEMA_FIELDS, "default", "required", "secret")
_BOOLEANS: Final = ("true", "false")
_RESERVED: Final = ("any", *_BOOLEANS)
_LOOKED_UP: Final = ("group", "version", "kind", "namespace", "name", "labelSelector", "path")


class Schema(NamedTuple):
    """What values a parameter, or what is in it, may have: the words are those of JSON Schema.

    `format` is regex or glob; the options of transforms also know pointer (a pointer pattern).
    """

    types: tuple[str, ...] = ()
    enum: tuple[Value, ...] | None = None
    format: str = ""
    additional: Schema | None = None
    items: Schema | None = None

    def __str__(self) -> str:
        if self.enum is not None:
            return " | ".join(map(_written, self.enum))
        return " | ".join(self.types) or "any"

    def problem(self, value: Value) -> str:
        """What is wrong with a value, in words that do not hold it; empty when nothing is."""
        if self.types and not any(_is(value, name) for name in self.types):
            return f"is {noun(value)}, not {' or '.join(self.types)}"
        if self.enum is not None and not any(equal(value, choice) for choice in self.enum):
            return f"is none of {', '.join(map(_written, self.enum))}"
        if isinstance(value, dict) and self.additional:
            return _first(
                f"member {key!r} " + problem for key, problem in self._inside(value.items()) if problem
            )
        if isinstance(value, list) and self.items:
            problems = ((i, self.items.problem(element)) for i, element in enumerate(value, 1))
            return _first(f"element {i} {problem}" for i, problem in problems if problem)
        if isinstance(value, str) and self.format in PARSERS:
            try:
                PARSERS[self.format](value)
            except PostrenderError as error:
                return f"is {error.what} ({error.hint})" if self.format == "regex" else "is no pointer"
        return ""

    def coerced(self, value: Value) -> Value:
        """The value, in which a scalar that can only be meant as a string is one."""
        if isinstance(value, dict) and self.additional:
            return {key: self.additional.coerced(item) for key, item in value.items()}
        if isinstance(value, list) and self.items:
            return [self.items.coerced(item) for item in value]
        if isinstance(value, dict | list) or value is None or any(_is(value, name) for name in self.types):
            return value
        return templates.text_of(value, "") if "string" in self.types else value

    def _inside(self, pairs: Any) -> Iterator[tuple[str, str]]:
        assert self.additional is not None
        return ((key, self.additional.problem(value)) for key, value in pairs)


PARSERS: Final[dict[str, Callable[[str], object]]] = {"regex": targets.regex, "pointer": pointers.parse}


def _written(value: Value) -> str:
    """A scalar of an enum as a file has it."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _first(problems: Iterator[str]) -> str:
    return next(problems, "")


def _is(value: Value, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


class Parameter(NamedTuple):
    """A declared parameter; `default` is a template, or UNSET."""

    name: str
    schema: Schema
    description: str = ""
    default: Value | Unset = UNSET
    required: bool = False
    secret: bool = False


# --- reading -------------------------------------------------------------------------------------------


def read_parameters(fields: Fields, origin: Origin) -> tuple[Parameter, ...]:
    """The parameters that a file declares under `parameters`."""
    found = []
    for name, node in fields.pairs("parameters"):
        if not NAME.fullmatch(name) or name in _RESERVED:
            hint = "y, n, on and off are true or false in YAML" if name in _BOOLEANS else ""
            fields.file.wrong(
                node, f"{name!r} is no name for a parameter", hint or "letters, digits, - and _"
            )
        found.append(_parameter(name, Fields(fields.file, node, f"parameter {name!r}", _FIELDS), origin))
    return tuple(found)


def _parameter(name: str, fields: Fields, origin: Origin) -> Parameter:
    schema = _schema(fields)
    default: Value | Unset = UNSET
    node = fields.get("default")
    if node is not None:
        default = read_value(fields.file, node, schema, origin)
        if is_fixed(default) and (problem := schema.problem(default)):
            fields.wrong("default", f"the default of {name!r} {problem}")
    required, secret = fields.flag("required"), fields.flag("secret")
    if required and default is not UNSET:
        fields.wrong("required", f"parameter {name!r} is required and has a default")
    return Parameter(name, schema, fields.text("description"), default, required, secret)


def _schema(fields: Fields) -> Schema:
    node = fields.get("type")
    types = fields.items("type") if isinstance(node, Sequence) else [node] if node else []
    names = [each.text if isinstance(each, Scalar) else noun(each.data) for each in types]
    for name in names:
        if name not in _TYPES:
            fields.wrong("type", f"{name!r} is no type", f"there are {', '.join(_TYPES)}")
    enum = None
    if "enum" in fields:
        enum = tuple(typed(item, Schema(tuple(names))) for item in fields.items("enum"))
        if not enum or any(isinstance(value, dict | list) for value in enum):
            fields.wrong("enum", "enum is a list of scalars, at least one")
        if not names:
            names = list(dict.fromkeys(next(name for name in _TYPES if _is(value, name)) for value in enum))
    elif not names:
        fields.file.wrong(fields.node, f"{fields.what} has no type")
    form = fields.choice("format", ("", *_FORMATS), "")
    if form and names and "string" not in names:
        fields.wrong("format", "format is for type string")
    return Schema(
        tuple(name for name in names if name in _TYPES),
        enum,
        form,
        _inner(fields, "additionalProperties", "object", names),
        _inner(fields, "items", "array", names),
    )


def _inner(fields: Fields, name: str, of: str, names: list[str]) -> Schema | None:
    node = fields.get(name)
    if node is None:
        return None
    if of not in names:
        fields.wrong(name, f"{name} is for type {of}")
    return _schema(Fields(fields.file, node, name, _SCHEMA_FIELDS))


def typed(node: Node, schema: Schema, look_up: Callable[[Node], Value] | None = None) -> Value:
    """A value as a file has it, by the type that is wanted: a string takes a plain scalar as written.

    `look_up` makes of what stands under a `valueFrom` what stands for its value.
    """
    node = target_of(node)
    if isinstance(node, Mapping):
        found = members(node)
        if look_up is not None and list(found) == ["valueFrom"]:
            return look_up(target_of(found["valueFrom"]))
        inner = schema.additional or Schema()
        return {key: typed(value, inner, look_up) for key, value in found.items()}
    if isinstance(node, Sequence):
        return [typed(item, schema.items or Schema(), look_up) for item in node.items]
    as_written = node.data is not None and "string" in schema.types
    if isinstance(node, Scalar) and as_written and not any(_is(node.data, name) for name in schema.types):
        return node.text
    return node.data


def read_value(file: File, node: Node, schema: Schema, origin: Origin) -> Value:
    """A value as `file` has it, by the type that is wanted; in it, a ValueFrom is what is looked up."""
    return typed(node, schema, lambda inner: cast("Value", _value_from(file, inner, origin)))


def _value_from(file: File, node: Node, origin: Origin) -> ValueFrom:
    fields = Fields(file, node, "valueFrom", ("env", "file", "encoding", "resource"))
    origin = Origin(origin.folder, origin.trusted, file.place(node))
    ways = [name for name in ("env", "file", "resource") if name in fields]
    if len(ways) != 1:
        file.wrong(node, "valueFrom needs one of env, file and resource")
    found = ValueFrom(
        origin,
        fields.text("env"),
        fields.text("file"),
        "encoding" in fields and fields.choice("encoding", ("base64",), "base64") == "base64",
        _value_place(fields.inner("resource", "resource", _LOOKED_UP)) if "resource" in fields else None,
    )
    for name in ("env", "file"):
        if name in fields and not getattr(found, name):
            fields.wrong(name, f"{name} is empty")
    if "encoding" in fields and "file" not in fields:
        fields.wrong("encoding", "encoding is for file")
    if "env" in fields and not origin.trusted:
        fields.wrong("env", "the environment is for a site's own overlay, values file or command line")
    if found.file and found.path(templates.without_references(found.file)) is None:
        fields.wrong("file", "a file outside the patchset's folder")
    return found


def _value_place(fields: Fields) -> dict[str, str]:
    """Which resource, and which place in it, a value is looked up in."""
    for name in ("kind", "path"):
        if not fields.written(name):
            fields.wrong(name, f"resource needs the field {name!r}")
    checks: dict[str, Callable[[str], object]] = dict.fromkeys(_LOOKED_UP, targets.regex)
    checks |= {"labelSelector": targets.parse_selector, "path": pointers.parse}
    texts = {name: fields.written(name) for name in fields.members if name in checks}
    for name, text in texts.items():
        try:
            checks[name](templates.without_references(text))
        except PostrenderError as error:
            fields.wrong(name, error.what, error.hint)
    return texts


def is_fixed(value: Value | Unset) -> bool:
    """Whether a template says all by itself: it refers to nothing."""
    match value:
        case str():
            return "${" not in value
        case dict():
            return all(is_fixed(key) and is_fixed(item) for key, item in value.items())
        case list():
            return all(map(is_fixed, value))
        case ValueFrom() | Unset():
            return False
    return True


def read_text(text: str, schema: Schema) -> Value:
    """A value from the command line, by the type that is wanted. Raises FormatError."""
    others = [name for name in schema.types if name not in ("string", "null")]
    if not others:
        return text
    try:
        composed = kubeyaml.compose(text)
    except kubeyaml.YamlError as error:
        if "string" in schema.types:
            return text
        raise FormatError(error.what) from None
    value = typed(composed.root, schema) if composed.root else None
    if "string" in schema.types and not any(_is(value, name) for name in others):
        return text
    return value


# --- values --------------------------------------------------------------------------------------------


class Given(NamedTuple):
    """A value that somebody gave: a template, what its references refer to, and where it was written."""

    template: Value
    scope: Values | None
    place: str


class Values:
    """The values of one use: what was given, else the defaults, each worked out when first needed."""

    def __init__(
        self,
        declared: tuple[Parameter, ...],
        given: MappingType[str, Given],
        look_up: Callable[[ValueFrom, Values], tuple[Value, bool]],
    ) -> None:
        self.declared = {parameter.name: parameter for parameter in declared}
        self.given = given
        self.secrets: set[str] = set()
        self._look_up = look_up
        self._known: dict[str, Value | Unset] = {}
        self._open: list[str] = []

    def get(self, name: str) -> Value | Unset:
        """The value of a parameter, or UNSET. Raises PatchError for one of a wrong type."""
        if name not in self._known:
            if name in self._open:
                raise PatchError(f"the defaults of {' and '.join(self._open)} need each other")
            self._open.append(name)
            try:
                self._known[name] = self._work_out(self.declared[name])
            finally:
                self._open.remove(name)
        return self._known[name]

    def _work_out(self, parameter: Parameter) -> Value | Unset:
        given = self.given.get(parameter.name)
        value: Value | Unset = UNSET
        place = ""
        if given is not None:
            value = templates.fill(given.template, given.scope or self)
            place = given.place
            if given.scope is not None:
                self.secrets |= given.scope.secrets
        if value is UNSET:
            value = templates.fill(parameter.default, self) if parameter.default is not UNSET else UNSET
        if value is UNSET:
            if parameter.required:
                raise PatchError(f"the parameter {parameter.name!r} is required and has no value")
            return UNSET
        value = parameter.schema.coerced(value)
        if problem := parameter.schema.problem(value):
            error = PatchError(f"the parameter {parameter.name!r} {problem}")
            raise error.within(place) if place else error
        if parameter.secret:
            self.secrets |= set(texts(value))
        return value

    def format(self, name: str) -> str:
        """How a pattern takes the text of a parameter."""
        return self.declared[name].schema.format

    def look_up(self, source: Any) -> Value:
        """The value that a `valueFrom` finds; if that says so, it is secret from then on."""
        try:
            value, secret = self._look_up(source, self)
        except PostrenderError as error:
            raise error.within(source.origin.place) from None
        if secret:
            self.secrets |= set(texts(value))
        return value


def texts(value: Value) -> Iterator[str]:
    """All scalars in a value, as text, that could give a secret away."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif value is not None and value != "" and not isinstance(value, bool):
        yield str(value)
