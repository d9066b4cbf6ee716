"""The programs that some tests run: where they are on this machine, if they are."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent

# What a tool is called, and how it answers: there are two Helms and two programs called yq.
ANSWERS = {
    "helm 3": (("helm", "helm3"), ("version", "--short"), "v3."),
    "helm 4": (("helm", "helm4"), ("version", "--short"), "v4."),
    "kustomize": (("kustomize",), ("version",), "v"),
    "yq": (("yq",), ("--version",), "mikefarah"),
    "kubeconform": (("kubeconform",), ("-v",), "v"),
    "go": (("go",), ("version",), "go version"),
    "kubectl": (("kubectl",), ("version", "--client"), "Client Version"),
}


@functools.cache
def find(tool: str) -> Path | None:
    """The program: what a variable such as HELM3 or KUSTOMIZE names, else the right one on PATH."""
    names, question, answer = ANSWERS[tool]
    if named := os.environ.get(variable(tool)):
        return Path(named)
    return next((path for path in _on_path(names) if answer in _output(path, *question)), None)


def variable(tool: str) -> str:
    """The environment variable that says where `tool` is."""
    return tool.upper().replace(" ", "")


def path(tool: str) -> Path:
    """The program, for a test marked as needing it."""
    found = find(tool)
    assert found, f"{tool} is missing: the test lacks its mark"
    return found


def _on_path(names: tuple[str, ...]) -> list[Path]:
    found = (shutil.which(name, path=folder) for folder in os.get_exec_path() for name in names)
    return [Path(program) for program in found if program]


def _output(program: Path, *arguments: str) -> str:
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False).stdout
