"""Data written as YAML that go-yaml, YAML 1.1 and YAML 1.2 all read alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import yaml.resolver

from postrender import kubeyaml

if TYPE_CHECKING:
    from postrender.kubeyaml import Value


class Style(NamedTuple):
    """How far in a document sets what a key holds: mappings and texts by `step`, dashes by `dash`.

    `literals` says whether a text of several lines may be a literal block.
    """

    step: int = 2
    dash: int = 0
    literals: bool = True


class Written(NamedTuple):
    """A value as it follows its key or dash: what stands on that line, and the lines below it."""

    first: str
    rest: tuple[str, ...] = ()


# Plain text that no syntax of YAML can touch; numbers and words that readers know are looked for too.
_SAFE: Final = re.compile(r"[A-Za-z0-9_/.$^<=][A-Za-z0-9_/.:,@%+~()?&*!;$<>=^|\\ -]*")
_UNSAFE_INSIDE: Final = re.compile(r":(?: |$)| #| $|^(?:---|\.\.\.)")
_NUMBERISH: Final = re.compile(r"[-+.]*[0-9][0-9a-fA-FxXoO_:.TtZz +-]*")
_WORDS: Final = frozenset("y n yes no on off true false null none nan inf .nan .inf -.inf ~ = <<".split())
# Listed, for `re` takes ten times as long over the class of all that is printable.
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_TO_ESCAPE: Final = re.compile(f'["\\\\\n\t\r]|{_UNPRINTABLE.pattern}')


def scalar(value: Value, style: str = "", *, flow: bool = False) -> str:
    """A scalar on one line; a string keeps the quotes of `style` where it can have them."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _string(value, style, flow)
    raise TypeError(f"{type(value).__name__} is no scalar")


def _string(text: str, style: str, flow: bool) -> str:
    if style not in ("'", '"') and _is_plain(text) and not (flow and re.search(r"[,?]|: ?", text)):
        return text
    single = "'" not in text and not _TO_ESCAPE.search(text.replace('"', "").replace("\\", ""))
    if single and (style == "'" or (style != '"' and ('"' in text or "\\" in text))):
        return f"'{text}'"
    return '"' + _TO_ESCAPE.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    return _ESCAPES.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def _is_plain(text: str) -> bool:
    """Whether every reader takes `text`, as it stands, for a string."""
    return (
        _SAFE.fullmatch(text) is not None
        and not _UNSAFE_INSIDE.search(text)
        and text.lower() not in _WORDS
        and not _NUMBERISH.fullmatch(text)
        and kubeyaml.resolve(text) == text
        and not any(
            pattern.match(text)
            for _, pattern in yaml.resolver.Resolver.yaml_implicit_resolvers.get(text[0], ())
        )
    )


def flow(value: Value) -> str:
    """A value on one line, in flow style."""
    match value:
        case dict():
            return (
                "{"
                + ", ".join(f"{scalar(key, flow=True)}: {flow(item)}" for key, item in value.items())
                + "}"
            )
        case list():
            return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value, flow=True)


def member(value: Value, indent: int, style: Style, quotes: str = "") -> Written:
    """A value as it follows a key at column `indent`."""
    if isinstance(value, dict) and value:
        return Written("", tuple(mapping(value, indent + style.step, style)))
    if isinstance(value, list) and value:
        return Written("", tuple(sequence(value, indent + style.dash, style)))
    return _leaf(value, indent + style.step, style.step, quotes, style)


def item(value: Value, indent: int, style: Style, quotes: str = "") -> Written:
    """A value as it follows a dash at column `indent`."""
    inner = indent + 2
    if isinstance(value, dict | list) and value:
        lines = mapping(value, inner, style) if isinstance(value, dict) else sequence(value, inner, style)
        return Written(lines[0][inner:], tuple(lines[1:]))
    return _leaf(value, inner, 2, quotes, style)


def mapping(value: dict[str, Value], indent: int, style: Style) -> list[str]:
    """The lines of a mapping whose keys stand at column `indent`."""
    lines = []
    for key, data in value.items():
        written = member(data, indent, style)
        head = f"{' ' * indent}{scalar(key)}:"
        lines += [f"{head} {written.first}" if written.first else head, *written.rest]
    return lines


def sequence(value: list[Value], indent: int, style: Style) -> list[str]:
    """The lines of a list whose dashes stand at column `indent`."""
    lines = []
    for data in value:
        written = item(data, indent, style)
        lines += [f"{' ' * indent}- {written.first}", *written.rest]
    return lines


def _leaf(value: Value, indent: int, step: int, quotes: str, style: Style) -> Written:
    if isinstance(value, str) and "\n" in value and quotes not in ("'", '"') and style.literals:
        literal = _literal(value, indent, step)
        if literal:
            return literal
    if isinstance(value, dict | list):
        return Written("{}" if isinstance(value, dict) else "[]")
    return Written(scalar(value, quotes))


def fits_literal(line: str) -> bool:
    """Whether a line other than the first can stand in a literal block."""
    return not line.isspace() and not _UNPRINTABLE.search(line)


def _literal(text: str, indent: int, step: int) -> Written | None:
    """A text of several lines as a literal block, or None where that could not hold it."""
    body = text.rstrip("\n")
    lines = body.split("\n")
    if not body or not 0 < step < 10 or not all(map(fits_literal, lines)):
        return None
    # A reader finds the indentation by the first line, unless that says nothing or begins with a blank.
    digit = str(step) if lines[0][:1] in ("", " ", "\t") else ""
    ends = len(text) - len(body)
    chomp = "-" if ends == 0 else "" if ends == 1 else "+"
    margin = " " * indent
    written = [margin + line if line else "" for line in lines] + [""] * (ends - 1)
    return Written(f"|{digit}{chomp}", tuple(written))
