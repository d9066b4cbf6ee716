"""`postrender show`: what a patchset or overlay is for, what it takes, and how it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from postrender import library
from postrender.cli import terminal
from postrender.parameters import ValueFrom
from postrender.reports.text import inline
from postrender.reports.visible import visible
from postrender.templates import UNSET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from postrender.kubeyaml import Value
    from postrender.parameters import Parameter
    from postrender.patchset import Patchset, PatchTemplate, ResourceTemplate, Use


@click.command("show")
@click.argument("name", metavar="NAME|PATH")
def command(name: str) -> int:
    """Show what a patchset or overlay does and the parameters that it has."""
    patchset = library.load(library.find(name))
    terminal.say("".join(f"{visible(line)}\n" for line in _lines(name, patchset)))
    return 0


def _lines(name: str, patchset: Patchset) -> Iterator[str]:
    yield f"{patchset.kind} {patchset.name}"
    yield patchset.description
    if patchset.tags:
        yield f"Tags: {', '.join(patchset.tags)}"
    yield f"File: {patchset.path}"
    yield from _section("Parameters", (line for each in patchset.parameters for line in _parameter(each)))
    yield from _section("Patchsets", map(_use, patchset.uses))
    yield from _section("Adds", map(_resource, patchset.resources))
    yield from _section("Patches", map(_patch, patchset.patches))
    yield from _section("What it would change", [_example(name, patchset)])


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(dict.fromkeys(lines)):
        if not number:
            yield ""
            yield f"{title}:"
        yield f"  {line}"


def _parameter(parameter: Parameter) -> Iterator[str]:
    says = [str(parameter.schema)]
    if parameter.required:
        says.append("required")
    if parameter.secret:
        says.append("secret")
    elif parameter.default is not UNSET:
        says.append(f"default {_default(parameter.default)}")
    yield f"{parameter.name} ({', '.join(says)})"
    if parameter.description:
        yield f"    {parameter.description}"


def _default(value: Value | ValueFrom) -> str:
    if isinstance(value, ValueFrom):
        if value.resource:
            return f"{value.resource.get('path')} of a {value.resource.get('kind')}"
        return f"the variable {value.env}" if value.env else f"the file {value.file}"
    return inline(value)


def _use(use: Use) -> str:
    return use.label if use.label == use.patchset.name else f"{use.label} ({use.patchset.name})"


def _resource(resource: ResourceTemplate) -> str:
    return resource.file.name if resource.file else _identity(resource.body)


def _patch(patch: PatchTemplate) -> str:
    name = f"patch {patch.name}" if patch.name.isdigit() else patch.name
    target = patch.target
    if target is None:
        return f"{name}: {_identity(patch.body)}"
    asked = dict(target.texts)
    kind = asked.pop("kind", "every kind").replace("|", " or ")
    says = [f"{field} {text}" for field, text in asked.items()]
    says += [f"where {place} is {text}" for place, text in target.where.items()]
    says += [f"unless {place} is {text}" for place, text in target.unless.items()]
    return f"{name}: {kind}" + (f" ({', '.join(says)})" if says else "")


def _identity(body: Value) -> str:
    if not isinstance(body, dict):
        return inline(body)
    metadata = body.get("metadata")
    return f"{body.get('kind')} {metadata.get('name') if isinstance(metadata, dict) else ''}"


def _example(name: str, patchset: Patchset) -> str:
    needed = (f" --set {each.name}={_sample(each)}" for each in patchset.parameters if each.required)
    return f"helm template RELEASE CHART | postrender diff --{patchset.kind.lower()} {name}{''.join(needed)}"


def _sample(parameter: Parameter) -> str:
    return str(parameter.schema.enum[0]) if parameter.schema.enum else "VALUE"
