"""merge-pairs: `k=v` pairs into one string, where they stand or behind the others."""

from __future__ import annotations

import pytest

from postrender.transforms.merge_pairs import merge
from tests import runs
from tests.transforms import tools

BEFORE = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
"""


def annotated(text: str) -> str:
    return f"{BEFORE}  annotations:\n    x/attributes: {text}\n" if text else BEFORE


def options(pairs: str, more: str = "", path: str = "/metadata/annotations/x~1attributes") -> str:
    return tools.patchset("merge-pairs", f"{{path: '{path}', pairs: {pairs}{more}}}")


@pytest.mark.parametrize(
    ("text", "pairs", "after"),
    [
        ("", {"a": "1", "b": "2"}, "a=1,b=2"),
        ("idle=60,a=1", {"a": "2", "b": "3"}, "idle=60,a=2,b=3"),
        ("idle=60, a=1 ,b=3", {"a": "1"}, "idle=60, a=1 ,b=3"),
        ("a=1,b=2,a=3", {"a": "4"}, "a=4,b=2"),
        ("a=1,b=2", {"a": None, "c": None}, "b=2"),
        ("a=1", {"a": None}, ""),
        ("flag,b=2", {"flag": "x"}, "flag=x,b=2"),
        ("a=1=2", {"a": "1=2"}, "a=1=2"),
        ("aa=1", {"a": "1"}, "aa=1,a=1"),
    ],
)
def test_merge(text: str, pairs: dict[str, str | None], after: str) -> None:
    assert merge(text, pairs) == after
    assert merge(after, pairs) == after


@pytest.mark.parametrize(
    ("text", "pairs", "after"),
    [
        ("jdbc:x", {"ssl": "true"}, "jdbc:x?ssl=true"),
        ("jdbc:x?", {"ssl": "true"}, "jdbc:x?ssl=true"),
        ("jdbc:x?a=1&ssl=false&b", {"ssl": "true"}, "jdbc:x?a=1&ssl=true&b"),
        ("jdbc:x?ssl=false", {"ssl": None}, "jdbc:x"),
        ("jdbc:x", {"ssl": None}, "jdbc:x"),
        ("jdbc:x?u=a?b", {"ssl": "true"}, "jdbc:x?u=a?b&ssl=true"),
    ],
)
def test_merge_behind_a_text(text: str, pairs: dict[str, str | None], after: str) -> None:
    assert merge(text, pairs, "&", "?") == after
    assert merge(after, pairs, "&", "?") == after


def test_a_string_that_is_not_there_is_made() -> None:
    runs.becomes(options("{a: 1, b: true}"), BEFORE, annotated("a=1,b=true"))
    runs.becomes(options("{a: 1}"), annotated("b=2"), annotated("b=2,a=1"))
    runs.becomes(options("{a: 1}"), annotated("null"), annotated("a=1"))
    runs.stays(options("{a: null}"), BEFORE)
    runs.becomes(options("{a: 1}", ", separator: ';'"), annotated("b=2"), annotated("b=2;a=1"))
    runs.becomes(options("{a: 1}", ", after: '?'"), annotated("x"), annotated("x?a=1"))


def test_patterns() -> None:
    rules = f"{BEFORE}spec:\n  rules:\n  - host: a\n    query: x=1\n  - host: b\n"
    runs.becomes(
        options("{x: 2}", path="/spec/rules/*/query"),
        rules,
        rules.replace("x=1", "x=2").replace("host: b\n", "host: b\n    query: x=2\n"),
    )
    runs.becomes(options("{x: 2}", path="/spec/rules/0/query"), rules, rules.replace("x=1", "x=2"))
    runs.becomes(options("{x: 2}", path="/spec/rules/*/que*"), rules, rules.replace("x=1", "x=2"))


@pytest.mark.parametrize(
    ("patchset", "message"),
    [
        (
            options("{x: 2}", path="/spec/rules/*/query"),
            "no member /spec (there are apiVersion, kind, metadata)",
        ),
        (options("{x: 2}", path="/metadata/nam*/x"), "/metadata/name/x is no text"),
        (options("{x: 2}", path="/metadata"), "/metadata is no text"),
        (options("{x: 2}", path="/metadata/*z"), "no member /metadata/*z (/metadata is a mapping)"),
        (options("{x: '1,2'}"), "the pair 'x' has a separator in it (, and = stand between)"),
        (options("{x=y: '1'}"), "the pair 'x=y' has a separator in it (, and = stand between)"),
    ],
)
def test_what_cannot_be(patchset: str, message: str) -> None:
    runs.refuses(patchset, BEFORE, f"patchset p, patch 1 (p.yaml:6), on Ingress web: {message}")


def test_an_empty_separator() -> None:
    runs.refuses(options("{a: 1}", ", separator: ''"), BEFORE, "p.yaml:8: the separator is empty")
