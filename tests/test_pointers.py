from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postrender.kubeyaml import Opaque, Value
from postrender.pointers import Path, PointerError, escape, get, parse, parse_at, put, to_text

if TYPE_CHECKING:
    from collections.abc import Callable

SERVICE: Value = {
    "kind": "Service",
    "metadata": {
        "name": "web",
        "annotations": {"nginx.org/a": "1", "nginx.org/b": "2", "other": "3", "a*b": "4", "": "5"},
    },
    "spec": {
        "ports": [
            {"name": "http", "port": 8080, "on": True, "meta": {"id": "x", "a.b": "dot"}},
            {"name": "https", "port": 8443, "on": False, "meta": {"id": "y"}},
            {"name": None, "port": 8080.5},
            "text",
        ],
        "modes": ["ReadWriteOnce", "ReadOnlyMany", None, ["x"]],
        "0": "zero",
        "-": "dash",
    },
}

names = st.text(alphabet="ab*?[]\\.~/=-0 C:\n", max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)


def every_path(value: Value, path: Path = ()) -> list[Path]:
    keys: list[str | int] = []
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    return [path, *(found for key in keys for found in every_path(get(value, (key,)), (*path, key)))]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        pytest.param("", [""], id="the root"),
        pytest.param("/kind", ["/kind"], id="a member"),
        pytest.param("/metadata/annotations/nginx.org~1a", 1, id="a slash"),
        pytest.param("/metadata/annotations/", 1, id="an empty name"),
        pytest.param("/spec/ports/1/name", ["/spec/ports/1/name"], id="an index"),
        pytest.param("/spec/0", ["/spec/0"], id="digits as a name"),
        pytest.param("/spec/-", ["/spec/-"], id="a dash as a name"),
        pytest.param("/spec/ports/01", [], id="no leading zeros"),
        pytest.param("/spec/ports/-1", [], id="no negative index"),
        pytest.param("/spec/ports/4", [], id="index past the end"),
        pytest.param("/spec/ports/" + "9" * 5000, [], id="index beyond any list"),
        pytest.param("/spec/ports/-", [], id="nothing after the end"),
        pytest.param("/spec/ports/１", [], id="no digits but ASCII"),
        pytest.param("/kind/0", [], id="not into strings"),
        pytest.param("/spec/ports/*/port", [f"/spec/ports/{n}/port" for n in (0, 1, 2)], id="full matches"),
        pytest.param("/spec/modes/*", [f"/spec/modes/{n}" for n in range(4)], id="every element"),
        pytest.param("/*/name", ["/metadata/name"], id="every member"),
        pytest.param("/metadata/annotations/nginx.org~1*", 2, id="glob"),
        pytest.param("/metadata/annotations/nginx.org~1?", 2, id="one character"),
        pytest.param("/metadata/annotations/NGINX*", [], id="glob minds the case"),
        pytest.param(r"/metadata/annotations/a\*b", ["/metadata/annotations/a*b"], id="a literal star"),
        pytest.param("/spec/ports/**", [], id="globs are for names, not for indexes"),
        pytest.param("/spec/ports/[name=http]", ["/spec/ports/0"], id="by name"),
        pytest.param("/spec/ports/[name=http*]/port", 2, id="by a glob, then on"),
        pytest.param("/spec/ports/[name=*]", 2, id="null is like nothing"),
        pytest.param("/spec/ports/[port=8080]", ["/spec/ports/0"], id="a number as written"),
        pytest.param("/spec/ports/[port=8080.5]", ["/spec/ports/2"], id="a float"),
        pytest.param("/spec/ports/[on=true]", ["/spec/ports/0"], id="true"),
        pytest.param("/spec/ports/[on=false]", ["/spec/ports/1"], id="false"),
        pytest.param("/spec/ports/[on=True]", [], id="not Python's True"),
        pytest.param("/spec/ports/[meta.id=y]", ["/spec/ports/1"], id="further inside"),
        pytest.param(r"/spec/ports/[meta.a\.b=dot]", ["/spec/ports/0"], id="a dot in a name"),
        pytest.param("/spec/ports/[meta.a.b=dot]", [], id="a dot is a step"),
        pytest.param("/spec/ports/[meta=*]", [], id="a mapping is no scalar"),
        pytest.param("/spec/modes/[.=Read*]", ["/spec/modes/0", "/spec/modes/1"], id="the element itself"),
        pytest.param("/spec/[.=zero]", [], id="only list elements are selected"),
        pytest.param("/spec/ports/[name=]", [], id="an empty value matches the empty string"),
    ],
)
def test_places(pattern: str, found: list[str] | int) -> None:
    places = [to_text(path) for path in parse(pattern).places(SERVICE)]
    assert (places if isinstance(found, list) else len(places)) == found


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        pytest.param("", [()], id="the root"),
        pytest.param("/spec/new", [("spec", "new")], id="a new member"),
        pytest.param("/spec/ports/-", [("spec", "ports", "-")], id="the end of a list"),
        pytest.param("/spec/ports/9", [("spec", "ports", 9)], id="an index is an int, whatever the length"),
        pytest.param("/spec/ports/09", [], id="no index"),
        pytest.param("/spec/7", [("spec", "7")], id="digits as a name"),
        pytest.param("/spec/none/x", [], id="no parent"),
        pytest.param("/kind/x", [], id="a string is no parent"),
        pytest.param(
            "/spec/ports/*/x", [("spec", "ports", n, "x") for n in (0, 1, 2)], id="in each that can hold it"
        ),
    ],
)
def test_parents(pattern: str, found: list[Path]) -> None:
    assert parse(pattern).parents(SERVICE) == found


def test_parents_of_a_pattern_that_names_nothing_new() -> None:
    with pytest.raises(PointerError, match="the last segment of /spec/\\* is a pattern"):
        parse("/spec/*").parents(SERVICE)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        pytest.param(r"/a\[0\]", "a[0]", id="brackets"),
        pytest.param(r"/\\*", None, id="a backslash, then a star"),
        pytest.param(r"/C:\Users\x", r"C:\Users\x", id="a backslash before a letter stays"),
        pytest.param("/a\\", "a\\", id="a backslash at the end stays"),
        pytest.param(r"/a\.b", r"a\.b", id="a dot means nothing in a name"),
        pytest.param("/~01", "~1", id="tilde last"),
        pytest.param("/a=b", "a=b", id="equals sign"),
    ],
)
def test_backslash_and_tilde(pattern: str, name: str | None) -> None:
    assert parse(pattern).root == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("spec/x", "pointer spec/x without its / (write /spec/x)", id="no slash"),
        pytest.param("/a~2", "a bare ~ in pointer /a~2 (write ~0 for ~ and ~1 for /)", id="unknown escape"),
        pytest.param("/a~", "a bare ~", id="tilde at the end"),
        pytest.param("/a/[name=x", "a bracket that does not fit", id="open bracket"),
        pytest.param("/a/name=x]", "a bracket that does not fit", id="closing bracket"),
        pytest.param("/a[name=x]", "[name=value] is a segment of its own", id="slash forgotten"),
        pytest.param("/a/[name=x]y", "a bracket that does not fit", id="text after"),
        pytest.param("/a/[b=[c]]", "a bracket that does not fit", id="bracket in bracket"),
        pytest.param("/a/[path=/x]", "with ~1 for /", id="a slash in brackets"),
        pytest.param("/a/[]", "write [name=value]", id="empty"),
        pytest.param("/a/[name]", "write [name=value]", id="no value"),
        pytest.param("/a/[=x]", "write [name=value]", id="no member"),
        pytest.param("/a/[b..c=x]", "write [name=value]", id="an empty step"),
        pytest.param("/a/[n*=x]", "a wildcard before the =", id="wildcard member"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(PointerError) as caught:
        parse(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        pytest.param("/spec/port", ("no member /spec/port", "did you mean ports?"), id="a name nearby"),
        pytest.param("/knd/x", ("no member /knd", "did you mean kind?"), id="the first that is missing"),
        pytest.param("/kind/x", ("no member /kind/x", "/kind is a string"), id="the wrong type"),
        pytest.param(
            "/spec/ports/9", ("no element /spec/ports/9", "/spec/ports has 4 elements"), id="length"
        ),
        pytest.param(
            "/spec/ports/a",
            ("no element /spec/ports/a", "/spec/ports is a list: write an index, * or [name=…]"),
            id="a name in a list",
        ),
        pytest.param(
            "/spec/ports/-",
            ("no element /spec/ports/-", "- is after the last element: only for what is added"),
            id="dash",
        ),
        pytest.param(
            "/spec/ports/[name=htp]/port",
            ("no element /spec/ports/[name=htp]", "there are http, https"),
            id="names of elements",
        ),
        pytest.param(
            "/spec/ports/[port=1]",
            ("no element /spec/ports/[port=1]", "/spec/ports has 4 elements"),
            id="no values",
        ),
        pytest.param(
            "/metadata/x*", ("no member /metadata/x*", "/metadata is a mapping"), id="a glob in a mapping"
        ),
        pytest.param("/spec/0/*/x", ("no member /spec/0/*", "/spec/0 is a string"), id="into a scalar"),
    ],
)
def test_gap(pattern: str, message: tuple[str, str]) -> None:
    assert parse(pattern).gap(SERVICE) == message


@pytest.mark.parametrize(
    ("pattern", "root", "last", "stem"),
    [
        ("", None, None, ("", ())),
        ("/spec", "spec", "spec", ("", ("spec",))),
        ("/metadata/annotations/a~1b", "metadata", "a/b", ("", ("metadata", "annotations", "a/b"))),
        ("/*/x/y", None, "y", ("/*", ("x", "y"))),
        ("/a/[b=c]/-", "a", "-", ("/a/[b=c]", ("-",))),
        ("/a/b*", "a", None, ("/a/b*", ())),
    ],
)
def test_parts_of_a_pattern(
    pattern: str, root: str | None, last: str | None, stem: tuple[str, tuple[str, ...]]
) -> None:
    parsed = parse(pattern)
    start, plain = parsed.stem()
    assert (parsed.root, parsed.last, (start.text, plain)) == (root, last, stem)


def test_patterns_are_equal_by_their_text() -> None:
    assert {parse("/spec/tls"): "secretName"}[parse("/spec/tls")] == "secretName"


def pod(**lists: Value) -> dict[str, Value]:
    return {"metadata": {"labels": {}}, "spec": {**lists}}


TEMPLATE = pod(containers=[{"name": "web", "env": [1]}, {"name": "log"}], initContainers=[{"name": "web"}])


@pytest.mark.parametrize(
    ("at", "resource", "found"),
    [
        pytest.param(
            "podTemplate",
            {"kind": "Deployment", "spec": {"template": TEMPLATE}},
            ["/spec/template"],
            id="word",
        ),
        pytest.param("podTemplate", {"kind": "Pod", **TEMPLATE}, [""], id="a Pod is its own"),
        pytest.param(
            "podTemplate/spec",
            {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": TEMPLATE}}}},
            ["/spec/jobTemplate/spec/template/spec"],
            id="of a CronJob",
        ),
        pytest.param(
            "podTemplate", {"kind": "Service", "spec": {"template": TEMPLATE}}, [], id="other kinds"
        ),
        pytest.param("podTemplate", {"kind": "Job", "spec": {}}, [], id="no template"),
        pytest.param(
            "containers",
            {"kind": "Pod", **TEMPLATE},
            ["/spec/initContainers/0", "/spec/containers/0", "/spec/containers/1"],
            id="each container",
        ),
        pytest.param(
            "containers/[name=web]",
            {"kind": "Rollout", "spec": {"template": TEMPLATE}},
            ["/spec/template/spec/initContainers/0", "/spec/template/spec/containers/0"],
            id="by name, in all lists",
        ),
        pytest.param(
            "containers/*/env", {"kind": "Pod", **TEMPLATE}, ["/spec/containers/0/env"], id="inside of them"
        ),
        pytest.param("containers", {"kind": ["Pod"], **TEMPLATE}, [], id="a kind that is none"),
        pytest.param("containers", ["Pod"], [], id="no resource"),
        pytest.param("/metadata/*", {"kind": "Pod", **TEMPLATE}, ["/metadata/labels"], id="a pattern"),
        pytest.param("", {"kind": "Pod"}, [""], id="the root"),
    ],
)
def test_at(at: str, resource: Value, found: list[str]) -> None:
    assert [to_text(path) for path in parse_at(at).places(resource)] == found


@pytest.mark.parametrize(
    ("at", "root"),
    [
        ("", None),
        ("/spec/ports/*", "spec"),
        ("containers", "spec"),
        ("containers/[name=x]", "spec"),
        ("podTemplate", None),
        ("podTemplate/spec/nodeSelector", "spec"),
        ("podTemplate/metadata", None),  # in a Pod the metadata, elsewhere the spec
    ],
)
def test_at_root(at: str, root: str | None) -> None:
    assert parse_at(at).root == root


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ("podTemplates/spec", "did you mean podTemplate?"),
        ("spec/x", "spec/x does not start with / or a known word"),
        ("containers/0", "containers/0 does not select containers (write containers/[name=…]/…"),
        ("containers/name", "does not select containers"),
        ("/a/[", "a bracket that does not fit"),
    ],
)
def test_at_refused(at: str, message: str) -> None:
    with pytest.raises(PointerError) as caught:
        parse_at(at)
    assert message in str(caught.value)


def test_opaque_members_are_atoms() -> None:
    resource: Any = {"kind": "Pod", "spec": Opaque(0, 0), "metadata": {"name": "x"}}
    assert parse("/*/name").places(resource) == [("metadata", "name")]
    assert parse_at("containers").places(resource) == []


@pytest.mark.parametrize(
    ("call", "error"),
    [
        pytest.param(lambda: get({"a": 1}, ("b",)), KeyError, id="no member"),
        pytest.param(lambda: get([1], (1,)), IndexError, id="no element"),
        pytest.param(lambda: get("text", (0,)), TypeError, id="a string has no elements"),
        pytest.param(lambda: get(None, ("a",)), TypeError, id="null has no members"),
        pytest.param(lambda: put({"a": [1]}, ("a", 1), 2), IndexError, id="put is for what exists"),
    ],
)
def test_no_such_place(call: Callable[[], Value], error: type[Exception]) -> None:
    with pytest.raises(error):
        call()


def test_put_shares_the_rest() -> None:
    old: Any = {"a": {"b": [1, {"c": 2}]}, "d": {"e": 3}}
    new: Any = put(old, ("a", "b", 0), 9)
    assert new == {"a": {"b": [9, {"c": 2}]}, "d": {"e": 3}}
    assert old["a"]["b"][0] == 1
    assert new["d"] is old["d"]
    assert new["a"]["b"][1] is old["a"]["b"][1]
    assert put(old, ("d",), old["d"]) is old


@given(values)
def test_a_pointer_finds_just_its_place(value: Value) -> None:
    for path in every_path(value):
        pattern = "".join("/" + (str(key) if isinstance(key, int) else escape(key)) for key in path)
        assert parse(pattern).places(value) == [path]


@given(st.lists(names), names)
def test_escape_in_brackets(elements: list[str], wanted: str) -> None:
    found = parse(f"/[.={escape(wanted)}]").places(list(elements))
    assert found == [(index,) for index, element in enumerate(elements) if element == wanted]


@given(names)
def test_only_our_error_leaves_parse(text: str) -> None:
    for read in (parse, parse_at):
        with contextlib.suppress(PointerError):
            read(text)
