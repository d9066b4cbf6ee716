"""A patchset of one transform, as each test of one needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from postrender import kubeyaml
from postrender.documents import split
from tests import runs

if TYPE_CHECKING:
    from postrender.kubeyaml import Value
    from postrender.pipeline import Rendered


def patchset(
    transform: str, options: str = "", *, target: str = "{kind: .*}", patch: str = "", head: str = ""
) -> str:
    """The text of a patchset: `options` in flow style, `patch` and `head` lines of the patch and the file.

    The patch is on its sixth line.
    """
    return f"""\
apiVersion: postrender/v1
kind: Patchset
name: p
{head or "description: A patch."}
patches:
  - target: {target}
    transform: {transform}
    {f"with: {options}" if options else ""}
    {patch}
"""


def documents(text: str) -> list[Value]:
    """The data of each document: for tests to which it does not matter how they are written."""
    found = (kubeyaml.load(document.text) for document in split(text.encode()).documents)
    return [data for data in found if data is not None]


def becomes(patchset: str, before: str, after: str, **how: Any) -> Rendered:
    """Sees to it that `before` becomes the data of `after`."""
    rendered = runs.run(patchset, before, **how)
    assert documents(rendered.output.decode()) == documents(after)
    return rendered
