"""YAML as Kubernetes reads it: nodes with their places in the text, scalars by its rules.

Kubernetes reads manifests with sigs.k8s.io/yaml, that is go-yaml v2 and then JSON: YAML 1.1 with its
own list of booleans and numbers, of equal keys the last counts, keys become strings.
"""

from __future__ import annotations

import binascii
import math
import re
import struct
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, Union, cast

import yaml

from postrender.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

try:
    from yaml import CBaseLoader as Parser
except ImportError as error:  # pragma: no cover - every wheel of PyYAML carries libyaml
    raise ImportError(
        "postrender needs PyYAML with libyaml: the marks of the pure Python parser differ. "
        "Install PyYAML from a wheel, or build it with the headers of libyaml."
    ) from error

Value: TypeAlias = Union["dict[str, Value]", "list[Value]", str, int, float, bool, None]

MAX_DEPTH: Final = 200
MAX_ALIASED: Final = 100_000
"""How many nodes all aliases of a document may stand for together."""

_STANDARD: Final = "tag:yaml.org,2002:"
# Helm 4 writes the key << with this tag.
_MERGE: Final = _STANDARD + "merge"


class YamlError(InputError):
    """A text that is no YAML, or that Kubernetes could not read; `line` counts from 0 in that text."""

    def __init__(self, what: str, *, line: int, hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.line = line


class Opaque:
    """The value of a root member that was not read: an atom, equal to itself only."""

    __slots__ = ("data", "end", "start")

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        self.data = cast("Value", self)

    def __copy__(self) -> Opaque:
        return self

    def __deepcopy__(self, memo: object) -> Opaque:
        return self


class Scalar:
    """A scalar: `style` is its ' " | or >, empty for a plain one, ! for a plain one with a tag."""

    __slots__ = ("anchor", "data", "end", "start", "style", "text")

    def __init__(self, start: int, end: int, data: Value, text: str, style: str, anchor: str | None) -> None:
        self.start = start
        self.end = end
        self.data = data
        self.text = text
        self.style = style
        self.anchor = anchor


class Mapping:
    """A mapping: `pairs` as they stand in the text, `data` as Kubernetes reads them.

    `brought` are the names whose data comes from a `<<`, None where there is no such key.
    """

    __slots__ = ("anchor", "brought", "data", "duplicates", "end", "flow", "pairs", "start")

    def __init__(self, start: int, flow: bool, anchor: str | None) -> None:
        self.start = start
        self.end = start
        self.flow = flow
        self.anchor = anchor
        self.data: dict[str, Value] = {}
        self.pairs: list[tuple[Scalar, Node]] = []
        self.brought: set[str] | None = None
        self.duplicates = False


class Sequence:
    """A sequence."""

    __slots__ = ("anchor", "data", "end", "flow", "items", "start")

    def __init__(self, start: int, flow: bool, anchor: str | None) -> None:
        self.start = start
        self.end = start
        self.flow = flow
        self.anchor = anchor
        self.data: list[Value] = []
        self.items: list[Node] = []


class Alias:
    """A place that says "as there": it has the data of its `target`, and a place of its own."""

    __slots__ = ("data", "end", "start", "target")

    def __init__(self, start: int, end: int, target: Scalar | Mapping | Sequence) -> None:
        self.start = start
        self.end = end
        self.target = target
        self.data = target.data


Node: TypeAlias = Scalar | Mapping | Sequence | Alias | Opaque


class Composed:
    """One document: its root (None where it has no content), and what is noteworthy about it."""

    __slots__ = ("aliases", "duplicates", "root", "tail")

    def __init__(self, root: Node | None, aliases: bool, duplicates: list[str], tail: bool) -> None:
        self.root = root
        self.aliases = aliases
        self.duplicates = duplicates
        self.tail = tail


def load(text: str) -> Value:
    """The data of the one document in `text`. Raises YamlError."""
    root = compose(text).root
    return None if root is None else root.data


def compose(text: str, offset: int = 0) -> Composed:
    """The nodes of the first document in `text`; places count from `offset`.

    Works on the parser's events in one loop: libyaml's own composing crashes the interpreter at some
    30,000 nested brackets, and loses where an alias stood. Raises YamlError.
    """
    parser = Parser(text)
    try:
        return _Composer(parser, offset).run()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(f"no valid YAML: {error.problem}", line=mark.line if mark else 0) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) if isinstance(error.position, int) else 0
        raise YamlError("no valid YAML: a character that YAML does not allow", line=line) from None
    finally:
        parser.dispose()


class _Composer:
    def __init__(self, parser: Parser, offset: int) -> None:
        self.parser = parser
        self.offset = offset
        self.open: list[tuple[Mapping | Sequence, Scalar | None, int]] = []
        self.anchors: dict[str, tuple[Scalar | Mapping | Sequence, int]] = {}
        self.unfinished: set[str] = set()
        self.duplicates: list[str] = []
        self.count = 0
        self.aliased = 0

    def run(self) -> Composed:  # noqa: C901, PLR0912, PLR0915 - see below
        """The one loop; it is most of the time that patching takes, and so it is written out."""
        next_event: Callable[[], Any] = self.parser.get_event
        scalar_event, offset = yaml.ScalarEvent, self.offset
        root: Node | None = None
        # What is not yet closed: the collection, the key that waits for its value, the count at its start.
        current: Mapping | Sequence | None = None
        key: Scalar | None = None
        started = 0
        node: Node
        while True:
            event = next_event()
            kind = type(event)
            if kind is scalar_event:
                text = data = event.value
                plain = event.implicit[0]
                if event.tag is not None or (plain and (text in _WORDS or text[0] in _NUMERIC)):
                    data = self.resolved(event, as_key=key is None and type(current) is Mapping)
                style = event.style or ("" if plain or event.tag == _MERGE else "!")
                start, end = event.start_mark.index + offset, event.end_mark.index + offset
                node = Scalar(start, end, data, text, style, event.anchor)
                if event.anchor is not None:
                    self.anchors[event.anchor] = (node, 1)
                    self.unfinished.discard(event.anchor)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                if current is not None:
                    if type(current) is Mapping and key is None:
                        self.fail("a mapping or list as a key", event)
                    self.open.append((current, key, started))
                    if len(self.open) >= MAX_DEPTH:
                        self.fail(f"nested deeper than {MAX_DEPTH} levels", event)
                collection = Mapping if kind is yaml.MappingStartEvent else Sequence
                current = collection(event.start_mark.index + offset, bool(event.flow_style), event.anchor)
                key, started = None, self.count
                if event.anchor is not None:
                    self.anchors[event.anchor] = (current, 0)
                    self.unfinished.add(event.anchor)
                continue
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                assert current is not None
                node = self.close(current, event, started)
                current, key, started = self.open.pop() if self.open else (None, None, 0)
            elif kind is yaml.AliasEvent:
                node = self.alias(event)
            elif kind is yaml.DocumentEndEvent:
                break
            elif kind is yaml.StreamEndEvent:
                return Composed(None, aliases=False, duplicates=[], tail=False)
            else:
                continue
            self.count += 1
            if current is None:
                root = node
            elif type(current) is Sequence:
                current.items.append(node)
                current.data.append(node.data)
            elif key is None:
                key = self.key(node, event)
            else:
                self.member(cast("Mapping", current), key, node, event)
                key = None
        tail = type(next_event()) is not yaml.StreamEndEvent
        return Composed(root, bool(self.anchors), self.duplicates, tail)

    def resolved(self, event: Any, *, as_key: bool) -> Value:
        """What a scalar is that may be something else than its text."""
        data = resolve(event.value) if event.tag is None else self.tagged(event)
        if as_key:
            return self.key_text(data, event)
        if type(data) is not float:
            return data
        if not math.isfinite(data):
            self.fail("a number that JSON does not have (.inf or .nan)", event)
        return _as_json(data)

    def tagged(self, event: Any) -> Value:
        """What a scalar with a tag is: go-yaml takes an unknown tag for a string."""
        tag, text = event.tag, event.value
        if tag == _STANDARD + "binary":
            try:
                return binascii.a2b_base64(text, strict_mode=True).decode()
            except ValueError:
                self.fail("!!binary without valid base64 text in it", event)
        short = tag.removeprefix(_STANDARD)
        if short not in ("bool", "int", "float", "null", "timestamp"):
            return str(text)
        data = resolve(text)
        if short == "float" and type(data) in (int, float):
            return float(cast("float", data))
        if short == "timestamp" and _TIMESTAMP.fullmatch(text):
            return str(text)
        if {"bool": bool, "int": int, "null": type(None)}.get(short) is type(data):
            return data
        self.fail(f"a value that is not what its tag !!{short} says", event)

    def alias(self, event: Any) -> Alias:
        if event.anchor not in self.anchors:
            self.fail(
                "an alias without an anchor: a plain scalar that begins with * names one",
                event,
                hint="Helm 4 takes a `kind: List` apart, and an anchor of one item is then missing in the "
                "next (helm issue 32203); write the value out in the chart, or use Helm 3",
            )
        if event.anchor in self.unfinished:
            self.fail("an anchor that contains itself", event)
        target, weight = self.anchors[event.anchor]
        self.count += weight
        self.aliased += weight
        if self.aliased > MAX_ALIASED:
            self.fail(f"aliases that stand for more than {MAX_ALIASED} values", event)
        return Alias(event.start_mark.index + self.offset, event.end_mark.index + self.offset, target)

    def close(self, node: Mapping | Sequence, event: Any, started: int) -> Mapping | Sequence:
        if node.flow:
            node.end = event.end_mark.index + self.offset
        elif type(node) is Mapping and node.pairs:
            node.end = node.pairs[-1][1].end
        elif type(node) is Sequence and node.items:
            # The mark of the end runs on to the next token, over comments and blank lines.
            node.end = node.items[-1].end
        if node.anchor is not None:
            self.anchors[node.anchor] = (node, self.count - started + 1)
            self.unfinished.discard(node.anchor)
        return node

    def key_text(self, data: Value, event: Any) -> str:
        """The key that sigs.k8s.io/yaml makes of a scalar."""
        match data:
            case str():
                return data
            case bool():
                return "true" if data else "false"
            case float():
                return _float32(data)
            case int() if data < 2**63:
                return str(data)
        self.fail("a null or an integer of more than 64 bits as a key", event)

    def key(self, node: Node, event: Any) -> Scalar:
        if type(node) is Alias and type(node.target) is Scalar:
            text = self.key_text(node.data, event)
            node = Scalar(node.start, node.end, text, text, "*", None)
        if type(node) is not Scalar:
            self.fail("a mapping or list as a key", event)
        return node

    def member(self, mapping: Mapping, key: Scalar, node: Node, event: Any) -> None:
        mapping.pairs.append((key, node))
        name = cast("str", key.data)
        if name == "<<" and not key.style:
            self.merge(mapping, node, event)
            return
        if name in mapping.data and name not in (mapping.brought or ()):
            mapping.duplicates = True
            self.duplicates.append(name)
        mapping.data[name] = node.data
        if mapping.brought:
            mapping.brought.discard(name)

    def merge(self, mapping: Mapping, node: Node, event: Any) -> None:
        """`<<` as go-yaml v2 has it: what it brings overrides the members before it, not those after."""
        mapping.brought = mapping.brought or set()
        target = node.target if type(node) is Alias else node
        sources = list(reversed(target.items)) if type(target) is Sequence else [target]
        for source in sources:
            brought = source.target if type(source) is Alias else source
            if type(brought) is not Mapping:
                self.fail("a merge key << whose value is no mapping", event)
            mapping.data.update(brought.data)
            mapping.brought.update(brought.data)

    def fail(self, what: str, event: Any, hint: str = "") -> NoReturn:
        raise YamlError(what, line=event.start_mark.line, hint=hint)


# --- scalars -------------------------------------------------------------------------------------------

_WORDS: Final[dict[str, Value]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
# What a plain scalar that is a number begins with.
_NUMERIC: Final = "+-.0123456789"
_INTEGER: Final = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO](?P<octal>[0-7]+)"
    r"|0(?P<zero>[0-7]+)|(?P<dec>0|[1-9][0-9]{0,19}))"
)
_BASES: Final = {"hex": 16, "bin": 2, "octal": 8, "zero": 8, "dec": 10}
# go-yaml's second look at 0b hands the rest to ParseInt, which takes a sign there.
_SIGNED_BINARY: Final = re.compile(r"0b[-+][01]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TIMESTAMP: Final = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:[Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?"
)


def resolve(text: str) -> Value:
    """What a plain scalar is to go-yaml v2 (its `resolve.go`)."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] == ".":
        return _float(text, text) if _FLOAT.fullmatch(text) else text
    if text[0] not in _NUMERIC:
        return text
    plain = text.replace("_", "")
    if match := _INTEGER.fullmatch(plain):
        base = str(match.lastgroup)
        number = int(match[base], _BASES[base])
        number = -number if match["sign"] == "-" else number
        # ParseInt has 64 bits; ParseUint, which has one more, takes no sign.
        if -(2**63) <= number < (2**63 if match["sign"] else 2**64):
            return number
    elif _SIGNED_BINARY.fullmatch(plain):
        number = int(plain[2:], 2)
        return number if -(2**63) <= number < 2**63 else text
    return _float(plain, text) if _FLOAT.fullmatch(plain) else text


def _float(text: str, otherwise: str) -> Value:
    number = float(text)
    return number if math.isfinite(number) else otherwise


def _as_json(number: float) -> int | float:
    """A whole number below 1e21 is written by Go's JSON without a point, and so read back as an integer.

    Of large ones it writes no more digits than tell them apart, and zeros.
    """
    if not number.is_integer() or abs(number) >= 1e21:
        return number
    if abs(number) < 2**53:
        return int(number)
    mantissa, _, exponent = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    return int(whole + fraction.ljust(int(exponent or 0), "0")) if exponent else int(whole)


def _float32(number: float) -> str:
    """The shortest text of a float32, as strconv.FormatFloat(number, 'g', -1, 32) has it."""
    if math.isnan(number):
        return ".nan"
    try:
        narrow = struct.pack("f", number)
    except OverflowError:
        narrow = struct.pack("f", math.copysign(math.inf, number))
    rounded = struct.unpack("f", narrow)[0]
    if math.isinf(rounded):
        return "-.inf" if rounded < 0 else ".inf"
    digits = next(d for d in range(10) if struct.pack("f", float(f"{rounded:.{d}e}")) == narrow)
    mantissa, exponent = f"{rounded:.{digits}e}".split("e")
    power = int(exponent)
    if -4 <= power < 6:
        return f"{rounded:.{max(digits - power, 0)}f}"
    return f"{mantissa}e{power:+03d}"


def equal(one: Value, other: Value) -> bool:
    """Whether two values are the same data: True is not 1, 1 is 1.0, the order of keys does not count."""
    if one is other:
        return True
    if type(one) is dict:
        return (
            type(other) is dict
            and len(one) == len(other)
            and all(key in other and equal(value, other[key]) for key, value in one.items())
        )
    if type(one) is list:
        return type(other) is list and len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    return one == other and isinstance(one, str) == isinstance(other, str)
