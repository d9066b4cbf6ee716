"""A patchset of one transform, as each test of one needs it."""

from __future__ import annotations


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
