"""documents: a stream taken apart and put together again, and who a document is at a glance."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postrender import documents, kubeyaml
from postrender.errors import InputError
from postrender.release import identity_of
from tests import manifests

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.documents import Identity


def parts(text: str) -> list[str]:
    stream = documents.split(text.encode())
    assert documents.join(stream) == text.encode()
    return [document.text for document in stream.documents]


# --- split and join ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param([], id="nothing at all"),
        pytest.param(["# c\n"], id="only a comment"),
        pytest.param(["\n\n"], id="only blank lines"),
        pytest.param(["a: 1\n"], id="no separator"),
        pytest.param(["a: 1"], id="no newline at the end"),
        pytest.param(["---\na: 1\n"], id="a separator first"),
        pytest.param(["---\na: 1\n", "---\nb: 1\n"], id="two"),
        pytest.param(["# c\n", "---\na: 1\n"], id="a comment before the first separator"),
        pytest.param(["---\n", "---\n", "---\n", "---"], id="separators alone"),
        pytest.param(
            ["--- # c\na: 1\n", "--- {a: 1}\n", "--- a\n", "--- |\n  ---\n"], id="things on its line"
        ),
        pytest.param(["a: 1\n", "---\tb\n", "--- \n", "---\r\nb: 1\r\n"], id="blanks behind it"),
        pytest.param(["----\n---a: 1\n --- b\n"], id="what is no separator"),
        pytest.param(["a: |\n  ---\n  b\n --- c\n", "---\n"], id="indented ones are text"),
        pytest.param(["---\na: 1\n...\n", "---\nb: 1\n...\n"], id="ends"),
        pytest.param(["---\na: 1\n...\n# c\n", "---\nb: 1\n"], id="a comment behind an end"),
        pytest.param(["%YAML 1.1\n---\na: 1\n"], id="a directive"),
        pytest.param(["# c\n%YAML 1.1\n# d\n---\na: 1\n", "---\nb: 1\n"], id="a directive between comments"),
        pytest.param(["a: 1\n...\n", "%YAML 1.1\n---\nb: 1\n"], id="a directive behind an end"),
        pytest.param(
            ["---\na: 1\n... # e\n", "# c\n%YAML 1.1\n---\nb: 1\n", "---\n"], id="a directive in the middle"
        ),
        pytest.param(["---\na: |\n  x\n%b\n", "---\nc: 1\n"], id="no directive: a line of a document"),
        pytest.param(["a: '\n  %b'\n", "---\n%c"], id="no directive: not at column 0, not followed by ---"),
        pytest.param(["a: 1\r\n", "---\r\nb: 1\n", "---\nc: 1\r\n"], id="CRLF, mixed"),
    ],
)
def test_split(texts: list[str]) -> None:
    assert parts("".join(texts)) == texts


def test_a_byte_order_mark_stays_in_front() -> None:
    stream = documents.split(b"\xef\xbb\xbf---\na: 1\n")
    assert stream.bom
    assert [document.text for document in stream.documents] == ["---\na: 1\n"]
    assert documents.join(stream) == b"\xef\xbb\xbf---\na: 1\n"


def test_documents_know_their_number_and_line() -> None:
    stream = documents.split(b"a: 1\n---\nb: 1\n\n\n---\nc: 1\n")
    assert [(document.number, document.line) for document in stream.documents] == [(1, 1), (2, 2), (3, 6)]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        pytest.param(b"\xff", "document 1, line 1: a byte that is not valid UTF-8", id="UTF-8"),
        pytest.param(
            b"---\na: 1\n---\n# Source: chart/x.yaml\nb: \xc3\x28\n",
            "document 2 (# Source: chart/x.yaml), line 5: a byte that is not valid UTF-8",
            id="UTF-8, later",
        ),
        pytest.param(
            b"a: \xed\xa0\x80\n", "document 1, line 1: a byte that is not valid UTF-8", id="a surrogate"
        ),
        pytest.param(b"\xff\xfea\0:\0", "document 1, line 1: a byte that is not valid UTF-8", id="UTF-16"),
        pytest.param(b"a: 1\n---\nb: \0\n", "document 2, line 3: a NUL character", id="NUL"),
        pytest.param(b"\xef\xbb\xbfa: \0\n", "document 1, line 1: a NUL character", id="NUL behind a BOM"),
    ],
)
def test_what_is_no_text(data: bytes, what: str) -> None:
    with pytest.raises(InputError) as error:
        documents.split(data)
    assert str(error.value) == what


def test_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_BYTES", 1 << 20)
    with pytest.raises(InputError, match="more than 1 MiB of manifests"):
        documents.split(b"#" * ((1 << 20) + 1))


def test_an_error_has_the_line_of_the_stream() -> None:
    document = documents.split(b"a: 1\n---\n# Source: chart/x.yaml \nb: 1\n c: d\n").documents[1]
    with pytest.raises(kubeyaml.YamlError) as error:
        kubeyaml.load(document.text)
    assert document.error(error.value).place == ("document 2 (# Source: chart/x.yaml)", "line 5")


@given(st.binary(max_size=40))
def test_join_undoes_split_for_bytes(data: bytes) -> None:
    try:
        stream = documents.split(data)
    except InputError:
        return
    assert documents.join(stream) == data


@given(st.text(st.sampled_from("-.% \n\r\tab:#'|\ufeff\x85\u2028"), max_size=40))
def test_join_undoes_split_for_text(text: str) -> None:
    if "\0" not in text:
        assert documents.join(documents.split(text.encode())) == text.encode()


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(manifests.streams())
def test_join_undoes_split_for_streams(text: str) -> None:
    assert "".join(parts(text)) == text
    line = 1
    for document in documents.split(text.encode()).documents:
        assert document.line == line
        line += document.text.count("\n")


# --- the quick look ------------------------------------------------------------------------------------


def quick(text: str) -> Identity | None:
    members = documents.outline(text)
    return documents.quick_identity(text, members) if members else None


HEAD = "apiVersion: apps/v1\nkind: Deployment\n"


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        pytest.param(HEAD + "metadata:\n  name: web\n", "Deployment web", id="usual"),
        pytest.param(
            "---\n# Source: x\n" + HEAD + "metadata:\n  name: web\n", "Deployment web", id="with a head"
        ),
        pytest.param(
            "--- # c\n" + HEAD + "metadata:\n  name: web\n", "Deployment web", id="comment behind ---"
        ),
        pytest.param(
            "metadata:\n    namespace: x\n    name: web\n" + HEAD, "Deployment x/web", id="metadata first"
        ),
        pytest.param(HEAD + "metadata: # c\n\n  # d\n  name: web # e\n\n", "Deployment web", id="comments"),
        pytest.param(
            HEAD + "metadata:\n  name: 'web'\n  namespace: \"x\"\n", "Deployment x/web", id="quotes"
        ),
        pytest.param(HEAD + "metadata:\n  name: 'on'\n", "Deployment on", id="quotes that are needed"),
        pytest.param(
            HEAD.replace("\n", "\r\n") + "metadata:\r\n  name: web\r\n", "Deployment web", id="CRLF"
        ),
        pytest.param(
            HEAD + "metadata:\n  labels:\n    name: x\n  name: web\n",
            "Deployment web",
            id="a name further in",
        ),
        pytest.param(
            HEAD + "metadata:\n  name: web\nspec:\n  metadata:\n    name: x\n",
            "Deployment web",
            id="another below",
        ),
        pytest.param(
            HEAD + "metadata:\n  annotations:\n    a: |\n      name: x\n  name: web\n",
            "Deployment web",
            id="in a text",
        ),
        pytest.param(HEAD + "metadata:\n  labels: {}\n", "Deployment ", id="no name"),
        pytest.param(HEAD + "metadata:\n  name: web\n...\n", "Deployment web", id="an end"),
        pytest.param(
            HEAD + "metadata:\n  name: web\n...\n# c\n", "Deployment web", id="a comment behind the end"
        ),
    ],
)
def test_quick(text: str, identity: str) -> None:
    assert str(quick(text)) == identity


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("# c\n", id="a comment"),
        pytest.param("---\n- a\n", id="a list"),
        pytest.param("{" + HEAD.replace("\n", ",") + "metadata: {name: web}}\n", id="flow"),
        pytest.param(HEAD + "metadata: {name: web}\n", id="flow metadata"),
        pytest.param(HEAD + "metadata:\n  {name: web}\n", id="flow metadata below its key"),
        pytest.param(HEAD, id="no metadata"),
        pytest.param(HEAD + "metadata:\n", id="null metadata"),
        pytest.param(HEAD + "metadata:\n  name: web\nkind: Job\n", id="kind twice"),
        pytest.param(HEAD + "metadata:\n  name: web\n  name: db\n", id="name twice"),
        pytest.param(HEAD + "metadata:\n  name:\n    web\n", id="name on the next line"),
        pytest.param(HEAD + "metadata:\n  name: web\n    db\n", id="name over two lines"),
        pytest.param(HEAD + "metadata:\n  name: >-\n    web\n", id="name in a block scalar"),
        pytest.param(HEAD + "metadata:\n  name: 5\n", id="name is a number"),
        pytest.param(HEAD + "metadata:\n  name: on\n", id="name is a boolean"),
        pytest.param(HEAD + "metadata:\n  name:\n", id="name is null"),
        pytest.param(HEAD + "metadata:\n  name: &n web\n", id="an anchor"),
        pytest.param(HEAD + "metadata: &m\n  name: web\n", id="an anchor of metadata"),
        pytest.param(HEAD + "metadata:\n  <<: {name: web}\n", id="a merge"),
        pytest.param(HEAD + "metadata:\n  ? name\n  : web\n", id="an explicit key"),
        pytest.param(HEAD + "metadata:\n  'name': web\n", id="a quoted key"),
        pytest.param(HEAD + "metadata:\n  name: !!str web\n", id="a tag"),
        pytest.param(HEAD + 'metadata:\n  name: "w\\x65b"\n', id="an escape"),
        pytest.param(HEAD + "metadata:\n  name: 'it''s'\n", id="a doubled quote"),
        pytest.param(HEAD + "metadata:\n  name:\tweb\n", id="a tab"),
        pytest.param(
            HEAD + 'metadata:\n  name: web\na: "x\nkind: Job"\n', id="a quote over lines at column 0"
        ),
        pytest.param(HEAD + "metadata:\n  name: web\na: [x,\nkind: Job]\n", id="flow over lines at column 0"),
        pytest.param(HEAD + "metadata:\n  name: web\n'a': 1\n", id="a quoted root key"),
        pytest.param(HEAD + "metadata:\n  name: web\n? a\n: 1\n", id="an explicit root key"),
        pytest.param(HEAD + "metadata:\n  name: web\n<<: {a: 1}\n", id="a merge at the root"),
        pytest.param(HEAD + "metadata:\n  name: web\non: 1\n", id="a root key that is a boolean"),
        pytest.param(HEAD + "metadata:\n  name: web\n...\na: 1\n", id="something behind the end"),
        pytest.param(HEAD + "metadata:\n  name: web\r  name: db\n", id="a lone CR"),
        pytest.param(HEAD + "metadata:\n  name: web # c\x85  name: db\n", id="NEL"),
        pytest.param("--- # c\u2028a: 1\n" + HEAD + "metadata:\n  name: web\n", id="U+2028 in the head"),
        pytest.param("---#c: 1\n" + HEAD + "metadata:\n  name: web\n", id="--- with a # at it"),
        pytest.param("--- !!map\n" + HEAD + "metadata:\n  name: web\n", id="a tag of the root"),
        pytest.param("%YAML 1.1\n---\n" + HEAD + "metadata:\n  name: web\n", id="a directive"),
        pytest.param("  apiVersion: v1\n  kind: Job\n  metadata:\n    name: web\n", id="an indented root"),
        pytest.param("apiVersion: v1\nkind: List\nmetadata: {}\nitems: []\n", id="a List"),
        pytest.param("apiVersion: v1\nkind: RoleList\nmetadata:\n  name: x\n", id="a RoleList"),
        pytest.param("apiVersion: 1\nkind: Job\nmetadata:\n  name: web\n", id="apiVersion is a number"),
    ],
)
def test_parsed_instead(text: str) -> None:
    assert quick(text) is None


def test_an_outline_has_the_stretch_of_each_member() -> None:
    text = "---\n# c\na: 1 # d\n\n# e\nb:\n- 2\n...\n"
    members = documents.outline(text)
    assert members is not None
    assert {name: text[start:end] for name, (start, end) in members.items()} == {
        "a": "a: 1 # d\n\n# e\n",
        "b": "b:\n- 2\n",
    }


def agrees(text: str) -> None:
    """The quick look says what the full reading says, or nothing."""
    members = documents.outline(text)
    if members is None:
        return
    try:
        data: Any = kubeyaml.load(text)
    except kubeyaml.YamlError:
        return
    assert list(members) == list(data)
    for name, (start, end) in members.items():
        assert kubeyaml.equal(kubeyaml.load(text[start:end]), {name: data[name]})
    identity = documents.quick_identity(text, members)
    assert identity in (None, identity_of(data))


STYLE = manifests.Style(
    noise=0.1, flow=0.1, quotes=0.1, anchors=0.01, explicit=0.01, tags=0.01, duplicates=0.01
)
SLOW = settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(manifests.written(manifests.resources(), STYLE))
def test_the_quick_look_is_never_wrong(given_text: tuple[str, Any]) -> None:
    agrees(given_text[0])


@SLOW
@given(manifests.written(manifests.resources(), STYLE), st.data())
def test_the_quick_look_is_never_wrong_about_odd_texts(
    given_text: tuple[str, Any], data: st.DataObject
) -> None:
    text, _ = given_text
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        until = min(len(text), at + data.draw(st.sampled_from([0, 0, 0, 1, 4])))
        text = text[:at] + data.draw(st.sampled_from(ODD)) + text[until:]
    for document in documents.split(text.encode()).documents:
        agrees(document.text)


ODD = [
    *"\"'[]{}#&*|>-:?!%@, \n\t\r\x85\u2028\ufeff",
    "\n---\n",
    "\n...\n",
    "--- ",
    "- ",
    ": ",
    " #",
    "? ",
    "<<: ",
]
ODD += [
    "\nkind: X\n",
    "\nname: y\n",
    "  name: z\n",
    '\n"a\n',
    "'\n",
    "{\n",
    "]\n",
    "\n  ",
    "&a ",
    "|\n",
    ">-\n",
    "\\",
]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: '" + "x" * 1_000_000 + "\n", id="a quote never closed"),
        pytest.param("a: " + "[" * 200_000 + "\n", id="brackets"),
        pytest.param("a: {" * 100_000, id="braces"),
        pytest.param("a: " + "['" * 100_000 + "\n", id="brackets and quotes"),
        pytest.param("a: |\n " + ' [\\"' * 100_000 + ' "]\n', id="brackets and quotes behind backslashes"),
        pytest.param("a: 1\n" + " \n" * 300_000, id="blank lines"),
        pytest.param("# c\n" * 300_000, id="comments"),
        pytest.param(
            "a: 'b'\n" * 1 + "".join(f"k{i}: ['x', \"y\", {{z: []}}]\n" for i in range(20_000)), id="usual"
        ),
        pytest.param("---\n" * 300_000, id="separators"),
        pytest.param("%a\n" * 100_000 + "---\n" * 2000, id="directives"),
        pytest.param("...\n%a\n---\n" * 3000, id="ends and directives"),
    ],
)
def test_the_quick_look_is_quick(text: str) -> None:
    started = time.monotonic()
    for document in documents.split(text.encode()).documents:
        members = documents.outline(document.text)
        if members:
            documents.quick_identity(document.text, members)
    assert time.monotonic() - started < 10


# --- real renders --------------------------------------------------------------------------------------

CORPUS = manifests.corpus()


@pytest.mark.skipif(not CORPUS, reason="POSTRENDER_CORPUS does not name a folder of renders")
@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_real_renders(path: Path) -> None:
    """Split and join are inverse, the quick look is right, and documents read as Go reads them."""
    data = path.read_bytes()
    stream = documents.split(data)
    assert documents.join(stream) == data
    golden = path.with_name("golden4.json" if path.stem == "helm4" else "golden.json")
    expected = [value for value in json.loads(golden.read_text()) if value is not None]
    read = []
    for document in stream.documents:
        value = kubeyaml.load(document.text)
        if value is None:
            continue
        read.append(value)
        members = documents.outline(document.text)
        if members:
            assert isinstance(value, dict)
            assert list(members) == list(value)
            assert documents.quick_identity(document.text, members) in (None, identity_of(value))
    assert len(read) == len(expected)
    assert all(map(kubeyaml.equal, read, expected))
