"""The command line that shows what a patchset or overlay does: that of its case `plain`, where it has one."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from postrender import kubeyaml, parameters
from postrender.cli import cases
from postrender.conditions import Guard
from postrender.fields import members, shown, target_of
from postrender.reports.text import inline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postrender.kubeyaml import Node, Value
    from postrender.parameters import Parameter
    from postrender.patchset import Patchset

_WIDTH = 100


def case(patchset: Patchset) -> Path:
    """The folder of the case that shows the usual use; there need not be one."""
    return patchset.folder / "cases" / "plain"


def command(name: str, patchset: Patchset) -> list[str]:
    """The lines of a command line for the patchset or overlay, which is called `name`.

    It gives the values of the case, in its file where an option cannot say them; without a case, a sample
    for each parameter that is required.
    """
    values = case(patchset) / cases.VALUES
    if values.is_file():
        given = _given(values, patchset)
        options = [f"--values {shlex.quote(shown(values))}"] if given is None else _options(given)
    else:
        options = _options(dict(_required(patchset)))
    words = [f"--{patchset.kind.lower()} {shlex.quote(name)}", *options]
    start = "helm template RELEASE CHART | postrender diff"
    line = " ".join([start, *words])
    if len(line) <= _WIDTH:
        return [line]
    return [f"{start} \\", *(f"  {word} \\" for word in words[:-1]), f"  {words[-1]}"]


def _options(given: dict[str, str]) -> list[str]:
    return [f"--set {shlex.quote(f'{name}={text}')}" for name, text in given.items()]


def _required(patchset: Patchset) -> Iterator[tuple[str, str]]:
    for parameter in patchset.parameters:
        if parameter.required:
            yield parameter.name, str(parameter.schema.enum[0]) if parameter.schema.enum else "VALUE"
    for use in patchset.uses:
        if use.guard == Guard() and not use.optional:
            inside = _required(use.patchset)
            yield from ((f"{use.label}.{name}", text) for name, text in inside if name not in use.given)


def _given(values: Path, patchset: Patchset) -> dict[str, str] | None:
    """The values of a file as --set has them, those of a use by its label; None where it cannot say one."""
    try:
        root = kubeyaml.compose(values.read_text("utf-8")).root
    except (OSError, ValueError, kubeyaml.YamlError):
        return None  # `postrender test` says what is wrong with it
    uses = {use.label: use.patchset for use in patchset.uses}
    found = {}
    for name, node in _members(root):
        inside = [(f"{name}.", *each) for each in _members(node)] if name in uses else [("", name, node)]
        for label, inner, value in inside:
            parameter = (uses[name] if label else patchset).parameter(inner)
            text = _text(parameter, value) if parameter else None
            if text is None:
                return None
            found[label + inner] = text
    return found


def _members(node: Node | None) -> list[tuple[str, Node]]:
    mapping = node and target_of(node)
    return list(members(mapping).items()) if isinstance(mapping, kubeyaml.Mapping) else []


def _text(parameter: Parameter, node: Node) -> str | None:
    """A value as --set has it. Null, a secret, and what is looked up are for a file."""
    value = parameters.typed(node, parameter.schema)
    if value is None or parameter.secret or _is_looked_up(value):
        return None
    text = value if isinstance(value, str) else inline(value)
    return text if parameters.read_text(text, parameter.schema) == value else None


def _is_looked_up(value: Value) -> bool:
    if isinstance(value, dict):
        return "valueFrom" in value or any(map(_is_looked_up, value.values()))
    return isinstance(value, list) and any(map(_is_looked_up, value))
