"""Keeps what the READMEs show true: before-and-after from cases, output from the commands themselves.

    scripts/snippets.py [--check]

In the README of a patchset or overlay, what stands between `<!-- before-and-after: CASE -->` and
`<!-- end -->` is the difference between that case's input and expected manifests. In README.md, what stands
between `<!-- output: COMMAND -->` and `<!-- end -->` is what that command prints in docs/example. With
`--check` nothing is written, and the exit code is 1 when something is out of date.
"""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_CASE = re.compile(r"(<!-- before-and-after: (?P<case>[\w./-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_OUTPUT = re.compile(r"(<!-- output: (?P<command>.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def before_and_after(case: Path) -> str:
    """What a case changes, as a unified diff in a code block."""
    old, new = ((case / name).read_text().splitlines() for name in ("input.yaml", "expected.yaml"))
    lines = list(difflib.unified_diff(old, new, lineterm=""))[2:]
    return "\n".join(["```diff", *lines, "```", ""])


def output(command: str) -> str:
    """What a shell command prints, with the command, in a code block; paths are from the checkout."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT / "docs" / "example",
        env={**os.environ, "NO_COLOR": "1", "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if "bug of postrender" in done.stdout:
        sys.exit(f"{command}\n{done.stdout}")  # that is for no page
    return f"```console\n$ {command}\n{done.stdout.replace(f'{ROOT}/', '').rstrip()}\n```\n"


def renewed(readme: Path) -> str:
    """The text of a README with every snippet made anew."""
    text = readme.read_text()
    text = _CASE.sub(lambda m: m[1] + before_and_after(readme.parent / "cases" / m["case"]) + m[3], text)
    return _OUTPUT.sub(lambda m: m[1] + output(m["command"]) + m[3], text)


def main(arguments: list[str]) -> int:
    """Renews all READMEs, or with `--check` says which are out of date."""
    stale = []
    for readme in (ROOT / "README.md", *sorted(ROOT.glob("*/*/README.md"))):
        text = renewed(readme)
        if text != readme.read_text():
            stale.append(str(readme.relative_to(ROOT)))
            if "--check" not in arguments:
                readme.write_text(text)
    print(
        *(f"{name} {'is out of date' if '--check' in arguments else 'renewed'}" for name in stale), sep="\n"
    )
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
