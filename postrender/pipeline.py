"""The flow: bytes to documents, each use of a patchset in turn, documents to bytes."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from postrender import documents
from postrender.errors import OutputError, PostrenderError
from postrender.release import Release
from postrender.run import Note, Run

if TYPE_CHECKING:
    from postrender.changes import Change
    from postrender.uses import Plan

_LONG = 12
NOTHING = b"# postrender: there is nothing here to patch\n"
"""What goes out where nothing came in: Helm 4 refuses an empty answer."""


class Rendered:
    """What became of a stream: the patched bytes, how many resources came, and what is to be told."""

    def __init__(self, output: bytes, resources: int, run: Run, digest_key: bytes | None) -> None:
        self.output = output
        self.resources = resources
        self.notes = tuple(Note(_hidden(note.text, run.secrets)) for note in run.notes)
        self._run = run
        self._digest_key = digest_key

    @functools.cached_property
    def changes(self) -> tuple[Change, ...]:
        """Every change, worked out when it is first asked for."""
        import secrets

        from postrender.changes import Secrets, changes

        key = self._digest_key or secrets.token_bytes(32)
        run = self._run
        return changes(run.edits, Secrets(key, frozenset(run.secrets), frozenset(run.secret_places)))


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
    return Rendered(output, release.count, run, digest_key)


def _without_secrets(error: PostrenderError, secrets: set[str]) -> PostrenderError:
    """The error with every secret in it hidden: one may have become a name that the error speaks of."""
    error.what = _hidden(error.what, secrets)
    error.hint = _hidden(error.hint, secrets)
    error.place = tuple(_hidden(place, secrets) for place in error.place)
    return error


def _hidden(text: str, secrets: set[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        # A short one, a user's name or a number, is found inside names that have nothing to do with it.
        word = "[\\w.-]" if len(secret) < _LONG else "(?!)"
        text = re.sub(f"(?<!{word}){re.escape(secret)}(?!{word})", "(a secret)", text)
    return text
