"""The kinds of patch, one file each: JSON patch and strategic merge."""

from __future__ import annotations

import enum
from typing import Final


class Removed(enum.Enum):
    """What a patch leaves of a place that it removes."""

    REMOVED = enum.auto()


REMOVED: Final = Removed.REMOVED
