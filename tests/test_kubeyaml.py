"""kubeyaml: what Kubernetes reads, what it refuses, and where things stand in the text."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postrender import kubeyaml
from postrender.errors import InputError
from postrender.kubeyaml import Alias, Mapping, Node, Opaque, Scalar, Sequence, YamlError
from tests import manifests


def exact(value: Any) -> Any:
    """A value whose booleans, integers and floats differ for ==."""
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [exact(item) for item in value]
    return type(value).__name__, value


# --- scalars -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(word, True) for word in "y Y yes Yes YES on On ON true True TRUE".split()],
        *[(word, False) for word in "n N no No NO off Off OFF false False FALSE".split()],
        *[(word, None) for word in ("", "~", "null", "Null", "NULL")],
        *[
            (word, word)
            for word in "yEs tRue nULL oN none None nil = nan inf + . _ 0x 0b 0o .e 1e 1e+ -- e3 :a".split()
        ],
        ("0", 0),
        ("-0", 0),
        ("+1", 1),
        ("0755", 493),
        ("0o755", 493),
        ("-0o17", -15),
        ("08", 8),
        ("0x1F", 31),
        ("-0x1f", -31),
        ("0b101", 5),
        ("0b-11", -3),
        ("0b-1" + "0" * 63, -(2**63)),
        ("0b-1" + "0" * 62 + "1" * 2, "0b-1" + "0" * 62 + "1" * 2),
        ("0b+1" + "0" * 63, "0b+1" + "0" * 63),
        ("9" * 5000, "9" * 5000),
        ("1_000", 1000),
        ("_1", "_1"),
        ("9007199254740993", 9007199254740993),
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", 18446744073709552000),
        ("-9223372036854775808", -9223372036854775808),
        ("123456789012345678901234567890", 1.2345678901234568e29),
        ("1.5", 1.5),
        ("1.0", 1),
        (".5", 0.5),
        ("1.", 1),
        ("1e3", 1000),
        ("1E+06", 1000000),
        ("1e-05", 1e-05),
        ("123e4567", "123e4567"),
        ("1.2.3", "1.2.3"),
        ("1:30", "1:30"),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("10Gi", "10Gi"),
        ("'5'", "5"),
        ('"yes"', "yes"),
        ("'it''s'", "it's"),
        (r'"\x41\u00e9\n\/\N"', "Aé\n/\x85"),
        ("<<", "<<"),
        ("a # c", "a"),
        ("a#c", "a#c"),
        ("http://x:80/", "http://x:80/"),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("!mine 5", "5"),
        ("!!string 5", "5"),
        ("!!int '0755'", 493),
        ("!!float 5", 5),
        ("!!bool yes", True),
        ("!!null ''", None),
        ("!!binary aGVsbG8=", "hello"),
        ("!!timestamp 2024-01-01", "2024-01-01"),
        ("|\n  b\n  c\n", "b\nc\n"),
        ("|-\n  b\n", "b"),
        ("|+\n  b\n\n", "b\n\n"),
        ("|2-\n    b\n   c\n", "  b\n c"),
        (">\n  b\n  c\n\n  d\n", "b c\nd\n"),
        (">-\n  b\n    c\n", "b\n  c"),
        (">+\n  b\n\n\n", "b\n\n\n"),
        ("|\n", ""),
        ("|+\n\n\n", "\n\n"),
        ("|\r\n  b\r\n  c\r\n", "b\nc\n"),
        ("|\n\n\n  b\n", "\n\nb\n"),
        ("b\n  c\n\n  d", "b c\nd"),
        ("'b\n  c\n\n  d'", "b c\nd"),
        ('"b \\\n  c"', "b c"),
        ("'b\x85  c'", "b c"),
    ],
)
def test_a_scalar(text: str, value: Any) -> None:
    assert exact(kubeyaml.load(f"a: {text}")) == exact({"a": value})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("8080", "8080"),
        ("0x10", "16"),
        ("010", "8"),
        ("1.50", "1.5"),
        ("1e3", "1000"),
        ("1e+06", "1e+06"),
        ("0.00001", "1e-05"),
        ("y", "true"),
        ("No", "false"),
        (".inf", ".inf"),
        ("'8080'", "8080"),
        ("!!str 8080", "8080"),
        ("a b", "a b"),
        ("''", ""),
        ('"<<"', "<<"),
        ("2024-01-01", "2024-01-01"),
    ],
)
def test_a_key(text: str, key: str) -> None:
    assert kubeyaml.load(f"{text}: 1") == {key: 1}
    assert kubeyaml.load(f"{{{text}: 1}}") == {key: 1}
    assert kubeyaml.load(f"? {text}\n: 1") == {key: 1}


# --- collections ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("", None, id="nothing"),
        pytest.param("# c\n", None, id="a comment"),
        pytest.param("---\n", None, id="a separator"),
        pytest.param("--- a\n", "a", id="a scalar on the line of the separator"),
        pytest.param("a: {b: , c, d: 1,}\n", {"a": {"b": None, "c": None, "d": 1}}, id="flow nulls"),
        pytest.param("a: [b: 1, c]\n", {"a": [{"b": 1}, "c"]}, id="a single pair"),
        pytest.param("a: {\n  b: [1,\n2],\n}\n", {"a": {"b": [1, 2]}}, id="flow over lines"),
        pytest.param("a:\n- b\n-\n- - c\n", {"a": ["b", None, ["c"]]}, id="a list not indented"),
        pytest.param("a: 1\na: 2\n", {"a": 2}, id="of equal keys the last counts"),
        pytest.param("1: a\n'1': b\n", {"1": "b"}, id="keys that become equal"),
        pytest.param("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}, id="an alias"),
        pytest.param("&x a: 1\nb: *x\n", {"a": 1, "b": "a"}, id="an anchor at a key"),
        pytest.param("a: &x b\n*x : 1\n", {"a": "b", "b": 1}, id="an alias as a key"),
        pytest.param("a: &x 1\nb: &x 2\nc: *x\n", {"a": 1, "b": 2, "c": 2}, id="an anchor twice"),
        pytest.param("<<: {a: 1, b: 2}\nb: 3\n", {"a": 1, "b": 3}, id="<< first"),
        pytest.param("b: 3\n<<: {a: 1, b: 2}\n", {"a": 1, "b": 2}, id="<< last: overrides, as in go-yaml"),
        pytest.param("<<: [{a: 1}, {a: 2, b: 2}]\n", {"a": 1, "b": 2}, id="<< of several"),
        pytest.param("!!merge <<: {a: 1}\n", {"a": 1}, id="<< as Helm 4 writes it"),
        pytest.param("'<<': {a: 1}\n", {"<<": {"a": 1}}, id="<< in quotes"),
        pytest.param("? a\n? b\n: 1\n", {"a": None, "b": 1}, id="explicit keys"),
        pytest.param("!!map {a: 1}\n", {"a": 1}, id="a tag"),
        pytest.param("a:\tb\nc:\t[1,\t2]\t# d\n", {"a": "b", "c": [1, 2]}, id="tabs"),
        pytest.param("a: 1\r\nb:\r\n- 2\r\n", {"a": 1, "b": [2]}, id="CRLF"),
        pytest.param("a: 1\rb: 2\r", {"a": 1, "b": 2}, id="CR"),
    ],
)
def test_a_collection(text: str, value: Any) -> None:
    assert exact(kubeyaml.load(text)) == exact(value)


def test_duplicates_are_known() -> None:
    composed = kubeyaml.compose("a: {b: 1, b: 2}\nc: 1\nc: 2\nc: 3\n<<: {a: 1}\nd: 1\n")
    assert composed.duplicates == ["b", "c", "c"]
    assert kubeyaml.compose("<<: {a: 1}\na: 2\n").duplicates == []


def test_what_follows_a_document_is_known() -> None:
    assert not kubeyaml.compose("a: 1\n...\n# c\n").tail
    assert kubeyaml.compose("a: 1\n...\n---\nb: 2\n").tail


# --- places --------------------------------------------------------------------------------------------


def places(node: Node, text: str) -> list[str]:
    """The text of each node, outermost first."""
    found = [text[node.start : node.end]]
    if isinstance(node, Mapping):
        for key, value in node.pairs:
            found += [*places(key, text), *places(value, text)]
    elif isinstance(node, Sequence):
        for item in node.items:
            found += places(item, text)
    return found


@pytest.mark.parametrize(
    ("text", "stretches"),
    [
        pytest.param("a: b # c\n\n# d\n", ["a: b", "a", "b"], id="comments are outside"),
        pytest.param(
            "a:\n  b: 1 # c\n\nd: 2\n",
            ["a:\n  b: 1 # c\n\nd: 2", "a", "b: 1", "b", "1", "d", "2"],
            id="nested",
        ),
        pytest.param("a: # c\n", ["a:", "a", ""], id="nothing after a colon"),
        pytest.param("- a\n-\n# c\n", ["- a\n-", "a", ""], id="a list"),
        pytest.param("a: &x !!str b\n", ["a: &x !!str b", "a", "&x !!str b"], id="anchor and tag"),
        pytest.param("a: |\n  b\n\n\n# c\n", ["a: |\n  b\n\n\n", "a", "|\n  b\n\n\n"], id="a block scalar"),
        pytest.param(
            "a: [b, {c: d}] # e\n", ["a: [b, {c: d}]", "a", "[b, {c: d}]", "b", "{c: d}", "c", "d"], id="flow"
        ),
        pytest.param("é: \U0001f600\n", ["é: \U0001f600", "é", "\U0001f600"], id="characters, not bytes"),
        pytest.param("a: &x b\nc: *x\n", ["a: &x b\nc: *x", "a", "&x b", "c", "*x"], id="an alias"),
        pytest.param(
            "a: 'b\u2028  c'\nd: 1\n", ["a: 'b\u2028  c'\nd: 1", "a", "'b\u2028  c'", "d", "1"], id="U+2028"
        ),
    ],
)
def test_places(text: str, stretches: list[str]) -> None:
    root = kubeyaml.compose(text).root
    assert root is not None
    assert places(root, text) == stretches


def test_places_count_from_an_offset() -> None:
    root = kubeyaml.compose("a: b\n", 100).root
    assert isinstance(root, Mapping)
    assert (root.start, root.pairs[0][1].end) == (100, 104)


def test_an_alias_shares_data_but_not_its_place() -> None:
    root = kubeyaml.compose("a: &x [1]\nb: *x\n").root
    assert isinstance(root, Mapping)
    (_, target), (_, alias) = root.pairs
    assert isinstance(alias, Alias)
    assert alias.target is target
    assert alias.data is target.data


def test_a_plain_scalar_knows_its_style() -> None:
    root = kubeyaml.compose("- a\n- 'a'\n- \"a\"\n- |\n  a\n- >\n  a\n- !!str a\n").root
    assert isinstance(root, Sequence)
    assert [item.style for item in root.items if isinstance(item, Scalar)] == ["", "'", '"', "|", ">", "!"]


# --- what cannot be read -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        pytest.param("a: b\n c: d\n", "no valid YAML", 1, id="indentation"),
        pytest.param("a: [1\n", "no valid YAML", 1, id="not closed"),
        pytest.param("a: 'b\n", "no valid YAML", 1, id="quote not closed"),
        # Go reads the first document here, and does not look at the rest.
        pytest.param("  a: 1\nb: 2\n", "no valid YAML", 1, id="less indented than the first line"),
        pytest.param("a: 1\n...\nb: 2\n", "no valid YAML", 2, id="something behind ..."),
        pytest.param("a:\n\tb: 1\n", "no valid YAML", 1, id="a tab for indentation"),
        pytest.param("a: @b\n", "no valid YAML", 0, id="a character that begins nothing"),
        pytest.param(
            "x: 1\na: \x07\n",
            "no valid YAML: a character that YAML does not allow",
            1,
            id="a control character",
        ),
        pytest.param("x: 1\na: *b\n", "an alias without an anchor", 1, id="no anchor"),
        pytest.param("a: &b [*b]\n", "an anchor that contains itself", 0, id="an anchor in itself"),
        pytest.param("a: .inf\n", "a number that JSON does not have", 0, id=".inf"),
        pytest.param("a: .nan\n", "a number that JSON does not have", 0, id=".nan"),
        pytest.param("x: 1\n[a]: b\n", "a mapping or list as a key", 1, id="a list as a key"),
        pytest.param("? {a: b}\n: c\n", "a mapping or list as a key", 0, id="a mapping as a key"),
        pytest.param(
            "null: b\n", "a null or an integer of more than 64 bits as a key", 0, id="null as a key"
        ),
        pytest.param("<<: 1\n", "a merge key << whose value is no mapping", 0, id="<< of a scalar"),
        pytest.param("a: !!int b\n", "a value that is not what its tag !!int says", 0, id="a wrong tag"),
        pytest.param("a: !!binary '%'\n", "!!binary without valid base64", 0, id="no base64"),
    ],
)
def test_what_cannot_be_read(text: str, what: str, line: int) -> None:
    with pytest.raises(
        YamlError, match="^" + "".join(f"[{c}]" if c in ".*[]?+" else c for c in what)
    ) as error:
        kubeyaml.load(text)
    assert error.value.line == line
    assert isinstance(error.value, InputError)


def test_a_missing_anchor_names_helm_4() -> None:
    with pytest.raises(YamlError) as error:
        kubeyaml.load("a: *b\n")
    assert "Helm 4 takes a `kind: List` apart" in error.value.hint


def test_no_value_is_in_an_error() -> None:
    for text in ("a: !!int hunter2\n", "a: 'hunter2\n", "hunter2: [\n", "a: !!binary hunter2%\n"):
        with pytest.raises(YamlError) as error:
            kubeyaml.load(text)
        assert "hunter2" not in str(error.value)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}], k{i}: 1}}\n" for i in range(1, 40)
)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("[" * 50_000, "nested deeper than 200 levels", id="brackets"),
        pytest.param("a: {" * 50_000, "(nested deeper than 200 levels|no valid YAML)", id="braces"),
        pytest.param("{a: " * 50_000, "nested deeper than 200 levels", id="braces inside braces"),
        pytest.param("- " * 50_000, "nested deeper than 200 levels", id="dashes"),
        pytest.param("? " * 50_000, "a mapping or list as a key", id="question marks"),
        pytest.param(
            "".join(f"{' ' * i}a:\n" for i in range(2000)), "nested deeper than 200 levels", id="block"
        ),
        pytest.param(BOMB, "aliases that stand for more than 100000 values", id="alias bomb"),
        pytest.param(MERGES, "aliases that stand for more than 100000 values", id="merge bomb"),
        pytest.param(
            "a: &x [" + "1, " * 60_000 + "1]\nb: *x\nc: *x\n",
            "aliases that stand for more than 100000 values",
            id="a huge anchor used twice",
        ),
        pytest.param("&a " * 50_000 + "b", "no valid YAML", id="anchors"),
        pytest.param("*a" * 50_000, "(an alias without an anchor|no valid YAML)", id="aliases"),
        pytest.param("'" * 100_001, "no valid YAML", id="quotes"),
        pytest.param("!a " * 50_000 + "b", "no valid YAML", id="tags"),
    ],
)
def test_bombs_are_errors_and_soon(text: str, what: str) -> None:
    started = time.monotonic()
    with pytest.raises(YamlError, match=what) as error:
        kubeyaml.load(text)
    assert time.monotonic() - started < 5
    assert len(str(error.value)) < 400


def test_just_deep_enough() -> None:
    depth = kubeyaml.MAX_DEPTH
    assert kubeyaml.load("[" * depth + "]" * depth) is not None
    with pytest.raises(YamlError):
        kubeyaml.load("[" * (depth + 1) + "]" * (depth + 1))


def test_a_huge_document_of_anchors_is_read() -> None:
    text = "".join(f"k{i}: &a{i} v{i}\n" for i in range(20_000)) + "".join(
        f"l{i}: *a{i}\n" for i in range(20_000)
    )
    data: Any = kubeyaml.load(text)
    assert data["l19999"] == "v19999"


# --- equality ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (0.0, False, False),
        (1, "1", False),
        (None, "", False),
        (None, False, False),
        (None, {}, False),
        ({}, [], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": None}, {}, False),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
        (2**53, 2**53 + 1, False),
        (float(2**53), 2**53 + 1, False),
    ],
)
def test_equal(one: Any, other: Any, same: bool) -> None:
    assert kubeyaml.equal(one, other) is same
    assert kubeyaml.equal(other, one) is same
    assert kubeyaml.equal([one], [other]) is same
    assert kubeyaml.equal({"a": one}, {"a": other}) is same


def test_what_was_not_read_is_equal_to_itself_only() -> None:
    one, other = Opaque(0, 1), Opaque(0, 1)
    assert copy.deepcopy(one) is copy.copy(one) is one
    assert kubeyaml.equal({"a": one.data}, {"a": one.data})
    assert not kubeyaml.equal({"a": one.data}, {"a": other.data})


# --- laws ----------------------------------------------------------------------------------------------


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(manifests.written(st.one_of(manifests.mappings(), manifests.resources())))
def test_all_styles_read_as_their_data(given_text: tuple[str, Any]) -> None:
    text, data = given_text
    assert exact(kubeyaml.load(text)) == exact(data)


@given(st.text(st.sampled_from("ab:- \n#'\"[]{}&*!|>,?%\t\r\\0y\x85\u2028\ufeff"), max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        root = kubeyaml.compose(text).root
    except YamlError:
        return
    assert root is None or 0 <= root.start <= root.end <= len(text)
