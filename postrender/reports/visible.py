"""Text from manifests made harmless to a terminal: control characters written out."""

from __future__ import annotations

import re

# C0, DEL and C1; what turns the direction of text; line and paragraph separators, byte order marks and
# zero-width characters; lone surrogates, which no file can hold.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffb]"
)


def visible(text: str) -> str:
    r"""`text` on one line, with `\x1b` and the like for every character that is none to look at."""
    return _INVISIBLE.sub(_escaped, text)


def visible_lines(text: str) -> str:
    """The same for text of several lines, which stay lines."""
    return "\n".join(visible(line) for line in text.split("\n"))


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
