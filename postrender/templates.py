"""`${name}` in the values of a file: found when it is read, filled in when it is used.

Parameters are put in after parsing, never as text, so that a value can neither break nor inject YAML.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Any, Final, Protocol

from postrender import pointers
from postrender.errors import PatchError
from postrender.fields import noun
from postrender.sources import ValueFrom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from postrender.kubeyaml import Value


class Unset(enum.Enum):
    """What a parameter has that was not given and has no default."""

    UNSET = enum.auto()


UNSET: Final = Unset.UNSET

REFERENCE: Final = re.compile(r"\$(?P<literal>\$\{)|\$\{(?P<name>[^}]*)\}")
_WHOLE: Final = re.compile(r"\$\{([^}]*)\}")
_FLAGS: Final = re.compile(r"\(\?([aimsx]+)\)")


class Scope(Protocol):
    """Where references find their values."""

    def get(self, name: str) -> Value | Unset:
        """The value of a parameter."""

    def format(self, name: str) -> str:
        """`regex`, `glob` or empty: how a pattern takes the text of this parameter."""

    def look_up(self, source: Any) -> Value:
        """The value that a `valueFrom` finds."""


def references(text: str) -> Iterator[str]:
    """The names that a text refers to."""
    return (match["name"] for match in REFERENCE.finditer(text) if match["name"] is not None)


def is_whole(text: str) -> bool:
    """Whether a text is one reference and nothing else."""
    return _WHOLE.fullmatch(text) is not None


def without_references(text: str) -> str:
    """A text with something in the place of its references, so that the rest can be checked."""
    return REFERENCE.sub("x", text)


def is_open(text: str) -> bool:
    """Whether a text has a `${` without its `}`."""
    return "${" in REFERENCE.sub("", text)


def fill(template: Value, scope: Scope) -> Value | Unset:
    """The template with its references filled in.

    A member or element whose whole value is an unset parameter is left out, and so is a mapping or list
    that this empties: what remains of a template of which nothing is left is UNSET.
    Raises PatchError for an unset parameter inside a longer text.
    """
    match template:
        case str():
            return fill_string(template, scope)
        case dict():
            left: dict[str, Value] = {}
            for written, inner in template.items():
                key, value = fill_text(written, scope), fill(inner, scope)
                if key in left:
                    raise PatchError(f"two keys of one mapping become the same: {key}")
                if value is not UNSET:
                    left[key] = value
            return left if left or not template else UNSET
        case list():
            elements = [fill(element, scope) for element in template]
            kept = [element for element in elements if element is not UNSET]
            return kept if kept or not elements else UNSET
        case ValueFrom():
            return scope.look_up(template)
    return template


def fill_string(text: str, scope: Scope) -> Value | Unset:
    """A scalar: the value of its one reference with its type, or the text with all of them put in."""
    if "${" not in text:
        return text
    whole = _WHOLE.fullmatch(text)
    return scope.get(whole[1]) if whole else fill_text(text, scope)


def fill_text(text: str, scope: Scope, escape: Callable[[str, str], str] | None = None) -> str:
    """A text with the texts of its references put in.

    `escape` makes of a parameter's text and format what stands for it in a pattern.
    """
    if "${" not in text:
        return text

    def value_of(match: re.Match[str]) -> str:
        if match["literal"]:
            return "${"
        written = text_of(scope.get(match["name"]), match["name"])
        return escape(written, scope.format(match["name"])) if escape else written

    return REFERENCE.sub(value_of, text)


def fill_pointer(text: str, scope: Scope) -> str:
    """A pointer pattern with its references put in: each its literal text, or the pattern if it is all."""
    whole = _WHOLE.fullmatch(text)
    return text_of(scope.get(whole[1]), whole[1]) if whole else fill_text(text, scope, in_pointer)


def fill_regex(text: str, scope: Scope) -> str:
    """A regular expression with its references put in: each its literal text, or what its format says."""
    whole = _WHOLE.fullmatch(text)
    if whole and scope.format(whole[1]) == "regex":
        return text_of(scope.get(whole[1]), whole[1])
    return fill_text(text, scope, in_regex)


def text_of(value: Value | Unset, name: str) -> str:
    """A value as part of a longer text. Raises PatchError for what has no text."""
    match value:
        case Unset():
            raise PatchError(
                f"the parameter {name!r} has no value, and stands inside a text, a pointer or a target",
                hint=f"give it one, or cover this with `when: {name}`",
            )
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
    raise PatchError(f"the parameter {name!r} is {noun(value)}, and stands where only a text can")


def in_regex(text: str, form: str) -> str:
    """What stands for a parameter's text inside a regular expression."""
    if form == "regex":
        # Flags, as in (?i)web|db, are for this text alone: elsewhere than at the start they are an error.
        flags = _FLAGS.match(text)
        rest = text[flags.end() :] if flags else text
        return f"(?{flags[1] if flags else ''}:{rest})" if flags or "|" in text else text
    if form == "glob":
        return "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in text)
    return re.escape(text)


def in_pointer(text: str, form: str) -> str:
    """What stands for a parameter's text inside a pointer pattern."""
    if form == "glob":
        return re.sub(r"[\[\]]", r"\\\g<0>", text).replace("~", "~0").replace("/", "~1")
    return pointers.escape(text)


def in_selector(text: str, form: str) -> str:
    """What stands for a parameter's text inside a label selector."""
    if not re.fullmatch(r"[A-Za-z0-9._/-]*", text):
        raise PatchError("a parameter inside a selector has characters that no label has")
    return text
