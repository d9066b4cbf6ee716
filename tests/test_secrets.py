"""Secrets stay secret: planted ones are looked for in all that is written but the manifests themselves."""

from __future__ import annotations

import base64
import io
import json
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from postrender import cli, pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.mark import ParameterSet

# Every planted value holds this; it is looked for plain, and in base64 wherever it stands in a value.
MARK = "correct-horse"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def needles() -> set[str]:
    whole = {MARK}
    for before in range(3):
        cut = encoded("x" * before + MARK)
        # What depends on the neighbours of the mark is left off at both ends.
        whole.add(cut[-(-before * 8 // 6) : (before + len(MARK)) * 8 // 6])
    return whole


def test_the_needles_are_found_wherever_the_mark_stands() -> None:
    for before in range(5):
        for after in range(5):
            text = encoded("." * before + MARK + "." * after)
            assert any(needle in text for needle in needles())


MANIFESTS = f"""\
---
# Source: web/templates/secret.yaml
apiVersion: v1
kind: Secret
metadata:
  name: db
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {{"kind":"Secret","data":{{"password":"{encoded(MARK + "-old")}"}},"stringData":{{"a":"{MARK}-old"}}}}
data:
  password: {encoded(MARK + "-1")}
  same: {encoded(MARK + "-1")}
  other: {encoded(MARK + "-2")}
stringData:
  url: jdbc:postgresql://db/?password={MARK}-3
  conf: |
    user = web
    password = {MARK}-4
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Secret
    metadata: {{name: listed}}
    data: {{password: {encoded(MARK + "-5")}}}
    stringData:
      plain: "{MARK}-6"
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
        - name: web
          image: web:1
          env: [{{name: OLD, value: "x"}}]
"""

HEAD = """\
apiVersion: postrender/v1
kind: Patchset
name: secretive
description: It handles secrets.
parameters:
  password: {type: string, secret: true, description: The password.}
  pin: {type: integer, secret: true, description: A number.}
  level: {enum: [low, high], secret: true, description: A choice.}
  token: {type: string, secret: true, default: correct-horse-default, description: One that is set.}
patches:
"""
CHANGES = """\
  - name: data
    target: {kind: Secret}
    patch:
      data: {password: Y29ycmVjdC1ob3JzZS05, added: Y29ycmVjdC1ob3JzZS05}
      stringData: {mine: "${password}"}
  - name: remove
    target: {kind: Secret, name: db}
    patch:
      - {op: remove, path: /data/other}
      - {op: move, from: /stringData/url, path: /stringData/moved}
      - {op: copy, from: /data/same, path: /metadata/annotations/copied}
  - name: whole
    target: {kind: Secret, name: listed}
    patch: [{op: replace, path: /stringData, value: {all: correct-horse-new}}]
  - name: text
    target: {kind: Secret, name: db}
    transform: merge-pairs
    with: {path: /stringData/moved, after: "?", pairs: {password: "${password}", ssl: "true"}}
  - name: annotation
    target: {kind: Secret, name: db}
    patch: [{op: remove, path: /metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration}]
  - name: environment
    target: {kind: Deployment}
    at: containers/[name=web]
    patch:
      env:
        - {name: PASSWORD, value: "${password}"}
        - {name: URL, value: "jdbc:postgresql://u:${password}@db/"}
  - name: encoded elsewhere
    target: {kind: Deployment}
    patch: {metadata: {annotations: {given: "${password}"}}}
resources:
  - resource:
      apiVersion: v1
      kind: Secret
      metadata: {name: new}
      stringData: {password: "${password}", fixed: correct-horse-fixed}
"""
PASSWORD = f"{MARK}-given"


@dataclass(frozen=True)
class Run:
    """What one command line left behind."""

    code: int
    manifests: str
    shown: str

    def leaks(self) -> list[str]:
        return [line for line in self.shown.splitlines() if any(needle in line for needle in needles())]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a folder for temporary files beside it that has to stay empty."""
    for name in ("secretive", "scratch"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    return tmp_path


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> RunIt:
    return RunIt(folder, monkeypatch, capsysbinary)


@dataclass(frozen=True)
class RunIt:
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    captured: pytest.CaptureFixture[bytes]

    def __call__(
        self, command: str, *arguments: str, patches: str = CHANGES, manifests: str = MANIFESTS
    ) -> Run:
        (self.folder / "secretive" / "patchset.yaml").write_text(HEAD + patches)
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(manifests.encode())))
        before = set(self.folder.rglob("*"))
        code = cli.run([command, *arguments])
        out, err = (stream.decode() for stream in self.captured.readouterr())
        written = [path for path in self.folder.rglob("*") if path not in before]
        shown = [err, *(path.read_text("utf-8") for path in written), *(path.name for path in written)]
        for path in written:
            path.unlink()
        assert not list((self.folder / "scratch").iterdir())
        if command != "apply":
            shown.append(out)
        return Run(code, out if command == "apply" else "", "\n".join(shown))


USE = ("--patchset", "./secretive")
GIVEN = (*USE, "--set", f"password={PASSWORD}")
REPORTS = ("--report", "report.txt", "--report", "report.json")


def test_reports_show_digests_that_tell_equal_from_different(run: RunIt) -> None:
    done = run("apply", *GIVEN, *REPORTS)
    assert done.code == 0, done.shown
    assert PASSWORD in done.manifests
    assert done.leaks() == []
    shown = run("diff", *GIVEN, "--format", "json")
    assert shown.leaks() == []
    changes = {
        (each["patch"], each["resource"]["name"], each["pointer"]): each
        for each in json.loads(shown.shown)["changes"]
    }
    before = changes["data", "db", "/data/password"]["before"]
    after = changes["data", "db", "/data/password"]["after"]
    assert re.fullmatch("secret [0-9a-f]{6,}", before)
    assert before != after
    assert changes["data", "db", "/data/added"]["after"] == after
    assert changes["data", "listed", "/data/added"]["after"] == after
    given = changes["data", "db", "/stringData/mine"]["after"]
    assert changes["data", "listed", "/stringData/mine"]["after"] == given
    assert given != after


def test_two_runs_have_different_digests(run: RunIt) -> None:
    first, second = (run("diff", *GIVEN).shown for _ in range(2))
    assert first != second
    assert re.sub("secret [0-9a-f]+", "secret", first) == re.sub("secret [0-9a-f]+", "secret", second)


@pytest.mark.parametrize("command", [("diff", *GIVEN), ("show", "./secretive"), ("list",)], ids=" ".join)
def test_no_command_shows_them(run: RunIt, command: tuple[str, ...]) -> None:
    done = run(*command)
    assert done.code == 0
    assert done.leaks() == []


def test_a_blessed_report_does_not_hold_them(run: RunIt, folder: Path) -> None:
    case = folder / "secretive" / "cases" / "plain"
    case.mkdir(parents=True)
    (case / "input.yaml").write_text(MANIFESTS)
    (case / "values.yaml").write_text(f"password: {PASSWORD}\n")
    (case / "expected.yaml").write_text("")
    (case / "report.txt").write_text("")
    assert run("test", "--update").leaks() == []
    assert PASSWORD in (case / "expected.yaml").read_text()
    report = (case / "report.txt").read_text("utf-8")
    assert "~ /data/password: secret " in report
    assert Run(0, "", report).leaks() == []


def named(texts: dict[str, str]) -> list[ParameterSet]:
    """One parameter a text, by its name."""
    return [pytest.param(text, id=name) for name, text in texts.items()]


FAILING = {
    "a member that is not there": """\
  - target: {kind: Secret, name: db}
    patch: [{op: replace, path: /data/nothing, value: correct-horse}]
""",
    "a test that fails": """\
  - target: {kind: Secret, name: db}
    patch: [{op: test, path: /data/password, value: correct-horse}]
""",
    "a pointer into a scalar": """\
  - target: {kind: Secret, name: db}
    patch: [{op: add, path: /stringData/conf/deeper, value: correct-horse}]
""",
    "pairs where there are none": """\
  - target: {kind: Secret, name: db}
    transform: merge-pairs
    with: {path: /stringData/conf/deeper, pairs: {password: "${password}"}}
""",
    "no target": """\
  - target: {kind: Secret, where: {/stringData/url: "correct-horse.*"}}
    patch: {metadata: {labels: {a: b}}}
""",
    "a number where text has to be": """\
  - target: {kind: Secret, name: db}
    patch: {stringData: {conf: 3}}
""",
    "a list over a scalar": """\
  - target: {kind: Secret, name: db}
    patch: {stringData: {conf: [correct-horse]}}
""",
    "a container without image": """\
  - target: {kind: Deployment}
    at: podTemplate
    patch: {spec: {containers: [{name: "other", env: [{name: A, value: "${password}"}]}]}}
""",
    "two elements with one key": """\
  - target: {kind: Deployment}
    at: containers/[name=web]/env
    patch:
      - {op: add, path: /-, value: {name: "${password}", value: a}}
      - {op: add, path: /-, value: {name: "${password}", value: b}}
""",
    "a secret in a target": """\
  - target: {kind: Secret, name: "${password}"}
    patch: {metadata: {labels: {a: b}}}
""",
    "a secret in a pointer": """\
  - target: {kind: Secret, name: db}
    patch: [{op: remove, path: "/data/${password}"}]
""",
    "a resource that is there": """\
  - {name: x, target: {kind: Secret}, patch: {metadata: {labels: {a: b}}}}
resources:
  - resource: {apiVersion: v1, kind: Secret, metadata: {name: db}, stringData: {password: "${password}"}}
""",
}


@pytest.mark.parametrize(
    "patches",
    named(FAILING),
)
def test_no_failing_patch_shows_them(run: RunIt, patches: str) -> None:
    done = run("apply", *GIVEN, *REPORTS, patches=patches)
    assert done.code == 1
    assert done.manifests == ""
    assert "report.json" in done.shown
    assert done.leaks() == []
    assert run("diff", *GIVEN, patches=patches).leaks() == []


@pytest.mark.parametrize(
    "arguments",
    [
        (*USE, "--set", f"pasword={PASSWORD}"),
        (*USE, "--set", f"secretiv.password={PASSWORD}"),
        (*USE, "--set", f"pin={PASSWORD}"),
        (*USE, "--set", f"level={PASSWORD}"),
        (*GIVEN, "--set", f"password={PASSWORD}-again"),
        (*USE, "-f", "values.yaml"),
        (*USE, "-f", "broken.yaml"),
        (*USE, "-f", "wrong.yaml"),
        (*USE, "--set-file", "pin=password.txt"),
        (*GIVEN, "--report", "report.md"),
        (*GIVEN, "--bogus"),
        (*USE, "--set", "password=", PASSWORD),
        (*USE, "--set", PASSWORD),
        (*USE, "--set", f"={PASSWORD}"),
    ],
    ids=lambda arguments: " ".join(arguments[2:]).replace(MARK, "…"),
)
def test_no_failing_command_line_shows_them(run: RunIt, folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "values.yaml").write_text(f"password: {PASSWORD}\npin: {PASSWORD}\nlevel: {PASSWORD}\n")
    (folder / "broken.yaml").write_text(f"password: {PASSWORD}\n  pin: [{PASSWORD}\n")
    (folder / "wrong.yaml").write_text(f"password: [{PASSWORD}]\npasword: {PASSWORD}\n")
    (folder / "password.txt").write_text(PASSWORD)
    done = run("apply", *arguments, *REPORTS)
    assert done.code in (1, 2)
    assert done.manifests == ""
    assert done.leaks() == []


UNREADABLE = {
    "no YAML": MANIFESTS.replace(f"url: jdbc:postgresql://db/?password={MARK}-3", f"url: [{MARK}-3"),
    "an alias": MANIFESTS.replace("  conf: |", f"  unquoted: *{MARK}\n  conf: |"),
    "a key twice": MANIFESTS.replace("  conf: |", f"  url: {MARK}\n  conf: |"),
    "a key that is a list": MANIFESTS.replace("  conf: |", f"  ? [{MARK}]\n  : {MARK}\n  conf: |"),
    "a tag": MANIFESTS.replace("  conf: |", f"  unquoted: !{MARK} {MARK}\n  conf: |"),
    "NUL": MANIFESTS.replace("  conf: |", f"  nul: \0{MARK}\n  conf: |"),
    "a tab": MANIFESTS.replace("  conf: |", f"\t{MARK}: x\n  conf: |"),
}


@pytest.mark.parametrize(
    "manifests",
    named(UNREADABLE),
)
def test_no_manifests_that_cannot_be_read_show_them(run: RunIt, manifests: str) -> None:
    for command in (("apply", *GIVEN, *REPORTS), ("diff", *GIVEN)):
        done = run(*command, manifests=manifests)
        assert done.leaks() == []


def test_no_bug_of_ours_shows_them(run: RunIt, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(manifests: bytes, *_: object, **__: object) -> None:
        raise ValueError(manifests)

    monkeypatch.setattr(pipeline, "render", broken)
    done = run("apply", *GIVEN, *REPORTS)
    assert done.code == 70
    assert "ValueError" in done.shown
    assert done.leaks() == []
