"""What one patch did to one field of one resource, fit for showing: secret values are digests."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from postrender.alignment import Element, matched
from postrender.edits import ABSENT, Absent, Edit
from postrender.kubeyaml import Opaque, equal
from postrender.pointers import get, kind_of, to_text, written_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from postrender.documents import Identity
    from postrender.kubeyaml import Value
    from postrender.pointers import Path


class Digest(str):
    """What stands for a secret value: equal ones look alike, different ones differ, and that is all."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What one patch did to one field of one resource.

    `pointer` (RFC 6901) is the place in the resource as it is after the patch, of what was removed that
    before it; "" is the whole resource. `hook`: the resource is a hook of Helm's.
    """

    resource: Identity
    pointer: str
    before: Value | Absent
    after: Value | Absent
    patchset: str
    patch: str
    hook: bool = False


@dataclass(frozen=True, slots=True)
class Secrets:
    """What nobody may see: `values` are the texts of secret parameters, `key` is what digests are made with.

    A scalar that contains such a text, as it is or in base64, is shown as a Digest; so are the values
    of a Secret, whatever they are, and what is at the `places` of these resources.
    """

    key: bytes
    values: frozenset[str] = frozenset()
    places: frozenset[tuple[Identity, Path]] = frozenset()


def changes(edits: Sequence[Edit], secrets: Secrets) -> tuple[Change, ...]:
    """All that `edits` did, field by field, each edit's fields in the order of their pointers.

    A changed mapping is told by its members, down to scalars; what was added or removed is one change,
    and so is a list of which the order changed. Elements of lists are known by their names, if they have
    such, so that one more at the front is one change.
    """
    return tuple(change for edit in edits for change in _changes(edit, secrets))


def _changes(edit: Edit, secrets: Secrets) -> Iterator[Change]:
    mask = _Mask.of(edit, secrets)
    for old, new in _differences(edit.before, edit.after):
        path = old if new is None else new
        assert path is not None
        before, after = (
            ABSENT if place is None or isinstance(value, Absent) else mask.shown(get(value, place), place)
            for value, place in ((edit.before, old), (edit.after, new))
        )
        yield Change(edit.resource, to_text(path), before, after, edit.patchset, edit.patch, edit.hook)


# --- comparing -----------------------------------------------------------------------------------------

Difference: TypeAlias = "tuple[Path | None, Path | None]"
"""Where something was, and where it now is; None: nowhere."""
Member: TypeAlias = "tuple[str | Element, Value | Absent, Value | Absent]"
"""A member or element by its key, before and after."""


def _differences(before: Value | Absent, after: Value | Absent) -> list[Difference]:
    if isinstance(before, Absent) or isinstance(after, Absent):
        return [(None if before is ABSENT else (), None if after is ABSENT else ())]
    if before is after:
        return []
    # It costs more than the rest of a run, and nobody may ask.
    from deepdiff import DeepDiff

    one, other = _comparable(before, after)
    found = DeepDiff(
        one,
        other,
        view="tree",
        custom_operators=[_Leaves()],
        ignore_private_variables=False,  # they are members like any other: __name
        threshold_to_diff_deeper=0,  # members, also where a mapping has no member in common with the old one
    )
    differences = []
    for kind, levels in found.items():
        for level in levels:
            keys = level.path(output_format="list")
            old = None if kind == "dictionary_item_added" else _path(keys, 0)
            new = None if kind == "dictionary_item_removed" else _path(keys, 1)
            differences.append((old, new))
    return sorted(differences, key=_order)


class _Leaves:
    """DeepDiff's comparison of what is no mapping on both sides: a change unless the data are the same.

    Its own takes True for 1 in some places, and works out a line by line diff of long strings.
    """

    def match(self, level: Any) -> bool:
        return not (isinstance(level.t1, dict) and isinstance(level.t2, dict))

    def give_up_diffing(self, level: Any, diff_instance: Any) -> bool:
        if not equal(level.t1, level.t2):
            diff_instance.custom_report_result("values_changed", level)
        return True


def _path(keys: Iterable[str | Element], side: int) -> Path:
    path = (key[side] if isinstance(key, Element) else key for key in keys)
    return tuple(key for key in path if key is not None)


def _order(difference: Difference) -> list[tuple[int, int, str]]:
    """As the pointers go; of what was removed and what came at one index, the former is first."""
    old, new = difference
    keys = (old if new is None else new) or ()
    return [(1, 0, key) if isinstance(key, str) else (1, key, "") for key in keys] + [
        (0, new is not None, "")
    ]


def _comparable(old: Value, new: Value) -> tuple[Any, Any]:
    """Mappings with all in which `old` and `new` may differ, lists as mappings too; the rest is left out."""
    members = _members(old, new)
    if members is None:
        return old, new
    one: dict[str | Element, Any] = {}
    other: dict[str | Element, Any] = {}
    for key, before, after in members:
        if before is after:
            continue
        if isinstance(after, Absent):
            one[key] = before
        elif isinstance(before, Absent):
            other[key] = after
        else:
            one[key], other[key] = _comparable(before, after)
    return one, other


def _members(old: Value, new: Value) -> Iterable[Member] | None:
    """What two mappings or two lists have; None where one of them is neither, or just the order changed."""
    if isinstance(old, dict) and isinstance(new, dict):
        return ((name, old.get(name, ABSENT), new.get(name, ABSENT)) for name in old | new)
    if not isinstance(old, list) or not isinstance(new, list):
        return None
    elements = matched(old, new)
    if elements is None:
        return None
    return (
        (
            element,
            ABSENT if element.before is None else old[element.before],
            ABSENT if element.after is None else new[element.after],
        )
        for element in elements
    )


# --- what nobody may see -------------------------------------------------------------------------------

_VALUES: Final = ("data", "stringData")
# kubectl writes the whole Secret there.
_LAST_APPLIED: Final = ("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")
_BASE64: Final = re.compile("[A-Za-z0-9+/_-]{2,}")
_LAYERS: Final = 3
"""How often something may have been put in base64: the `auth` of a .dockerconfigjson in a Secret is twice."""


@dataclass(frozen=True, slots=True)
class _Mask:
    """Shows the values of one resource without what nobody may see.

    `own` is what a Secret says, in case that a patch copied it to another place of it.
    """

    secrets: Secrets
    is_secret: bool
    own: frozenset[str]
    places: tuple[Path, ...]

    @classmethod
    def of(cls, edit: Edit, secrets: Secrets) -> _Mask:
        sides = [side for side in (edit.before, edit.after) if isinstance(side, dict)]
        is_secret = (edit.resource.group, edit.resource.kind) == ("", "Secret") or any(
            (side.get("apiVersion"), side.get("kind")) == ("v1", "Secret") for side in sides
        )
        members = (side.get(name) for side in sides for name in _VALUES) if is_secret else ()
        own = frozenset(text for member in members for text in _texts(member) if text)
        places = tuple(place for resource, place in secrets.places if resource == edit.resource)
        return cls(secrets, is_secret, own, places)

    def shown(self, value: Value, place: Path) -> Value:
        """`value`, which is at `place`, digests for what is secret, no members that nobody read."""
        if isinstance(value, dict):
            return {
                name: self.shown(member, (*place, name))
                for name, member in value.items()
                if not isinstance(member, Opaque)
            }
        if isinstance(value, list):
            return [self.shown(element, (*place, index)) for index, element in enumerate(value)]
        text = written_at(value, ())
        if text is None or not self._hides(text, place):
            return value
        return self._digest(f"{kind_of(value)}: {text}")

    def _hides(self, text: str, place: Path) -> bool:
        if self.is_secret and ({*place[:1]} & {*_VALUES} or text in self.own):
            return True
        if (self.is_secret or self.places) and place == _LAST_APPLIED:
            return True
        if any(place[: len(secret)] == secret for secret in self.places):
            return True
        return any(self.secrets.values) and _holds(text, self.secrets.values)

    def _digest(self, text: str) -> Digest:
        import hmac

        digest = hmac.digest(self.secrets.key, text.encode(errors="surrogatepass"), "sha256")
        return Digest(f"secret {digest.hex()[:8]}")


def _texts(value: Value) -> Iterator[str]:
    """All scalars in `value`, as they are written."""
    if isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _texts(member)
    elif (text := written_at(value, ())) is not None:
        yield text


def _holds(text: str, secrets: frozenset[str], layers: int = _LAYERS) -> bool:
    """Whether one of `secrets` is in `text`, or in what is in base64 in it."""
    if any(secret in text for secret in secrets if secret):
        return True
    if not layers:
        return False
    in_lines = {text, "".join(text.split())}  # base64 is often wrapped
    encoded = {run for lines in in_lines for run in _BASE64.findall(lines)}
    return any(_holds(_decoded(run), secrets, layers - 1) for run in encoded)


def _decoded(run: str) -> str:
    """What a run of base64 characters, without its padding, stands for; of odd bytes the likeness."""
    whole = run[: len(run) - (len(run) % 4 == 1)].replace("+", "-").replace("/", "_")
    return base64.urlsafe_b64decode(whole + "=" * (-len(whole) % 4)).decode(errors="replace")
