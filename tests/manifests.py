"""Data as manifests have it, YAML texts of it in every style that people and charts write, and edits."""

from __future__ import annotations

import copy
import os
import random
import re
import string
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from postrender import kubeyaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postrender.kubeyaml import Value

Place = tuple[str | int, ...]

# --- data ----------------------------------------------------------------------------------------------

# What some reader or writer of YAML takes for something else, or cannot have plain.
HARD_TEXTS = (
    "y n Y N yes no on off Yes NO On OFF true True false null Null NULL ~ = << < 1e3 12e03 123e4567 1E5 1.e5 "
    ".5 0755 08 0o17 0x1f 0b11 0b-1 1_000 +1 -1 1.10 1:30 12:30:45 2024-01-01 2001-12-14t21:59:43.10-05:00 "
    ".inf -.Inf .nan NaN inf - -- --- ... ? : , ,a a, a,b [ [] {} { } a: :a a:b a# # #a @a `a %a !a &a *a |a "
    ">a 'a \"a a'b a\"b a\\b * & ! | > % @ ` é \U0001f600 $(x) ${x} {{x}} a?b ?a -a 18446744073709551616 "
    "0.1.2 1.2.3"
).split()
HARD_TEXTS += [
    "",
    " ",
    "a ",
    " a",
    "a b",
    "a: b",
    "a #b",
    "a\n",
    "a\nb",
    "a\nb\n",
    "a\n\nb\n\n",
    "\na\n",
    "\n",
    "\n\n",
    " a\nb\n",
    "a\n  b\nc\n",
    "a\n \nb\n",
    "\ta\n",
    "a\tb",
    "- a\n- b\n",
    "# a\nb: c\n",
    "---\na: b\n",
    "a\n...\n",
    "? a",
    "- a",
    "a\x85b",
    "a\u2028b",
    "a\u2029b",
    "a\ufeffb",
    "\xa0a",
    "a\rb",
    "a\r\nb",
    "\x07",
    "\x7f",
    "long " * 30,
    "if [ -f x ]; then\n  echo 'a: b' # c\nfi\n",
]

ODD_CHARACTERS = "ab01 .:#-_,'\"\\\n\t\r[]{}&*!|>%@`?=~<+eyné\x07\x7f\x85\xa0\u2028\ufeff\U0001f600"

words = st.text(string.ascii_lowercase, min_size=1, max_size=6)
texts = st.one_of(
    words,
    st.sampled_from(HARD_TEXTS),
    st.text(st.sampled_from("ab 01.:#-_,'\"\\\n[]{}&*!|>%@`?=~é"), max_size=8),
)
numbers = st.one_of(
    st.integers(-3, 10),
    st.sampled_from([2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1, 0.5, -1.25, 1e-05, 1e300, 1e21]),
)
scalars: st.SearchStrategy[Any] = st.one_of(words, texts, texts, numbers, st.booleans(), st.none())
keys = st.one_of(words, words, words, texts)


def values(leaves: int = 8) -> st.SearchStrategy[Any]:
    """JSON-like values."""
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(keys, inner, max_size=4),
            st.lists(st.fixed_dictionaries({"name": words}, optional={"value": inner}), max_size=3),
        ),
        max_leaves=leaves,
    )


def mappings(leaves: int = 12) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping of some root members."""
    return st.dictionaries(keys, values(leaves), min_size=1, max_size=5)


@st.composite
def resources(draw: st.DrawFn) -> dict[str, Any]:
    """A resource: what every one has, and some more."""
    metadata: dict[str, Any] = {"name": draw(words)}
    if draw(st.booleans()):
        metadata["namespace"] = draw(st.one_of(words, words, scalars))
    for name in ("labels", "annotations"):
        if draw(st.booleans()):
            metadata[name] = draw(st.one_of(st.none(), st.dictionaries(keys, texts, max_size=3)))
    version = draw(st.sampled_from(["v1", "apps/v1", "networking.k8s.io/v1"]))
    kind = draw(st.sampled_from(["Service", "Deployment", "ConfigMap", "Secret", "y"]))
    head = {"apiVersion": version, "kind": kind, "metadata": metadata}
    rest = draw(
        st.fixed_dictionaries(
            {}, optional={"spec": values(), "data": values(), "type": scalars, "y": values(2)}
        )
    )
    members = list({**head, **rest}.items())
    return dict(draw(st.permutations(members)) if draw(st.booleans()) else members)


# --- texts ---------------------------------------------------------------------------------------------

# Plain text that nothing of YAML's syntax can be meant by, in block and in flow.
_PLAIN = re.compile(r"[A-Za-z0-9_/$.<(][A-Za-z0-9_/$.<>()@;%*&!|=~+'\"\\-]*")
_PLAIN_IN_BLOCK = re.compile(
    r"[A-Za-z0-9_/$.<(](?:[A-Za-z0-9_/$.,<>()\[\]{}@;%*&!|=~+'\"\\?-]|:(?=[a-z])|(?<=[a-z])#)*"
)
_NO_BLOCK_SCALAR = re.compile("[^\n\t\x20-\x7e\xa0-\u2027\u202a-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\x85": "\\N", "\u2028": "\\L"}


@dataclass
class Style:
    """What a writer may do: each is how often, from 0 (never) to 1."""

    noise: float = 0.15
    flow: float = 0.15
    quotes: float = 0.3
    blocks: float = 0.7
    folds: float = 0.2
    tags: float = 0.03
    anchors: float = 0.1
    merges: float = 0.05
    duplicates: float = 0.05
    explicit: float = 0.03
    spaces: float = 0.1
    crlf: float = 0.1
    below: float = 0.05


PLAIN = Style(
    noise=0, flow=0, quotes=0, folds=0, tags=0, anchors=0, merges=0, duplicates=0, explicit=0, spaces=0
)


class Writer:
    """Writes data as one YAML document, in styles that `random` chooses."""

    def __init__(self, chooser: random.Random, style: Style) -> None:
        self.random = chooser
        self.style = style
        self.step = chooser.choice([2, 2, 2, 4, 1, 3])
        self.dash = chooser.choice([0, 0, 2, 1, 4])
        self.anchors: list[tuple[str, Value]] = []
        self.open: set[str] = set()
        self.count = 0

    def chance(self, often: float) -> bool:
        return often > 0 and self.random.random() < often

    def document(self, data: dict[str, Value]) -> str:
        """A text that reads as `data`."""
        header = self.random.choice(
            ["---\n", "---\n", "---\n# Source: chart/templates/x.yaml\n", "", "--- # x\n"]
        )
        if self.chance(self.style.flow / 4):
            lines = self.flow(data, 1).split("\n")
        else:
            lines = self.mapping(data, self.random.choice([0, 0, 0, 0, 2]) if self.chance(0.2) else 0)
        if self.chance(self.style.noise):
            header += self.random.choice(["\n", "# first\n", "\n# first\n\n"])
        text = header + "\n".join(lines)
        kept = (bool(lines) and lines[-1] == "") or re.search(r"[|>][0-9]?\+", "\n".join(lines)) is not None
        scalar = re.search(r"(?:^|[ :-])[|>]", "\n".join(lines)) is not None
        if kept or scalar or not self.chance(self.style.noise):
            text += "\n"
        if not kept and self.chance(self.style.noise):
            endings = ["# last\n", "\n", "...\n"] + ([] if scalar else ["  # in\n# out\n"])
            text += ("" if text.endswith("\n") else "\n") + self.random.choice(endings)
        if self.chance(self.style.crlf) and not re.search("[\x85\u2028\u2029]", text):
            mixed = self.chance(0.5)
            text = re.sub("\n", lambda _: "\n" if mixed and self.chance(0.5) else "\r\n", text)
        return text

    # Each of these returns what stands on the line of the key or dash, and the lines below.

    def value(self, value: Value, indent: int, *, in_list: bool) -> tuple[str, list[str]]:
        """A value for a key or dash at column `indent`."""
        if alias := self.alias(value):
            return alias, []
        properties = self.properties(value)
        first, rest = self.bare(value, indent, in_list=in_list, free=not properties)
        if properties.startswith("&"):
            name = properties[1:]
            self.open.discard(name)
            self.anchors.append((name, value))
        return f"{properties} {first}".rstrip() if properties else first, rest

    def properties(self, value: Value) -> str:
        if self.chance(self.style.anchors):
            self.count += 1
            name = f"a{self.count}"
            self.open.add(name)
            return f"&{name}"
        if self.chance(self.style.tags):
            if isinstance(value, dict):
                return "!!map"
            if isinstance(value, list):
                return "!!seq"
            if isinstance(value, str) and value:
                return self.random.choice(["!!str", "!mine", "!"])
        return ""

    def alias(self, value: Value) -> str:
        if not self.anchors or not self.chance(0.5):
            return ""
        same = [name for name, old in self.anchors if kubeyaml.equal(old, value)]
        return f"*{self.random.choice(same)}" if same else ""

    def bare(self, value: Value, indent: int, *, in_list: bool, free: bool) -> tuple[str, list[str]]:
        if isinstance(value, dict | list) and (not value or self.chance(self.style.flow)):
            lines = self.flow(value, indent + self.random.choice([1, 2, 4])).split("\n")
            if self.chance(self.style.below):
                return self.comment(), [" " * (indent + 2) + lines[0], *lines[1:]]
            return lines[0] + (self.comment() if len(lines) == 1 else ""), lines[1:]
        if isinstance(value, dict):
            if in_list and free and not self.chance(self.style.below):
                gap = self.random.choice([1, 1, 1, 1, 3])
                inner = indent + 1 + gap
                lines = self.mapping(value, inner, first=True)
                return " " * (gap - 1) + lines[0][inner:], lines[1:]
            return self.comment(), [*self.noise(indent + 1), *self.mapping(value, indent + self.step)]
        if isinstance(value, list):
            if in_list and free and not self.chance(self.style.below):
                lines = self.sequence(value, indent + 2, first=True)
                return lines[0][indent + 2 :], lines[1:]
            dash = max(self.dash, 1) if in_list else self.dash
            return self.comment(), [*self.noise(indent + 1), *self.sequence(value, indent + dash)]
        if isinstance(value, str):
            return self.string(value, indent)
        return self.number(value) + self.comment(), []

    def number(self, value: float | bool | None) -> str:
        if value is None:
            return self.random.choice(["null", "~", "", "Null"])
        if isinstance(value, bool):
            return self.random.choice(
                ["true", "True", "yes", "on", "y"] if value else ["false", "False", "no", "off"]
            )
        return repr(value)

    def string(self, text: str, indent: int) -> tuple[str, list[str]]:
        margin = indent + self.random.choice([1, 2, 2, 4])
        if self.chance(self.style.blocks) and "\n" in text and (found := self.block_scalar(text, indent)):
            return found
        lines = self.inline(text, flow=False, margin=margin).split("\n")
        if self.chance(self.style.below):
            return self.comment(), [" " * margin + lines[0], *lines[1:]]
        return lines[0] + (self.comment() if len(lines) == 1 else ""), lines[1:]

    def inline(self, text: str, *, flow: bool, margin: int = -1) -> str:
        """A string plain or in quotes; over several lines where there is a `margin` for them."""
        folds = margin >= 0 and self.chance(self.style.folds)
        words = text.split(" ")
        pattern = _PLAIN if flow else _PLAIN_IN_BLOCK
        plain = (
            all(pattern.fullmatch(word) for word in words)
            and kubeyaml.resolve(text) == text
            and text not in ("<<", "=")
            and not text.startswith(("---", "..."))
        )
        if plain and not self.chance(self.style.quotes):
            return self.folded(text, margin) if folds else text
        clean = not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]", text)
        if clean and self.chance(0.5):
            quoted = text.replace("'", "''")
            return f"'{self.folded(quoted, margin)}'" if folds else f"'{quoted}'"
        quoted = re.sub('["\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]', _escape, text)
        return f'"{self.folded(quoted, margin)}"' if folds else f'"{quoted}"'

    def folded(self, text: str, margin: int) -> str:
        return re.sub(
            r"(?<=[^\s\\]) (?=[^\s#'\"-])",
            lambda _: "\n" + " " * margin if self.chance(0.4) else " ",
            text,
        )

    def block_scalar(self, text: str, indent: int) -> tuple[str, list[str]] | None:
        """A text of several lines as `|` or `>`, or None where that cannot hold it."""
        body = text.rstrip("\n")
        if not body.strip(" \n") or _NO_BLOCK_SCALAR.search(text):
            return None
        ends = len(text) - len(body)
        lines = body.split("\n")
        if any(line and not line.strip(" ") for line in lines):
            return None
        step = self.random.choice([1, 2, 4])
        digit = str(step) if lines[0][:1] in ("", " ", "\t") or self.chance(0.1) else ""
        chomp = "-" if ends == 0 else "+" if ends > 1 or self.chance(0.1) else ""
        margin = " " * (max(indent, 0) + step)
        style = "|"
        if not any(line[:1] in (" ", "\t") or not line for line in lines) and self.chance(self.style.folds):
            style, lines = ">", [part for line in lines for part in (line, "")][:-1]
        rest = [margin + line if line else "" for line in lines] + [""] * (ends - 1)
        return f"{style}{digit}{chomp}" + self.comment(), rest

    def mapping(self, value: dict[str, Value], indent: int, *, first: bool = False) -> list[str]:
        """Its lines; with `first`, nothing may stand above the first key."""
        lines: list[str] = []
        members = list(value.items())
        merged: dict[str, Value] = {}
        if self.chance(self.style.merges) and len(members) > 1:
            merged = {members[0][0]: members[0][1]}
            members = members[1:]
        if self.chance(self.style.duplicates) and members:
            key = self.random.choice(members)[0]
            if key not in merged:
                old: list[Value] = [None, "old", {"old": 1}, ["old"]]
                members.insert(0, (key, self.random.choice(old)))
        if merged:
            lines.append(f"{' ' * indent}<<: {self.flow(merged, indent + 2, oneline=True)}")
        for key, data in members:
            if lines or not first:
                lines += self.noise(indent, after=lines)
            lines += self.member(key, data, indent)
        return lines

    def member(self, key: str, data: Value, indent: int) -> list[str]:
        margin = " " * indent
        if self.chance(self.style.explicit):
            first, rest = self.value(data, indent, in_list=True)
            return [f"{margin}? {self.inline(key, flow=False)}", f"{margin}: {first}".rstrip(" "), *rest]
        before = " " if self.chance(self.style.spaces) else ""
        after = self.random.choice(["  ", "    "]) if self.chance(self.style.spaces) else " "
        first, rest = self.value(data, indent, in_list=False)
        head = f"{margin}{self.inline(key, flow=False)}{before}:"
        return [f"{head}{after}{first}" if first else head, *rest]

    def sequence(self, value: list[Value], indent: int, *, first: bool = False) -> list[str]:
        lines: list[str] = []
        for data in value:
            if lines or not first:
                lines += self.noise(indent, after=lines)
            head, rest = self.value(data, indent, in_list=True)
            lines += [
                f"{' ' * indent}- {head}".rstrip(" ") if not head.strip() else f"{' ' * indent}- {head}",
                *rest,
            ]
        return lines

    def comment(self) -> str:
        """What may follow a value on its line."""
        return (
            self.random.choice(["  # why", " #", "   ", " # a: b"]) if self.chance(self.style.noise) else ""
        )

    def noise(self, indent: int, after: list[str] | None = None) -> list[str]:
        """Comments and blank lines; behind a block scalar only what cannot become part of it."""
        if not self.chance(self.style.noise):
            return []
        recent = "\n".join(after[-12:]) if after else ""
        if re.search(r"[|>]", recent):
            return ["# after a text"]
        margin = " " * max(0, self.random.choice([indent, indent, 0, indent + 2]))
        return self.random.choice(
            [[f"{margin}# note"], ["", f"{margin}# a: b"], [""], [margin], [f"{margin}# - x", ""]]
        )

    def flow(self, value: Value, margin: int, *, oneline: bool = False) -> str:
        """A value in flow style, its further lines at column `margin`."""
        several = not oneline and self.chance(0.2)

        def gap() -> str:
            if several and self.chance(0.5):
                return (" # in" if self.chance(self.style.noise) else "") + "\n" + " " * margin
            return self.random.choice(["", " "]) if self.chance(self.style.spaces) else ""

        if isinstance(value, dict):
            parts = [self.flow_member(key, data, margin, oneline=oneline) for key, data in value.items()]
            opening, closing = "{", "}"
        elif isinstance(value, list):
            parts = [self.flow_value(data, margin, oneline=oneline) for data in value]
            opening, closing = "[", "]"
        elif isinstance(value, str):
            return self.inline(value, flow=True, margin=margin if several else -1)
        else:
            return self.number(value) or "null"
        comma = self.random.choice([",", ", ", " , "]) if self.chance(self.style.spaces) else ", "
        text = opening + gap()
        for index, part in enumerate(parts):
            text += part + ((comma + gap()) if index < len(parts) - 1 else "")
        if parts and self.chance(self.style.spaces):
            text += ","
        return text + gap() + closing

    def flow_value(self, data: Value, margin: int, *, oneline: bool) -> str:
        if alias := self.alias(data):
            return f"{alias} "
        return self.flow(data, margin, oneline=oneline)

    def flow_member(self, key: str, data: Value, margin: int, *, oneline: bool) -> str:
        name = self.inline(key, flow=True)
        if data is None and self.chance(0.3):
            return f"{name}: "
        tight = name[:1] in "\"'" and self.chance(self.style.spaces)
        return f"{name}:{'' if tight else ' '}{self.flow_value(data, margin, oneline=oneline)}"


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    return _ESCAPES.get(character) or f"\\u{ord(character):04x}"


@st.composite
def written(draw: st.DrawFn, data: st.SearchStrategy[Any], style: Style | None = None) -> tuple[str, Any]:
    """A text, and the data that it reads as."""
    value = draw(data)
    chooser = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311 - nothing secret
    return Writer(chooser, style or Style()).document(value), value


@st.composite
def streams(draw: st.DrawFn) -> str:
    """A stream of some documents, of comments alone too."""
    parts: list[str] = []
    for _ in range(draw(st.integers(0, 4))):
        text, _ = draw(written(resources()))
        text = draw(
            st.sampled_from(
                [text, text, text, "---\n# nothing here\n", "---\n", "\n", "# %x\n", "%YAML 1.1\n---\n# c\n"]
            )
        )
        if parts and not parts[-1].endswith("\n"):
            parts[-1] += "\n"
        if parts and text.startswith("%"):
            text = ("" if parts[-1].endswith("...\n") else "---\n...\n") + text
        elif parts and not text.startswith("---"):
            text = "---\n" + text
        parts.append(text)
    return "".join(parts)


def corpus() -> list[Path]:
    """The streams of real renders in the folder that POSTRENDER_CORPUS names."""
    folder = os.environ.get("POSTRENDER_CORPUS")
    return sorted(Path(folder).glob("*/helm[34].yaml")) if folder else []


# --- edits ---------------------------------------------------------------------------------------------


def paths(value: Value, path: Place = ()) -> Iterator[Place]:
    """Every place in a value."""
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*path, index))


def edited(value: Any, path: Place, edit: str, new: Any) -> Any:
    """A copy with one edit at a place: "set" it, "delete" it, "change" its text, or "insert" into it."""
    value = copy.deepcopy(value)
    parent = value
    for step in path[:-1]:
        parent = parent[step]
    place = parent[path[-1]]
    if edit == "delete":
        del parent[path[-1]]
    elif edit == "insert" and isinstance(place, dict):
        place["new/key"] = new
    elif edit == "insert" and isinstance(place, list):
        place.insert(len(str(new)) % (len(place) + 1), new)
    elif edit == "change" and isinstance(place, str):
        parent[path[-1]] = place + "z" if len(str(new)) % 2 else "z" + place
    else:
        parent[path[-1]] = new
    return value


@st.composite
def edits(draw: st.DrawFn, value: Any, most: int = 1) -> Any:
    """The data after some edits at places of it, never empty."""
    for _ in range(draw(st.integers(1, most))):
        places = [path for path in paths(value) if path]
        if not places:
            break
        path = draw(st.sampled_from(places))
        edit = draw(st.sampled_from(["set", "delete", "insert", "change"]))
        value = edited(value, path, edit, draw(values(3)))
    return value
