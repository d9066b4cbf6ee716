r"""Replaces what a regular expression matches in strings, in those that a Secret has in base64 too.

    transform: replace-text
    with:
      path: /data/*
      pattern: (?m)^(datasource\.url=[^?\n]*)$
      replacement: \1?ssl=true

`path` (default: the patch's own place) finds the strings; in one that is no mapping, list or number the
matches are replaced one by one, `\1` and `\g<name>` being the groups. Flags stand in front: `(?i)`, `(?m)`.

- `count`: how many matches there are at the place of the patch, in all of its strings together; more or
  fewer are an error. Without it at least one.
- `decode`: `base64` takes the strings for base64 and writes them so again, `none` takes them as they
  stand; `auto`, the default, is base64 in the `data` of a Secret. What holds no text then has no matches.

A place without a match is none that the patch is for: with `optional: true` on the patch there need be
none. Whether a second run finds the same again is up to the pattern.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from postrender import pointers, targets
from postrender.errors import PatchError
from postrender.parameters import Schema
from postrender.transforms import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from postrender.kubeyaml import Value
    from postrender.pointers import Path
    from postrender.transforms import Context

OPTIONS: Final = {
    "path": Schema(("string",), format="pointer"),
    "pattern": Schema(("string",), format="regex"),
    "replacement": Schema(("string",), format="replacement"),
    "count": Schema(("integer",)),
    "decode": Schema(("string",), enum=("auto", "base64", "none")),
}
REQUIRED: Final = frozenset({"pattern", "replacement"})


def check(options: Mapping[str, Value]) -> None:
    """Raises PatchError for a path that is no pointer pattern, a bad expression, or a count below one."""
    pointers.parse(str(options.get("path", "")))
    if isinstance(count := options.get("count"), int) and count < 1:
        raise PatchError("a count below 1", hint="`optional: true` on the patch lets there be no match")
    if "pattern" not in options:
        return
    pattern = targets.regex(str(options["pattern"]))
    names = {number: f"?P<{name}>" for name, number in pattern.groupindex.items()}
    with_its_groups = "".join(f"({names.get(number, '')})" for number in range(1, pattern.groups + 1))
    try:
        re.sub(with_its_groups, str(options.get("replacement", "")), "")
    except (re.error, IndexError) as error:
        raise PatchError("a bad replacement", hint=str(error).partition(" at ")[0]) from None


def roots(options: Mapping[str, Value]) -> frozenset[str] | None:
    """The root member that the path begins with."""
    root = pointers.parse(str(options.get("path", ""))).root
    return frozenset({root}) if root else None


def apply(value: Value, options: Mapping[str, Value], context: Context) -> Value | Result:
    """The value with the matches replaced in the strings that `path` finds. Raises PatchError."""
    path = pointers.parse(str(options.get("path", "")))
    pattern = targets.regex(str(options["pattern"]))
    found, places, new = 0, path.places(value), value
    for place in places:
        written = pointers.get(value, place)
        encoded = _is_base64((*context.place, *place), options, context)
        if not isinstance(written, str) or (text := _decoded(written) if encoded else written) is None:
            continue
        text, count = pattern.subn(str(options["replacement"]), text)
        found += count
        if count:
            new = _put(new, place, _encoded(text) if encoded else text)
    if not found:
        what, hint = path.gap(value) if not places else ("no match of the pattern", "")
        return Result(value, missed=f"{what} ({hint})" if hint else what)
    if options.get("count") not in (None, found):
        raise PatchError(f"{_matches(found)} of the pattern where {options['count']} should be")
    return new


def _matches(number: int) -> str:
    return "1 match" if number == 1 else f"{number} matches"


def _put(value: Value, place: Path, text: str) -> Value:
    return value if pointers.get(value, place) == text else pointers.put(value, place, text)


def _is_base64(place: Path, options: Mapping[str, Value], context: Context) -> bool:
    decode = options.get("decode", "auto")
    of_secret = (context.resource.group, context.resource.kind, *place[:1]) == ("", "Secret", "data")
    return decode == "base64" or (decode == "auto" and of_secret)


def _decoded(text: str) -> str | None:
    """The text that is in base64 here, as Kubernetes reads it: line breaks do not count. None: no text."""
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except ValueError:
        return None


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
