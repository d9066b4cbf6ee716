"""Bytes to documents and back, and who a document is without parsing all of it."""

from __future__ import annotations

import functools
import itertools
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from postrender import kubeyaml
from postrender.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES: Final = 1 << 30

# At column 0 these three characters end whatever goes on: libyaml refuses them inside any scalar or flow.
_SEPARATOR: Final = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_END: Final = re.compile(r"^\.\.\.(?=[ \t\r\n]|\Z).*\n?", re.MULTILINE)
_DIRECTIVE: Final = re.compile(r"^%", re.MULTILINE)
_NO_CONTENT: Final = re.compile(r"(?:[ \t\r]*(?:#.*)?(?:\n|\Z)|%.*(?:\n|\Z))*")
_PROLOGUE: Final = re.compile(r"(?:[ \t\r]*(?:#.*)?\n)*%")
_ENDED: Final = re.compile(r"^\.\.\.(?:[ \t].*)?\r?\n\Z", re.MULTILINE)
_SOURCE: Final = re.compile(r"^# Source: ([^\r\n]+)", re.MULTILINE)
_BOM: Final = "\ufeff"


class Identity(NamedTuple):
    """Who a resource is; a part that it does not have is empty."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {name}" if self.kind else "a document without kind"


class Document(NamedTuple):
    """A stretch of the stream, from its `---` (where it has one) to the next document."""

    text: str
    number: int
    line: int

    @property
    def place(self) -> str:
        """Where in the stream this is, in words for an error."""
        source = _SOURCE.search(self.text)
        return (
            f"document {self.number} (# Source: {source[1].strip()})" if source else f"document {self.number}"
        )

    def error(self, error: kubeyaml.YamlError) -> InputError:
        """The error of a YAML reader, with the line of the stream instead of the document's own."""
        return InputError(error.what, hint=error.hint, place=(self.place, f"line {self.line + error.line}"))


class Stream(NamedTuple):
    """All documents of an input, and whether it began with a byte order mark."""

    documents: tuple[Document, ...]
    bom: bool = False


def split(data: bytes) -> Stream:
    """The documents of `data`; `join` undoes it. Raises InputError for what is no UTF-8 or too large."""
    if len(data) > MAX_BYTES:
        raise InputError(f"more than {MAX_BYTES >> 20} MiB of manifests")
    text = _decode(data)
    bom = text.startswith(_BOM)
    text = text.removeprefix(_BOM)
    starts = list(_separators(text))
    if not starts or starts[0] > 0:
        starts.insert(0, 0)
    if text.startswith("%") or "\n%" in text:
        starts = _with_directives(text, starts)
    documents = []
    line = 1
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(text)], strict=True), 1):
        part = text[start:end]
        if part:
            documents.append(Document(part, number, line))
            line += part.count("\n")
    return Stream(tuple(documents), bom)


def join(stream: Stream) -> bytes:
    """The bytes that `split` took apart."""
    text = "".join(document.text for document in stream.documents)
    return (_BOM + text if stream.bom else text).encode()


def separator(before: str, after: str) -> str:
    """What has to come between two documents that stood in other places.

    The first of a stream may be without `---`, and one with a directive needs a `...` before it.
    """
    if _SEPARATOR.match(after) or not before.strip():
        return ""
    if _PROLOGUE.match(after):
        return "" if _ENDED.search(before) else "...\n"
    return "---\n"


def _separators(text: str) -> Iterator[int]:
    """Where lines are that separate documents; looking for their text is far quicker than `finditer`."""
    if _SEPARATOR.match(text):
        yield 0
    at = text.find("\n---")
    while at >= 0:
        if _SEPARATOR.match(text, at + 1):
            yield at + 1
        at = text.find("\n---", at + 1)


def _decode(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise _unreadable("a byte that is not valid UTF-8", data[: error.start]) from None
    if "\0" in text:
        raise _unreadable("a NUL character", data[: data.index(b"\0")])
    return text


def _unreadable(what: str, before: bytes) -> InputError:
    """An error for what follows `before`, in a stream that cannot be read as text."""
    text = before.decode(errors="replace").removeprefix(_BOM)
    starts = list(_separators(text)) or [0]
    document = Document(text[starts[-1] :], len(starts) + (starts[0] > 0), 1)
    return InputError(what, place=(document.place, f"line {text.count(chr(10)) + 1}"))


def _with_directives(text: str, starts: list[int]) -> list[int]:
    """Directives (`%YAML 1.1`) and the comments round them belong to the `---` that follows them."""
    moved = [starts[0]]
    for start, end in itertools.pairwise(starts):
        following = end
        ends = [match.end() for match in _END.finditer(text, start, following)]
        prologue = ends[-1] if ends else start
        is_prologue = ends or not _SEPARATOR.match(text, start)
        if (
            is_prologue
            and _DIRECTIVE.search(text, prologue, following)
            and _NO_CONTENT.fullmatch(text, prologue, following)
        ):
            following = prologue
        if following > moved[-1]:
            moved.append(following)
    return moved


# --- the quick look ------------------------------------------------------------------------------------

# Unusual is a quote or flow collection that is open at a line which begins at column 0: libyaml reads on
# there, so what looks like a root key might be none. And anchors, tabs, the rarer line breaks.
# A quote behind a backslash is unusual too: it would end some quotes and not others, and reading on from each
# of many openings to the same far end takes hours.
_CHARACTER: Final = r"""(?:[^"'\[\]{}\n#\\]|\\(?!["'])|\n(?=[ \r\n]))"""
_DOUBLE: Final = r'(?:[^"\\\n]|\\[^\n]|\n(?=[ \r\n]))*+"'
_SINGLE: Final = r"(?:[^'\n]|\n(?=[ \r\n]))*+'"
_QUOTED: Final = rf"\"{_DOUBLE}|'{_SINGLE}"
_FLOW: Final = rf"[\[{{](?:{_CHARACTER}|{_QUOTED})*+[\]}}]"
_FLOWS: Final = rf"[\[{{](?:{_CHARACTER}|{_QUOTED}|{_FLOW})*+[\]}}]"
_INSIDE: Final = rf"(?:{_CHARACTER}|{_QUOTED}|{_FLOWS})*+[\]}}]"
_UNUSUAL: Final = re.compile(
    rf"\"(?<=[ \n].)(?!{_DOUBLE})|'(?<=[ \n].)(?!{_SINGLE})"
    rf"|\[(?<=[ \n].)(?!{_INSIDE})|{{(?<=[ \n].)(?!{_INSIDE})"
    r"|&(?<=[ \n].)[\w-]|\t|\x85|\u2028|\u2029|\r(?!\n)"
)
_ROOT_LINE: Final = re.compile(r"(?![ \r\n#]|-[ \r\n]|-\Z)[^\n]+")
_NEXT_ROOT_LINE: Final = re.compile(rf"\n({_ROOT_LINE.pattern})")
_ROOT_KEY: Final = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*):(?=[ \r\n]|\Z)")
_HEADER: Final = re.compile(r"---(?:[ ]+(?:#.*)?)?\r?(?:\n|\Z)")
_VALUE: Final = re.compile(
    r"""[ ]+(?:"(?P<double>[^"\\\r\n]*)"|'(?P<single>[^'\r\n]*)'|(?P<plain>[A-Za-z0-9][A-Za-z0-9_./-]*))"""
    r"[ ]*(?:[ ]#.*)?\r?(?:\n|\Z)"
)
_BLANK: Final = re.compile(r"(?:[ ]*(?:#.*)?\r?(?:\n|\Z))*")
_INDENT: Final = re.compile(r"^([ ]+)(?![ \r\n#])", re.MULTILINE)


def outline(text: str) -> dict[str, tuple[int, int]] | None:
    """Where each root member of a usual document begins and ends, or None: then it must be parsed.

    Usual is a block-style mapping whose root keys stand plain at column 0, without anything that could
    make such a line mean something else. Each stretch is a YAML text of its own.
    """
    header = _HEADER.match(text)
    start = header.end() if header else 0
    if _UNUSUAL.search(text):
        return None
    mark = _END.search(text, start) if "\n..." in text else None
    if mark and not _BLANK.fullmatch(text, mark.end()):
        return None
    end = mark.start() if mark else len(text)
    members: dict[str, tuple[int, int]] = {}
    name, begun = "", start
    for line, line_end in _root_lines(text, start, end):
        key = _ROOT_KEY.match(text, line, line_end)
        if key is None or key[1] in members or kubeyaml.resolve(key[1]) != key[1]:
            return None
        if name:
            members[name] = (begun, line)
        elif not _BLANK.fullmatch(text, start, line):
            return None
        name, begun = key[1], line
        members[name] = (begun, end)
    return members or None


def _root_lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the lines at column 0 begin and end that are no comment, blank or element of a list."""
    if first := _ROOT_LINE.match(text, start, end):
        yield first.span()
    yield from (line.span(1) for line in _NEXT_ROOT_LINE.finditer(text, start, end))


def quick_identity(text: str, members: dict[str, tuple[int, int]]) -> Identity | None:
    """Who a usual document is, read off its text, or None: then it must be parsed."""
    if not members.keys() >= {"apiVersion", "kind", "metadata"}:
        return None
    version = _one_line(text, *members["apiVersion"])
    kind = _one_line(text, *members["kind"])
    if version is None or kind is None or kind.endswith("List"):
        return None
    start, end = members["metadata"]
    first = _INDENT.search(text, start, end)
    names = {"name": "", "namespace": ""}
    if not first or not _BLANK.fullmatch(text, start + len("metadata:"), first.start()):
        return None
    member = _member_line(len(first[1]))
    seen = set()
    for line in member.finditer(text, first.start(), end):
        key = line["key"]
        if key is None or key in seen:
            return None
        seen.add(key)
        if key in names:
            following = member.search(text, line.end(), end)
            value = _one_line(text, line.start("key"), following.start() if following else end)
            if value is None:
                return None
            names[key] = value
    group, _, version = version.rpartition("/")
    return Identity(group, version, kind, names["namespace"], names["name"])


@functools.cache
def _member_line(indent: int) -> re.Pattern[str]:
    """Lines indented by `indent` or less; `key` where one is a plain member of just that indent."""
    plain = rf"[ ]{{{indent}}}(?P<key>[A-Za-z][A-Za-z0-9_./-]*):(?=[ \r\n]|\Z)"
    return re.compile(rf"^(?:{plain}|[ ]{{1,{indent}}}(?![ \r\n#]))", re.MULTILINE)


def _one_line(text: str, start: int, end: int) -> str | None:
    """The string of a member that is a key and a plain one-line value, or None for any other."""
    value = _VALUE.match(text, text.index(":", start, end) + 1, end)
    if value is None or not _BLANK.fullmatch(text, value.end(), end):
        return None
    if value["plain"] is None:
        return value["double"] if value["single"] is None else value["single"]
    data = kubeyaml.resolve(value["plain"])
    return data if isinstance(data, str) else None
