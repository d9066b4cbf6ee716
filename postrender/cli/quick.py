"""A plain `apply`, read without click: `helm upgrade` waits for us, and click is a quarter of our start.

Whatever is not plain, also every mistake, is left to click; a test holds that both read alike.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postrender.cli.asked import Asked

FIELDS: Final = {
    "--patchset": "patchsets",
    "--overlay": "overlays",
    "--set": "sets",
    "--set-file": "set_files",
    "-f": "values",
    "--values": "values",
    "--namespace": "namespace",
}
"""The options that make an Asked, and the field that each fills."""

# With these in the environment there is more to do: a report, or the completion of a line.
_CLICK_ONLY: Final = ("POSTRENDER_REPORT", "_POSTRENDER_COMPLETE")


def read(arguments: Sequence[str]) -> Asked | None:
    """What is asked for, or None where click has to read it."""
    if arguments[:1] != ["apply"] or any(map(os.environ.get, _CLICK_ONLY)):
        return None
    found: dict[str, list[str]] = {}
    waiting = iter(arguments[1:])
    for argument in waiting:
        option, equals, value = argument.partition("=") if argument.startswith("--") else (argument, "", "")
        if option not in FIELDS:
            return None
        if not equals:
            value = next(waiting, "")
        if not value or value.startswith("-") or (option in ("--set", "--set-file") and "=" not in value):
            return None
        found.setdefault(FIELDS[option], []).append(value)
    from postrender.cli.asked import Asked

    namespace = found.pop("namespace", [os.environ.get("HELM_NAMESPACE") or ""])[-1]
    values = tuple(map(Path, found.pop("values", ())))
    return Asked(
        **{name: tuple(texts) for name, texts in found.items()}, values=values, namespace=namespace or None
    )
