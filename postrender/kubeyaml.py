"""YAML as Kubernetes reads it: nodes with their places in the text, scalars by its rules, safe quoting."""

from __future__ import annotations

from typing import TypeAlias, Union

Value: TypeAlias = Union["dict[str, Value]", "list[Value]", str, int, float, bool, None]
