"""Reading patchsets and overlays: every mistake is an error with file and line, and all come at once."""

# ruff: noqa: E501 - the messages are as long as they are

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postrender import library, pipeline, uses
from postrender.errors import FormatErrors, PostrenderError
from tests import tools
from tests.runs import folder, planned, run

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  type: ClusterIP
"""


def mistakes(patchset: str, expected: str, **how: Any) -> None:
    """Sees to it that a file has just these mistakes, one a line."""
    with pytest.raises(FormatErrors) as caught, planned(patchset, **how):
        pass
    assert str(caught.value) == expected.strip()


def patch(*lines: str) -> str:
    """A patchset of one patch for Services, whose other fields are these lines; they begin in line 3."""
    return "patches:\n  - target: {kind: Service}\n" + "".join(f"    {line}\n" for line in lines)


# --- the file ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[1]", "p.yaml:1: no patchset: the file holds no mapping"),
        ("", "p.yaml:1: no patchset: the file holds no mapping"),
        ("# name: x", "p.yaml:1: no patchset: the file holds no mapping"),
        ("name: [", "p.yaml:2: no valid YAML: did not find expected node content"),
        ("name: x\n\tkind: Patchset", "p.yaml:2: no valid YAML: found a tab character that violates indentation"),
        (
            "name: x\npatches:\n  - {target: {name: ${x}}}",
            "p.yaml:3: no valid YAML: did not find expected ',' or '}'"
            ' (inside { } and [ ] a parameter needs quotes: "${name}")',
        ),
        ("name: *", "p.yaml:1: no valid YAML: did not find expected alphabetic or numeric character"
         " (a text that begins with * or & needs quotes)"),
        ("name: *x", "p.yaml:1: an alias without an anchor: a plain scalar that begins with * names one (a text that begins with * or & needs quotes)"),
        ("{a: " * 250, "p.yaml:1: nested deeper than 200 levels"),
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_a_file_that_is_no_patchset(text: str, error: str) -> None:
    with folder({"p.yaml": text}), pytest.raises(PostrenderError) as caught:
        uses.plan(patchsets=["./p.yaml"])
    assert str(caught.value) == error


def test_a_file_that_is_not_text() -> None:
    with folder({}) as here:
        (here / "p.yaml").write_bytes(b"name: \xff\n")
        with pytest.raises(PostrenderError, match=r"^p\.yaml: not valid UTF-8$"):
            uses.plan(patchsets=["./p.yaml"])
        (here / "p.yaml").write_bytes(b"#" * (5 << 20))
        with pytest.raises(PostrenderError, match=r"^p\.yaml: larger than 4 MiB$"):
            uses.plan(patchsets=["./p.yaml"])


def test_keys_and_documents_that_are_too_many() -> None:
    mistakes(
        """\
name: p
patches:
  - name: x
    target: {kind: A}
    patch: {spec: {a: 1}}
    name: yy
name: q
---
name: r
""",
        """\
p.yaml:6: the key 'name' stands twice in one mapping
p.yaml:7: the key 'name' stands twice in one mapping
p.yaml:8: more than one document
""",
    )


def test_unknown_fields_at_every_level() -> None:
    mistakes(
        """\
name: p
patchs: []
tag: [a]
parameters:
  a: {type: string, defualt: x}
refuse:
  - {wen: a, when: a, message: x}
resources:
  - {resourc: {}, path: p.yaml}
patches:
  - nam: x
    target: {kinds: A, kind: A}
    patch: {spec: {a: 1}}
    options:
      allowNamechange: true
  - target: {kind: A}
    transform: merge-pairs
    with: {path: /a, pairs: {a: b}, seperator: ","}
""",
        """\
p.yaml:2: the file has no field 'patchs' (did you mean patches or patchsets?)
p.yaml:3: the file has no field 'tag' (did you mean tags?)
p.yaml:5: parameter 'a' has no field 'defualt' (did you mean default?)
p.yaml:7: an entry of refuse has no field 'wen' (did you mean when?)
p.yaml:9: an entry of resources has no field 'resourc' (did you mean resource?)
p.yaml:9: a resource in document 1 of p.yaml needs the field 'apiVersion'
p.yaml:9: a resource in document 1 of p.yaml needs the field 'kind'
p.yaml:9: a resource in document 1 of p.yaml needs the field 'metadata'
p.yaml:11: a patch has no field 'nam' (did you mean name?)
p.yaml:12: target has no field 'kinds' (did you mean kind?)
p.yaml:15: options has no field 'allowNamechange' (did you mean allowNameChange or allowKindChange?)
p.yaml:18: the transform merge-pairs has no field 'seperator' (did you mean separator?)
""",
    )


def test_an_unknown_field_is_shown_where_its_key_stands() -> None:
    mistakes("name: p\npatchess:\n  - a\n", "p.yaml:2: the file has no field 'patchess' (did you mean patches or patchsets?)")  # fmt: skip


def test_wrong_types_at_every_level() -> None:
    mistakes(
        """\
apiVersion: v1
kind: patchset
name: 5
description: [a]
tags: [aws, {a: b}]
require: all
parameters:
  a: string
refuse: {when: a}
resources: x.yaml
patches:
  - target: [Service]
    patch: 3
  - patch
  - target: {kind: [A], name: null, labelSelector: {a: b}, where: /spec/x, unless: {/spec/y: [z]}}
    name: [x]
    at: [x]
    patch: {spec: {a: 1}}
    optional: yes please
    hooks: never
    options: {mergeKeys: [a], allowNameChange: 1}
""",
        """\
p.yaml:1: apiVersion is not postrender/v1
p.yaml:2: kind is none of Patchset, Overlay (did you mean Patchset?)
p.yaml:3: name is an integer, not text (in quotes it is text)
p.yaml:4: description is a list, not text
p.yaml:5: an element of tags is a mapping, not text
p.yaml:6: require is none of any
p.yaml:8: parameter 'a' is text, not a mapping
p.yaml:8: parameter 'a' has no type
p.yaml:9: refuse is a mapping, not a list
p.yaml:10: resources is text, not a list
p.yaml:12: target is a list, not a mapping
p.yaml:13: a patch is an integer
p.yaml:14: a patch is text, not a mapping
p.yaml:14: a patch needs one of patch, path and transform, and has none
p.yaml:15: kind is a list, not text
p.yaml:15: name is null, not text
p.yaml:15: labelSelector is a mapping, not text
p.yaml:15: where is text, not a mapping
p.yaml:15: unless holds a list, not a regular expression for a scalar
p.yaml:16: name is a list, not text
p.yaml:17: at is a list, not text
p.yaml:19: optional is text, not true or false
p.yaml:20: hooks is none of include, exclude, only
p.yaml:21: mergeKeys is a list, not a mapping
p.yaml:21: allowNameChange is an integer, not true or false
""",
    )


def test_a_kustomization_is_none() -> None:
    mistakes(
        """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: x
patchesStrategicMerge: [a.yaml]
patches:
  - path: p.yaml
    target: {apiVersion: v1, kind: Service}
""",
        """\
p.yaml:1: apiVersion is not postrender/v1
p.yaml:2: kind is none of Patchset, Overlay
p.yaml:3: the file has no field 'namespace' (did you mean name?)
p.yaml:4: the file has no field 'patchesStrategicMerge' (there are apiVersion, description, kind, name, parameters, patches, patchsets, refuse, require, resources, tags)
p.yaml:7: target has no field 'apiVersion' (did you mean version?)
""",
    )


@pytest.mark.parametrize("name", ["a b", "a/b", "-a", "a.b", "é", "''", "~"])
def test_names_are_labels_too(name: str) -> None:
    with pytest.raises(PostrenderError, match=r"^p\.yaml:1: "), planned(f"name: {name}\n"):
        pass


def test_only_an_overlay_names_patchsets() -> None:
    mistakes(
        "patchsets:\n  - name: alb-nodeport\n",
        "p.yaml:2: only an Overlay names patchsets (write `kind: Overlay`)",
    )


# --- parameters ----------------------------------------------------------------------------------------


def test_parameters_as_they_cannot_be_declared() -> None:
    mistakes(
        """\
parameters:
  a b: {type: string}
  any: {type: string}
  c: {}
  d: {type: strng}
  e: {type: [string, int]}
  f: {type: integer, default: x}
  g: {type: string, enum: [a, b], default: c}
  h: {type: string, required: true, default: c}
  i: {type: integer, format: regex}
  j: {type: string, format: date}
  k: {type: string, format: regex, default: "a("}
  l: {type: string, additionalProperties: {type: string}}
  m: {type: object, items: {type: string}}
  n: {type: string}
  nn: {type: object, additionalProperties: string}
  o: {enum: []}
  p: {enum: [{a: b}]}
  q: {type: object, additionalProperties: {type: string, required: true}}
  r: {type: array, items: {type: integer}, default: [1, x]}
  s: {type: string, default: null}
""",
        """\
p.yaml:2: 'a b' is no name for a parameter (letters, digits, - and _)
p.yaml:3: 'any' is no name for a parameter (letters, digits, - and _)
p.yaml:4: parameter 'c' has no type
p.yaml:5: 'strng' is no type (there are string, integer, number, boolean, array, object, null)
p.yaml:6: 'int' is no type (there are string, integer, number, boolean, array, object, null)
p.yaml:7: the default of 'f' is text, not integer
p.yaml:8: the default of 'g' is none of a, b
p.yaml:9: parameter 'h' is required and has a default
p.yaml:10: format is for type string
p.yaml:11: format is none of regex, glob
p.yaml:12: the default of 'k' is a bad regular expression (missing ), unterminated subpattern, at character 2)
p.yaml:13: additionalProperties is for type object
p.yaml:14: items is for type array
p.yaml:15: 'false' is no name for a parameter (y, n, on and off are true or false in YAML)
p.yaml:16: additionalProperties is text, not a mapping
p.yaml:16: additionalProperties has no type
p.yaml:17: enum is a list of scalars, at least one
p.yaml:18: enum is a list of scalars, at least one
p.yaml:19: additionalProperties has no field 'required' (there are additionalProperties, description, enum, format, items, type)
p.yaml:20: the default of 'r' element 2 is text, not integer
p.yaml:21: the default of 's' is null, not string
""",
    )


def test_references_to_nothing() -> None:
    mistakes(
        """\
parameters:
  ingress: {type: string, default: "${below}"}
  below: {type: string, default: "${below} ${nix}"}
refuse:
  - {when: ingres, message: x}
resources:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: "${nix}"}, data: {"${nix}": a}}
patches:
  - target: {kind: Ingress, name: "${ingres}", where: {"/a/${nix}": "${nix}"}}
    at: /a/${nix}
    patch: {a: "${ ingress }"}
  - target: {kind: Ingress}
    patch: |
      - {op: add, path: "/a/${nix}", value: "${nix}"}
  - target: {kind: Ingress}
    patch: {a: "${ingress", b: "$${nix}", c: "${}"}
    options: {mergeKeys: {"/a/${nix}": name, /b: "${ingress}"}}
  - target: {kind: Ingress}
    transform: merge-pairs
    with: {path: "/a/${nix}", pairs: {a: "${nix}"}}
""",
        """\
p.yaml:2: a default that uses 'below', which is not declared above it
p.yaml:3: a default that uses 'below', which is not declared above it
p.yaml:3: no parameter 'nix' is declared (there are ingress; $${ is a literal ${)
p.yaml:5: no parameter 'ingres' is declared (did you mean ingress?)
p.yaml:7: no parameter 'nix' is declared (there are below, ingress; $${ is a literal ${)
p.yaml:9: no parameter 'ingres' is declared (did you mean ingress?; $${ is a literal ${)
p.yaml:9: no parameter 'nix' is declared (there are below, ingress; $${ is a literal ${)
p.yaml:10: no parameter 'nix' is declared (there are below, ingress; $${ is a literal ${)
p.yaml:11: no parameter ' ingress ' is declared (did you mean ingress?; $${ is a literal ${)
p.yaml:13: no parameter 'nix' is declared (there are below, ingress; $${ is a literal ${)
p.yaml:16: a ${ without its } ($${ is a literal ${)
p.yaml:16: no parameter '' is declared (there are below, ingress; $${ is a literal ${)
p.yaml:17: no parameter 'nix' is declared (there are below, ingress; $${ is a literal ${)
p.yaml:17: mergeKeys holds the name of a member, or a list of names
p.yaml:20: no parameter 'nix' is declared (there are below, ingress; $${ is a literal ${)
""",
    )


def test_a_secret_stands_in_values_only() -> None:
    error = "the secret parameter 's' in a key, name or pattern, where it would show"
    mistakes(
        """\
parameters: {s: {type: string, secret: true}}
resources:
  - {apiVersion: v1, kind: Secret, metadata: {name: x}, stringData: {"${s}": a, b: "${s}"}}
patches:
  - target: {name: "${s}"}
    patch: {a: "x${s}"}
  - target: {kind: Secret, where: {/a: "${s}"}}
    at: /data/${s}
    patch: [{op: add, path: "/${s}", value: "${s}"}]
  - target: {labelSelector: "a=${s}"}
    patch: {"${s}": null}
""",
        "\n".join(f"p.yaml:{line}: {error}" for line in (3, 5, 7, 8, 9, 10, 11)),
    )


# --- patches -------------------------------------------------------------------------------------------


def test_one_way_to_patch() -> None:
    mistakes(
        """\
patches:
  - target: {kind: A}
    patch: {a: 1}
    path: a.yaml
  - target: {kind: A}
    patch: {a: 1}
    transform: merge-pairs
  - target: {kind: A}
  - target: {kind: A}
    patch: {a: 1}
    with: {path: /a}
  - target: {kind: A}
    patch: [{op: remove, path: /a}]
    options: {mergeKeys: {/a: name}}
""",
        """\
p.yaml:2: a patch needs one of patch, path and transform, and has both patch and path
p.yaml:5: a patch needs one of patch, path and transform, and has both patch and transform
p.yaml:8: a patch needs one of patch, path and transform, and has none
p.yaml:11: `with` is for a transform
p.yaml:14: mergeKeys is for a strategic merge
""",
    )


@pytest.mark.parametrize(
    "empty", ["''", "{}", "[]", "null", "", '"# nothing"', "|\n      ---\n      # nothing\n"]
)
def test_an_empty_patch(empty: str) -> None:
    mistakes(patch(f"patch: {empty}"), "p.yaml:3: an empty patch")


def test_an_empty_file_of_a_patch() -> None:
    mistakes(patch("path: e.yaml"), "p.yaml:3: an empty patch", files={"e.yaml": "# nothing\n---\n"})


@pytest.mark.parametrize(
    "path", ["../x.yaml", "/etc/hostname", "a/../../x.yaml", "link.yaml", "linked/x.yaml"]
)
def test_a_path_outside_the_folder(path: str) -> None:
    with folder(
        {"in/p.yaml": f"name: p\npatches: [{{target: {{kind: A}}, path: {path}}}]\n", "x.yaml": "a: b"}
    ) as here:
        (here / "in/a").mkdir()
        (here / "in/link.yaml").symlink_to(here / "x.yaml")
        (here / "in/linked").symlink_to(here)
        with pytest.raises(PostrenderError) as caught:
            uses.plan(patchsets=["./in/p.yaml"])
    assert str(caught.value) == "in/p.yaml:2: a path outside the patchset's folder"


@pytest.mark.parametrize("path", ["nix.yaml", ".", "a\\0b", "x" * 300, "loop", ""])
def test_a_path_to_nothing(path: str) -> None:
    with folder({"p.yaml": f'name: p\npatches: [{{target: {{kind: A}}, path: "{path}"}}]\n'}) as here:
        (here / "loop").symlink_to("loop")
        with pytest.raises(PostrenderError, match=r"^p\.yaml:2: no file '.*' in the patchset's folder$"):
            uses.plan(patchsets=["./p.yaml"])


def test_a_file_in_the_folder_by_a_link_is_fine() -> None:
    with folder(
        {"in/p.yaml": "name: p\npatches: [{target: {kind: A}, path: link.yaml}]\n", "in/x.yaml": "a: b"}
    ) as here:
        (here / "in/link.yaml").symlink_to("x.yaml")
        (here / "other").symlink_to("in")
        assert uses.plan(patchsets=["./other/p.yaml"]).uses[0].patchset.patches[0].body == {"a": "b"}


def test_a_file_of_a_patch_that_is_no_yaml() -> None:
    mistakes(
        patch("path: bad.yaml"),
        "p.yaml:3: no valid YAML: did not find expected node content, in line 5 of bad.yaml",
        files={"bad.yaml": "a: b\n---\nb:\n  [\n"},
    )
    mistakes(
        patch("patch: |", "  a: b", "  c: *d"),
        "p.yaml:3: an alias without an anchor: a plain scalar that begins with * names one, in line 2 of the text"
        " (a text that begins with * or & needs quotes)",
    )


def test_pointers_operations_and_expressions() -> None:
    mistakes(
        """\
patches:
  - target: {kind: "Service)", version: "[", labelSelector: "a b", annotationSelector: "a in ()"}
    at: spec
    patch: [{op: remove, path: spec}, {op: remov, path: /spec}, {path: /spec}, {op: add, path: /spec}, x]
  - target: {kind: A, where: {spec/x: a, "/spec/[x": a, /y: "("}, unless: {/a: "*"}}
    at: podTemplates/spec
    patch:
      - {op: replace, path: /a, values: [x]}
      - {op: add, path: /a, value: 1, ifMissing: skip}
      - {op: remove, path: /a, valu: 1}
      - {op: move, path: /a}
      - {op: add, path: /a/*, value: 1}
      - {op: add, path: /~2, value: 1}
  - target: {kind: A}
    patch: {spec: {$patch: remove}}
    options: {mergeKeys: {spec/x: name, /y: 3, /z: []}}
  - target: {kind: A}
    transform: merge-pair
  - target: {kind: A}
    transform: merge-pairs
  - target: {kind: A}
    transform: merge-pairs
    with: {path: spec, pairs: [a]}
""",
        r"""
p.yaml:2: a bad regular expression (unterminated character set, at character 1)
p.yaml:2: a bad regular expression (unbalanced parenthesis, at character 8)
p.yaml:2: a bad selector a b (b is none of = == != in notin)
p.yaml:2: a bad selector a in () (no values in the brackets)
p.yaml:3: spec does not start with / or a known word (there are containers, podTemplate)
p.yaml:4: path: pointer spec without its / (write /spec)
p.yaml:4: unknown op remov (did you mean remove or move?)
p.yaml:4: an operation without its op (there are add, copy, move, remove, replace, test)
p.yaml:4: add without its value (for null write value: null)
p.yaml:4: an operation is text, not a mapping
p.yaml:5: pointer spec/x without its / (write /spec/x)
p.yaml:5: a bracket that does not fit in pointer /spec/[x ([name=value] is a segment of its own, with ~1 for /; write \[ and \] for the characters)
p.yaml:5: a bad regular expression (missing ), unterminated subpattern, at character 1)
p.yaml:5: a bad regular expression (nothing to repeat, at character 1)
p.yaml:6: podTemplates/spec does not start with / or a known word (did you mean podTemplate?)
p.yaml:8: values has no meaning for replace (it is for add)
p.yaml:9: add has no such ifMissing (it can be create)
p.yaml:10: unknown key valu (did you mean value or values?)
p.yaml:11: move without its from
p.yaml:12: the last segment of /a/* is a pattern (name what is to be added; write \* for the character *)
p.yaml:13: path: a bare ~ in pointer /~2 (write ~0 for ~ and ~1 for /)
p.yaml:15: $patch is none of delete, replace, merge
p.yaml:16: pointer spec/x without its / (write /spec/x)
p.yaml:16: mergeKeys holds the name of a member, or a list of names
p.yaml:18: no transform 'merge-pair' (did you mean merge-pairs?)
p.yaml:19: the transform merge-pairs needs the option 'path'
p.yaml:19: the transform merge-pairs needs the option 'pairs'
p.yaml:23: pointer spec without its / (write /spec)
p.yaml:23: the option 'pairs' is a list, not object
""",
    )


def test_a_patch_without_target() -> None:
    mistakes(
        """\
patches:
  - patch: {spec: {a: 1}}
  - patch: {kind: A, spec: {a: 1}}
  - patch: {metadata: {name: x}, spec: {a: 1}}
  - patch: [{op: remove, path: /a}]
  - {at: /spec, patch: {kind: A, metadata: {name: x}}}
""",
        """\
p.yaml:2: a patch without target names its resource itself (give kind and metadata.name)
p.yaml:3: a patch without target names its resource itself (give kind and metadata.name)
p.yaml:4: a patch without target names its resource itself (give kind and metadata.name)
p.yaml:5: a JSON patch, a transform and a patch with `at` need a target
p.yaml:6: a JSON patch, a transform and a patch with `at` need a target
""",
    )


# --- resources and refusals ----------------------------------------------------------------------------


def test_resources_that_are_none() -> None:
    mistakes(
        """\
resources:
  - nix.yaml
  - ../x.yaml
  - bad.yaml
  - two.yaml
  - {kind: A}
  - {resource: {apiVersion: v1, kind: A, metadata: {name: x}}, path: two.yaml}
  - {when: x}
  - {path: list.yaml, onConflict: overwrite}
  - 3
  -
  - [a]
  - {resource: text}
  - {resource: {apiVersion: v1, kind: A, metadata: {name: x, labels: {$patch: delete}}}}
""",
        """\
p.yaml:2: no file 'nix.yaml' in the patchset's folder
p.yaml:3: a path outside the patchset's folder
p.yaml:4: bad.yaml, document 1, line 2: no valid YAML: did not find expected node content
p.yaml:5: a resource in document 2 of two.yaml needs the field 'metadata'
p.yaml:6: a resource needs the field 'apiVersion'
p.yaml:6: a resource needs the field 'metadata'
p.yaml:7: an entry of resources needs `resource` or `path`, and not both
p.yaml:7: a resource in document 2 of two.yaml needs the field 'metadata'
p.yaml:8: an entry of resources needs `resource` or `path`, and not both
p.yaml:8: no parameter 'x' is declared
p.yaml:9: onConflict is none of error, replace, merge, skip
p.yaml:9: a List in document 1 of list.yaml (add each of its items as a resource of its own)
p.yaml:10: no file '3' in the patchset's folder
p.yaml:11: no file '' in the patchset's folder
p.yaml:12: an entry of resources is a list, not a mapping
p.yaml:12: an entry of resources needs `resource` or `path`, and not both
p.yaml:13: a resource needs the field 'apiVersion'
p.yaml:13: a resource needs the field 'kind'
p.yaml:13: a resource needs the field 'metadata'
p.yaml:14: $patch is for a patch, not for a resource
""",
        files={
            "bad.yaml": "a: [\n",
            "two.yaml": "apiVersion: v1\nkind: A\nmetadata: {name: x}\n---\napiVersion: v1\nkind: B\n",
            "list.yaml": "apiVersion: v1\nkind: List\nmetadata: {}\nitems: []\n",
        },
    )


def test_conditions_that_cannot_be() -> None:
    mistakes(
        """\
parameters:
  mode: {enum: [field, annotation]}
  port: {type: integer}
  flag: {type: boolean}
refuse:
  - {message: never}
  - {when: mode}
  - {when: mod, message: x}
  - {when: {mode: fild}, message: x}
  - {when: {mode: [field, x]}, message: x}
  - {unless: {port: http}, message: x}
  - {unless: {flag: "true"}, message: x}
  - {when: {any: mode}, message: x}
  - {when: {any: [mode], port: 80}, message: x}
  - {when: [], message: x}
  - {when: {}, message: x}
  - {when: , message: x}
  - {when: true, message: x}
  - {when: {mode: []}, message: x}
  - {when: {nix: 1}, message: x}
  - {when: [mode, {any: [{port: x}, nix]}], message: x}
""",
        """\
p.yaml:6: an entry of refuse needs `when` or `unless`
p.yaml:7: an entry of refuse needs the field 'message'
p.yaml:8: no parameter 'mod' is declared (did you mean mode?)
p.yaml:9: the parameter 'mode' is never this: it is none of field, annotation
p.yaml:10: the parameter 'mode' is never this: it is none of field, annotation
p.yaml:11: the parameter 'port' is never this: it is text, not integer
p.yaml:12: the parameter 'flag' is never this: it is text, not boolean
p.yaml:13: `any` holds a list of conditions, and stands alone
p.yaml:14: `any` holds a list of conditions, and stands alone
p.yaml:15: a condition is an empty list, not a name, mapping or list
p.yaml:16: a condition is an empty mapping, not a name, mapping or list
p.yaml:17: a condition is null, not a name, mapping or list
p.yaml:18: a condition is true or false, not a name, mapping or list
p.yaml:19: no value that 'mode' could have
p.yaml:20: no parameter 'nix' is declared (there are flag, mode, port)
p.yaml:21: the parameter 'port' is never this: it is text, not integer
p.yaml:21: no parameter 'nix' is declared (there are flag, mode, port)
""",
    )


# --- overlays ------------------------------------------------------------------------------------------


def test_uses_that_cannot_be() -> None:
    mistakes(
        """\
kind: Overlay
name: o
patchsets:
  - {name: alb-nodeprt}
  - {name: ./nix.yaml}
  - {name: ./in}
  - {with: {a: b}}
  - {name: ./good.yaml, as: a.b}
  - {name: ./good.yaml, with: {nam: x}}
  - {name: ./good.yaml, with: {name: "${nix}", port: http}}
  - {name: ./good.yaml, with: [a], optional: 1, whn: a}
  - {name: ./bad.yaml}
  - {name: ./o.yaml}
  - {name: a/./../o.yaml}
  - alb-nodeport
  - {name: "~nobody-of-this-name/x"}
  - {name: "a\\0b"}
""",
        f"""\
o.yaml:4: no patchset or overlay 'alb-nodeprt' (did you mean alb-nodeport?)
o.yaml:5: ./nix.yaml: no such file, and no folder with patchset.yaml or overlay.yaml or postrender.yaml
o.yaml:6: ./in: no such file, and no folder with patchset.yaml or overlay.yaml or postrender.yaml
o.yaml:7: an entry of patchsets needs the field 'name'
o.yaml:8: 'a.b' is no label (letters, digits, - and _)
o.yaml:9: good has no parameter 'nam' (did you mean name?)
o.yaml:10: no parameter 'nix' is declared ($${{ is a literal ${{)
o.yaml:10: the parameter 'port' of good is text, not integer
o.yaml:11: an entry of patchsets has no field 'whn' (did you mean when?)
o.yaml:11: optional is an integer, not true or false
o.yaml:11: with is a list, not a mapping
bad.yaml:2: the file has no field 'x' ({"there are apiVersion, description, kind, name, parameters, patches, patchsets, refuse, require, resources, tags"})
bad.yaml:3: the file has no field 'y' ({"there are apiVersion, description, kind, name, parameters, patches, patchsets, refuse, require, resources, tags"})
o.yaml:13: overlays that use each other in a circle: o.yaml -> o.yaml
o.yaml:14: overlays that use each other in a circle: o.yaml -> o.yaml
o.yaml:15: an entry of patchsets is text, not a mapping
o.yaml:15: an entry of patchsets needs the field 'name'
o.yaml:16: ~nobody-of-this-name/x: no such file, and no folder with patchset.yaml or overlay.yaml or postrender.yaml
o.yaml:17: no patchset or overlay 'a\\x00b' (`postrender list` shows what there is; a path has a / in it)
""",
        files={
            "good.yaml": "name: good\nparameters: {name: {type: string}, port: {type: integer}}\n",
            "bad.yaml": "name: bad\nx: 1\ny: 2\n",
            "in/x.yaml": "",
            "a/x.yaml": "",
        },
    )


def test_a_circle_of_overlays_over_several_files() -> None:
    with folder(
        {
            "a.yaml": "kind: Overlay\nname: a\npatchsets: [{name: ./b.yaml}]\n",
            "b.yaml": "kind: Overlay\nname: b\npatchsets:\n  - name: ./c/\n",
            "c/overlay.yaml": "kind: Overlay\nname: c\npatchsets: [{name: ../a.yaml}]\n",
        }
    ), pytest.raises(PostrenderError) as caught:  # fmt: skip
        uses.plan(overlays=["./a.yaml"])
    assert str(caught.value) == (
        "c/overlay.yaml:3: overlays that use each other in a circle: a.yaml -> b.yaml -> c/overlay.yaml -> a.yaml"
    )


def test_overlays_that_go_too_deep() -> None:
    files = {
        f"{n}.yaml": f"kind: Overlay\nname: o{n}\npatchsets: [{{name: ./{n + 1}.yaml}}]\n" for n in range(300)
    }
    with folder(files), pytest.raises(PostrenderError) as caught:
        uses.plan(overlays=["./0.yaml"])
    assert str(caught.value) == "9.yaml:3: overlays that use each other more than 10 levels deep"


def test_the_environment_is_for_a_sites_own() -> None:
    text = """\
name: x
parameters:
  a: {type: string, default: {valueFrom: {env: HOME}}}
  b: {type: string, default: {valueFrom: {file: ../secret}}}
  c: {type: string, default: {valueFrom: {file: /etc/hostname}}}
"""
    mistakes(
        text,
        """\
p.yaml:3: the environment is for a site's own overlay, values file or command line
p.yaml:4: a file outside the patchset's folder
p.yaml:5: a file outside the patchset's folder
""",
    )
    with planned(f"kind: Overlay\n{text}"):
        pass


def test_value_from_as_it_cannot_be() -> None:
    mistakes(
        """\
kind: Overlay
parameters:
  a: {type: string, default: {valueFrom: {}}}
  b: {type: string, default: {valueFrom: {env: A, file: b}}}
  c: {type: string, default: {valueFrom: {env: ""}}}
  d: {type: string, default: {valueFrom: {env: A, encoding: base64}}}
  e: {type: string, default: {valueFrom: {file: a, encoding: hex}}}
  f: {type: string, default: {valueFrom: HOME}}
  g: {type: string, default: {valueFrom: {resource: {name: x}}}}
  h: {type: string, default: {valueFrom: {resource: {kind: "(", path: spec, labelSelector: a b}}}}
  i: {type: string, default: {valueFrom: {resource: {kind: A, path: /a, labels: a}}}}
  j: {type: string, default: {valueFrom: {file: "${nix}"}}}
  k: {type: array, default: [{valueFrom: {secretKeyRef: x}}]}
""",
        """\
o.yaml:3: valueFrom needs one of env, file and resource
o.yaml:4: valueFrom needs one of env, file and resource
o.yaml:5: env is empty
o.yaml:6: encoding is for file
o.yaml:7: encoding is none of base64
o.yaml:8: valueFrom is text, not a mapping
o.yaml:8: valueFrom needs one of env, file and resource
o.yaml:9: resource needs the field 'kind'
o.yaml:9: resource needs the field 'path'
o.yaml:10: a bad regular expression (missing ), unterminated subpattern, at character 1)
o.yaml:10: pointer spec without its / (write /spec)
o.yaml:10: a bad selector a b (b is none of = == != in notin)
o.yaml:11: resource has no field 'labels' (there are group, kind, labelSelector, name, namespace, path, version)
o.yaml:12: no parameter 'nix' is declared (there are a, b, c, d, e, f, g, h, i; $${ is a literal ${)
o.yaml:13: valueFrom has no field 'secretKeyRef' (there are encoding, env, file, resource)
o.yaml:13: valueFrom needs one of env, file and resource
""",
    )


# --- what is right -------------------------------------------------------------------------------------


def test_the_ways_to_name_a_patchset() -> None:
    with folder(
        {
            "a/patchset.yaml": "name: a\n",
            "b/overlay.yaml": "kind: Overlay\nname: b\npatchsets: [{name: ../a/}, {name: ../a/patchset.yaml}, {name: alb-ingress}]\n",
            "c/postrender.yaml": "kind: Overlay\nname: c\npatchsets: [{name: ../b/overlay.yaml}]\n",
        }
    ):  # fmt: skip
        for named in ("./a", "a/", "a/patchset.yaml"):
            assert uses.plan(patchsets=[named]).uses[0].label == "a"
        plan = uses.plan(overlays=["./c"], sets=["alb-ingress.scheme=internal"])
        assert [use.label for use in uses.all_uses(plan.uses)] == ["a", "a", "alb-ingress", "b", "c"]


def test_a_sites_own_come_before_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    with folder({"own/alb-nodeport/patchset.yaml": "name: alb-nodeport\n"}) as here:
        monkeypatch.setenv(library.ENVIRONMENT, f"{here}/nix:{here}/own")
        assert library.find("alb-nodeport") == here / "own/alb-nodeport/patchset.yaml"
        assert library.is_shipped(library.find("alb-ingress"))


def test_merge_keys_and_anchors_of_yaml_work() -> None:
    text = """\
name: p
parameters:
  a: &a {type: string, default: x}
  b: {<<: *a, default: z}
patches:
  - target: {kind: Service}
    patch: {spec: &spec {a: "${a}"}, other: *spec}
  - target: {kind: Service}
    patch: {spec: {<<: *spec, b: "${b}"}}
"""
    assert run(text, SERVICE).output.decode() == SERVICE + "  a: x\n  b: z\nother:\n  a: x\n"


# --- whatever is in the file ---------------------------------------------------------------------------

FILES = [(path, path.parents[2] / name) for name in ("patchset.yaml", "overlay.yaml")
         for path in sorted(tools.ROOT.glob("*/*/cases/*/input.yaml")) if (path.parents[2] / name).is_file()]  # fmt: skip
TEXTS = sorted({path.read_text("utf-8") for _, path in FILES})
WORDS = sorted({word for text in TEXTS for word in text.replace("{", " ").replace(",", " ").split()})
ODD = ["", "~", "null", "[]", "{}", "{", "]", "*x", "&x", "<<: *x", "!!str", "|", ">-", "${", "${x}", "$${", "\0", "-",
       ": ", "#", "---\n", "...\n", "\n", "  ", "\t", "\"", "'", "1", "yes", "0x1", ".inf", "/", "(", "[a=", "~2",
       "valueFrom: {env: HOME}", "{valueFrom: {resource: {kind: A, path: /a}}}", "any: [x]", "a: b", "é", "\ud7ff"]  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn, text: str, times: int) -> str:
    """A text with a few lines or words of it changed."""
    for _ in range(times):
        if draw(st.booleans()):
            lines = text.split("\n")
            at = draw(st.integers(0, len(lines) - 1))
            lines[at : at + draw(st.integers(0, 2))] = [draw(st.sampled_from(lines))]
            text = "\n".join(lines)
        else:
            start = draw(st.integers(0, len(text)))
            end = start + draw(st.integers(0, 12))
            text = text[:start] + draw(st.sampled_from([*ODD, *WORDS])) + text[end:]
    return text


@st.composite
def spoiled_cases(draw: st.DrawFn) -> tuple[str, str, str]:
    """A case of the library in which something is spoiled: its patchset, its values or its input."""
    given, file = draw(st.sampled_from(FILES))
    values = given.with_name("values.yaml")
    texts = [file, values, given] if values.is_file() else [file, given]
    found = [
        draw(spoiled(path.read_text("utf-8"), draw(st.integers(0, 2)) if path is not given else 0))
        for path in texts
    ]
    return found[0], found[1] if len(found) == 3 else "", found[-1]


@settings(max_examples=150)
@given(spoiled_cases())
def test_a_spoiled_file_is_an_error_of_ours_or_none(case: tuple[str, str, str]) -> None:
    patchset, values, before = case
    with contextlib.suppress(PostrenderError), planned(patchset, values=values) as plan:
        pipeline.render(before.encode(), plan)
