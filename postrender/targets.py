"""Which resources a patch is for."""

from __future__ import annotations

import difflib
import re
import warnings
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from postrender.errors import PatchError
from postrender.pointers import Pattern, get, written_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postrender.documents import Identity
    from postrender.kubeyaml import Value

Conditions: TypeAlias = tuple[tuple[Pattern, re.Pattern[str]], ...]
"""Places, and what the scalar there is to be like."""

HOOK: Final = "helm.sh/hook"
HOOKS: Final = ("include", "exclude", "only")
NEAR: Final = 5
"""How many resources or kinds a hint names."""


def regex(text: str) -> re.Pattern[str]:
    """The regular expression that `text` writes; it is for `fullmatch`, as kustomize anchors its own.

    Raises PatchError, also for POSIX classes (`[[:alnum:]]`), which Go knows and Python reads otherwise.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        try:
            return re.compile(text)
        except FutureWarning:
            reason = r"[[:class:]] and nested sets are not known: write \w, a-z, …"
        except re.error as error:
            # The words of the reason; after them the message may quote the expression.
            words = re.match("[a-z (),]*", error.msg)
            reason = f"{words[0].strip() if words else ''}, at character {(error.pos or 0) + 1}"
        except (OverflowError, RecursionError):
            reason = "it is too large"
    raise PatchError("a bad regular expression", hint=reason)


class Target(NamedTuple):
    """Which resources a patch is for; a field that is None asks for nothing.

    The regular expressions are for the whole of a text, `""` being the core group. Of `where` every
    condition must hold and of `unless` none may; one does if one of its places is such a scalar.
    """

    group: re.Pattern[str] | None = None
    version: re.Pattern[str] | None = None
    kind: re.Pattern[str] | None = None
    name: re.Pattern[str] | None = None
    namespace: re.Pattern[str] | None = None
    labels: Selector | None = None
    annotations: Selector | None = None
    where: Conditions = ()
    unless: Conditions = ()
    hooks: str = "include"

    @property
    def roots(self) -> frozenset[str] | None:
        """The root members that `holds` reads; None where only the whole resource will do."""
        roots = {pattern.root for pattern, _ in (*self.where, *self.unless)}
        if self.labels or self.annotations or self.hooks != "include":
            roots.add("metadata")
        known = frozenset(root for root in roots if root is not None)
        return known if len(known) == len(roots) else None

    def names(self, identity: Identity, release_namespace: str | None) -> bool:
        """Whether a resource is asked for by its identity: a necessary condition that needs no data.

        A resource without a namespace is taken for one in `release_namespace`, where that is known.
        """
        return (
            _is(self.kind, identity.kind)
            and _is(self.name, identity.name)
            and _is(self.group, identity.group)
            and _is(self.version, identity.version)
            and _is(self.namespace, identity.namespace or release_namespace or "")
        )

    def holds(self, data: Value) -> bool:
        """Whether a resource is asked for by what it says; of `data` the members `roots` must be there."""
        return (
            (self.hooks == "include" or is_hook(data) == (self.hooks == "only"))
            and (self.labels is None or self.labels.holds(_metadata(data, "labels")))
            and (self.annotations is None or self.annotations.holds(_metadata(data, "annotations")))
            and all(_found(data, *condition) for condition in self.where)
            and not any(_found(data, *condition) for condition in self.unless)
        )

    def __str__(self) -> str:
        """The kind and name, in words for an error: "Service `xnat-web`"."""
        kind = self.kind.pattern if self.kind and self.kind.pattern != ".*" else "resource"
        named = self.name is not None and self.name.pattern != ".*"
        return f"{kind} `{_literal(self.name)}`" if named else kind


def is_hook(data: Value) -> bool:
    """Whether a resource is a hook of Helm's: one with the annotation, whatever it says."""
    return HOOK in _metadata(data, "annotations")


def _is(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is None or pattern.fullmatch(text) is not None


def _metadata(data: Value, member: str) -> dict[str, Value]:
    metadata = data.get("metadata") if isinstance(data, dict) else None
    found = metadata.get(member) if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def _found(data: Value, pattern: Pattern, scalar: re.Pattern[str]) -> bool:
    written = (written_at(get(data, path), ()) for path in pattern.places(data))
    return any(text is not None and scalar.fullmatch(text) for text in written)


# --- selectors -----------------------------------------------------------------------------------------


class _Requirement(NamedTuple):
    """One part of a selector: the value of `key` is among `values`; None: `key` is there. Or just not."""

    key: str
    values: frozenset[str] | None
    negated: bool

    def holds(self, members: dict[str, Value]) -> bool:
        written = written_at(members, (self.key,))
        return (written is not None and (self.values is None or written in self.values)) != self.negated


class Selector(NamedTuple):
    """A label selector; for annotations it is the same."""

    text: str
    requirements: tuple[_Requirement, ...]

    def holds(self, members: dict[str, Value]) -> bool:
        """Whether all that it requires is so; `!=` and `notin` hold where the key is not there."""
        return all(requirement.holds(members) for requirement in self.requirements)


_TOKEN: Final = re.compile(r"==|!=|[=!(),<>]|[^ \t\r\n=!(),<>]+")
_KEY: Final = re.compile(
    r"(?:(?=[^/]{1,253}/)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*/)?"
    r"(?=.{1,63}\Z)[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
)
_TEXT: Final = re.compile(r"(?=.{0,63}\Z)(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?")


def parse_selector(text: str) -> Selector:
    """The selector that `text` writes: `a=b`, `a==b`, `a!=b`, `a in (x,y)`, `a notin (x)`, `a`, `!a`, commas.

    Keys and values are checked as Kubernetes does (k8s.io/apimachinery, `labels.Parse`); its undocumented
    `>` and `<` are not known. Raises PatchError.
    """
    return Selector(text, tuple(_SelectorParser(text).run()))


class _SelectorParser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[str] = [*_TOKEN.findall(text), ""]
        self.next = 0

    def run(self) -> Iterable[_Requirement]:
        while self.peek:
            yield self.requirement()
            if not self.peek:
                return
            if self.take() != ",":
                raise self.error("a comma and one more requirement belong there")
            if not self.peek:
                raise self.error("it ends in a comma")

    @property
    def peek(self) -> str:
        """The next token, empty at the end."""
        return self.tokens[self.next]

    def take(self) -> str:
        self.next += 1
        return self.tokens[self.next - 1]

    def requirement(self) -> _Requirement:
        negated = self.peek == "!"
        if negated:
            self.take()
        key = self.take()
        if not _KEY.fullmatch(key):
            raise self.error(f"{key or 'nothing'} is no key")
        if negated or self.peek in ("", ","):
            return _Requirement(key, None, negated)
        operator = self.take()
        if operator in ("=", "==", "!="):
            return _Requirement(key, frozenset((self.value(),)), operator == "!=")
        if operator in ("in", "notin"):
            return _Requirement(key, self.values(), operator == "notin")
        raise self.error(f"{operator} is none of = == != in notin")

    def value(self) -> str:
        """A value, or the empty one where a comma, a bracket or the end comes at once."""
        value = "" if self.peek in ("", ",", ")") else self.take()
        if not _TEXT.fullmatch(value):
            raise self.error(
                f"{value} is no value of a label: a pointer and a regular expression in `where` take any"
            )
        return value

    def values(self) -> frozenset[str]:
        if self.take() != "(":
            raise self.error("values belong in brackets: a in (x,y)")
        if self.peek == ")":
            raise self.error("no values in the brackets")
        values = [self.value()]
        while self.peek == ",":
            self.take()
            values.append(self.value())
        if self.take() != ")":
            raise self.error("a closing bracket is missing")
        return frozenset(values)

    def error(self, hint: str) -> PatchError:
        return PatchError(f"a bad selector {self.text}", hint=hint)


# --- what was near -------------------------------------------------------------------------------------


def nearest(target: Target, identities: Sequence[Identity], release_namespace: str | None = None) -> str:
    """What is there instead of what `target` asks for, in words for a hint; "" where nothing is there."""
    if number := sum(target.names(identity, release_namespace) for identity in identities):
        return _not_as_asked(target, number)
    of_kind = [identity for identity in identities if _is(target.kind, identity.kind)]
    if not of_kind:
        return _listed((identity.kind for identity in identities if identity.kind), target.kind)
    named = [identity for identity in of_kind if _is(target.name, identity.name)]
    if not named:
        one_kind = len({identity.kind for identity in of_kind}) == 1
        return _listed((one.name if one_kind else f"{one.kind} {one.name}" for one in of_kind), target.name)
    return _elsewhere(target, named, release_namespace)


def _not_as_asked(target: Target, number: int) -> str:
    asked = {
        "labelSelector": target.labels is not None,
        "annotationSelector": target.annotations is not None,
        "where": bool(target.where),
        "unless": bool(target.unless),
        f"hooks: {target.hooks}": target.hooks != "include",
    }
    fields = " and ".join(f"`{name}`" for name, given in asked.items() if given)
    there = (
        f"there is {number} of that kind and name" if number == 1 else f"there are {number} by kind and name"
    )
    return f"{there}, but not as {fields} asks for"


def _listed(known: Iterable[str], wanted: re.Pattern[str] | None) -> str:
    names = sorted(set(known))
    near = sorted(names, key=lambda name: -_likeness(name, _alternatives(wanted)))[:NEAR]
    more = f", and {len(names) - NEAR} more" if len(names) > NEAR else ""
    return f"there {'is' if len(names) == 1 else 'are'} {', '.join(near)}{more}" if names else ""


def _literal(pattern: re.Pattern[str] | None) -> str:
    """A regular expression without the backslashes that make a literal text of it."""
    return re.sub(r"\\(\W)", r"\1", pattern.pattern) if pattern else ""


def _alternatives(pattern: re.Pattern[str] | None) -> list[str]:
    return [part for part in re.split(r"[|()]", _literal(pattern).lower()) if part]


def _likeness(name: str, wanted: Iterable[str]) -> float:
    return max((difflib.SequenceMatcher(None, name.lower(), text).ratio() for text in wanted), default=0.0)


def _elsewhere(target: Target, named: Iterable[Identity], release_namespace: str | None) -> str:
    """How resources of the right kind and name differ from what is asked for."""
    found: dict[str, None] = {}
    for identity in named:
        differs = []
        if not (_is(target.group, identity.group) and _is(target.version, identity.version)):
            version = f"{identity.group}/{identity.version}" if identity.group else identity.version
            differs.append(f"of {version}")
        namespace = identity.namespace or release_namespace or ""
        if not _is(target.namespace, namespace):
            differs.append(f"in namespace `{namespace}`" if namespace else "without a namespace")
        found[" ".join(differs)] = None
    return f"there is one {', one '.join(list(found)[:NEAR])}"
