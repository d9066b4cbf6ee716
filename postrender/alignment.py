"""Which element of a list is which after it was changed: by a member that names them, else by value."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from postrender.kubeyaml import equal
from postrender.pointers import kind_of, written_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postrender.kubeyaml import Value


class Element(NamedTuple):
    """A list element by its index before and after; None: it was not there."""

    before: int | None
    after: int | None


# The members by which people tell the elements of a list apart; among equally good ones the first counts.
_KEYS: Final = (
    "mountPath",
    "devicePath",
    "name",
    "containerPort",
    "port",
    "key",
    "ip",
    "host",
    "path",
    "secretName",
    "topologyKey",
    "type",
)


def matched(old: list[Value], new: list[Value]) -> list[Element] | None:
    """Which element was which; None where that would tell of another order as of many changes."""
    if not old or not new:
        return [Element(i, None) for i in range(len(old))] + [Element(None, i) for i in range(len(new))]
    if names := _names(old, new):
        before, after = names
        kept = [before[name] for name in after if name in before]
        rising = all(one < other for one, other in pairwise(kept))
        return [Element(before.get(n), after.get(n)) for n in before | after] if rising else None
    one, other = [_token(value) for value in old], [_token(value) for value in new]
    return None if one != other and Counter(one) == Counter(other) else _by_order(one, other)


def in_order(old: list[Value], new: list[Value]) -> list[tuple[int, int]]:
    """Which element of `new` each of `old` became, as far as both can be said in rising order."""
    ahead = 0
    while ahead < min(len(old), len(new)) and equal(old[ahead], new[ahead]):
        ahead += 1
    behind = 0
    while behind < min(len(old), len(new)) - ahead and equal(old[-1 - behind], new[-1 - behind]):
        behind += 1
    between = _rising(old[ahead : len(old) - behind], new[ahead : len(new) - behind])
    pairs = [(i, i) for i in range(ahead)] + [(ahead + i, ahead + j) for i, j in between]
    return pairs + [(len(old) - i, len(new) - i) for i in range(behind, 0, -1)]


def _rising(old: list[Value], new: list[Value]) -> list[tuple[int, int]]:
    before, after = _names(old, new) or ([*map(_token, old)], [*map(_token, new)])
    found = _by_order([*before], [*after])
    return [(one, other) for one, other in found if one is not None and other is not None]


def _names(old: list[Value], new: list[Value]) -> tuple[dict[str, int], dict[str, int]] | None:
    """The indexes by the member that names elements and pairs most of them; None where there is none."""
    known = [pair for key in _KEYS if (pair := (_named(old, key), _named(new, key))) and all(pair)]
    return max(known, key=lambda pair: len(pair[0].keys() & pair[1].keys())) if known else None


def _named(elements: list[Value], key: str) -> dict[str, int]:
    """The index of each element by its member `key`; empty where one has none or two the same."""
    names: dict[str, int] = {}
    for index, element in enumerate(elements):
        name = written_at(element, (key,))
        if name is None:
            return {}
        if key in ("port", "containerPort"):
            name += "/" + (written_at(element, ("protocol",)) or "TCP")
        names[name] = index
    return names if len(names) == len(elements) else {}


def _by_order(old: Sequence[object], new: Sequence[object]) -> list[Element]:
    """Which token is which where equal ones keep their order; between them the first is the first."""
    from difflib import SequenceMatcher

    elements = []
    for tag, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag in ("equal", "replace"):
            pairs = zip_longest(range(start, end), range(new_start, new_end))
            elements += [Element(before, after) for before, after in pairs]
        else:
            elements += [Element(index, None) for index in range(start, end)]
            elements += [Element(None, index) for index in range(new_start, new_end)]
    return elements


def _token(value: Value) -> object:
    """Something hashable that is equal for the same data."""
    if isinstance(value, dict):
        return frozenset((name, _token(member)) for name, member in value.items())
    if isinstance(value, list):
        return tuple(_token(element) for element in value)
    return (kind_of(value), value)
