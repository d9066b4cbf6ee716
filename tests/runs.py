"""A patchset written in a test, and what becomes of manifests by it: one call says it all."""

from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from postrender import pipeline, uses
from postrender.errors import PostrenderError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from postrender.pipeline import Rendered
    from postrender.uses import Plan


@contextlib.contextmanager
def folder(files: Mapping[str, str]) -> Iterator[Path]:
    """A folder with these files in it, which is the working directory for a while."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8", newline="")
        with contextlib.chdir(root):
            yield root


@contextlib.contextmanager
def planned(
    patchset: str,
    *,
    files: Mapping[str, str] | None = None,
    values: str | Sequence[str] = (),
    sets: Sequence[str] = (),
    set_files: Sequence[str] = (),
    **parameters: Any,
) -> Iterator[Plan]:
    """The plan of one patchset, `p.yaml`, or overlay, `o.yaml`; a name is put at its end where it has none.

    `files` are those beside it, `values` the texts of values files, `parameters` one more of these.
    """
    texts = [values] if isinstance(values, str) else list(values)
    texts += [json.dumps(parameters)] if parameters else []
    given = {f"values{number}.yaml": text for number, text in enumerate(texts, 1)}
    is_overlay = "kind: Overlay" in patchset
    main = "o.yaml" if is_overlay else "p.yaml"
    if "\nname:" not in f"\n{patchset}":
        patchset = f"{patchset.rstrip()}\nname: {main[0]}\n"
    with folder({**(files or {}), **given, main: patchset}):
        yield uses.plan(
            patchsets=[] if is_overlay else [f"./{main}"],
            overlays=[f"./{main}"] if is_overlay else [],
            values=[Path(name) for name in given],
            sets=sets,
            set_files=set_files,
        )


def run(patchset: str, before: str, *, namespace: str | None = None, **how: Any) -> Rendered:
    """What comes out of the manifests `before`; for `how` see `planned`."""
    with planned(patchset, **how) as plan:
        return pipeline.render(before.encode(), plan, namespace=namespace, digest_key=b"test")


def becomes(patchset: str, before: str, after: str, **how: Any) -> Rendered:
    """Sees to it that `before` becomes `after`; gives back what else is known of the run."""
    rendered = run(patchset, before, **how)
    assert rendered.output.decode() == after
    return rendered


def stays(patchset: str, before: str, **how: Any) -> Rendered:
    """Sees to it that `before` comes out as it is."""
    return becomes(patchset, before, before, **how)


def refuses(patchset: str, before: str, message: str, **how: Any) -> PostrenderError:
    """Sees to it that there is an error with just this message."""
    with pytest.raises(PostrenderError) as caught:
        run(patchset, before, **how)
    assert str(caught.value) == message.strip()
    return caught.value


def notes(rendered: Rendered) -> list[str]:
    """The notes of a run, as texts."""
    return [note.text for note in rendered.notes]
