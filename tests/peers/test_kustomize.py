"""kustomize beside us: of the same patches the same comes, save where docs/kustomize.md says what differs."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, Final

import hypothesis
import jsonpatch
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from postrender import checks, kubeyaml
from postrender.patches.merge_keys import Schema, schema_of
from postrender.pointers import to_text
from tests.peers import kustomize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from postrender.kubeyaml import Value
    from postrender.pointers import Path
    from tests.peers.kustomize import Case

SAME = kustomize.read("same.yaml")
DIFFERENT = kustomize.read("differences.yaml")

needs_kustomize = pytest.mark.tool("kustomize")


@needs_kustomize
@pytest.mark.parametrize(("case", "says"), SAME, ids=str)
def test_the_same(case: Case, says: dict[str, Any]) -> None:
    theirs = kustomize.by_kustomize(case)
    assert_same(case, theirs)
    assert (theirs == kustomize.REFUSED) == says.get("refused", False)


def assert_same(case: Case, theirs: kustomize.Resources | str) -> None:
    ours = kustomize.settled(kustomize.by_postrender(case))
    settled = kustomize.settled(theirs)
    assert json.dumps(ours, sort_keys=True, indent=1) == json.dumps(settled, sort_keys=True, indent=1)


@needs_kustomize
@pytest.mark.parametrize(("case", "says"), DIFFERENT, ids=str)
def test_a_difference_is_as_the_table_says(case: Case, says: dict[str, Any]) -> None:
    run: Callable[[Case], kustomize.Resources | str]
    for peer, run in (("kustomize", kustomize.by_kustomize), ("postrender", kustomize.by_postrender)):
        wanted = says[peer]["is"]
        outcome = run(case)
        assert kubeyaml.equal(kustomize.look(outcome, wanted), wanted), (peer, outcome)


def test_the_table_has_every_difference() -> None:
    """`make bless` writes it."""
    assert kustomize.table() in kustomize.PAGE.read_text("utf-8")


# Random patches. What is left out of them is in the table: labels that are null, elements without their key
# or with a part of it, numbers for text, members that exclude each other, operations in which kustomize
# departs from RFC 6902. Mappings and lists stay what they are: kustomize follows references to names through
# some of them.

KINDS: Final = ("web", "service", "settings", "ingress", "database", "nightly", "custom", "role", "webhook")
TEXTS: Final = (
    *("", " ", "a", "yes", "1", "0755", "1e3", "null", "~", "a: b", "# a", "- a", "'", '"', "{a}", "é"),
    *(
        "a\nb",
        "a\nb\n",
        "\na",
        "a \nb",
        "  a\n",
        "2020-01-01",
        "1:30",
        "=",
        "<<",
        "*a",
        "&a",
        "!a",
        "|",
        "%a",
    ),
)
SCALARS: Final = st.one_of(st.sampled_from(TEXTS), st.integers(-(2**40), 2**40), st.booleans())
NEW: Final = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    ),
    max_leaves=4,
)
REMOVAL: Final[dict[str, Value]] = {"$patch": "delete"}


def manifest(name: str) -> dict[str, Any]:
    (loaded,) = kustomize.resources(kustomize.manifests()[name].encode())
    assert isinstance(loaded, dict)
    return loaded


@st.composite
def strategic_patches(draw: st.DrawFn) -> Case:
    name = draw(st.sampled_from(KINDS))
    resource = manifest(name)
    group, _, version = resource["apiVersion"].rpartition("/")
    schema = schema_of(group, version, resource["kind"])
    identity = {
        key: resource["metadata"][key] for key in ("name", "namespace") if key in resource["metadata"]
    }
    labels = draw(
        st.dictionaries(st.sampled_from(("app", "tier", "new")), st.sampled_from(TEXTS), max_size=2)
    )
    patch = {
        "apiVersion": resource["apiVersion"],
        "kind": resource["kind"],
        "metadata": {**identity, **({"labels": labels} if labels else {})},
    }
    for member in resource.keys() - patch.keys():
        patch[member] = draw(changes(resource[member], schema.member(member)))
    return kustomize.Case(name, kustomize.manifests()[name], ({"patch": patch},))


@st.composite
def changes(draw: st.DrawFn, value: Value, schema: Schema) -> Value:
    """A strategic patch for `value`."""
    strategy = like(value)
    if isinstance(value, dict):
        strategy = changed_mappings(value, schema)
    elif isinstance(value, list) and schema.merge:
        strategy = changed_lists(value, schema)
    patch: Value = draw(strategy)
    return patch


def like(value: Value) -> st.SearchStrategy[Any]:
    """Values of the same kind."""
    if isinstance(value, list):
        return st.lists(st.sampled_from(value), max_size=3) if value else st.just([])
    if isinstance(value, str):
        return st.sampled_from(TEXTS)
    return st.just(value) if isinstance(value, dict) else SCALARS


@st.composite
def changed_mappings(draw: st.DrawFn, value: dict[str, Value], schema: Schema) -> Value:
    names = draw(st.lists(st.sampled_from(sorted(value)), max_size=2, unique=True)) if value else []
    patch: dict[str, Value] = {}
    for name in names:
        if draw(st.integers(0, 9)) == 0:
            patch[name] = draw(
                st.sampled_from((None, REMOVAL)) if isinstance(value[name], dict) else st.none()
            )
        else:
            patch[name] = draw(changes(value[name], schema.member(name)))
    if draw(st.integers(0, 4)) == 0:
        patch[draw(st.sampled_from(("new", "new.example.org/a~b", "1", "yes")))] = draw(NEW)
    return patch


@st.composite
def changed_lists(draw: st.DrawFn, value: list[Any], schema: Schema) -> Value:
    keys = schema.merge or {}
    patch: list[Any] = []
    for element in draw(st.permutations(value)):
        known = {key: element[key] for key in keys}
        kind = draw(st.sampled_from(("keep", "keep", "merge", "merge", "delete")))
        if kind == "delete":
            patch.append({**known, **REMOVAL})
        elif kind == "merge":
            source = {} if schema.retain_keys else draw(changed_mappings(element, schema.element()))
            assert isinstance(source, dict)
            patch.append({**source, **known})
    if draw(st.booleans()):
        patch.append({"name": "new", "emptyDir": {}} if schema.retain_keys else NEW_ELEMENTS[tuple(keys)])
    return patch


NEW_ELEMENTS: Final[dict[tuple[str, ...], Any]] = {
    ("name",): {"name": "new", "image": "new:1", "value": "new"},
    ("containerPort", "protocol"): {"containerPort": 7, "protocol": "UDP", "name": "new"},
    ("port", "protocol"): {"port": 7, "protocol": "UDP", "name": "new"},
    ("mountPath",): {"mountPath": "/new", "name": "data"},
}


@st.composite
def json_patches(draw: st.DrawFn) -> Case:
    name = draw(st.sampled_from(KINDS))
    resource = manifest(name)
    operations: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 4))):
        operations.append(draw(json_operations(resource)))
        try:
            resource = jsonpatch.apply_patch(resource, operations[-1:])
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException):
            break
    return kustomize.Case(
        name, kustomize.manifests()[name], ({"target": {"kind": ".*"}, "patch": operations},)
    )


@st.composite
def json_operations(draw: st.DrawFn, resource: dict[str, Any]) -> dict[str, Any]:
    places = [place for place in all_places(resource) if place[0] not in {"apiVersion", "kind", "metadata"}]
    assume(places)
    here = draw(st.sampled_from(places))
    match draw(st.sampled_from(("add", "add", "replace", "remove", "test", "copy", "move"))):
        case "add":
            there = draw(new_places(resource, places))
            return {"op": "add", "path": to_text(there), "value": draw(value_for(resource, there))}
        case "test":
            value = at(resource, here) if draw(st.integers(0, 4)) else draw(NEW)
            return {"op": "test", "path": to_text(here), "value": copy.deepcopy(value)}
        case "remove":
            return {
                "op": "remove",
                "path": to_text((*here, *draw(st.sampled_from(((), (), ("not-there",)))))),
            }
        case "replace":
            return {"op": "replace", "path": to_text(here), "value": draw(like(at(resource, here)))}
        case op:
            there = draw(new_places(resource, places))
            assume(there[: len(here)] != here and there[-1] in {"new", "a/b~c"})
            return {"op": op, "from": to_text(here), "path": to_text(there)}


@st.composite
def new_places(draw: st.DrawFn, resource: dict[str, Any], places: list[Path]) -> Path:
    """Where something can be added: a member or element that is there, or a new one."""
    parents = [place for place in places if isinstance(at(resource, place), dict | list)]
    assume(parents)
    parent = draw(st.sampled_from(parents))
    value = at(resource, parent)
    if isinstance(value, list):
        return (*parent, draw(st.sampled_from(("-", *range(len(value) + 1)))))
    return (*parent, draw(st.sampled_from(("new", "a/b~c", "yes", *value))))


def value_for(resource: dict[str, Any], place: Path) -> st.SearchStrategy[Any]:
    parent = at(resource, place[:-1])
    if isinstance(parent, list):
        return st.sampled_from(parent) if parent else st.nothing()
    return like(parent[place[-1]]) if place[-1] in parent else NEW


def all_places(value: Any, place: Path = ()) -> Iterator[Path]:
    if place:
        yield place
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield from all_places(member, (*place, key))


def at(value: Any, place: Path) -> Any:
    for key in place:
        value = value[key]
    return value


# What our checks refuse kustomize lets pass.
CHECKED: Final = (checks.REFUSED, checks.UNREADABLE, checks.LOSES, checks.NO_PODS)


@needs_kustomize
@hypothesis.settings(max_examples=150)
@given(st.one_of(strategic_patches(), json_patches()))
def test_random_patches(case: Case) -> None:
    ours = kustomize.by_postrender(case)
    assume(not (isinstance(ours, str) and any(text in ours for text in CHECKED)))
    assert_same(case, kustomize.by_kustomize(case))
