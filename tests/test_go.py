"""Go as the judge: what sigs.k8s.io/yaml, which Helm and Kubernetes read with, makes of the same texts."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from postrender import emitter, kubeyaml
from postrender.emitter import Style
from postrender.splice import splice
from tests import manifests, tools

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
Judge: TypeAlias = "Callable[[list[str]], list[dict[str, Any]]]"

pytestmark = pytest.mark.tool("go")


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """What Go reads in each of some texts: {"value": …} or {"error": …}."""
    program: Path = tmp_path_factory.mktemp("go") / "oracle"
    folder = tools.ROOT / "tests" / "go_oracle"
    subprocess.run([tools.path("go"), "build", "-o", program, "."], cwd=folder, check=True)

    def read(texts: list[str]) -> list[dict[str, Any]]:
        asked = "".join(json.dumps(text) + "\n" for text in texts)
        done = subprocess.run([program], input=asked, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.split("\n")[:-1]]

    return read


def some(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """About so many examples."""
    found: list[T] = []

    @settings(
        max_examples=count, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck)
    )
    @given(strategy)
    def collect(example: T) -> None:
        found.append(example)

    collect()
    return found


def ours(text: str) -> dict[str, Any]:
    try:
        return {"value": kubeyaml.load(text)}
    except kubeyaml.YamlError as error:
        return {"error": str(error)}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and ("error" in one or kubeyaml.equal(one["value"], other["value"]))


PIECES = [*"0123456789_+-.eExboaf:T= "]
PIECES += (
    "0x 0b 0o inf .inf .nan y n yes no on off true null Null ~ << Z 00 1e3 e20 123456 2020-01-01".split()
)
PIECES += ["9223372036854775808"]
CONTEXTS = ["a: {}\n", "{}: 1\n", "- {}\n", "[{}]\n", "? {}\n"]
TAGGED = [f"- !!{tag} {{}}\n" for tag in ("int", "float", "bool", "null", "str", "timestamp")] + [
    "- !x {}\n",
    "- ! {}\n",
]
FLOW_DIFFERS = re.compile(r"^[\[{].*(?:[?]|:[,\]}])")


def test_scalars(judge: Judge) -> None:
    scalars = some(st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join), 1500)
    scalars += [*PIECES, *(text for text in manifests.HARD_TEXTS if not re.search(r"[\[\]{}\n\r]", text))]
    texts = [context.replace("{}", scalar) for scalar in scalars for context in CONTEXTS]
    texts += [TAGGED[index % len(TAGGED)].replace("{}", scalar) for index, scalar in enumerate(scalars)]
    texts = [text for text in texts if not FLOW_DIFFERS.search(text)]
    answers = zip(texts, map(ours, texts), judge(texts), strict=True)
    assert not [answer for answer in answers if not same(*answer[1:])][:5]


@pytest.mark.parametrize(
    ("text", "here", "there"),
    [
        pytest.param("[a:, b]\n", None, ["a:", "b"], id="a plain scalar that ends with a colon"),
        pytest.param("[a?b]\n", ["a?b"], None, id="a plain scalar with a question mark in it"),
        pytest.param("  a: 1\nb: 2\n", None, {"a": 1}, id="what is less indented ends the document for Go"),
    ],
)
def test_where_libyaml_differs(judge: Judge, text: str, here: Any, there: Any) -> None:
    """One of the two refuses the text: never do both read it, and read something else."""
    assert ours(text).get("value") == here
    assert judge([text])[0].get("value") == there


@st.composite
def patched(draw: st.DrawFn) -> tuple[str, Any]:
    """A text that splice has written, and its data."""
    text, data = draw(manifests.written(manifests.mappings()))
    new = draw(manifests.edits(data, most=3)) or data
    return splice(text, kubeyaml.compose(text), new)[0], new


def test_documents(judge: Judge) -> None:
    """What we read, and what splice makes of it, Go reads as we do."""
    documents = some(manifests.written(st.one_of(manifests.mappings(), manifests.resources())), 80)
    assert not differences(judge, documents + some(patched(), 80))


def test_strings_that_we_write(judge: Judge) -> None:
    characters = st.text(st.sampled_from(manifests.ODD_CHARACTERS), max_size=6)
    pieces = st.lists(st.sampled_from(PIECES), max_size=4).map("".join)
    documents: list[tuple[str, Any]] = []
    for text in [*some(st.one_of(characters, pieces), 1000), *manifests.HARD_TEXTS]:
        block: Any = {"a": {"k": text, "l": [text, {"m": text}], text: 1}, "b": [[text], {}]}
        flow: Any = {"k": text, "l": [text, [text]], text: 1}
        for style in (Style(), Style(step=4, dash=2), Style(literals=False)):
            documents.append(("\n".join(emitter.mapping(block, 0, style)) + "\n", block))
        documents.append((emitter.flow(flow) + "\n", flow))
    assert not differences(judge, documents)


def differences(judge: Judge, documents: list[tuple[str, Any]]) -> list[tuple[str, Any, Any]]:
    """The first few texts that Go does not read as their data."""
    answers = judge([text for text, _ in documents])
    found = [
        (text, said, data)
        for (text, data), said in zip(documents, answers, strict=True)
        if not same(said, {"value": data})
    ]
    return found[:5]
