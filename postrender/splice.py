"""New data written back into the old text, with the smallest edit that says it.

A ladder of four steps, each checked by reading the result again: single places edited; the root members
that differ written anew; the whole document written anew; a round trip through ruamel.yaml. A text that
does not read as the wanted data never leaves this module.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from postrender import alignment, emitter
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

Step: TypeAlias = Literal["places", "members", "document", "ruamel"]

# What may stand before a key or dash on its line: what opens the collections round it.
_OPENING: Final = re.compile(r"[ ]*(?:[-?:][ \t]+)*")
_EXPLICIT: Final = re.compile(r"\?[ \t]+\Z")
_COLON: Final = re.compile(r"[ \t]*:")
_COLON_BELOW: Final = re.compile(r"[ \t]*(?:(?:[ \t]#.*)?\r?\n[ ]*)*:")
_COMMA: Final = re.compile(r"\s*(?:(?<=\s)#.*\n\s*)*,")
_COMMENT: Final = re.compile(r"(?:^|(?<=[ \t]))#.*")
# A key, and below it the first key or dash of what it holds.
_NESTED: Final = re.compile(r"^( *)[^\s#-].*:[ \t]*\r?\n\1( {1,9})[^\s#-].*:(?=\s)", re.MULTILINE)
_LISTED: Final = re.compile(r"^( *)[^\s#-].*:[ \t]*\r?\n\1( {0,9})- ", re.MULTILINE)


class Unspliceable(Exception):  # noqa: N818 - not an error: it sends splice to the next step of the ladder
    """No edit at this place is sure to say the new data."""


class SpliceError(Exception):
    """Not even the last step of the ladder reads as the wanted data: a bug of ours."""


def splice(
    text: str, composed: Composed, new: dict[str, Value], read: Callable[[str], Value | None] | None = None
) -> tuple[str, Step]:
    """`text`, whose nodes are `composed`, with `new` for its data, and the step of the ladder that did it.

    `read` reads a text the way that `text` was read (where only some root members were): it returns the
    data, or None for a text that cannot be told to leave the other members as they were. Then there is only
    the first step, so that what comes out is the same however much was read. Raises SpliceError.
    """
    root = composed.root
    reread = read or _read

    def attempts() -> Iterator[tuple[Step, Callable[[], str]]]:
        yield "places", lambda: _edited(text, composed, new, deep=True, literals=True)
        if read:
            return
        # A literal block would swallow a comment that stands below it, as deep as its lines.
        yield "places", lambda: _edited(text, composed, new, deep=True, literals=False)
        yield "members", lambda: _edited(text, composed, new, deep=False, literals=True)
        yield "members", lambda: _edited(text, composed, new, deep=False, literals=False)
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
    style = _style(text, literals=literals)
    broken: set[int] = set()
    while True:
        edits = _Edits(text, _stale(root, broken), style, deep=deep)
        edits.mapping(root, new)
        if edits.touched_anchors <= broken or not composed.aliases:
            return edits.apply()
        # What an alias stands for has changed at its anchor: there the old data is written out.
        broken = broken | edits.touched_anchors


def _rewritten(text: str, root: Node | None, new: dict[str, Value]) -> str:
    if type(root) is not Mapping:
        raise Unspliceable
    if root.flow or not new:
        return text[: root.start] + emitter.flow(new) + text[root.end :]
    start = _entry(text, root.pairs[0][0])
    line = _line_start(text, start)
    if text[line:start].strip(" "):
        raise Unspliceable
    body = "\n".join(emitter.mapping(new, start - line, Style()))
    return text[:line] + body + text[_content_end(text, root) :]


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
        data, old = yaml.load(text), _read(text)
        for key in [key for key in data if key not in new]:
            del data[key]
        for key, value in new.items():
            if not (isinstance(old, dict) and key in old and equal(old[key], value)):
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


def _text_end(text: str, position: int) -> int:
    """Just before the line break that ends the line of `position`."""
    end = _line_end(text, position)
    return end - len(text[position:end]) + len(text[position:end].rstrip("\r\n"))


def _entry(text: str, key: Scalar) -> int:
    """Where the member of a key begins: at the key, or at the `?` before it."""
    line = _line_start(text, key.start)
    explicit = _EXPLICIT.search(text[line : key.start])
    return line + explicit.start() if explicit else key.start


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
        return last.start + len(raw.rstrip(" \r\n"))
    return last.end


class _Edits:
    """The edits of one text, found by walking its nodes and the new data together.

    `stale` are the nodes that hold an alias of something which changes: their data stays, their text cannot.
    """

    def __init__(self, text: str, stale: set[int], style: Style, *, deep: bool) -> None:
        self.text = text
        self.added_end = "" if text.endswith("\n") else self.eol(len(text))
        self.text = text + self.added_end
        self.edits: list[tuple[int, int, str]] = []
        self.stale = stale
        self.deep = deep
        self.touched_anchors: set[int] = set()
        self.style = style

    def apply(self) -> str:
        parts: list[str] = []
        at = 0
        for start, end, new in sorted(self.edits, key=lambda edit: edit[:2]):
            if start < at:
                raise Unspliceable
            parts += [self.text[at:start], new]
            at = end
        result = "".join([*parts, self.text[at:]])
        last_line_went = at == len(self.text) and not parts[-1]
        if self.added_end and not last_line_went:
            return result.removesuffix(self.added_end)
        return result

    # --- walking -----------------------------------------------------------------------------------------

    def value(self, node: Node, new: Value, head: int, column: int, *, flow: bool, in_list: bool) -> None:
        """Edits that make `new` of the value `node`, whose key or dash, at `column`, ends at `head`."""
        if equal(node.data, new):
            if id(node) not in self.stale:
                return
        elif getattr(node, "anchor", None) is not None:
            self.touched_anchors.add(id(node))
        mark = len(self.edits)
        try:
            if self.deep and type(node) is Mapping and isinstance(new, dict) and new:
                return self.mapping(node, new)
            if self.deep and type(node) is Sequence and isinstance(new, list) and new:
                return self.sequence(node, new)
        except Unspliceable:
            del self.edits[mark:]
        self.touched_anchors |= _anchors(node)
        if flow:
            self.rewrite_in_flow(node, new, head)
        else:
            self.rewrite(node, new, head, column, in_list=in_list)
        return None

    def mapping(self, node: Mapping, new: dict[str, Value]) -> None:
        if node.flow:
            return self.flow_mapping(node, new)
        merges = not self.must_write_out(node, new)
        brought = node.brought if merges and node.brought else set()
        keep = [merges if _is_merge(key) else key.data in new for key, _ in node.pairs]
        if False in keep:
            starts = [_entry(self.text, key) for key, _ in node.pairs]
            self.remove(starts, [value for _, value in node.pairs], keep)
        last = {key.data: index for index, (key, _) in enumerate(node.pairs) if not _is_merge(key)}
        for index, (key, value) in enumerate(node.pairs):
            counts = last.get(key.data) == index and key.data not in brought
            if keep[index]:
                self.member(key, value, new[str(key.data)] if counts else value.data)
        added = {
            name: value
            for name, value in new.items()
            if name not in last and not (name in brought and equal(value, node.data[name]))
        }
        if added:
            kept = max(index for index, stays in enumerate(keep) if stays)
            column = self.column(_entry(self.text, node.pairs[0][0]))
            lines = emitter.mapping(added, column, self.style)
            self.insert_lines(_line_end(self.text, _content_end(self.text, node.pairs[kept][1])), lines)
        return None

    def must_write_out(self, node: Mapping, new: dict[str, Value]) -> bool:
        """Whether what a << brings can no longer come from there; what only gets a new value can be added."""
        if node.brought is None:
            return False
        own = {key.data for key, _ in node.pairs if not _is_merge(key)}
        return any(_is_merge(key) and id(value) in self.stale for key, value in node.pairs) or any(
            name not in new or (name in own and not equal(new[name], node.data[name]))
            for name in node.brought
        )

    def member(self, key: Scalar, value: Node, new: Value) -> None:
        if equal(value.data, new) and id(value) not in self.stale:
            return
        start = _entry(self.text, key)
        explicit = start != key.start
        colon = (_COLON_BELOW if explicit else _COLON).match(self.text, key.end)
        if not colon or not _OPENING.fullmatch(self.text, _line_start(self.text, start), start):
            raise Unspliceable
        self.value(value, new, colon.end(), self.column(start), flow=False, in_list=explicit)

    def sequence(self, node: Sequence, new: list[Value]) -> None:
        pairs = alignment.in_order(node.data, new)
        if node.flow:
            return self.flow_sequence(node, new, pairs)
        dashes = [self.dash(item) for item in node.items]
        column = self.column(dashes[0])
        matched = dict(pairs)
        self.remove(dashes, node.items, [index in matched for index in range(len(node.items))])
        for index, target in pairs:
            self.value(node.items[index], new[target], dashes[index] + 1, column, flow=False, in_list=True)
        for index, items in _inserted(pairs, new).items():
            lines = emitter.sequence(items, column, self.style)
            if index:
                self.insert_lines(_line_end(self.text, _content_end(self.text, node.items[index - 1])), lines)
            else:
                self.insert_first(dashes[0], lines, moved_up=0 not in matched)
        return None

    # --- flow style --------------------------------------------------------------------------------------

    def flow_mapping(self, node: Mapping, new: dict[str, Value]) -> None:
        # A single pair in a list may come without braces; another member would be one of the list.
        if node.duplicates or node.brought is not None or self.text[node.end - 1] != "}":
            raise Unspliceable
        keep = [key.data in new for key, _ in node.pairs]
        for (key, value), stays in zip(node.pairs, keep, strict=True):
            if stays:
                self.value(value, new[str(key.data)], key.end, 0, flow=True, in_list=False)
            else:
                self.touched_anchors |= _anchors(key) | _anchors(value)
        added = [
            f"{emitter.scalar(key, flow=True)}: {emitter.flow(value)}"
            for key, value in new.items()
            if key not in node.data
        ]
        spans = [(key.start, max(value.end, key.end)) for key, value in node.pairs]
        self.flow_members(node, spans, keep, {len(spans): added} if added else {})

    def flow_sequence(self, node: Sequence, new: list[Value], pairs: list[tuple[int, int]]) -> None:
        matched = dict(pairs)
        keep = [index in matched for index in range(len(node.items))]
        for item, stays in zip(node.items, keep, strict=True):
            if not stays:
                self.touched_anchors |= _anchors(item)
        for index, target in pairs:
            self.value(node.items[index], new[target], 0, 0, flow=True, in_list=True)
        added = {index: list(map(emitter.flow, items)) for index, items in _inserted(pairs, new).items()}
        self.flow_members(node, [(item.start, item.end) for item in node.items], keep, added)

    def flow_members(
        self,
        node: Mapping | Sequence,
        spans: list[tuple[int, int]],
        keep: list[bool],
        added: dict[int, list[str]],
    ) -> None:
        """Takes members of a flow collection away, and puts `added` before the one of their index."""
        if True not in keep:
            raise Unspliceable
        text = self.text
        last = max(index for index, stays in enumerate(keep) if stays)
        end = spans[last][1]
        cut_short = last < len(spans) - 1 and "\n" not in text[end : spans[-1][1]]
        if cut_short:
            self.edits.append((end, spans[-1][1], ""))
        for stays, run in itertools.groupby(range(len(keep)), keep.__getitem__):
            first, *others = run
            if not stays and not (cut_short and first > last):
                stop = spans[others[-1] if others else first][1]
                comma = _COMMA.match(text, stop)
                self.remove_from_line(spans[first][0], comma.end() if comma else stop)
        for index, members in added.items():
            following = next((i for i in range(index, last + 1) if keep[i]), None)
            if following is None:
                self.append_to_flow(node, *spans[last], members)
            else:
                start = spans[following][0]
                alone = not text[_line_start(text, start) : start].strip()
                gap = self.eol(start) + " " * self.column(start) if alone else " "
                self.edits.append((start, start, "".join(f"{member},{gap}" for member in members)))

    def append_to_flow(self, node: Mapping | Sequence, start: int, end: int, members: list[str]) -> None:
        """Puts members behind the last of a flow collection: on lines of their own where that has one."""
        text = self.text
        comma = _COMMA.match(text, end)
        stop = _line_end(text, comma.end() if comma else end)
        margin = text[_line_start(text, start) : start]
        if (
            margin.strip()
            or stop >= node.end
            or _COMMENT.sub("", text[comma.end() if comma else end : stop]).strip()
        ):
            self.edits.append((end, end, "".join(f", {member}" for member in members)))
            return
        lines = [f"{margin}{member}," for member in members]
        if not comma:
            self.edits.append((end, end, ","))
            lines[-1] = lines[-1].removesuffix(",")
        self.insert_lines(stop, lines)

    def remove_from_line(self, start: int, end: int) -> None:
        """Takes away a stretch, with its lines where nothing but comments is left of them."""
        text = self.text
        line, stop = _line_start(text, start), _line_end(text, end)
        alone = not text[line:start].strip()
        rest = text[end:stop].strip()
        if alone and (not rest or rest.startswith("#")):
            self.edits.append((line, stop, ""))
        elif rest:
            self.edits.append((start, end + len(text[end:stop]) - len(text[end:stop].lstrip(" ")), ""))
        else:
            self.edits.append((line + len(text[line:start].rstrip(" ")), end, ""))

    def rewrite_in_flow(self, node: Node, new: Value, head: int) -> None:
        if type(node) is Scalar and isinstance(node.data, str) and isinstance(new, str):
            written = emitter.scalar(new, node.style, flow=True)
        else:
            written = emitter.flow(new)
        if node.start == node.end:
            before = self.text[head : node.end]
            written = (" " if before.endswith(":") else "" if ":" in before else ": ") + written
        self.edits.append((node.start, node.end, written))

    # --- block style -------------------------------------------------------------------------------------

    def rewrite(self, node: Node, new: Value, head: int, column: int, *, in_list: bool) -> None:
        """Writes a value anew, behind the key or dash that ends at `head`."""
        if type(node) is Opaque:
            raise Unspliceable
        if type(node) is Scalar and node.style == "|" and self.literal(node, new):
            return
        quotes = node.style if type(node) is Scalar and isinstance(node.data, str) else ""
        written = (emitter.item if in_list else emitter.member)(new, column, self.style, quotes)
        block = type(node) in (Mapping, Sequence) and not node.flow  # type: ignore[union-attr] # those have it
        end = _content_end(self.text, node)
        if node.start >= _line_end(self.text, head) and (block or written.rest):
            self.rewrite_below(node.start, end, head, written)
            return
        # The dash may stand further from the old value than from a new one, whose next lines fit the dash.
        begin = (
            head if not written.first or node.end == node.start or (in_list and written.rest) else node.start
        )
        first = f" {written.first}" if written.first and begin == head else written.first
        line_end = _text_end(self.text, end)
        # A comment behind a leaf is about its key, one behind a collection about the last leaf in that.
        comment = "" if block else self.text[end:line_end]
        if type(node) is Scalar and node.style in ("|", ">"):
            header = self.text[node.start : _line_end(self.text, node.start)].rstrip()
            comment = header[len(_COMMENT.sub("", header).rstrip()) :]
            line_end = end
        if not written.rest:
            self.edits.append((begin, line_end, first + comment))
            return
        rest = self.lines(written.rest, head)
        eol = self.eol(head)
        self.edits.append((begin, line_end, first + comment.rstrip() + eol + rest.removesuffix(eol)))

    def rewrite_below(self, start: int, end: int, head: int, written: Written) -> None:
        """Writes anew a value that stands below its key: a comment on the key's line stays."""
        head_line = _line_end(self.text, head)
        first_line = max(_line_start(self.text, start), head_line)
        if not self.text[head_line:first_line].strip():
            first_line = head_line
        if written.first:
            self.edits.append((head, head, " " + written.first))
        self.edits.append((first_line, _line_end(self.text, end), self.lines(written.rest, first_line)))

    def literal(self, node: Scalar, new: Value) -> bool:
        """Edits only the lines of a literal block that differ; says whether it could."""
        if not isinstance(new, str) or not isinstance(node.data, str):
            return False
        header, _, body = self.text[node.start : node.end].partition("\n")
        old_body, new_body = node.data.rstrip("\n"), new.rstrip("\n")
        old_lines, new_lines = old_body.split("\n"), new_body.split("\n")
        if node.data[len(old_body) :] != new[len(new_body) :] or not new_body or re.search("[&!]", header):
            return False
        raw = body.split("\n")[: len(old_lines)]
        margins = (
            line[: len(line.rstrip("\r")) - len(was)]
            for line, was in zip(raw, old_lines, strict=False)
            if was
        )
        margin = next(margins, "")
        ahead = _common(old_lines, new_lines)
        behind = _common(old_lines[ahead:][::-1], new_lines[ahead:][::-1])
        changed = new_lines[ahead : len(new_lines) - behind]
        if (
            not margin
            or margin.strip(" ")
            # A reader finds the indentation by the first line.
            or (not ahead and new_lines[0][:1] in ("", " ", "\t"))
            or not all(map(emitter.fits_literal, changed))
        ):
            return False
        start = node.start + len(header) + 1 + sum(len(line) + 1 for line in raw[:ahead])
        length = sum(len(line) + 1 for line in raw[ahead : len(raw) - behind])
        self.edits.append(
            (start, start + length, self.lines([margin + line if line else "" for line in changed], start))
        )
        return True

    def remove(self, starts: list[int], values: list[Node], keep: list[bool]) -> None:
        """Takes away the entries of a block collection that do not stay."""
        if True not in keep:
            raise Unspliceable
        for value, stays in zip(values, keep, strict=True):
            if not stays:
                self.touched_anchors |= _anchors(value)
        beside = bool(self.text[_line_start(self.text, starts[0]) : starts[0]].strip(" "))
        done = self.remove_beside(starts, values, keep) if beside and not keep[0] else 0
        for index in range(done, len(keep)):
            if not keep[index]:
                self.remove_lines(starts[index], values[index])

    def remove_beside(self, starts: list[int], values: list[Node], keep: list[bool]) -> int:
        """Takes away the first entries of a collection that begins behind a dash: the next one moves up.

        Comments above that one stay, and the dash alone on its line. Returns how many were taken away.
        """
        text = self.text
        if not _OPENING.fullmatch(text, _line_start(text, starts[0]), starts[0]):
            raise Unspliceable
        following = keep.index(True)
        if not text[_line_end(text, _content_end(text, values[following - 1])) : starts[following]].strip():
            self.edits.append((starts[0], starts[following], ""))
            return following
        opening = text[: starts[0]].rstrip(" ")
        self.edits.append((len(opening), _text_end(text, _content_end(text, values[0])), ""))
        return 1

    def remove_lines(self, start: int, value: Node) -> None:
        """Takes away the lines from `start`, a key or dash, to the end of `value`."""
        line = _line_start(self.text, start)
        if type(value) is Opaque or self.text[line:start].strip(" "):
            raise Unspliceable
        self.edits.append((line, _line_end(self.text, _content_end(self.text, value)), ""))

    def insert_first(self, dash: int, lines: list[str], *, moved_up: bool) -> None:
        """Puts lines before the first dash of a list, which may stand behind another dash."""
        line = _line_start(self.text, dash)
        if not self.text[line:dash].strip(" "):
            self.insert_lines(line, lines)
        elif moved_up or not _OPENING.fullmatch(self.text, line, dash):
            raise Unspliceable
        else:
            margin = " " * (dash - line)
            self.edits.append((dash, dash, (self.lines(lines, dash) + margin).removeprefix(margin)))

    def insert_lines(self, at: int, lines: list[str]) -> None:
        self.edits.append((at, at, self.lines(lines, at)))

    def lines(self, lines: tuple[str, ...] | list[str], at: int) -> str:
        """Lines with the line break that the text has just before `at`."""
        eol = self.eol(at)
        return "".join(line + eol for line in lines)

    def eol(self, at: int) -> str:
        """The last line break before `at`, or the first of the text."""
        found = self.text.rfind("\n", 0, at)
        if found < 0:
            found = self.text.find("\n")
        return "\r\n" if found > 0 and self.text[found - 1] == "\r" else "\n"

    # --- places ------------------------------------------------------------------------------------------

    def column(self, position: int) -> int:
        return position - _line_start(self.text, position)

    def dash(self, item: Node) -> int:
        """Where the dash of a list item stands: the last one before it, over blank lines and comments."""
        at = item.start
        while at > 0:
            line = _line_start(self.text, at)
            before = _COMMENT.sub("", self.text[line:at].rstrip()).rstrip()
            if before.endswith("-"):
                return line + len(before) - 1
            if before:
                raise Unspliceable
            at = line - 1
        raise Unspliceable


def _style(text: str, *, literals: bool) -> Style:
    """How far in this text sets nested mappings and lists, by the first that it has of each.

    The text is asked and not its nodes: it says the same where just some members are read.
    """
    step, dash = _NESTED.search(text), _LISTED.search(text)
    return Style(len(step[2]) if step else 2, len(dash[2]) if dash else 0, literals)


def _is_merge(key: Scalar) -> bool:
    return key.data == "<<" and not key.style


def _stale(node: Node, broken: set[int]) -> set[int]:
    """The nodes of a subtree that hold an alias of one of `broken`, or are one."""
    if type(node) is Alias:
        return {id(node)} if id(node.target) in broken else set()
    found: set[int] = set()
    if broken and type(node) is Mapping:
        found.update(*(_stale(value, broken) for _, value in node.pairs))
    elif broken and type(node) is Sequence:
        found.update(*(_stale(item, broken) for item in node.items))
    return found | {id(node)} if found else found


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


def _inserted(pairs: list[tuple[int, int]], new: list[Value]) -> dict[int, list[Value]]:
    """The elements of `new` that no old one became, by how many of the old ones stand before them."""
    inserted: dict[int, list[Value]] = {}
    became = {target: index for index, target in pairs}
    at = 0
    for target, value in enumerate(new):
        if target in became:
            at = became[target] + 1
        else:
            inserted.setdefault(at, []).append(value)
    return inserted


def _common(one: list[str], other: list[str]) -> int:
    """How many first lines two lists share."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
