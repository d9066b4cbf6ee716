"""`postrender show`: what a patchset or overlay is for, what it takes, and how it is called."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import click

from postrender import library
from postrender.cli import cases, completion, examples, terminal
from postrender.fields import shown
from postrender.reports.text import inline
from postrender.reports.visible import visible
from postrender.sources import ValueFrom
from postrender.templates import UNSET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from postrender.kubeyaml import Value
    from postrender.parameters import Parameter
    from postrender.patchset import Patchset, PatchTemplate, ResourceTemplate, Use

_COLOURS = {"+": "32", "-": "31", "@": "2"}


@click.command("show")
@click.argument("name", metavar="NAME|PATH", shell_complete=completion.names)
def command(name: str) -> int:
    """Show what a patchset or overlay does, its parameters, and what it changes in an example."""
    patchset = library.load(library.find(name))
    lines = [*map(visible, _lines(name, patchset)), *_before_and_after(patchset)]
    terminal.say("".join(f"{line}\n" for line in lines))
    return 0


def _lines(name: str, patchset: Patchset) -> Iterator[str]:
    yield f"{patchset.kind} {patchset.name}"
    yield from patchset.description.strip().splitlines()
    if patchset.tags:
        yield f"Tags: {', '.join(patchset.tags)}"
    yield f"File: {shown(patchset.path)}"
    yield from _section("Parameters", (line for each in patchset.parameters for line in _parameter(each)))
    yield from _section("Patchsets", map(_use, patchset.uses))
    yield from _section("Adds", map(_resource, patchset.resources))
    # Several documents in one entry are several patches of one name.
    yield from _section("Patches", dict.fromkeys(map(_patch, patchset.patches)))
    yield from _section("What it would change", examples.command(name, patchset))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
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
    yield from (f"    {line}" for line in parameter.description.strip().splitlines())


def _default(value: object) -> str:
    match value:
        case ValueFrom():
            return f"({_looked_up(value)})"
        case dict():
            return "{" + ", ".join(f"{inline(key)}: {_default(item)}" for key, item in value.items()) + "}"
        case list():
            return f"[{', '.join(map(_default, value))}]"
        case str() | int() | float() | None:
            return inline(value)
    raise TypeError(type(value))


def _looked_up(value: ValueFrom) -> str:
    if value.resource:
        return f"{value.resource.get('path')} of a {value.resource.get('kind')}"
    return f"the variable {value.env}" if value.env else f"the file {value.file}"


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


def _before_and_after(patchset: Patchset) -> Iterator[str]:
    case = examples.case(patchset)
    try:
        old, new = ((case / name).read_text("utf-8").splitlines() for name in (cases.INPUT, cases.EXPECTED))
    except (OSError, ValueError):
        return
    yield ""
    yield f"Before and after, in the case {visible(shown(case))}:"
    colour = terminal.has_colour()
    for line in list(difflib.unified_diff(old, new, lineterm=""))[2:]:
        code = _COLOURS.get(line[0]) if colour else None
        yield f"  \x1b[{code}m{visible(line)}\x1b[0m" if code else f"  {visible(line)}".rstrip()
