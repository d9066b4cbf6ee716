"""docs/recipes.md: each recipe is a whole overlay, and does what the lines beneath it show."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

import pytest

from tests import runs, tools

_TEXT = (tools.ROOT / "docs" / "recipes.md").read_text()
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A section: its title, and the texts of its fenced blocks by their languages."""

    title: str
    blocks: list[tuple[str, str]]

    def __str__(self) -> str:
        return re.sub(r"\W+", "-", self.title.lower())


RECIPES = [
    Recipe(title, [(block["language"], block["text"]) for block in _BLOCK.finditer(rest)])
    for title, _, rest in (section.partition("\n") for section in _TEXT.split("\n## ")[1:])
]


def one_side(lines: str, sign: str) -> str:
    """What was there before (`-`) or is there afterwards (`+`), of lines that show both."""
    return "".join(line[1:] for line in lines.splitlines(keepends=True) if line[0] in (" ", sign))


def both_sides(before: str, after: str) -> str:
    """Before and after in one, with all lines that stay."""
    old, new = before.splitlines(), after.splitlines()
    shown = list(difflib.unified_diff(old, new, lineterm="", n=len(old)))[3:]
    return "".join(f"{line}\n" for line in shown)


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_recipe(recipe: Recipe) -> None:
    assert [language for language, _ in recipe.blocks] == ["yaml", "diff"]
    (_, overlay), (_, shown) = recipe.blocks
    assert overlay.startswith("apiVersion: postrender/v1\nkind: Overlay\nname: ")
    before = one_side(shown, "-")
    rendered = runs.run(overlay, before)
    assert both_sides(before, rendered.output.decode()) == shown
    assert one_side(shown, "+") == rendered.output.decode()
    assert runs.notes(rendered) == []


def test_there_are_recipes() -> None:
    assert len(RECIPES) > 10
    assert len({recipe.title for recipe in RECIPES}) == len(RECIPES)
