"""Reports: what each format makes of the same changes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from postrender import reports
from postrender.changes import Change, Digest
from postrender.documents import Identity
from postrender.edits import ABSENT
from postrender.reports import FORMATS, Report, Source, text
from postrender.reports.visible import visible, visible_lines

if TYPE_CHECKING:
    from postrender.kubeyaml import Value

WEB = Identity("", "v1", "Service", "xnat", "web")
CLASS = Identity("storage.k8s.io", "v1", "StorageClass", "", "gp3")
SOURCE = Source("Overlay", "xnat-aws", "/srv/xnat-aws/overlay.yaml", "POSTRENDER_OVERLAY")
SCHEMA = json.loads((Path(reports.__file__).parent / "report.schema.json").read_text("utf-8"))
NASTY = "\x1b[2J\x07\x7f\x9b31m\u202e\u2066\u2028\ud800\r\n\tend"


def change(
    pointer: str,
    before: Any,
    after: Any,
    *,
    resource: Identity = WEB,
    patch: tuple[str, str] = ("alb-nodeport", "1"),
    hook: bool = False,
) -> Change:
    return Change(resource, pointer, before, after, *patch, hook)


def report(*changes: Change, sources: tuple[Source, ...] = (), notes: tuple[str, ...] = ()) -> Report:
    return Report(sources, changes, notes, 16)


def fields(*changes: Change) -> str:
    """The part of the text report about one resource, without its title and patch."""
    return text.write(report(*changes)).split("\n\n")[0].split("\n", 2)[2]


def test_text_names_source_resource_patch_field_before_and_after() -> None:
    changes = (
        change("/spec/type", "ClusterIP", "NodePort"),
        change("/spec/sessionAffinity", "ClientIP", ABSENT, patch=("affinity", "no affinity")),
        change(
            "",
            ABSENT,
            {"kind": "StorageClass", "parameters": {}},
            resource=CLASS,
            patch=("wait", "resource 1"),
        ),
        change("", {"kind": "Job"}, ABSENT, resource=Identity("batch", "v1", "Job", "", "old"), hook=True),
    )
    assert text.write(report(*changes, sources=(SOURCE,), notes=("first.", "second."))) == (
        """\
Overlay xnat-aws from /srv/xnat-aws/overlay.yaml (POSTRENDER_OVERLAY)

Service xnat/web
  alb-nodeport, patch 1
    ~ /spec/type: ClusterIP → NodePort
  affinity, no affinity
    - /spec/sessionAffinity: ClientIP

+ StorageClass gp3
  wait, resource 1
    + kind: StorageClass
    + parameters: {}

- Job old (hook)
  alb-nodeport, patch 1

4 changes: 1 of 16 resources changed, 1 resource added, 1 resource removed.

Notes:
  - first.
  - second.
"""
    )


def test_text_without_changes_says_so() -> None:
    assert text.write(report()) == "No changes in 16 resources.\n"


def test_text_has_a_resource_once_however_many_patchsets_take_turns() -> None:
    one, two = ("one", "1"), ("two", "1")
    changes = [
        change("/a", 1, 2, patch=one),
        change("/a", 1, 2, patch=one, resource=CLASS),
        change("/b", 1, 2, patch=two),
        change("/a", 2, 3, patch=one),
    ]
    lines = text.write(report(*changes)).splitlines()
    assert lines.count("Service xnat/web") == 1
    assert lines[:7] == [
        "Service xnat/web",
        "  one, patch 1",
        "    ~ /a: 1 → 2",
        "  two, patch 1",
        "    ~ /b: 1 → 2",
        "  one, patch 1",
        "    ~ /a: 2 → 3",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("NodePort", "NodePort"),
        ("alb.ingress.kubernetes.io/scheme", "alb.ingress.kubernetes.io/scheme"),
        ("80", '"80"'),
        (80, "80"),
        (1.5, "1.5"),
        ("true", '"true"'),
        (True, "true"),
        ("No", '"No"'),
        (None, "null"),
        ("null", '"null"'),
        ("", '""'),
        ("two words", '"two words"'),
        ("a → b", '"a → b"'),
        ("größer", "größer"),
        ('[{"HTTP": 80}]', "'[{\"HTTP\": 80}]'"),
        ('it\'s "so"', '"it\'s \\"so\\""'),
        ("secret 3f9a1c", '"secret 3f9a1c"'),
        (Digest("secret 3f9a1c"), "secret 3f9a1c"),
        ({"key": Digest("secret 3f9a1c"), "80": []}, '{key: secret 3f9a1c, "80": []}'),
        ([1, {"a": "b"}], "[1, {a: b}]"),
    ],
)
def test_text_shows_a_value_so_that_its_type_can_be_told(value: Value, shown: str) -> None:
    assert fields(change("/x", value, ABSENT)) == f"    - /x: {shown}"


def test_text_shows_a_long_string_as_a_diff() -> None:
    before = "".join(f"line {n}\n" for n in range(20))
    after = before.replace("line 9\n", "line nine\nand more\n")
    assert fields(change("/data/conf", before, after)) == (
        """\
    ~ /data/conf:
      @@ -8,5 +8,6 @@
       line 7
       line 8
      -line 9
      +line nine
      +and more
       line 10
       line 11"""
    )


def test_text_puts_long_texts_below_each_other() -> None:
    assert fields(change("/x", "a" * 60, "b" * 60)) == f"    ~ /x:\n      -{'a' * 60}\n      +{'b' * 60}"
    assert fields(change("/x", ABSENT, "b" * 120)) == f"    + /x: {'b' * 120}"


def test_text_shows_a_large_value_in_lines() -> None:
    value = {
        "path": "/*",
        "backend": {"service": {"name": "x" * 60, "port": {"name": "use-annotation"}}},
        "l": ["a"],
    }
    assert fields(change("/spec/paths/0", ABSENT, value)) == (
        f"""\
    + /spec/paths/0:
      +path: /*
      +backend:
      +  service:
      +    name: {"x" * 60}
      +    port:
      +      name: use-annotation
      +l:
      +  - a"""
    )


def test_text_shows_strings_of_several_lines_inside_a_value() -> None:
    manifest = {"data": {"a": "one\n\ntwo\n", "b": "three\nfour"}, "l": ["x\ny\n"]}
    assert fields(change("", ABSENT, manifest, resource=CLASS)).splitlines() == [
        "    + data:",
        "    +   a: |",
        "    +     one",
        "    +",
        "    +     two",
        "    +   b: |-",
        "    +     three",
        "    +     four",
        "    + l:",
        "    +   - |",
        "    +     x",
        "    +     y",
    ]


def test_text_has_colours_only_if_asked() -> None:
    changes = report(change("/a", ABSENT, 1), change("/b", 1, ABSENT), change("/c", "x\n", "y\n"))
    coloured = text.write(changes, colour=True)
    assert "\x1b[32m    + /a: 1\x1b[0m\n\x1b[31m    - /b: 1\x1b[0m\n\x1b[33m    ~ /c:\x1b[0m" in coloured
    assert "\x1b[31m      -x\x1b[0m" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == text.write(changes)


def nasty_report() -> Report:
    resource = Identity(*[NASTY] * 5)
    return Report(
        (Source("Overlay", NASTY, NASTY, NASTY),),
        (
            change(f"/{NASTY}", NASTY, {NASTY: [NASTY, "x" * 200]}, resource=resource, patch=(NASTY, NASTY)),
            change("", ABSENT, {NASTY: NASTY}, resource=resource),
            change("/x", Digest(NASTY), f"{NASTY} on one line".replace("\n", "")),
        ),
        (NASTY,),
        3,
    )


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_lets_control_characters_through(name: str) -> None:
    form = FORMATS[name]()
    for written in (form.write(nasty_report()), form.write_error(NASTY)):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", written)
        assert written.endswith("\n")
        written.encode()


def test_a_name_cannot_pretend_to_be_another_line() -> None:
    fake = Identity("", "v1", "Service", "", "x\n\n+ Service y")
    assert "\n+ Service y" not in text.write(report(change("/a\n    ~ /b: 1", 1, 2, resource=fake)))


def test_visible_leaves_text_and_escapes_the_rest() -> None:
    assert visible("größer → 中文 ✓") == "größer → 中文 ✓"
    assert visible("a\tb\n\x1b\u202e") == "a\\x09b\\x0a\\x1b\\u202e"
    assert visible_lines("a\x00\nb") == "a\\x00\nb"


def test_json_has_every_change_and_leaves_absent_sides_out() -> None:
    changes = (
        change("/spec/type", "ClusterIP", None),
        change("/n", ABSENT, 2**70, hook=True),
        change("/x", 1.5, ABSENT),
    )
    assert json.loads(FORMATS["json"]().write(report(*changes, sources=(SOURCE,), notes=("note",)))) == {
        "apiVersion": "postrender/v1",
        "kind": "Report",
        "sources": [
            {
                "kind": "Overlay",
                "name": "xnat-aws",
                "path": "/srv/xnat-aws/overlay.yaml",
                "chosen": "POSTRENDER_OVERLAY",
            }
        ],
        "changes": [
            {**JSON_CHANGE, "pointer": "/spec/type", "before": "ClusterIP", "after": None},
            {**JSON_CHANGE, "resource": {**JSON_WEB, "hook": True}, "pointer": "/n", "after": 2**70},
            {**JSON_CHANGE, "pointer": "/x", "before": 1.5},
        ],
        "notes": ["note"],
        "counts": {"resources": 16, "changed": 2, "added": 0, "removed": 0, "changes": 3},
    }


JSON_WEB = {
    "group": "",
    "version": "v1",
    "kind": "Service",
    "namespace": "xnat",
    "name": "web",
    "hook": False,
}
JSON_CHANGE = {"resource": JSON_WEB, "patchset": "alb-nodeport", "patch": "1"}


def test_an_error_stands_where_a_report_would() -> None:
    assert (
        FORMATS["text"]().write_error("a.yaml:3: no\nb.yaml:4: no") == "error: a.yaml:3: no\nb.yaml:4: no\n"
    )
    assert json.loads(FORMATS["json"]().write_error("no")) == {
        "apiVersion": "postrender/v1",
        "kind": "Report",
        "error": "no",
    }


def test_counts_know_what_was_added_and_then_patched() -> None:
    gone = Identity("", "v1", "Pod", "", "gone")
    changes = (
        change("", ABSENT, {}, resource=CLASS),
        change("/a", ABSENT, 1, resource=CLASS),
        change("/a", ABSENT, 1, resource=gone),
        change("", {}, ABSENT, resource=gone),
        change("/a", 1, 2),
    )
    assert reports.count(report(*changes)) == reports.Counts(16, 1, 1, 1, 5)


@pytest.mark.parametrize(
    "written",
    [
        FORMATS["json"]().write(report()),
        FORMATS["json"]().write(nasty_report()),
        FORMATS["json"]().write(report(change("/x", ABSENT, 1), sources=(SOURCE,))),
        FORMATS["json"]().write_error("no"),
    ],
    ids=["empty", "nasty", "usual", "error"],
)
def test_json_is_as_its_schema_says(written: str) -> None:
    assert list(faults(json.loads(written), SCHEMA)) == []


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({}, "lacks apiVersion"),
        ({"apiVersion": "v1", "kind": "Report", "error": ""}, "/apiVersion: is not postrender/v1"),
        ({"apiVersion": "postrender/v1", "kind": "Report"}, "fits {'oneOf': 0}"),
        ({"apiVersion": "postrender/v1", "kind": "Report", "error": 3}, "/error: is no string"),
        ({"apiVersion": "postrender/v1", "kind": "Report", "error": "", "x": 1}, "has x"),
    ],
)
def test_the_schema_refuses_what_is_no_report(wrong: Value, fault: str) -> None:
    assert any(fault in each for each in faults(wrong, SCHEMA))


def test_every_object_of_the_schema_is_closed_and_its_required_members_are_described() -> None:
    for name, schema in {"report": SCHEMA, **SCHEMA["$defs"]}.items():
        assert schema["additionalProperties"] is False, name
        assert set(schema["required"]) <= set(schema["properties"]), name


WORDS = {"$schema", "$id", "$defs", "title", "description", "properties", "required", "additionalProperties"}
WORDS |= {"type", "items", "enum", "const", "minimum", "oneOf", "anyOf", "not", "$ref"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}


def faults(value: Any, schema: Any, place: str = "") -> list[str]:
    """What of `value` is not as `schema` says: as much of JSON Schema as ours uses, and no more."""
    if schema is True:
        return []
    assert set(schema) <= WORDS, "the schema uses words that this test does not know"
    if "$ref" in schema:
        return faults(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], place)
    if "type" in schema and type(value) is not TYPES[schema["type"]]:
        return [f"{place}: is no {schema['type']}"]
    found = [f"{place}: lacks {name}" for name in schema.get("required", ()) if name not in value]
    if "const" in schema and value != schema["const"]:
        found.append(f"{place}: is not {schema['const']}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{place}: is none of {schema['enum']}")
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{place}: is too small")
    return found + inner_faults(value, schema, place) + joined_faults(value, schema, place)


def inner_faults(value: Any, schema: Any, place: str) -> list[str]:
    found = []
    for name, item in value.items() if "properties" in schema else ():
        if name in schema["properties"]:
            found += faults(item, schema["properties"][name], f"{place}/{name}")
        else:
            found.append(f"{place}: has {name}")
    for number, item in enumerate(value) if "items" in schema else ():
        found += faults(item, schema["items"], f"{place}/{number}")
    return found


def joined_faults(value: Any, schema: Any, place: str) -> list[str]:
    found = []
    fit = {
        word: sum(not faults(value, each) for each in schema[word])
        for word in ("oneOf", "anyOf")
        if word in schema
    }
    if fit.get("oneOf", 1) != 1 or not fit.get("anyOf", 1):
        found.append(f"{place}: fits {fit}")
    if "not" in schema and not faults(value, schema["not"]):
        found.append(f"{place}: is what it must not be")
    return found
