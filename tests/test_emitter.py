"""emitter: what is written reads back the same everywhere, and looks as people write it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from postrender import emitter, kubeyaml
from postrender.emitter import Style
from tests import manifests


def lines(value: Any, style: Style | None = None) -> str:
    return "\n".join(emitter.mapping(value, 0, style or Style())) + "\n"


# --- scalars -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    "a web nginx:1.27 registry/x@sha256:0a a-b a_b a.b a/b /data $(POD_NAME) v1.2.3 a,b x=y a:b Yes-1 truely "
    "http://x:80/?a=b".split(),
)
def test_plain(text: str) -> None:
    assert emitter.scalar(text) == text


@pytest.mark.parametrize("text", "1.2.3 10.0.0.0/8 10Gi 1a 0x *.example.org a#b a[0] none nan".split())
def test_plain_or_not(text: str) -> None:
    assert emitter.scalar(text) in (text, f'"{text}"')


@pytest.mark.parametrize(
    "text", [text for text in manifests.HARD_TEXTS if kubeyaml.resolve(text or "~") != text]
)
def test_what_looks_like_something_else_is_quoted(text: str) -> None:
    assert emitter.scalar(text) == f'"{text}"'


@pytest.mark.parametrize(
    ("text", "style", "written"),
    [
        ("a", "", "a"),
        ("a", "'", "'a'"),
        ("a", '"', '"a"'),
        ("a", "|", "a"),
        ("no", "", '"no"'),
        ("no", "'", "'no'"),
        ("it's", "'", '"it\'s"'),
        ('say "a"', "", "'say \"a\"'"),
        ('say "a"', '"', '"say \\"a\\""'),
        ("C:\\x", "", "C:\\x"),
        ("\\", "", "'\\'"),
        ("\\", '"', '"\\\\"'),
        ("a\nb", "'", '"a\\nb"'),
        ("\x07", "", '"\\x07"'),
        ("\u2028", "", '"\\u2028"'),
        ("\ufeff", "", '"\\ufeff"'),
        ("é", "", '"é"'),
        ("\U0001f600", "'", "'\U0001f600'"),
        ("", "", '""'),
        ("", "'", "''"),
    ],
)
def test_quotes(text: str, style: str, written: str) -> None:
    assert emitter.scalar(text, style) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-1, "-1"),
        (9007199254740993, "9007199254740993"),
        (0.5, "0.5"),
        (1e300, "1e+300"),
        (1e-05, "1e-05"),
    ],
)
def test_other_scalars(value: Any, written: str) -> None:
    assert emitter.scalar(value) == written
    assert kubeyaml.load(written) == value


def test_only_scalars_are_scalars() -> None:
    with pytest.raises(TypeError, match="dict is no scalar"):
        emitter.scalar({})


# --- layout --------------------------------------------------------------------------------------------

DATA: Any = {
    "spec": {
        "ports": [{"name": "http", "port": 80}, [1, [2]], {}, []],
        "script": "if x; then\n  y\nfi\n",
        "empty": {},
        "nothing": None,
        "8080": "8080",
    }
}


def test_the_usual_layout() -> None:
    assert (
        lines(DATA)
        == """\
spec:
  ports:
  - name: http
    port: 80
  - - 1
    - - 2
  - {}
  - []
  script: |
    if x; then
      y
    fi
  empty: {}
  nothing: null
  "8080": "8080"
"""
    )


def test_another_layout() -> None:
    assert (
        lines(DATA, Style(step=4, dash=2, literals=False))
        == """\
spec:
    ports:
      - name: http
        port: 80
      - - 1
        - - 2
      - {}
      - []
    script: "if x; then\\n  y\\nfi\\n"
    empty: {}
    nothing: null
    "8080": "8080"
"""
    )


def test_flow_layout() -> None:
    assert (
        emitter.flow({"a": [1, "b, c", "y"], "d e": {}, "f": []}) == '{a: [1, "b, c", "y"], d e: {}, f: []}'
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param("a\nb\n", "k: |\n  a\n  b\n", id="one newline"),
        pytest.param("a\nb", "k: |-\n  a\n  b\n", id="none"),
        pytest.param("a\nb\n\n\n", "k: |+\n  a\n  b\n\n\n", id="several"),
        pytest.param("a\n\nb\n", "k: |\n  a\n\n  b\n", id="a blank line"),
        pytest.param("  a\nb\n", "k: |2\n    a\n  b\n", id="indented first"),
        pytest.param("\na\n", "k: |2\n\n  a\n", id="blank first"),
        pytest.param("\ta\nb\n", "k: |2\n  \ta\n  b\n", id="a tab first"),
        pytest.param("---\n# a\n- b: c\n", "k: |\n  ---\n  # a\n  - b: c\n", id="YAML"),
        pytest.param("\n", 'k: "\\n"\n', id="a newline alone"),
        pytest.param("a\n  \nb\n", 'k: "a\\n  \\nb\\n"\n', id="a line of blanks"),
        pytest.param("a\r\nb\r\n", 'k: "a\\r\\nb\\r\\n"\n', id="CRLF"),
        pytest.param("a\u2028\nb\n", 'k: "a\\u2028\\nb\\n"\n', id="U+2028"),
    ],
)
def test_texts_of_several_lines(text: str, written: str) -> None:
    assert lines({"k": text}) == written
    assert kubeyaml.load(written) == {"k": text}
    assert kubeyaml.load(lines({"k": [text, {"l": text}], "m": 1}, Style(step=4, dash=4))) == {
        "k": [text, {"l": text}],
        "m": 1,
    }


# --- laws ----------------------------------------------------------------------------------------------

strings = st.one_of(
    st.sampled_from(manifests.HARD_TEXTS),
    st.text(st.sampled_from(manifests.ODD_CHARACTERS), max_size=6),
    st.from_regex(r"[-+.0-9a-fA-FxobOBeE_:TtZz ]{1,8}", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
)
styles = st.builds(Style, st.integers(1, 9), st.integers(0, 4), st.booleans())
MANY = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(strings, styles)
def test_a_string_is_a_string_to_every_reader(text: str, style: Style) -> None:
    """YAML 1.1 as PyYAML has it, YAML 1.2 as ruamel.yaml has it, and Kubernetes."""
    block: Any = {"a": {"k": text, text: 1, "l": [text, {"m": text}]}, "b": [[text]]}
    flow: Any = {"k": text, text: 1, "l": [text, {"m": text}], "n": [[text]]}
    for written, value in ((lines(block, style), block), (f"{emitter.flow(flow)}\n", flow)):
        assert kubeyaml.load(written) == value
        assert yaml.load(written, yaml.CSafeLoader) == value
        assert yaml.safe_load(written) == value
        assert json.loads(json.dumps(YAML(typ="safe", pure=True).load(written))) == value


@MANY
@given(strings, st.sampled_from(["", "'", '"', "|", ">", "!"]), st.booleans())
def test_quotes_do_not_change_a_string(text: str, style: str, flow: bool) -> None:
    written = emitter.scalar(text, style, flow=flow)
    assert "\n" not in written
    assert kubeyaml.load(f"[{written}, {written}]" if flow else f"- {written}\n- {written} # c\n") == [
        text,
        text,
    ]


@MANY
@given(manifests.mappings(), styles)
def test_data_is_read_back(data: dict[str, Any], style: Style) -> None:
    assert kubeyaml.equal(kubeyaml.load(lines(data, style)), data)
    assert kubeyaml.equal(kubeyaml.load(emitter.flow(data)), data)
