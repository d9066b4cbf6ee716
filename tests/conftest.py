"""What holds for every test: its environment, and the tools that it may need."""

from __future__ import annotations

import os

import hypothesis
import pytest

from tests import tools

hypothesis.settings.register_profile("ours", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("ours")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked `tool` is skipped without it, or fails where all tools have to be there."""
    for mark in item.iter_markers("tool"):
        (tool,) = mark.args
        if tools.find(tool):
            continue
        missing = f"no {tool}: put it on PATH, or name it in {tools.variable(tool)}"
        if "POSTRENDER_REQUIRE_TOOLS" in os.environ:
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the developer's own settings reaches a test, and no error a developer's terminal."""
    for name in ("HELM_NAMESPACE", "NO_COLOR", "FORCE_COLOR", "POSTRENDER_OVERLAY", "POSTRENDER_REPORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("POSTRENDER_TTY", "0")
