"""What is to be run: uses of patchsets in order, and the values that each is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from postrender import library, parameters
from postrender.conditions import Guard
from postrender.errors import FormatError, FormatErrors, did_you_mean
from postrender.fields import File, is_utf8, members, noun, read_text, shown, target_of
from postrender.kubeyaml import Mapping, Node
from postrender.parameters import Given, Parameter
from postrender.patchset import Use
from postrender.sources import Origin, ValueFrom

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from postrender.kubeyaml import Value


class Plan(NamedTuple):
    """The uses that somebody chose, in order, and what they were given besides what their files say.

    `given` holds, by the id of a use, the values for that use.
    """

    uses: tuple[Use, ...]
    given: dict[int, dict[str, Given]]

    def given_to(self, use: Use) -> dict[str, Given]:
        """All that a use is given: its `with`, then values files, then `--set`."""
        return {**use.given, **self.given.get(id(use), {})}


def plan(
    *,
    patchsets: Sequence[str] = (),
    overlays: Sequence[str] = (),
    values: Sequence[Path] = (),
    sets: Sequence[str] = (),
    set_files: Sequence[str] = (),
) -> Plan:
    """Reads what is named, overlays first, and everything they are given.

    `values` are files that map parameters to values, a use's label to values for that use; `sets` and
    `set_files` are `[label.]parameter=text` and `[label.]parameter=path`. Raises FormatErrors.
    """
    errors: list[FormatError] = []
    uses = []
    for kind, names in (("Overlay", overlays), ("Patchset", patchsets)):
        for name in names:
            try:
                patchset = library.load(library.find(name, kind))
            except FormatErrors as error:
                errors += error.errors
            except FormatError as error:
                errors.append(error)
            else:
                uses.append(Use(patchset.name, "", Guard(), False, patchset, {}))
    if errors:
        raise FormatErrors(errors)
    giving = _Giving(tuple(uses))
    for path in values:
        giving.file(path)
    for text in sets:
        giving.text(text, "--set")
    for text in set_files:
        giving.text(text, "--set-file")
    giving.check_required()
    if giving.errors:
        raise FormatErrors(giving.errors)
    return Plan(giving.uses, giving.given)


def all_uses(uses: tuple[Use, ...]) -> Iterator[Use]:
    """The uses and those that they have inside, in the order in which they run."""
    for use in uses:
        yield from all_uses(use.patchset.uses)
        yield use


class _Giving:
    """Hands values to the uses that they are for."""

    def __init__(self, uses: tuple[Use, ...]) -> None:
        self.uses = uses
        self.errors: list[FormatError] = []
        self.given: dict[int, dict[str, Given]] = {}
        self.labels: dict[str, list[Use]] = {}
        self.said: set[tuple[int, str]] = set()
        for use in all_uses(uses):
            self.labels.setdefault(use.label, []).append(use)

    def wrong(self, what: str, place: str, hint: str = "") -> None:
        self.errors.append(FormatError(what, hint=hint, place=(place,) if place else ()))

    def give(self, use: Use, name: str, given: Given) -> None:
        self.given.setdefault(id(use), {})[name] = given

    def labelled(self, label: str, place: str) -> Use | None:
        found = self.labels.get(label, [])
        if len(found) > 1:
            self.wrong(
                f"the label {label!r} stands twice", place, "give the uses names of their own with `as`"
            )
        return found[0] if len(found) == 1 else None

    def declaring(self, name: str, place: str) -> tuple[Use, Parameter] | None:
        """The one use, of those that were chosen, that has a parameter of this name."""
        found = [(use, parameter) for use in self.uses if (parameter := use.patchset.parameter(name))]
        if len(found) == 1:
            return found[0]
        if found:
            labels = " or ".join(f"{use.label}.{name}" for use, _ in found)
            self.wrong(f"more than one patchset has a parameter {name!r}", place, f"say {labels}")
        else:
            known = [parameter.name for use in self.uses for parameter in use.patchset.parameters]
            self.wrong(f"there is no parameter {name!r}", place, did_you_mean(name, {*known, *self.labels}))
        return None

    # --- values files ------------------------------------------------------------------------------------

    def file(self, path: Path) -> None:
        try:
            file = File(path)
        except FormatError as error:
            self.errors.append(error)
            return
        self.errors += file.errors
        root = target_of(file.root) if file.root is not None else None
        if root is not None and root.data is not None and not isinstance(root, Mapping):
            self.wrong(
                f"a values file is {noun(root.data)}, not a mapping of parameters to values", shown(path)
            )
            return
        for name, node in members(root).items() if isinstance(root, Mapping) else ():
            place = file.place(node)
            is_parameter = any(use.patchset.parameter(name) for use in self.uses)
            if name in self.labels and is_parameter:
                self.wrong(f"{name!r} is both a parameter and the label of a use", place)
            elif name in self.labels:
                self.section(file, name, node)
            elif found := self.declaring(name, place):
                self.node(file, found[0], name, node)

    def section(self, file: File, label: str, node: Node) -> None:
        """The parameters of one use; a section that is left empty gives none."""
        inner = target_of(node)
        use = self.labelled(label, file.place(node))
        if not isinstance(inner, Mapping) and inner.data is not None:
            what = f"{label!r} is {noun(inner.data)}, not a mapping of the parameters of that use"
            self.wrong(what, file.place(node))
        elif use and isinstance(inner, Mapping):
            for name, value in members(inner).items():
                self.node(file, use, name, value)

    def node(self, file: File, use: Use, name: str, node: Node) -> None:
        parameter = use.patchset.parameter(name)
        place = file.place(node)
        if parameter is None:
            self.unknown(use, name, place)
            return
        before = len(file.errors)
        template = parameters.read_value(file, node, parameter.schema, Origin(file.path.parent, trusted=True))
        self.errors += file.errors[before:]
        self.fixed(use, parameter, template, place)

    def unknown(self, use: Use, name: str, place: str) -> None:
        known = [parameter.name for parameter in use.patchset.parameters]
        self.wrong(f"{use.label} has no parameter {name!r}", place, did_you_mean(name, known))

    def fixed(self, use: Use, parameter: Parameter, value: Value, place: str, hint: str = "") -> None:
        """Gives a value that stands in no patchset: `${` in it is literal."""
        if not _looked_up(value) and (problem := parameter.schema.problem(value)):
            self.wrong(f"the parameter {parameter.name!r} {problem}", place, hint)
        self.give(use, parameter.name, Given(_escaped(value), None, place))

    # --- the command line --------------------------------------------------------------------------------

    def text(self, text: str, option: str) -> None:
        name, equals, value = text.partition("=")
        place = f"{option} {name}"
        if not equals or not name:
            self.wrong("no `=`", place, f"write {option} parameter=value")
            return
        if not is_utf8(text):
            self.wrong("a value that is not valid UTF-8", option)
            return
        label, dot, inner = name.partition(".")
        found: tuple[Use, Parameter] | None
        if dot:
            use = self.labelled(label, place)
            if use is None:
                if label not in self.labels:
                    self.wrong(f"no use has the label {label!r}", place, did_you_mean(label, self.labels))
                return
            parameter = use.patchset.parameter(inner)
            if parameter is None:
                self.unknown(use, inner, place)
                return
            found = (use, parameter)
        else:
            found = self.declaring(name, place)
        if found is None:
            return
        use, parameter = found
        if (id(use), parameter.name) in self.said:
            self.wrong("given twice on the command line", place)
            return
        self.said.add((id(use), parameter.name))
        try:
            if option == "--set-file":
                value = read_text(Path(value))
            hint = _IN_YAML if {"array", "object"} & {*parameter.schema.types} else ""
            self.fixed(use, parameter, parameters.read_text(value, parameter.schema), place, hint)
        except FormatError as error:
            self.errors.append(error.within(place))

    def check_required(self) -> None:
        for use in _certain(self.uses):
            given = {**use.given, **self.given.get(id(use), {})}
            if use.optional and not given:
                continue
            for parameter in use.patchset.parameters:
                if parameter.required and parameter.name not in given:
                    about = f": {parameter.description}" if parameter.description else ""
                    self.wrong(
                        f"{use.label} needs the parameter {parameter.name!r}{about}",
                        use.place,
                        f"say --set {use.label}.{parameter.name}=…",
                    )


_IN_YAML: Final = "lists and mappings are written in YAML: '[a, b]', '{a: b}'"


def _certain(uses: tuple[Use, ...]) -> Iterator[Use]:
    """The uses that run whatever the parameters are."""
    for use in uses:
        if use.guard == Guard():
            yield from _certain(use.patchset.uses)
            yield use


def _looked_up(value: object) -> bool:
    match value:
        case dict():
            return any(map(_looked_up, value.values()))
        case list():
            return any(map(_looked_up, value))
    return isinstance(value, ValueFrom)


def _escaped(value: Value) -> Value:
    """A value as a template that says just it."""
    match value:
        case str():
            return value.replace("${", "$${")
        case dict():
            return {key.replace("${", "$${"): _escaped(item) for key, item in value.items()}
        case list():
            return [_escaped(item) for item in value]
        case ValueFrom():
            resource = {key: text.replace("${", "$${") for key, text in (value.resource or {}).items()}
            env, file = (text.replace("${", "$${") for text in (value.env, value.file))
            return cast("Value", value._replace(env=env, file=file, resource=resource))
    return value
