"""The flow: bytes to documents, each use of a patchset in turn, documents to bytes."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from postrender import documents
from postrender.errors import OutputError, PostrenderError
from postrender.release import Release
from postrender.run import Note, Run

if TYPE_CHECKING:
    from postrender.changes import Change
    from postrender.documents import Identity
    from postrender.edits import Edit
    from postrender.pointers import Path
    from postrender.uses import Plan

NOTHING = b"# postrender: there is nothing here to patch\n"
"""What goes out where nothing came in: Helm 4 refuses an empty answer."""


@dataclass(frozen=True)
class Rendered:
    """What became of a stream: the patched bytes, and what was done to get there."""

    output: bytes
    notes: tuple[Note, ...]
    resources: int
    edits: tuple[Edit, ...] = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    secret_places: frozenset[tuple[Identity, Path]] = field(repr=False)
    digest_key: bytes | None = field(repr=False)

    @functools.cached_property
    def changes(self) -> tuple[Change, ...]:
        """Every change, worked out when it is first asked for."""
        import secrets

        from postrender.changes import Secrets, changes

        key = self.digest_key or secrets.token_bytes(32)
        return changes(self.edits, Secrets(key, self.secrets, self.secret_places))


def render(
    manifests: bytes, plan: Plan, *, namespace: str | None = None, digest_key: bytes | None = None
) -> Rendered:
    """The manifests with all that is planned done to them, or an error and nothing.

    `namespace` is the release's, where it is known; `digest_key` makes digests of secrets comparable between
    runs (default: a new key). Raises PostrenderError.
    """
    release = Release(documents.split(manifests))
    run = Run(release, plan, namespace)
    try:
        for use in plan.uses:
            run.use(use)
        run.check()
    except PostrenderError as error:
        raise _without_secrets(error, run.secrets) from None
    output = release.write()
    if not release.count:
        output = output if output.strip() else NOTHING
    elif not any(True for _ in release.resources):
        raise OutputError(
            "the patches leave no resource at all", hint="Helm would delete everything that the release has"
        )
    return Rendered(
        output,
        tuple(Note(_hidden(note.text, run.secrets)) for note in run.notes),
        release.count,
        tuple(run.edits),
        frozenset(run.secrets),
        frozenset(run.secret_places),
        digest_key,
    )


def _without_secrets(error: PostrenderError, secrets: set[str]) -> PostrenderError:
    """The error with every secret in it hidden: one may have become a name that the error speaks of."""
    error.what = _hidden(error.what, secrets)
    error.hint = _hidden(error.hint, secrets)
    error.place = tuple(_hidden(place, secrets) for place in error.place)
    return error


def _hidden(text: str, secrets: set[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        # A short one would be found inside words that have nothing to do with it.
        edge = "" if len(secret) > 3 else r"\b"
        text = re.sub(f"{edge}{re.escape(secret)}{edge}", "(a secret)", text)
    return text
