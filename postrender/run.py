"""One run of a plan over a release: what each use does, and what has to match."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, NamedTuple, cast

from postrender import checks, documents, patching, pointers, targets, templates
from postrender.conditions import Guard
from postrender.edits import ABSENT, Edit
from postrender.errors import CheckError, MatchError, PatchError, PostrenderError
from postrender.fields import is_utf8, noun, read_bytes, read_text
from postrender.kubeyaml import equal
from postrender.parameters import Values
from postrender.patches import REMOVED
from postrender.patchset import ResourceTemplate, TargetTemplate
from postrender.release import document_of
from postrender.templates import UNSET

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from postrender.documents import Document, Identity
    from postrender.kubeyaml import Value
    from postrender.parameters import Given
    from postrender.patching import Patch
    from postrender.patchset import PatchTemplate, Use
    from postrender.pointers import At
    from postrender.pointers import Path as Place
    from postrender.release import Release, Resource
    from postrender.sources import ValueFrom
    from postrender.transforms import Result
    from postrender.uses import Plan


class Note(NamedTuple):
    """Something that is no error, and that nobody should have to find out alone."""

    text: str


class _NotSentError(MatchError):
    """What a value is looked up in is not there, in a stream that need not have it."""


class _Tally:
    """How many patches of a use found something, and the errors of those that did not."""

    def __init__(self) -> None:
        self.matched = 0
        self.patches = 0
        self.missed: list[MatchError] = []


class Run:
    """What a plan does to a release, use by use; `edits`, `secrets` and `notes` tell of it afterwards."""

    def __init__(self, release: Release, plan: Plan, namespace: str | None) -> None:
        self.release = release
        self.plan = plan
        self.namespace = namespace
        self.edits: list[Edit] = []
        self.edited: list[Resource] = []
        self.secrets: set[str] = set()
        self.secret_places: set[tuple[Identity, Place]] = set()
        self._notes: list[str] = []

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is worth knowing, each said once."""
        return tuple(Note(text) for text in dict.fromkeys(self._notes))

    def note(self, text: str) -> None:
        """Keeps a note."""
        self._notes.append(text)

    # --- a use -------------------------------------------------------------------------------------------

    def use(self, use: Use) -> None:
        """Runs one use: the patchsets that it names, then its resources, then its patches."""
        for missed in self._run(use, None).missed:
            raise missed

    def _run(self, use: Use, above: Values | None) -> _Tally:
        before = self.release.snapshot() if use.optional else None
        done = len(self.edits), len(self._notes)
        tally = _Tally()
        try:
            self._use(use, above, tally)
        except _NotSentError as error:
            self.note(str(error.within(f"patchset {use.label}")))
            return tally
        except MatchError as error:
            # What a value is looked up in is not there either.
            if not use.optional or tally.matched:
                raise error.within(f"patchset {use.label}") from None
            tally.missed.append(error)
        except PostrenderError as error:
            raise error.within(f"patchset {use.label}") from None
        if before is not None and not tally.matched and (tally.patches or tally.missed):
            before.restore()
            del self.edits[done[0] :], self.edited[done[0] :], self._notes[done[1] :]
            self.note(f"patchset {use.label}, which is optional, matches nothing here")
            return _Tally()
        for missed in tally.missed:
            missed.within(f"patchset {use.label}")
        return tally

    def _use(self, use: Use, above: Values | None, tally: _Tally) -> None:
        patchset = use.patchset
        given = {name: self._scoped(value, above) for name, value in self.plan.given_to(use).items()}
        values = Values(patchset.parameters, given, self._look_up)
        try:
            for parameter in patchset.parameters:
                if parameter.required or parameter.name in given:
                    values.get(parameter.name)
            for refusal in patchset.refusals:
                if refusal.guard.holds(values):
                    raise PatchError(refusal.message)
            inner = [self._run(use, values) for use in patchset.uses if use.guard.holds(values)]
            tally.matched = sum(each.matched for each in inner)
            tally.patches = sum(each.patches for each in inner)
            for added in patchset.resources:
                if added.guard.holds(values):
                    self._add(added, values, use.label)
            for template in patchset.patches:
                if template.guard.holds(values):
                    self._patch(template, values, use.label, tally)
        finally:
            self.secrets |= values.secrets
        if patchset.require_any and tally.missed:
            what = "; ".join(error.what for error in tally.missed)
            none = MatchError(f"none of its patches matches: {what}", hint=tally.missed[0].hint)
            tally.missed = [] if tally.matched else [none]
        tally.missed[:0] = [missed for each in inner for missed in each.missed]

    def _scoped(self, given: Given, above: Values | None) -> Given:
        return given._replace(scope=above) if given.scope is None else given

    # --- looking up --------------------------------------------------------------------------------------

    def _look_up(self, source: ValueFrom, values: Values) -> tuple[Value, bool]:
        """The value that a `valueFrom` finds, and whether nobody may see it."""
        if source.env:
            name = templates.fill_text(source.env, values)
            if name not in os.environ:
                raise PatchError(f"the environment has no {name!r}")
            if not is_utf8(os.environ[name]):
                raise PatchError(f"{name!r} in the environment is not valid UTF-8")
            return os.environ[name], True
        if source.file:
            path = source.path(templates.fill_text(source.file, values))
            if path is None:
                raise PatchError("a file outside the patchset's folder")
            return base64.b64encode(read_bytes(path)).decode() if source.base64 else read_text(path), False
        return self._value_of_resource(source, values)

    def _value_of_resource(self, source: ValueFrom, values: Values) -> tuple[Value, bool]:
        wanted = dict(source.resource or {})
        pattern = pointers.parse(templates.fill_pointer(wanted.pop("path"), values))
        target = patching.target_of(TargetTemplate(wanted, {}, {}), values)
        roots = None if pattern.root is None or target.roots is None else target.roots | {pattern.root}
        found = self._matching(target, roots)
        if len(found) != 1:
            kind = _NotSentError if not found and self._nothing_to_match(target) else MatchError
            raise kind(
                f"{len(found) or 'no'} {target}, where a value is to come from one",
                hint=f"there are {_names(found)}" if found else self._nearest(target),
            )
        places = pattern.places(found[0].data)
        if len(places) != 1:
            what, hint = pattern.gap(found[0].data) if not places else (f"{len(places)} places", "")
            raise MatchError(what, hint=hint, place=(str(found[0].identity),))
        value = pointers.get(found[0].data, places[0])
        if value is None or isinstance(value, dict | list):
            raise MatchError(
                f"{pattern.text} is {noun(value)}, not a scalar", place=(str(found[0].identity),)
            )
        return value, found[0].identity.kind == "Secret"

    # --- added resources ---------------------------------------------------------------------------------

    def _add(self, added: ResourceTemplate, values: Values, label: str) -> None:
        if not self.release.count or self._only_hooks():
            self.note(
                f"patchset {label}, {added.name}: not added, for the stream has no resources of its own"
            )
            return
        try:
            if added.file is not None:
                text = read_text(added.file)
                found = list(documents.split(text.encode()).documents)
            else:
                body = templates.fill(added.body, values)
                if body is UNSET:
                    return
                found = [document_of(cast("dict[str, Value]", body), f"postrender/{label}")]
            for document in found:
                self._add_document(document, added, label)
        except PostrenderError as error:
            raise error.within(f"{added.name} ({added.place})") from None

    def _add_document(self, document: Document, added: ResourceTemplate, label: str) -> None:
        if not document.text.startswith("---"):
            document = document._replace(text=f"---\n{document.text}")
        if not document.text.endswith("\n"):
            document = document._replace(text=f"{document.text}\n")
        resource = self.release.parse(document)
        if resource is None:
            return
        resource.unit.read(None)
        identity = resource.identity
        if missing := _missing(resource):
            raise PatchError(f"a resource without {missing}")
        there = next((each for each in self.release.resources if self._same(each.identity, identity)), None)
        if there is None:
            self.release.add(resource.unit)
            self._edited(resource, ABSENT, resource.data, label, added.name)
        elif added.on_conflict == "error":
            raise PatchError(
                f"{identity} is there already",
                hint="`onConflict: replace`, `merge` or `skip` where it is added would say what to do then",
            )
        elif added.on_conflict == "skip":
            self.note(f"patchset {label}, {added.name}: {identity} is there already, and stays as it is")
        else:
            self._conflict(there, resource.data, added, label)

    def _conflict(self, there: Resource, data: dict[str, Value], added: ResourceTemplate, label: str) -> None:
        there.unit.read(None)
        before = there.data
        new: Value = data
        if added.on_conflict == "merge":
            from postrender.patches import strategic
            from postrender.patches.merge_keys import schema_of

            who = there.identity
            new = cast("Value", strategic.merge(before, data, schema_of(who.group, who.version, who.kind)))
        self._keep(there, new, label, added.name)

    def _same(self, one: Identity, other: Identity) -> bool:
        """Whether two resources would be one in a cluster: their versions may differ."""

        def key(identity: Identity) -> tuple[str, str, str, str]:
            return identity.group, identity.kind, identity.namespace or self.namespace or "", identity.name

        return bool(one.name) and key(one) == key(other)

    # --- patches -----------------------------------------------------------------------------------------

    def _patch(self, template: PatchTemplate, values: Values, label: str, tally: _Tally) -> None:
        where = f"patch {template.name} ({template.place})"
        try:
            patch = patching.bind(template, values, self.edits, self._all, self.namespace or "")
            if patch is None:
                return
            tally.patches += 1
            matched, refusals = self._apply(patch, label)
        except PostrenderError as error:
            raise error.within(where) from None
        if matched:
            tally.matched += 1
            return
        missed = self._missed(patch, refusals).within(where)
        if patch.optional:
            return
        if self._nothing_to_match(patch.target):
            self.note(f"patchset {label}, {missed}")
        else:
            tally.missed.append(missed)

    def _apply(self, patch: Patch, label: str) -> tuple[int, dict[str, list[Resource]]]:
        """Applies a patch to all that it is for: how many those were, and why others were none."""
        matched, hooks = 0, 0
        refusals: dict[str, list[Resource]] = {}
        idle = set(range(len(patch.operations)))
        roots = (
            None if patch.roots is None or patch.target.roots is None else patch.roots | patch.target.roots
        )
        for resource in list(self._matching(patch.target, roots)):
            places = [] if resource.removed else patch.places(resource.data)
            if not places:
                continue
            is_hook = _is_hook(resource)
            try:
                outcome = patch.apply(resource.data, resource.identity, places)
            except PostrenderError as error:
                raise error.within(f"on {resource.identity}") from None
            if outcome.missed:
                refusals.setdefault(outcome.missed, []).append(resource)
                continue
            matched += 1
            hooks += is_hook
            idle &= outcome.idle
            identity = resource.identity
            self._keep(resource, outcome.data, label, patch.name)
            for result in outcome.results:
                self._keep_result(result, identity, patch, label)
        if matched and hooks == matched and patch.target.hooks == "include":
            self.note(f"patchset {label}, patch {patch.name}: only hooks match, which Helm 3 does not send")
        for number in sorted(idle) if matched else ():
            self.note(
                f"patchset {label}, patch {patch.name}: operation {number + 1} ({patch.operations[number]}) "
                "finds nothing to do anywhere"
            )
        return matched, refusals

    def _keep_result(self, result: Result, identity: Identity, patch: Patch, label: str) -> None:
        """Keeps what a transform did besides changing the resource that it was for."""
        self.secret_places |= {(identity, place) for place in result.secret}
        for text in result.notes:
            self.note(f"patchset {label}, patch {patch.name}, on {identity}: {text}")
        for before, after in result.changed:
            other = next(each for each in self.release.resources if each.data is before)
            self._keep(other, after, label, patch.name)
        for data in result.added:
            entry = ResourceTemplate(patch.name, patch.place, Guard(), "error")
            self._add_document(document_of(data, f"postrender/{label}"), entry, label)

    def _keep(self, resource: Resource, data: object, label: str, patch: str) -> None:
        before = resource.data
        if isinstance(data, dict):
            data = resource.with_read(data)
        if data is REMOVED:
            resource.removed = True
            self._edited(resource, before, ABSENT, label, patch)
        elif not isinstance(data, dict):
            raise PatchError(
                "the patch leaves no mapping of the resource", place=(f"on {resource.identity}",)
            )
        elif data is not before and not equal(before, data):
            identity = resource.identity
            resource.put(data)
            self._edited(resource, before, data, label, patch, identity)

    def _edited(
        self,
        resource: Resource,
        before: object,
        after: object,
        label: str,
        patch: str,
        was: Identity | None = None,
    ) -> None:
        hook = _is_hook(resource)
        self.edits.append(
            Edit(was or resource.identity, cast("Value", before), cast("Value", after), label, patch, hook)
        )
        self.edited.append(resource)

    # --- matching ----------------------------------------------------------------------------------------

    def _matching(self, target: targets.Target, roots: frozenset[str] | None) -> list[Resource]:
        found = []
        for resource in self.release.resources:
            if target.names(resource.identity, self.namespace):
                resource.unit.read(roots)
                if target.holds(resource.data):
                    found.append(resource)
        return found

    def _all(self, *kinds: str) -> Iterator[tuple[Identity, dict[str, Value]]]:
        for resource in self.release.resources:
            if not kinds or resource.identity.kind in kinds:
                resource.unit.read(None)
                yield resource.identity, resource.data

    def _nearest(self, target: targets.Target) -> str:
        identities = [resource.identity for resource in self.release.resources]
        return targets.nearest(target, identities, self.namespace)

    def _missed(self, patch: Patch, refusals: Mapping[str, list[Resource]]) -> MatchError:
        """Why a patch found nothing, and what was near; `refusals` is what a transform says of that."""
        if refusals:
            return MatchError("; ".join(f"{text} in {_names(each)}" for text, each in refusals.items()))
        named = [each for each in self.release.resources if patch.target.names(each.identity, self.namespace)]
        if not named:
            return MatchError(f"no {patch.target}", hint=self._nearest(patch.target))
        holding = [each for each in named if patch.target.holds(each.data)]
        if not holding:
            return MatchError(
                f"no {patch.target} is as the target asks for", hint=f"by name there are {_names(named)}"
            )
        at = patch.at.text if patch.at else ""
        what, hint = _gap(patch.at, holding[0].data) if patch.at else ("", "")
        return MatchError(
            f"{_names(holding)} {'have' if len(holding) > 1 else 'has'} no place {at}",
            hint="; ".join(filter(None, (what, hint))),
        )

    def _nothing_to_match(self, target: targets.Target) -> bool:
        """Whether a stream like this need not have what the target asks for."""
        kind = target.kind
        secret = kind is not None and kind.fullmatch("Secret") is not None
        hidden = secret and self.release.hides_secrets
        return hidden or not self.release.count or self._only_hooks()

    def _only_hooks(self) -> bool:
        """Whether all that came are hooks: Helm 4's libraries can send these by themselves."""
        for unit in self.release.units:
            if unit.added:
                continue
            if unit.resources and "helm.sh/hook" not in unit.document.text:
                return False
            unit.read(frozenset({"metadata"}))
            if not all(targets.is_hook(resource.base) for resource in unit.resources):
                return False
        return self.release.count > 0

    # --- what no API server would take -------------------------------------------------------------------

    def check(self) -> None:
        """Refuses what patches broke; notes what was broken before. Raises CheckError."""
        for resource in dict.fromkeys(self.edited):
            found = () if resource.removed else checks.faults(resource.identity, resource.data)
            if not found:
                continue
            base = None if resource.unit.added else resource.base
            if new := checks.new_faults(resource.identity, base, resource.data):
                raise self._blame(resource, new[0])
            for fault in sorted(found, key=lambda fault: fault.pointer):
                self.note(f"{resource.identity}: {fault.text} at {fault.pointer}, as the chart has it")
        for unit in self.release.units:
            if names := sorted(set(unit.duplicates)):
                self.note(
                    f"{unit.document.place}: {', '.join(names)} stands twice in one mapping; the last counts"
                )
            if unit.is_odd:
                self.note(f"{unit.document.place}: neither a resource nor empty; it stays as it is")
            if unit.has_tail:
                self.note(f"{unit.document.place}: what follows its `...` is no document to Kubernetes")

    def _blame(self, resource: Resource, fault: checks.Fault) -> CheckError:
        """The error for a fault, which names the patch that made it."""
        edits = [edit for edit, each in zip(self.edits, self.edited, strict=True) if each is resource]
        guilty = next(edit for edit in reversed(edits) if not _has(edit, fault))
        return CheckError(
            f"{fault.text} at {fault.pointer}",
            hint=fault.consequence,
            place=(f"patchset {guilty.patchset}", f"patch {guilty.patch}", f"on {guilty.resource}"),
        )


def _is_hook(resource: Resource) -> bool:
    """Whether Helm takes a resource for a hook; most are none, and one need not read them to know it."""
    if targets.HOOK in resource.unit.document.text:
        resource.unit.read(frozenset({"metadata"}))
    return targets.is_hook(resource.data)


def _has(edit: Edit, fault: checks.Fault) -> bool:
    """Whether a resource had a fault before this edit, wherever it stood then."""
    if edit.before is ABSENT:
        return False
    return any(fault.text == other.text for other in checks.faults(edit.resource, edit.before))


def _missing(resource: Resource) -> str:
    """What a resource lacks to be one, empty where it lacks nothing."""
    metadata = resource.data.get("metadata")
    names = metadata if isinstance(metadata, dict) else {}
    there = {
        "apiVersion": resource.identity.version,
        "kind": resource.identity.kind,
        "metadata.name": resource.identity.name or names.get("generateName"),
    }
    return next((field for field, value in there.items() if not value), "")


def _gap(at: At, data: Value) -> tuple[str, str]:
    """What is missing in a resource without such a place, and what is near it: both in words."""
    if not at.word:
        return at.pattern.gap(data)
    starts = [pointers.get(data, place) for place in pointers.parse_at(at.word).places(data)]
    if at.word == "podTemplate":
        return at.pattern.gap(starts[0]) if starts else ("", "")
    names = [name for start in starts if (name := pointers.written_at(start, ("name",)))]
    return "", f"there are the containers {', '.join(names)}" if names else ""


def _names(resources: list[Resource]) -> str:
    names = ", ".join(str(each.identity) for each in resources[:5])
    return f"{names}, …" if len(resources) > 5 else names
