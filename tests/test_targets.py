"""Targets: which resources a patch is for, selectors, and what a hint says is near."""

from __future__ import annotations

from typing import Any

import pytest

from postrender import pointers
from postrender.documents import Identity
from postrender.errors import PatchError
from postrender.targets import Conditions, Target, is_hook, nearest, parse_selector, regex

WEB = Identity("", "v1", "Service", "xnat", "xnat-web")
DATABASE = Identity("", "v1", "Service", "", "xnat-postgresql")
INGRESS = Identity("networking.k8s.io", "v1beta1", "Ingress", "xnat", "xnat-web")
SERVICE: Any = {
    "metadata": {
        "labels": {"app": "web", "tier": "", "track": None},
        "annotations": {"example.org/owner": "us"},
    },
    "spec": {
        "type": "LoadBalancer",
        "clusterIP": None,
        "ports": [{"name": "http", "port": 80}, {"name": "https", "port": 443}],
        "publishNotReadyAddresses": True,
    },
}


def target(
    *,
    labels: str | None = None,
    annotations: str | None = None,
    where: dict[str, str] | None = None,
    unless: dict[str, str] | None = None,
    hooks: str = "include",
    **patterns: str,
) -> Target:
    return Target(
        **{name: regex(text) for name, text in patterns.items()},
        labels=None if labels is None else parse_selector(labels),
        annotations=None if annotations is None else parse_selector(annotations),
        where=conditions(where),
        unless=conditions(unless),
        hooks=hooks,
    )


def conditions(given: dict[str, str] | None) -> Conditions:
    return tuple((pointers.parse(pointer), regex(text)) for pointer, text in (given or {}).items())


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        pytest.param({}, True, id="nothing asked"),
        pytest.param({"kind": "Service"}, True, id="kind"),
        pytest.param({"kind": "Serv"}, False, id="anchored at the end"),
        pytest.param({"kind": "ervice"}, False, id="anchored at the start"),
        pytest.param({"kind": "service"}, False, id="case counts"),
        pytest.param({"kind": "Ingress|Service"}, True, id="alternatives are anchored together"),
        pytest.param({"kind": "Serv|x"}, False, id="no alternative is a prefix"),
        pytest.param({"name": "xnat-.*"}, True, id="name as expression"),
        pytest.param({"name": "xnat-web\n?"}, True, id="to the very end"),
        pytest.param({"version": "v1", "group": ""}, True, id="core group"),
        pytest.param({"group": "apps"}, False, id="other group"),
        pytest.param({"version": "v2"}, False, id="other version"),
        pytest.param({"namespace": "xnat"}, True, id="namespace"),
        pytest.param({"namespace": "default"}, False, id="other namespace"),
        pytest.param({"kind": "Service", "name": "xnat-db"}, False, id="all must hold"),
    ],
)
def test_names(asked: dict[str, Any], named: bool) -> None:
    assert target(**asked).names(WEB, None) is named


@pytest.mark.parametrize(
    ("namespace", "release", "named"),
    [
        pytest.param("xnat", "xnat", True, id="the release's"),
        pytest.param("other", "xnat", False, id="not the release's"),
        pytest.param("", None, True, id="unknown is empty"),
        pytest.param("default", None, False, id="unknown is not default"),
        pytest.param("xnat", None, False, id="unknown is no other"),
    ],
)
def test_a_resource_without_namespace_is_in_that_of_the_release(
    namespace: str, release: str | None, named: bool
) -> None:
    assert target(namespace=namespace).names(DATABASE, release) is named
    assert not target(namespace=namespace + "-").names(WEB, release)


@pytest.mark.parametrize(
    ("asked", "holds"),
    [
        pytest.param({}, True, id="nothing asked"),
        pytest.param({"labels": "app=web"}, True, id="label"),
        pytest.param({"labels": "app=db"}, False, id="other label"),
        pytest.param({"labels": "track"}, False, id="a null label is none"),
        pytest.param({"annotations": "example.org/owner in (us,them)"}, True, id="annotation"),
        pytest.param({"annotations": "app"}, False, id="a label is no annotation"),
        pytest.param({"where": {"/spec/type": "LoadBalancer|NodePort"}}, True, id="where"),
        pytest.param({"where": {"/spec/type": "Load"}}, False, id="where is anchored"),
        pytest.param({"where": {"/spec/ports/*/port": "443"}}, True, id="one place is enough"),
        pytest.param({"where": {"/spec/ports/*/port": "8.*"}}, True, id="a number as written"),
        pytest.param({"where": {"/spec/publishNotReadyAddresses": "true"}}, True, id="a boolean as written"),
        pytest.param({"where": {"/spec/clusterIP": ".*"}}, False, id="null is absent"),
        pytest.param({"where": {"/spec/ports": ".*"}}, False, id="a list is no scalar"),
        pytest.param({"where": {"/spec/none": ".*"}}, False, id="absent"),
        pytest.param({"where": {"/spec/type": ".*", "/spec/none": ".*"}}, False, id="every where"),
        pytest.param({"unless": {"/spec/type": "ClusterIP"}}, True, id="unless"),
        pytest.param({"unless": {"/spec/ports/*/port": "443"}}, False, id="unless one place is so"),
        pytest.param({"unless": {"/spec/none": ".*"}}, True, id="unless absent"),
        pytest.param({"unless": {"/spec/a": ".*", "/spec/type": ".*"}}, False, id="not any unless"),
        pytest.param({"hooks": "exclude"}, True, id="hooks: exclude"),
        pytest.param({"hooks": "only"}, False, id="hooks: only"),
    ],
)
def test_holds(asked: dict[str, Any], holds: bool) -> None:
    assert target(**asked).holds(SERVICE) is holds


@pytest.mark.parametrize("hooks", ["include", "exclude", "only"])
def test_hooks(hooks: str) -> None:
    hook: Any = {"metadata": {"annotations": {"helm.sh/hook": "pre-install"}}}
    assert is_hook(hook)
    assert target(hooks=hooks).holds(hook) is (hooks != "exclude")


@pytest.mark.parametrize("data", [None, "x", {}, {"metadata": None}, {"metadata": {"annotations": None}}])
def test_odd_data_are_no_hook_and_have_no_labels(data: Any) -> None:
    assert not is_hook(data)
    assert not target(labels="a").holds(data)
    assert target(labels="!a").holds(data)


@pytest.mark.parametrize(
    ("asked", "roots"),
    [
        pytest.param({}, set(), id="identity only"),
        pytest.param({"kind": "Service"}, set(), id="kind"),
        pytest.param({"labels": "a"}, {"metadata"}, id="labels"),
        pytest.param({"annotations": "a"}, {"metadata"}, id="annotations"),
        pytest.param({"hooks": "exclude"}, {"metadata"}, id="hooks"),
        pytest.param(
            {"where": {"/spec/x": ""}, "unless": {"/data/y": ""}}, {"spec", "data"}, id="conditions"
        ),
        pytest.param({"where": {"/*/x": ""}}, None, id="a pattern at the root"),
        pytest.param({"where": {"": ""}, "labels": "a"}, None, id="the root itself"),
    ],
)
def test_roots(asked: dict[str, Any], roots: set[str] | None) -> None:
    assert target(**asked).roots == roots


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        pytest.param("(", "missing ), unterminated subpattern, at character 1", id="bracket"),
        pytest.param("a(?P<hunter2", "missing", id="the expression is not shown"),
        pytest.param("(?P=hunter2)", "unknown group name, at character 5", id="nor its names"),
        pytest.param(
            "[[:alnum:]]+", r"[[:class:]] and nested sets are not known: write \w, a-z, …", id="POSIX"
        ),
        pytest.param("a{99999999999999999999}", "it is too large", id="large"),
    ],
)
def test_bad_regular_expression(text: str, hint: str) -> None:
    with pytest.raises(PatchError, match=r"^a bad regular expression") as caught:
        regex(text)
    assert caught.value.hint.startswith(hint)
    assert "hunter2" not in str(caught.value)
    assert not caught.value.place


MEMBERS: dict[str, Any] = {"app": "web", "empty": "", "in": "x", "a.b/c": "1.0", "number": 8080, "null": None}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        pytest.param("", True, id="empty"),
        pytest.param("  ", True, id="blank"),
        pytest.param("app=web", True, id="="),
        pytest.param("app==web", True, id="=="),
        pytest.param(" app = web ", True, id="blanks"),
        pytest.param("app=db", False, id="= other"),
        pytest.param("none=web", False, id="= absent"),
        pytest.param("app!=db", True, id="!="),
        pytest.param("app!=web", False, id="!= same"),
        pytest.param("none!=web", True, id="!= absent"),
        pytest.param("empty=", True, id="= empty"),
        pytest.param("app!=", True, id="!= empty"),
        pytest.param("app in (db, web)", True, id="in"),
        pytest.param("app in (db)", False, id="in others"),
        pytest.param("app in(web)", True, id="in without blank"),
        pytest.param("empty in (a,)", True, id="in with the empty value"),
        pytest.param("empty in (,)", True, id="in with nothing but that"),
        pytest.param("app notin (db)", True, id="notin"),
        pytest.param("app notin (db,web)", False, id="notin same"),
        pytest.param("none notin (db)", True, id="notin absent"),
        pytest.param("app", True, id="exists"),
        pytest.param("none", False, id="exists not"),
        pytest.param("!none", True, id="!"),
        pytest.param("! app", False, id="! present"),
        pytest.param("app=web,!none,empty", True, id="all"),
        pytest.param("app=web,none", False, id="all but one"),
        pytest.param("in", True, id="a key called in"),
        pytest.param("in in (x)", True, id="in in"),
        pytest.param("app in (in,web)", True, id="a value called in"),
        pytest.param("a.b/c=1.0", True, id="prefixed key"),
        pytest.param("number=8080", True, id="a number as written"),
        pytest.param("null", False, id="null is absent"),
    ],
)
def test_selector(text: str, holds: bool) -> None:
    assert parse_selector(text).holds(MEMBERS) is holds


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("=web", "= is no key"),
        ("!", "nothing is no key"),
        ("!!a", "! is no key"),
        ("a,", "it ends in a comma"),
        (",a", ", is no key"),
        ("a,,b", ", is no key"),
        ("a b", "b is none of = == != in notin"),
        ("a=b c", "a comma and one more requirement belong there"),
        ("!a=b", "a comma and one more requirement belong there"),
        ("a>1", "> is none of"),
        ("a=!b", "! is no value"),
        ("a===b", "= is no value"),
        ("a=(b)", "( is no value"),
        ("a=/b", "/b is no value of a label: a pointer and a regular expression in `where` take any"),
        ("a=-b", "-b is no value"),
        ("a=" + "b" * 64, "b"),
        ("a in b", "values belong in brackets"),
        ("a in ()", "no values in the brackets"),
        ("a in (b", "a closing bracket is missing"),
        ("a in (b c)", "a closing bracket is missing"),
        ("a/b/c=d", "a/b/c is no key"),
        ("Example.org/a", "Example.org/a is no key"),
        ("-a", "-a is no key"),
        ("a" * 64, "a"),
        ("a" * 254 + "/b", "a"),
        ("/b", "/b is no key"),
        ("a/", "a/ is no key"),
        ("ä=b", "ä is no key"),
    ],
)
def test_bad_selector(text: str, hint: str) -> None:
    with pytest.raises(PatchError) as caught:
        parse_selector(text)
    assert caught.value.what == f"a bad selector {text}"
    assert caught.value.hint.startswith(hint)
    assert not caught.value.place


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        pytest.param({}, "resource", id="anything"),
        pytest.param({"kind": "Service"}, "Service", id="kind"),
        pytest.param({"kind": "Service", "name": r"xnat\-web"}, "Service `xnat-web`", id="literal name"),
        pytest.param({"name": r"web\d"}, r"resource `web\d`", id="expression"),
    ],
)
def test_str(asked: dict[str, Any], text: str) -> None:
    assert str(target(**asked)) == text


MANY = tuple(Identity("", "v1", "ConfigMap", "", f"config-{number}") for number in range(10, 18))


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        pytest.param(
            {"kind": "Service", "name": "xnat-wep"}, "there are xnat-web, xnat-postgresql", id="nearest name"
        ),
        pytest.param(
            {"kind": "Service", "name": r"xnat\-postgres"},
            "there are xnat-postgresql, xnat-web",
            id="literal",
        ),
        pytest.param({"kind": "Ingress", "name": "x"}, "there is xnat-web", id="the only name"),
        pytest.param(
            {"kind": "Service|Ingress", "name": "xnat-weg"},
            "there are Ingress xnat-web, Service xnat-web, Service xnat-postgresql",
            id="several kinds",
        ),
        pytest.param(
            {"kind": "ConfigMap", "name": "config-17x"},
            "there are config-17, config-10, config-11, config-12, config-13, and 3 more",
            id="five of many",
        ),
        pytest.param(
            {"kind": "ingres", "name": "xnat-web"},
            "there are Ingress, ConfigMap, Service",
            id="nearest kind",
        ),
        pytest.param(
            {"kind": "Ingress", "version": "v1", "name": "xnat-web"},
            "there is one of networking.k8s.io/v1beta1",
            id="other version",
        ),
        pytest.param({"kind": "Service", "group": "apps"}, "there is one of v1", id="other group"),
        pytest.param(
            {"kind": "Service", "name": "xnat-web", "namespace": "web"},
            "there is one in namespace `xnat`",
            id="other namespace",
        ),
        pytest.param(
            {"kind": "Service", "namespace": "web"},
            "there is one in namespace `xnat`, one without a namespace",
            id="other namespaces",
        ),
        pytest.param(
            {"kind": "Ingress", "version": "v1", "namespace": "web"},
            "there is one of networking.k8s.io/v1beta1 in namespace `xnat`",
            id="other version and namespace",
        ),
        pytest.param(
            {"kind": "Ingress", "labels": "a"},
            "there is 1 of that kind and name, but not as `labelSelector` asks for",
            id="other labels",
        ),
        pytest.param(
            {"kind": "Service", "where": {"/a": "b"}, "hooks": "only"},
            "there are 2 by kind and name, but not as `where` and `hooks: only` asks for",
            id="other values",
        ),
    ],
)
def test_nearest(asked: dict[str, Any], hint: str) -> None:
    assert nearest(target(**asked), (WEB, DATABASE, INGRESS, *MANY)) == hint


def test_nearest_knows_the_release_namespace() -> None:
    assert nearest(target(namespace="web"), [DATABASE], "xnat") == "there is one in namespace `xnat`"


def test_nearest_of_nothing_is_nothing() -> None:
    assert nearest(target(kind="Service"), []) == ""
