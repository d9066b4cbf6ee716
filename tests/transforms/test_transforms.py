"""Transforms: what all of ours have, how those of other packages are found, and what each may do."""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path

import pytest

from postrender import transforms
from postrender.errors import FormatError, PostrenderError
from postrender.parameters import Schema
from tests import runs
from tests.transforms import tools

CONFIG = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  secret: hunter2\n  open: word\n"
POD = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i}]}\n"


@pytest.mark.parametrize("name", transforms.OURS)
def test_each_of_ours_says_what_it_is_for(name: str) -> None:
    transform = transforms.find(name)
    assert transform is not None
    assert {*transform.OPTIONS} >= transform.REQUIRED
    assert all(isinstance(schema, Schema) for schema in transform.OPTIONS.values())
    about = inspect.getdoc(transform) or ""
    assert f"transform: {name}" in about
    for option in transform.OPTIONS:
        assert re.search(rf"\b{option}\b", about), option
    assert (Path(__file__).parent / f"test_{name.replace('-', '_')}.py").is_file()


def test_names_are_all_there_are() -> None:
    assert {*transforms.names()} >= {*transforms.OURS}
    assert list(transforms.OURS) == sorted(transforms.OURS)


# --- those of other packages ---------------------------------------------------------------------------

SHOUT = """
from postrender.parameters import Schema
from postrender.patches import REMOVED
from postrender.transforms import Result

OPTIONS = {"how": Schema(("string",), enum=("loud", "gone", "never", "others", "hidden", "reading"))}
REQUIRED = frozenset()

def check(options):
    pass

def roots(options):
    return frozenset({"data"})

def apply(value, options, context):
    how = options.get("how", "loud")
    if how == "gone":
        return REMOVED
    if how == "never":
        return Result(value, missed="never asked for")
    if how == "hidden":
        return Result({**value, "data": {}}, secret=(("data", "secret"),))
    if how == "others":
        new = [(data, REMOVED) for identity, data in context.others("Pod")]
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
        return Result(value, changed=tuple(new), added=(service,), notes=("a word",))
    if how == "reading":
        assert all(isinstance(data["metadata"], dict) for _, data in context.others())
    return {**value, "data": {key: text.upper() for key, text in value["data"].items()}}
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with a transform `shout`."""
    (tmp_path / "shouting.py").write_text(SHOUT)
    about = tmp_path / "shouting-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
    points = """\
        [postrender.transforms]
        shout = shouting
        half = shouting:OPTIONS
        lost = shouting:nothing
        none = no_such_module
        set-image = shouting
    """
    (about / "entry_points.txt").write_text(textwrap.dedent(points))
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("package")
class TestOfAnotherPackage:
    def test_is_found_and_used(self) -> None:
        after = CONFIG.replace("hunter2", "HUNTER2").replace("word", "WORD")
        runs.becomes(tools.patchset("shout"), CONFIG, after)
        assert "shout" in transforms.names()

    def test_its_options_are_checked_when_the_file_is_read(self) -> None:
        with pytest.raises(PostrenderError, match=r"p\.yaml:8: the option 'how' is none of loud"):
            runs.run(tools.patchset("shout", "{how: quietly}"), CONFIG)

    def test_ours_come_first(self) -> None:
        assert inspect.getdoc(transforms.find("set-image")) != SHOUT
        assert transforms.find("set-image") is not transforms.find("shout")

    def test_an_unknown_name_says_what_is_near(self) -> None:
        with pytest.raises(PostrenderError, match=r"no transform 'shot' \(did you mean shout\?\)"):
            runs.run(tools.patchset("shot"), CONFIG)

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("half", "the transform 'half', which is shouting:OPTIONS, has no OPTIONS"),
            ("lost", "the transform 'lost', which is shouting:nothing, cannot be loaded (AttributeError)"),
            ("none", "the transform 'none', which is no_such_module, cannot be loaded (ModuleNotFoundError)"),
        ],
    )
    def test_one_that_is_none_is_a_mistake(self, name: str, message: str) -> None:
        with pytest.raises(FormatError) as caught:
            transforms.find(name)
        assert str(caught.value) == message

    def test_two_of_one_name_are_a_mistake(self, package: Path) -> None:
        other = package / "other-1.0.dist-info"
        other.mkdir()
        (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
        (other / "entry_points.txt").write_text("[postrender.transforms]\nshout = shouting\n")
        with pytest.raises(FormatError, match="more than one package has a transform 'shout'"):
            transforms.find("shout")

    # --- what a transform may do ---

    def test_may_remove(self) -> None:
        runs.becomes(tools.patchset("shout", "{how: gone}", target="{kind: ConfigMap}"), CONFIG + POD, POD)

    def test_may_say_that_nothing_was_asked_for(self) -> None:
        runs.refuses(
            tools.patchset("shout", "{how: never}"),
            CONFIG,
            "patchset p, patch 1 (p.yaml:6): never asked for in ConfigMap a",
        )
        runs.stays(tools.patchset("shout", "{how: never}", patch="optional: true"), CONFIG)

    def test_may_change_others_and_add_some(self) -> None:
        patchset = tools.patchset("shout", "{how: others}", target="{kind: ConfigMap}")
        service = "---\n# Source: postrender/p\napiVersion: v1\nkind: Service\nmetadata:\n  name: s\n"
        rendered = runs.becomes(patchset, CONFIG + POD, CONFIG + service)
        assert runs.notes(rendered) == ["patchset p, patch 1, on ConfigMap a: a word"]
        assert [change.resource.kind for change in rendered.changes] == ["Pod", "Service"]

    def test_may_hide_values_from_all_reports(self) -> None:
        shown = repr(runs.run(tools.patchset("shout", "{how: hidden}"), CONFIG).changes)
        assert "hunter2" not in shown
        assert "word" in shown

    def test_what_is_read_of_it_meanwhile_is_not_lost(self) -> None:
        # Of `data` alone it says that it reads it; the rest is read while it is at work.
        comments = "# a comment\n" * 200
        before = CONFIG.replace("\ndata:", f"\nimmutable: false\n{comments}data:")
        after = before.replace("hunter2", "HUNTER2").replace("word", "WORD")
        runs.becomes(tools.patchset("shout", "{how: reading}"), before, after)
