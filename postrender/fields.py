"""A mapping in a file, read field by field; every mistake is kept, with its line, until all are known."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from postrender import kubeyaml
from postrender.errors import FormatError, FormatErrors, did_you_mean, nearest
from postrender.kubeyaml import Alias, Mapping, Node, Scalar, Sequence, YamlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from postrender.kubeyaml import Value

MAX_BYTES: Final = 4 << 20

NOUNS: Final = {
    str: "text",
    bool: "true or false",
    int: "an integer",
    float: "a number",
    list: "a list",
    dict: "a mapping",
    type(None): "null",
}


def target_of(node: Node) -> Node:
    """The node that an alias stands for; any other node itself."""
    return node.target if isinstance(node, Alias) else node


def members(node: Mapping) -> dict[str, Node]:
    """The members of a mapping, with what `<<` brings."""
    found: dict[str, Node] = {}
    for key, value in node.pairs:
        if key.data == "<<" and not key.style:
            inner = target_of(value)
            sources = inner.items[::-1] if isinstance(inner, Sequence) else [inner]
            for source in map(target_of, sources):
                found |= members(source) if isinstance(source, Mapping) else {}
        else:
            found[str(key.data)] = value
    return found


def keys_twice(node: Node) -> Iterator[Scalar]:
    """The keys, anywhere below `node`, that another of the same mapping says again."""
    if isinstance(node, Mapping):
        seen = set()
        for key, value in node.pairs:
            if node.duplicates and key.data in seen:
                yield key
            seen.add(key.data)
            yield from keys_twice(value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from keys_twice(item)


class File:
    """A YAML file of ours: its root, and the mistakes found in it so far."""

    def __init__(self, path: Path) -> None:
        """Reads the file. Raises FormatError when it is missing, too large, or no YAML."""
        self.path = path
        self._found: list[tuple[int, FormatError]] = []
        self.text = read_text(path)
        try:
            composed = kubeyaml.compose(self.text)
        except YamlError as error:
            raise self._error(error.what, error.line + 1, yaml_hint(self.text, error.line)) from None
        self.root = composed.root
        for key in keys_twice(composed.root) if composed.root and composed.duplicates else ():
            self.wrong(key, f"the key {key.data!r} stands twice in one mapping")
        if composed.tail:
            end = _DOCUMENT.search(self.text, composed.root.end if composed.root else 0)
            line_of = self.text.count("\n", 0, end.start()) + 1 if end else 1
            self._keep(line_of, self._error("more than one document", line_of))

    @property
    def errors(self) -> list[FormatError]:
        """The mistakes so far, each once, in the order of the lines."""
        found = sorted(self._found, key=lambda each: each[0])
        # Two looks at one place may see the same mistake.
        return list({str(error): error for _, error in found}.values())

    def line(self, node: Node) -> int:
        """The line of a node, counted from 1."""
        return self.text.count("\n", 0, node.start) + 1

    def place(self, node: Node) -> str:
        """`file:line` of a node."""
        return f"{shown(self.path)}:{self.line(node)}"

    def wrong(self, node: Node, what: str, hint: str = "") -> None:
        """Keeps a mistake at `node`."""
        line = self.line(node)
        self._keep(line, self._error(what, line, hint))

    def adopt(self, node: Node, error: FormatError) -> None:
        """Keeps the mistakes of another file, which `node` names."""
        for each in error.errors if isinstance(error, FormatErrors) else (error,):
            self._keep(self.line(node), each)

    def finish(self) -> None:
        """Raises FormatErrors when there was any mistake."""
        if self._found:
            raise FormatErrors(self.errors)

    def _keep(self, line: int, error: FormatError) -> None:
        self._found.append((line, error))

    def _error(self, what: str, line: int, hint: str = "") -> FormatError:
        return FormatError(what, hint=hint, place=(f"{shown(self.path)}:{line}",))


_DOCUMENT: Final = re.compile(r"^(?:---|\.\.\.)(?=\s|\Z)", re.MULTILINE)
_UNQUOTED: Final = re.compile(r"(?:^|[-:,\[{])\s*[*&]")


def yaml_hint(text: str, number: int) -> str:
    """What may be meant by a line, counted from 0, that is no YAML."""
    line = "".join(text.split("\n")[number:][:1])
    if "${" in line:
        return 'inside { } and [ ] a parameter needs quotes: "${name}"'
    return "a text that begins with * or & needs quotes" if _UNQUOTED.search(line) else ""


def read_bytes(path: Path) -> bytes:
    """What is in a file. Raises FormatError when it is missing or too large."""
    try:
        # Read, not measured: what a process substitution or a device holds has no size.
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror}", place=(shown(path),)) from None
    except ValueError:
        raise FormatError("cannot be read: no name of a file", place=(shown(path),)) from None
    if len(data) > MAX_BYTES:
        raise FormatError(f"larger than {MAX_BYTES >> 20} MiB", place=(shown(path),))
    return data


def read_text(path: Path) -> str:
    """The text of a file. Raises FormatError when it is missing, too large or not UTF-8."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("not valid UTF-8", place=(shown(path),)) from None


def is_file(path: Path) -> bool:
    """Whether there is a file, which a name that no file can have is not."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def resolved(path: Path) -> Path | None:
    """A path without `~`, `..` and symbolic links; None for one that cannot be."""
    try:
        return path.expanduser().resolve()
    except (OSError, ValueError, RuntimeError):
        return None


def is_utf8(text: str) -> bool:
    """Whether a text from the command line or the environment, where any bytes may be, is one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(path: Path) -> str:
    """A path as a user would write it: from the working directory where it lies below that."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError, RuntimeError):
        return str(path)


class Fields:
    """The fields of one mapping. Whatever is not as it should be is kept in the file as a mistake."""

    def __init__(self, file: File, node: Node, what: str, known: Iterable[str]) -> None:
        self.file = file
        self.node = node
        self.what = what
        inner = target_of(node)
        self.members = members(inner) if isinstance(inner, Mapping) else {}
        if not isinstance(inner, Mapping):
            file.wrong(node, f"{what} is {noun(inner.data)}, not a mapping")
        known = list(known)
        keys = {str(key.data): key for key, _ in inner.pairs} if isinstance(inner, Mapping) else {}
        for name, value in self.members.items():
            if name not in known:
                key = keys.get(name)
                written = key.text if key else name
                file.wrong(key or value, f"{what} has no field {written!r}", did_you_mean(written, known))

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def wrong(self, name: str, what: str, hint: str = "") -> None:
        """Keeps a mistake at the field `name`, or at the mapping where that is missing."""
        self.file.wrong(self.members.get(name, self.node), what, hint)

    def get(self, name: str) -> Node | None:
        """The node of a field."""
        found = self.members.get(name)
        return None if found is None else target_of(found)

    def inner(self, name: str, what: str, known: Iterable[str]) -> Fields:
        """The fields of a field that is a mapping; none where it is missing."""
        node = self.get(name) or Mapping(self.node.start, flow=True, anchor=None)
        return Fields(self.file, node, what, known)

    def text(self, name: str, default: str = "", *, required: bool = False) -> str:
        """A field that is text; `default` where it is missing or something else."""
        node = self.get(name)
        if node is None:
            if required:
                self.file.wrong(self.node, f"{self.what} needs the field {name!r}")
            return default
        if isinstance(node, Scalar) and isinstance(node.data, str):
            return node.data
        hint = "in quotes it is text" if isinstance(node, Scalar) and node.data is not None else ""
        self.wrong(name, f"{name} is {noun(node.data)}, not text", hint)
        return default

    def written(self, name: str) -> str:
        """A field that is text or a number, as it is written."""
        node = self.get(name)
        if isinstance(node, Scalar) and node.data is not None:
            return node.text
        return self.text(name)

    def flag(self, name: str) -> bool:
        """A field that is true or false."""
        node = self.get(name)
        if node is not None and not isinstance(node.data, bool):
            self.wrong(name, f"{name} is {noun(node.data)}, not true or false")
        return node is not None and node.data is True

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        """A field that is one of some words."""
        word = self.text(name, default)
        if word not in choices:
            near = " or ".join(nearest(word, choices))
            self.wrong(
                name,
                f"{name} is none of {', '.join(filter(None, choices))}",
                f"did you mean {near}?" if near else "",
            )
            return default
        return word

    def texts(self, name: str) -> tuple[str, ...]:
        """A field that is a list of texts, each as it is written."""
        found = []
        for item in self.items(name):
            if isinstance(item, Scalar) and item.data is not None:
                found.append(item.text)
            else:
                self.file.wrong(item, f"an element of {name} is {noun(item.data)}, not text")
        return tuple(found)

    def items(self, name: str) -> Iterator[Node]:
        """The elements of a field that is a list."""
        node = self.get(name)
        if node is None:
            return
        if not isinstance(node, Sequence):
            self.wrong(name, f"{name} is {noun(node.data)}, not a list")
            return
        yield from map(target_of, node.items)

    def pairs(self, name: str) -> Iterator[tuple[str, Node]]:
        """The members of a field that is a mapping."""
        node = self.get(name)
        if node is None:
            return
        if not isinstance(node, Mapping):
            self.wrong(name, f"{name} is {noun(node.data)}, not a mapping")
            return
        for key, value in members(node).items():
            yield key, target_of(value)


def noun(data: Value) -> str:
    """What kind of thing a value is, in words."""
    return NOUNS.get(type(data), "something else")
