"""What editors are told of our files: the schemas take what the reader takes, and refuse what they can."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import jsonschema
import pytest

from postrender import cli, kubeyaml, library, parameters, patchset, schema, transforms
from postrender.errors import FormatErrors
from postrender.fields import members, target_of
from postrender.patches import json6902
from tests import test_patchset, tools
from tests.runs import folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jsonschema.exceptions import ValidationError

    from postrender.kubeyaml import Node
SCHEMA = json.loads(schema.patchset())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
FILES = sorted([*tools.ROOT.glob("patchsets/*/patchset.yaml"), *tools.ROOT.glob("overlays/*/overlay.yaml")])

# It knows the other files, what is declared and YAML itself, and languages of its own inside texts.
ONLY_THE_READER = re.compile(
    r"no parameter '|not declared above|secret parameter|is never this|default of '[gs]' is|'r' element 2"
    r"|no file '|outside the patchset's folder|no patchset or overlay|no such file|in a circle"
    r"|the environment is|no valid YAML|an alias without|stands twice|more than one document"
    r"|'false' is no name|in document \d"
    r"|a \$\{ without|bad regular expression|bad selector|bracket that does not fit|is a pattern \("
    r"|an empty patch|of good is text"
)


@pytest.mark.parametrize("name", schema.SCHEMAS)
def test_the_schemas_are_such_and_printed(name: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert cli.run(["schema", name]) == 0
    printed = json.loads(capsysbinary.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(printed)
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_every_file_of_the_library_is_as_the_schema_says(file: Path) -> None:
    assert [error.message for error in errors(file.read_text("utf-8"))] == []


def test_the_schema_knows_the_fields_of_the_reader() -> None:
    places = {
        "patch": patchset._PATCH_FIELDS,
        "parameter": parameters._FIELDS,
        "inner": parameters._SCHEMA_FIELDS,
        "operation": json6902.FIELDS,
        "target": (*patchset._TARGET_REGEXES, *patchset._TARGET_SELECTORS, *patchset._TARGET_PLACES),
    }
    found = {name: set(SCHEMA["$defs"][name]["properties"]) for name in places}
    assert found == {name: set(fields) for name, fields in places.items()}
    assert set(SCHEMA["properties"]) == set(patchset._FIELDS)
    assert SCHEMA["$defs"]["patch"]["properties"]["transform"]["enum"] == transforms.names()


def test_what_the_reader_refuses_the_schema_refuses_where_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = []
    files = bad_files(monkeypatch)
    for text, mistakes in files:
        by_line: dict[int, list[str]] = {}
        for number, what in re.findall(r"^[op]\.yaml:(\d+): (.*)", mistakes, re.MULTILINE):
            by_line.setdefault(int(number), []).append(what)
        refused = {line: error.message for error in errors(text) for line in lines_of(text, error)}
        for number, what in by_line.items():
            if number not in refused and not all(map(ONLY_THE_READER.search, what)):
                wrong.append(f"the schema takes line {number}, the reader says {what}:\n{text}")
        for number in refused.keys() - by_line:
            wrong.append(f"the reader takes line {number}, the schema says {refused[number]}:\n{text}")
    assert not wrong, "\n\n".join(wrong)
    assert len(files) > 20, "the bad files of test_patchset.py were not found"


@pytest.mark.parametrize(
    "lines",
    [
        "transform: merge-pairs\nwith: {path: /a, pairs: {a: 1, b: null, c: yes, d: '${p}'}}",
        "transform: merge-pairs\nwith: {path: '${p}', pairs: '${q}'}",
        "transform: replace-text\nwith: {path: /a, pattern: a, replacement: b, count: 2, decode: none}",
        "transform: replace-text\nwith: {path: /a, pattern: a, replacement: b, count: '${p}'}",
        "at: containers/[name=x]\npatch: {image: null}",
        "at: podTemplate\npatch: [{op: add, path: /a/-, values: '${q}', unique: true, ifMissing: create}]",
        "patch: |\n  - {op: remove, path: /a}",
    ],
)
def test_what_both_take(lines: str) -> None:
    text = patch_of(lines)
    with folder({"p.yaml": text}) as here:
        library.load(here / "p.yaml")
    assert [error.message for error in errors(text)] == []


@pytest.mark.parametrize(
    "lines",
    [
        "transform: merge-pairs",
        "transform: merge-pair\nwith: {path: /a, pairs: {}}",
        "transform: merge-pairs\nwith: {path: /a}",
        "transform: merge-pairs\nwith: {path: a, pairs: {a: b}}",
        "transform: merge-pairs\nwith: {path: /a, pairs: {a: [b]}}",
        "transform: merge-pairs\nwith: {path: /a, pairs: {a: b}, separater: ','}",
        "transform: replace-text\nwith: {path: /a, pattern: a, replacement: b, count: x}",
        "transform: replace-text\nwith: {path: /a, pattern: a, replacement: b, decode: base32}",
        "patch: [{op: add, path: /a/0, values: [x]}]",
        "patch: [{op: test, path: /a, value: 1, ifMissing: skip}]",
        "patch: [{op: copy, path: /a}]",
    ],
)
def test_what_both_refuse(lines: str) -> None:
    text = patch_of(lines)
    with folder({"p.yaml": text}) as here, pytest.raises(FormatErrors):
        library.load(here / "p.yaml")
    assert list(errors(text))


def patch_of(lines: str) -> str:
    """A patchset of one patch, whose other fields are these."""
    indented = lines.replace("\n", "\n    ")
    head = "name: p\nparameters: {p: {type: string}, q: {type: [array, object]}}\n"
    return f"{head}patches:\n  - target: {{kind: A}}\n    {indented}\n"


def errors(text: str) -> Iterator[ValidationError]:
    """What the schema refuses in a file, which needs no name of its own."""
    data = kubeyaml.load(text)
    return VALIDATOR.iter_errors({"name": "p", **data} if isinstance(data, dict) else data)


def bad_files(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The files of test_patchset.py that have mistakes, and what the reader says of each."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(test_patchset, "mistakes", lambda text, said, **_: found.append((text, said)))
    for test in list(vars(test_patchset).values()):
        if "mistakes" not in getattr(getattr(test, "__code__", None), "co_names", ()):
            continue
        (arguments,) = [mark.args for mark in getattr(test, "pytestmark", ())] or [("", [None])]
        for value in arguments[1]:
            test(**({arguments[0]: value} if arguments[0] else {}))
    return found


def lines_of(text: str, error: ValidationError) -> set[int]:
    """The lines of what the schema refuses: of members that may not be there, those of their names."""
    node = kubeyaml.compose(text).root
    assert node is not None
    for segment in error.absolute_path:
        inner = target_of(node)
        assert isinstance(inner, kubeyaml.Mapping | kubeyaml.Sequence)
        node = (
            members(inner)[str(segment)] if isinstance(inner, kubeyaml.Mapping) else inner.items[int(segment)]
        )
    found = target_of(node)
    pairs = found.pairs if isinstance(found, kubeyaml.Mapping) else []
    surplus: list[Node]
    if error.validator == "additionalProperties":
        assert isinstance(error.schema, dict)
        surplus = [name for name, _ in pairs if str(name.data) not in error.schema["properties"]]
    elif error.validator is None:  # a schema that is false, whose error has not the path of the member
        surplus = [value for _, value in pairs if value.data == error.instance]
    else:
        surplus = [name for name, _ in pairs if str(name.data) == error.instance]
    return {text.count("\n", 0, each.start) + 1 for each in surplus or [node]}
