"""What goes wrong around us: disks, pipes, signals, homes, locales, unreadable files, runs side by side."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests import tools

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web-{n}
spec:
  type: ClusterIP  # größer
"""
MANY = 4000  # resources: enough to be still at work when a signal comes

PATCHSET = """\
apiVersion: postrender/v1
kind: Patchset
name: own
description: Services of another type.
parameters:
  type: {type: string, default: NodePort, description: The type to have.}
patches:
  - target: {kind: Service}
    patch: {spec: {type: "${type}"}}
"""


def manifests(count: int = 1) -> bytes:
    return "---\n".join(SERVICE.format(n=n) for n in range(count)).encode()


def patched(count: int = 1, kind: str = "NodePort") -> bytes:
    return manifests(count).replace(b"ClusterIP", kind.encode())


@dataclass(frozen=True)
class Result:
    code: int
    out: bytes
    err: str


@dataclass(frozen=True)
class Site:
    """A folder that has a patchset, and runs of postrender in it."""

    folder: Path

    def start(
        self, *arguments: str, env: Mapping[str, str | None] | None = None, **how: Any
    ) -> subprocess.Popen[bytes]:
        settings = {**os.environ, "PYTHONPATH": str(tools.ROOT), **(env or {})}
        return subprocess.Popen(
            [sys.executable, "-m", "postrender", "apply", *(arguments or ("--patchset=own.yaml",))],
            cwd=self.folder,
            env={name: value for name, value in settings.items() if value is not None},
            **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how},
        )

    def run(self, *arguments: str, stdin: bytes | None = None, **how: Any) -> Result:
        process = self.start(*arguments, **how)
        given = manifests() if stdin is None else stdin
        out, err = process.communicate(given if process.stdin else None, timeout=60)
        return Result(process.returncode, out or b"", (err or b"").decode())

    @property
    def files(self) -> list[str]:
        return sorted(file.name for file in self.folder.iterdir())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "own.yaml").write_text(PATCHSET, "utf-8")
    return Site(tmp_path)


OWN = "--patchset=own.yaml"


def is_mistake(result: Result, *parts: str) -> None:
    """A message of a few lines, and nothing else."""
    assert (result.code, result.out) == (1, b""), result.err
    assert "Traceback" not in result.err
    for part in parts:
        assert part in result.err


# Disks


def full_disk() -> None:
    """No file may grow, as on a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def nearly_full_disk() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


# With PYTHONUNBUFFERED a write may take a part only, and say no more than how much.
unbuffered = pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])


@pytest.mark.parametrize("ending", ["txt", "json"])
def test_a_full_disk_for_the_report(site: Site, ending: str) -> None:
    old = site.folder / f"report.{ending}"
    old.write_text("an older report", "utf-8")
    result = site.run(OWN, f"--report={old.name}", preexec_fn=full_disk)
    is_mistake(result, old.name, "File too large")
    assert site.files == ["own.yaml", old.name]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")  # noqa: PTH110
def test_a_full_disk_for_the_manifests(site: Site) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        is_mistake(site.run(OWN, stdout=full), "No space left on device")


@unbuffered
def test_a_disk_that_fills_up(site: Site, unbuffered: str) -> None:
    with (site.folder / "out.yaml").open("wb") as out:
        env = {"PYTHONUNBUFFERED": unbuffered}
        result = site.run(OWN, stdin=manifests(MANY), stdout=out, preexec_fn=nearly_full_disk, env=env)
    is_mistake(result, "File too large")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")  # noqa: PTH110
def test_a_full_disk_for_messages(site: Site) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        assert site.run(OWN, stderr=full).out == patched()
        assert site.run("--patchset=no-such", stderr=full).code == 1


@pytest.mark.parametrize(
    "report", ["no-such-folder/report.txt", "own.yaml/report.txt", "/proc/report.txt", "full.txt"]
)
def test_a_report_that_cannot_be_written(site: Site, report: str) -> None:
    (site.folder / "full.txt").symlink_to("/dev/full")
    is_mistake(site.run(OWN, f"--report={report}"), report)


# Pipes


def test_stdout_that_nobody_reads(site: Site) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = site.run(OWN, stdin=manifests(MANY), stdout=writing)
    finally:
        os.close(writing)
    assert (result.code, result.err) == (141, "")


@unbuffered
def test_stdout_that_nobody_reads_to_its_end(site: Site, unbuffered: str) -> None:
    process = site.start(OWN, env={"PYTHONUNBUFFERED": unbuffered})
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdin.write(manifests(MANY))
    process.stdin.close()
    assert process.stdout.read(11) == b"apiVersion:"
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 141


def test_stdout_that_is_closed(site: Site) -> None:
    is_mistake(site.run(OWN, preexec_fn=lambda: os.close(1)), "stdout is closed")


def test_stderr_that_is_closed(site: Site) -> None:
    assert site.run(OWN, preexec_fn=lambda: os.close(2)).out == patched()
    assert site.run("--patchset=no-such", preexec_fn=lambda: os.close(2)).code == 1


def test_stdin_that_is_closed(site: Site) -> None:
    is_mistake(site.run(OWN, stdin=b"", preexec_fn=lambda: os.close(0)), "stdin is closed")


def test_stdin_that_is_no_file(site: Site) -> None:
    folder = os.open(site.folder, os.O_RDONLY)
    try:
        process = site.start(OWN, stdin=folder)
        out, err = process.communicate(timeout=60)
    finally:
        os.close(folder)
    is_mistake(Result(process.returncode, out, err.decode()), "stdin")


@pytest.mark.parametrize(
    "stdin", [b"\0", b"\xff\xfe", b"kind: Service\nname: \xe9\n", b"a: b: c", b"[" * 100_000, b"\x80" * 5000]
)
def test_stdin_that_is_no_manifests(site: Site, stdin: bytes) -> None:
    is_mistake(site.run(OWN, stdin=stdin))


# Signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("wait", [0.0, 0.1, 0.3, 0.6])
def test_a_signal_in_the_middle(site: Site, number: signal.Signals, wait: float) -> None:
    """Nothing on stdout, no scratch file, and no report that says that all is well."""
    (site.folder / "report.txt").write_text("an older report", "utf-8")
    process = site.start(OWN, "--report=report.txt")
    assert process.stdin
    process.stdin.write(manifests(MANY))
    process.stdin.flush()  # it has read nearly all now, but not the end
    if wait:
        process.stdin.close()
        process.stdin = None
        time.sleep(wait)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert (out, err) == (b"", b"")
    assert site.files == ["own.yaml", "report.txt"]


# Runs side by side


def test_eight_runs_at_once_in_one_folder(site: Site) -> None:
    kinds = [f"Type{number}" for number in range(8)]
    processes = [
        site.start(OWN, f"--set=type={kind}", "--report=shared.json", f"--report={kind}.txt")
        for kind in kinds
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write(manifests(100))
        process.stdin.close()
        process.stdin = None
    for kind, process in zip(kinds, processes, strict=True):
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, b"")
        assert out == patched(100, kind)
        assert kind in (site.folder / f"{kind}.txt").read_text("utf-8")
    shared = json.loads((site.folder / "shared.json").read_text("utf-8"))
    assert len(shared["changes"]) == 100
    assert site.files == sorted(["own.yaml", "shared.json", *(f"{kind}.txt" for kind in kinds)])


# Surroundings


@pytest.mark.parametrize("home", [None, "", "/proc/self", "/no/such/home", "/dev/null"])
def test_a_home_that_is_of_no_use(site: Site, home: str | None) -> None:
    result = site.run(OWN, env={"HOME": home, "XDG_CACHE_HOME": home, "XDG_CONFIG_HOME": home, "USER": None})
    assert (result.code, result.out, result.err) == (0, patched(), "")


def test_hardly_an_environment(site: Site) -> None:
    keep = {"PYTHONPATH", "POSTRENDER_TTY"}
    result = site.run(OWN, env={name: None for name in os.environ if name not in keep})
    assert (result.code, result.out, result.err) == (0, patched(), "")


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1", "no-such-locale"])
def test_a_locale_that_is_not_utf_8(site: Site, locale: str) -> None:
    folder = site.folder / "größer"
    folder.mkdir()
    (folder / "patchset.yaml").write_text(
        PATCHSET.replace("Services of another type", "Größere Services"), "utf-8"
    )
    plain = {"LC_ALL": locale, "LANG": locale, "PYTHONUTF8": None, "PYTHONCOERCECLOCALE": None}
    result = site.run("--patchset=./größer", "--set=type=Größe", "--report=größer.txt", env=plain)
    assert (result.code, result.err) == (0, "")
    assert result.out == patched(kind='"Größe"')
    assert "Größe" in (site.folder / "größer.txt").read_text("utf-8")
    mistake = site.run("--patchset=./größer", "--set=größe=1", env=plain)
    assert mistake.code == 1
    assert "Traceback" not in mistake.err


# Files that cannot be read


def test_a_patchset_that_may_not_be_read(site: Site) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read all files")
    (site.folder / "own.yaml").chmod(0)
    is_mistake(site.run(OWN), "own.yaml", "Permission denied")


def test_patchsets_that_are_no_files(site: Site) -> None:
    (site.folder / "loop.yaml").symlink_to("loop.yaml")
    (site.folder / "gone.yaml").symlink_to("no-such.yaml")
    (site.folder / "folder.yaml").mkdir()
    (site.folder / "zero.yaml").symlink_to("/dev/zero")
    (site.folder / "null.yaml").symlink_to("/dev/null")
    for name in ("loop.yaml", "gone.yaml", "folder.yaml", "zero.yaml", "null.yaml", "no-such.yaml"):
        is_mistake(site.run(f"--patchset={name}"), name)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"\xff", b"a: b: c", b"- a", b"x", b"[" * 100_000, b"a: &a [*a]", b"--- a\n--- b\n"],
)
def test_patchsets_that_are_none(site: Site, content: bytes) -> None:
    (site.folder / "own.yaml").write_bytes(content)
    is_mistake(site.run(OWN), "own.yaml")


@pytest.mark.parametrize("option", ["--values={}", "--set-file=type={}"])
def test_values_that_cannot_be_read(site: Site, option: str) -> None:
    (site.folder / "folder").mkdir()
    (site.folder / "binary").write_bytes(b"\xff\xfe\0")
    (site.folder / "zero").symlink_to("/dev/zero")
    for name in ("no-such", "folder", "binary", "zero"):
        is_mistake(site.run(OWN, option.format(name)), name)


def test_a_working_directory_that_is_gone(site: Site) -> None:
    gone = site.folder / "gone"
    gone.mkdir()

    def leave() -> None:
        os.chdir(gone)
        gone.rmdir()

    result = site.run(f"--patchset={site.folder}/own.yaml", preexec_fn=leave)
    assert (result.code, result.out, result.err) == (0, patched(), "")


def test_an_argument_that_is_not_utf_8(site: Site) -> None:
    is_mistake(site.run(OWN, os.fsdecode(b"--set=type=\xe9")), "UTF-8")
