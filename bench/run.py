"""Time and memory of postrender, kustomize and yq for the same edit: writes bench/RESULTS.md.

    python -m bench.run [SCENARIO…]

Whole processes on files that are generated into build/bench. Time is the median; memory the peak of the
process (`ru_maxrss`), the highest of all runs. KUSTOMIZE and YQ name the other two, which are left out where
they are not. This program stays small itself: a child's peak counts from what its parent had.
"""

from __future__ import annotations

import compileall
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench import manifests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent
WORK = ROOT / "build/bench"
PROGRAM = Path(sys.executable).with_name("postrender")
RESULTS = ROOT / "bench/RESULTS.md"
MEGABYTE = 1_000_000
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
PATIENCE = 30  # seconds for all runs of one program in one scenario

PATCH = """\
apiVersion: v1
kind: any
metadata:
  name: any
  labels:
    site: here
"""
PATCHES = """\
patches:
  - target: {{kind: "{kind}"}}
    patch: |
{patch}"""


@dataclass(frozen=True)
class Scenario:
    """Manifests, the kind that gets a label, and what of the others is too slow to be waited for."""

    name: str
    pieces: Callable[[], Iterator[str]]
    kind: str
    without: tuple[str, ...] = ()
    runs: int = 11

    @property
    def folder(self) -> Path:
        return WORK / "".join(letter if letter.isalnum() else "-" for letter in self.name)

    def prepare(self) -> None:
        """Write the manifests, and the patch as each of the three takes it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        manifests.write(self.folder / "manifests.yaml", self.pieces())
        lines = "".join(f"      {line}\n" for line in PATCH.splitlines())
        patches = PATCHES.format(kind=self.kind, patch=lines)
        (self.folder / "kustomization.yaml").write_text(f"resources: [manifests.yaml]\n{patches}")
        (self.folder / "patchset.yaml").write_text(
            f"apiVersion: postrender/v1\nkind: Patchset\nname: label\ndescription: A label.\n{patches}"
        )

    def commands(self) -> dict[str, list[str]]:
        """What is run, by the name of its column."""
        found = {"postrender": [str(PROGRAM), "apply", f"--patchset={self.folder}"]}
        if "KUSTOMIZE" in os.environ:
            found["kustomize"] = [os.environ["KUSTOMIZE"], "build", str(self.folder)]
        if "YQ" in os.environ:
            kinds = f'select(.kind | test("^({self.kind})$"))'
            found["yq"] = [os.environ["YQ"], f'({kinds} | .metadata.labels.site) = "here"']
        return {name: command for name, command in found.items() if name not in self.without}


SCENARIOS = [
    Scenario("16 resources, 8 patched", lambda: manifests.release(16), "Service", runs=41),
    Scenario("2,000 resources, 1,000 patched", lambda: manifests.release(2000), "Service"),
    Scenario("2,000 resources, all patched", lambda: manifests.release(2000), ".*"),
    Scenario(
        "ten CRDs of 4.5 MB, all patched",
        lambda: manifests.definitions(10, 450_000),
        "CustomResourceDefinition",
    ),
    Scenario(
        "20,000 resources, 10,000 patched", lambda: manifests.release(20_000), "Service", ("kustomize",), 5
    ),
    Scenario("20,000 resources, all patched", lambda: manifests.release(20_000), ".*", ("kustomize",), 5),
    Scenario(
        "200 MB: 440 CRDs, none patched, and a Service",
        lambda: _and_a_service(manifests.definitions(440, 454_000)),
        "Service",
        ("kustomize", "yq"),
        3,
    ),
]


def _and_a_service(pieces: Iterator[str]) -> Iterator[str]:
    yield from pieces
    yield manifests.SERVICE.format(n=0)


@dataclass(frozen=True)
class Cost:
    """Seconds (median), bytes (peak) and how often it ran."""

    seconds: float
    memory: int
    runs: int

    def __str__(self) -> str:
        once = "" if self.runs > 1 else " (one run)"
        seconds = f"{self.seconds:.3f}" if self.seconds < 1 else f"{self.seconds:.2f}"
        return f"{seconds} s, {self.memory / MEGABYTE:.0f} MB{once}"


def measure(scenario: Scenario) -> dict[str, Cost]:
    """Run each program as often as the scenario says, in turns; less often where that takes too long."""
    commands = scenario.commands()
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    peaks = dict.fromkeys(commands, 0)
    patched = set()
    for turn in range(scenario.runs + 1):
        for name, command in commands.items():
            if sum(seconds[name]) > PATIENCE:
                continue
            spent, peak = _once(command, scenario)
            if turn:  # the first is to have its files in memory
                seconds[name].append(spent)
                peaks[name] = max(peaks[name], peak)
            else:
                patched.add(_patched(scenario))
    if len(patched) != 1:
        raise SystemExit(f"{scenario.name}: not the same edit: {patched}")
    return {
        name: Cost(statistics.median(seconds[name]), peaks[name], len(seconds[name])) for name in commands
    }


def _once(command: list[str], scenario: Scenario) -> tuple[float, int]:
    output = scenario.folder / "output.yaml"
    with (scenario.folder / "manifests.yaml").open("rb") as stdin, output.open("wb") as stdout:
        start = time.perf_counter()
        # Waited for by hand: only wait4 tells what it used.
        process = subprocess.Popen(command, stdin=stdin, stdout=stdout, cwd=ROOT, env=ENVIRONMENT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return seconds, usage.ru_maxrss * 1024


def _patched(scenario: Scenario) -> int:
    with (scenario.folder / "output.yaml").open(encoding="utf-8") as output:
        return sum(line == "    site: here\n" for line in output)


def row(scenario: Scenario) -> str:
    """A line of the table."""
    scenario.prepare()
    costs = measure(scenario)
    ours = costs["postrender"]
    cells = [scenario.name, f"**{ours}**"]
    for name in ("kustomize", "yq"):
        if cost := costs.get(name):
            share = f"× {ours.seconds / cost.seconds:.2f}, × {ours.memory / cost.memory:.2f}"
            cells += [str(cost), share]
        else:
            cells += ["not run", ""]
    (scenario.folder / "output.yaml").unlink()
    (scenario.folder / "manifests.yaml").unlink()
    line = f"| {' | '.join(cells)} |\n"
    print(line, end="", file=sys.stderr)
    return line


def main(names: list[str]) -> None:
    """Measure the scenarios whose name begins with one of `names`, or all of them into the page."""
    compileall.compile_dir(ROOT / "postrender", quiet=1)  # as pip does where it installs
    chosen = [each for each in SCENARIOS if not names or each.name.startswith(tuple(names))]
    rows = "".join(row(scenario) for scenario in chosen)
    if names:
        return
    versions = [f"Python {platform.python_version()}"]
    for name, question in (("KUSTOMIZE", "version"), ("YQ", "--version")):
        if program := os.environ.get(name):
            answer = subprocess.run([program, question], capture_output=True, text=True, check=True).stdout
            versions.append(f"{name.lower()} {answer.split()[-1].removeprefix('v')}")
    RESULTS.write_text(PAGE.format(rows=rows, versions=", ".join(versions), processors=os.cpu_count()))


PAGE = """\
# What it costs

The same edit, a label on each resource of a kind, by postrender, kustomize and yq in one run of `make bench`:
whole processes, the median time and the peak of memory. × is what postrender takes of the other's time and
memory. kustomize has a file for stdin, which it cannot read. On {processors} processors, with {versions}.

| | postrender | kustomize | postrender × | yq | postrender × |
|---|---|---|---|---|---|
{rows}
kustomize is not run where it would take half an hour: its time grows with the square of the resources.
The 200 MB are for what bytes cost that no patch touches.
"""

if __name__ == "__main__":
    main(sys.argv[1:])
