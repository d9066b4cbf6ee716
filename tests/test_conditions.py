"""`when` and `unless`, as the design has them."""

from __future__ import annotations

from tests.runs import becomes, refuses, stays

CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data:
  a: b
"""
PARAMETERS = """\
parameters:
  text: {type: string}
  mode: {enum: [field, annotation], default: field}
  port: {type: [string, integer]}
  flag: {type: boolean}
  items: {type: array}
  map: {type: object}
  nothing: {type: [string, "null"]}
  number: {type: number}
"""


def holds(guard: str, **parameters: object) -> bool:
    """Whether a patch with this guard is applied."""
    patchset = f"{PARAMETERS}patches:\n  - {{{guard}, target: {{kind: ConfigMap}}, patch: {{x: 1}}}}\n"
    try:
        becomes(patchset, CONFIG, f"{CONFIG}x: 1\n", **parameters)
    except AssertionError:
        stays(patchset, CONFIG, **parameters)
        return False
    return True


def test_a_name_is_true_if_it_is_set() -> None:
    for guard, expected in (("when: text", True), ("unless: text", False)):
        assert holds(guard) is not expected
        assert holds(guard, text="a") is expected
        assert holds(guard, text="") is expected


def test_set_is_given_or_by_default_and_not_null() -> None:
    assert holds("when: mode")
    assert holds("when: number", number=0)
    assert holds("when: items", items=[])
    assert holds("when: map", map={})
    assert not holds("when: nothing", nothing=None)
    assert not holds("when: nothing")
    assert holds("when: nothing", nothing="")


def test_a_boolean_is_true_if_it_is_true() -> None:
    assert holds("when: flag", flag=True)
    assert not holds("when: flag", flag=False)
    assert not holds("when: flag")
    assert holds("unless: flag", flag=False)
    assert holds("when: {flag: false}", flag=False)
    assert not holds("when: {flag: false}")
    assert not holds("when: {flag: false}", flag=True)
    assert not holds("unless: {flag: false}", flag=False)


def test_a_mapping_is_true_if_all_its_values_hold() -> None:
    assert holds("when: {mode: field}")
    assert not holds("when: {mode: annotation}")
    assert holds("when: {mode: field, text: a}", text="a")
    assert not holds("when: {mode: field, text: a}", text="b")
    assert not holds("when: {text: a}")
    assert holds("unless: {mode: field, text: a}")


def test_a_list_of_values_is_any_of_them() -> None:
    assert holds("when: {mode: [field, annotation]}")
    assert holds("when: {text: [a, b], mode: field}", text="b")
    assert not holds("when: {text: [a, b]}", text="c")
    assert not holds("when: {text: [a, b]}")


def test_a_list_is_true_if_all_its_conditions_are() -> None:
    assert holds("when: [text, {mode: field}]", text="a")
    assert not holds("when: [text, {mode: annotation}]", text="a")
    assert not holds("when: [text, flag]", text="a")


def test_any_is_true_if_one_is() -> None:
    assert holds("when: {any: [text, flag]}", text="a")
    assert holds("when: {any: [{mode: annotation}, [text, {mode: field}]]}", text="a")
    assert not holds("when: {any: [text, flag]}", flag=False)
    assert holds("unless: {any: [text, flag]}")
    assert not holds("unless: {any: [text, flag]}", flag=True)
    assert holds("when: {any: [{any: [text]}, {any: [mode]}]}")


def test_when_and_unless_together() -> None:
    assert holds("when: text, unless: flag", text="a")
    assert not holds("when: text, unless: flag", text="a", flag=True)
    assert not holds("when: text, unless: flag")


def test_values_are_compared_by_the_type_that_is_declared() -> None:
    assert holds("when: {text: 302}", text="302")
    assert holds("when: {text: yes}", text="yes")
    assert holds("when: {text: 1.10}", text="1.10")
    assert not holds("when: {text: 1.10}", text="1.1")
    assert holds("when: {port: 80}", port=80)
    assert not holds("when: {port: 80}", port="80")
    assert holds("when: {port: '80'}", port="80")
    assert holds("when: {number: 1}", number=1.0)
    assert holds("when: {map: {a: [1]}}", map={"a": [1]})
    assert holds("when: {nothing: null}", nothing=None)
    assert not holds("when: {nothing: null}")


def test_on_resources_uses_and_refusals() -> None:
    patchset = f"""\
{PARAMETERS}
refuse:
  - {{when: text, unless: {{port: 80}}, message: Text needs port 80.}}
resources:
  - {{when: flag, resource: {{apiVersion: v1, kind: Secret, metadata: {{name: s}}}}}}
"""
    stays(patchset, CONFIG)
    stays(patchset, CONFIG, text="a", port=80)
    refuses(patchset, CONFIG, "patchset p: Text needs port 80.", text="a")
    added = "---\n# Source: postrender/p\napiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n"
    becomes(patchset, CONFIG, f"{added}---\n{CONFIG}", flag=True)

    overlay = f"kind: Overlay\n{PARAMETERS}patchsets:\n  - {{name: ./in.yaml, when: flag}}\n"
    inner = {"in.yaml": "name: in\npatches: [{target: {kind: ConfigMap}, patch: {x: 1}}]\n"}
    stays(overlay, CONFIG, files=inner)
    becomes(overlay, CONFIG, f"{CONFIG}x: 1\n", files=inner, flag=True)


def test_a_guard_that_needs_a_value_which_is_not_to_be_found() -> None:
    patchset = """\
parameters: {x: {type: string, default: {valueFrom: {resource: {kind: Pod, path: /metadata/name}}}}}
patches: [{when: {x: web}, target: {kind: ConfigMap}, patch: {x: 1}}]
"""
    refuses(
        patchset,
        CONFIG,
        "patchset p, p.yaml:1: no Pod, where a value is to come from one (there is ConfigMap)",
    )
