"""What one patch left of one resource, kept while a run goes on; changes are worked out of it afterwards."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from postrender.documents import Identity
    from postrender.kubeyaml import Value


class Absent(enum.Enum):
    """What was there before something was added, and is there after it was removed."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = Absent.ABSENT


class Edit(NamedTuple):
    """What one patch left of one resource; `before` and `after` share all that it did not touch."""

    resource: Identity
    before: Value | Absent
    after: Value | Absent
    patchset: str
    patch: str
    hook: bool = False
