"""The tests; what asserts for them says as much as they do."""

import pytest

pytest.register_assert_rewrite("tests.runs")
