"""The same patches by kustomize and by us: what a case says, how both are run, and what came of it.

Run as a program it writes the table of differences into docs/kustomize.md.
"""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from postrender import documents, kubeyaml, pipeline, uses
from postrender.errors import PostrenderError
from postrender.patches.merge_keys import Schema, key_of, schema_of
from postrender.pointers import get, parse
from tests import tools

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from postrender.kubeyaml import Value

HERE = Path(__file__).parent
PAGE = tools.ROOT / "docs/kustomize.md"
MARK = "<!-- table -->\n"
REFUSED = "refused"

Resources: TypeAlias = list[Any]


@dataclass(frozen=True, slots=True)
class Case:
    """Manifests, and the part of a kustomization that patches them."""

    name: str
    manifests: str
    patches: tuple[Any, ...] = ()
    strategic: tuple[str, ...] = ()  # the old field patchesStrategicMerge
    json6902: tuple[Any, ...] = ()  # the old field patchesJson6902
    files: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


@functools.cache
def manifests() -> dict[str, str]:
    """The resources that cases name, as text."""
    found: dict[str, str] = yaml.safe_load((HERE / "manifests.yaml").read_text("utf-8"))
    return found


def read(file: str) -> list[tuple[Case, dict[str, Any]]]:
    """The cases in a file beside this one, each with what else the file says of it."""
    known = manifests()
    cases = []
    for entry in yaml.safe_load((HERE / file).read_text("utf-8")):
        texts = [known.get(name, name) for name in _listed(entry.pop("manifests"))]
        case = Case(
            name=entry.pop("name"),
            manifests="\n---\n".join(texts),
            patches=tuple(entry.pop("patches", ())),
            strategic=tuple(entry.pop("patchesStrategicMerge", ())),
            json6902=tuple(entry.pop("patchesJson6902", ())),
            files=entry.pop("files", {}),
        )
        cases.append((case, entry))
    return cases


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def by_kustomize(case: Case) -> Resources | str:
    """The resources that `kustomize build` prints, or REFUSED."""
    kustomization = {
        "resources": ["manifests.yaml"],
        "patches": [_with_text(patch) for patch in case.patches],
        "patchesStrategicMerge": list(case.strategic),
        "patchesJson6902": [_with_text(patch) for patch in case.json6902],
    }
    files = {
        "manifests.yaml": case.manifests,
        "kustomization.yaml": json.dumps(kustomization, ensure_ascii=False),
        **case.files,
    }
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), files)
        done = subprocess.run(
            [tools.path("kustomize"), "build", folder], capture_output=True, timeout=60, check=False
        )
    return REFUSED if done.returncode else resources(done.stdout)


def by_postrender(case: Case) -> Resources | str:
    """The resources that come out of `render`, or REFUSED with the reason after it."""
    patchset = {
        "apiVersion": "postrender/v1",
        "kind": "Patchset",
        "name": "case",
        "description": "The patches of a kustomization.",
        "patches": [
            *({"path": text} if text in case.files else {"patch": text} for text in case.strategic),
            *case.patches,
            *case.json6902,
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), {"patchset.yaml": json.dumps(patchset, ensure_ascii=False), **case.files})
        try:
            plan = uses.plan(patchsets=[folder])
            return resources(pipeline.render(case.manifests.encode(), plan).output)
        except PostrenderError as error:
            return f"{REFUSED}: {error}"


def _with_text(patch: Mapping[str, Any]) -> dict[str, Any]:
    """A patch as kustomize takes it: as text."""
    if isinstance(patch.get("patch"), dict | list):
        return {**patch, "patch": json.dumps(patch["patch"], ensure_ascii=False)}
    return dict(patch)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")


def resources(output: bytes) -> Resources:
    """The resources in a stream, those in a List too, in an order that says nothing."""
    found: Resources = []
    for document in documents.split(output).documents:
        loaded: Any = kubeyaml.load(document.text)
        if loaded:
            found += loaded["items"] if loaded["kind"] == "List" else [loaded]
    return sorted(found, key=_identity)


def _identity(resource: Any) -> str:
    metadata = resource["metadata"]
    return json.dumps([resource["kind"], metadata.get("namespace"), metadata.get("name")])


def look(outcome: Resources | str, pointers: Iterable[str]) -> dict[str, Value] | str:
    """What an outcome has at these places of its first resource; `resources` is how many there are."""
    if isinstance(outcome, str):
        return REFUSED
    return {text: len(outcome) if text == "resources" else _at(outcome[0], text) for text in pointers}


def _at(resource: Value, pointer: str) -> Value:
    places = parse(pointer).places(resource)
    return get(resource, places[0]) if places else "absent"


def settled(outcome: Resources | str) -> Resources | str:
    """An outcome without what is known to differ and counts for nothing.

    That is the order of the lists that Kubernetes merges, which has its cases among the differences, and why
    something is refused.
    """
    if isinstance(outcome, str):
        return REFUSED
    found = []
    for resource in outcome:
        group, _, version = resource["apiVersion"].rpartition("/")
        found.append(_settled(resource, schema_of(group, version, resource["kind"])))
    return found


def _settled(value: Value, schema: Schema) -> Value:
    if isinstance(value, dict):
        return {k: _settled(v, schema.member(k)) for k, v in value.items()}
    if isinstance(value, list):
        elements = [_settled(element, schema.element()) for element in value]
        if schema.merge is None:
            return elements
        keys = schema.merge
        return sorted(
            elements, key=lambda element: json.dumps([key_of(element, keys), element], sort_keys=True)
        )
    return value


def table() -> str:
    """The differences, as docs/kustomize.md has them."""
    peers = ("kustomize", "server", "postrender")
    rows = [
        ["What", "kustomize 5.8.2", "A real API server", "postrender"],
        ["---"] * 4,
        *([case.name, *(says[peer]["says"] for peer in peers)] for case, says in read("differences.yaml")),
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def bless() -> None:
    """Writes the table into the page, in place of the one that is there."""
    before, _, after = PAGE.read_text("utf-8").split(MARK)
    PAGE.write_text(MARK.join((before, table(), after)), "utf-8")


if __name__ == "__main__":
    bless()
