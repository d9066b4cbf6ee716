"""The ends of the pipe: bytes in, bytes and text out, and the terminal where there is one."""

from __future__ import annotations

import os
import sys
from typing import IO, TextIO

from postrender.errors import InputError, OutputError


def is_terminal(stream: TextIO | None) -> bool:
    """Whether `stream` is open and a terminal."""
    return stream is not None and stream.isatty()


def has_colour() -> bool:
    """Whether to colour what goes to stdout: a terminal, and https://no-color.org is heeded."""
    return is_terminal(sys.stdout) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int | None:
    """How many columns stdout has, where it is a terminal."""
    if not is_terminal(sys.stdout):
        return None
    import shutil

    return shutil.get_terminal_size().columns


def read() -> bytes:
    """All of stdin. Raises InputError where stdin is a terminal, which would wait for ever."""
    if sys.stdin is None:
        raise InputError("stdin is closed", hint="manifests are read from it")
    if is_terminal(sys.stdin):
        raise InputError("stdin is a terminal", hint="pipe manifests in: helm template … | postrender …")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise InputError(f"stdin cannot be read: {error.strerror}") from error


def write(output: bytes) -> None:
    """All of `output` to stdout, in one go. Raises OutputError, or BrokenPipeError if nobody reads it."""
    if sys.stdout is None:
        raise OutputError("stdout is closed")
    try:
        left = memoryview(output)
        while left:  # with PYTHONUNBUFFERED a write may take a part only, of a disk that fills up the first
            left = left[sys.stdout.buffer.write(left) :]
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _forget(sys.stdout)
        raise
    except OSError as error:
        _forget(sys.stdout)
        raise OutputError(f"stdout cannot be written: {error.strerror}") from error


def say(text: str) -> None:
    """`text` to stdout, in whatever encoding that has. Raises as `write` does."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    write(text.encode(encoding, "backslashreplace"))


def complain(message: str) -> None:
    """`message` to stderr, each line as ours; and to the user's terminal where stderr is none.

    Helm 3 shows a post-renderer's stderr only if it fails, Helm 4 never.
    """
    if not message:
        return
    from postrender.reports.visible import visible

    text = "".join(f"postrender: {visible(line)}\n" for line in message.split("\n"))
    if sys.stderr is not None:
        _try(sys.stderr, text)
    if not is_terminal(sys.stderr) and os.environ.get("POSTRENDER_TTY") != "0":
        try:
            with open("/dev/tty", "w", encoding="utf-8") as tty:  # noqa: PTH123 - pathlib is no shorter
                tty.write(text)
        except OSError:
            pass  # no terminal: nobody to tell


def _try(stream: IO[str], text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        _forget(stream)


def _forget(stream: IO[str]) -> None:
    """What is still in the stream's buffer goes nowhere, so that no second error comes at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
