"""hook.sh finds postrender from wherever it is called; the plugin folder is what Helm 4 takes."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING, TypeAlias

import pytest
import yaml

from tests.tools import ROOT

if TYPE_CHECKING:
    from pathlib import Path

Done: TypeAlias = tuple[int, str, str]

SYSTEM = os.defpath  # where sh, readlink and cat are, and no postrender


def program(path: Path, says: str) -> None:
    """A stand-in for postrender that says who it is, its arguments one a line, and its stdin."""
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho {says}\nprintf '<%s>\\n' \"$@\"\nexec cat\n", encoding="utf-8")
    path.chmod(0o755)


def run(hook: str | Path, *arguments: str, path: str = SYSTEM, cwd: Path | None = None) -> Done:
    """Exit code, stdout, stderr."""
    done = subprocess.run(
        [hook, *arguments],
        input="manifests\n",
        env={"PATH": path},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "a check$out"
    folder.mkdir()
    shutil.copy2(ROOT / "hook.sh", folder)
    return folder


@pytest.fixture
def installed(checkout: Path) -> Path:
    program(checkout / ".venv/bin/postrender", "checkout")
    return checkout


def test_the_checkout_s_postrender_gets_arguments_and_stdin_unchanged(installed: Path) -> None:
    assert run(installed / "hook.sh", "--set", "a=b c", "", "$HOME") == (
        0,
        "checkout\n<--set>\n<a=b c>\n<>\n<$HOME>\nmanifests\n",
        "",
    )


def test_the_environment_s_postrender_comes_first(installed: Path, tmp_path: Path) -> None:
    program(tmp_path / "b in/postrender", "environment")
    code, out, _ = run(installed / "hook.sh", path=f"{tmp_path}/b in:{SYSTEM}")
    assert (code, out.splitlines()[0]) == (0, "environment")


@pytest.mark.parametrize("hook", ["./hook.sh", "sub/../hook.sh"])
def test_by_a_relative_path(installed: Path, hook: str) -> None:
    (installed / "sub").mkdir()
    assert run(hook, cwd=installed)[1].startswith("checkout\n")


def test_through_symbolic_links(installed: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    (elsewhere / "render").symlink_to("../a check$out/hook.sh")
    (elsewhere / "again").symlink_to(elsewhere / "render")
    assert run(elsewhere / "again", cwd=elsewhere)[1].startswith("checkout\n")


def test_through_a_link_on_path_that_is_called_postrender(installed: Path, tmp_path: Path) -> None:
    """It must not run itself for ever."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "postrender").symlink_to(installed / "hook.sh")
    assert run("postrender", path=f"{folder}:{SYSTEM}")[1].startswith("checkout\n")


def test_the_exit_code_is_postrender_s(installed: Path) -> None:
    (installed / ".venv/bin/postrender").write_text("#!/bin/sh\nexit 70\n", encoding="utf-8")
    assert run(installed / "hook.sh") == (70, "", "")


def test_without_postrender_it_says_how_to_install(checkout: Path) -> None:
    code, out, error = run(checkout / "hook.sh")
    assert (code, out) == (1, "")
    assert "not installed" in error
    assert f"`make venv` in {checkout}" in error


def test_the_plugin_is_of_this_version() -> None:
    """Helm 4 shows it in `helm plugin list`, and takes strict semantic versions only."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    plugin = yaml.safe_load((ROOT / "plugin/postrender/plugin.yaml").read_text(encoding="utf-8"))
    assert (plugin["name"], plugin["version"]) == (project["name"], project["version"])
