"""New data written back into the old text, with the smallest edit that says it.

A ladder of four steps, each checked by reading the result again: single places edited; the root members
that differ written anew; the whole document written anew; a round trip through ruamel.yaml. A text that
does not read as the wanted data never leaves this module.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from postrender import emitter
from postrender.emitter import Style, Written
from postrender.kubeyaml import (
    Alias,
    Composed,
    Mapping,
    Node,
    Opaque,
    Scalar,
    Sequence,
    YamlError,
    compose,
    equal,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from postrender.kubeyaml import Value

Step: TypeAlias = str
STEPS: Final = ("places", "members", "document", "ruamel")

_ONLY_DASHES: Final = re.compile(r"[ ]*(?:- +)*")


class Unspliceable(Exception):  # noqa: N818 - not an error: it sends splice to the next step of the ladder
    """No edit at this place is sure to say the new data."""


class SpliceError(Exception):
    """Not even the last step of the ladder reads as the wanted data: a bug of ours."""


def splice(
    text: str, composed: Composed, new: dict[str, Value], read: Callable[[str], Value | None] | None = None
) -> tuple[str, Step]:
    """`text`, whose nodes are `composed`, with `new` for its data, and the step of the ladder that did it.

    `read` reads a text the way that `text` was read (where only some root members were): it returns the
    data, or None for a text that cannot be told to leave the other members as they were.
    """
    root = composed.root
    reread = read or _read

    def attempts() -> Iterator[tuple[Step, Callable[[], str]]]:
        # A literal block would swallow a comment that stands below it, as deep as its lines.
        yield "places", lambda: _edited(text, composed, new, deep=True, literals=True)
        yield "places", lambda: _edited(text, composed, new, deep=True, literals=False)
        yield "members", lambda: _edited(text, composed, new, deep=False, literals=True)
        yield "members", lambda: _edited(text, composed, new, deep=False, literals=False)
        if read is None:
            yield "document", lambda: _rewritten(text, root, new)
            yield "ruamel", lambda: _round_trip(text, new)

    for step, attempt in attempts():
        try:
            result = attempt()
            if equal(reread(result), new):
                return result, step
        except (Unspliceable, YamlError):
            continue
    raise SpliceError("the patched document could not be written")


def _read(text: str) -> Value:
    root = compose(text).root
    return None if root is None else root.data


def _edited(text: str, composed: Composed, new: dict[str, Value], *, deep: bool, literals: bool) -> str:
    """The text with edits at the places that differ, or (not `deep`) of whole root members."""
    root = composed.root
    if type(root) is not Mapping:
        raise Unspliceable
    broken: set[int] = set()
    while True:
        edits = _Edits(text, root, broken, deep=deep, literals=literals)
        edits.mapping(root, new)
        if edits.touched_anchors <= broken or not composed.aliases:
            return edits.apply()
        # What an alias stands for has changed at its anchor: there the old data is written out.
        broken = broken | edits.touched_anchors


def _rewritten(text: str, root: Node | None, new: dict[str, Value]) -> str:
    if type(root) is not Mapping or root.flow or not root.pairs:
        raise Unspliceable
    line = text.rfind("\n", 0, root.start) + 1
    if text[line : root.start].strip(" "):
        raise Unspliceable
    end = _content_end(text, root)
    body = "\n".join(emitter.mapping(new, root.start - line, Style()))
    return text[:line] + body + text[end:]


def _round_trip(text: str, new: dict[str, Value]) -> str:
    import io

    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.allow_duplicate_keys = True
    yaml.width = 1 << 30
    out = io.StringIO()
    try:
        data = yaml.load(text)
        for key in [key for key in data if key not in new]:
            del data[key]
        for key, value in new.items():
            if not equal(_read(text), new):
                data[key] = value
        yaml.dump(data, out)
    except (YAMLError, TypeError, ValueError):
        raise Unspliceable from None
    return out.getvalue()


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _line_end(text: str, position: int) -> int:
    """Just after the line break that ends the line of `position`."""
    found = text.find("\n", position)
    return len(text) if found < 0 else found + 1


def _content_end(text: str, node: Node) -> int:
    """Where a node's own text ends: a collection at its last leaf, a block scalar before blank lines."""
    last = node
    while type(last) in (Mapping, Sequence) and not last.flow:  # type: ignore[union-attr]
        last = last.pairs[-1][1] if type(last) is Mapping else last.items[-1]  # type: ignore[union-attr]
    if type(last) is Scalar and last.style in ("|", ">"):
        raw = text[last.start : last.end]
        header = raw.split("\n", 1)[0]
        if "+" in header.split("#")[0]:
            return last.end - 1 if raw.endswith("\n") else last.end
        return last.start + len(raw.rstrip())
    return last.end


class _Edits:
    """The edits of one text, found by walking its nodes and the new data together."""

    def __init__(self, text: str, root: Mapping, broken: set[int], *, deep: bool, literals: bool) -> None:
        self.added_end = "" if text.endswith("\n") else "\n"
        self.text = text + self.added_end
        self.edits: list[tuple[int, int, str]] = []
        self.broken = broken
        self.deep = deep
        self.touched_anchors: set[int] = set()
        self.style = _style(self.text, root, literals=literals)

    def apply(self) -> str:
        parts = []
        at = 0
        for start, end, new in sorted(self.edits, key=lambda edit: edit[:2]):
            if start < at:
                raise Unspliceable
            parts += [self.text[at:start], new]
            at = end
        result = "".join([*parts, self.text[at:]])
        return (
            result.removesuffix("\r\n" if self._crlf(len(self.text)) else "\n") if self.added_end else result
        )

    # --- walking -----------------------------------------------------------------------------------------

    def value(self, node: Node, new: Value, head: int, column: int, *, flow: bool, in_list: bool) -> None:
        """Edits that make `new` of the value `node`, whose key or dash, at `column`, ends at `head`."""
        same = equal(node.data, new)
        if same and (not self.broken or type(node) in (Scalar, Opaque)):
            return
        if type(node) is Alias and same and id(node.target) not in self.broken:
            return
        if not same and getattr(node, "anchor", None) is not None:
            self.touched_anchors.add(id(node))
        mark = len(self.edits)
        try:
            if self.deep and type(node) is Mapping and isinstance(new, dict) and (node.flow or new):
                return self.mapping(node, new)
            if self.deep and type(node) is Sequence and isinstance(new, list) and (node.flow or new):
                return self.sequence(node, new)
        except Unspliceable:
            del self.edits[mark:]
        self.touched_anchors |= _anchors(node)
        if flow:
            self.edits.append((node.start, node.end, emitter.flow(new) or " null"))
        else:
            self.rewrite(node, new, head, column, in_list=in_list)
        return None

    def mapping(self, node: Mapping, new: dict[str, Value]) -> None:
        if node.merges and (not equal(node.data, new) or self.broken):
            raise Unspliceable
        if node.flow:
            return self.flow_mapping(node, new)
        kept = None
        last = {key.data: index for index, (key, _) in enumerate(node.pairs)}
        moved_up = self.remove_first(node, new)
        for index, (key, value) in enumerate(node.pairs):
            name = str(key.data)
            if name not in new:
                self.touched_anchors |= _anchors(value)
                if index >= moved_up:
                    self.remove_lines(key.start, value)
                continue
            kept = value if kept is None or value.end >= kept.end else kept
            if last[key.data] == index:
                self.value(
                    value, new[name], self.after_colon(key), self.column(key.start), flow=False, in_list=False
                )
        added = {key: value for key, value in new.items() if key not in node.data}
        if not added:
            return None
        if kept is None:
            raise Unspliceable
        lines = emitter.mapping(added, self.column(node.pairs[0][0].start), self.style)
        self.insert_lines(_line_end(self.text, _content_end(self.text, kept)), lines)
        return None

    def sequence(self, node: Sequence, new: list[Value]) -> None:
        pairs = _aligned(node.data, new)
        if node.flow:
            return self.flow_sequence(node, new, pairs)
        dashes = [self.dash(item) for item in node.items]
        column = self.column(dashes[0])
        matched = dict(pairs)
        if not matched and new:
            raise Unspliceable
        removed = [index for index in range(len(node.items)) if index not in matched]
        for index in removed:
            self.touched_anchors |= _anchors(node.items[index])
            self.remove_lines(dashes[index], node.items[index])
        for index, target in pairs:
            self.value(node.items[index], new[target], dashes[index] + 1, column, flow=False, in_list=True)
        at: int | None = None
        waiting: list[Value] = []
        old_of = {target: index for index, target in pairs}
        for target, value in enumerate(new):
            if target not in old_of:
                waiting.append(value)
                continue
            if waiting:
                self.insert_items(at, waiting, column, dashes[0])
                waiting = []
            at = old_of[target]
            at = _line_end(self.text, _content_end(self.text, node.items[at]))
        if waiting:
            self.insert_items(at, waiting, column, dashes[0])
        return None

    def insert_items(self, at: int | None, items: list[Value], column: int, first_dash: int) -> None:
        if at is None:
            at = _line_start(self.text, first_dash)
            if self.text[at:first_dash].strip(" "):
                raise Unspliceable
        self.insert_lines(at, emitter.sequence(items, column, self.style))

    # --- flow style --------------------------------------------------------------------------------------

    def flow_mapping(self, node: Mapping, new: dict[str, Value]) -> None:
        if not node.pairs or not new or node.duplicates:
            raise Unspliceable
        spans = [(key.start, max(value.end, key.end)) for key, value in node.pairs]
        keep = [str(key.data) in new for key, _ in node.pairs]
        for (key, value), kept in zip(node.pairs, keep, strict=True):
            if kept:
                if value.start == value.end and not equal(value.data, new[str(key.data)]):
                    raise Unspliceable
                self.value(value, new[str(key.data)], key.end, 0, flow=True, in_list=False)
            else:
                self.touched_anchors |= _anchors(value)
        added = [
            f"{emitter.scalar(key, flow=True)}: {emitter.flow(value)}"
            for key, value in new.items()
            if key not in node.data
        ]
        self.flow_members(spans, keep, added)

    def flow_sequence(self, node: Sequence, new: list[Value], pairs: list[tuple[int, int]]) -> None:
        matched = dict(pairs)
        in_order = [target for _, target in pairs] == list(range(len(pairs)))
        if not node.items or not pairs or not in_order:
            raise Unspliceable
        for index, target in pairs:
            self.value(node.items[index], new[target], 0, 0, flow=True, in_list=True)
        spans = [(item.start, item.end) for item in node.items]
        keep = [index in matched for index in range(len(node.items))]
        self.flow_members(spans, keep, [emitter.flow(value) for value in new[len(pairs) :]])

    def flow_members(self, spans: list[tuple[int, int]], keep: list[bool], added: list[str]) -> None:
        """Takes members of a flow collection away with their commas, and adds others at its end."""
        if not any(keep):
            raise Unspliceable
        first = keep.index(True)
        if first:
            self.edits.append((spans[0][0], spans[first][0], ""))
        previous = first
        for index in range(first + 1, len(spans)):
            if keep[index]:
                if previous != index - 1:
                    self.edits.append((spans[previous][1], spans[index - 1][1], ""))
                previous = index
        if previous != len(spans) - 1:
            self.edits.append((spans[previous][1], spans[-1][1], ""))
        if added:
            self.edits.append((spans[-1][1], spans[-1][1], "".join(f", {text}" for text in added)))

    # --- block style -------------------------------------------------------------------------------------

    def rewrite(self, node: Node, new: Value, head: int, column: int, *, in_list: bool) -> None:
        """Writes a value anew, behind the key or dash that ends at `head`."""
        if type(node) is Opaque:
            raise Unspliceable
        quotes = node.style if type(node) is Scalar and isinstance(node.data, str) else ""
        write = emitter.item if in_list else emitter.member
        written = write(new, column, self.style, quotes)
        if type(node) is Scalar and node.style == "|" and self.literal(node, new, written):
            return
        text = self.text
        end = _content_end(text, node)
        head_line = _line_end(text, head)
        if node.start >= head_line:
            # The value stands below its key: what follows the key on its line, a comment, stays.
            first_line = max(_line_start(text, node.start), head_line)
            if not text[head_line:first_line].strip():
                first_line = head_line
            if written.first:
                self.edits.append((head, head, " " + written.first))
            self.edits.append((first_line, _line_end(text, end), self.lines(written.rest, first_line)))
            return
        begin = node.start if node.end > node.start and written.first else head
        first = written.first if begin == node.start > head else f" {written.first}" if written.first else ""
        if "\n" in text[node.start : end]:
            rest = self.lines(written.rest, head).removesuffix("\n").removesuffix("\r")
            eol = "\r\n" if self._crlf(head) else "\n"
            self.edits.append((begin, end, first + (eol + rest if rest else "")))
            return
        self.edits.append((begin, end, first))
        if written.rest:
            self.insert_lines(_line_end(text, end), list(written.rest))

    def literal(self, node: Scalar, new: Value, written: Written) -> bool:
        """Edits only the lines of a literal block that differ; says whether it could."""
        if not isinstance(new, str) or not isinstance(node.data, str) or not new.strip("\n"):
            return False
        header, _, body = self.text[node.start : node.end].partition("\n")
        ends = len(node.data) - len(node.data.rstrip("\n")), len(new) - len(new.rstrip("\n"))
        if ends[0] != ends[1] or "&" in header or "!" in header or not written.first.startswith("|"):
            return False
        old_lines, new_lines = node.data.rstrip("\n").split("\n"), new.rstrip("\n").split("\n")
        raw = body.split("\n")[: len(old_lines)]
        margin = next(
            (line[: len(line) - len(was)] for line, was in zip(raw, old_lines, strict=False) if was.strip()),
            "",
        )
        if (
            not margin
            or margin.strip(" ")
            or (old_lines[0] != new_lines[0] and new_lines[0][:1] in ("", " "))
        ):
            return False
        if any(line.isspace() for line in new_lines):
            return False
        ahead = _common(old_lines, new_lines)
        behind = _common(old_lines[ahead:][::-1], new_lines[ahead:][::-1])
        start = node.start + len(header) + 1 + sum(len(line) + 1 for line in raw[:ahead])
        length = sum(len(line) + 1 for line in raw[ahead : len(raw) - behind])
        eol = "\r\n" if self._crlf(start) else "\n"
        lines = "".join(
            (margin + line if line else "") + eol for line in new_lines[ahead : len(new_lines) - behind]
        )
        self.edits.append((start, start + length, lines))
        return True

    def remove_first(self, node: Mapping, new: dict[str, Value]) -> int:
        """Takes away the first members of a mapping that begins on the line of a dash: the next one moves up.

        Returns how many those were.
        """
        start = node.pairs[0][0].start
        before = self.text[_line_start(self.text, start) : start]
        count = next((index for index, (key, _) in enumerate(node.pairs) if str(key.data) in new), 0)
        if not count or not before.strip(" "):
            return 0
        end = node.pairs[count][0].start
        between = self.text[_content_end(self.text, node.pairs[count - 1][1]) : end]
        if not _ONLY_DASHES.fullmatch(before) or between.strip():
            raise Unspliceable
        self.edits.append((start, end, ""))
        return count

    def remove_lines(self, start: int, value: Node) -> None:
        """Takes away the lines from `start`, a key or dash, to the end of `value`."""
        line = _line_start(self.text, start)
        if type(value) is Opaque or self.text[line:start].strip(" "):
            raise Unspliceable
        self.edits.append((line, _line_end(self.text, _content_end(self.text, value)), ""))

    def insert_lines(self, at: int, lines: list[str]) -> None:
        self.edits.append((at, at, self.lines(lines, at)))

    def lines(self, lines: tuple[str, ...] | list[str], at: int) -> str:
        """Lines with the line break that the text has just before `at`."""
        eol = "\r\n" if self._crlf(at) else "\n"
        return "".join(line + eol for line in lines)

    def _crlf(self, at: int) -> bool:
        found = self.text.rfind("\n", 0, at)
        if found < 0 or (self.added_end and found == len(self.text) - 1):
            found = self.text.find("\n") if found < 0 else self.text.rfind("\n", 0, found)
        return found > 0 and self.text[found - 1] == "\r"

    # --- places ------------------------------------------------------------------------------------------

    def column(self, position: int) -> int:
        return position - _line_start(self.text, position)

    def after_colon(self, key: Scalar) -> int:
        found = re.compile(r"[ \t]*:").match(self.text, key.end)
        line = self.text[_line_start(self.text, key.start) : key.start]
        if not found or not _ONLY_DASHES.fullmatch(line):
            raise Unspliceable
        return found.end()

    def dash(self, item: Node) -> int:
        """Where the dash of a list item stands: the last one before it, over blank lines and comments."""
        at = item.start
        while at > 0:
            line = _line_start(self.text, at)
            before = self.text[line:at].rstrip(" \r\n")
            before = re.sub(r"(?:^|(?<= ))#.*", "", before).rstrip(" ")
            if before.endswith("-"):
                return line + len(before) - 1
            if before:
                raise Unspliceable
            at = line - 1
        raise Unspliceable


def _style(text: str, root: Mapping, *, literals: bool) -> Style:
    """How far in this document sets nested mappings and lists, by the first that it has of each."""
    step: int | None = None
    dash: int | None = None
    waiting: list[Node] = [root]
    for node in waiting:
        if (step is not None and dash is not None) or len(waiting) > 2000:
            break
        if type(node) is Sequence and not node.flow:
            waiting += node.items
        if type(node) is not Mapping or node.flow:
            continue
        for key, value in node.pairs:
            column = key.start - _line_start(text, key.start)
            if type(value) is Mapping and not value.flow and value.pairs and step is None:
                start = value.pairs[0][0].start
                step = start - _line_start(text, start) - column
            elif type(value) is Sequence and not value.flow and value.anchor is None and dash is None:
                dash = value.start - _line_start(text, value.start) - column
            waiting.append(value)
    return Style(
        step if step and 0 < step < 10 else 2, dash if dash is not None and 0 <= dash < 10 else 0, literals
    )


def _anchors(node: Node) -> set[int]:
    """The anchored nodes in a subtree."""
    found = {id(node)} if getattr(node, "anchor", None) is not None else set()
    if type(node) is Mapping:
        for _, value in node.pairs:
            found |= _anchors(value)
    elif type(node) is Sequence:
        for item in node.items:
            found |= _anchors(item)
    return found


def _common(one: list[str], other: list[str]) -> int:
    """How many first lines two lists share."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


# The members by which people tell the elements of a list apart, the likeliest first.
_KEYS: Final = (
    "name",
    "mountPath",
    "containerPort",
    "port",
    "key",
    "ip",
    "host",
    "path",
    "secretName",
    "type",
)


def _aligned(old: list[Value], new: list[Value]) -> list[tuple[int, int]]:
    """Which element of `new` each of `old` became, both in rising order."""
    ahead = 0
    while ahead < min(len(old), len(new)) and equal(old[ahead], new[ahead]):
        ahead += 1
    behind = 0
    while behind < min(len(old), len(new)) - ahead and equal(old[-1 - behind], new[-1 - behind]):
        behind += 1
    pairs = [(i, i) for i in range(ahead)]
    pairs += _aligned_middle(old, new, ahead, len(old) - behind, len(new) - behind)
    return pairs + [(len(old) - i, len(new) - i) for i in range(behind, 0, -1)]


def _aligned_middle(
    old: list[Value], new: list[Value], start: int, old_end: int, new_end: int
) -> list[tuple[int, int]]:
    if start in (old_end, new_end):
        return []
    one, other = (
        [_token(value) for value in old[start:old_end]],
        [_token(value) for value in new[start:new_end]],
    )
    if len(one) == len(other) and (one == other or None in one or not set(one) & set(other)):
        return [(i, i) for i in range(start, old_end)]
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(
        None, [str(token) for token in one], [str(token) for token in other], autojunk=False
    )
    pairs = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal" or (tag == "replace" and i2 - i1 == j2 - j1):
            pairs += [(start + i, start + j) for i, j in zip(range(i1, i2), range(j1, j2), strict=True)]
    return pairs


def _token(value: Value) -> object:
    """What tells this element from the others: its member that names it, or its whole."""
    if isinstance(value, dict):
        for key in _KEYS:
            if isinstance(value.get(key), str | int):
                return (key, value[key])
        return None
    return repr(value)
