"""The JSON Schemas (draft 2020-12) of our files: patchsets and overlays, and the JSON report.

What only the reader can see, such as a parameter that is not declared, a schema cannot say.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from postrender import transforms

if TYPE_CHECKING:
    from collections.abc import Callable

    from postrender.parameters import Schema

_HERE: Final = Path(__file__).parent


def patchset() -> str:
    """The schema of `patchset.yaml` and `overlay.yaml`, with the transforms that are installed here."""
    schema = json.loads((_HERE / "patchset.schema.json").read_text("utf-8"))
    names = transforms.names()
    patch = schema["$defs"]["patch"]
    patch["properties"]["transform"]["enum"] = names
    patch["allOf"] += map(_transform, names)
    return f"{json.dumps(schema, indent=2)}\n"


def report() -> str:
    """The schema of a report in JSON."""
    return (_HERE / "reports" / "report.schema.json").read_text("utf-8")


SCHEMAS: Final[dict[str, Callable[[], str]]] = {"patchset": patchset, "report": report}


def _transform(name: str) -> dict[str, Any]:
    """What is so of a patch that is this transform."""
    found = transforms.find(name)
    assert found is not None, "transforms.names() gives what there is"
    options = {
        "properties": {option: _value(schema) for option, schema in found.OPTIONS.items()},
        "required": sorted(found.REQUIRED),
        "additionalProperties": False,
    }
    return {
        "if": {"required": ["transform"], "properties": {"transform": {"const": name}}},
        "then": {"properties": {"with": options}, "required": ["with"] if found.REQUIRED else []},
    }


def _value(schema: Schema) -> dict[str, Any]:
    """What a file may have where this is wanted: it, or what stands for it."""
    # A string takes a plain scalar as it is written, so that 1.10 and yes need no quotes.
    plain = ("number", "boolean") if "string" in schema.types and schema.enum is None else ()
    wanted: dict[str, Any] = {"type": [*schema.types, *plain]}
    if schema.enum is not None:
        wanted["enum"] = list(schema.enum)
    if schema.format == "pointer":
        wanted["$ref"] = "#/$defs/pointer"
    if schema.additional is not None:
        wanted["additionalProperties"] = _value(schema.additional)
    if schema.items is not None:
        wanted["items"] = _value(schema.items)
    return {
        "if": {"anyOf": [{"$ref": "#/$defs/reference"}, {"$ref": "#/$defs/lookup"}]},
        "then": {"$ref": "#/$defs/value"},
        "else": wanted,
    }
