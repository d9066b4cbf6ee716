r"""JSON pointers (RFC 6901), and pointer patterns that stand for many: the places in data that a text names.

A pattern is a pointer whose segments may also be

- `*`: every element of a list, every member of a mapping;
- a name with `*` (any text) or `?` (any character) in it: the members whose name is like that;
- `[name=http]`: the list elements with that member, `[metadata.name=cache]` with it further inside,
  `[.=ReadWriteMany]` the elements that are that value. The value may hold `*` and `?`, and is compared
  with the scalar as it is written: `8080`, `true`. Null is like nothing.

`~1` is a slash and `~0` a tilde, inside the brackets too. A backslash takes the meaning from a following
`*`, `?`, `[`, `]` or backslash, and from a dot before the `=`; elsewhere it is a backslash.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, cast

from postrender.errors import PostrenderError, did_you_mean
from postrender.kubeyaml import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

Path: TypeAlias = tuple[str | int, ...]
Step: TypeAlias = tuple[str | int, Value]
"""A key of a list or mapping, and what is there."""

# No leading zeros and no signs (RFC 6901, 4); so many digits as int() always takes.
_INDEX: Final = re.compile("0|[1-9][0-9]{0,17}")
_BAD_TILDE: Final = re.compile("~(?![01])")
_WILD: Final = "*?[]"
_CHARACTER: Final = re.compile(r"\\([*?\[\]\\])|(.)", re.DOTALL)
_CHARACTER_OR_DOT: Final = re.compile(r"\\([*?\[\]\\.])|(.)", re.DOTALL)


class PointerError(PostrenderError):
    """A text that is no pointer and no pointer pattern."""


def to_text(path: Path) -> str:
    """The pointer to `path`: `/spec/ports/0`; "" for the root."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)


def get(value: Value, path: Path) -> Value:
    """What is at `path`. Raises KeyError, IndexError or TypeError where there is no such place."""
    found: Any = value
    for key in path:
        if isinstance(found, str):
            raise TypeError("a string has no members")
        found = found[key]
    return cast("Value", found)


def value_at(value: Value, path: Path) -> Value:
    """What is at `path`; None where nothing is."""
    for key in path:
        if isinstance(value, dict):
            value = value.get(str(key))
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return None
    return value


def mapping_at(value: Value, path: Path) -> dict[str, Value]:
    """The mapping at `path`, an empty one where none is."""
    found = value_at(value, path)
    return found if isinstance(found, dict) else {}


def list_at(value: Value, path: Path) -> list[Value]:
    """The list at `path`, an empty one where none is."""
    found = value_at(value, path)
    return found if isinstance(found, list) else []


def put(value: Value, path: Path, new: Value) -> Value:
    """`value` with `new` at the existing `path`; all that is not on the way there is shared with `value`."""
    if not path:
        return new
    key, child = path[0], get(value, path[:1])
    changed = put(child, path[1:], new)
    if changed is child:
        return value
    copied: Any = value.copy() if isinstance(value, dict | list) else None
    copied[key] = changed
    return cast("Value", copied)


def key_in(node: Value, name: str) -> str | int | None:
    """The key in `node` that a segment `name` of a plain pointer stands for; None where nothing is there."""
    return next((key for key, _ in _Plain(name).steps(node)), None)


def escape(text: str) -> str:
    """A pattern text that matches just `text`, as a segment or as the value in `[name=value]`."""
    return re.sub(r"[*?\[\]\\]", r"\\\g<0>", text).replace("~", "~0").replace("/", "~1")


def kind_of(value: object) -> str:
    """What `value` is, in words for an error."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "a mapping"


def count(elements: list[Value]) -> str:
    """How long a list is, in words for an error."""
    return "1 element" if len(elements) == 1 else f"{len(elements)} elements"


class _Plain(NamedTuple):
    """A member by its name, or an element by its index."""

    name: str

    def steps(self, node: Value) -> Iterable[Step]:
        if isinstance(node, dict):
            return ((self.name, node[self.name]),) if self.name in node else ()
        if isinstance(node, list) and _INDEX.fullmatch(self.name) and int(self.name) < len(node):
            return ((int(self.name), node[int(self.name)]),)
        return ()

    def new_key(self, node: Value) -> str | int | None:
        """The key that something added to `node` gets; None where `node` takes no such key."""
        if isinstance(node, dict) or (isinstance(node, list) and self.name == "-"):
            return self.name
        return int(self.name) if isinstance(node, list) and _INDEX.fullmatch(self.name) else None


class _Every:
    """Every member of a mapping, every element of a list."""

    def steps(self, node: Value) -> Iterable[Step]:
        if isinstance(node, dict):
            return node.items()
        return enumerate(node) if isinstance(node, list) else ()


class _Glob(NamedTuple):
    """The members of a mapping whose name is like this."""

    name: re.Pattern[str]

    def steps(self, node: Value) -> Iterable[Step]:
        members = node.items() if isinstance(node, dict) else ()
        return ((name, child) for name, child in members if self.name.fullmatch(name))


class _Having(NamedTuple):
    """The elements of a list that have a scalar like this at `member`."""

    member: tuple[str, ...]
    scalar: re.Pattern[str]

    def steps(self, node: Value) -> Iterable[Step]:
        elements = enumerate(node) if isinstance(node, list) else ()
        return ((index, element) for index, element in elements if self._has(element))

    def _has(self, element: Value) -> bool:
        written = written_at(element, self.member)
        return written is not None and self.scalar.fullmatch(written) is not None


Segment: TypeAlias = _Plain | _Every | _Glob | _Having


def written_at(value: Value, member: Iterable[str]) -> str | None:
    """The scalar at `member` of `value` as Kubernetes writes it; None for null, collections and nothing."""
    for name in member:
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


class Pattern(NamedTuple):
    """A pointer pattern; made by `parse`, equal to another with the same text."""

    text: str
    segments: tuple[Segment, ...]

    @property
    def root(self) -> str | None:
        """The member of the root that all places are in, where one name says it."""
        return self.segments[0].name if self.segments and isinstance(self.segments[0], _Plain) else None

    @property
    def last(self) -> str | None:
        """The last segment where it is a plain name, index or `-`."""
        return self.segments[-1].name if self.segments and isinstance(self.segments[-1], _Plain) else None

    def places(self, value: Value) -> list[Path]:
        """All the places in `value` that match the whole pattern, in the order they stand there."""
        return [path for path, _ in _walk(value, self.segments)]

    def parents(self, value: Value) -> list[Path]:
        """Where something can be added: what all but the last segment match is a mapping or list.

        The last segment is plain (see `last`): in a list an index, not compared with its length, or "-".
        """
        if not self.segments:
            return [()]
        last = self.segments[-1]
        if not isinstance(last, _Plain):
            raise PointerError(
                f"the last segment of {self.text} is a pattern", hint="name what is to be added"
            )
        found = ((path, last.new_key(parent)) for path, parent in _walk(value, self.segments[:-1]))
        return [(*path, key) for path, key in found if key is not None]

    def stem(self) -> tuple[Pattern, tuple[str, ...]]:
        """The pattern up to its last segment that is not plain, and the plain names after it."""
        depth = len(self.segments)
        while depth and isinstance(self.segments[depth - 1], _Plain):
            depth -= 1
        names = tuple(segment.name for segment in self.segments[depth:] if isinstance(segment, _Plain))
        return Pattern(self._upto(depth), self.segments[:depth]), names

    def gap(self, value: Value) -> tuple[str, str]:
        """What is missing in a `value` without places or parents, and what is near it: both in words."""
        nodes = [value]
        for depth, segment in enumerate(self.segments):
            found = [child for node in nodes for _, child in segment.steps(node)]
            if not found:
                lists = any(isinstance(node, list) for node in nodes)
                what = f"no {'element' if lists else 'member'} {self._upto(depth + 1)}"
                return what, _near(segment, nodes, self._upto(depth) or "the root")
            nodes = found
        return f"no place {self.text}", ""

    def _upto(self, depth: int) -> str:
        return "/".join(self.text.split("/")[: depth + 1])


def _walk(value: Value, segments: Iterable[Segment]) -> list[tuple[Path, Value]]:
    found: list[tuple[Path, Value]] = [((), value)]
    for segment in segments:
        found = [((*path, key), child) for path, node in found for key, child in segment.steps(node)]
    return found


def _near(segment: Segment, nodes: list[Value], where: str) -> str:
    """What is at `where`, in which `segment` finds nothing: names, a length or a type, never a value."""
    node = max(nodes, key=lambda node: len(node) if isinstance(node, dict | list) else -1)
    if isinstance(node, dict) and isinstance(segment, _Plain):
        return did_you_mean(segment.name, node) or f"{where} is {kind_of(node)}"
    if not isinstance(node, list):
        return f"{where} is {kind_of(node)}"
    match segment:
        case _Having(member=(*_, "name")):  # what other members hold may be nothing to show
            names = sorted({written_at(element, segment.member) or "" for element in node} - {""})
            return f"there are {', '.join(names)}" if 0 < len(names) <= 12 else f"{where} is a list"
        case _Plain("-"):
            return "- is after the last element: only for what is added"
        case _Plain(name) if not _INDEX.fullmatch(name):
            return f"{where} is a list: write an index, * or [name=…]"
    return f"{where} has {count(node)}"


def parse(text: str) -> Pattern:
    """The pattern that `text` writes; "" is the root. Raises PointerError."""
    if text and not text.startswith("/"):
        raise PointerError(f"pointer {text} without its /", hint=f"write /{text}")
    if _BAD_TILDE.search(text):
        raise PointerError(f"a bare ~ in pointer {text}", hint="write ~0 for ~ and ~1 for /")
    return Pattern(text, tuple(_segment(part, text) for part in text.split("/")[1:]))


def _segment(part: str, text: str) -> Segment:
    part = part.replace("~1", "/").replace("~0", "~")
    if part == "*":
        return _Every()
    characters = _read(part)
    wild = {character for character, special in characters if special}
    if wild & {"[", "]"}:
        return _having(part, characters, text)
    return _Glob(_like(characters)) if wild else _Plain("".join(character for character, _ in characters))


def _having(part: str, characters: list[tuple[str, bool]], text: str) -> _Having:
    brackets = [
        (index, mark[0]) for index, mark in enumerate(characters) if mark in (("[", True), ("]", True))
    ]
    if brackets != [(0, "["), (len(characters) - 1, "]")]:
        raise PointerError(
            f"a bracket that does not fit in pointer {text}",
            hint=r"[name=value] is a segment of its own, with ~1 for /; write \[ and \] for the characters",
        )
    member, equals, scalar = part[1:-1].partition("=")
    names = [""]
    for character, special in _read(member, _CHARACTER_OR_DOT, "*?."):
        if special and character != ".":
            raise PointerError(f"a wildcard before the = in pointer {text}", hint="name the member in full")
        if special:
            names.append("")
        else:
            names[-1] += character
    if not equals or (member != "." and "" in names):
        raise PointerError(
            f"no member and value in the brackets of pointer {text}", hint="write [name=value]"
        )
    return _Having(() if member == "." else tuple(names), _like(_read(scalar)))


def _read(text: str, character: re.Pattern[str] = _CHARACTER, special: str = _WILD) -> list[tuple[str, bool]]:
    """The characters of `text` without the backslashes that guard them, and whether each has a meaning."""
    return [(guarded or bare, bool(bare) and bare in special) for guarded, bare in character.findall(text)]


def _like(characters: Iterable[tuple[str, bool]]) -> re.Pattern[str]:
    """The expression for a glob. What stands between two `*` is taken where it is met first, for good.

    Nothing is lost by that, and without it some globs would take for ever over some names.
    """
    parts = [""]
    for character, special in characters:
        if special and character == "*":
            parts.append("")
        else:
            parts[-1] += "." if special else re.escape(character)
    first, *between = parts
    if between:
        *between, last = between
        first += "".join(f"(?>.*?{part})" for part in between if part) + ".*" + last
    return re.compile(first, re.DOTALL)


_POD_TEMPLATES: Final[dict[str, Path]] = {
    "Pod": (),
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"), ("spec", "template")),
    **dict.fromkeys(("ReplicationController", "Job", "Rollout"), ("spec", "template")),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
_CONTAINER_LISTS: Final = ("initContainers", "containers", "ephemeralContainers")


class At(NamedTuple):
    """Where in a resource a patch applies: a pattern, from the root or from what a word stands for.

    `podTemplate` is the pod template of a workload (a Pod is its own), `containers` are the elements of
    its lists of containers. A resource of another kind has no such places.
    """

    text: str
    word: str | None
    pattern: Pattern

    @property
    def root(self) -> str | None:
        """The member of the root that all places are in, where that is known; words read `kind` too."""
        if self.word == "podTemplate":
            # In a Pod it is that member of the root; in a workload it is always in the spec.
            return "spec" if self.pattern.root == "spec" else None
        return "spec" if self.word else self.pattern.root

    def places(self, resource: Value) -> list[Path]:
        """All the places in `resource`, in the order of the pattern."""
        if not self.word:
            return self.pattern.places(resource)
        return [
            (*start, *path) for start, value in self._starts(resource) for path in self.pattern.places(value)
        ]

    def _starts(self, resource: Value) -> Iterable[tuple[Path, Value]]:
        kind = resource.get("kind") if isinstance(resource, dict) else None
        template = _POD_TEMPLATES.get(kind) if isinstance(kind, str) else None
        if template is None:
            return []
        if self.word == "podTemplate":
            starts = [template]
        else:
            starts = [(*template, "spec", name) for name in _CONTAINER_LISTS]
        return [found for start in starts for found in _walk(resource, [_Plain(str(key)) for key in start])]


def parse_at(text: str) -> At:
    """What the `at` of a patch writes: a pattern, or a word and a pattern. Raises PointerError."""
    word, slash, rest = text.partition("/")
    if not word:
        return At(text, None, parse(text))
    if word not in ("podTemplate", "containers"):
        hint = did_you_mean(word, ("podTemplate", "containers"))
        raise PointerError(f"{text} does not start with / or a known word", hint=hint or f"write /{text}")
    pattern = parse(slash + rest or ("" if word == "podTemplate" else "/*"))
    if word == "containers" and pattern.root is not None:
        raise PointerError(
            f"{text} does not select containers", hint="write containers/[name=…]/… or containers/*/…"
        )
    return At(text, word, pattern)
