"""The command line: which command runs, what goes where, and how each kind of error ends."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import click
import pytest

from postrender import cli, pipeline
from postrender.cli import asked, commands, options, quick
from tests import tools

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SERVICE = b"""\
# Source: web/templates/service.yaml
apiVersion: v1
kind: Service
metadata:
  name: web  # the name
spec:
  type: ClusterIP
"""
PATCHED = SERVICE.replace(b"ClusterIP", b"NodePort")

PATCHSET = """\
apiVersion: postrender/v1
kind: Patchset
name: node-port
description: Services of another type.
tags: [network]
parameters:
  type: {enum: [NodePort, LoadBalancer], default: NodePort, description: The type to have.}
  service: {type: string, description: The name of the Service.}
patches:
  - target: {kind: Service, name: "${service}"}
    when: service
    patch: {spec: {type: "${type}"}}
  - name: all of them
    target: {kind: Service}
    unless: service
    patch: {spec: {type: "${type}"}}
"""
OVERLAY = """\
apiVersion: postrender/v1
kind: Overlay
name: {name}
description: A site.
patches:
  - target: {{kind: Service}}
    patch: {{spec: {{type: {type}}}}}
"""
PYTHON_M = [sys.executable, "-m", "postrender"]


@dataclass(frozen=True)
class Result:
    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()


class Command(Protocol):
    def __call__(self, *arguments: str, stdin: bytes = SERVICE) -> Result: ...


@pytest.fixture
def postrender(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], site: Path
) -> Command:
    """Runs a command line in this process, in a folder that has a patchset and two overlays."""

    def run(*arguments: str, stdin: bytes = SERVICE) -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = cli.run(arguments)
        out, err = capsysbinary.readouterr()
        return Result(code, out, err.decode())

    monkeypatch.chdir(site)
    return run


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a patchset and two overlays; processes find this checkout from there."""
    monkeypatch.setenv("PYTHONPATH", str(tools.ROOT))
    (tmp_path / "node-port").mkdir()
    (tmp_path / "node-port" / "patchset.yaml").write_text(PATCHSET)
    for name, kind in (("one", "LoadBalancer"), ("two", "ExternalName")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "overlay.yaml").write_text(OVERLAY.format(name=name, type=kind))
    return tmp_path


def spawn(
    site: Path, *arguments: str, stdin: bytes | None = SERVICE, env: Mapping[str, str] | None = None
) -> Result:
    """The same as a process of its own."""
    done = subprocess.run(
        [*PYTHON_M, *arguments],
        input=stdin,
        capture_output=True,
        cwd=site,
        env={**os.environ, **(env or {})},
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr.decode())


# Which command it is


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ([], ["apply"]),
        ([""], ["apply"]),
        (["--patchset", "x"], ["apply", "--patchset", "x"]),
        (["", "--patchset", "", "x", ""], ["apply", "--patchset", "x"]),
        (["-f", "values.yaml"], ["apply", "-f", "values.yaml"]),
        (["apply", "--overlay=x", ""], ["apply", "--overlay=x"]),
        (["diff", "x.yaml"], ["diff", "x.yaml"]),
        (["--help"], ["--help"]),
        (["-h"], ["-h"]),
        (["--version"], ["--version"]),
        (["aply"], ["aply"]),
    ],
)
def test_what_is_meant(given: list[str], meant: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    assert cli.meant(given) == meant


def test_on_a_terminal_it_helps_when_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", stdin)
    assert cli.meant([]) == ["--help"]


def test_every_command_and_option_has_a_help_text() -> None:
    with click.Context(commands.commands) as context:
        for name in commands.COMMANDS:
            command = commands.commands.get_command(context, name)
            assert command is not None
            assert command.name == name
            assert command.help
            for parameter in command.params:
                assert isinstance(parameter, click.Argument) or parameter.get_help_record(context)


def test_the_version_is_that_of_the_package(postrender: Command) -> None:
    with (tools.ROOT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"] == cli.VERSION
    assert postrender("--version").text == f"postrender, version {cli.VERSION}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["aply"], "no command aply (did you mean apply?)"),
        (["apply", "surplus"], "an argument belongs to no option"),
        (["--patchst", "x"], "No such option '--patchst'"),
        (["--report", "report.md", "--overlay", "./missing"], "report.md has to end in .txt or .json"),
        (["--namespace", "", "--patchset", "./node-port"], "'--namespace': it has no value"),
        (["--patchset", "./node-port", "--set", "type"], "'--set': it has no `=`"),
        (["--patchset", "./node-port", "--namespace", ""], "'--namespace' requires an argument"),
    ],
)
def test_wrong_usage_ends_with_2_and_reads_nothing(
    postrender: Command, arguments: list[str], message: str
) -> None:
    result = postrender(*arguments)
    assert (result.code, result.out) == (2, b"")
    assert message in result.err
    assert sys.stdin.buffer.tell() == 0


# apply


@pytest.mark.parametrize("arguments", [["apply"], [], ["", "apply"]])
def test_apply_patches_stdin_to_stdout(postrender: Command, arguments: list[str]) -> None:
    assert postrender(*arguments, "--patchset", "./node-port") == Result(0, PATCHED, "")


def test_helm_calls_it_so(site: Path) -> None:
    assert spawn(site, "--patchset", "./node-port", "") == Result(0, PATCHED, "")


def test_patchsets_come_in_order_and_take_values(postrender: Command, site: Path) -> None:
    (site / "values.yaml").write_text("type: LoadBalancer\nnode-port: {service: web}\n")
    (site / "name.txt").write_text("web")
    for arguments in (
        ["--patchset", "./node-port", "--set", "type=LoadBalancer"],
        ["--patchset", "./node-port", "--set", "node-port.type=LoadBalancer"],
        ["--patchset", "./node-port", "-f", "values.yaml"],
        ["--patchset", "./node-port", "--set", "type=LoadBalancer", "--set-file", "service=name.txt"],
        ["--overlay", "./two", "--overlay", "./one"],
    ):
        assert b"type: LoadBalancer" in postrender("apply", *arguments).out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--patchset", "./node-port", "--set", "type=ClusterIP"],
        ["--patchset", "./node-port", "--set", "service=other"],
        ["--patchset", "./node-port", "--set", "tpye=x", "--set", "srevice=x"],
        ["--patchset", "nothing-like-it"],
        ["--patchset", "./nowhere"],
        ["--patchset", "./node-port", "-f", "nowhere.yaml"],
        ["--patchset", "./node-port", "--set-file", "service=nowhere.txt"],
    ],
)
def test_a_mistake_ends_with_1_and_leaves_stdout_empty(postrender: Command, arguments: list[str]) -> None:
    result = postrender(*arguments)
    assert (result.code, result.out) == (1, b"")
    assert result.err.startswith("postrender: ")
    assert "Traceback" not in result.err


def test_every_mistake_has_a_line_of_its_own(postrender: Command) -> None:
    result = postrender("--patchset", "./node-port", "--set", "tpye=x", "--set", "srevice=x")
    assert [line.startswith("postrender: ") for line in result.err.splitlines()] == [True, True]


def test_a_mistake_cannot_act_on_the_terminal(postrender: Command) -> None:
    result = postrender("--patchset", "./\x1b[2Jx\nfake")
    assert "\x1b" not in result.err
    assert all(line.startswith("postrender: ") for line in result.err.splitlines())


def test_nothing_on_stdin_is_no_mistake(postrender: Command) -> None:
    result = postrender("--patchset", "./node-port", stdin=b"")
    assert result.code == 0
    assert result.out.startswith(b"#")


# Discovery


def test_without_options_the_variable_counts_and_then_the_working_directory(
    postrender: Command, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"report": "r.txt"}

    def head(*arguments: str) -> str:
        assert postrender("apply", "--report", found["report"], *arguments).code == 0
        return (site / found["report"]).read_text().splitlines()[0]

    (site / "postrender.yaml").write_text(OVERLAY.format(name="here", type="NodePort"))
    assert head() == "Overlay postrender.yaml from postrender.yaml (found in the working directory)"
    monkeypatch.setenv("POSTRENDER_OVERLAY", "./one")
    assert head() == "Overlay ./one from one/overlay.yaml (POSTRENDER_OVERLAY)"
    assert head("--overlay", "./two") == "Overlay ./two from two/overlay.yaml (--overlay)"
    assert (
        head("--patchset", "./node-port") == "Patchset ./node-port from node-port/patchset.yaml (--patchset)"
    )


@pytest.mark.parametrize("command", ["apply", "diff"])
def test_nothing_chosen_and_nothing_found_is_an_error(postrender: Command, site: Path, command: str) -> None:
    result = postrender(command)
    assert (result.code, result.out) == (1, b"")
    assert "nothing says which patches to apply" in result.err
    for what in ("--overlay", "--patchset", "POSTRENDER_OVERLAY", "postrender.yaml", str(site)):
        assert what in result.err


# Reports


def test_reports_are_written_in_the_format_of_their_ending(
    postrender: Command, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = postrender(
        "--patchset", "./node-port", "--report", "a.txt", "--report", "b.json", "--report", "a.txt"
    )
    assert result == Result(0, PATCHED, "")
    assert "~ /spec/type: ClusterIP → NodePort" in (site / "a.txt").read_text("utf-8")
    (change,) = json.loads((site / "b.json").read_text("utf-8"))["changes"]
    assert (change["before"], change["after"], change["patchset"]) == ("ClusterIP", "NodePort", "node-port")
    assert change["patch"] == "all of them"
    monkeypatch.setenv("POSTRENDER_REPORT", os.pathsep.join(["with space.txt", "d.json"]))
    assert postrender("--patchset", "./node-port").code == 0
    assert (site / "with space.txt").read_text() == (site / "a.txt").read_text()
    assert (site / "d.json").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--patchset", "./node-port", "--set", "service=other"], 1),
        (["--patchset", "./nowhere"], 1),
        (["--patchset", "./node-port", "--report", "missing/c.txt"], 1),
        (["--patchset", "./node-port", "--frobnicate", "x"], 2),
        (["--patchset"], 2),
    ],
)
def test_a_report_file_holds_the_error_instead_of_an_older_report(
    postrender: Command, site: Path, arguments: list[str], code: int
) -> None:
    for name in ("a.txt", "b.json"):
        (site / name).write_text("stale")
    result = postrender("--report", "a.txt", "--report=b.json", *arguments)
    assert (result.code, result.out) == (code, b"")
    message = result.err.removeprefix("postrender: ").replace("\npostrender: ", "\n").rstrip("\n")
    assert (site / "a.txt").read_text() == f"error: {message}\n"
    assert json.loads((site / "b.json").read_text())["error"] == message
    assert not [path for path in site.iterdir() if path.name.startswith(".")]


def test_a_report_that_cannot_be_written_is_an_error_before_stdout(postrender: Command, site: Path) -> None:
    (site / "folder.txt").mkdir()
    os.mkfifo(site / "fifo.json")
    for name in ("folder.txt", "fifo.json", "missing/a.txt"):
        result = postrender("--patchset", "./node-port", "--report", name)
        assert (result.code, result.out) == (1, b"")
        assert f"report {name} cannot be written" in result.err
    assert not [path for path in site.iterdir() if path.name.startswith(".")]


def test_a_report_goes_through_a_link_and_keeps_it(postrender: Command, site: Path) -> None:
    (site / "kept").mkdir()
    (site / "link.txt").symlink_to(site / "kept" / "real.txt")
    assert postrender("--patchset", "./node-port", "--report", "link.txt").code == 0
    assert (site / "link.txt").is_symlink()
    assert "1 change" in (site / "kept" / "real.txt").read_text()


# diff


def test_diff_shows_changes_and_no_manifests(postrender: Command, site: Path) -> None:
    expected = """\
Patchset ./node-port from node-port/patchset.yaml (--patchset)

Service web
  node-port, all of them
    ~ /spec/type: ClusterIP → NodePort

1 change: 1 of 1 resource changed.
"""
    (site / "manifests.yaml").write_bytes(SERVICE)
    assert postrender("diff", "--patchset", "./node-port").text == expected
    assert postrender("diff", "--patchset", "./node-port", "-").text == expected
    assert postrender("diff", "--patchset", "./node-port", "manifests.yaml", stdin=b"").text == expected


def test_diff_for_programs_is_the_json_report(postrender: Command, site: Path) -> None:
    postrender("apply", "--patchset", "./node-port", "--report", "a.json")
    result = postrender("diff", "--patchset", "./node-port", "--format", "json")
    assert result.text == (site / "a.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (["--patchset", "./node-port"], SERVICE, 0),
        (["--patchset", "./node-port", "--exit-code"], SERVICE, 1),
        (["--patchset", "./node-port", "--exit-code"], PATCHED, 0),
        (["--patchset", "./nowhere", "--exit-code"], SERVICE, 2),
        (["--patchset", "./nowhere"], SERVICE, 1),
        (["--exit-code"], SERVICE, 2),
        (["--patchset", "./node-port", "--exit-code", "nowhere.yaml"], SERVICE, 2),
        (["--patchset", "./node-port", "--exit-code"], b"a: [\n", 2),
        (["--exit-cod"], SERVICE, 2),
    ],
)
def test_diff_exit_code(postrender: Command, arguments: list[str], stdin: bytes, code: int) -> None:
    result = postrender("diff", *arguments, stdin=stdin)
    assert result.code == code
    assert bool(result.err) == (not result.out)


# list and show


def test_list_has_every_patchset_and_overlay(postrender: Command) -> None:
    listed = postrender("list").text
    for folder in (*tools.ROOT.glob("patchsets/*/"), *tools.ROOT.glob("overlays/*/")):
        assert f"  {folder.name} " in listed


def test_list_has_a_line_each_with_the_descriptions_below_each_other(postrender: Command) -> None:
    patchsets = postrender("list").text.split("\n\n")[0].splitlines()[1:]
    names = [line.split()[0] for line in patchsets]
    assert names == sorted(names)
    width = max(map(len, names))
    assert all(line[:2].isspace() and line[width + 2 : width + 4].isspace() for line in patchsets)
    assert not any(line[width + 4].isspace() for line in patchsets)


def test_list_by_tag(postrender: Command) -> None:
    everything = postrender("list").text.splitlines()
    assert 0 < len(postrender("list", "--tag", "istio").text.splitlines()) < len(everything)
    result = postrender("list", "--tag", "isto")
    assert (result.code, result.out) == (1, b"")
    assert "did you mean istio?" in result.err


def test_list_counts_the_tags(postrender: Command) -> None:
    tags = postrender("list").text.split("\nTags:\n")[1]
    number = len(postrender("list", "--tag", "aws").text.split("Patchsets:")[1].split())
    assert re.search(r"\baws \(\d+\)", tags)
    assert number > 1
    assert "Tags:" not in postrender("list", "--tag", "aws").text


def test_list_shows_where_a_sites_own_come_from_and_goes_on_after_a_bad_one(
    postrender: Command, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTRENDER_PATCHSETS", str(site / "own"))
    for name, text in (("mine", PATCHSET.replace("node-port", "mine")), ("bad", "nam: bad\n")):
        (site / "own" / name).mkdir(parents=True)
        (site / "own" / name / "patchset.yaml").write_text(text)
    result = postrender("list")
    assert result.code == 1
    assert re.search(r"^  mine +Services of another type\. \[network\] \(own\)$", result.text, re.MULTILINE)
    assert re.search(
        r"^  bad +has mistakes; `postrender show bad` says which \(own\)$", result.text, re.MULTILINE
    )
    assert "  alb-nodeport " in result.text


@pytest.mark.parametrize(
    "name", [path.name for kind in ("patchsets", "overlays") for path in (tools.ROOT / kind).glob("*/")]
)
def test_show_works_for_all_and_its_example_is_a_command(postrender: Command, name: str) -> None:
    result = postrender("show", name)
    assert result.code == 0
    assert result.text.splitlines()[0].endswith(f" {name}")
    example, _, difference = result.text.partition("\nBefore and after, in the case ")
    if not difference:
        return  # it does nothing on its own, so that it has no plain case
    folder = tools.ROOT / difference.partition(":\n")[0]
    words = shlex.split(example.split("RELEASE CHART | postrender ")[1].replace("\\\n", ""))
    asked = postrender("apply", *words[1:], stdin=(folder / "input.yaml").read_bytes())
    assert (asked.code, asked.err) == (0, "")
    assert asked.out == (folder / "expected.yaml").read_bytes()


def test_show_says_what_a_patchset_is_for_and_how_it_is_called(postrender: Command) -> None:
    assert (
        postrender("show", "./node-port").text
        == """\
Patchset node-port
Services of another type.
Tags: network
File: node-port/patchset.yaml

Parameters:
  type (NodePort | LoadBalancer, default NodePort)
      The type to have.
  service (string)
      The name of the Service.

Patches:
  patch 1: Service (name ${service})
  all of them: Service

What it would change:
  helm template RELEASE CHART | postrender diff --patchset ./node-port
"""
    )


def test_show_has_a_before_and_after_and_values_from_the_plain_case(
    postrender: Command, site: Path, case: Path
) -> None:
    file = site / "node-port" / "patchset.yaml"
    text = PATCHSET.replace("{type: string,", "{type: string, required: true,")
    text = text.replace(
        "parameters:\n", "parameters:\n  word: {type: string, secret: true, required: true}\n"
    )
    file.write_text(text.replace("parameters:\n", "parameters:\n  list: {type: array, required: true}\n"))
    (case / "values.yaml").write_text("service: my web\nword: hunter2\nlist: [a, 1]\n")
    (case / "expected.yaml").write_bytes(PATCHED)
    shown = postrender("show", "./node-port").text
    assert "--patchset ./node-port \\\n    --values node-port/cases/plain/values.yaml\n" in shown
    assert "\n  -  type: ClusterIP\n  +  type: NodePort\n" in shown
    (case / "values.yaml").write_text("service: my web\nlist: [a, 1]\n")
    assert "node-port --set 'service=my web' --set 'list=[a, 1]'" in example(
        postrender("show", "./node-port")
    )
    (case / "values.yaml").unlink()
    assert "node-port --set list=VALUE --set word=VALUE --set service=" in example(
        postrender("show", "./node-port")
    )


def example(result: Result) -> str:
    """The command that `show` has, in one line."""
    return " ".join(result.text.replace("\\\n", "").split("What it would change:")[1].split())


def test_show_words_what_is_looked_up(postrender: Command, site: Path) -> None:
    (site / "one" / "overlay.yaml").write_text(
        """\
kind: Overlay
name: one
parameters:
  a: {type: string, default: {valueFrom: {env: HOME}}}
  b: {type: array, default: [x, {valueFrom: {file: a.txt}}]}
  c: {type: object, default: {x: {valueFrom: {resource: {kind: Service, path: /metadata/name}}}}}
patchsets:
  - {name: alb-ingress, as: front}
  - {name: alb-nodeport, optional: true}
"""
    )
    shown = postrender("show", "./one").text
    assert "a (string, default (the variable HOME))" in shown
    assert "b (array, default [x, (the file a.txt)])" in shown
    assert "c (object, default {x: (/metadata/name of a Service)})" in shown
    assert "front (alb-ingress)" in shown
    assert "--overlay ./one --set front.scheme=internet-facing\n" in shown


def test_show_of_an_unknown_name_says_what_is_near(postrender: Command) -> None:
    result = postrender("show", "alb-nodport")
    assert (result.code, result.out) == (1, b"")
    assert "alb-nodeport" in result.err


# Completion


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--patchset", "alb-n"], ["alb-nodeport"]),
        (["apply", "--patchset", "alb-n"], ["alb-nodeport"]),
        (["diff", "--overlay", "cytomine-m"], ["cytomine-minikube"]),
        (["--overlay", "alb-n"], []),
        (["--patchset", "=", "alb-n"], ["alb-nodeport"]),
        (["show", "cytomine-m"], ["cytomine-minikube"]),
        (["test", "alb-no"], ["alb-nodeport"]),
        (["list", "--tag", "ist"], ["istio"]),
        (["schema", "p"], ["patchset"]),
        (["sch"], ["schema"]),
        (["--patchset", "./node-port", "--set", ""], ["type=", "service="]),
        (["--patchset=./node-port", "--set-file", "s"], ["service="]),
        (["--patchset", "./node-port", "--set", "type=N"], []),
        (
            ["--patchset", "./node-port", "--patchset", "alb-nodeport", "--set", "node"],
            ["node-port.service=", "nodePort="],
        ),
        (["--overlay", "xnat-aws", "--set", "alb-ingress.sch"], ["alb-ingress.scheme="]),
        (["--set", "t"], ["type="]),
        (["--patchset", "./nix", "--patchset", "./node-port", "--set", "t"], ["type="]),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_shell_completes(
    postrender: Command, site: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], expected: list[str]
) -> None:
    (site / "postrender.yaml").write_text(PATCHSET.replace("Patchset", "Overlay"))
    monkeypatch.setenv("_POSTRENDER_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "\n".join(["postrender", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    result = postrender()
    assert (result.code, result.err) == (0, "")
    assert result.text.split() == [f"plain,{word}" for word in expected]


def test_a_path_is_completed_by_the_shell(postrender: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_POSTRENDER_COMPLETE", "zsh_complete")
    monkeypatch.setenv("COMP_WORDS", "postrender --patchset ./no")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert postrender().text.splitlines()[:2] == ["file", "./no"]


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_bash_loads_its_completion(site: Path) -> None:
    line = (
        'eval "$(_POSTRENDER_COMPLETE=bash_source "$@")";'
        "COMP_WORDS=(postrender --patchset alb-n); COMP_CWORD=2; PATH=$PWD:$PATH;"
        " _postrender_completion postrender;"
        'echo "${COMPREPLY[@]}"'
    )
    (site / "postrender").write_text(f'#!/bin/sh\nexec {shlex.join(PYTHON_M)} "$@"\n')
    (site / "postrender").chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", line, "bash", *PYTHON_M], cwd=site, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("alb-nodeport\n", "")


# Terminals, pipes, signals, bugs


def under_a_terminal(site: Path, shell: str, **env: str) -> tuple[int, str]:
    """Run a shell line with a terminal of its own; its exit code and all that the terminal shows."""
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - this is the other process
        os.chdir(site)
        os.execvpe("sh", ["sh", "-c", shell, "sh", *PYTHON_M], {**os.environ, "TERM": "xterm", **env})  # noqa: S606
    shown = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode().replace("\r\n", "\n")


DIFF = 'printf "kind: Service\\napiVersion: v1\\nmetadata: {name: a}\\n" | "$@" diff --patchset ./node-port'


def test_colour_is_for_terminals_only(site: Path) -> None:
    coloured = under_a_terminal(site, DIFF)
    assert "\x1b[32m    + /spec" in coloured[1]
    for line, env in ((DIFF, {"NO_COLOR": "1"}), (f"{DIFF} | cat", {}), (DIFF, {"TERM": "dumb"})):
        code, shown = under_a_terminal(site, line, **env)
        assert code == 0
        assert "+ /spec" in shown
        assert "\x1b" not in shown


def test_a_list_is_cut_to_the_width_of_a_terminal(site: Path) -> None:
    code, shown = under_a_terminal(site, 'stty cols 60; "$@" list')
    lines = shown.splitlines()
    assert code == 0
    assert max(map(len, lines)) == 60
    assert any(len(line) == 60 and line.endswith("…") for line in lines)
    assert max(map(len, under_a_terminal(site, '"$@" list | cat')[1].splitlines())) > 100


def test_a_terminal_hears_of_an_error_that_stderr_does_not_show(site: Path) -> None:
    line = '"$@" --patchset ./nowhere </dev/null >/dev/null 2>err.txt'
    code, shown = under_a_terminal(site, line, POSTRENDER_TTY="1")
    assert code == 1
    assert shown.startswith("postrender: ")
    assert shown == (site / "err.txt").read_text()
    assert under_a_terminal(site, line, POSTRENDER_TTY="0") == (1, "")
    once = under_a_terminal(site, '"$@" --patchset ./nowhere </dev/null', POSTRENDER_TTY="1")
    assert once == (1, shown)


def test_a_terminal_is_not_read(site: Path) -> None:
    code, shown = under_a_terminal(site, '"$@" apply --patchset ./node-port')
    assert code == 1
    assert "stdin is a terminal" in shown
    code, shown = under_a_terminal(site, '"$@"')
    assert (code, shown[:6]) == (0, "Usage:")


def many_services(number: int) -> bytes:
    return b"".join(b"---\n" + SERVICE.replace(b"web", b"web-%d" % n) for n in range(number))


@pytest.mark.parametrize("command", ["apply", "diff"])
def test_a_closed_pipe_is_quiet(site: Path, command: str) -> None:
    (site / "many.yaml").write_bytes(many_services(2000))
    line = f'("$@" {command} --patchset ./node-port <many.yaml; echo "code $?" >&2) | true'
    done = subprocess.run(
        ["sh", "-c", line, "sh", *PYTHON_M], cwd=site, capture_output=True, text=True, check=True
    )
    assert done.stderr == "code 141\n"


@pytest.mark.parametrize(
    ("redirection", "message"),
    [
        (">/dev/full", "stdout cannot be written: No space left on device"),
        (">&-", "stdout is closed"),
        ("<&-", "stdin is closed"),
    ],
)
def test_ends_that_do_not_work_are_mistakes(site: Path, redirection: str, message: str) -> None:
    (site / "in.yaml").write_bytes(SERVICE)
    line = f'"$@" --patchset ./node-port --report r.txt <in.yaml {redirection}'
    done = subprocess.run(
        ["sh", "-c", line, "sh", *PYTHON_M], cwd=site, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"postrender: {message}" in done.stderr
    assert "Traceback" not in done.stderr
    assert message in (site / "r.txt").read_text()


def test_a_closed_stderr_changes_nothing(site: Path) -> None:
    for arguments, expected in (
        (["--patchset", "./node-port"], (0, PATCHED)),
        (["--patchset", "./x"], (1, b"")),
    ):
        done = subprocess.run(
            ["sh", "-c", '"$@" 2>&-', "sh", *PYTHON_M, *arguments],
            cwd=site,
            input=SERVICE,
            stdout=subprocess.PIPE,
            check=False,
        )
        assert (done.returncode, done.stdout) == expected


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_signal_is_quiet(site: Path, number: int, code: int) -> None:
    with subprocess.Popen(
        [*PYTHON_M, "--patchset", "./node-port", "--report", "r.txt"],
        cwd=site,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        # More than a pipe holds: when this returns, the process is reading.
        process.stdin.write(many_services(5000))
        process.send_signal(number)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (code, b"", b"")


def test_a_bug_of_ours_shows_frames_and_types_and_no_values(
    postrender: Command, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        try:
            raise KeyError("hunter2")
        except KeyError as error:
            raise ValueError("it was hunter2") from error

    monkeypatch.setattr(pipeline, "render", broken)
    result = postrender("apply", "--patchset", "./node-port", "--report", "r.txt")
    assert (result.code, result.out) == (70, b"")
    assert "bug of postrender" in result.err
    assert "builtins.ValueError" in result.err
    assert "builtins.KeyError" in result.err
    assert "test_cli.py:" in result.err
    assert "in broken" in result.err
    assert "hunter2" not in result.err + (site / "r.txt").read_text()


HEAVY = {"deepdiff", "ruamel", "jsonpatch", "logging", "textwrap", "importlib.metadata", "tempfile", "shutil"}
HEAVY |= {"postrender.reports", "postrender.changes"}


def test_apply_starts_without_what_it_does_not_need(site: Path) -> None:
    program = (
        "import sys; from postrender import cli; code = cli.run(['--patchset', './node-port']);"
        f"print(code, *sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=SERVICE, cwd=site, capture_output=True, check=True
    )
    assert done.stdout == PATCHED
    assert done.stderr == b"0\n"


# test


@pytest.fixture
def case(site: Path) -> Path:
    folder = site / "node-port" / "cases" / "plain"
    folder.mkdir(parents=True)
    (folder / "input.yaml").write_bytes(SERVICE)
    return folder


def test_a_case_without_expectation_fails_until_it_is_blessed(postrender: Command, case: Path) -> None:
    result = postrender("test", "node-port")
    assert result.code == 1
    assert "node-port/plain: nothing is expected" in result.text
    assert result.text.endswith("0 passed, 1 failed\n")
    result = postrender("test", "--update")
    assert result.code == 0
    assert result.text.endswith("node-port/plain: wrote report.txt\n1 passed, 0 failed\n")
    assert (case / "expected.yaml").read_bytes() == PATCHED
    assert "~ /spec/type: ClusterIP → NodePort" in (case / "report.txt").read_text("utf-8")
    for paths in ([], ["."], ["node-port"], ["./node-port"], [str(case)], ["node-port/cases/plain", "."]):
        assert postrender("test", *paths) == Result(0, b"1 passed, 0 failed\n", "")


def test_a_case_that_differs_shows_how(postrender: Command, case: Path) -> None:
    (case / "expected.yaml").write_bytes(PATCHED.replace(b"NodePort", b"nodePort"))
    result = postrender("test")
    assert result.code == 1
    assert "node-port/plain: --- expected.yaml" in result.text
    assert "\n-  type: nodePort\n+  type: NodePort\n" in result.text
    assert postrender("test", "--update").code == 0
    assert (case / "expected.yaml").read_bytes() == PATCHED
    assert not (case / "report.txt").exists(), "a case that does without a report goes on to"


def test_a_case_has_values(postrender: Command, case: Path) -> None:
    (case / "values.yaml").write_text("type: LoadBalancer\n")
    assert postrender("test", "--update").code == 0
    assert b"type: LoadBalancer" in (case / "expected.yaml").read_bytes()


def test_a_case_of_a_mistake_has_the_same_text_everywhere(
    postrender: Command, case: Path, site: Path
) -> None:
    (case / "values.yaml").write_text("tpye: LoadBalancer\n")
    assert postrender("test", "--update").code == 0
    error = (case / "error.txt").read_text()
    assert "tpye" in error
    assert str(site) not in error
    assert not (case / "expected.yaml").exists()
    assert postrender("test").code == 0
    (case / "error.txt").write_text("another\n")
    result = postrender("test")
    assert result.code == 1
    assert "\n-another\n" in result.text


def test_an_update_turns_no_manifests_into_an_error_nor_back(postrender: Command, case: Path) -> None:
    (case / "expected.yaml").write_bytes(PATCHED)
    (case / "values.yaml").write_text("tpye: LoadBalancer\n")
    result = postrender("test", "--update")
    assert result.code == 1
    assert "an error, where expected.yaml should come out" in result.text
    assert (case / "expected.yaml").read_bytes() == PATCHED
    (case / "expected.yaml").unlink()
    (case / "error.txt").write_text("an error\n")
    (case / "values.yaml").unlink()
    result = postrender("test", "--update")
    assert result.code == 1
    assert "no error, and error.txt says there is one" in result.text


def test_a_case_without_input_fails(postrender: Command, case: Path) -> None:
    (case / "input.yaml").unlink()
    assert "there is no input.yaml" in postrender("test").text


def test_cases_of_overlays_are_found(postrender: Command, site: Path) -> None:
    folder = site / "one" / "cases" / "plain"
    folder.mkdir(parents=True)
    (folder / "input.yaml").write_bytes(SERVICE)
    assert postrender("test", "--update", "one").code == 0
    assert b"type: LoadBalancer" in (folder / "expected.yaml").read_bytes()


def test_no_cases_is_a_mistake(postrender: Command, site: Path) -> None:
    (site / "one" / "cases").mkdir()
    result = postrender("test", "one")
    assert (result.code, result.out) == (1, b"")
    assert "there are no cases in one" in result.err


PLAIN = [
    ["--patchset", "./node-port"],
    ["--patchset=a", "--patchset", "b", "--overlay", "c"],
    ["--overlay=site", "-f", "one.yaml", "--values", "two.yaml", "--values=three.yaml"],
    ["--set", "a=1,2=3", "--set=l.b= x", "--set-file", "c=d.txt", "--namespace", "shop"],
    ["--namespace", "one", "--namespace", "two", "--patchset", "p"],
    [],
]
NOT_PLAIN = [
    ["--report", "r.txt", "--patchset", "p"],
    ["--help"],
    ["--patchset"],
    ["--patchset", "--overlay"],
    ["--patchset="],
    ["--set", "novalue"],
    ["-fvalues.yaml"],
    ["surplus"],
    ["--pat", "p"],
]


@pytest.mark.parametrize("arguments", PLAIN, ids=" ".join)
def test_a_plain_line_is_read_without_click_as_click_reads_it(arguments: list[str]) -> None:
    """Both have one table of options in mind: this holds them together."""
    read: list[asked.Asked] = []

    @click.command()
    @options.patching
    def command(given: asked.Asked) -> int:
        read.append(given)
        return 0

    command.main(arguments, standalone_mode=False)
    assert quick.read(["apply", *arguments]) == read[0]


@pytest.mark.parametrize("arguments", NOT_PLAIN, ids=" ".join)
def test_any_other_line_is_left_to_click(arguments: list[str]) -> None:
    assert quick.read(["apply", *arguments]) is None


def test_the_quick_way_knows_the_options_that_click_knows() -> None:
    @click.command()
    @options.patching
    def command(given: asked.Asked) -> int:
        return 0

    known = {name: option.name for option in command.params for name in option.opts}
    assert known == quick.FIELDS
