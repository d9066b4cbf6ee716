"""Keeps docs/writing-patchsets.md true: its files are written and its commands run, from top to bottom.

    scripts/tutorial.py [--check]

A code block below `<!-- file: PATH -->` is that file; in a `console` block each line that begins with `$ ` is
a command, and what it prints stands below it. All this happens in an empty folder that has only
docs/example/rendered.yaml. With `--check` nothing is written here, and the exit code is 1 when something is
out of date.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "writing-patchsets.md"
RENDERED = ROOT / "docs" / "example" / "rendered.yaml"

_BLOCK = re.compile(
    r"<!-- file: (?P<file>\S+) -->\n```\w+\n(?P<content>.*?)^```$|^```console\n(?P<console>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_SECONDS = re.compile(r"(?<= in )\d+\.\d+s")


class Walk:
    """A walk through the page: the folder it happens in, and the variables exported so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.exports: list[str] = []

    def block(self, block: re.Match[str]) -> str:
        """A block with what its commands print now; a file is written, and stays as it is."""
        if name := block["file"]:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["content"], encoding="utf-8")
            return block[0]
        commands = [line[2:] for line in block["console"].splitlines() if line.startswith("$ ")]
        return "```console\n" + "".join(f"$ {command}\n{self.run(command)}" for command in commands) + "```"

    def run(self, command: str) -> str:
        """What a command prints, in the folder."""
        if command.startswith("export "):
            self.exports.append(command)
        done = subprocess.run(
            ["bash", "-c", "\n".join([*self.exports, command])],
            cwd=self.folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return _SECONDS.sub("0.10s", done.stdout.replace(f"{self.folder}/", ""))


def renewed(page: str) -> str:
    """The text of the page with everything that its commands print made anew."""
    with tempfile.TemporaryDirectory() as name:
        walk = Walk(Path(name).resolve())
        shutil.copy(RENDERED, walk.folder)
        return _BLOCK.sub(walk.block, page)


def _environment() -> dict[str, str]:
    """That of somebody who has postrender and pytest on PATH and has set nothing."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("POSTRENDER", "PYTEST"))
    }
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return {**kept, "PATH": path, "NO_COLOR": "1", "COLUMNS": "80", "POSTRENDER_TTY": "0"}


def main(arguments: list[str]) -> int:
    """Renews the page, or with `--check` shows what of it is out of date."""
    old = PAGE.read_text("utf-8")
    new = renewed(old)
    if old == new:
        return 0
    if "--check" not in arguments and "bug of postrender" not in new:
        PAGE.write_text(new, encoding="utf-8")
        print(f"{PAGE.relative_to(ROOT)} renewed")
        return 0
    print(
        *difflib.unified_diff(old.splitlines(), new.splitlines(), "as it is", "as it should be", lineterm=""),
        sep="\n",
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
