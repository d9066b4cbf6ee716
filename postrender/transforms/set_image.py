"""Sets image references by their parts: in every container of every kind that has a pod template.

    transform: set-image
    with: {from: bitnami/kubectl, registry: registry.example.org, tag: "1.30"}

`docker.io/bitnami/kubectl:latest` becomes `registry.example.org/bitnami/kubectl:1.30`.

- `from`: which images: a glob on registry and repository (`*` also goes over slashes). `nginx` is
  `docker.io/library/nginx`, `bitnami/*` is `docker.io/bitnami/*`, as for a container runtime; a first part
  with a dot, a colon or a `*` is a registry, and a lone `*` is every image.
- `registry`, `repository`, `tag`, `digest`: what these become, null takes tag or digest away. A new tag or
  digest takes the place of both the old ones. A registry may end in a path, as mirrors have it; what was
  meant by `nginx` is `library/nginx` there.
- `paths`: pointer patterns to what else holds images, in custom kinds: to an image reference, or to a
  mapping that has it as `image`.

With an `at` that finds a container or an image reference the patch is for just these. An image that is what
it would become is there already; a resource without any such image is none that the patch is for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from postrender import pointers, templates
from postrender.errors import PatchError
from postrender.parameters import Schema
from postrender.pointers import written_at
from postrender.transforms import Result, workloads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from postrender.kubeyaml import Value
    from postrender.pointers import Path
    from postrender.transforms import Context

_PART: Final = Schema(("string",))
_PART_OR_NONE: Final = Schema(("string", "null"))
OPTIONS: Final = {
    "from": Schema(("string",)),
    "registry": _PART,
    "repository": _PART,
    "tag": _PART_OR_NONE,
    "digest": _PART_OR_NONE,
    "paths": Schema(("array",), items=Schema(("string",), format="pointer")),
}
REQUIRED: Final = frozenset({"from"})

_CONTAINERS: Final = pointers.parse_at("containers")
_HUB: Final = "docker.io"
# The grammar of github.com/distribution/reference.
_PARTS: Final = {
    "registry": re.compile(r"[A-Za-z0-9.\[\]:-]+(/[a-z0-9._/-]+)?"),
    "repository": re.compile(r"[a-z0-9]+([._/-]+[a-z0-9]+)*"),
    "tag": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"),
    "digest": re.compile(r"[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,}"),
}


@dataclass(frozen=True, slots=True)
class Image:
    """An image reference in its parts, as they are written; empty where there is none."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Image:
        """The parts of a reference; what is no reference has parts that match nothing sensible."""
        name, _, digest = text.partition("@")
        head, slash, last = name.rpartition("/")
        last, _, tag = last.partition(":")
        first, between, rest = f"{head}{slash}{last}".partition("/")
        is_registry = between and (first == "localhost" or re.search("[.:*]", first))
        return cls(first, rest, tag, digest) if is_registry else cls("", first + between + rest, tag, digest)

    @property
    def normal(self) -> Image:
        """The reference as a container runtime takes it: with Docker Hub's name where none is."""
        registry = _HUB if self.registry in ("", "index.docker.io") else self.registry
        library = registry == _HUB and "/" not in self.repository
        return replace(self, registry=registry, repository=f"{'library/' * library}{self.repository}")

    def with_parts(self, parts: Mapping[str, str], *names: str) -> Image:
        """The reference with those of the parts that have these names."""
        return replace(self, **{name: part for name, part in parts.items() if name in names})

    @property
    def name(self) -> str:
        """Registry and repository."""
        return f"{self.registry}/{self.repository}" if self.registry else self.repository

    def __str__(self) -> str:
        return self.name + (self.tag and f":{self.tag}") + (self.digest and f"@{self.digest}")


def check(options: Mapping[str, Value]) -> None:
    """Raises PatchError for a part that no reference can have, a path that is no pointer, nothing to set."""
    workloads.check_pointers(options.get("paths"))
    for name, pattern in _PARTS.items():
        if isinstance(part := options.get(name), str) and not pattern.fullmatch(part):
            raise PatchError(f"{name} is none that an image reference can have")
    first, slash, _ = str(options.get("repository", "")).partition("/")
    if slash and re.search("[.:]", first):
        raise PatchError("repository begins with a registry", hint="that is the option `registry`")
    source = Image.parse(str(options.get("from", "")))
    if source.tag or source.digest:
        raise PatchError("from has a tag or digest", hint="it is a glob on registry and repository")


def roots(options: Mapping[str, Value]) -> frozenset[str] | None:
    """The root members with images."""
    return workloads.roots(options)


def apply(value: Value, options: Mapping[str, Value], context: Context) -> Value | Result:
    """The value with the images in it set."""
    if not {*_PARTS} & {*options}:
        raise PatchError("nothing to set", hint=f"give one of {', '.join(_PARTS)}")
    change = _Change.of(options)
    found, new = False, value
    for place in _images(value, context.place, workloads.texts(options, "paths")):
        image = Image.parse(written_at(pointers.get(value, place), ()) or "")
        if (changed := change.made(image)) is not None:
            found = True
            if changed != image:
                new = pointers.put(new, place, str(changed))
    return new if found else Result(value, missed=f"no image like {options['from']}")


def _images(value: Value, place: Path, patterns: list[str]) -> Iterator[Path]:
    """Where image references are, in a resource or in what an `at` found of one."""
    if place:
        starts: list[Path] = [()]
    else:
        starts = _CONTAINERS.places(value)
        starts += [found for pattern in patterns for found in pointers.parse(pattern).places(value)]
    for start in dict.fromkeys(starts):
        there = pointers.get(value, start)
        if isinstance(there, str):
            yield start
        elif isinstance(there, dict) and isinstance(there.get("image"), str):
            yield (*start, "image")


@dataclass(frozen=True, slots=True)
class _Change:
    """Which names are meant, what these are afterwards, and the parts to be set."""

    wanted: re.Pattern[str]
    done: re.Pattern[str]
    parts: Mapping[str, str]

    @classmethod
    def of(cls, options: Mapping[str, Value]) -> _Change:
        """The change that the options ask for."""
        parts = {name: str(options[name] or "") for name in _PARTS if name in options}
        if parts.get("tag"):
            parts.setdefault("digest", "")
        elif parts.get("digest"):
            parts.setdefault("tag", "")
        text = str(options["from"])
        source = Image("", text) if text == "*" else Image.parse(text).normal
        names = {name: part for name, part in parts.items() if name in ("registry", "repository")}
        return cls(_like(source), _like(replace(source, **names)), parts)

    def made(self, image: Image) -> Image | None:
        """What becomes of an image; None for one that is not meant."""
        name = image.normal.name
        is_wanted = self.wanted.fullmatch(name) is not None
        if self.done.fullmatch(name):  # its name is set: a mirror's path must not come twice
            changed = image.with_parts(self.parts, "tag", "digest")
            return changed if is_wanted or changed == image else None
        if not is_wanted:
            return None
        if "registry" in self.parts and not image.registry:
            image = image.normal
        return image.with_parts(self.parts, *_PARTS)


def _like(image: Image) -> re.Pattern[str]:
    return re.compile(templates.in_regex(image.name, "glob"))
