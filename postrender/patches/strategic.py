"""Strategic merge: a patch that looks like the resource, merged into it as the Kubernetes API server does.

https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ and
https://git.k8s.io/community/contributors/devel/sig-api-machinery/strategic-merge-patch.md say what it
is. Where the server would take a patch and lose data by it, or send back a resource that it refuses,
this one stops: see `merge`.
"""

from __future__ import annotations

import itertools
from collections import deque
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from postrender.errors import PatchError, did_you_mean, nearest
from postrender.kubeyaml import Value, equal
from postrender.patches import REMOVED, Removed
from postrender.patches.merge_keys import Keys, Schema, key_of, rivals_in, schema_of
from postrender.pointers import Path, kind_of, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from postrender.pointers import Pattern

__all__ = ["Schema", "merge", "roots", "schema_of"]

PATCH: Final = "$patch"
RETAIN_KEYS: Final = "$retainKeys"
DELETE_FROM: Final = "$deleteFromPrimitiveList"
SET_ORDER: Final = "$setElementOrder"
IN_MAPPINGS: Final = (PATCH, RETAIN_KEYS)
BESIDE_LISTS: Final = (DELETE_FROM, SET_ORDER)
"""With the list's name: `$setElementOrder/containers`."""
DIRECTIVES: Final = (*IN_MAPPINGS, *BESIDE_LISTS)
BY_OPTION: Final = "options.mergeKeys can say what its elements are known by"

Mapped: TypeAlias = dict[str, Value]
Listed: TypeAlias = list[Value]
"""Elements of a list by their place in it; the new ones are counted on."""


def roots(patch: Mapping[str, Value]) -> frozenset[str] | None:
    """The members of the patched mapping that `patch` can touch; None if that may be any."""
    if patch.keys() & {*IN_MAPPINGS}:
        return None
    return frozenset(_field(key) for key in patch)


def merge(
    value: Value,
    patch: Value,
    schema: Schema,
    merge_keys: Mapping[Pattern, str | Sequence[str]] = MappingProxyType({}),
) -> Value | Removed:
    """`value`, of `schema`, with `patch` merged into it; the same object if that changes nothing.

    `merge_keys` are lists, as patterns seen from `value`, that are to be merged by these members of their
    elements, whatever the schema says. REMOVED comes back for `$patch: delete` at the root.

    It differs from the API server in that

    - ports are told apart by number and protocol, and elements with all parts of their key;
    - `$patch: delete` on a mapping removes it, where the server may leave `{}`; on an element that it gives
      a `name` of, only an element of that name; and a mapping or list of nothing but removals does not come
      into being where there is nothing to remove;
    - these are errors: a value of another kind than the one that is there, an element of a list that has
      the patch's key more than once (unless the `name` tells), a new container without an image, members
      that exclude each other.

    Raises PatchError for these, and for all that is no strategic merge patch.
    """
    if not isinstance(patch, dict):
        raise PatchError(f"a strategic merge patch is a mapping, not {kind_of(patch)}")
    keys = {
        path: dict.fromkeys([names] if isinstance(names, str) else names)
        for pattern, names in merge_keys.items()
        for path in _places(pattern, value)
    }
    return _merge_value(value, patch, _Spot(schema, keys))


def _places(pattern: Pattern, value: Value) -> list[Path]:
    """Where `pattern` finds a list, and where one would be."""
    stem, names = pattern.stem()
    return [*pattern.places(value), *((*path, *names) for path in stem.places(value))]


class _Spot(NamedTuple):
    """Where a merge is; as text, the pointer to it."""

    schema: Schema
    merge_keys: Mapping[Path, Keys]
    path: Path = ()
    shown: Path = ()

    def __str__(self) -> str:
        return to_text(self.shown) or "the root"

    def member(self, name: str) -> _Spot:
        path = (*self.path, name)
        schema = self.schema.member(name)
        if keys := self.merge_keys.get(path):
            schema = schema._replace(merge=keys)
        return _Spot(schema, self.merge_keys, path, (*self.shown, name))

    def element(self, index: int, element: Value) -> _Spot:
        """The element at `index`, shown by its name where it is known by that."""
        shown: str | int = index
        if isinstance(element, dict) and "name" in (self.schema.merge or ()):
            shown = f"[name={element.get('name')}]"
        return _Spot(self.schema.element(), self.merge_keys, (*self.path, index), (*self.shown, shown))


def _merge_value(old: Value, new: Value, spot: _Spot, order: Listed | None = None) -> Value | Removed:
    """`old`, where null is nothing, with `new` merged into it; `order` is for lists."""
    if old is not None and _shape(old) is not _shape(new):
        raise PatchError(f"{spot} is {kind_of(old)}, the patch has {kind_of(new)}")
    merged: Value | Removed = new
    if isinstance(new, dict):
        merged = _merge_mapping(old if isinstance(old, dict) else None, new, spot)
    elif isinstance(new, list):
        merged = _merge_list(old if isinstance(old, list) else None, new, spot, order)
    return old if merged is not REMOVED and equal(old, merged) else merged


def _shape(value: Value) -> type:
    return type(value) if isinstance(value, dict | list) else object


# Mappings


def _merge_mapping(old: Mapped | None, patch: Mapped, spot: _Spot) -> Mapped | Removed:
    directive = _directive(patch, spot)
    if directive == "delete":
        return REMOVED
    base = None if directive == "replace" or spot.schema.replace else old
    merged = _retained(base or {}, patch, spot)
    for name in dict.fromkeys(_fields(patch, spot)):
        old_member = merged.get(name)
        new = _merge_member(old_member, patch, name, spot.member(name))
        if new is REMOVED:
            merged.pop(name, None)
        elif new is not None and (old_member is not None or base is None or not _only_removes(patch[name])):
            merged[name] = new
    _check_exclusion(old or {}, patch, merged, spot)
    return merged


def _merge_member(old: Value, patch: Mapped, name: str, spot: _Spot) -> Value | Removed:
    """The member `name` after all that `patch` says of it; None where nothing comes of it."""
    if name in patch and patch[name] is None:
        return REMOVED
    new: Value | Removed = old
    order = _beside(SET_ORDER, patch, name, spot)
    if name in patch or (order is not None and old is not None):
        new = _merge_value(old, patch.get(name, []), spot, order)
    unwanted = _beside(DELETE_FROM, patch, name, spot)
    if unwanted is None or new is None or new is REMOVED:
        return new
    if not isinstance(new, list):
        raise PatchError(f"{spot} is {kind_of(new)}, `{DELETE_FROM}` is for lists")
    left = [element for element in new if not any(equal(element, one) for one in unwanted)]
    return new if len(left) == len(new) else left


def _only_removes(patch: Value) -> bool:
    """Whether nothing comes of `patch` where nothing is."""
    if isinstance(patch, dict) and patch:
        return patch.get(PATCH) == "delete" or all(map(_only_removes, _given(patch).values()))
    if isinstance(patch, list) and patch:
        return all(isinstance(element, dict) and PATCH in element for element in patch)
    return patch is None


def _fields(patch: Mapped, spot: _Spot) -> Iterator[str]:
    """The members that `patch` is about."""
    for key in patch:
        directive = key.partition("/")[0]
        if key in BESIDE_LISTS:
            raise PatchError(f"`{key}` in {spot} does not say of which list", hint=f"write `{key}/NAME`")
        if directive.startswith("$") and directive not in DIRECTIVES and nearest(directive, DIRECTIVES):
            raise PatchError(f"unknown `{directive}` in {spot}", hint=did_you_mean(directive, DIRECTIVES))
        if key not in IN_MAPPINGS:
            yield _field(key)


def _field(key: str) -> str:
    directive, slash, name = key.partition("/")
    return name if slash and directive in BESIDE_LISTS else key


def _beside(directive: str, patch: Mapped, name: str, spot: _Spot) -> Listed | None:
    """What the directive beside the list `name` says."""
    given = patch.get(f"{directive}/{name}")
    if given is not None and not isinstance(given, list):
        raise PatchError(f"`{directive}` of {spot} is {kind_of(given)}, not a list")
    return given


def _directive(patch: Value, spot: _Spot) -> str:
    directive = patch.get(PATCH, "merge") if isinstance(patch, dict) else "merge"
    if directive not in ("merge", "replace", "delete"):
        raise PatchError(f"unknown `{PATCH}` in {spot}", hint="there are merge, replace and delete")
    return str(directive)


def _retained(old: Mapped, patch: Mapped, spot: _Spot) -> Mapped:
    """A copy of `old` with what `$retainKeys` leaves of it."""
    if RETAIN_KEYS not in patch:
        return dict(old)
    names = patch[RETAIN_KEYS]
    if not isinstance(names, list):
        raise PatchError(f"`{RETAIN_KEYS}` in {spot} is {kind_of(names)}, not a list")
    if lacking := [f"`{name}`" for name in _given(patch) if name not in names]:
        raise PatchError(f"`{RETAIN_KEYS}` in {spot} lacks {', '.join(lacking)}, which the patch sets")
    return {name: value for name, value in old.items() if name in names}


def _given(mapping: Mapped) -> Mapped:
    """The members that are no directives and not null."""
    return {
        name: value
        for name, value in mapping.items()
        if value is not None and name.partition("/")[0] not in DIRECTIVES
    }


def _check_exclusion(old: Mapped, patch: Mapped, new: Mapped, spot: _Spot) -> None:
    """Raises PatchError where a merge put together what the server does not take together.

    There kubectl gives `$retainKeys` of its own accord; without it the server merges and then refuses.
    """
    rivals = rivals_in(new) if spot.schema.retain_keys else []
    if not rivals or rivals_in(old):
        return
    hint = "only one can be"
    if stale := [f"{name}: null" for name in rivals if name not in patch]:
        hint = f"write `{', '.join(stale)}` or `{RETAIN_KEYS}: [{', '.join(_given(patch))}]`"
    rest = ["another type"] if "type" in new else []
    raise PatchError(f"{spot} would have {' beside '.join(rivals + rest)}", hint=hint)


# Lists


def _merge_list(old: Listed | None, patch: Listed, spot: _Spot, order: Listed | None) -> Listed:
    if spot.schema.merge is not None:
        return _merge_elements(old or [], patch, spot.schema.merge, spot, order)
    if order is not None:
        raise PatchError(f"`{SET_ORDER}` for {spot}, which is replaced as a whole", hint=BY_OPTION)
    new: Listed = []
    for index, element in enumerate(patch):
        merged = _merge_value(None, element, spot.element(index, element))
        if merged is REMOVED:
            raise PatchError(f"`{PATCH}: delete` in {spot}, which is replaced as a whole", hint=BY_OPTION)
        if not _is_bare(element):
            new.append(merged)
    return new


def _is_bare(element: Value) -> bool:
    """Whether an element is a directive for its list, and nothing else."""
    return isinstance(element, dict) and element.keys() == {PATCH}


def _merge_elements(old: Listed, patch: Listed, keys: Keys, spot: _Spot, order: Listed | None) -> Listed:
    """Elements are known by the members in `keys`, those of a list of scalars by themselves."""
    plain, deleted, replaced = _sorted_out(patch, keys, spot)
    items = _Items([] if replaced else old, keys)
    for element in deleted:
        for index in _named_alike(element, items.alike(element), items):
            del items[index]
    named: dict[int, None] = {}
    unused = itertools.count(len(old))
    for element in plain:
        found = _find(element, items, keys, spot)
        if found in named and keys:
            raise PatchError(f"the patch has two elements of {spot} with the same {_names(keys)}")
        if found not in named:
            index = next(unused) if found is None else found
            merged = _merge_element(items.get(index), element, items, spot.element(index, element))
            items.put(index, merged)
            named[index] = None
    in_order = list(named) if order is None else _ordered(order, plain, items, keys, spot)
    return [items[index] for index in _woven(in_order, sorted(items.keys() - {*in_order}), len(old))]


def _sorted_out(patch: Listed, keys: Keys, spot: _Spot) -> tuple[Listed, Listed, bool]:
    """The elements to merge, those to delete, and whether they replace the list."""
    plain: Listed = []
    deleted: Listed = []
    replaced = False
    for index, element in enumerate(patch):
        directive = _directive(element, spot.element(index, element))
        if _is_bare(element) and directive != "delete":
            replaced |= directive == "replace"
        elif directive == "replace":
            raise PatchError(
                f"`{PATCH}: replace` stands in an element of {spot} that has other members",
                hint="alone it replaces the list; to replace one element, delete it by its "
                f"{_names(keys)} with `{PATCH}: delete`, and give the new one after it",
            )
        else:
            _check_key(element, keys, spot)
            (deleted if directive == "delete" else plain).append(element)
    return plain, deleted, replaced


def _check_key(element: Value, keys: Keys, spot: _Spot) -> None:
    if key_of(element, keys) is not None:
        return
    if not isinstance(element, dict) or not keys:
        wanted = "mappings" if keys else "scalars"
        raise PatchError(f"{spot} is a list of {wanted}, the patch has {kind_of(element)}")
    lacking = [name for name, default in keys.items() if element.get(name, default) is None]
    raise PatchError(f"an element for {spot} has no {_names(lacking)}", hint=f"give {_names(lacking)}")


def _names(keys: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" for name in keys)


class _Items(dict[int, Value]):
    """The elements of a list by their index, and where those of one key are."""

    def __init__(self, elements: Listed, keys: Keys) -> None:
        super().__init__()
        self.known_by = keys
        self.places: dict[object, list[int]] = {}
        for index, element in enumerate(elements):
            self.put(index, element)

    def put(self, index: int, element: Value) -> None:
        """Puts an element in its place; in one that is taken it has the key of the one before it."""
        if index not in self:
            self.places.setdefault(_hashable(key_of(element, self.known_by)), []).append(index)
        self[index] = element

    def alike(self, element: Value) -> list[int]:
        """Where the elements with the key of `element` are."""
        key = key_of(element, self.known_by)
        if key is None:
            return []
        places = self.places.get(_hashable(key), ())
        return [place for place in places if place in self and equal(key, key_of(self[place], self.known_by))]


def _hashable(key: Listed | None) -> object:
    """Something that is equal for equal keys, if also for a few that are not."""
    return (
        None if key is None else tuple(part if isinstance(part, str | int | float) else None for part in key)
    )


def _named_alike(element: Value, alike: list[int], items: _Items) -> list[int]:
    """Of elements with one key, those with the `name` that `element` gives, if it does."""
    if not isinstance(element, dict) or "name" not in element:
        return alike
    return [index for index in alike if equal(key_of(items[index], {"name": None}), [element["name"]])]


def _find(element: Value, items: _Items, keys: Keys, spot: _Spot) -> int | None:
    """Where the element is that `element` is for; None if it is new."""
    alike = items.alike(element)
    if len(alike) < 2:
        return alike[0] if alike else None
    found = _named_alike(element, alike, items)
    if len(found) == 1:
        return found[0]
    here = spot.element(alike[0], element)
    if found and all(_merge_value(items[index], element, here) is items[index] for index in found):
        return found[0]
    raise PatchError(
        f"{spot} has several elements with the {_names(keys)} that the patch gives",
        hint="" if "name" in keys else "give the `name` of one of them too",
    )


def _merge_element(old: Value, patch: Value, items: _Items, spot: _Spot) -> Value:
    if old is None and spot.schema.is_container and isinstance(patch, dict) and not patch.get("image"):
        names = [str(item["name"]) for item in items.values() if isinstance(item, dict) and "name" in item]
        there = f"there are {', '.join(names)}" if names else "there are none"
        raise PatchError(f"no container {spot}", hint=f"{there}; a new one needs an `image`")
    merged = _merge_value(old, patch, spot)
    return None if merged is REMOVED else merged


def _ordered(order: Listed, plain: Listed, items: _Items, keys: Keys, spot: _Spot) -> list[int]:
    """The items that `$setElementOrder` names, in its order."""
    for one in order:
        _check_key(one, keys, spot)
    rest = iter(order)
    if not all(any(equal(key_of(element, keys), key_of(one, keys)) for one in rest) for element in plain):
        raise PatchError(f"`{SET_ORDER}` of {spot} has not the patch's elements in their order")
    return list(dict.fromkeys(index for one in order for index in items.alike(one)))


def _woven(named: list[int], others: list[int], count: int) -> list[int]:
    """`named` and `others` in one order, each in its own.

    Before a named element that was there (its place is less than `count`) come the others that were before
    it; a new element follows at once on the one that is named before it. So does the API server.
    """
    woven = []
    waiting = deque(others)
    for index in named:
        while waiting and waiting[0] < index < count:
            woven.append(waiting.popleft())
        woven.append(index)
    return [*woven, *waiting]
