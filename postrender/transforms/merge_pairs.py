"""Merges `k=v` pairs into one string: an annotation's `a=1,b=2`, or the query of a URL.

    transform: merge-pairs
    with:
      path: /metadata/annotations/alb.ingress.kubernetes.io~1target-group-attributes
      pairs: {stickiness.enabled: "true"}

`idle=60,a=1` with `pairs: {a: 2, b: 3}` becomes `idle=60,a=2,b=3`. A pair that is null is taken away. With
`after: "?"` only what follows the first such text is pairs, as in `jdbc:postgresql://db/xnat?ssl=true`.
Between pairs is the `separator`: a comma, or after something `&`. A string that is not there is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from postrender import pointers
from postrender.errors import PatchError
from postrender.parameters import Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from postrender.kubeyaml import Value
    from postrender.transforms import Context

OPTIONS: Final = {
    "path": Schema(("string",), format="pointer"),
    "pairs": Schema(("object",), additional=Schema(("string", "null"))),
    "separator": Schema(("string",)),
    "after": Schema(("string",)),
}
REQUIRED: Final = frozenset({"path", "pairs"})


def check(options: Mapping[str, Value]) -> None:
    """Raises PatchError when the path is no pointer pattern, or the separator is empty."""
    if isinstance(path := options.get("path"), str):
        pointers.parse(path)
    if options.get("separator") == "":
        raise PatchError("the separator is empty")


def roots(options: Mapping[str, Value]) -> frozenset[str] | None:
    """The root member that the path begins with."""
    root = pointers.parse(str(options["path"])).root
    return frozenset({root}) if root else None


def apply(value: Value, options: Mapping[str, Value], context: Context) -> Value:
    """The value with the pairs merged into the strings that `path` finds in it."""
    pattern = pointers.parse(str(options["path"]))
    pairs = options["pairs"]
    separator = str(options.get("separator", "&" if options.get("after") else ","))
    after = str(options.get("after", ""))
    assert isinstance(pairs, dict)
    for key, given in pairs.items():
        if "=" in key or separator in key or separator in str(given or ""):
            raise PatchError(
                f"the pair {key!r} has a separator in it", hint=f"{separator} and = stand between"
            )
    for place in _places(pattern, value):
        text = _text_at(value, place)
        if text is None:
            raise PatchError(f"{pointers.to_text(place)} is no text")
        merged = merge(text, pairs, separator, after)
        if merged != text:
            value = _put(value, place, merged)
    return value


def merge(text: str, pairs: Mapping[str, Value], separator: str = ",", after: str = "") -> str:
    """`text` with the pairs merged in: those it has keep their place, new ones come last."""
    head, found, tail = text.partition(after) if after else ("", "", text)
    if after and not found:
        head, tail = text, ""
    left = dict(pairs)
    parts = []
    for part in tail.split(separator) if tail.strip() else []:
        key = part.partition("=")[0].strip()
        if key not in pairs:
            parts.append(part)
        elif key in left:
            value = left.pop(key)
            if value is not None:
                written = f"{key}={value}"
                parts.append(part if part.strip() == written else written)
    parts += [f"{key}={value}" for key, value in left.items() if value is not None]
    joined = separator.join(parts)
    return head + (after or "") + joined if joined else head


def _places(pattern: pointers.Pattern, value: Value) -> list[pointers.Path]:
    """The places of the strings, also of those that are to be made, with their parents where these lack."""
    stem, names = pattern.stem()
    made = [(*place, *names) for place in stem.places(value)] if names else []
    found = {pointers.to_text(place): place for place in (*made, *pattern.places(value))}
    if not found:
        what, hint = pattern.gap(value)
        raise PatchError(what, hint=hint)
    return list(found.values())


def _text_at(value: Value, place: pointers.Path) -> str | None:
    for key in place:
        if value is None:
            return ""
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key]
        else:
            return None
    return "" if value is None else value if isinstance(value, str) else None


def _put(value: Value, place: pointers.Path, text: str) -> Value:
    if not place:
        return text
    key, rest = place[0], place[1:]
    if isinstance(value, list) and isinstance(key, int):
        return [*value[:key], _put(value[key], rest, text), *value[key + 1 :]]
    members = value if isinstance(value, dict) else {}
    return {**members, str(key): _put(members.get(str(key)), rest, text)}
