"""release: resources read when needed, all or in part, and written back when changed."""

from __future__ import annotations

import collections
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postrender import documents, kubeyaml, release
from postrender.documents import Identity
from postrender.errors import InputError
from postrender.kubeyaml import Opaque
from postrender.release import FILENAME, Release, Unit
from tests import manifests
from tests.touched import Touched

if TYPE_CHECKING:
    from pathlib import Path

    from postrender.release import Resource


def read(text: str) -> Release:
    return Release(documents.split(text.encode()))


def written(release: Release) -> str:
    return release.write().decode()


BIG = (
    """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  text: |
"""
    + "    a line of text\n" * 20
)


# --- reading -------------------------------------------------------------------------------------------


def test_nothing_is_read_before_it_is_needed() -> None:
    unit = read(BIG).units[0]
    (resource,) = unit.resources
    assert resource.identity == Identity("", "v1", "ConfigMap", "", "web")
    assert resource.data == {}


def test_some_members_are_read() -> None:
    unit = read(BIG).units[0]
    (resource,) = unit.resources
    unit.read(frozenset({"metadata"}))
    assert resource.data["metadata"] == {"name": "web"}
    assert isinstance(resource.data["data"], Opaque)
    unit.read(frozenset({"metadata", "status"}))
    assert isinstance(resource.data["data"], Opaque)
    unit.read(None)
    assert resource.data["data"] == {"text": "a line of text\n" * 20}


def test_what_is_read_later_does_not_undo_a_patch() -> None:
    unit = read(BIG).units[0]
    (resource,) = unit.resources
    unit.read(frozenset({"metadata"}))
    resource.put({**resource.data, "metadata": {"name": "db"}})
    unit.read(frozenset({"data"}))
    assert resource.data["metadata"] == {"name": "db"}
    assert resource.changed
    assert unit.write() == BIG.replace("web", "db")


def test_a_small_document_is_read_whole() -> None:
    unit = read("apiVersion: v1\nkind: A\nmetadata:\n  name: a\n  labels:\n    b: c\nspec: 1\n").units[0]
    unit.read(frozenset({"metadata"}))
    assert unit.resources[0].data["spec"] == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(BIG.replace("name: web", "name: web\n labels: {"), 5, id="the member"),
        pytest.param(
            "---\nkind: A\n---\n# Source: x\n" + BIG.replace("name: web", "name: web\n   x: 1"),
            9,
            id="in a stream",
        ),
    ],
)
def test_an_error_in_a_part_has_its_line(text: str, line: int) -> None:
    def read_last(text: str) -> None:
        read(text).units[-1].read(frozenset({"metadata"}))

    with pytest.raises(InputError, match=rf"line {line}: no valid YAML"):
        read_last(text)


@pytest.mark.parametrize(
    ("text", "identities"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("# c\n---\n", [], id="no content"),
        pytest.param("- a\n---\ntext\n", [], id="no mapping"),
        pytest.param("a: 1\n", ["a document without kind"], id="no kind"),
        pytest.param("kind: A\nmetadata: {name: a, namespace: b}\n", ["A b/a"], id="flow"),
        pytest.param("kind: A\nmetadata: {name: 5, namespace: }\n", ["A "], id="a name that is a number"),
        pytest.param("kind: 5\n", ["a document without kind"], id="a kind that is a number"),
        pytest.param("kind: List\nitems:\n- kind: A\n- kind: B\n", ["A ", "B "], id="a List"),
        pytest.param("kind: RoleList\nitems:\n- kind: Role\n", ["Role "], id="a RoleList"),
        pytest.param("kind: List\nitems: []\n", [], id="an empty List"),
        pytest.param("kind: List\n", ["List "], id="a List without items"),
        pytest.param("kind: AllowList\nspec: 1\n", ["AllowList "], id="a kind that ends like one"),
    ],
)
def test_who_is_there(text: str, identities: list[str]) -> None:
    there = read(text)
    assert [str(resource.identity) for resource in there.resources] == identities
    assert there.count == len(identities)
    assert written(there) == text


def test_what_is_noteworthy() -> None:
    unit = read("kind: A\nkind: B\nmetadata:\n  a: 1\n  a: 2\n...\n# c\n---\n").units[0]
    assert unit.duplicates == ["kind", "a"]
    assert not unit.has_tail
    assert read("kind: A\n---\n# HIDDEN: The Secret output has been suppressed\n").hides_secrets
    assert not read("kind: A\n# not HIDDEN:\n").hides_secrets


# --- patching ------------------------------------------------------------------------------------------


def only(release: Release) -> Resource:
    (resource,) = release.resources
    resource.unit.read(None)
    return resource


def test_a_patched_identity() -> None:
    there = read(BIG)
    resource = only(there)
    resource.put(
        {**resource.data, "apiVersion": "apps/v1", "kind": "A", "metadata": {"name": "a", "namespace": "b"}}
    )
    assert resource.identity == Identity("apps", "v1", "A", "b", "a")


def test_the_identity_of_what_is_not_read_stays() -> None:
    unit = read(BIG).units[0]
    unit.read(frozenset({"metadata"}))
    (resource,) = unit.resources
    resource.put({**resource.data, "metadata": {"name": "db"}})
    assert str(resource.identity) == "ConfigMap db"


def test_put_back_is_unchanged() -> None:
    there = read(BIG)
    resource = only(there)
    before = resource.data
    resource.put({**before, "x": 1})
    assert resource.changed
    resource.put(before)
    assert not resource.changed
    assert written(there) == BIG


def test_back_to_a_snapshot() -> None:
    there = read(f"{BIG}---\nkind: A\n")
    first, second = there.resources
    first.unit.read(frozenset({"metadata"}))
    first.put({**first.data, "metadata": {"name": "one"}})
    snapshot = there.snapshot()
    first.put({**first.data, "metadata": {"name": "two"}})
    first.unit.read(None)
    second.removed = True
    there.add(Unit(release.document_of({"kind": "B"}, "b.yaml"), added=True))
    snapshot.restore()
    assert str(first.identity) == "ConfigMap one"
    assert first.data["data"] == {"text": "a line of text\n" * 20}
    assert written(there) == BIG.replace("web", "one") + "---\nkind: A\n"


@pytest.mark.parametrize(
    ("before", "kind", "after"),
    [
        pytest.param("", "A", "[A]", id="into nothing"),
        pytest.param("# c\n", "A", "# c\n[A]", id="behind a comment"),
        pytest.param("kind: Service", "A", "kind: Service\n[A]", id="at the end, no newline"),
        pytest.param(
            "kind: Service\n", "Secret", "[Secret]---\nkind: Service\n", id="before the first, without ---"
        ),
        pytest.param(
            "\n---\nkind: Service\n",
            "Secret",
            "\n[Secret]---\nkind: Service\n",
            id="before the first, with ---",
        ),
        pytest.param(
            "kind: Secret\n---\nkind: Service\n---\nkind: Ingress\n",
            "Deployment",
            "kind: Secret\n---\nkind: Service\n[Deployment]---\nkind: Ingress\n",
            id="in Helm's order",
        ),
        pytest.param(
            "kind: Service\n---\nkind: Secret\n",
            "ConfigMap",
            "kind: Service\n---\nkind: Secret\n[ConfigMap]",
            id="no order",
        ),
        pytest.param(
            "kind: CustomResourceDefinition\n---\nkind: Secret\n---\nkind: Ingress\n",
            "Service",
            "kind: CustomResourceDefinition\n---\nkind: Secret\n[Service]---\nkind: Ingress\n",
            id="CRDs come first",
        ),
        pytest.param(
            "kind: Service\n---\nkind: Alpha\n---\nkind: Omega\n",
            "Beta",
            "kind: Service\n---\nkind: Alpha\n[Beta]---\nkind: Omega\n",
            id="unknown kinds by name, last",
        ),
        pytest.param(
            "kind: Secret\n...\n%YAML 1.1\n---\nkind: Ingress\n",
            "Service",
            "kind: Secret\n...\n[Service]...\n%YAML 1.1\n---\nkind: Ingress\n",
            id="before a directive",
        ),
    ],
)
def test_an_added_document(before: str, kind: str, after: str) -> None:
    there = read(before)
    there.add(Unit(release.document_of({"kind": kind, "spec": {"l": ["x"]}}, "new.yaml"), added=True))
    added = f"---\n# Source: new.yaml\nkind: {kind}\nspec:\n  l:\n    - x\n"
    assert written(there) == after.replace(f"[{kind}]", added)


def test_added_documents_may_be_patched() -> None:
    there = read("kind: A\n")
    unit = Unit(
        release.document_of({"apiVersion": "v1", "kind": "B", "metadata": {"name": "b"}}, "b.yaml"),
        added=True,
    )
    there.add(unit)
    unit.read(None)
    (resource,) = unit.resources
    resource.put({**resource.data, "x": 1})
    assert written(there).endswith("kind: B\nmetadata:\n  name: b\nx: 1\n")


# --- Helm 4's annotation -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotations", "seen", "patched", "after"),
    [
        pytest.param(f"\n    {FILENAME}: a.yaml\n", None, None, None, id="alone, not patched"),
        pytest.param(
            f"\n    {FILENAME}: a.yaml\n",
            None,
            {"b": "c"},
            f"\n    {FILENAME}: a.yaml\n    b: c\n",
            id="alone",
        ),
        pytest.param(
            f"\n    b: c # b\n    {FILENAME}: 'a.yaml'\n",
            {"b": "c"},
            {"b": "d"},
            f"\n    b: d # b\n    {FILENAME}: 'a.yaml'\n",
            id="last",
        ),
        pytest.param(
            f"\n    b: c\n    {FILENAME}: a.yaml\n",
            {"b": "c"},
            {},
            f"\n    {FILENAME}: a.yaml\n",
            id="left alone",
        ),
        pytest.param(
            f" {{{FILENAME}: a.yaml}} # c\n",
            None,
            {"b": "c"},
            f" {{{FILENAME}: a.yaml, b: c}} # c\n",
            id="flow",
        ),
    ],
)
def test_helm_4_annotation(annotations: str, seen: Any, patched: Any, after: str | None) -> None:
    text = "apiVersion: v1\nkind: A\nmetadata:\n  name: a\n  annotations:"
    for rest in ("", "spec:\n" + "  - a\n" * 50):
        there = read(f"{text}{annotations}{rest}")
        (resource,) = there.resources
        resource.unit.read(frozenset({"metadata"}))
        metadata: Any = resource.data["metadata"]
        assert metadata.get("annotations") == seen
        assert written(there) == f"{text}{annotations}{rest}"
        if after is not None:
            resource.put({**resource.data, "metadata": {**metadata, "annotations": patched}})
            assert written(there) == f"{text}{after}{rest}"


# --- laws ----------------------------------------------------------------------------------------------

STYLE = manifests.Style(
    noise=0.15, flow=0.1, quotes=0.1, anchors=0, explicit=0.02, tags=0.01, duplicates=0.02
)
SLOW = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@SLOW
@given(manifests.written(manifests.resources(), STYLE), st.data())
def test_what_comes_out_is_the_same_however_much_was_read(
    given_text: tuple[str, Any], data: st.DataObject
) -> None:
    text, old = given_text
    text += "" if text.endswith("\n") else "\n"
    text += "zz:\n" + "  - filler # of a document that is worth reading in part\n" * 30
    document = documents.split(text.encode()).documents[0]
    if document.text != text or documents.outline(text) is None:
        return
    whole, part = Unit(document), Unit(document)
    whole.read(None)
    roots = data.draw(st.sets(st.sampled_from(sorted(old)), min_size=1, max_size=2))
    part.read(frozenset(roots))
    change = data.draw(manifests.edits({root: old[root] for root in sorted(roots)}))
    for unit in (whole, part):
        (resource,) = unit.resources
        kept = {name: value for name, value in resource.data.items() if name not in roots}
        # The members in the order that they have, so that both are given the same.
        resource.put({name: change[name] for name in old if name in change} | kept | change)
    assert part.write() == whole.write()
    assert whole.step in ("", "places")
    assert whole.resources[0].identity == part.resources[0].identity


@settings(SLOW, max_examples=40)
@given(manifests.streams())
def test_streams_pass_through(text: str) -> None:
    there = read(text)
    assert written(there) == text
    for unit in there.units:
        unit.read(None)
    assert written(there) == text


# --- real renders --------------------------------------------------------------------------------------

CORPUS = manifests.corpus()
STEPS: collections.Counter[str] = collections.Counter()


@pytest.mark.skipif(not CORPUS, reason="POSTRENDER_CORPUS does not name a folder of renders")
@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_real_renders(path: Path) -> None:
    """A label on every resource of one kind, then of all, leaves all else byte for byte."""
    data = path.read_bytes()
    kinds = collections.Counter(
        resource.identity.kind for resource in Release(documents.split(data)).resources
    )
    for wanted in ({kinds.most_common(1)[0][0]}, set(kinds)):
        there = Release(documents.split(data))
        for resource in list(there.resources):
            if resource.identity.kind in wanted:
                resource.unit.read(frozenset({"metadata"}))
                resource.put(labelled(resource.data))
        output = documents.split(there.write())
        for before, now, unit in zip(
            documents.split(data).documents, output.documents, there.units, strict=True
        ):
            STEPS[unit.step] += 1
            if not unit.step:
                assert now.text == before.text
                assert not {resource.identity.kind for resource in unit.resources} & wanted
                continue
            composed = kubeyaml.compose(before.text)
            assert composed.root is not None
            root: Any = composed.root.data
            expected = (
                {**root, "items": list(map(labelled, root["items"]))} if unit.is_list else labelled(root)
            )
            assert kubeyaml.equal(kubeyaml.load(now.text), expected)
            assert not Touched(before.text, composed, expected).problem(now.text)


@pytest.mark.skipif(not CORPUS, reason="POSTRENDER_CORPUS does not name a folder of renders")
def test_the_ladder_over_real_renders(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\nsplice over real renders, documents by step: {dict(STEPS)}\n")
    assert set(STEPS) <= {"", "places"}


def labelled(data: Any) -> Any:
    metadata = data["metadata"]
    return {**data, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), "team": "imaging"}}}
