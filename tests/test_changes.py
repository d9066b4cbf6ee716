"""Changes: what is told of an edit, and that secrets are not."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postrender.changes import Change, Digest, Secrets, changes
from postrender.documents import Identity
from postrender.edits import ABSENT, Edit
from postrender.kubeyaml import Opaque, equal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postrender.kubeyaml import Value

WEB = Identity("apps", "v1", "Deployment", "", "web")
SECRET = Identity("", "v1", "Secret", "", "web")
OPEN = Secrets(b"key")


def change(
    before: Any, after: Any, resource: Identity = WEB, secrets: Secrets = OPEN
) -> list[tuple[str, Any, Any]]:
    found = changes([Edit(resource, before, after, "web", "1")], secrets)
    return [(each.pointer, each.before, each.after) for each in found]


CONTAINERS: Any = [{"name": "web", "image": "web:1"}, {"name": "log", "image": "log:1"}]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param({"a": 1}, {"a": 1}, [], id="the same"),
        pytest.param({"a": 1}, {"a": 1.0}, [], id="the same number"),
        pytest.param({"a": 1}, {"a": True}, [("/a", 1, True)], id="1 is not true"),
        pytest.param({"a": 0.0}, {"a": False}, [("/a", 0.0, False)], id="0.0 is not false"),
        pytest.param({"a": [1]}, {"a": [True]}, [("/a/0", 1, True)], id="1 is not true in a list"),
        pytest.param({"a": 1}, {"a": "1"}, [("/a", 1, "1")], id="1 is not a string"),
        pytest.param({"a": None}, {}, [("/a", None, ABSENT)], id="null is not absent"),
        pytest.param({"a": 2**63}, {"a": 2**63 + 1}, [("/a", 2**63, 2**63 + 1)], id="every digit counts"),
        pytest.param({}, {"a": {"b": 1}}, [("/a", ABSENT, {"b": 1})], id="added"),
        pytest.param({"a": {"b": 1}}, {}, [("/a", {"b": 1}, ABSENT)], id="removed"),
        pytest.param({"a": {"b": 1}}, {"a": {}}, [("/a/b", 1, ABSENT)], id="emptied"),
        pytest.param({"a": [1]}, {"a": {}}, [("/a", [1], {})], id="a mapping for a list"),
        pytest.param({"a": []}, {"a": {}}, [("/a", [], {})], id="both empty"),
        pytest.param({"a": "x"}, {"a": ["x"]}, [("/a", "x", ["x"])], id="a list for a scalar"),
        pytest.param(
            {"a": {"x": 1, "y": 2}},
            {"a": {"z": 3}},
            [("/a/x", 1, ABSENT), ("/a/y", 2, ABSENT), ("/a/z", ABSENT, 3)],
            id="no member in common",
        ),
        pytest.param(
            {"metadata": {"annotations": {"a/b": "x", "c~d": "x"}}},
            {"metadata": {"annotations": {"a/b": "y", "c~d": "y"}}},
            [("/metadata/annotations/a~1b", "x", "y"), ("/metadata/annotations/c~0d", "x", "y")],
            id="escaped",
        ),
        pytest.param(
            {"__a": {"x['y']": 1}, '"': 1, "'": 1},
            {"__a": {"x['y']": 2}, '"': 2, "'": 2},
            [('/"', 1, 2), ("/'", 1, 2), ("/__a/x['y']", 1, 2)],
            id="odd names",
        ),
        pytest.param({"a": "x\n" * 3}, {"a": "y\n" * 3}, [("/a", "x\n" * 3, "y\n" * 3)], id="a text"),
        pytest.param(
            {"c": CONTAINERS},
            {"c": [{"name": "new", "image": "n"}, *CONTAINERS]},
            [("/c/0", ABSENT, {"name": "new", "image": "n"})],
            id="one more at the front",
        ),
        pytest.param(
            {"c": CONTAINERS}, {"c": CONTAINERS[1:]}, [("/c/0", CONTAINERS[0], ABSENT)], id="one less"
        ),
        pytest.param(
            {"c": CONTAINERS},
            {"c": [CONTAINERS[0], {"name": "log", "image": "log:2"}]},
            [("/c/1/image", "log:1", "log:2")],
            id="inside an element",
        ),
        pytest.param(
            {"c": CONTAINERS},
            {"c": [{"name": "log", "image": "log:2"}]},
            [("/c/0", CONTAINERS[0], ABSENT), ("/c/0/image", "log:1", "log:2")],
            id="the place after",
        ),
        pytest.param(
            {"c": [*CONTAINERS, {"name": "x", "env": [{"name": "A"}, {"name": "B"}]}]},
            {"c": [{"name": "x", "env": [{"name": "B"}]}]},
            [
                ("/c/0", CONTAINERS[0], ABSENT),
                ("/c/1", CONTAINERS[1], ABSENT),
                ("/c/2/env/0", {"name": "A"}, ABSENT),
            ],
            id="what was removed is told by its place before",
        ),
        pytest.param(
            {"c": CONTAINERS},
            {"c": CONTAINERS[::-1]},
            [("/c", CONTAINERS, CONTAINERS[::-1])],
            id="another order",
        ),
        pytest.param(
            {"p": [{"port": 53, "protocol": "UDP"}, {"port": 53}]},
            {"p": [{"port": 53, "protocol": "UDP"}, {"port": 80}, {"port": 53, "x": 1}]},
            [("/p/1", ABSENT, {"port": 80}), ("/p/2/x", ABSENT, 1)],
            id="port and protocol",
        ),
        pytest.param(
            {"p": [{"name": "http", "port": 80}]},
            {"p": [{"name": "web", "port": 80}]},
            [("/p/0/name", "http", "web")],
            id="known by what did not change: port",
        ),
        pytest.param(
            {"p": [{"name": "http", "port": 80}]},
            {"p": [{"name": "http", "port": 8080}]},
            [("/p/0/port", 80, 8080)],
            id="known by what did not change: name",
        ),
        pytest.param(
            {"m": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]},
            {"m": [{"name": "v", "mountPath": "/b"}]},
            [("/m/0", {"name": "v", "mountPath": "/a"}, ABSENT)],
            id="mountPath",
        ),
        pytest.param(
            {"a": ["x", "y"]}, {"a": ["w", "x", "y"]}, [("/a/0", ABSENT, "w")], id="scalar at the front"
        ),
        pytest.param({"a": ["x", "y"]}, {"a": ["x", "z"]}, [("/a/1", "y", "z")], id="scalar changed"),
        pytest.param({"a": ["x", "x"]}, {"a": ["x"]}, [("/a/1", "x", ABSENT)], id="scalar twice"),
        pytest.param(
            {"a": ["x", "y"]}, {"a": ["y", "x"]}, [("/a", ["x", "y"], ["y", "x"])], id="scalars' order"
        ),
        pytest.param({"a": []}, {"a": [1]}, [("/a/0", ABSENT, 1)], id="first element"),
        pytest.param(
            {"a": [{"x": 1}, {"x": 1}]},
            {"a": [{"y": 2}, {"x": 1}, {"x": 3}]},
            [("/a/0", ABSENT, {"y": 2}), ("/a/2/x", 1, 3)],
            id="nameless elements",
        ),
        pytest.param({"a": [[1, 2], [3]]}, {"a": [[1, 2], [4]]}, [("/a/1/0", 3, 4)], id="lists in a list"),
        pytest.param(
            {"a": ["x", "y", "z", [1, 2]]},
            {"a": ["z", [1, 3]]},
            [("/a/0", "x", ABSENT), ("/a/1", "y", ABSENT), ("/a/1/1", 2, 3)],
            id="a place before and a place in it after",
        ),
        pytest.param(ABSENT, {"a": 1}, [("", ABSENT, {"a": 1})], id="resource added"),
        pytest.param({"a": 1}, ABSENT, [("", {"a": 1}, ABSENT)], id="resource removed"),
    ],
)
def test_changes(before: Any, after: Any, told: list[tuple[str, Any, Any]]) -> None:
    saved = deepcopy((before, after))
    found = change(before, after)
    assert found == told
    assert [tuple(map(repr, each)) for each in found] == [tuple(map(repr, each)) for each in told]
    assert (before, after) == saved


def test_a_change_knows_what_made_it() -> None:
    edits = [
        Edit(WEB, {"a": 1}, {"a": 2}, "web", "first"),
        Edit(WEB, {"a": 2}, {"a": 1}, "web", "2", hook=True),
    ]
    assert changes(edits, OPEN) == (
        Change(WEB, "/a", 1, 2, "web", "first"),
        Change(WEB, "/a", 2, 1, "web", "2", hook=True),
    )


def test_absent_says_so() -> None:
    assert repr(ABSENT) == "absent"


def test_what_was_not_read_is_no_change_and_not_shown() -> None:
    unread: Any = Opaque(0, 9)
    assert change({"spec": unread, "a": 1}, {"spec": unread, "a": 2}) == [("/a", 1, 2)]
    assert change({"spec": unread, "a": 1}, ABSENT) == [("", {"a": 1}, ABSENT)]


def test_as_deep_as_yaml_may_be() -> None:
    before: Any = 1
    after: Any = 2
    for _ in range(200):
        before, after = {"a": before}, {"a": after}
    assert change(before, after) == [("/a" * 200, 1, 2)]


def test_many_edits_of_services_are_quick() -> None:
    service: Any = {
        "spec": {"type": "ClusterIP", "ports": [{"name": "http", "port": 80}] * 3},
        "data": {"x": "y" * 99},
    }
    edits = [
        Edit(WEB, service, {**service, "spec": {**service["spec"], "type": "NodePort"}}, "web", "1")
        for _ in range(2000)
    ]
    changes(edits[:1], OPEN)
    started = time.process_time()
    assert len(changes(edits, OPEN)) == 2000
    assert time.process_time() - started < 1


def test_deepdiff_is_imported_when_something_is_compared() -> None:
    program = """
import sys
from postrender.changes import *
from postrender.documents import Identity
edit = Edit(Identity("", "v1", "Secret", "", "x"), ABSENT, {"data": {}}, "a", "1")
changes([edit], Secrets(b""))
sys.exit("deepdiff" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# --- what is told leads from before to after -----------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "b", "1", 1.5, "x\ny"])
names = st.sampled_from(["a", "b", "name", "port", "~/", "0"])


def grown(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.lists(
        st.tuples(st.sampled_from("abcd"), st.dictionaries(names, children, max_size=2)),
        max_size=4,
        unique_by=lambda pair: pair[0],
    ).map(lambda pairs: [{**members, "name": name} for name, members in pairs])
    return st.dictionaries(names, children, max_size=4) | st.lists(children, max_size=4) | named


values = st.recursive(scalars, grown, max_leaves=12)


def steps(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def applied(value: Any, told: Sequence[Change]) -> Any:
    """`value` after the changes: removals by the places before, last first; then the rest by those after."""
    root = {"root": deepcopy(value)}

    def at(pointer: str) -> tuple[Any, Any]:
        parent: Any = root
        *path, last = ["root", *steps(pointer)]
        for part in path:
            parent = parent[int(part) if isinstance(parent, list) else part]
        return parent, int(last) if isinstance(parent, list) else last

    for each in reversed(told):
        if each.after is ABSENT:
            parent, key = at(each.pointer)
            assert repr(parent[key]) == repr(each.before)
            del parent[key]
    for each in told:
        if each.after is ABSENT:
            continue
        parent, key = at(each.pointer)
        if each.before is ABSENT and isinstance(parent, list):
            parent.insert(key, each.after)
        else:
            assert each.before is ABSENT or repr(parent[key]) == repr(each.before)
            parent[key] = each.after
    return root["root"]


@settings(max_examples=300, deadline=None)
@given(before=st.dictionaries(names, values), after=st.dictionaries(names, values))
def test_the_changes_make_after_of_before(before: Any, after: Any) -> None:
    told = changes([Edit(WEB, before, after, "web", "1")], OPEN)
    assert equal(applied(before, told), after)
    assert bool(told) is not equal(before, after)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), before=st.lists(values, min_size=1, max_size=5))
def test_the_changes_make_after_of_before_in_a_list(data: st.DataObject, before: Any) -> None:
    after = data.draw(st.permutations(before + data.draw(st.lists(values, max_size=2))))
    after = after[: data.draw(st.integers(0, len(after)))]
    told = changes([Edit(WEB, {"a": before}, {"a": after}, "web", "1")], OPEN)
    assert equal(applied({"a": before}, told), {"a": after})


# --- secrets -------------------------------------------------------------------------------------------

PLANTED = "correct-horse"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def is_digest(value: object) -> bool:
    return isinstance(value, Digest) and value.startswith("secret ")


def test_values_of_a_secret_are_digests_that_tell_equal_from_different() -> None:
    before = {"data": {"a": "eA==", "b": "eA==", "c": "eQ=="}, "stringData": {"n": 1, "gone": None}}
    after: Any = {"data": {"a": "eQ==", "b": "eQ==", "c": "eA=="}, "stringData": {"n": "1"}, "type": "Opaque"}
    a, b, c, gone, n, kind = change(before, after, SECRET)
    assert a[1:] == b[1:] == c[:0:-1]
    assert all(map(is_digest, (*a[1:], *n[1:])))
    assert a[1] != a[2]
    assert n[1] != n[2]
    assert gone == ("/stringData/gone", None, ABSENT)
    assert kind == ("/type", ABSENT, "Opaque")


def test_digests_depend_on_the_key() -> None:
    one, other = (change({"data": {"a": "x"}}, ABSENT, SECRET, Secrets(key)) for key in (b"1", b"2" * 99))
    assert one != other
    assert one == change({"data": {"a": "x"}}, ABSENT, SECRET, Secrets(b"1"))


@pytest.mark.parametrize("side", [0, 1])
def test_of_a_whole_secret_only_the_values_are_hidden(side: int) -> None:
    whole: Any = {
        "kind": "Secret",
        "metadata": {
            "name": "db",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": PLANTED},
        },
        "data": {"password": PLANTED},
        "stringData": {"list": [PLANTED, {"deep": PLANTED}]},
    }
    before, after = (ABSENT, whole) if side else (whole, ABSENT)
    ((pointer, *shown),) = change(before, after, SECRET)
    assert pointer == ""
    assert PLANTED not in repr(shown)
    assert shown[side]["metadata"]["name"] == "db"
    assert is_digest(shown[side]["data"]["password"])
    assert is_digest(shown[side]["stringData"]["list"][1]["deep"])


HIDDEN = [
    pytest.param(PLANTED, id="plain"),
    pytest.param(f"jdbc://u:{PLANTED}@db", id="inside"),
    pytest.param(f"# a\npassword = {PLANTED}\n", id="inside a text"),
    pytest.param(encoded(PLANTED), id="base64"),
    pytest.param(encoded(f"u:{PLANTED}"), id="inside what is in base64"),
    pytest.param(f"Basic {encoded(f'u:{PLANTED}')}", id="base64 inside"),
    pytest.param(encoded(f'{{"auth": "{encoded(f"u:{PLANTED}")}"}}'), id="base64 twice"),
    pytest.param(base64.encodebytes((f"{'?' * 70}{PLANTED}" * 2).encode()).decode(), id="base64 in lines"),
    pytest.param(base64.urlsafe_b64encode(f"???>>>{PLANTED}".encode()).decode(), id="base64 for URLs"),
    pytest.param(encoded(f"\x00\x01{PLANTED}"), id="binary"),
]


@pytest.mark.parametrize("text", HIDDEN)
def test_what_contains_a_secret_is_hidden_anywhere(text: str) -> None:
    secrets = Secrets(b"key", frozenset({PLANTED, ""}))
    before: Any = {
        "args": ["a", "b"],
        "env": [{"name": "A", "value": text}],
        "gone": {"x": [text]},
        "open": "1",
    }
    after: Any = {"args": ["a", "b", text], "env": [{"name": "A", "value": "c"}], "open": "2"}
    added, value, gone, plain = change(before, after, WEB, secrets)
    assert is_digest(added[2])
    assert value[1] == added[2]
    assert gone[1] == {"x": [added[2]]}
    assert plain == ("/open", "1", "2")


def test_secrets_of_few_characters_and_numbers() -> None:
    secrets = Secrets(b"key", frozenset({"70", "true"}))
    ((_, before, after),) = change({"a": 5700}, {"a": 58}, WEB, secrets)
    assert is_digest(before)
    assert after == 58
    ((_, before, after),) = change({"a": True}, {"a": False}, WEB, secrets)
    assert is_digest(before)
    assert after is False


def test_what_a_patch_copied_within_a_secret_is_hidden() -> None:
    before: Any = {"data": {"password": encoded(PLANTED)}, "metadata": {}}
    ((_, _, after),) = change(before, {**before, "metadata": {"copied": encoded(PLANTED)}}, SECRET)
    assert is_digest(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            {"apiVersion": "v1", "kind": "Secret", "data": {"a": PLANTED}},
            {"kind": "ConfigMap", "data": {"a": "b"}},
        ),
        (
            {"kind": "ConfigMap", "data": {"a": "b"}},
            {"apiVersion": "v1", "kind": "Secret", "data": {"a": PLANTED}},
        ),
    ],
    ids=["was one", "became one"],
)
def test_a_secret_on_either_side(before: Value, after: Value) -> None:
    found = change(before, after, Identity("", "v1", "ConfigMap", "", "x"))
    assert PLANTED not in repr(found)
    assert "secret " in repr(found)


def test_a_kind_of_that_name_in_another_group_is_no_secret() -> None:
    other = Identity("example.org", "v1", "Secret", "", "x")
    assert change({"data": {"a": "1"}}, {"data": {"a": "2"}}, other) == [("/data/a", "1", "2")]


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(),
    before=st.dictionaries(names, values),
    after=st.dictionaries(names, values),
    secret=st.text("abcÄ $\n", min_size=6),
)
def test_no_planted_value_is_shown(data: st.DataObject, before: Any, after: Any, secret: str) -> None:
    planted = st.sampled_from([secret, f"a{secret}b", [secret], {"value": secret}, encoded(secret)])
    before, after = (
        {
            **side,
            "planted": data.draw(planted),
            "data": data.draw(planted),
            "list": data.draw(st.lists(planted)),
        }
        for side in (before, after)
    )
    resource = data.draw(st.sampled_from([WEB, SECRET]))
    shown = repr(change(before, after, resource, Secrets(b"key", frozenset({secret}))))
    assert repr(secret)[1:-1] not in shown
    assert encoded(secret) not in shown
