"""A mapping in a file, read field by field; every mistake is kept, with its line, until all are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from postrender import kubeyaml
from postrender.errors import FormatError, FormatErrors, did_you_mean
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


class File:
    """A YAML file of ours: its root, and the mistakes found in it so far."""

    def __init__(self, path: Path) -> None:
        """Reads the file. Raises FormatError when it is missing, too large, or no YAML."""
        self.path = path
        self.errors: list[FormatError] = []
        self.text = read_text(path)
        try:
            composed = kubeyaml.compose(self.text)
        except YamlError as error:
            raise self._error(error.what, error.line + 1, error.hint) from None
        self.root = composed.root
        if composed.duplicates:
            names = ", ".join(sorted(set(composed.duplicates)))
            self.errors.append(self._error(f"a key stands twice in one mapping: {names}", 1))
        if composed.tail:
            self.errors.append(self._error("more than one document", 1))

    def line(self, node: Node) -> int:
        """The line of a node, counted from 1."""
        return self.text.count("\n", 0, node.start) + 1

    def place(self, node: Node) -> str:
        """`file:line` of a node."""
        return f"{shown(self.path)}:{self.line(node)}"

    def wrong(self, node: Node, what: str, hint: str = "") -> None:
        """Keeps a mistake at `node`."""
        self.errors.append(self._error(what, self.line(node), hint))

    def finish(self) -> None:
        """Raises FormatErrors when there was any mistake."""
        if self.errors:
            # Two looks at one place may see the same mistake.
            unique = {str(error): error for error in self.errors}
            raise FormatErrors(sorted(unique.values(), key=_line))

    def _error(self, what: str, line: int, hint: str = "") -> FormatError:
        return FormatError(what, hint=hint, place=(f"{shown(self.path)}:{line}",))


def _line(error: FormatError) -> int:
    return int(error.place[0].rpartition(":")[2])


def read_text(path: Path) -> str:
    """The text of a file. Raises FormatError when it is missing, too large or not UTF-8."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FormatError(f"larger than {MAX_BYTES >> 20} MiB", place=(shown(path),))
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror}", place=(shown(path),)) from None
    except UnicodeDecodeError:
        raise FormatError("not valid UTF-8", place=(shown(path),)) from None


def shown(path: Path) -> str:
    """A path as a user would write it: from the working directory where it lies below that."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
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
        known = set(known)
        for name, value in self.members.items():
            if name not in known:
                file.wrong(value, f"{what} has no field {name!r}", did_you_mean(name, known))

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def wrong(self, name: str, what: str, hint: str = "") -> None:
        """Keeps a mistake at the field `name`, or at the mapping where that is missing."""
        self.file.wrong(self.members.get(name, self.node), what, hint)

    def get(self, name: str) -> Node | None:
        """The node of a field."""
        found = self.members.get(name)
        return None if found is None else target_of(found)

    def text(self, name: str, default: str = "", *, required: bool = False) -> str:
        """A field that is text; `default` where it is missing or something else."""
        node = self.get(name)
        if node is None:
            if required:
                self.file.wrong(self.node, f"{self.what} needs the field {name!r}")
            return default
        if isinstance(node, Scalar) and isinstance(node.data, str):
            return node.data
        self.wrong(name, f"{name} is {noun(node.data)}, not text")
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
            self.wrong(name, f"{name} is none of {', '.join(choices)}", did_you_mean(word, choices))
            return default
        return word

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
