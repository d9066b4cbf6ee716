"""Every shape of manifest that charts make: passed through byte for byte, and patched with the least edit."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from postrender import documents, kubeyaml
from postrender.errors import InputError
from postrender.release import Release

if TYPE_CHECKING:
    from collections.abc import Callable

    from postrender.kubeyaml import Value


def contents(data: bytes) -> list[Value]:
    """What Kubernetes reads in a stream."""
    read = [kubeyaml.load(document.text) for document in documents.split(data).documents]
    return [value for value in read if value is not None]


def patched(before: bytes, change: Callable[[Any], object]) -> Release:
    """A release whose every resource `change` has changed in place; None from it removes the resource."""
    release = Release(documents.split(before))
    for resource in list(release.resources):
        resource.unit.read(None)
        data = json.loads(json.dumps(resource.data))  # a copy of its own for each alias
        if change(data) is GONE:
            resource.removed = True
        elif not kubeyaml.equal(data, resource.data):
            resource.put(data)
    return release


GONE = object()


def becomes(before: str, change: Callable[[Any], object], after: str) -> None:
    """The stream `before` is patched to be `after`, which reads as the patched data."""
    stays(before)
    release = patched(before.encode(), change)
    output = release.write()
    assert output.decode() == after
    values = json.loads(json.dumps(contents(before.encode())))
    expected = [
        value for value in values if not isinstance(value, dict) or changed(value, change) is not GONE
    ]
    assert kubeyaml.equal(contents(output), expected)
    assert {unit.step for unit in release.units} <= {"", "places"}


def changed(data: Any, change: Callable[[Any], object]) -> object:
    """Changes plain data in place as `patched` does; GONE for what is removed."""
    if data.get("kind") != "List":
        return change(data)
    data["items"] = [item for item in data["items"] if change(item) is not GONE]
    return None if data["items"] else GONE


def stays(text: str | bytes) -> None:
    """A stream that no patch touches leaves as it came, however much of it was read."""
    data = text if isinstance(text, bytes) else text.encode()
    release = Release(documents.split(data))
    assert release.write() == data
    for unit in release.units:
        unit.read(frozenset({"metadata"}))
    assert release.write() == data
    for unit in release.units:
        unit.read(None)
    assert release.write() == data
    assert patched(data, lambda value: None).write() == data


def label(data: Any) -> None:
    """A label on everything that has a kind."""
    if "kind" in data:
        metadata = data["metadata"] = data.get("metadata") or {}
        metadata["labels"] = {**(metadata.get("labels") or {}), "team": "imaging"}


def spec(**members: Any) -> Callable[[Any], None]:
    """These members in the spec of everything that has one."""

    def change(data: Any) -> None:
        if "spec" in data:
            data["spec"] = {**(data["spec"] or {}), **members}

    return change


WEB = "kind: Service\nmetadata:\n  name: web\n"
LABELLED = WEB + "  labels:\n    team: imaging\n"


# --- the stream ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "", id="nothing at all"),
        pytest.param("# c\n", "# c\n", id="only a comment"),
        pytest.param("---\n# a\n---\n\n---\n", "---\n# a\n---\n\n---\n", id="only comments and separators"),
        pytest.param(WEB, LABELLED, id="no --- at the start"),
        pytest.param("--- # c\n" + WEB, "--- # c\n" + LABELLED, id="--- with a comment"),
        pytest.param(
            "--- {kind: Service, metadata: {name: web}} # c\n",
            "--- {kind: Service, metadata: {name: web, labels: {team: imaging}}} # c\n",
            id="--- with a document",
        ),
        pytest.param("--- !!map\n" + WEB, "--- !!map\n" + LABELLED, id="--- with a tag"),
        pytest.param(
            f"---\n{WEB}...\n---\n{WEB}... # c\n", f"---\n{LABELLED}...\n---\n{LABELLED}... # c\n", id="..."
        ),
        pytest.param(
            f"%YAML 1.1\n---\n{WEB}...\n# c\n%TAG ! !x\n---\n{WEB}",
            f"%YAML 1.1\n---\n{LABELLED}...\n# c\n%TAG ! !x\n---\n{LABELLED}",
            id="%YAML and %TAG",
        ),
        pytest.param(WEB.replace("\n", "\r\n"), LABELLED.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(
            "---\r\n" + WEB.replace("\n", "\r\n") + "---\n" + WEB,
            "---\r\n" + LABELLED.replace("\n", "\r\n") + "---\n" + LABELLED,
            id="CRLF in one of two",
        ),
        pytest.param(
            "kind: A\r\nmetadata:\n  name: web\r\nspec: {}\n",
            "kind: A\r\nmetadata:\n  name: web\r\n  labels:\r\n    team: imaging\r\nspec: {}\n",
            id="CRLF mixed in a document",
        ),
        pytest.param("\ufeff" + WEB, "\ufeff" + LABELLED, id="a byte order mark"),
        pytest.param(
            "\ufeff---\n# c\n---\n" + WEB, "\ufeff---\n# c\n---\n" + LABELLED, id="a byte order mark and ---"
        ),
        pytest.param(WEB.removesuffix("\n"), LABELLED.removesuffix("\n"), id="no newline at the end"),
        pytest.param(
            f"---\n{WEB}---\n{WEB}".removesuffix("\n"),
            f"---\n{LABELLED}---\n{LABELLED}".removesuffix("\n"),
            id="no newline at the end, two",
        ),
        pytest.param(f"---\n{WEB}---", f"---\n{LABELLED}---", id="ends with ---"),
        pytest.param(f"\n\n---\n\n{WEB}\n\n", f"\n\n---\n\n{LABELLED}\n\n", id="blank lines"),
        pytest.param(
            f"---\n{WEB}---\n{WEB}", f"---\n{LABELLED}---\n{LABELLED}", id="the same resource twice"
        ),
        pytest.param(
            f"---\na: 1\n---\n- 1\n---\ntext\n---\n{WEB}",
            f"---\na: 1\n---\n- 1\n---\ntext\n---\n{LABELLED}",
            id="documents without kind",
        ),
        pytest.param(
            f"---\n# Source: a.yaml\n{WEB}# end\n---\n# Source: b.yaml\n\n",
            f"---\n# Source: a.yaml\n{LABELLED}# end\n---\n# Source: b.yaml\n\n",
            id="comments",
        ),
    ],
)
def test_streams(before: str, after: str) -> None:
    becomes(before, label, after)


LIST = """\
---
# Source: list.yaml
apiVersion: v1
kind: List
metadata: {} # none
items:
# first
- kind: Service
  metadata:
    name: web # about web
# second
- kind: Service
  metadata: {name: db}
# end
"""


def named(name: str, change: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda data: change(data) if data.get("metadata", {}).get("name") == name else None


@pytest.mark.parametrize(
    ("change", "after"),
    [
        pytest.param(
            named("web", label),
            LIST.replace("# about web\n", "# about web\n    labels:\n      team: imaging\n"),
            id="an item patched",
        ),
        pytest.param(
            named("db", label),
            LIST.replace("{name: db}", "{name: db, labels: {team: imaging}}"),
            id="an item in flow style patched",
        ),
        pytest.param(
            named("web", lambda data: GONE),
            LIST.replace("- kind: Service\n  metadata:\n    name: web # about web\n", ""),
            id="the first removed",
        ),
        pytest.param(
            named("db", lambda data: GONE),
            LIST.replace("- kind: Service\n  metadata: {name: db}\n", ""),
            id="the last removed",
        ),
        pytest.param(lambda data: GONE, "", id="all removed"),
    ],
)
def test_a_list(change: Callable[[Any], object], after: str) -> None:
    becomes(LIST, change, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(f"---\n# Source: a\n{WEB}---\nkind: A\n", "---\nkind: A\n", id="the first"),
        pytest.param(f"{WEB}---\nkind: A\n", "---\nkind: A\n", id="the first, without ---"),
        pytest.param(f"---\nkind: A\n---\n# Source: a\n{WEB}", "---\nkind: A\n", id="the last"),
        pytest.param(
            f"---\nkind: A\n---\n{WEB}---\nkind: B", "---\nkind: A\n---\nkind: B", id="in the middle"
        ),
        pytest.param(f"# c\n---\n{WEB}", "# c\n", id="comments stay"),
        pytest.param(f"kind: A\n...\n%YAML 1.1\n---\n{WEB}", "kind: A\n...\n", id="with its directive"),
        pytest.param(
            f"{WEB}...\n%YAML 1.1\n---\nkind: A\n", "%YAML 1.1\n---\nkind: A\n", id="before a directive"
        ),
        pytest.param(
            f"kind: A\n---\n{WEB}...\n%YAML 1.1\n---\nkind: B\n",
            "kind: A\n...\n%YAML 1.1\n---\nkind: B\n",
            id="between a document and a directive",
        ),
        pytest.param(f"\ufeff{WEB}---\nkind: A\n", "\ufeff---\nkind: A\n", id="a byte order mark stays"),
    ],
)
def test_a_removed_document(before: str, after: str) -> None:
    becomes(before, lambda data: GONE if data["kind"] == "Service" else None, after)


# --- documents -----------------------------------------------------------------------------------------


BLOCKS = "spec:\n  a: |\n    x\n\n  b: |-\n    x\n\n  c: |+\n    x\n\n"
BLOCKS += "  d: >\n    x\n    y\n  e: >-\n    x\n  f: >+\n    x\n\n"


@pytest.mark.parametrize(
    ("before", "members", "after"),
    [
        pytest.param(
            "spec:\n  a: 1\n  a: 2 # last\n", {"a": 3}, "spec:\n  a: 1\n  a: 3 # last\n", id="duplicate keys"
        ),
        pytest.param(
            "spec: {x: 1}\nspec:\n  a: 1\n",
            {"a": 2},
            "spec: {x: 1}\nspec:\n  a: 2\n",
            id="duplicate root keys",
        ),
        pytest.param(
            "base: &b {a: 1}\nspec: *b # c\n",
            {"a": 2},
            "base: &b {a: 1}\nspec: # c\n  a: 2\n",
            id="at an alias",
        ),
        pytest.param(
            "spec: &b {a: 1}\nrest:\n- *b # c\n",
            {"a": 2},
            "spec: &b {a: 2}\nrest:\n- a: 1 # c\n",
            id="at an anchor",
        ),
        pytest.param(
            "base: &b {a: 1, c: 1}\nspec:\n  <<: *b\n  d: 1\n",
            {"a": 2},
            "base: &b {a: 1, c: 1}\nspec:\n  <<: *b\n  d: 1\n  a: 2\n",
            id="over a <<",
        ),
        pytest.param(
            "spec:\n  8080: a\n  1.50: b\n", {"8080": "c"}, "spec:\n  8080: c\n  1.50: b\n", id="number keys"
        ),
        pytest.param("spec:\n  y: 1\n", {"true": 2}, "spec:\n  y: 2\n", id="boolean keys"),
        pytest.param(
            "spec:\n  a: 9007199254740993\n  b: 18446744073709551615 # b\n",
            {"a": 9007199254740995},
            "spec:\n  a: 9007199254740995\n  b: 18446744073709551615 # b\n",
            id="integers beyond 2^53",
        ),
        pytest.param(
            "spec:\n  a: 0755\n  b: 1e+06\n  c: 1e-05\n  d: =\n  e: ~\n",
            {"f": "0755"},
            'spec:\n  a: 0755\n  b: 1e+06\n  c: 1e-05\n  d: =\n  e: ~\n  f: "0755"\n',
            id="scalars of all kinds stay as they are",
        ),
        pytest.param(
            BLOCKS,
            {"g": 1},
            BLOCKS + "  g: 1\n",
            id="block scalars, a member behind |+",
        ),
        pytest.param(
            "spec:\n  a: |\n    x\n\n  c: |+\n    x\n\n",
            {"a": "y\n", "c": "y\n\n"},
            "spec:\n  a: |\n    y\n\n  c: |+\n    y\n\n",
            id="block scalars patched",
        ),
        pytest.param(
            "spec:\n  a: x\n    y\n\n    z\n  b: 'x\n\n    y'\n  c: \"x \\\n    y\"\n  d: 1\n",
            {"d": 2},
            "spec:\n  a: x\n    y\n\n    z\n  b: 'x\n\n    y'\n  c: \"x \\\n    y\"\n  d: 2\n",
            id="scalars over several lines stay",
        ),
        pytest.param(
            "spec:\n  a: x\n    y\n  b: 'x\n    y'\n  c: 1\n",
            {"a": "z", "b": "z"},
            "spec:\n  a: z\n  b: 'z'\n  c: 1\n",
            id="scalars over several lines patched",
        ),
        pytest.param(
            "spec:\n  ä: ö # ü\n  e: \U0001f600\n  u: x\u2028    y\n  v: 1\n",
            {"v": "日本"},
            'spec:\n  ä: ö # ü\n  e: \U0001f600\n  u: x\u2028    y\n  v: "日本"\n',
            id="non-ASCII",
        ),
        pytest.param("spec: {a: 1, b: [x]} # c\n", {"b": []}, "spec: {a: 1, b: []} # c\n", id="flow"),
        pytest.param("spec: # c\nrest: 1\n", {"a": 1}, "spec: # c\n  a: 1\nrest: 1\n", id="a null parent"),
        pytest.param("spec: {} # c\n", {"a": 1}, "spec: # c\n  a: 1\n", id="{} gets a member"),
        pytest.param("spec:\n  a: [] # c\n", {"a": [1]}, "spec:\n  a: # c\n  - 1\n", id="[] gets an element"),
        pytest.param("spec:\n\ta: 1\n".replace("\n\t", "\n  "), {"a": 2}, "spec:\n  a: 2\n", id="usual"),
        pytest.param(
            "spec:\t# c\n  a:\t1\t# d\n  l:\t[ 1,\t2\t]\n",
            {"a": 2},
            "spec:\t# c\n  a:\t2\t# d\n  l:\t[ 1,\t2\t]\n",
            id="tabs",
        ),
        pytest.param(
            "spec:\n  s: |\n    a\tb\n    \tc\n  a: 1\n",
            {"a": 2},
            "spec:\n  s: |\n    a\tb\n    \tc\n  a: 2\n",
            id="tabs in text",
        ),
        pytest.param(
            "spec:   \n  a: 1   \n  b: 2 \n", {"a": 2}, "spec:   \n  a: 2   \n  b: 2 \n", id="trailing blanks"
        ),
        pytest.param(
            "? spec\n: ? a\n  : 1 # c\n  b: 2\n",
            {"a": 2},
            "? spec\n: ? a\n  : 2 # c\n  b: 2\n",
            id="explicit keys",
        ),
        pytest.param(
            "spec:\n  !!merge <<: {a: 1}\n  b: !!string x\n",
            {"b": "z"},
            "spec:\n  !!merge <<: {a: 1}\n  b: z\n",
            id="tags",
        ),
        pytest.param(
            "spec:\n  # above a\n  a: 1\n\n  # between\n\n  b: 2\n  # at the end\n# behind\n",
            {"a": 2, "c": 3},
            "spec:\n  # above a\n  a: 2\n\n  # between\n\n  b: 2\n  c: 3\n  # at the end\n# behind\n",
            id="comments between members",
        ),
        pytest.param(
            "spec:\n  a:\n  # above\n  - 1\n  # between\n  - 2\n  # at the end\n  b: 1\n",
            {"a": [1, 3, 2, 4]},
            "spec:\n  a:\n  # above\n  - 1\n  - 3\n  # between\n  - 2\n  - 4\n  # at the end\n  b: 1\n",
            id="comments in a list",
        ),
        pytest.param(
            'spec:\n  a: |\n    # c\n    x\n  b: "#"\n  c: a#b # d\n',
            {"c": 1},
            'spec:\n  a: |\n    # c\n    x\n  b: "#"\n  c: 1 # d\n',
            id="#",
        ),
    ],
)
def test_documents(before: str, members: dict[str, Any], after: str) -> None:
    becomes("---\nkind: A\n" + before, spec(**members), "---\nkind: A\n" + after)


def test_long_lines() -> None:
    long = "x" * 100_000
    numbers = ", ".join(["1"] * 5_000)
    before = f"kind: A\nspec:\n  a: {long}\n  b: '{long} {long}' # {long}\n  c: [{numbers}]\n  d: 1\n"
    becomes(before, spec(d=2), before.replace("d: 1", "d: 2"))
    becomes(before, spec(a="short"), before.replace(f"a: {long}", "a: short"))


def test_many_members() -> None:
    before = "kind: A\nspec:\n" + "".join(f"  k{number}: v{number} # c\n" for number in range(5000))
    started = time.monotonic()
    becomes(before, spec(k2500="other"), before.replace(": v2500 #", ": other #"))
    assert time.monotonic() - started < 20


# Helm 4 writes what it has read through kyaml: dashes not indented, its annotation last, quotes as they were.
HELM_4 = """\
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    postrenderer.helm.sh/postrender-filename: 'web/templates/deployment.yaml'
spec:
  template:
    spec:
      containers:
      - name: web
        image: "nginx:1.27"
        args: ["-c", 'x']
        command:
        - sh
        - -c
        - |
          echo a

          echo b
"""


def test_helm_4() -> None:
    def change(data: Any) -> None:
        assert "annotations" not in data["metadata"]
        container = data["spec"]["template"]["spec"]["containers"][0]
        container["image"] = "nginx:1.28"
        container["command"][2] = container["command"][2].replace("b", "c")
        container["args"].append("y")

    release = patched(HELM_4.encode(), change)
    assert release.write().decode() == HELM_4.replace("nginx:1.27", "nginx:1.28").replace(
        "echo b", "echo c"
    ).replace("'x']", "'x', \"y\"]")
    label_first = patched(HELM_4.encode(), label).write().decode()
    assert label_first == HELM_4.replace("yaml'\n", "yaml'\n  labels:\n    team: imaging\n")


def test_helm_4_and_annotations_of_our_own() -> None:
    before = HELM_4.split("spec:", 1)[0]
    line = "    postrenderer.helm.sh/postrender-filename: 'web/templates/deployment.yaml'\n"

    def change(data: Any) -> None:
        data["metadata"]["annotations"] = {"a": "b"}

    assert patched(before.encode(), change).write().decode() == before + "    a: b\n"
    with_own = before.replace(line, "    c: d\n" + line)
    assert patched(with_own.encode(), change).write().decode() == before + "    a: b\n"
    flow = "kind: A\nmetadata: {annotations: {postrenderer.helm.sh/postrender-filename: 'x'}, name: web}\n"
    assert patched(flow.encode(), change).write().decode() == flow.replace("'x'}", "'x', a: b}")
    assert patched(flow.encode(), label).write().decode() == flow.replace(
        "web}", "web, labels: {team: imaging}}"
    )


# --- what cannot be read -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        pytest.param(
            "kind: A\n b: 1\n", "document 2 (# Source: x.yaml), line 5", "no valid YAML", id="invalid"
        ),
        pytest.param("a: [\n", "document 2 (# Source: x.yaml), line 5", "no valid YAML", id="not closed"),
        pytest.param("a:\n\tb: 1\n", "document 2 (# Source: x.yaml), line 5", "no valid YAML", id="a tab"),
        pytest.param(
            "a: \x01\n", "document 2 (# Source: x.yaml), line 4", "no valid YAML", id="a control character"
        ),
        pytest.param("a: b\0\n", "document 2 (# Source: x.yaml), line 4", "a NUL character", id="NUL"),
        pytest.param(
            "b: 1\na: *x\n", "document 2 (# Source: x.yaml), line 5", "an alias without", id="no anchor"
        ),
        pytest.param("[" * 50_000, "document 2 (# Source: x.yaml), line 4", "nested deeper", id="brackets"),
        pytest.param("a: {" * 50_000, "document 2 (# Source: x.yaml), line 4", "nested deeper", id="braces"),
        pytest.param(
            "".join(f"{' ' * i}a:\n" for i in range(1000)),
            "document 2 (# Source: x.yaml), line 204",
            "nested",
            id="deep",
        ),
        pytest.param(
            "a0: &a0 [1,1,1,1,1,1,1,1,1]\n"
            + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 20)),
            "document 2 (# Source: x.yaml), line 9",
            "aliases that stand for more",
            id="alias bomb",
        ),
    ],
)
def test_what_cannot_be_read(text: str, where: str, what: str) -> None:
    started = time.monotonic()
    with pytest.raises(InputError) as error:
        stays("kind: A\n---\n# Source: x.yaml\n" + text)
    assert str(error.value).startswith(f"{where}: {what}")
    assert len(str(error.value)) < 400
    assert time.monotonic() - started < 5


def test_invalid_utf_8_in_a_stream() -> None:
    with pytest.raises(InputError) as error:
        stays(b"kind: A\n---\n# Source: x.yaml\na: \xff\n")
    assert str(error.value) == "document 2 (# Source: x.yaml), line 4: a byte that is not valid UTF-8"


def test_what_nobody_reads_may_be_wrong() -> None:
    """Only what a patch needs is parsed; Helm will say what is wrong with the rest."""
    text = "apiVersion: v1\nkind: A\nmetadata:\n  name: a\nspec:\n  a: b\n   c: d\n"
    release = Release(documents.split(text.encode()))
    assert release.write().decode() == text
    with pytest.raises(InputError, match="document 1, line 7: no valid YAML"):
        release.units[0].read(None)
