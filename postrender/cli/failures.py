"""What is said about an error, and the exit code it ends with."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from postrender.errors import PostrenderError

if TYPE_CHECKING:
    from collections.abc import Iterator

MISTAKE, USAGE, BUG, INTERRUPTED, PIPE_CLOSED = 1, 2, 70, 130, 141


class MistakeError(Exception):
    """A mistake of the user that ends with an exit code of its own."""

    def __init__(self, error: PostrenderError, code: int) -> None:
        super().__init__()
        self.error = error
        self.code = code


@contextmanager
def mistakes_end_with(code: int) -> Iterator[None]:
    """Mistakes that are found in here end with this exit code."""
    try:
        yield
    except PostrenderError as error:
        raise MistakeError(error, code) from error


class Failure(NamedTuple):
    """What to say, nothing if `message` is empty, and the exit code."""

    message: str
    code: int


def of(error: BaseException) -> Failure:
    """What `error` means for the user. No value of a manifest is in it, whatever the error."""
    match error:
        case PostrenderError():
            return Failure(str(error), MISTAKE)
        case MistakeError():
            return Failure(str(error.error), error.code)
        case _ if usage := _usage(error):
            return Failure(usage, USAGE)
        case ImportError():
            return Failure(f"the installation is not complete: {error.msg}", MISTAKE)
        case KeyboardInterrupt():
            return Failure("", INTERRUPTED)
        case BrokenPipeError():
            return Failure("", PIPE_CLOSED)
        case _:
            return Failure("\n".join(_bug(error)), BUG)


def _usage(error: BaseException) -> str:
    """What click says of wrong usage; nothing for any other error, nor where click was never needed."""
    click = sys.modules.get("click")
    if click is None or not isinstance(error, click.UsageError):
        return ""
    message = str(error.format_message())
    return message if error.ctx is None else f"{message}\ntry `{error.ctx.command_path} --help`"


def _bug(error: BaseException) -> Iterator[str]:
    """Frames and types only: a message or a source line with values could show a Secret."""
    yield "this is a bug of postrender; please report it with these lines, which hold no values:"
    seen: BaseException | None = error
    while seen is not None:
        frames = seen.__traceback__
        while frames is not None:
            code = frames.tb_frame.f_code
            yield f"  {code.co_filename}:{frames.tb_lineno} in {code.co_name}"
            frames = frames.tb_next
        yield f"  {type(seen).__module__}.{type(seen).__qualname__}"
        seen = seen.__cause__ or seen.__context__
        if seen is not None:
            yield "  which came from"
