"""Makes docs/library.md: every patchset and overlay, and what answers each edit of docs/edits.yaml.

    scripts/library_page.py [--check]

With `--check` nothing is written, and the exit code is 1 when the page is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from postrender import library

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from postrender.patchset import Patchset

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "library.md"
EDITS = ROOT / "docs" / "edits.yaml"

HEAD = """\
# The library

Made by `make bless` of the patchsets, the overlays and [edits.yaml](edits.yaml).
Parameters in bold have to be said; `postrender show NAME` has their types and defaults.
Names lead to READMEs.
"""
EDITS_HEAD = """\
## What answers which edit

What operators' guides ask readers to change by hand after rendering; the numbers are for talking about it.
"""


def page() -> str:
    """The page as it should be."""
    loaded = {kind: _loaded(kind) for kind in ("Patchset", "Overlay")}
    kind_of = {each.name: kind.lower() for kind, found in loaded.items() for each in found}
    return "\n".join(
        [
            HEAD,
            "## Patchsets\n",
            _table(("patchset", "what it does", "parameters", "tags"), map(_patchset, loaded["Patchset"])),
            "## Overlays\n",
            _table(
                ("overlay", "what it is for", "parameters", "patchsets"), map(_overlay, loaded["Overlay"])
            ),
            EDITS_HEAD,
            *(part for group in yaml.safe_load(EDITS.read_text("utf-8")) for part in _group(group, kind_of)),
        ]
    )


def anchor(heading: str) -> str:
    """What GitHub makes of a heading in the address of a page."""
    kept = "".join(character for character in heading.lower() if character.isalnum() or character in " -_")
    return kept.replace(" ", "-")


def _loaded(kind: str) -> list[Patchset]:
    entries = (each for each in library.entries() if each.kind == kind and each.origin == "postrender")
    return [library.load(entry.path) for entry in entries]


def _patchset(patchset: Patchset) -> tuple[str, ...]:
    name = f"[{patchset.name}](../patchsets/{patchset.name}/README.md)"
    return name, patchset.description, _parameters(patchset), ", ".join(patchset.tags)


def _overlay(overlay: Patchset) -> tuple[str, ...]:
    name = f"[{overlay.name}](../overlays/{overlay.name}/README.md)"
    used = dict.fromkeys(use.patchset.name for use in overlay.uses)
    return name, overlay.description, _parameters(overlay), ", ".join(used)


def _parameters(patchset: Patchset) -> str:
    return ", ".join(f"**{each.name}**" if each.required else each.name for each in patchset.parameters)


def _group(group: dict[str, Any], kind_of: dict[str, str]) -> Iterator[str]:
    yield f"### {group['of']}\n"
    rows = ((number, row["edit"], _answer(row, kind_of)) for number, row in group["edits"].items())
    yield _table(("", "edit", "answer"), rows)


def _answer(row: dict[str, Any], kind_of: dict[str, str]) -> str:
    """The patchsets and recipes of a row as links, and why the rest of it, or all, is no patch."""
    if missing := [name for name in row.get("by", ()) if name not in kind_of]:
        sys.exit(f"{EDITS.relative_to(ROOT)} names what is not in the library: {', '.join(missing)}")
    names = [f"[{name}](../{kind_of[name]}s/{name}/README.md)" for name in row.get("by", ())]
    recipes = [f"recipe [{name}](recipes.md#{anchor(name)})" for name in row.get("recipes", ())]
    links = ", ".join(names + recipes)
    return f"{links}. {row['why']}" if links and "why" in row else links or str(row["why"])


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Writes the page anew, or with `--check` says whether it is out of date."""
    text = page()
    if PAGE.is_file() and PAGE.read_text("utf-8") == text:
        return 0
    if "--check" in arguments:
        print(f"{PAGE.relative_to(ROOT)} is out of date")
        return 1
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} renewed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
