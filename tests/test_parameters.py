"""Parameters: their types, where their values come from, and what stands for them in texts and patterns."""

# ruff: noqa: E501 - the messages are as long as they are

from __future__ import annotations

import base64
from typing import Any

import pytest

from postrender.errors import PostrenderError
from tests.runs import becomes, notes, planned, refuses, run, stays

CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data:
  a: b
"""


def sets(declared: str, value: str, expected: str, **how: Any) -> None:
    """Sees to it that `value`, with a parameter `x` declared so, is written as `expected`."""
    patchset = f"parameters: {{x: {declared}}}\npatches:\n  - target: {{kind: ConfigMap}}\n    patch: {{x: {value}}}\n"
    space = "" if expected.startswith("\n") else " "
    becomes(patchset, CONFIG, f"{CONFIG}x:{space}{expected}\n", **how)


def wrong(declared: str, message: str, **how: Any) -> None:
    """Sees to it that a value of a parameter `x`, declared so, is refused."""
    patchset = f"parameters: {{x: {declared}}}\npatches:\n  - target: {{kind: ConfigMap}}\n    patch: {{x: '${{x}}'}}\n"
    refuses(patchset, CONFIG, message, **how)


# --- types ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["302", "1.10", "0755", "yes", "1e3", "0x1F", "1_000", "2024-01-01", "true", "y"]
)
def test_a_string_is_what_is_written(text: str) -> None:
    declared, expected = "{type: string}", f'"{text}"'
    sets(declared, "'${x}'", expected, sets=[f"x={text}"])
    sets(declared, "'${x}'", expected, values=f"x: {text}\n")
    sets(declared, "'${x}'", expected, values=f"p:\n  x: {text} # as it is\n")
    sets(f"{{type: string, default: {text}}}", "'${x}'", expected)
    sets(declared, "'a${x}'", f"a{text}", values=f"x: {text}\n")


@pytest.mark.parametrize("text", ["302", "1.10", "0755", "yes"])
def test_a_string_is_what_is_written_in_lists_and_mappings_and_uses(text: str) -> None:
    inner = "{type: object, additionalProperties: {type: string}}"
    for how in ({"values": f"x: {{a: {text}}}"}, {"sets": [f"x={{a: {text}}}"]}):
        sets(inner, "'${x}'", f'\n  a: "{text}"', **how)
    elements = "{type: array, items: {type: string}}"
    for how in ({"values": f"x: [{text}]"}, {"sets": [f"x=[{text}]"]}):
        sets(elements, "'${x}'", f'\n- "{text}"', **how)
    overlay = f"kind: Overlay\npatchsets:\n  - {{name: ./in.yaml, with: {{x: {text}}}}}\n"
    used = "name: in\nparameters: {x: {type: string}}\npatches: [{target: {kind: ConfigMap}, patch: {x: '${x}'}}]\n"
    becomes(overlay, CONFIG, f'{CONFIG}x: "{text}"\n', files={"in.yaml": used})


@pytest.mark.parametrize(
    ("declared", "text", "expected"),
    [
        ("{type: integer}", "0755", "493"),
        ("{type: integer}", "12345678901234567890", "12345678901234567890"),
        ("{type: number}", "1.10", "1.1"),
        ("{type: boolean}", "yes", "true"),
        ("{type: array}", "[1, a]", "\n- 1\n- a"),
        ("{type: object}", "{a: {b: 1}}", "\n  a:\n    b: 1"),
        ("{enum: [80, 443]}", "443", "443"),
        ("{enum: [on, off]}", "off", "false"),
        ("{type: string, enum: [1.10, 2]}", "1.10", '"1.10"'),
        ("{type: [string, integer]}", "80", "80"),
        ("{type: [string, integer]}", "http", "http"),
        ("{type: [string, integer]}", "a: b", '"a: b"'),
        ("{type: [string, 'null']}", "null", '"null"'),
        ("{type: string}", "a=b,c={d},[e", '"a=b,c={d},[e"'),
        ("{type: string}", "", '""'),
        ("{type: string}", "${x} $${y}", '"${x} $${y}"'),
    ],
)
def test_the_text_of_set_is_read_by_type(declared: str, text: str, expected: str) -> None:
    sets(declared, "'${x}'", expected, sets=[f"x={text}"])


@pytest.mark.parametrize(
    ("declared", "text", "message"),
    [
        ("{type: integer}", "http", "--set x: the parameter 'x' is text, not integer"),
        ("{type: integer}", "", "--set x: the parameter 'x' is null, not integer"),
        ("{type: integer}", "1.5", "--set x: the parameter 'x' is a number, not integer"),
        ("{type: integer}", "true", "--set x: the parameter 'x' is true or false, not integer"),
        ("{type: boolean}", "1", "--set x: the parameter 'x' is an integer, not boolean"),
        ("{type: array}", "a,b", "--set x: the parameter 'x' is text, not array (lists and mappings are written in YAML: '[a, b]', '{a: b}')"),
        ("{type: array}", "[a", "--set x: no valid YAML: did not find expected ',' or ']'"),
        ("{type: array, items: {type: integer}}", "[1, a]", "--set x: the parameter 'x' element 2 is text, not integer (lists and mappings are written in YAML: '[a, b]', '{a: b}')"),
        ("{enum: [a, b]}", "c", "--set x: the parameter 'x' is none of a, b"),
        ("{enum: [yes, 1]}", "c", "--set x: the parameter 'x' is text, not boolean or integer"),
        ("{type: string, format: regex}", "a(", "--set x: the parameter 'x' is a bad regular expression (missing ), unterminated subpattern, at character 2)"),
        ("{type: string, format: regex}", "[[:alpha:]]", r"--set x: the parameter 'x' is a bad regular expression ([[:class:]] and nested sets are not known: write \w, a-z, …)"),
        ("{type: string, format: regex}", "a{99999999999999}", "--set x: the parameter 'x' is a bad regular expression (it is too large)"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_type(declared: str, text: str, message: str) -> None:
    wrong(declared, message, sets=[f"x={text}"])


def test_a_value_of_the_wrong_type_in_a_file() -> None:
    wrong("{type: integer}", "values1.yaml:2: the parameter 'x' is text, not integer", values="\nx: 'a'\n")
    wrong("{type: string}", "values1.yaml:1: the parameter 'x' is null, not string", values="x: null\n")
    wrong("{type: string}", "values1.yaml:1: the parameter 'x' is a list, not string", values="x: [a]\n")
    wrong(
        "{type: object, additionalProperties: {type: integer}}",
        "values1.yaml:1: the parameter 'x' member 'b' is text, not integer",
        values="x: {a: 1, b: c}",
    )


def test_additional_properties_and_items_go_all_the_way_down() -> None:
    declared = "{type: object, additionalProperties: {type: array, items: {type: object, additionalProperties: {type: string}}}}"
    sets(declared, "'${x}'", '\n  a:\n  - b: "1.10"', values="x: {a: [{b: 1.10}]}")


# --- what stands for a parameter -----------------------------------------------------------------------


def test_a_whole_scalar_takes_the_value_and_a_part_its_text() -> None:
    patchset = """\
parameters:
  i: {type: integer, default: 8080}
  b: {type: boolean, default: yes}
  l: {type: array, default: [1, "${i}"]}
  n: {type: number, default: 0.5}
"""
    with pytest.raises(PostrenderError):  # n is a boolean to YAML
        run(patchset, CONFIG)
    patchset = patchset.replace("  n:", "  f:") + (
        "patches:\n  - target: {kind: ConfigMap}\n"
        "    patch: {i: '${i}', t: 'a ${i} ${b} ${f}', l: '${l}', '${i}-${b}': '$${i} $${', s: ' ${i}'}\n"
    )
    becomes(
        patchset,
        CONFIG,
        CONFIG + 'i: 8080\nt: a 8080 true 0.5\nl:\n- 1\n- 8080\n8080-true: "${i} ${"\ns: " 8080"\n',
    )


def test_a_value_never_becomes_yaml() -> None:
    evil = 'a: b\n---\n"${x}" # {{ [ *y'
    sets("{type: string}", "'${x}'", '|-\n  a: b\n  ---\n  "${x}" # {{ [ *y', x=evil)
    sets("{type: string}", "'<${x}>'", '|-\n  <a: b\n  ---\n  "${x}" # {{ [ *y>', x=evil)


def test_a_list_or_mapping_has_no_text() -> None:
    patchset = "parameters: {x: {type: array, default: [1]}}\npatches: [{target: {kind: ConfigMap}, patch: {x: 'a${x}'}}]\n"
    refuses(
        patchset,
        CONFIG,
        "patchset p, patch 1 (p.yaml:2): the parameter 'x' is a list, and stands where only a text can",
    )


def test_keys_that_become_the_same() -> None:
    patchset = "parameters: {x: {type: string, default: a}, z: {type: string, default: a}}\npatches: [{target: {kind: ConfigMap}, patch: {'${x}': 1, '${z}': 2}}]\n"
    refuses(patchset, CONFIG, "patchset p, patch 1 (p.yaml:2): two keys of one mapping become the same: a")


def test_unset_leaves_out() -> None:
    patchset = """\
parameters:
  x: {type: string}
  z: {type: string, default: zz}
patches:
  - target: {kind: ConfigMap}
    patch:
      gone: "${x}"
      emptied: {a: {b: "${x}"}, c: ["${x}"]}
      kept: {a: "${x}", b: "${z}", c: [1, "${x}"], empty: {}, empty_list: []}
  - target: {kind: ConfigMap}
    patch:
      - {op: add, path: /x, value: "${x}"}
      - {op: add, path: /y, value: {a: "${x}"}}
      - {op: add, path: /l, value: []}
      - {op: add, path: /l/-, values: ["${x}", "${z}"]}
  - target: {kind: Nothing}
    patch: {a: "${x}"}
  - target: {kind: Nothing}
    patch: [{op: add, path: /x, value: "${x}"}]
"""
    becomes(
        patchset,
        CONFIG,
        CONFIG + "kept:\n  b: zz\n  c:\n  - 1\n  empty: {}\n  empty_list: []\nl:\n- zz\n",
    )


@pytest.mark.parametrize(
    "patch",
    [
        "target: {kind: ConfigMap, name: '${x}'}\n    patch: {a: b}",
        "target: {kind: ConfigMap, labelSelector: 'a=${x}'}\n    patch: {a: b}",
        "target: {kind: ConfigMap, where: {/a: '${x}'}}\n    patch: {a: b}",
        "target: {kind: ConfigMap, unless: {'/${x}': b}}\n    patch: {a: b}",
        "target: {kind: ConfigMap}\n    at: /${x}\n    patch: {a: b}",
        "target: {kind: ConfigMap}\n    at: ${x}\n    patch: {a: b}",
        "target: {kind: ConfigMap}\n    patch: {a: 'b${x}'}",
        "target: {kind: ConfigMap}\n    patch: {'${x}': b}",
        "target: {kind: ConfigMap}\n    patch: [{op: remove, path: '/data/${x}'}]",
        "target: {kind: ConfigMap}\n    patch: [{op: remove, path: '${x}'}]",
        "target: {kind: ConfigMap}\n    transform: merge-pairs\n    with: {path: '/data/${x}', pairs: {a: b}}",
    ],
)
def test_unset_in_a_text_a_pointer_or_a_target(patch: str) -> None:
    patchset = f"parameters: {{x: {{type: string}}}}\npatches:\n  - {patch}\n"
    refuses(
        patchset,
        CONFIG,
        "patchset p, patch 1 (p.yaml:3): the parameter 'x' has no value, and stands inside a text, a pointer "
        "or a target (give it one, or cover this with `when: x`)",
    )
    stays(patchset.replace("  - target", "  - when: x\n    target"), CONFIG)


def test_unset_in_the_name_of_a_patch_without_target() -> None:
    patchset = "parameters: {x: {type: string}}\npatches:\n  - patch: {kind: ConfigMap, metadata: {name: '${x}'}, a: b}\n"
    refuses(
        patchset,
        CONFIG,
        "patchset p, patch 1 (p.yaml:3): a parameter in the kind or name of the resource has no value "
        "(give it one, or cover the patch with `when`)",
    )
    becomes(patchset, CONFIG, f"{CONFIG}a: b\n", x="c")


def test_unset_in_an_option_that_a_transform_needs() -> None:
    patchset = """\
parameters: {x: {type: string}}
patches:
  - target: {kind: ConfigMap}
    transform: merge-pairs
    with: {path: /data/a, pairs: {a: "${x}"}}
"""
    refuses(
        patchset,
        CONFIG,
        "patchset p, patch 1 (p.yaml:3): the option 'pairs' is left empty by parameters without values "
        "(give them some, or cover the patch with `when`)",
    )


def test_a_null_on_purpose_removes_in_a_merge_and_is_a_value_elsewhere() -> None:
    patchset = """\
parameters: {x: {type: [string, "null"]}}
patches:
  - target: {kind: ConfigMap}
    patch: {data: {a: "${x}"}}
  - target: {kind: ConfigMap}
    patch: [{op: add, path: /x, value: "${x}"}]
"""
    stays(patchset, CONFIG)
    becomes(patchset, CONFIG, CONFIG.replace("data:\n  a: b\n", "data: {}\n") + "x: null\n", values="x: null")


# --- patterns ------------------------------------------------------------------------------------------

NAMES = "".join(
    f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n---\n" for name in ("a.b", "axb", "a-b")
)


def marked(*names: str) -> str:
    text = NAMES
    for name in names:
        text = text.replace(f"  name: {name}\n", f"  name: {name}\nx: 1\n")
    return text


@pytest.mark.parametrize(
    ("form", "text", "names"),
    [
        ("", "a.b", ["a.b"]),
        ("", "a[x]b", []),
        ("regex", "a.b", ["a.b", "axb", "a-b"]),
        ("regex", "a-b|axb", ["axb", "a-b"]),
        ("regex", "(?i)A-B", ["a-b"]),
        ("regex", "(?i)A-B|AXB", ["axb", "a-b"]),
        ("glob", "a?b", ["a.b", "axb", "a-b"]),
        ("glob", "*.b", ["a.b"]),
        ("glob", "a[x]b", []),
    ],
)
def test_a_parameter_in_a_regular_expression(form: str, text: str, names: list[str]) -> None:
    declared = f"{{type: string{f', format: {form}' if form else ''}}}"
    for name in ("${x}", "(?:${x})"):
        patchset = (
            f"parameters: {{x: {declared}}}\npatches: [{{target: {{name: '{name}'}}, patch: {{x: 1}}}}]\n"
        )
        if names:
            becomes(patchset, NAMES, marked(*names), x=text)
        else:
            with pytest.raises(PostrenderError, match="there are"):
                run(patchset, NAMES, x=text)


@pytest.mark.parametrize(
    ("form", "text", "keys"),
    [
        ("", "a/b", ["a/b"]),
        ("", "a~b", ["a~b"]),
        ("", "a*", ["a*"]),
        ("", "[a]", ["[a]"]),
        ("regex", "a.*", []),
        ("glob", "a*", ["a/b", "a~b", "a*"]),
        ("glob", "a?b", ["a/b", "a~b"]),
        ("glob", "[a]", ["[a]"]),
    ],
)
def test_a_parameter_in_a_pointer(form: str, text: str, keys: list[str]) -> None:
    before = CONFIG.replace(
        "  a: b\n", "".join(f"  '{key}': b\n" for key in ("a/b", "a~b", "a*", "[a]", "c"))
    )
    declared = f"{{type: string{f', format: {form}' if form else ''}}}"
    patchset = f"parameters: {{x: {declared}}}\npatches: [{{target: {{kind: ConfigMap}}, patch: [{{op: replace, path: '/data/${{x}}', value: z}}]}}]\n"
    after = before
    for key in keys:
        after = after.replace(f"  '{key}': b\n", f"  '{key}': z\n")
    if keys:
        becomes(patchset, before, after, x=text)
    else:
        with pytest.raises(PostrenderError, match="no member"):
            run(patchset, before, x=text)


def test_a_parameter_in_brackets_of_a_pointer_and_in_where() -> None:
    before = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: a*, image: x}\n  - {name: ab, image: x}\n"
    patchset = """\
parameters: {x: {type: string}}
patches:
  - target: {kind: Pod, where: {"/spec/containers/[name=${x}]/image": "${x}|x"}}
    at: containers/[name=${x}]
    patch: {image: z}
"""
    becomes(patchset, before, before.replace("a*, image: x", "a*, image: z"), x="a*")


def test_a_parameter_can_be_a_whole_pointer() -> None:
    patchset = """\
parameters: {x: {type: string}}
patches:
  - {target: {kind: ConfigMap}, patch: [{op: replace, path: "${x}", value: z}]}
  - {target: {kind: ConfigMap}, at: "${x}", patch: [{op: replace, path: "", value: v}]}
  - {target: {kind: ConfigMap}, transform: merge-pairs, with: {path: "${x}", pairs: {k: v}}}
"""
    becomes(patchset, CONFIG, CONFIG.replace("a: b", "a: v,k=v"), x="/data/*a")
    refuses(
        patchset,
        CONFIG,
        "patchset p, patch 1 (p.yaml:3): path: pointer data without its / (write /data)",
        x="data",
    )


def test_a_parameter_in_a_selector_is_a_label() -> None:
    patchset = "parameters: {x: {type: string}}\npatches: [{target: {labelSelector: 'a in (${x})'}, patch: {b: c}}]\n"
    refuses(
        patchset,
        CONFIG,
        "patchset p, patch 1 (p.yaml:2): a parameter inside a selector has characters that no label has",
        x="a,b",
    )


# --- valueFrom -----------------------------------------------------------------------------------------

TWO = (
    CONFIG
    + "---\n"
    + CONFIG.replace("name: c", "name: d\n  labels: {app: x}").replace("a: b", "a: 80\n  nil: null\n  l: [1]")
)
FROM = """\
kind: Overlay
parameters:
  name: {type: string, default: d}
  x: {type: string, default: {valueFrom: SOURCE}}
patches:
  - target: {kind: ConfigMap, name: c}
    patch: {x: "${x}"}
"""


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{resource: {kind: ConfigMap, name: d, path: /metadata/name}}", "d"),
        ('{resource: {kind: ConfigMap, name: "${name}", path: /data/a}}', '"80"'),
        ("{resource: {kind: Config.*, labelSelector: app=x, path: /data/a}}", '"80"'),
        ("{file: f.txt}", "|\n  two\n  lines"),
        ("{file: f.txt, encoding: base64}", base64.b64encode(b"two\nlines\n").decode()),
        ('{file: "${name}.txt"}', "dd"),
        ("{env: POSTRENDER_TEST}", "from-env"),
    ],
)
def test_a_value_from_elsewhere(source: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTRENDER_TEST", "from-env")
    patchset = FROM.replace("SOURCE", source)
    files = {"f.txt": "two\nlines\n", "d.txt": "dd"}
    becomes(patchset, TWO, TWO.replace("---\n", f"x: {value}\n---\n"), files=files)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{resource: {kind: ConfigMap, path: /data/a}}", ": 2 ConfigMap, where a value is to come from one (there are ConfigMap c, ConfigMap d)"),
        ("{resource: {kind: ConfigMap, name: e, path: /data/a}}", ": no ConfigMap `e`, where a value is to come from one (there are c, d)"),
        ("{resource: {kind: ConfigMap, name: d, path: /data/z}}", ", ConfigMap d: no member /data/z (there are a, l, nil)"),
        ("{resource: {kind: ConfigMap, name: d, path: /data/*}}", ", ConfigMap d: 3 places"),
        ("{resource: {kind: ConfigMap, name: d, path: /data/nil}}", ", ConfigMap d: /data/nil is null, not a scalar"),
        ("{resource: {kind: ConfigMap, name: d, path: /data/l}}", ", ConfigMap d: /data/l is a list, not a scalar"),
        ("{env: POSTRENDER_NOT_THERE}", ": the environment has no 'POSTRENDER_NOT_THERE'"),
        ("{file: nix}", ", nix: cannot be read: No such file or directory"),
        ("{file: ., encoding: base64}", ", .: cannot be read: Is a directory"),
    ],
)  # fmt: skip
def test_a_value_that_is_not_to_be_found(source: str, message: str) -> None:
    refuses(FROM.replace("SOURCE", source), TWO, f"patchset o, patch 1 (o.yaml:6), o.yaml:4{message}")


def test_a_value_from_elsewhere_by_values_file_and_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTRENDER_TEST", "from-env")
    patchset = "parameters: {x: {type: string}}\npatches: [{target: {name: c}, patch: {x: '${x}'}}]\n"
    after = TWO.replace("---\n", "x: from-env\n---\n")
    becomes(patchset, TWO, after, values="x: {valueFrom: {env: POSTRENDER_TEST}}")
    overlay = (
        "kind: Overlay\npatchsets: [{name: ./in.yaml, with: {x: {valueFrom: {env: POSTRENDER_TEST}}}}]\n"
    )
    becomes(overlay, TWO, after, files={"in.yaml": f"{patchset}name: in\n"})
    sets("{type: array}", "'${x}'", "\n- from-env", values="x: [{valueFrom: {env: POSTRENDER_TEST}}]")


def test_dollars_in_a_values_file_are_literal_everywhere() -> None:
    refuses(
        "parameters: {x: {type: string}}\npatches: [{target: {name: c}, patch: {x: '${x}'}}]\n",
        TWO,
        "patchset p, values1.yaml:1, ${HOME}: cannot be read: No such file or directory",
        values="x: {valueFrom: {file: '${HOME}'}}",
    )
    sets("{type: object}", "'${x}'", '\n  "${a}": "${b}"', values="x: {'${a}': '${b}'}")


def test_a_link_out_of_the_folder_is_outside() -> None:
    patchset = (
        "parameters: {f: {type: string}, x: {type: string, default: {valueFrom: {file: '${f}'}}}}\n"
        "patches: [{target: {name: c}, patch: {x: '${x}'}}]\n"
    )
    for path in ("../up.txt", "/etc/hostname", "~/x"):
        refuses(
            patchset,
            TWO,
            "patchset p, patch 1 (p.yaml:2), p.yaml:1: a file outside the patchset's folder",
            f=path,
        )


def test_defaults_are_worked_out_only_when_needed() -> None:
    patchset = FROM.replace("SOURCE", "{resource: {kind: ConfigMap, name: nix, path: /a}}")
    becomes(patchset, TWO, TWO.replace("---\n", "x: given\n---\n"), x="given")
    stays(patchset.replace("  - target", "  - when: {name: other}\n    target"), TWO)


def test_a_value_is_looked_up_when_the_use_starts() -> None:
    patchset = """\
kind: Overlay
parameters: {x: {type: string, default: {valueFrom: {resource: {kind: ConfigMap, name: c, path: /data/a}}}}}
patchsets: [{name: ./in.yaml, with: {x: "${x}"}}]
patches: [{target: {name: c}, patch: {x: "${x}"}}]
"""
    used = "name: in\nparameters: {x: {type: string}}\npatches: [{target: {name: c}, patch: {data: {a: new}, z: '${x}'}}]\n"
    becomes(patchset, CONFIG, CONFIG.replace("a: b", "a: new") + "z: b\nx: b\n", files={"in.yaml": used})


# --- where values come from ----------------------------------------------------------------------------

INNER = """\
name: inner
parameters: {x: {type: string, default: from-default}, req: {type: string, default: r}}
patches: [{target: {name: c}, patch: {x: "${x}"}}]
"""
OUTER = "kind: Overlay\nparameters: {z: {type: string}}\npatchsets:\n  - {name: ./in.yaml}\n"


def test_later_wins() -> None:
    files = {"in.yaml": INNER}
    becomes(OUTER, CONFIG, f"{CONFIG}x: from-default\n", files=files)
    outer = OUTER.replace("in.yaml}", "in.yaml, with: {x: from-with}}")
    becomes(outer, CONFIG, f"{CONFIG}x: from-with\n", files=files)
    values = ["inner: {x: from-file}"]
    becomes(outer, CONFIG, f"{CONFIG}x: from-file\n", files=files, values=values)
    values.append("inner: {x: later, req: s}")
    becomes(outer, CONFIG, f"{CONFIG}x: later\n", files=files, values=values)
    sets = ["inner.x=from-set"]
    becomes(outer, CONFIG, f"{CONFIG}x: from-set\n", files=files, values=values, sets=sets)


def test_an_unset_parameter_of_an_overlay_leaves_the_default() -> None:
    outer = OUTER.replace("in.yaml}", 'in.yaml, with: {x: "${z}"}}')
    files = {"in.yaml": INNER}
    becomes(outer, CONFIG, f"{CONFIG}x: from-default\n", files=files)
    becomes(outer, CONFIG, f"{CONFIG}x: zz\n", files=files, z="zz")
    becomes(outer, CONFIG, f"{CONFIG}x: zz\n", files=files, values="o: {z: zz}")
    becomes(outer, CONFIG, f"{CONFIG}x: zz\n", files=files, sets=["o.z=zz"])


def test_an_integer_passed_on_to_a_string() -> None:
    outer = OUTER.replace("z: {type: string}", "z: {type: integer, default: 1800}")
    outer = outer.replace("in.yaml}", 'in.yaml, with: {x: "${z}"}}')
    becomes(outer, CONFIG, f'{CONFIG}x: "1800"\n', files={"in.yaml": INNER})


def test_set_file_takes_a_file_as_it_stands() -> None:
    files = {"key.pem": "a\n${b}: c\n", "list.yaml": "[a]\n"}
    sets("{type: string}", "'${x}'", "|\n  a\n  ${b}: c", files=files, set_files=["x=key.pem"])
    sets("{type: array}", "'${x}'", "\n- a", files=files, set_files=["x=list.yaml"])
    wrong(
        "{type: string}", "--set-file x, nix: cannot be read: No such file or directory", set_files=["x=nix"]
    )


def test_mistakes_on_the_command_line_come_all_at_once() -> None:
    refuses(
        OUTER,
        CONFIG,
        """\
values1.yaml:1: there is no parameter 'zz' (did you mean z?)
values1.yaml:2: inner has no parameter 'xx' (did you mean x?)
values1.yaml:3: 'o' is text, not a mapping of the parameters of that use
--set a: there is no parameter 'a' (there are inner, o, z)
--set z: no `=` (write --set parameter=value)
--set inner.y: inner has no parameter 'y' (did you mean y1?)
--set iner.x: no use has the label 'iner' (did you mean inner?)
--set o.z: given twice on the command line
--set-file z: given twice on the command line
""",
        files={"in.yaml": INNER.replace("req:", "y1:")},
        values="zz: 1\ninner: {xx: 1}\no: text\n",
        sets=["a=1", "z", "z=1", "inner.y=1", "iner.x=1", "o.z=2"],
        set_files=["z=x"],
    )


def test_values_files_that_are_none() -> None:
    wrong(
        "{type: string}",
        "values1.yaml: a values file is a list, not a mapping of parameters to values",
        values="[x]",
    )
    wrong(
        "{type: string}", "values1.yaml:2: no valid YAML: did not find expected node content", values="x: [\n"
    )
    wrong("{type: string}", "values1.yaml:2: the key 'x' stands twice in one mapping", values="x: a\nx: b\n")
    stays("parameters: {x: {type: string}}\n", CONFIG, values=["", "# x: 1", "p:\n  # x: 1\n", "{}"])


def test_required_parameters() -> None:
    patchset = "parameters:\n  a: {type: string, required: true, description: The a.}\n  b: {type: string, required: true}\n"
    refuses(
        patchset,
        CONFIG,
        "p needs the parameter 'a': The a. (say --set p.a=…)\np needs the parameter 'b' (say --set p.b=…)",
    )
    stays(patchset, CONFIG, a="x", b="z")
    inner = f"{patchset}name: inner\n"
    refuses(OUTER, CONFIG, "o.yaml:4: inner needs the parameter 'a': The a. (say --set inner.a=…)\n"
            "o.yaml:4: inner needs the parameter 'b' (say --set inner.b=…)", files={"in.yaml": inner})  # fmt: skip
    guarded = OUTER.replace("in.yaml}", "in.yaml, when: z}")
    stays(guarded, CONFIG, files={"in.yaml": inner})
    refuses(
        guarded,
        CONFIG,
        "patchset o, patchset inner: the parameter 'a' is required and has no value",
        files={"in.yaml": inner},
        z="zz",
    )


def test_required_below_an_overlay_that_is_not_used() -> None:
    files = {
        "in.yaml": "kind: Overlay\nname: mid\npatchsets: [{name: ./deep.yaml}]\n",
        "deep.yaml": "name: deep\nparameters: {a: {type: string, required: true}}\n",
    }
    stays(OUTER.replace("in.yaml}", "in.yaml, when: z}"), CONFIG, files=files)


# --- labels --------------------------------------------------------------------------------------------

TWICE = """\
kind: Overlay
parameters: {m: {type: string}}
patchsets:
  - {name: ./in.yaml}
  - {name: ./in.yaml}
  - {name: ./in.yaml, as: third, with: {x: c}}
"""


def test_a_label_that_stands_twice_is_an_error_only_when_addressed() -> None:
    files = {"in.yaml": INNER}
    run(TWICE, CONFIG, files=files, sets=["third.x=3"])
    error = "the label 'inner' stands twice (give the uses names of their own with `as`)"
    refuses(TWICE, CONFIG, f"--set inner.x: {error}", files=files, sets=["inner.x=3"])
    refuses(TWICE, CONFIG, f"values1.yaml:1: {error}", files=files, values="inner: {x: 3}")


def test_a_label_that_is_also_a_parameter() -> None:
    overlay = TWICE.replace("as: third", "as: m")
    files = {"in.yaml": INNER}
    refuses(
        overlay,
        CONFIG,
        "values1.yaml:1: 'm' is both a parameter and the label of a use",
        files=files,
        values="m: {x: 3}",
    )
    run(overlay, CONFIG, files=files, sets=["m=1", "m.x=3"])


def test_a_parameter_that_two_patchsets_have() -> None:
    text = "parameters: {x: {type: string}}\n"
    with planned(f"{text}name: p\n", files={"q.yaml": f"{text}name: q\n"}):
        from postrender import uses

        with pytest.raises(PostrenderError) as caught:
            uses.plan(patchsets=["./p.yaml", "./q.yaml"], sets=["x=1"])
        assert str(caught.value) == "--set x: more than one patchset has a parameter 'x' (say p.x or q.x)"
        plan = uses.plan(patchsets=["./p.yaml", "./q.yaml"], sets=["p.x=1", "q.x=2"])
        assert [given["x"].template for given in map(plan.given_to, plan.uses)] == ["1", "2"]


# --- secrets -------------------------------------------------------------------------------------------


def shown(**how: Any) -> str:
    """All that a report could say of a run in which `x` lands in a ConfigMap."""
    patchset = f"kind: Overlay\nparameters: {{x: {how.pop('declared')}}}\npatches: [{{target: {{name: c}}, patch: {{data: {{a: 'see ${{x}}'}}}}}}]\n"
    rendered = run(patchset, how.pop("before", CONFIG), **how)
    assert b"see hunter22" in rendered.output
    return f"{rendered.changes}{notes(rendered)}"


def test_secret_values_are_in_no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTRENDER_TEST", "hunter22")
    env = "{valueFrom: {env: POSTRENDER_TEST}}"
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: hunter22}\n---\n"
    for kind in ("Secret", "Secret|Other", "S.*"):
        found = f"{{valueFrom: {{resource: {{kind: '{kind}', name: s, path: /stringData/p}}}}}}"
        assert "hunter22" not in shown(declared=f"{{type: string, default: {found}}}", before=secret + CONFIG)
    assert "hunter22" not in shown(declared="{type: string, secret: true}", x="hunter22")
    assert "hunter22" not in shown(declared=f"{{type: string, default: {env}}}")
    assert "hunter22" not in shown(declared="{type: string}", values=f"x: {env}")
    assert "hunter22" in shown(declared="{type: string}", x="hunter22")


def test_secret_values_are_in_no_error() -> None:
    for declared in (
        "{type: integer, secret: true}",
        "{enum: [a], secret: true}",
        "{type: string, format: regex, secret: true}",
    ):
        with pytest.raises(PostrenderError) as caught:
            run(f"parameters: {{x: {declared}}}\n", CONFIG, x="hunter22(")
        assert "hunter22" not in str(caught.value)
