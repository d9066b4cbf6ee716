"""splice: new data in the old text, with no line touched that did not have to be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postrender import kubeyaml
from postrender.splice import SpliceError, splice
from tests import manifests
from tests.touched import Touched

if TYPE_CHECKING:
    from collections.abc import Callable


def becomes(before: str, change: Callable[[Any], object], after: str, step: str = "places") -> None:
    """The text `before`, whose data `change` changes in place, is spliced to the text `after`."""
    composed = kubeyaml.compose(before)
    assert composed.root is not None
    data: Any = json.loads(json.dumps(composed.root.data))  # a copy of its own for each alias
    change(data)
    text, taken = splice(before, composed, data)
    assert text == after
    assert kubeyaml.equal(kubeyaml.load(text), data)
    assert taken == step


def stays(text: str) -> None:
    """Spliced with the data that it has, a text is what it was."""
    becomes(text, lambda data: None, text)


# --- scalars -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "new", "after"),
    [
        pytest.param("a: b\n", "c", "a: c\n", id="plain"),
        pytest.param("a:   b   # why\n", "c", "a:   c   # why\n", id="spaces and a comment"),
        pytest.param("a : b\n", "c", "a : c\n", id="a blank before the colon"),
        pytest.param("a:\tb\t# why\n", "c", "a:\tc\t# why\n", id="tabs"),
        pytest.param("a: 'b'\n", "c", "a: 'c'\n", id="single quotes"),
        pytest.param('a: "b"\n', "c", 'a: "c"\n', id="double quotes"),
        pytest.param("a: 'b'\n", "it's", 'a: "it\'s"\n', id="single quotes that could not hold it"),
        pytest.param("a: 'b'\n", 5, "a: 5\n", id="quotes do not make a number a string"),
        pytest.param("a: 5\n", "5", 'a: "5"\n', id="a string that looks like a number"),
        pytest.param("a: 5\n", "no", 'a: "no"\n', id="a string that looks like a boolean"),
        pytest.param("a: b\n", None, "a: null\n", id="null"),
        pytest.param("a: b\n", True, "a: true\n", id="true"),
        pytest.param("a: b\n", {}, "a: {}\n", id="an empty mapping"),
        pytest.param("a: b\n", [], "a: []\n", id="an empty list"),
        pytest.param("a: b # why\n", {"c": 1}, "a: # why\n  c: 1\n", id="a mapping"),
        pytest.param("a: b\n", [1, "2"], 'a:\n- 1\n- "2"\n', id="a list"),
        pytest.param("a: b # why\n", "c\nd\n", "a: | # why\n  c\n  d\n", id="several lines"),
        pytest.param('a: "b"\n', "c\nd\n", 'a: "c\\nd\\n"\n', id="several lines in the quotes of before"),
        pytest.param("a:\n", "b", "a: b\n", id="nothing there"),
        pytest.param("a: # why\n", "b", "a: b # why\n", id="nothing there but a comment"),
        pytest.param("a: ~\n", "b", "a: b\n", id="a tilde"),
        pytest.param("a:\n", {"b": 1}, "a:\n  b: 1\n", id="a null gets members"),
        pytest.param("a: # why\n", {"b": 1}, "a: # why\n  b: 1\n", id="a null with a comment gets members"),
        pytest.param("a: null\n", {"b": 1}, "a:\n  b: 1\n", id="a null in words gets members"),
        pytest.param("a: {}\n", {"b": 1}, "a:\n  b: 1\n", id="{} gets a member"),
        pytest.param("a: {} # why\n", {"b": 1}, "a: # why\n  b: 1\n", id="{} with a comment gets a member"),
        pytest.param("a: []\n", ["b"], "a:\n- b\n", id="[] gets an element"),
        pytest.param("a:\n  b # why\n", "c", "a:\n  c # why\n", id="below its key"),
        pytest.param("a:\n  # above\n  b\n", "c", "a:\n  # above\n  c\n", id="below its key and a comment"),
        pytest.param("a:\n  b\n", ["c"], "a:\n- c\n", id="below its key, a list"),
        pytest.param("a: b\n  c\n  d # why\n", "e", "a: e # why\n", id="plain over several lines"),
        pytest.param("a: 'b\n\n  c'\n", "e", "a: 'e'\n", id="single quotes over several lines"),
        pytest.param('a: "b \\\n  c"\n', "e", 'a: "e"\n', id="double quotes over several lines"),
        pytest.param("a: !!str 5 # why\n", "b", "a: b # why\n", id="a tag goes with its value"),
        pytest.param("a: &x b\nc: 1\n", "d", "a: d\nc: 1\n", id="an anchor that nobody uses"),
        pytest.param("a: b", "c", "a: c", id="no newline at the end"),
        pytest.param("a: b", {"c": 1}, "a:\n  c: 1", id="no newline at the end, a mapping"),
        pytest.param("a: b\r\n", {"c": 1}, "a:\r\n  c: 1\r\n", id="CRLF"),
        pytest.param("a: b\r\nc: d\n", "e\nf\n", "a: |\r\n  e\r\n  f\r\nc: d\n", id="CRLF mixed"),
        pytest.param("? a\n: b\n", "c", "? a\n: c\n", id="explicit key"),
        pytest.param("? a # k\n\n: b # v\n", "c", "? a # k\n\n: c # v\n", id="explicit key, comments"),
        pytest.param("? a\n:   b\n", {"c": 1, "d": 2}, "? a\n: c: 1\n  d: 2\n", id="explicit key, a mapping"),
        pytest.param("'a': b\n", "c", "'a': c\n", id="quoted key"),
        pytest.param("a: b\x85", "c", "a: c\x85", id="NEL for a line break"),
        pytest.param("a: 'b\u2028  c' # \u2029\n", "d", "a: 'd' # \u2029\n", id="U+2028 in quotes"),
        pytest.param("a: b\nc: é\U0001f600\nd: 1\n", "ü", 'a: "ü"\nc: é\U0001f600\nd: 1\n', id="non-ASCII"),
        pytest.param("--- # top\na: b\n...\n", "c", "--- # top\na: c\n...\n", id="between --- and ..."),
        pytest.param("--- {a: b} # why\n", "c", "--- {a: c} # why\n", id="flow on the line of ---"),
        pytest.param("--- !!map\na: b\n", "c", "--- !!map\na: c\n", id="a tag on the line of ---"),
        pytest.param("  a: b\n  c: 1\n", "d", "  a: d\n  c: 1\n", id="an indented root"),
        pytest.param("a: b\na: c # last\n", "d", "a: b\na: d # last\n", id="of equal keys the last counts"),
        pytest.param("8080: b\n", None, "8080: b\n", id="set elsewhere"),
    ],
)
def test_a_value(before: str, new: Any, after: str) -> None:
    becomes(before, lambda data: data.update(a=new) if "a" in data else None, after)


# --- block scalars -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "new", "after"),
    [
        pytest.param("a: |\n  b\n  c\n\n# d\n", "b\nx\n", "a: |\n  b\n  x\n\n# d\n", id="one line of it"),
        pytest.param("a: |\n  b\n  c\n", "b\nx\nc\n", "a: |\n  b\n  x\n  c\n", id="a line more"),
        pytest.param("a: |\n  b\n  c\n", "c\n", "a: |\n  c\n", id="a line less"),
        pytest.param("a: |-\n  b\n  c\n", "b\nx", "a: |-\n  b\n  x\n", id="|-"),
        pytest.param("a: |+\n  b\n\n\nc: 1\n", "x\n\n\n", "a: |+\n  x\n\n\nc: 1\n", id="|+"),
        pytest.param("a: |+\n  b\n\n\nc: 1\n", "x\n", "a: |\n  x\nc: 1\n", id="|+ that loses its newlines"),
        pytest.param(
            "a: |\n  b\nc: 1\n", "b\n\n\n", "a: |+\n  b\n\n\nc: 1\n", id="| that gets more newlines"
        ),
        pytest.param("a: |+\n  b\n\n", "x\n\n", "a: |+\n  x\n\n", id="|+ at the end"),
        pytest.param("a: |+\n  b\n\n", "x", "a: x\n", id="|+ at the end becomes plain"),
        pytest.param("a: |\n  b", "x", "a: |\n  x", id="| without a newline at the end"),
        pytest.param(
            "a: |4\n      b\n    c\n", "  b\nx\n", "a: |4\n      b\n    x\n", id="indentation digit"
        ),
        pytest.param("a: | # why\n  b\n", "c\nd\n", "a: | # why\n  c\n  d\n", id="a comment on its header"),
        pytest.param(
            "a: | # why\n  b\n", "c", "a: c # why\n", id="a comment on its header, no block any more"
        ),
        pytest.param("a: |\r\n  b\r\n  c\r\n", "b\nx\n", "a: |\r\n  b\r\n  x\r\n", id="CRLF"),
        pytest.param("a: |\n  b\r\n  c\n", "x\nc\n", "a: |\n  x\n  c\n", id="CRLF mixed"),
        pytest.param(
            "a: |\n  b\n   \n  c\n", "b\n \nx\n", "a: |\n  b\n   \n  x\n", id="a line of blanks stays"
        ),
        pytest.param("a: |\n\n  b\n", "\nx\n", "a: |\n\n  x\n", id="a blank line first"),
        pytest.param("a: |\n  b\n", "  c\nd\n", "a: |2\n    c\n  d\n", id="the first line gets indented"),
        pytest.param("a: >\n  b\n  c\n\n\nd: 1\n", "x", "a: x\n\n\nd: 1\n", id="folded becomes plain"),
        pytest.param("a: >-\n  b\n  c\n", "x\ny", "a: |-\n  x\n  y\n", id="folded becomes literal"),
        pytest.param("a: |\n  b\n", "c\n \n", 'a: "c\\n \\n"\n', id="what no block can hold"),
        pytest.param("a: |\n  b\n", "c\x07\n", 'a: "c\\x07\\n"\n', id="what no block may hold"),
        pytest.param("a: |\n", "c\n", "a: |\n  c\n", id="an empty one"),
        pytest.param("a: &x |\n  b\n", "c\n", "a: |\n  c\n", id="an anchor"),
        pytest.param("a: |\n  b\u2028  c\n  d\n", "b\u2028c\ne\n", 'a: "b\\u2028c\\ne\\n"\n', id="U+2028"),
        pytest.param("a:\n  |\n  b\n", "c\n", "a:\n  |\n  c\n", id="below its key"),
        pytest.param(
            "a: b\n  # deep\n", "c\nd\n", 'a: "c\\nd\\n"\n  # deep\n', id="a comment it would swallow"
        ),
    ],
)
def test_a_block_scalar(before: str, new: str, after: str) -> None:
    becomes(before, lambda data: data.update(a=new), after)


def test_many_lines_are_one_edit() -> None:
    lines = [f"  line {number}\n" for number in range(20_000)]
    text = "a: |\n" + "".join(lines) + "b: 1\n"
    becomes(
        text,
        lambda data: data.update(a=data["a"].replace("line 7777\n", "other\n")),
        text.replace("line 7777\n", "other\n"),
    )


def test_long_lines() -> None:
    long = "x" * 100_000
    becomes(f"a: {long}\nb: '{long}'\n", lambda data: data.update(a="c"), f"a: c\nb: '{long}'\n")


# --- mappings ------------------------------------------------------------------------------------------

MEMBERS = """\
# top
spec:
  # about a
  a: 1 # one

  # about b
  b:
    c: 2
  # at the end of spec
last: true
"""


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        pytest.param(
            MEMBERS,
            lambda data: data["spec"].update(new=5),
            MEMBERS.replace("    c: 2\n", "    c: 2\n  new: 5\n"),
            id="a new member",
        ),
        pytest.param(
            MEMBERS,
            lambda data: data.update(new={"x": [1]}),
            MEMBERS + "new:\n  x:\n  - 1\n",
            id="a new root member",
        ),
        pytest.param(
            MEMBERS,
            lambda data: data["spec"].pop("a"),
            MEMBERS.replace("  a: 1 # one\n", ""),
            id="the first goes",
        ),
        pytest.param(
            MEMBERS,
            lambda data: data["spec"].pop("b"),
            MEMBERS.replace("  b:\n    c: 2\n", ""),
            id="the last goes, comments stay",
        ),
        pytest.param(
            MEMBERS,
            lambda data: data["spec"]["b"].pop("c"),
            MEMBERS.replace("  b:\n    c: 2\n", "  b: {}\n"),
            id="the only one goes",
        ),
        pytest.param(
            MEMBERS,
            lambda data: data.pop("last"),
            MEMBERS.replace("last: true\n", ""),
            id="the last root member",
        ),
        pytest.param(
            "a: 1\nb: 2", lambda data: data.update(c=3), "a: 1\nb: 2\nc: 3", id="no newline at the end"
        ),
        pytest.param("a: 1\nb: 2", lambda data: data.pop("b"), "a: 1\n", id="the last line without newline"),
        pytest.param(
            "a: 1\r\nb: 2", lambda data: data.update(c=3), "a: 1\r\nb: 2\r\nc: 3", id="CRLF, no newline"
        ),
        pytest.param(
            "a:\r\n  b: 1\r\n", lambda data: data["a"].update(c=2), "a:\r\n  b: 1\r\n  c: 2\r\n", id="CRLF"
        ),
        pytest.param(
            "a: |+\n  b\n\nc: |+\n  d\n\n",
            lambda data: data.update(e=1),
            "a: |+\n  b\n\nc: |+\n  d\n\ne: 1\n",
            id="behind |+",
        ),
        pytest.param(
            "a: |\n  b\n\n# end\n", lambda data: data.update(e=1), "a: |\n  b\ne: 1\n\n# end\n", id="behind |"
        ),
        pytest.param(
            "a: 'b\n  c'\nd: e\n  f\n",
            lambda data: data.update(g=1),
            "a: 'b\n  c'\nd: e\n  f\ng: 1\n",
            id="folded",
        ),
        pytest.param(
            "a:\n    b: 1\n", lambda data: data.update(c={"d": 1}), "a:\n    b: 1\nc:\n    d: 1\n", id="4"
        ),
        pytest.param(
            "a:\n  - b\n", lambda data: data.update(c=["d"]), "a:\n  - b\nc:\n  - d\n", id="dashes indented"
        ),
        pytest.param(
            "a:\n- b\n", lambda data: data.update(c=["d"]), "a:\n- b\nc:\n- d\n", id="dashes not indented"
        ),
        pytest.param(
            "a: 1\na: 2\nb: 3\na: 4\n", lambda data: data.pop("a"), "b: 3\n", id="all of a duplicate key go"
        ),
        pytest.param(
            "8080: a\n", lambda data: data.update({"8080": "b"}), "8080: b\n", id="a key that is a number"
        ),
        pytest.param(
            "y: a\n1.50: b\n", lambda data: data.pop("true"), "1.50: b\n", id="a key that is a boolean goes"
        ),
        pytest.param(
            "a: 1\n", lambda data: data.update({"8080": 1}), 'a: 1\n"8080": 1\n', id="keys are strings"
        ),
        pytest.param(
            "? a\n: b: 1\n  c: 2\n",
            lambda data: data["a"].pop("b"),
            "? a\n: c: 2\n",
            id="explicit key, inner goes",
        ),
        pytest.param(
            "? a\n: 1\n? b\n: 2\n", lambda data: data.pop("a"), "? b\n: 2\n", id="explicit key goes"
        ),
        pytest.param(
            "? a\n: 1\n",
            lambda data: data.update(b=2),
            "? a\n: 1\nb: 2\n",
            id="behind an explicit key",
        ),
        pytest.param(
            "a: b\n", lambda data: (data.clear(), data.update(c=1)), "c: 1\n", id="all other members"
        ),
    ],
)
def test_a_mapping(before: str, change: Callable[[Any], object], after: str) -> None:
    becomes(before, change, after, step="document" if after == "c: 1\n" else "places")


# --- lists ---------------------------------------------------------------------------------------------

LIST = """\
l:
# first
- name: a # about a
  v: 1
  # at the end of a

# second
- name: b
- c
# end
"""


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        pytest.param(LIST, lambda x: x.append("d"), LIST.replace("- c\n", "- c\n- d\n"), id="append"),
        pytest.param(
            LIST, lambda x: x.insert(0, "d"), LIST.replace("- name: a", "- d\n- name: a"), id="insert first"
        ),
        pytest.param(
            LIST,
            lambda x: x.insert(1, {"name": "d", "v": 2}),
            LIST.replace("  v: 1\n", "  v: 1\n- name: d\n  v: 2\n"),
            id="insert between",
        ),
        pytest.param(LIST, lambda x: x.pop(), LIST.replace("- c\n", ""), id="the last goes"),
        pytest.param(
            LIST, lambda x: x.pop(0), LIST.replace("- name: a # about a\n  v: 1\n", ""), id="the first goes"
        ),
        pytest.param(
            LIST,
            lambda x: x[0].pop("name"),
            LIST.replace("name: a # about a\n  ", ""),
            id="the member at the dash",
        ),
        pytest.param(
            LIST, lambda x: x[0].pop("v"), LIST.replace("  v: 1\n", ""), id="the last member of an element"
        ),
        pytest.param(
            LIST, lambda x: x[1].update(v=[]), LIST.replace("b\n", "b\n  v: []\n"), id="a member of one"
        ),
        pytest.param(
            LIST, lambda x: x[1].clear(), LIST.replace("- name: b\n", "- {}\n"), id="an element is empty"
        ),
        pytest.param(
            LIST,
            lambda x: x.reverse(),
            "l:\n# first\n- c\n- name: b\n- name: a # about a\n  v: 1\n"
            "  # at the end of a\n\n# second\n# end\n",
            id="the other way round",
        ),
        pytest.param(
            "l:\n- name: a\n  # about v\n  v: 1\n",
            lambda x: x[0].pop("name"),
            "l:\n-\n  # about v\n  v: 1\n",
            id="the member at the dash, a comment above the next",
        ),
        pytest.param(
            "l:\n- # element\n  name: a\n  v: 1\n",
            lambda x: x[0].pop("name"),
            "l:\n- # element\n  v: 1\n",
            id="members below the dash",
        ),
        pytest.param(
            "l:\n-   name: a\n    v: 1\n", lambda x: x[0].pop("name"), "l:\n-   v: 1\n", id="a wide dash"
        ),
        pytest.param(
            "l:\n-   name: a\n",
            lambda x: x[0].update(v=1),
            "l:\n-   name: a\n    v: 1\n",
            id="wide dash, new",
        ),
        pytest.param("l:\n- - a\n  - b\n", lambda x: x[0].pop(0), "l:\n- - b\n", id="- - first goes"),
        pytest.param("l:\n- - a\n  - b\n", lambda x: x[0].pop(1), "l:\n- - a\n", id="- - last goes"),
        pytest.param(
            "l:\n- - a\n", lambda x: x[0].insert(0, "b"), "l:\n- - b\n  - a\n", id="- - insert first"
        ),
        pytest.param("l:\n- - a\n", lambda x: x[0].append("b"), "l:\n- - a\n  - b\n", id="- - append"),
        pytest.param(
            "l:\n- - a\n  # c\n  - b\n", lambda x: x[0].pop(0), "l:\n-\n  # c\n  - b\n", id="- - comment"
        ),
        pytest.param(
            "l:\n- - - a\n    - b\n", lambda x: x[0][0].pop(0), "l:\n- - - b\n", id="- - - first goes"
        ),
        pytest.param(
            "l:\n- - a: 1\n    b: 2\n", lambda x: x[0][0].pop("a"), "l:\n- - b: 2\n", id="- - a: goes"
        ),
        pytest.param(
            "l:\n- \n-\n- a\n", lambda x: x.__setitem__(1, "b"), "l:\n- \n- b\n- a\n", id="null elements"
        ),
        pytest.param("l:\n  - a\n  - b", lambda x: x.append("c"), "l:\n  - a\n  - b\n  - c", id="no newline"),
        pytest.param("l:\r\n- a\r\n", lambda x: x.insert(0, "b"), "l:\r\n- b\r\n- a\r\n", id="CRLF"),
        pytest.param(
            "l:\n- name: a\n- name: b\n- name: c\n",
            lambda x: (x.pop(1), x.append({"name": "d"}), x[0].update(v=1)),
            "l:\n- name: a\n  v: 1\n- name: c\n- name: d\n",
            id="several edits",
        ),
        pytest.param(
            "l:\n- name: a # x\n- name: b # y\n",
            lambda x: (x.pop(0), x[0].update(v=1)),
            "l:\n- name: b # y\n  v: 1\n",
            id="one goes, the next is known by its name",
        ),
        pytest.param(
            "l:\n- a # x\n- a # y\n- b\n", lambda x: x.pop(2), "l:\n- a # x\n- a # y\n", id="equal ones"
        ),
        pytest.param("l: [] # x\n", lambda x: x.append("a"), "l: # x\n- a\n", id="[] gets an element"),
        pytest.param("l:\n- a\n", lambda x: x.pop(), "l: []\n", id="the only element goes"),
        pytest.param(
            "l:\n- |\n  a\n\n- |+\n  b\n\n",
            lambda x: x.append(1),
            "l:\n- |\n  a\n\n- |+\n  b\n\n- 1\n",
            id="|+",
        ),
        pytest.param("l:\n- a\n", lambda x: x.append("b\nc\n"), "l:\n- a\n- |\n  b\n  c\n", id="a text"),
        pytest.param(
            "l:\n- a # x\n", lambda x: x.__setitem__(0, {"b": 1, "c": 2}), "l:\n- b: 1 # x\n  c: 2\n", id="m"
        ),
        pytest.param(
            "l:\n- a: 1\n  b: 2 # x\n", lambda x: x.__setitem__(0, "c"), "l:\n- c\n", id="a mapping goes"
        ),
    ],
)
def test_a_list(before: str, change: Callable[[Any], object], after: str) -> None:
    becomes(before, lambda data: change(data["l"]), after)


# --- flow style ----------------------------------------------------------------------------------------

FLOW = """\
a: [ # opens
  one, # first
  'two',
  # about three
  three # third
] # closes
m: {
  x: 1, # first
  w: {z: [1, 2]},
}
"""


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        pytest.param("a: [x, y]\n", lambda d: d["a"].append("z"), "a: [x, y, z]\n", id="append"),
        pytest.param("a: [x, y]\n", lambda d: d["a"].insert(0, "z"), "a: [z, x, y]\n", id="insert first"),
        pytest.param("a: [x, y]\n", lambda d: d["a"].insert(1, "z"), "a: [x, z, y]\n", id="insert between"),
        pytest.param("a: [x, y, z]\n", lambda d: d["a"].pop(0), "a: [y, z]\n", id="the first goes"),
        pytest.param("a: [x, y, z]\n", lambda d: d["a"].pop(1), "a: [x, z]\n", id="the second goes"),
        pytest.param("a: [x, y, z]\n", lambda d: d["a"].pop(2), "a: [x, y]\n", id="the last goes"),
        pytest.param(
            "a: [ x, y, ]\n", lambda d: d["a"].pop(1), "a: [ x, ]\n", id="the last goes, a comma stays"
        ),
        pytest.param("a: [ x ]\n", lambda d: d["a"].pop(), "a: []\n", id="the only one goes"),
        pytest.param(
            "a: [x, y]\n", lambda d: d["a"].__setitem__(1, "a, b"), 'a: [x, "a, b"]\n', id="quotes needed"
        ),
        pytest.param(
            "a: ['x', y]\n", lambda d: d["a"].__setitem__(0, "z"), "a: ['z', y]\n", id="quotes stay"
        ),
        pytest.param(
            "a: [x]\n", lambda d: d["a"].__setitem__(0, {"b": [1]}), "a: [{b: [1]}]\n", id="a mapping"
        ),
        pytest.param(
            "a: [b: 1, c]\n", lambda d: d["a"][0].update(d=2), "a: [{b: 1, d: 2}, c]\n", id="a single pair"
        ),
        pytest.param(
            "a: {b: 1}\n", lambda d: d["a"].update(c="x: y"), 'a: {b: 1, c: "x: y"}\n', id="a new member"
        ),
        pytest.param("a: {b: 1, c: 2}\n", lambda d: d["a"].pop("b"), "a: {c: 2}\n", id="a member goes"),
        pytest.param('a: {"b":1}\n', lambda d: d["a"].update(b=2, c=3), 'a: {"b":2, c: 3}\n', id="like JSON"),
        pytest.param(
            "a: {b: , c}\n", lambda d: d["a"].update(b=1, c=2), "a: {b: 1, c: 2}\n", id="nulls get values"
        ),
        pytest.param("a: {b: 1}\n", lambda d: d["a"].clear(), "a: {}\n", id="all members go"),
        pytest.param("{a: 1, b: 2}\n", lambda d: d.pop("a"), "{b: 2}\n", id="the root"),
        pytest.param(
            "a: {b: 1, b: 2}\n", lambda d: d["a"].update(c=3), "a:\n  b: 2\n  c: 3\n", id="duplicate keys"
        ),
        pytest.param(
            FLOW, lambda d: d["a"].pop(0), FLOW.replace("  one, # first\n", ""), id="first line goes"
        ),
        pytest.param(FLOW, lambda d: d["a"].pop(1), FLOW.replace("  'two',\n", ""), id="second line goes"),
        pytest.param(
            FLOW, lambda d: d["a"].pop(2), FLOW.replace("  three # third\n", ""), id="last line goes"
        ),
        pytest.param(
            FLOW,
            lambda d: d["a"].append("four"),
            FLOW.replace("three # third\n", "three, # third\n  four\n"),
            id="a line more",
        ),
        pytest.param(
            FLOW,
            lambda d: d["a"].insert(1, "x"),
            FLOW.replace("  'two'", "  x,\n  'two'"),
            id="a line between",
        ),
        pytest.param(
            FLOW, lambda d: d["m"].pop("x"), FLOW.replace("  x: 1, # first\n", ""), id="a member's line"
        ),
        pytest.param(
            FLOW, lambda d: d["m"].pop("w"), FLOW.replace("  w: {z: [1, 2]},\n", ""), id="the last member"
        ),
        pytest.param(
            FLOW,
            lambda d: d["m"].update(v=1),
            FLOW.replace("[1, 2]},\n", "[1, 2]},\n  v: 1,\n"),
            id="a member's line more",
        ),
        pytest.param(
            FLOW, lambda d: d["m"]["w"]["z"].append(3), FLOW.replace("[1, 2]", "[1, 2, 3]"), id="deep inside"
        ),
        pytest.param(
            "a: [x,\n  y, # c\n  z]\n", lambda d: d["a"].pop(1), "a: [x,\n  z]\n", id="a line of three"
        ),
        pytest.param(
            "a: [x,\n  y, z\n]\n", lambda d: d.update(a=["x"]), "a: [x,\n]\n", id="all but the first"
        ),
        pytest.param(
            "a: [x,\n  y]\n", lambda d: d["a"].append("z"), "a: [x,\n  y, z]\n", id="behind the last"
        ),
        pytest.param("a: [x, y,\n  z]\n", lambda d: d["a"].pop(1), "a: [x,\n  z]\n", id="the last of a line"),
        pytest.param(
            "a: [{b: 1}, {c: 2}]\n", lambda d: d["a"][1].update(c=3), "a: [{b: 1}, {c: 3}]\n", id="nested"
        ),
    ],
)
def test_flow_style(before: str, change: Callable[[Any], object], after: str) -> None:
    becomes(before, change, after)


# --- anchors, aliases, merges --------------------------------------------------------------------------

ANCHORS = """\
base: &base # the anchor
  a: 1 # one
  b: &inner [x, z]
one: *base # first
two:
  c: *inner
  <<: *base
  d: 4 # four
"""


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        pytest.param(
            ANCHORS,
            lambda d: d["one"].update(a=9),
            ANCHORS.replace("one: *base # first\n", "one: # first\n  a: 9\n  b:\n  - x\n  - z\n"),
            id="at an alias",
        ),
        pytest.param(
            ANCHORS, lambda d: d.pop("one"), ANCHORS.replace("one: *base # first\n", ""), id="an alias goes"
        ),
        pytest.param(
            ANCHORS,
            lambda d: d["base"].update(a=9),
            ANCHORS.replace("a: 1 # one", "a: 9 # one")
            .replace("one: *base # first\n", "one: # first\n  a: 1\n  b:\n  - x\n  - z\n")
            .replace("  <<: *base\n  d: 4 # four\n", "  d: 4 # four\n  a: 1\n  b:\n  - x\n  - z\n"),
            id="at an anchor",
        ),
        pytest.param(
            ANCHORS,
            lambda d: d["two"].update(d=5),
            ANCHORS.replace("d: 4", "d: 5"),
            id="a member behind <<",
        ),
        pytest.param(
            ANCHORS,
            lambda d: d["two"].update(a=5),
            ANCHORS + "  a: 5\n",
            id="a member that << brings",
        ),
        pytest.param(
            ANCHORS,
            lambda d: d["two"].pop("a"),
            ANCHORS.replace("  <<: *base\n", "") + "  b:\n  - x\n  - z\n",
            id="a member that << brings goes",
        ),
        pytest.param(
            ANCHORS,
            lambda d: d["two"].update(c=5),
            ANCHORS.replace("c: *inner", "c: 5"),
            id="an alias before <<",
        ),
        pytest.param(
            "a: &x 1 # x\nb: *x # y\nc: [*x , 2] # z\n",
            lambda d: d.update(a=2),
            "a: 2 # x\nb: 1 # y\nc: [1 , 2] # z\n",
            id="a scalar at its anchor",
        ),
        pytest.param(
            "a: &x 1\nb:\n- *x # y\n- 2\n",
            lambda d: d.pop("a"),
            "b:\n- 1 # y\n- 2\n",
            id="the anchor's member goes",
        ),
        pytest.param(
            "a: &x\n  b: &y 1\n  c: 2 # c\nd: *x\ne: *y # e\n",
            lambda d: d["a"].update(c=3),
            "a: &x\n  b: &y 1\n  c: 3 # c\nd:\n  b: 1\n  c: 2\ne: *y # e\n",
            id="an anchor inside an anchor stays",
        ),
        pytest.param(
            "l: &x\n- a\n- b # b\nm: *x\n",
            lambda d: d["m"].append("c"),
            "l: &x\n- a\n- b # b\nm:\n- a\n- b\n- c\n",
            id="l",
        ),
        pytest.param(
            "l:\n- &x a # a\n- *x # x\n- b # b\n",
            lambda d: d["l"].__setitem__(0, "c"),
            "l:\n- c # a\n- a # x\n- b # b\n",
            id="an alias inside an edited list",
        ),
        pytest.param(
            "a: &x 1\nb: *x\nc: &x 2\nd: *x # d\n",
            lambda d: d.update(c=3),
            "a: &x 1\nb: *x\nc: 3\nd: 2 # d\n",
            id="an anchor that stands twice",
        ),
        pytest.param(
            "a: &x {b: 1}\nc:\n  <<: [*x , {d: 2}]\n  e: 3\n",
            lambda d: d["c"].update(d=5),
            "a: &x {b: 1}\nc:\n  <<: [*x , {d: 2}]\n  e: 3\n  d: 5\n",
            id="a list of merges",
        ),
        pytest.param(
            "c:\n  b: 0 # hidden\n  <<: {b: 1}\n",
            lambda d: d["c"].update(b=5),
            "c:\n  b: 5 # hidden\n",
            id="what << overrides",
        ),
        pytest.param('"<<": a\n', lambda d: d.update({"<<": "b"}), '"<<": b\n', id="<< in quotes is a key"),
        pytest.param(
            "a: &x 1\nb: {c: *x}\nb: 2 # last\n",
            lambda d: d.update(a=2),
            "a: 2\nb: {c: 1}\nb: 2 # last\n",
            id="dead",
        ),
    ],
)
def test_anchors(before: str, change: Callable[[Any], object], after: str) -> None:
    becomes(before, change, after)


# --- the ladder ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "new", "after", "step"),
    [
        pytest.param(
            "a:\x85  b: 1\n  c: 2\nd: 0x1 # d\n",
            {"a": {"b": 1, "c": 3, "e": 4}, "d": 1},
            "a:\n  b: 1\n  c: 3\n  e: 4\nd: 0x1 # d\n",
            "members",
            id="a line break that splice does not count",
        ),
        pytest.param(
            "a: |\n  b", {"a": "b", "c": 1}, "a: b\nc: 1", "document", id="a text that gets its newline"
        ),
        pytest.param("a: 1\nb: 2\n# c\n", {"c": 1}, "c: 1\n# c\n", "document", id="all members go"),
        pytest.param("{}\n", {"a": 1}, "{a: 1}\n", "document", id="an empty mapping"),
        pytest.param("a: 1 # x\n", {}, "{} # x\n", "document", id="nothing left"),
        pytest.param("# c\ra: 1\r", {"a": 1, "b": 2}, "# c\ra: 1\nb: 2\n", "ruamel", id="lone CR"),
    ],
)
def test_the_ladder(before: str, new: dict[str, Any], after: str, step: str) -> None:
    assert splice(before, kubeyaml.compose(before), new) == (after, step)


def test_a_partly_read_text_has_one_step_only() -> None:
    text = "a: 1\n"
    with pytest.raises(SpliceError):
        splice(text, kubeyaml.compose(text), {"a": 2}, lambda text: None)


# --- laws ----------------------------------------------------------------------------------------------

LAWS = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
texts = manifests.written(st.one_of(manifests.mappings(), manifests.resources()))


@LAWS
@given(texts)
def test_the_same_data_is_the_same_text(given_text: tuple[str, Any]) -> None:
    stays(given_text[0])


@LAWS
@given(texts, st.data())
def test_one_edit_touches_its_lines_only(given_text: tuple[str, Any], data: st.DataObject) -> None:
    text, old = given_text
    check(text, data.draw(manifests.edits(old)))


@LAWS
@given(texts, st.data())
def test_several_edits_touch_their_lines_only(given_text: tuple[str, Any], data: st.DataObject) -> None:
    text, old = given_text
    check(text, data.draw(manifests.edits(old, most=4)))


@LAWS
@given(manifests.written(manifests.mappings(), manifests.PLAIN), st.data())
def test_edits_of_plain_texts(given_text: tuple[str, Any], data: st.DataObject) -> None:
    text, old = given_text
    check(text, data.draw(manifests.edits(old, most=2)))


def check(text: str, new: Any) -> None:
    """The result reads as `new`, comes from the first step, and lines stay that no change is about."""
    if not new:
        return
    composed = kubeyaml.compose(text)
    after, step = splice(text, composed, new)
    assert kubeyaml.equal(kubeyaml.load(after), new)
    assert step == "places"
    if problem := Touched(text, composed, new).problem(after):
        pytest.fail(problem)
