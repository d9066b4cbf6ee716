"""The errors that a user can mend: what is wrong, where, what was near, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable


class PostrenderError(Exception):
    """A mistake that the user can mend; whatever else is raised is a bug of ours.

    `what` says what is wrong, in words that hold no value of a manifest (a Secret might be among
    them); `hint` what was near or what to do. The place is collected on the way out, outermost
    first: `error.within("patchset alb-nodeport")`.
    """

    def __init__(self, what: str, *, hint: str = "", place: Iterable[str] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.place = tuple(place)

    def within(self, *place: str) -> Self:
        """The same error, with `place` put before the places that it has."""
        self.place = (*place, *self.place)
        return self

    def __str__(self) -> str:
        where = ", ".join(self.place)
        message = f"{where}: {self.what}" if where else self.what
        return f"{message} ({self.hint})" if self.hint else message


class InputError(PostrenderError):
    """The manifests cannot be read."""


class FormatError(PostrenderError):
    """A patchset, overlay or values file is wrong; `place` holds `file:line`."""


class FormatErrors(FormatError):  # noqa: N818 - it is several
    """All that is wrong in one file or command line, in the order of its lines."""

    def __init__(self, errors: Iterable[FormatError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


class PatchError(PostrenderError):
    """A patch does not fit the resource that it is for."""


class MatchError(PatchError):
    """A patch is for nothing that is there."""


class CheckError(PatchError):
    """A patch made something that no API server would take."""


class OutputError(PostrenderError):
    """What was asked for cannot be written."""


def nearest(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Those of `known` that `name` may have been meant for, the likeliest first."""
    import difflib

    return difflib.get_close_matches(name, list(known), n=limit, cutoff=0.6)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown `name`: the nearest known ones, or all of them where they are few."""
    names = list(known)
    if near := nearest(name, names):
        return f"did you mean {' or '.join(near)}?"
    return f"there are {', '.join(sorted(names))}" if 0 < len(names) <= 12 else ""
