"""Which lines of a text an edit may touch: what splice promises, said without how it does it.

Lines of changed entries may change, new lines may come in where a collection grows; all other lines stay,
in their order and side by side. Inside a flow collection that changes nothing is promised here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from postrender.kubeyaml import Alias, Mapping, Scalar, Sequence, equal

if TYPE_CHECKING:
    from postrender.kubeyaml import Composed, Node, Value


class Touched:
    """The lines (from 0) that may change, and those before which others may come in."""

    def __init__(self, text: str, composed: Composed, new: Value) -> None:
        assert composed.root is not None
        self.text = text
        self.lines: set[int] = set()
        self.gaps: set[int] = set()
        self.anchors: set[int] = set()
        self.value(composed.root, composed.root.start, new)
        found = 0
        while found != len(self.anchors):
            found = len(self.anchors)
            self.aliases(composed.root, composed.root.start)

    def problem(self, after: str) -> str:
        """What is wrong with the text after the edit, empty if nothing is."""
        stretches: list[list[str]] = [[]]
        text = self.text
        if not text.endswith("\n"):
            # Its last line gets a line break where others come behind it, and CRLF may be mixed with LF.
            text, after = text.replace("\r\n", "\n"), after.replace("\r\n", "\n")
        before = text.removesuffix("\n").split("\n")
        for number, line in enumerate(before):
            if number in self.gaps or number in self.lines:
                stretches.append([])
            if number not in self.lines:
                stretches[-1].append(line)
        if len(before) in self.gaps or len(before) - 1 in self.lines:
            stretches.append([])
        rest = after.removesuffix("\n").split("\n")
        first, *middle = stretches
        last = middle.pop() if middle else []
        if rest[: len(first)] != first or (last and rest[-len(last) :] != last):
            return self._complaint(after)
        at, end = len(first), len(rest) - len(last)
        for stretch in middle:
            found = next((i for i in range(at, end + 1) if rest[i : i + len(stretch)] == stretch), None)
            if found is None:
                return self._complaint(after)
            at = found + len(stretch)
        return "" if at <= end and (len(stretches) > 1 or at == end) else self._complaint(after)

    def _complaint(self, after: str) -> str:
        return (
            f"more than lines {sorted(self.lines)} changed, and more than at {sorted(self.gaps)} came in:\n"
            f"{self.text}\n--- became\n{after}"
        )

    # --- walking -----------------------------------------------------------------------------------------

    def value(self, node: Node, head: int, new: Value) -> None:
        """What may change so that the value of the entry that begins at `head` is `new`."""
        if equal(node.data, new):
            return
        if getattr(node, "anchor", None) is not None:
            self.anchors.add(id(node))
        if type(node) is Mapping and not node.flow and isinstance(new, dict):
            self.mapping(node, head, new)
        elif type(node) is Sequence and not node.flow and isinstance(new, list):
            self.sequence(node, head, new)
        else:
            self.entry(node, head)

    def mapping(self, node: Mapping, head: int, new: dict[str, Value]) -> None:
        own = {key.data for key, _ in node.pairs if not _is_merge(key)}
        brought = node.brought or set()
        written_out = any(
            name not in new or (name in own and not equal(new[name], node.data[name])) for name in brought
        )
        keep = [not written_out if _is_merge(key) else key.data in new for key, _ in node.pairs]
        if True not in keep:
            self.entry(node, head)
            return
        first = keep.index(True)
        if first and self.before(self.start(node.pairs[0][0])):
            self.stretch(self.start(node.pairs[0][0]), self.start(node.pairs[first][0]))
        last = {key.data: index for index, (key, _) in enumerate(node.pairs)}
        kept = 0
        for index, (key, value) in enumerate(node.pairs):
            if not keep[index]:
                self.entry(value, self.start(key))
                continue
            kept = index
            name = str(key.data)
            if not _is_merge(key) and last[name] == index and (written_out or name not in brought):
                self.value(value, self.start(key), new[name])
        if any(
            name not in own and (written_out or name not in brought or not equal(value, node.data[name]))
            for name, value in new.items()
        ):
            key, value = node.pairs[kept]
            self.gaps.add(max(self.line(key.end), self.last(value)) + 1)

    def sequence(self, node: Sequence, head: int, new: list[Value]) -> None:
        old = node.data
        ahead = 0
        while ahead < min(len(old), len(new)) and equal(old[ahead], new[ahead]):
            ahead += 1
        behind = 0
        while behind < min(len(old), len(new)) - ahead and equal(old[-1 - behind], new[-1 - behind]):
            behind += 1
        gone, come = range(ahead, len(old) - behind), new[ahead : len(new) - behind]
        dashes = [self.dash(item) for item in node.items]
        if len(gone) == len(come) == 1 and (len(old) > 1 or _alike(old[0], come[0])):
            self.value(node.items[ahead], dashes[ahead], come[0])
            return
        if len(gone) == len(old):
            self.entry(node, head)
            return
        if ahead == 0 and self.before(dashes[0]):
            self.stretch(dashes[0], dashes[gone[-1] + 1] if gone else dashes[0])
        for index in gone:
            self.entry(node.items[index], dashes[index])
        if come:
            start = self.last(node.items[ahead - 1]) + 1 if ahead else self.line(dashes[0])
            end = self.line(dashes[ahead]) if ahead < len(old) else start
            self.gaps |= set(range(start, max(end, self.last(node.items[gone[-1]]) + 1 if gone else 0) + 1))

    def aliases(self, node: Node, head: int) -> None:
        """The entries whose alias is of a changed anchor may change."""
        if self.holds_alias(node, through_blocks=False):
            self.entry(node, head)
        elif type(node) is Mapping and not node.flow:
            for key, value in node.pairs:
                self.aliases(value, self.start(key))
        elif type(node) is Sequence and not node.flow:
            for item in node.items:
                self.aliases(item, self.dash(item))

    def holds_alias(self, node: Node, *, through_blocks: bool = True) -> bool:
        if type(node) is Alias:
            return id(node.target) in self.anchors
        if type(node) is Mapping and (node.flow or through_blocks):
            return any(self.holds_alias(value) for _, value in node.pairs)
        if type(node) is Mapping:
            return any(_is_merge(key) and self.holds_alias(value) for key, value in node.pairs)
        if type(node) is Sequence and (node.flow or through_blocks):
            return any(map(self.holds_alias, node.items))
        return False

    def entry(self, node: Node, head: int) -> None:
        """All lines of an entry may change, and what its anchors stand for."""
        self.stretch(head, head)
        self.lines |= set(range(self.line(head), self.last(node) + 1))
        self.collect_anchors(node)

    def stretch(self, start: int, end: int) -> None:
        self.lines |= set(range(self.line(start), self.line(end) + 1))

    def collect_anchors(self, node: Node) -> None:
        if getattr(node, "anchor", None) is not None:
            self.anchors.add(id(node))
        children = [value for _, value in node.pairs] if type(node) is Mapping else []
        for child in node.items if type(node) is Sequence else children:
            self.collect_anchors(child)

    # --- places ------------------------------------------------------------------------------------------

    def line(self, position: int) -> int:
        return self.text.count("\n", 0, position)

    def before(self, position: int) -> str:
        """What stands before a place on its line, without blanks."""
        return self.text[self.text.rfind("\n", 0, position) + 1 : position].strip()

    def last(self, node: Node) -> int:
        """The last line of a value."""
        if type(node) is Scalar and node.style in ("|", ">"):
            raw = self.text[node.start : node.end]
            kept = "+" in raw.split("\n", 1)[0].split("#")[0]
            return self.line(node.end - 1 if kept else node.start + len(raw.rstrip()) - 1)
        if type(node) is Mapping and not node.flow:
            key, value = node.pairs[-1]
            return max(self.line(key.end), self.last(value))
        if type(node) is Sequence and not node.flow:
            return self.last(node.items[-1])
        return self.line(max(node.start, node.end - 1))

    def start(self, key: Scalar) -> int:
        """Where the entry of a key begins: there, or at the `?` before it."""
        line = self.text.rfind("\n", 0, key.start) + 1
        explicit = re.search(r"\?[ ]+$", self.text[line : key.start])
        return line + explicit.start() if explicit else key.start

    def dash(self, item: Node) -> int:
        at = item.start
        while True:
            line = self.text.rfind("\n", 0, at) + 1
            before = re.sub(r"(?:^|(?<= ))#.*", "", self.text[line:at].rstrip()).rstrip()
            if before.endswith("-"):
                return line + len(before) - 1
            at = line - 1


def _is_merge(key: Scalar) -> bool:
    return key.data == "<<" and not key.style


def _alike(one: Value, other: Value) -> bool:
    return type(one) is type(other) and isinstance(one, dict | list)
